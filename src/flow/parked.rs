//! Messages that wait until one of their carriers is bound.

use crate::message::{CarrierId, MessageId};
use std::collections::{HashMap, VecDeque};

/// Messages that wait at most for each first carrier.
pub const PARKED_MAX: usize = 100_000;

/// Who waits, by the carrier that it would go to first.
#[derive(Debug, Default)]
pub struct Parked {
    waiting: HashMap<CarrierId, VecDeque<MessageId>>,
}

impl Parked {
    /// Lets a message wait.
    pub fn push(&mut self, first: CarrierId, id: MessageId) {
        self.waiting.entry(first).or_default().push_back(id);
    }

    /// How many wait for this carrier.
    pub fn count(&self, first: CarrierId) -> usize {
        self.waiting.get(&first).map_or(0, VecDeque::len)
    }

    /// All that wait.
    pub fn total(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Takes all out, each queue in its order.
    pub fn take(&mut self) -> Vec<(CarrierId, VecDeque<MessageId>)> {
        self.waiting.drain().collect()
    }

    /// Puts those back for which there was still no place, before those who came since.
    pub fn put_back(&mut self, first: CarrierId, mut ids: VecDeque<MessageId>) {
        if ids.is_empty() {
            return;
        }
        let queue = self.waiting.entry(first).or_default();
        ids.append(queue);
        *queue = ids;
    }
}
