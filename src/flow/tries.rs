//! What has been tried to send one message, and how often in doubt.

use crate::message::CarrierId;
use crate::moment::Moment;
use smppgate_codec::code::Status;

/// Sendings of a message that are remembered: more than carriers that a route names.
const ATTEMPTS_MAX: usize = 16;

/// One sending of a message that came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// To whom.
    pub carrier: CarrierId,
    /// When it ended.
    pub at: Moment,
    /// The carrier's status; `None` if it never answered.
    pub status: Option<Status>,
}

/// The sendings of a message, in rounds: in each one all its carriers may be tried.
#[derive(Debug, Default)]
pub struct Tries {
    attempts: Vec<Attempt>,
    /// How many of these belong to rounds that are over.
    before: u8,
    /// Rounds that are over.
    pub rounds: u8,
    /// Sendings whose outcome was not known in time.
    pub unknowns: u8,
    /// Those of them that have cost a bind.
    pub losses: u8,
    /// Those of them that have not been refused since.
    pub doubts: u8,
}

impl Tries {
    /// Nothing has been tried.
    pub const NONE: Self = Self {
        attempts: Vec::new(),
        before: 0,
        rounds: 0,
        unknowns: 0,
        losses: 0,
        doubts: 0,
    };

    /// One sending has come to an end. The oldest is forgotten for the newest.
    pub fn add(&mut self, attempt: Attempt) {
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.remove(0);
            self.before = self.before.saturating_sub(1);
        }
        self.attempts.push(attempt);
    }

    /// One sending was not answered in time; perhaps it has cost a bind.
    pub fn add_unknown(&mut self, carrier: CarrierId, at: Moment, is_lost: bool) {
        self.add(Attempt {
            carrier,
            at,
            status: None,
        });
        self.unknowns = self.unknowns.saturating_add(1);
        self.doubts = self.doubts.saturating_add(1);
        self.losses = self.losses.saturating_add(u8::from(is_lost));
    }

    /// A carrier that had not answered in time has put it off: it was not tried in vain, but not at
    /// all. With its bind gone before the message leaves again, nobody would be left to try.
    pub fn take_back(&mut self, carrier: CarrierId) {
        let is_open = |one: &Attempt| one.carrier == carrier && one.status.is_none();
        let open = self.attempts.iter().rposition(is_open);
        if let Some(open) = open.filter(|open| *open >= usize::from(self.before)) {
            self.attempts.remove(open);
        }
    }

    /// All carriers may be tried again.
    pub fn begin_round(&mut self) {
        self.rounds = self.rounds.saturating_add(1);
        self.before = self.attempts.len() as u8;
    }

    /// What has been tried, the last of it.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Whether this carrier was tried in this round.
    pub fn holds(&self, carrier: CarrierId) -> bool {
        let this_round = self.attempts.get(usize::from(self.before)..);
        let mut this_round = this_round.unwrap_or_default().iter();
        this_round.any(|one| one.carrier == carrier)
    }

    /// The status that a carrier has refused it with, if that is the last that was said of it.
    pub fn last_refusal(&self) -> Option<Status> {
        let last = self.attempts.last()?;
        last.status.filter(|status| !status.is_ok())
    }
}
