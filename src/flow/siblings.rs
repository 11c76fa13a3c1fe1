//! Segments that an ESME has cut, where the carrier reports once for all of them.
//!
//! Each segment is a message of its own, with its own receipt. A carrier whose `segment_receipts`
//! are "any" or "last" reports about one of them; what it says then goes for the others, too, those
//! included whose response comes later.

use super::ledger::{Ending, Entry};
use crate::carrier::SegmentReceipts;
use crate::lately::Lately;
use crate::message::{AccountId, LongOf, MessageId, SegmentOf};
use crate::moment::Moment;
use smallvec::SmallVec;
use std::time::Duration;

/// Long messages that are remembered at least, if there were as many; twice as many at most. The
/// segments of one that is forgotten wait for reports of their own.
const REMEMBERED_MAX: usize = 50_000;

/// Messages with the same reference that are kept apart; the first ones are forgotten.
const ALIKE_MAX: usize = 4;

/// After this long a segment that bears the same reference is one of another message.
const TOGETHER: Duration = Duration::from_secs(600);

/// A segment, and the long message that it is of.
#[derive(Debug, Clone)]
pub struct Sibling {
    id: MessageId,
    of: Key,
    total: u8,
    seqnum: u8,
}

/// Which long message a segment is of, and whose.
type Key = (AccountId, LongOf);

/// The segments of one message that a carrier has.
#[derive(Debug)]
struct Group {
    since: Moment,
    /// All that it has been given, by their numbers.
    seen: SmallVec<[(u8, MessageId); 4]>,
    /// What was reported for all of them.
    ending: Option<Ending>,
}

impl Group {
    fn holds(&self, seqnum: u8) -> bool {
        self.seen.iter().any(|(other, _)| *other == seqnum)
    }
}

/// The long messages whose segments are with a carrier.
#[derive(Debug)]
pub struct Siblings(Lately<Key, Groups>);

/// Messages that bear the same reference one after the other, the last one last.
type Groups = SmallVec<[Group; 1]>;

impl Default for Siblings {
    fn default() -> Self {
        Self(Lately::new(REMEMBERED_MAX))
    }
}

impl Sibling {
    /// The segment that this message is, if it is one.
    pub fn read(id: MessageId, entry: &Entry) -> Option<Self> {
        let of = SegmentOf::read(&entry.content)?;
        Some(Self {
            id,
            of: (entry.account(), of.long(&entry.content)),
            total: of.total,
            seqnum: of.seqnum,
        })
    }
}

impl Siblings {
    /// A carrier has this segment. What was reported for it already, if that is so.
    ///
    /// A segment whose number has been seen, and one that comes much later, begins another message
    /// with the same reference.
    pub fn join(&mut self, sibling: Sibling, now: Moment) -> Option<Ending> {
        let Sibling { id, of, seqnum, .. } = sibling;
        let mut groups = self.0.take(&of).unwrap_or_default();
        let is_its = |group: &&Group| now < group.since + TOGETHER && !group.holds(seqnum);
        if groups.last().filter(is_its).is_none() {
            if groups.len() >= ALIKE_MAX {
                groups.remove(0);
            }
            groups.push(Group {
                since: now,
                seen: SmallVec::new(),
                ending: None,
            });
        }
        let ending = groups.last_mut().and_then(|group| {
            group.seen.push((seqnum, id));
            group.ending
        });
        self.0.keep(of, groups);
        ending
    }

    /// A carrier has reported about this segment: the others for which that goes, too.
    pub fn speak(
        &mut self,
        sibling: &Sibling,
        ending: Ending,
        policy: SegmentReceipts,
    ) -> SmallVec<[MessageId; 4]> {
        let speaks = match policy {
            SegmentReceipts::Each => false,
            SegmentReceipts::Any => true,
            SegmentReceipts::Last => sibling.seqnum == sibling.total,
        };
        let groups = self.0.find_mut(&sibling.of).filter(|_| speaks);
        let own = (sibling.seqnum, sibling.id);
        let group = groups
            .into_iter()
            .flatten()
            .find(|group| group.seen.contains(&own));
        let Some(group) = group.filter(|group| group.ending.is_none()) else {
            return SmallVec::new();
        };
        group.ending = Some(ending);
        let others = group.seen.iter().map(|(_, id)| *id);
        others.filter(|id| *id != sibling.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Content, SegmentKind};
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};
    use smppgate_codec::receipt::State;

