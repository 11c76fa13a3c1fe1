//! Where a connection waits to be let in: for its turn, or at a box for one decision, with a bell.

use super::account::Account;
use crate::link::Bell;
use crate::message::AccountId;
use crate::moment::Moment;
use crate::session::BindKind;
use parking_lot::Mutex;
use smppgate_codec::code::Status;
use std::sync::Arc;

/// Who is let in, or what those who are not are told.
pub type Decision = Result<(AccountId, Arc<Account>), Refused>;

/// What somebody is told who is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// With which status.
    pub status: Status,
    /// Not before: who guesses is to lose time by it.
    pub not_before: Moment,
}

impl From<Status> for Refused {
    /// Told at once.
    fn from(status: Status) -> Self {
        let not_before = Moment::default();
        Self { status, not_before }
    }
}

/// Whether an ESME may bind.
#[derive(Debug)]
pub enum Admission {
    /// That is decided.
    Decided(Decision),
    /// Its password is being verified: the decision will be left here.
    Pending(Arc<Door>),
    /// It has shown wrong ones lately, and has its turn then: it is to ask again.
    Later(Moment),
}

/// The box of a connection whose bind is not decided yet.
#[derive(Debug)]
pub struct Door {
    bell: Arc<Bell>,
    decision: Mutex<Option<Decision>>,
}

impl Door {
    /// A door with nothing in its box.
    pub fn new(bell: Arc<Bell>) -> Self {
        Self {
            bell,
            decision: Mutex::new(None),
        }
    }

    /// Leaves the decision.
    pub fn decide(&self, decision: Decision) {
        *self.decision.lock() = Some(decision);
        self.bell.ring();
    }

    /// Whether there is a decision.
    pub fn is_decided(&self) -> bool {
        self.decision.lock().is_some()
    }

    /// Takes the decision, once there is one.
    pub fn decision(&self) -> Option<Decision> {
        self.decision.lock().take()
    }
}

/// A bind whose decision takes its time.
pub(super) struct Deciding {
    pub asked: Asked,
    pub waits: Waits,
}

/// What a bind waits for.
pub(super) enum Waits {
    /// Its turn: these are what it has shown.
    Turn {
        at: Moment,
        system_id: Box<[u8]>,
        password: Box<[u8]>,
    },
    /// The decision that is left at its door.
    Verdict {
        door: Arc<Door>,
        system_id: Box<[u8]>,
    },
    /// The time when it may be told that it is refused.
    Told(Refused),
}

impl Waits {
    /// When it is to be looked at, if that is not when the bell rings.
    pub fn deadline(&self) -> Moment {
        match self {
            Self::Turn { at, .. } => *at,
            Self::Verdict { .. } => Moment::NEVER,
            Self::Told(refused) => refused.not_before,
        }
    }

    /// Whether what it waits for has come.
    pub fn is_over(&self, now: Moment) -> bool {
        match self {
            Self::Verdict { door, .. } => door.is_decided(),
            _ => self.deadline() <= now,
        }
    }
}

/// A bind as it was asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub kind: BindKind,
    pub sequence: u32,
    pub version: u8,
}
