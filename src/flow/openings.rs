//! Which account a long message from a phone went to by its first word, for its other segments,
//! which do not begin with that word.

use crate::message::{AccountId, Content, SegmentKind, SegmentOf};
use crate::moment::Moment;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::time::Duration;

/// Long messages that are remembered at least, if there were as many; twice as many at most. The
/// segments of one that is forgotten go where they would go without a word.
const REMEMBERED_MAX: usize = 50_000;

/// After this long the same reference is another message's.
const TOGETHER: Duration = Duration::from_secs(600);

/// Which long message a segment is of.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Box<[u8]>,
    destination: Box<[u8]>,
    reference: u16,
    kind: SegmentKind,
    total: u8,
}

/// The long messages whose first segment has come.
#[derive(Debug, Default)]
pub struct Openings {
    younger: HashMap<Key, (Moment, AccountId), RandomState>,
    older: HashMap<Key, (Moment, AccountId), RandomState>,
}

impl Openings {
    /// The first segment of a message goes to this account.
    pub fn keep(&mut self, content: &Content, of: SegmentOf, account: AccountId, now: Moment) {
        if self.younger.len() >= REMEMBERED_MAX {
            std::mem::swap(&mut self.younger, &mut self.older);
            self.younger.clear();
        }
        self.younger.insert(key(content, of), (now, account));
    }

    /// Where the first segment of the message went that this is a segment of.
    pub fn find(&self, content: &Content, of: SegmentOf, now: Moment) -> Option<AccountId> {
        let key = key(content, of);
        let found = self.younger.get(&key).or_else(|| self.older.get(&key));
        let recent = found.filter(|(since, _)| now < *since + TOGETHER);
        recent.map(|(_, account)| *account)
    }
}

fn key(content: &Content, of: SegmentOf) -> Key {
    Key {
        source: content.source().digits.into(),
        destination: content.destination().digits.into(),
        reference: of.reference,
        kind: of.kind,
        total: of.total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Address, Pdu, Sm};

    fn content(source: &[u8]) -> Content {
        let mut out = bytes::BytesMut::new();
        let source = Address::new(1, 1, source);
        let sm = Sm {
            source,
            ..Sm::default()
        };
        Pdu::DeliverSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    fn of(reference: u16) -> SegmentOf {
        SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 2,
            seqnum: 2,
        }
    }

    #[test]
    fn the_others_follow_the_first_for_ten_minutes() {
        let mut openings = Openings::default();
        let (phone, account) = (content(b"33612345678"), AccountId(7));
        openings.keep(&phone, of(1), account, Moment(0));
        assert_eq!(openings.find(&phone, of(1), Moment(1)), Some(account));
        assert_eq!(openings.find(&phone, of(2), Moment(1)), None);
        let other = content(b"33612345679");
        assert_eq!(openings.find(&other, of(1), Moment(1)), None);
        let later = Moment(0) + TOGETHER;
        assert_eq!(openings.find(&phone, of(1), later), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut openings = Openings::default();
        for number in 0..3 * REMEMBERED_MAX as u64 {
            let phone = content(number.to_string().as_bytes());
            openings.keep(&phone, of(1), AccountId(1), Moment(0));
        }
        assert!(openings.younger.len() + openings.older.len() <= 2 * REMEMBERED_MAX);
    }
}