    fn sibling(id: u64, reference: u16, seqnum: u8) -> Sibling {
        let of = SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 3,
            seqnum,
        };
        Sibling {
            id: MessageId(id),
            of: (AccountId(1), of.long(&content())),
            total: 3,
            seqnum,
        }
    }

    fn content() -> Content {
        let mut out = bytes::BytesMut::new();
        let sm = Sm::default();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &sm)
    }

    fn delivered() -> Ending {
        Ending::of(State::Delivered)
    }

    /// The segments of a message, with ids that follow `before`.
    fn three(siblings: &mut Siblings, before: u64, now: Moment) {
        for seqnum in 1..=3 {
            let one = sibling(before + u64::from(seqnum), 7, seqnum);
            assert!(siblings.join(one, now).is_none());
        }
    }

    fn ids(siblings: &mut Siblings, id: u64, seqnum: u8, policy: SegmentReceipts) -> Vec<u64> {
        let spoken = siblings.speak(&sibling(id, 7, seqnum), delivered(), policy);
        spoken.iter().map(|id| id.0).collect()
    }

    #[test]
    fn one_speaks_for_the_others_as_the_carrier_has_it() {
        let mut siblings = Siblings::default();
        three(&mut siblings, 0, Moment(0));
        assert_eq!(ids(&mut siblings, 2, 2, SegmentReceipts::Any), [1, 3]);
        assert!(ids(&mut siblings, 1, 1, SegmentReceipts::Any).is_empty());
        let mut siblings = Siblings::default();
        three(&mut siblings, 0, Moment(0));
        assert!(ids(&mut siblings, 2, 2, SegmentReceipts::Last).is_empty());
        assert_eq!(ids(&mut siblings, 3, 3, SegmentReceipts::Last), [1, 2]);
        let mut siblings = Siblings::default();
        three(&mut siblings, 0, Moment(0));
        assert!(ids(&mut siblings, 3, 3, SegmentReceipts::Each).is_empty());
    }

    #[test]
    fn one_that_comes_after_the_report_is_told_at_once() {
        let mut siblings = Siblings::default();
        siblings.join(sibling(1, 7, 1), Moment(0));
        ids(&mut siblings, 1, 1, SegmentReceipts::Any);
        let ending = siblings.join(sibling(2, 7, 2), Moment(1));
        assert_eq!(ending.map(|ending| ending.state), Some(State::Delivered));
        let later = Moment(0) + TOGETHER;
        assert!(siblings.join(sibling(3, 7, 3), later).is_none());
        assert!(siblings.join(sibling(4, 8, 1), Moment(0)).is_none());
    }

    #[test]
    fn a_reference_that_is_used_again_is_another_message() {
        let mut siblings = Siblings::default();
        three(&mut siblings, 0, Moment(0));
        assert_eq!(ids(&mut siblings, 1, 1, SegmentReceipts::Any), [2, 3]);
        // Four minutes later, and the first one was delivered: that says nothing of the second.
        three(&mut siblings, 10, Moment(240_000_000));
        // A third begins before the second was reported, and each hears of its own.
        three(&mut siblings, 20, Moment(250_000_000));
        assert_eq!(ids(&mut siblings, 12, 2, SegmentReceipts::Any), [11, 13]);
        assert_eq!(ids(&mut siblings, 21, 1, SegmentReceipts::Any), [22, 23]);
        for again in 3..9 {
            three(&mut siblings, again * 10, Moment(260_000_000));
        }
        assert!(
            ids(&mut siblings, 31, 1, SegmentReceipts::Any).is_empty(),
            "forgotten"
        );
        assert_eq!(ids(&mut siblings, 81, 1, SegmentReceipts::Any), [82, 83]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut siblings = Siblings::default();
        for id in 0..5 * REMEMBERED_MAX as u64 {
            let mut one = sibling(id, id as u16, 1);
            one.of.0 = AccountId((id >> 16) as u32);
            siblings.join(one, Moment(0));
        }
        assert!(siblings.0.len() <= 2 * REMEMBERED_MAX);
    }
}
