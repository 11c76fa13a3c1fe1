//! The ends of messages, remembered for a while for those who ask.

use crate::lately::Lately;
use crate::message::{AccountId, MessageId};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use smppgate_codec::receipt::State;

/// Messages that are remembered at least after they have left the ledger, if there were as many. A
/// hundred octets or so each, and twice as many of them at most.
pub const REMEMBERED_MAX: usize = 100_000;

/// What is remembered of a message.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Whose it was.
    pub account: AccountId,
    /// The id that its sender knows it by.
    pub shown: MessageId,
    /// The source as its sender wrote it.
    pub source: NumberMark,
    /// Where it was to go.
    pub destination: NumberMark,
    /// Its state.
    pub state: State,
    /// The error that came with it, 0 for none.
    pub error: u16,
    /// When it came to its end, as far as that is known.
    pub ended: Option<Moment>,
}

/// The messages that left the ledger last.
#[derive(Debug)]
pub struct Remembered(Lately<MessageId, Memory>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Lately::new(REMEMBERED_MAX))
    }
}

impl Remembered {
    /// A message leaves the ledger.
    pub fn keep(&mut self, id: MessageId, memory: Memory) {
        self.0.keep(id, memory);
    }

    /// The end of a message that has left the ledger has become known.
    pub fn learn(&mut self, id: MessageId, state: State, error: u16, at: Moment) {
        let found = self.0.find_mut(&id);
        // What its sender was told stays, whatever else is reported of it.
        if let Some(memory) = found.filter(|memory| memory.ended.is_none()) {
            *memory = Memory {
                state,
                error,
                ended: Some(at),
                ..*memory
            };
        }
    }

    /// The messages to this number; all are looked at.
    pub fn sent_to(&self, number: NumberMark) -> Vec<MessageId> {
        let all = self.0.iter();
        let wanted = all.filter(|(_, memory)| memory.destination == number);
        wanted.map(|(id, _)| *id).collect()
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is remembered of this message.
    pub fn find(&self, id: MessageId) -> Option<&Memory> {
        self.0.find(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_what_is_learned_later_counts() {
        let mut remembered = Remembered::default();
        let memory = |id| Memory {
            account: AccountId(1),
            shown: id,
            source: NumberMark::NONE,
            destination: NumberMark::of(&id.0.to_be_bytes()),
            state: State::EnRoute,
            error: 0,
            ended: None,
        };
        let last = 2 * REMEMBERED_MAX as u64;
        for id in 0..=last {
            remembered.keep(MessageId(id), memory(MessageId(id)));
        }
        assert!(remembered.find(MessageId(0)).is_none());
        let first_kept = last - REMEMBERED_MAX as u64;
        assert!((first_kept..=last).all(|id| remembered.find(MessageId(id)).is_some()));
        remembered.learn(MessageId(0), State::Delivered, 0, Moment(2));
        assert!(remembered.find(MessageId(0)).is_none());
        for id in [first_kept, last] {
            remembered.learn(MessageId(id), State::Delivered, 0, Moment(2));
            let found = remembered.find(MessageId(id)).unwrap();
            assert_eq!(
                (found.state, found.ended),
                (State::Delivered, Some(Moment(2)))
            );
        }
    }
}
