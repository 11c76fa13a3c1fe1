//! The ends of messages, remembered for a while for those who ask.

use crate::message::{AccountId, MessageId};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smppgate_codec::receipt::State;
use std::collections::VecDeque;

/// Messages that are remembered after they have left the ledger; the oldest give way. A hundred
/// octets or so each.
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
    /// Its state.
    pub state: State,
    /// The error that came with it, 0 for none.
    pub error: u16,
    /// When it came to its end, as far as that is known.
    pub ended: Option<Moment>,
}

/// The messages that left the ledger last.
#[derive(Debug, Default)]
pub struct Remembered {
    known: HashMap<MessageId, Memory, RandomState>,
    /// The oldest first.
    order: VecDeque<MessageId>,
}

impl Remembered {
    /// A message leaves the ledger.
    pub fn keep(&mut self, id: MessageId, memory: Memory) {
        if self.known.insert(id, memory).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// The end of a message that has left the ledger has become known.
    pub fn learn(&mut self, id: MessageId, state: State, error: u16, at: Moment) {
        if let Some(memory) = self.known.get_mut(&id) {
            *memory = Memory {
                state,
                error,
                ended: Some(at),
                ..*memory
            };
        }
    }

    /// What is remembered of this message.
    pub fn find(&self, id: MessageId) -> Option<&Memory> {
        self.known.get(&id)
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
            state: State::EnRoute,
            error: 0,
            ended: None,
        };
        for id in 0..=REMEMBERED_MAX as u64 {
            remembered.keep(MessageId(id), memory(MessageId(id)));
        }
        assert!(remembered.find(MessageId(0)).is_none());
        assert_eq!(remembered.known.len(), REMEMBERED_MAX);
        remembered.learn(MessageId(0), State::Delivered, 0, Moment(2));
        assert!(remembered.find(MessageId(0)).is_none());
        remembered.learn(MessageId(7), State::Delivered, 0, Moment(2));
        let found = remembered.find(MessageId(7)).unwrap();
        assert_eq!(
            (found.state, found.ended),
            (State::Delivered, Some(Moment(2)))
        );
    }
}
