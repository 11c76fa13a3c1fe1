//! Which account a long message from a phone went to by its first word, for its other segments,
//! which do not begin with that word.

use crate::lately::Lately;
use crate::message::{AccountId, Content, LongOf, SegmentOf};
use crate::moment::Moment;
use std::time::Duration;

/// Long messages that are remembered at least, if there were as many; twice as many at most. The
/// segments of one that is forgotten go where they would go without a word.
const REMEMBERED_MAX: usize = 50_000;

/// After this long the same reference is another message's.
const TOGETHER: Duration = Duration::from_secs(600);

/// The long messages whose first segment has come.
#[derive(Debug)]
pub struct Openings(Lately<LongOf, (Moment, AccountId)>);

impl Default for Openings {
    fn default() -> Self {
        Self(Lately::new(REMEMBERED_MAX))
    }
}

impl Openings {
    /// The first segment of a message goes to this account.
    pub fn keep(&mut self, content: &Content, of: SegmentOf, account: AccountId, now: Moment) {
        self.0.keep(of.long(content), (now, account));
    }

    /// Where the first segment of the message went that this is a segment of.
    pub fn find(&self, content: &Content, of: SegmentOf, now: Moment) -> Option<AccountId> {
        let found = self.0.find(&of.long(content));
        let recent = found.filter(|(since, _)| now < *since + TOGETHER);
        recent.map(|(_, account)| *account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::SegmentKind;
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
        assert!(openings.0.len() <= 2 * REMEMBERED_MAX);
    }
}
