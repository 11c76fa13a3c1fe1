//! Long messages from phones, whose segments wait until all have come.
//!
//! Only for accounts that ask for it. A message whose segments do not all come in time, and what
//! there is no room for, is passed on in its segments as they are.

use crate::message::{AccountId, Content, LongOf, MessageId, SegmentOf};
use crate::moment::Moment;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long segments wait for the others.
const WAIT_FOR: Duration = Duration::from_secs(600);

/// Segments that wait at one time, for all accounts together: at 140 octets of text each, some tens
/// of MiB.
pub const SEGMENTS_MAX: usize = 100_000;

/// Which message a segment is of, and whose.
type Key = (AccountId, LongOf);

/// A message whose segments have not all come.
#[derive(Debug)]
struct Open {
    /// Where it stands among those that wait.
    since: (Moment, u64),
    /// What has come, by its number.
    parts: Vec<(u8, Part)>,
}

/// One segment, and our id of it.
pub type Part = (MessageId, Content);

/// What has become of a segment.
#[derive(Debug)]
pub enum Sorted {
    /// It waits for the others; one that it takes the place of is given back.
    Waiting(Option<Part>),
    /// With it all have come, which are given back in their order.
    Whole(Vec<Part>),
    /// There is no room: it goes on as it is.
    Alone(Part),
}

/// The segments that wait.
#[derive(Debug, Default)]
pub struct Segments {
    open: HashMap<Key, Open, RandomState>,
    /// The messages by the time at which the first of their segments came.
    since: BTreeMap<(Moment, u64), Key>,
    begun: u64,
    count: usize,
}

impl Segments {
    /// A segment has come.
    pub fn add(&mut self, account: AccountId, of: SegmentOf, part: Part, now: Moment) -> Sorted {
        if self.count >= SEGMENTS_MAX {
            return Sorted::Alone(part);
        }
        let key = (account, of.long(&part.1));
        let open = match self.open.get_mut(&key) {
            Some(open) => open,
            None => {
                self.begun += 1;
                let since = (now, self.begun);
                self.since.insert(since, key.clone());
                self.open.entry(key.clone()).or_insert(Open {
                    since,
                    parts: Vec::new(),
                })
            }
        };
        let place = open.parts.binary_search_by_key(&of.seqnum, |part| part.0);
        let replaced = match place {
            Ok(at) => Some(std::mem::replace(&mut open.parts[at].1, part)),
            Err(at) => {
                open.parts.insert(at, (of.seqnum, part));
                self.count += 1;
                None
            }
        };
        if open.parts.len() < usize::from(of.total) {
            return Sorted::Waiting(replaced);
        }
        Sorted::Whole(self.close(&key))
    }

    /// The segments that have waited in vain, with their accounts.
    pub fn sweep(&mut self, now: Moment) -> Vec<(AccountId, Part)> {
        let mut over = Vec::new();
        while let Some((&(since, _), key)) = self.since.first_key_value()
            && since + WAIT_FOR <= now
        {
            let key = key.clone();
            let parts = self.close(&key).into_iter();
            over.extend(parts.map(|part| (key.0, part)));
        }
        over
    }

    /// Segments that wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn close(&mut self, key: &Key) -> Vec<Part> {
        let Some(open) = self.open.remove(key) else {
            return Vec::new();
        };
        self.since.remove(&open.since);
        self.count -= open.parts.len();
        open.parts.into_iter().map(|(_, part)| part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::SegmentKind;
    use bytes::BytesMut;
    use smppgate_codec::code::{Command, Status};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Address, Sm};
    use smppgate_codec::wire::PduWriter;

    const ACME: AccountId = AccountId(1);

    fn part(id: u64, from: &str) -> Part {
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, Command::DELIVER_SM, Status::ESME_ROK, 1);
        let sm = Sm {
            source: Address::new(1, 1, from.as_bytes()),
            ..Sm::default()
        };
        sm.put(writer.body());
        drop(writer);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        (MessageId(id), Content::of_sm(&frame, &sm))
    }

    fn of(reference: u16, seqnum: u8) -> SegmentOf {
        SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 2,
            seqnum,
        }
    }

    fn ids(sorted: Sorted) -> Vec<u64> {
        match sorted {
            Sorted::Whole(parts) => parts.into_iter().map(|(id, _)| id.0).collect(),
            other => panic!("{other:?} is not whole"),
        }
    }

    #[test]
    fn segments_find_each_other_in_any_order_and_by_phone_and_reference() {
        let mut segments = Segments::default();
        let now = Moment(0);
        let waits = |sorted| assert!(matches!(sorted, Sorted::Waiting(None)));
        waits(segments.add(ACME, of(1, 2), part(1, "331"), now));
        waits(segments.add(ACME, of(1, 1), part(2, "332"), now));
        waits(segments.add(ACME, of(2, 1), part(3, "331"), now));
        waits(segments.add(AccountId(2), of(1, 1), part(4, "331"), now));
        assert_eq!(
            ids(segments.add(ACME, of(1, 1), part(5, "331"), now)),
            [5, 1]
        );
        assert_eq!(segments.len(), 3);
    }

    #[test]
    fn a_segment_that_comes_again_takes_the_place_of_the_first() {
        let mut segments = Segments::default();
        segments.add(ACME, of(1, 1), part(1, "331"), Moment(0));
        let again = segments.add(ACME, of(1, 1), part(2, "331"), Moment(0));
        assert!(matches!(again, Sorted::Waiting(Some((MessageId(1), _)))));
        let whole = segments.add(ACME, of(1, 2), part(3, "331"), Moment(0));
        assert_eq!(ids(whole), [2, 3]);
        assert!(segments.is_empty());
    }

    #[test]
    fn those_that_wait_in_vain_are_given_up_ten_minutes_after_the_first() {
        let mut segments = Segments::default();
        let start = Moment(0);
        segments.add(ACME, of(1, 1), part(1, "331"), start);
        let later = start + Duration::from_secs(300);
        segments.add(ACME, of(2, 1), part(2, "331"), later);
        // The first is whole meanwhile, and another of its reference has begun.
        segments.add(ACME, of(1, 2), part(3, "331"), later);
        segments.add(ACME, of(1, 1), part(4, "331"), later);
        assert_eq!(segments.sweep(start + WAIT_FOR).len(), 0);
        let over = segments.sweep(later + WAIT_FOR);
        let ids: Vec<u64> = over.iter().map(|(_, (id, _))| id.0).collect();
        assert_eq!(ids, [2, 4]);
        assert!(segments.is_empty() && segments.since.is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_goes_on_alone() {
        let mut segments = Segments {
            count: SEGMENTS_MAX,
            ..Segments::default()
        };
        let alone = segments.add(ACME, of(1, 1), part(1, "331"), Moment(0));
        assert!(matches!(alone, Sorted::Alone((MessageId(1), _))));
    }
}
