//! Segments of ESMEs that wait for each other, before a carrier that wants long messages whole.
//!
//! Each is a message of its own that was accepted already. Once all are there they leave as one;
//! what is not whole in time leaves in its segments.

use crate::carrier::Waiting;
use crate::message::{AccountId, LongOf, SegmentOf};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Looks, one a second, after which a segment waits no longer for the others.
const LOOKS_MAX: u8 = 10;

/// Segments that wait before one carrier; what comes on top leaves as it is.
const SEGMENTS_MAX: usize = 10_000;

/// What has become of a segment.
#[derive(Debug)]
pub enum Gathered {
    /// It waits for the others.
    Waiting,
    /// With it all are there, which are given back in their order.
    Whole(Vec<Waiting>),
    /// It leaves as it is: there is no room, or the same one waits already.
    Alone(Waiting),
}

/// The segments that wait before one carrier.
#[derive(Debug, Default)]
pub struct Gathering {
    open: HashMap<(AccountId, LongOf), Group, RandomState>,
    count: usize,
}

/// What is there of a message.
#[derive(Debug, Default)]
struct Group {
    segments: Vec<(u8, Waiting)>,
    looks: u8,
}

impl Gathering {
    /// A segment is to leave.
    pub fn add(&mut self, of: SegmentOf, segment: Waiting) -> Gathered {
        if self.count >= SEGMENTS_MAX {
            return Gathered::Alone(segment);
        }
        let key = (segment.account, of.long(&segment.content));
        let group = self.open.entry(key.clone()).or_default();
        let place = group
            .segments
            .binary_search_by_key(&of.seqnum, |(seqnum, _)| *seqnum);
        let Err(at) = place else {
            return Gathered::Alone(segment);
        };
        group.segments.insert(at, (of.seqnum, segment));
        self.count += 1;
        if group.segments.len() < usize::from(of.total) {
            return Gathered::Waiting;
        }
        let whole = self.open.remove(&key).unwrap_or_default();
        Gathered::Whole(self.taken(whole))
    }

    /// Another second has passed: those that have waited too long.
    pub fn look(&mut self) -> Vec<Waiting> {
        self.open.values_mut().for_each(|group| group.looks += 1);
        self.take(|group| group.looks >= LOOKS_MAX)
    }

    /// All that wait: their carrier has gone.
    pub fn clear(&mut self) -> Vec<Waiting> {
        self.take(|_| true)
    }

    /// Segments that wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn take(&mut self, is_over: impl Fn(&Group) -> bool) -> Vec<Waiting> {
        let over = self.open.extract_if(|_, group| is_over(group));
        let mut over: Vec<Group> = over.map(|(_, group)| group).collect();
        over.sort_by_key(|group| group.segments.first().map(|(_, waiting)| waiting.id));
        over.into_iter()
            .flat_map(|group| self.taken(group))
            .collect()
    }

    fn taken(&mut self, group: Group) -> Vec<Waiting> {
        self.count -= group.segments.len();
        let segments = group.segments.into_iter();
        segments.map(|(_, segment)| segment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Content, MessageId, SegmentKind};
    use crate::moment::Moment;
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};

    const ACME: AccountId = AccountId(1);

    fn segment(account: AccountId, id: u64) -> Waiting {
        let mut out = bytes::BytesMut::new();
        Pdu::SubmitSm(Sm::default()).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let content = Content::of_sm(&frame, &Sm::default());
        Waiting::new(MessageId(id), account, content, Moment::NEVER)
    }

    fn of(reference: u16, seqnum: u8) -> SegmentOf {
        SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 3,
            seqnum,
        }
    }

    #[test]
    fn segments_leave_together_once_all_are_there() {
        let mut gathering = Gathering::default();
        for (seqnum, id) in [(3, 1), (1, 2)] {
            let gathered = gathering.add(of(7, seqnum), segment(ACME, id));
            assert!(matches!(gathered, Gathered::Waiting));
        }
        // Another account, another message, and the same segment again.
        gathering.add(of(7, 2), segment(AccountId(2), 3));
        gathering.add(of(8, 2), segment(ACME, 4));
        let twice = gathering.add(of(7, 3), segment(ACME, 5));
        assert!(matches!(twice, Gathered::Alone(one) if one.id == MessageId(5)));
        let Gathered::Whole(whole) = gathering.add(of(7, 2), segment(ACME, 6)) else {
            panic!("they are all there");
        };
        let ids: Vec<u64> = whole.iter().map(|one| one.id.0).collect();
        assert_eq!((ids, gathering.len()), (vec![2, 6, 1], 2));
    }

    #[test]
    fn what_is_not_whole_in_time_is_given_back() {
        let mut gathering = Gathering::default();
        gathering.add(of(7, 1), segment(ACME, 1));
        for _ in 1..LOOKS_MAX {
            assert!(gathering.look().is_empty());
        }
        gathering.add(of(8, 1), segment(ACME, 2));
        let over = gathering.look();
        assert_eq!((over.len(), over[0].id), (1, MessageId(1)));
        assert_eq!(gathering.clear().len(), 1);
        assert!(gathering.is_empty());
    }

    #[test]
    fn those_that_wait_are_bounded() {
        let mut gathering = Gathering::default();
        for id in 0..=SEGMENTS_MAX as u64 {
            let account = AccountId(id as u32);
            let gathered = gathering.add(of(1, 1), segment(account, id));
            let is_alone = matches!(gathered, Gathered::Alone(_));
            assert_eq!(is_alone, id == SEGMENTS_MAX as u64);
        }
    }
}
