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

/// After this long a segment that bears the same reference is one of another message.
const TOGETHER: Duration = Duration::from_secs(600);

/// A segment, and the long message that it is of.
#[derive(Debug, Clone)]
pub struct Sibling {
    of: Key,
    total: u8,
    seqnum: u8,
}

/// Which long message a segment is of, and whose.
type Key = (AccountId, LongOf);

/// The segments of one message that a carrier has and has not reported about.
#[derive(Debug)]
struct Group {
    since: Moment,
    waiting: SmallVec<[(u8, MessageId); 4]>,
    /// What was reported for all of them.
    ending: Option<Ending>,
}

/// The long messages whose segments are with a carrier.
#[derive(Debug)]
pub struct Siblings(Lately<Key, Group>);

impl Default for Siblings {
    fn default() -> Self {
        Self(Lately::new(REMEMBERED_MAX))
    }
}

impl Sibling {
    /// The segment that this message is, if it is one.
    pub fn read(entry: &Entry) -> Option<Self> {
        let of = SegmentOf::read(&entry.content)?;
        Some(Self {
            of: (entry.account, of.long(&entry.content)),
            total: of.total,
            seqnum: of.seqnum,
        })
    }
}

impl Siblings {
    /// A carrier has this segment. What was reported for it already, if that is so.
    pub fn join(&mut self, sibling: Sibling, id: MessageId, now: Moment) -> Option<Ending> {
        let Sibling { of, seqnum, .. } = sibling;
        let known = self.0.take(&of);
        let mut group = known
            .filter(|group| {
                let is_twice = group.waiting.iter().any(|(other, _)| *other == seqnum);
                now < group.since + TOGETHER && !is_twice
            })
            .unwrap_or(Group {
                since: now,
                waiting: SmallVec::new(),
                ending: None,
            });
        let ending = group.ending;
        if ending.is_none() {
            group.waiting.push((seqnum, id));
        }
        self.0.keep(of, group);
        ending
    }

    /// A carrier has reported about this segment: the others for which that goes, too.
    pub fn speak(
        &mut self,
        sibling: &Sibling,
        ending: Ending,
        policy: SegmentReceipts,
    ) -> SmallVec<[MessageId; 4]> {
        let Sibling { of, total, seqnum } = sibling;
        let Some(group) = self.0.find_mut(of) else {
            return SmallVec::new();
        };
        group.waiting.retain(|(other, _)| other != seqnum);
        let speaks = match policy {
            SegmentReceipts::Each => false,
            SegmentReceipts::Any => true,
            SegmentReceipts::Last => seqnum == total,
        };
        if !speaks {
            return SmallVec::new();
        }
        group.ending.get_or_insert(ending);
        group.waiting.drain(..).map(|(_, id)| id).collect()
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

    fn sibling(reference: u16, seqnum: u8) -> Sibling {
        let of = SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 3,
            seqnum,
        };
        Sibling {
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

    fn three(siblings: &mut Siblings) {
        for seqnum in 1..=3 {
            let id = MessageId(u64::from(seqnum));
            assert!(siblings.join(sibling(7, seqnum), id, Moment(0)).is_none());
        }
    }

    fn ids(siblings: &mut Siblings, seqnum: u8, policy: SegmentReceipts) -> Vec<u64> {
        let spoken = siblings.speak(&sibling(7, seqnum), delivered(), policy);
        spoken.iter().map(|id| id.0).collect()
    }

    #[test]
    fn one_speaks_for_the_others_as_the_carrier_has_it() {
        let mut siblings = Siblings::default();
        three(&mut siblings);
        assert_eq!(ids(&mut siblings, 2, SegmentReceipts::Any), [1, 3]);
        assert!(ids(&mut siblings, 1, SegmentReceipts::Any).is_empty());
        let mut siblings = Siblings::default();
        three(&mut siblings);
        assert!(ids(&mut siblings, 2, SegmentReceipts::Last).is_empty());
        assert_eq!(ids(&mut siblings, 3, SegmentReceipts::Last), [1]);
        let mut siblings = Siblings::default();
        three(&mut siblings);
        assert!(ids(&mut siblings, 3, SegmentReceipts::Each).is_empty());
    }

    #[test]
    fn one_that_comes_after_the_report_is_told_at_once_and_a_new_message_is_not() {
        let mut siblings = Siblings::default();
        siblings.join(sibling(7, 1), MessageId(1), Moment(0));
        ids(&mut siblings, 1, SegmentReceipts::Any);
        let ending = siblings.join(sibling(7, 2), MessageId(2), Moment(1));
        assert_eq!(ending.map(|ending| ending.state), Some(State::Delivered));
        let later = Moment(0) + TOGETHER;
        assert!(siblings.join(sibling(7, 3), MessageId(3), later).is_none());
        assert!(
            siblings
                .join(sibling(8, 1), MessageId(4), Moment(0))
                .is_none()
        );
        // The same segment again, while the first one waits, begins another message.
        assert!(
            siblings
                .join(sibling(8, 1), MessageId(5), Moment(0))
                .is_none()
        );
        assert_eq!(
            siblings
                .speak(&sibling(8, 2), delivered(), SegmentReceipts::Any)
                .to_vec(),
            [MessageId(5)]
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut siblings = Siblings::default();
        for id in 0..5 * REMEMBERED_MAX as u64 {
            let mut one = sibling(id as u16, 1);
            one.of.0 = AccountId((id >> 16) as u32);
            siblings.join(one, MessageId(id), Moment(0));
        }
        assert!(siblings.0.len() <= 2 * REMEMBERED_MAX);
    }
}
