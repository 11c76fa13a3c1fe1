//! Messages that wait until one of their carriers is bound.

use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use std::collections::{BTreeMap, VecDeque};

/// Messages that wait at most for each first carrier.
pub const PARKED_MAX: usize = 100_000;

/// A message that waits, and until when.
pub type Waits = (MessageId, Moment);

/// Who waits, by the carrier that it would go to first.
#[derive(Debug)]
pub struct Parked {
    waiting: BTreeMap<CarrierId, VecDeque<Waits>>,
    /// Nobody's time is over before.
    soonest: Moment,
}

impl Default for Parked {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            soonest: Moment::NEVER,
        }
    }
}

impl Parked {
    /// Lets a message wait.
    pub fn push(&mut self, first: CarrierId, waits: Waits) {
        self.soonest = self.soonest.min(waits.1);
        self.waiting.entry(first).or_default().push_back(waits);
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
    pub fn take(&mut self) -> Vec<(CarrierId, VecDeque<Waits>)> {
        std::mem::take(&mut self.waiting).into_iter().collect()
    }

    /// Puts those back for which there was still no place, before those who came since.
    pub fn put_back(&mut self, first: CarrierId, mut waits: VecDeque<Waits>) {
        if waits.is_empty() {
            return;
        }
        let queue = self.waiting.entry(first).or_default();
        waits.append(queue);
        *queue = waits;
    }

    /// Takes out those whose time is over.
    pub fn expired(&mut self, now: Moment) -> Vec<MessageId> {
        if now < self.soonest {
            return Vec::new();
        }
        let mut expired = Vec::new();
        let mut soonest = Moment::NEVER;
        for queue in self.waiting.values_mut() {
            queue.retain(|&(id, until)| {
                if until <= now {
                    expired.push(id);
                    return false;
                }
                soonest = soonest.min(until);
                true
            });
        }
        self.soonest = soonest;
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whose_time_is_over_are_taken_out_and_the_others_wait_on() {
        let mut parked = Parked::default();
        let (north, south) = (CarrierId(0), CarrierId(1));
        for (carrier, id, until) in [(north, 1, 50), (south, 2, 20), (north, 3, 30)] {
            parked.push(carrier, (MessageId(id), Moment(until)));
        }
        assert!(parked.expired(Moment(19)).is_empty());
        let mut expired = parked.expired(Moment(30));
        expired.sort_unstable();
        assert_eq!(expired, [MessageId(2), MessageId(3)]);
        assert_eq!((parked.count(north), parked.count(south)), (1, 0));
        assert!(parked.expired(Moment(49)).is_empty());
        assert_eq!(parked.expired(Moment(50)), [MessageId(1)]);
    }
}
