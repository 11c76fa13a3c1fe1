//! What found nobody: kept with its reason, never away in silence.

use super::ledger::Ending;
use crate::message::{AccountId, CarrierId, Masked, MessageId};
use crate::moment::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// Dead letters that are kept; the oldest give way. One takes some 150 octets of memory.
const KEPT_MAX: usize = 100_000;

/// How long they are kept.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Dead letters that are let go in one go.
const LET_GO_AT_ONCE: usize = 1_000;

/// Why something found nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A report that no message of ours is known for.
    NoMessage,
    /// Something that looks like a receipt and names no message.
    NamesNothing,
    /// A message from a phone that no rule is for.
    NoRule,
    /// The ESME has refused it for good.
    Refused,
    /// No bind has taken it in time.
    NobodyBound,
    /// Its account is not there any more.
    NoAccount,
    /// Its account had no room for it.
    NoRoom,
}

impl Reason {
    /// All of them, by their numbers.
    pub const ALL: [Self; 7] = [
        Self::NoMessage,
        Self::NamesNothing,
        Self::NoRule,
        Self::Refused,
        Self::NobodyBound,
        Self::NoAccount,
        Self::NoRoom,
    ];

    /// The number that the journal keeps.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The reason of this number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The reason for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoMessage => "a receipt that matches no message",
            Self::NamesNothing => "a receipt that names no message",
            Self::NoRule => "a message from a phone that no rule is for",
            Self::Refused => "the ESME refused it for good",
            Self::NobodyBound => "no bind took it within 72 hours",
            Self::NoAccount => "its account is not there any more",
            Self::NoRoom => "its account had no room for it",
        }
    }
}

/// Something that could not be delivered.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Our id of the message, of the message from a phone, or of the report.
    pub id: MessageId,
    /// When it was given up.
    pub at: Moment,
    /// Why.
    pub reason: Reason,
    /// Who should have had it.
    pub account: Option<AccountId>,
    /// Whose it was.
    pub carrier: Option<CarrierId>,
    /// The number that it was about or for.
    pub number: Box<[u8]>,
    /// The carrier's id of the message, if that is what it was about.
    pub carrier_message_id: Option<Box<str>>,
    /// If it is the receipt of a message of ours: how that has ended, and when.
    pub ended: Option<(Ending, Moment)>,
}

/// The place of a dead letter among the others: when it was given up, and our id of it.
pub type Place = (Moment, MessageId);

/// The dead letters that are kept, in the order in which they were given up.
#[derive(Debug, Default)]
pub struct DeadLetters {
    kept: BTreeMap<Place, DeadLetter>,
}

impl DeadLetter {
    /// Its place among the others.
    pub fn place(&self) -> Place {
        (self.at, self.id)
    }
}

impl DeadLetters {
    /// Keeps one more. The one that gives way for it comes back. Whoever gives up a batch says so
    /// once.
    pub fn keep(&mut self, letter: DeadLetter) -> Option<DeadLetter> {
        tracing::debug!(
            reason = letter.reason.text(),
            message = %letter.id,
            carrier_message_id = letter.carrier_message_id.as_deref(),
            number = %Masked(&letter.number),
            "dead letter"
        );
        self.kept.insert(letter.place(), letter);
        match self.kept.len() > KEPT_MAX {
            true => self.kept.pop_first().map(|(_, oldest)| oldest),
            false => None,
        }
    }

    /// Those that are kept, the oldest first, from behind this place.
    pub fn after(&self, place: Place) -> impl Iterator<Item = &DeadLetter> {
        use std::ops::Bound::{Excluded, Unbounded};
        let behind = self.kept.range((Excluded(place), Unbounded));
        behind.map(|(_, letter)| letter)
    }

    /// The dead letter of this id. All are looked through for it.
    pub fn find(&self, id: MessageId) -> Option<&DeadLetter> {
        self.kept.values().find(|letter| letter.id == id)
    }

    /// Takes out the dead letter of this id. All are looked through for it.
    pub fn take(&mut self, id: MessageId) -> Option<DeadLetter> {
        let place = self.find(id)?.place();
        self.kept.remove(&place)
    }

    /// Takes out those that have been kept for long enough, some at a time.
    pub fn sweep(&mut self, now: Moment) -> Vec<DeadLetter> {
        let is_over = |letter: &DeadLetter| letter.at + KEPT_FOR <= now;
        let mut gone = Vec::new();
        while gone.len() < LET_GO_AT_ONCE
            && let Some(first) = self.kept.first_entry()
            && is_over(first.get())
        {
            gone.push(first.remove());
        }
        gone
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: u64, at: Moment) -> DeadLetter {
        DeadLetter {
            id: MessageId(id),
            at,
            reason: Reason::NoMessage,
            account: None,
            carrier: None,
            number: Box::default(),
            carrier_message_id: None,
            ended: None,
        }
    }

    #[test]
    fn they_are_kept_for_a_week_and_no_more_than_there_is_room_for() {
        let mut letters = DeadLetters::default();
        for id in 0..KEPT_MAX as u64 {
            assert!(letters.keep(letter(id, Moment(id))).is_none());
        }
        let oldest = letters.keep(letter(7, Moment(u64::MAX)));
        assert_eq!(oldest.map(|letter| letter.id), Some(MessageId(0)));
        let gone = letters.sweep(Moment(2) + KEPT_FOR);
        assert_eq!(gone.len(), 2);
        assert_eq!(letters.len(), KEPT_MAX - 2);
        assert!(letters.find(MessageId(2)).is_none());
        let next = letters.after((Moment(7), MessageId(7))).next();
        assert_eq!(next.map(|letter| letter.id), Some(MessageId(8)));
    }

    #[test]
    fn a_reason_is_read_back_by_its_number() {
        for reason in Reason::ALL {
            assert_eq!(Reason::of_number(reason.number()), Some(reason));
        }
        assert_eq!(Reason::of_number(200), None);
    }
}
