//! Carriers' ids in eight octets: by these messages are found whose ids are not in memory.

use super::CarrierMessageId;
use crate::message::GroupId;
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

/// Makes the marks of carriers' ids. No two runs make the same, so that nobody can choose ids whose
/// marks are equal.
#[derive(Debug, Clone, Default)]
pub struct Marks(RandomState);

impl Marks {
    /// The mark of an id that a carrier of this group has given.
    pub fn of(&self, group: GroupId, id: &CarrierMessageId) -> u64 {
        self.0.hash_one((group, id.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_of_another_group_has_another_mark() {
        let marks = Marks::default();
        let id = CarrierMessageId::new(b"0a1b").unwrap();
        let other = CarrierMessageId::new(b"0a1c").unwrap();
        assert_eq!(marks.of(GroupId(1), &id), marks.clone().of(GroupId(1), &id));
        assert_ne!(marks.of(GroupId(1), &id), marks.of(GroupId(2), &id));
        assert_ne!(marks.of(GroupId(1), &id), marks.of(GroupId(1), &other));
    }
}
