//! What found nobody: kept with its reason, never away in silence.

use crate::message::{AccountId, CarrierId, Masked, MessageId};
use crate::moment::Moment;
use std::collections::VecDeque;

/// Dead letters that are kept; the oldest give way.
const KEPT_MAX: usize = 10_000;

/// Something that could not be delivered.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// When it was given up.
    pub at: Moment,
    /// Why.
    pub reason: &'static str,
    /// Our id of the message, if it has one.
    pub message: Option<MessageId>,
    /// Who should have had it.
    pub account: Option<AccountId>,
    /// Whose it was.
    pub carrier: Option<CarrierId>,
    /// The number that it was about or for.
    pub number: Vec<u8>,
    /// The carrier's id of the message, if that is what it was about.
    pub carrier_message_id: Option<String>,
}

/// The dead letters of this run.
#[derive(Debug, Default)]
pub struct DeadLetters {
    kept: VecDeque<DeadLetter>,
    /// Those that gave way. The letters are numbered from 1 on, in the order in which they came.
    gone: u64,
}

impl DeadLetters {
    /// Keeps one more. Whoever gives up a batch says so once.
    pub fn keep(&mut self, letter: DeadLetter) {
        tracing::debug!(
            reason = letter.reason,
            message = ?letter.message.map(|id| id.0),
            carrier_message_id = letter.carrier_message_id,
            number = %Masked(&letter.number),
            "dead letter"
        );
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
            self.gone += 1;
        }
        self.kept.push_back(letter);
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &DeadLetter> {
        self.kept.iter()
    }

    /// Those that came after this number, each with its own, the oldest first.
    pub fn after(&self, number: u64) -> impl Iterator<Item = (u64, &DeadLetter)> {
        let seen = number.saturating_sub(self.gone);
        let seen = usize::try_from(seen).unwrap_or(usize::MAX);
        let seen = seen.min(self.kept.len());
        let numbers = self.gone + seen as u64 + 1..;
        numbers.zip(self.kept.range(seen..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(at: u64) -> DeadLetter {
        DeadLetter {
            at: Moment(at),
            reason: "a story",
            message: None,
            account: None,
            carrier: None,
            number: Vec::new(),
            carrier_message_id: None,
        }
    }

    #[test]
    fn letters_keep_their_numbers_when_the_oldest_give_way() {
        let mut letters = DeadLetters::default();
        assert_eq!(letters.after(0).count(), 0);
        let kept = KEPT_MAX as u64;
        (1..=kept + 3).for_each(|at| letters.keep(letter(at)));
        let numbers = |after| -> Vec<u64> {
            let found = letters.after(after);
            found
                .inspect(|(number, letter)| assert_eq!(letter.at, Moment(*number)))
                .map(|(number, _)| number)
                .collect()
        };
        assert_eq!(numbers(0).first(), Some(&4), "three gave way");
        assert_eq!(numbers(0).len(), KEPT_MAX);
        assert_eq!(numbers(2), numbers(0));
        assert_eq!(numbers(kept + 1), [kept + 2, kept + 3]);
        assert!(numbers(kept + 3).is_empty());
        assert!(numbers(u64::MAX).is_empty());
    }
}
