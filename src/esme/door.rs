//! Where a connection waits to be let in: a box for one decision, and a bell.

use super::account::Account;
use crate::link::Bell;
use crate::message::AccountId;
use crate::session::BindKind;
use parking_lot::Mutex;
use smppgate_codec::code::Status;
use std::sync::Arc;

/// Who is let in, or what those who are not are told.
pub type Decision = Result<(AccountId, Arc<Account>), Status>;

/// Whether an ESME may bind.
#[derive(Debug)]
pub enum Admission {
    /// That is decided.
    Decided(Decision),
    /// Its password is being verified: the decision will be left here.
    Pending(Arc<Door>),
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
    pub door: Arc<Door>,
}

/// A bind as it was asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub kind: BindKind,
    pub sequence: u32,
    pub version: u8,
}
