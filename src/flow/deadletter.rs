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
        }
        self.kept.push_back(letter);
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &DeadLetter> {
        self.kept.iter()
    }
}
