//! Which carrier the segments of a long message have taken: those that follow take the same.

use crate::lately::Lately;
use crate::message::{AccountId, CarrierId, Content, LongOf, SegmentOf};
use crate::moment::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Long messages that are remembered at least, if there were as many; twice as many at most. The
/// segments of one that is forgotten go where their route sends them.
const REMEMBERED_MAX: usize = 50_000;

/// After this long a segment that bears the same reference is one of another message.
const TOGETHER: Duration = Duration::from_secs(600);

/// The way of one long message. If its carrier is not bound any more, the first of its segments
/// that goes elsewhere takes the others along.
#[derive(Debug)]
pub struct Way(AtomicU16);

/// The ways of the long messages that have come lately.
#[derive(Debug)]
pub struct Ways(Lately<(AccountId, LongOf), (Moment, Arc<Way>)>);

impl Way {
    /// Who carries it, if that is known.
    pub fn carrier(&self) -> CarrierId {
        CarrierId(self.0.load(Ordering::Relaxed))
    }

    /// It goes that way.
    pub fn take(&self, carrier: CarrierId) {
        self.0.store(carrier.0, Ordering::Relaxed);
    }
}

impl Default for Ways {
    fn default() -> Self {
        Self(Lately::new(REMEMBERED_MAX))
    }
}

impl Ways {
    /// The way of the long message that this is a segment of, if it is one.
    pub fn of(&mut self, account: AccountId, content: &Content, now: Moment) -> Option<Arc<Way>> {
        let key = (account, long_of(content)?);
        let known = self
            .0
            .find(&key)
            .filter(|(since, _)| now < *since + TOGETHER);
        if let Some((_, way)) = known {
            return Some(way.clone());
        }
        let way = Arc::new(Way(AtomicU16::new(CarrierId::NONE.0)));
        self.0.keep(key, (now, way.clone()));
        Some(way)
    }
}

/// The long message that this is a segment of.
pub fn long_of(content: &Content) -> Option<LongOf> {
    if !content.may_be_segment() {
        return None;
    }
    let of = SegmentOf::read(content).filter(|of| of.total > 1)?;
    Some(of.long(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::code::{EsmClass, Status};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm, Tlvs};

    fn content(esm_class: u8, user_data: &[u8], tlvs: &[u8]) -> Content {
        let sm = Sm {
            esm_class: EsmClass(esm_class),
            short_message: user_data,
            tlvs: Tlvs::new(tlvs),
            ..Sm::default()
        };
        let mut out = bytes::BytesMut::new();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    #[test]
    fn segments_of_one_message_share_their_way_for_ten_minutes() {
        let mut ways = Ways::default();
        let segment =
            |reference, seqnum| content(0x40, &[5, 0, 3, reference, 3, seqnum, b'x'], b"");
        let mut of = |account, content: &Content, now| ways.of(AccountId(account), content, now);
        let first = of(1, &segment(7, 1), Moment(0)).unwrap();
        assert_eq!(first.carrier(), CarrierId::NONE);
        first.take(CarrierId(4));
        let second = of(1, &segment(7, 2), Moment(5)).unwrap();
        assert_eq!(second.carrier(), CarrierId(4));
        for (account, reference, now) in [
            (2, 7, Moment(5)),
            (1, 8, Moment(5)),
            (1, 7, Moment(0) + TOGETHER),
        ] {
            let other = of(account, &segment(reference, 2), now).unwrap();
            assert_eq!(other.carrier(), CarrierId::NONE);
        }
        let sar = b"\x02\x0c\0\x02\x01\x07\x02\x0e\0\x01\x03\x02\x0f\0\x01\x02";
        assert!(of(1, &content(0, b"x", sar), Moment(0)).is_some());
        assert!(of(1, &content(0, b"x", b""), Moment(0)).is_none());
        assert!(
            of(1, &segment(7, 9), Moment(0)).is_none(),
            "no such segment"
        );
    }
}
