//! The test messages, written for a carrier as the gateway would write them.

use bytes::BytesMut;
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Address, Sm, Tlvs};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, ucs2};
use smppgate_codec::wire::PduWriter;

use super::alphabet::{ABOVE, FIRST, MARKS, SECOND};
use crate::carrier::{Carrier, Long, Receipts, bodies};
use crate::esme::ForcedSource;
use crate::message::Content;
use crate::moment::Moment;

/// The message after which the octets above 127 are sent.
const LONG_PARTS: usize = 2;

/// One message.
pub struct Message {
    /// Which segment it is, and of how many.
    pub part: (u8, u8),
    /// Its text has octets above 127 beside data_coding 0.
    pub is_above: bool,
    /// The body of its submit_sm.
    pub body: Vec<u8>,
}

/// So many messages from here to there, in the order in which they are sent: one for the alphabet, one
/// in UCS-2, the parts of a long one, another for the alphabet, and plain ones.
pub fn messages(carrier: &Carrier, from: &str, to: &str, count: usize) -> Vec<Message> {
    let writer = Writer { carrier, from, to };
    let mut all = vec![
        writer.whole(DataCoding(0), &[MARKS, FIRST].concat()),
        writer.whole(DataCoding::UCS2, &ucs2::encode("Проба smppgate")),
    ];
    all.extend(writer.parts());
    let above = writer.whole(DataCoding(0), &[ABOVE, SECOND].concat());
    all.push(Message {
        is_above: true,
        ..above
    });
    for number in all.len() + 1..=count {
        let text = format!("smppgate probe {number}");
        all.push(writer.whole(DataCoding(0), text.as_bytes()));
    }
    all.truncate(count);
    all
}

struct Writer<'a> {
    carrier: &'a Carrier,
    from: &'a str,
    to: &'a str,
}

impl Writer<'_> {
    fn whole(&self, data_coding: DataCoding, text: &[u8]) -> Message {
        let sm = Sm {
            data_coding,
            short_message: text,
            ..Sm::default()
        };
        self.message((1, 1), sm)
    }

    /// A text that is too long for one, cut in the way that the carrier wants.
    fn parts(&self) -> Vec<Message> {
        let text = format!("{:200}.", "A probe in two parts.");
        let way = match self.carrier.long {
            Long::Sar => Way::Sar,
            _ => Way::Udh8,
        };
        let most = LONG_PARTS as u8;
        let Ok(segments) = Segments::new(text.as_bytes(), Unit::Gsm, way, &[], 0x5A, most) else {
            return Vec::new();
        };
        let part = |segment: smppgate_codec::text::split::Segment<'_>| {
            let (mut user_data, mut tlvs) = (Vec::new(), Vec::new());
            segment.put_user_data(&mut user_data);
            segment.put_tlvs(&mut tlvs);
            let sm = Sm {
                esm_class: EsmClass(if segment.has_udh() { EsmClass::UDHI } else { 0 }),
                short_message: &user_data,
                tlvs: Tlvs::new(&tlvs),
                ..Sm::default()
            };
            self.message((segment.part.seqnum, segment.part.total), sm)
        };
        segments.iter().map(part).collect()
    }

    fn message(&self, part: (u8, u8), sm: Sm<'_>) -> Message {
        let source = ForcedSource::new(self.from);
        let (ton, npi) = match self.from {
            "" => (0, 0),
            _ => (source.ton, source.npi),
        };
        let sm = Sm {
            source: Address::new(ton, npi, self.from.as_bytes()),
            destination: Address::new(1, 1, self.to.as_bytes()),
            registered_delivery: RegisteredDelivery::FINAL,
            ..sm
        };
        let mut body = Vec::new();
        sm.put(&mut body);
        Message {
            part,
            is_above: false,
            body: self.changed(&sm).unwrap_or(body),
        }
    }

    /// The body with everything that the carrier wants otherwise, but for its text.
    fn changed(&self, sm: &Sm<'_>) -> Option<Vec<u8>> {
        let carrier = Carrier {
            long: Long::Pass,
            receipts: Receipts::Always,
            alphabet: DefaultAlphabet::Gsm,
            ..self.carrier.clone()
        };
        let mut pdu = BytesMut::new();
        let mut writer = PduWriter::begin(&mut pdu, Command::SUBMIT_SM, Status::ESME_ROK, 1);
        sm.put(writer.body());
        drop(writer);
        let frame = frame::next(&pdu, frame::LENGTH_MAX).ok()??;
        let content = Content::of_sm(&frame, &Sm::decode(&frame).ok()?);
        let now = Moment::default();
        bodies(&carrier, &content, (now, Moment::NEVER), now, 0)
            .ok()?
            .pop()
    }
}
