//! What carriers have answered and the journal has not settled yet.
//!
//! By which ids carriers mean these messages is known once that is durable. A report that comes
//! before is the end of its message all the same: it stands behind the answer in the journal, and is
//! looked at behind it. So it is found here, and need not be kept as one whose message is unknown.

use crate::message::{GroupId, MessageId};
use crate::receipt::CarrierMessageId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Batches of outcomes that have been read and are not settled yet.
#[derive(Debug, Default)]
pub struct Unsettled {
    batches: AtomicUsize,
    expected: Mutex<Expected>,
}

/// The ids of messages whose reports may come from now on. There are no more than the answers that
/// wait for the journal, which has a bound.
#[derive(Debug, Default)]
pub struct Expected {
    /// Of two groups that give out the same id in this moment the later one is meant.
    messages: HashMap<CarrierMessageId, (GroupId, MessageId), RandomState>,
    /// By batch, in the order in which the journal settles them.
    batches: VecDeque<Vec<(CarrierMessageId, MessageId)>>,
}

impl Unsettled {
    /// A batch has been read. What comes back is held until the batch has its place in the journal:
    /// whoever finds an id there stands behind it.
    pub fn begin(&self) -> MutexGuard<'_, Expected> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.expected.lock()
    }

    /// A batch is settled: what it says is known.
    pub fn end(&self) {
        self.batches.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether all that was read is settled.
    pub fn is_none(&self) -> bool {
        self.batches.load(Ordering::SeqCst) == 0
    }

    /// What is expected.
    pub fn expected(&self) -> MutexGuard<'_, Expected> {
        self.expected.lock()
    }
}

impl Expected {
    /// Carriers of this group will mean these messages by these ids, once the journal has settled
    /// the batch.
    pub fn add(&mut self, group: GroupId, ids: Vec<(CarrierMessageId, MessageId)>) {
        for (id, message) in &ids {
            self.messages.insert(id.clone(), (group, *message));
        }
        self.batches.push_back(ids);
    }

    /// The oldest batch is settled, and known elsewhere.
    pub fn remove_oldest(&mut self) {
        for (id, message) in self.batches.pop_front().into_iter().flatten() {
            // An id that was given out again since means the newer message.
            if self
                .messages
                .get(&id)
                .is_some_and(|(_, its)| *its == message)
            {
                self.messages.remove(&id);
            }
        }
    }

    /// The message that is meant by this id.
    pub fn find(&self, group: GroupId, id: &CarrierMessageId) -> Option<MessageId> {
        let (its, message) = self.messages.get(id)?;
        (*its == group).then_some(*message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORTH: GroupId = GroupId(1);
    const SOUTH: GroupId = GroupId(2);

    fn one(id: u64, message: u64) -> Vec<(CarrierMessageId, MessageId)> {
        vec![(CarrierMessageId::of_number(id), MessageId(message))]
    }

    fn find(expected: &Expected, group: GroupId, id: u64) -> Option<u64> {
        let found = expected.find(group, &CarrierMessageId::of_number(id));
        found.map(|message| message.0)
    }

    #[test]
    fn a_message_is_found_by_its_id_until_its_batch_is_settled() {
        let mut expected = Expected::default();
        expected.add(NORTH, one(7, 70));
        expected.add(NORTH, one(8, 80));
        assert_eq!(find(&expected, NORTH, 7), Some(70));
        assert_eq!(find(&expected, SOUTH, 7), None, "its ids are others");
        expected.remove_oldest();
        assert_eq!(find(&expected, NORTH, 7), None);
        assert_eq!(find(&expected, NORTH, 8), Some(80));
    }

    #[test]
    fn an_id_that_is_given_out_again_means_the_newer_message() {
        let mut expected = Expected::default();
        expected.add(NORTH, one(7, 70));
        expected.add(NORTH, one(7, 71));
        assert_eq!(find(&expected, NORTH, 7), Some(71));
        expected.remove_oldest();
        assert_eq!(find(&expected, NORTH, 7), Some(71), "it is the newer one");
        expected.remove_oldest();
        assert_eq!(find(&expected, NORTH, 7), None);
        expected.remove_oldest();
    }

    #[test]
    fn nothing_is_unsettled_once_as_many_have_ended_as_have_begun() {
        let unsettled = Unsettled::default();
        assert!(unsettled.is_none());
        drop(unsettled.begin());
        drop(unsettled.begin());
        unsettled.end();
        assert!(!unsettled.is_none());
        unsettled.end();
        assert!(unsettled.is_none());
    }
}
