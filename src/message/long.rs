//! A long message in segments: which message a segment is of, and all of them as one again.

use super::content::Content;
use bytes::BytesMut;
use smppgate_codec::code::{Command, EsmClass, Status, Tag};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Data, HEADER_LEN, Sm, Tlv, Tlvs};
use smppgate_codec::text::{join, udh};
use smppgate_codec::wire::PduWriter;

/// Octets of text that short_message has room for; what is longer goes into message_payload.
const SHORT_MAX: usize = 254;

/// Which segment of which message this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentOf {
    /// The same in all segments of a message.
    pub reference: u16,
    /// How the segments are numbered: references of one kind say nothing about those of another.
    pub kind: SegmentKind,
    /// Segments of the message, 1 or more.
    pub total: u8,
    /// Which one this is, 1 to `total`.
    pub seqnum: u8,
}

/// Which long message a segment is of: the same for all of its segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LongOf {
    source: Box<[u8]>,
    destination: Box<[u8]>,
    reference: u16,
    kind: SegmentKind,
    total: u8,
}

/// How the segments of a message are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// In the user data header, with a reference of 8 bits.
    Narrow,
    /// In the user data header, with a reference of 16 bits.
    Wide,
    /// In the sar parameters.
    Sar,
}

impl SegmentOf {
    /// What this message is a segment of; `None` if it is whole. Where a carrier numbers it in both
    /// ways the header counts; numbers that cannot be are none.
    pub fn read(content: &Content) -> Option<Self> {
        let frame = frame_of(content)?;
        let sm = view(&frame)?;
        if sm.esm_class.has_udh()
            && let Ok((header, _)) = udh::read(sm.user_data())
            && let Some(concat) = header.concat()
        {
            return Some(Self {
                reference: concat.reference,
                kind: if concat.wide {
                    SegmentKind::Wide
                } else {
                    SegmentKind::Narrow
                },
                total: concat.total,
                seqnum: concat.seqnum,
            });
        }
        let number = |tag| sm.tlvs.number(tag);
        let reference = number(Tag::SAR_MSG_REF_NUM)?;
        let total = u8::try_from(number(Tag::SAR_TOTAL_SEGMENTS)?).ok()?;
        let seqnum = u8::try_from(number(Tag::SAR_SEGMENT_SEQNUM)?).ok()?;
        (1..=total).contains(&seqnum).then_some(Self {
            reference: reference as u16,
            kind: SegmentKind::Sar,
            total,
            seqnum,
        })
    }

    /// The long message that this is a segment of, where `content` is the segment.
    pub fn long(self, content: &Content) -> LongOf {
        LongOf {
            source: content.written_source().digits.into(),
            destination: content.destination().digits.into(),
            reference: self.reference,
            kind: self.kind,
            total: self.total,
        }
    }
}

/// The whole message of these segments, which are all there and in order: the first one with the
/// text of all, and without what numbers it. `None` if that cannot be written.
pub fn joined<'a>(segments: impl IntoIterator<Item = &'a Content>) -> Option<Content> {
    let mut segments = segments.into_iter().peekable();
    let first = *segments.peek()?;
    let mut text = Vec::new();
    for segment in segments {
        let frame = frame_of(segment)?;
        text.extend_from_slice(parts(&view(&frame)?).1);
        if text.len() > join::OCTETS_MAX {
            return None;
        }
    }
    let frame = frame_of(first)?;
    let sm = view(&frame)?;
    // What else the header holds, ports for example, is about the message and not its segments.
    let others = parts(&sm).0;
    let mut esm_class = EsmClass(sm.esm_class.0 & !EsmClass::UDHI);
    if !others.is_empty() {
        esm_class.0 |= EsmClass::UDHI;
        text.splice(0..0, [others.len() as u8].into_iter().chain(others));
    }
    let numbers = [
        Tag::SAR_MSG_REF_NUM,
        Tag::SAR_TOTAL_SEGMENTS,
        Tag::SAR_SEGMENT_SEQNUM,
    ];
    let sm = Sm { esm_class, ..sm };
    put(first, sm, &text, |tag| !numbers.contains(&tag))
}

/// The message with the fields of `sm`, this user data, and the parameters that are kept. What is
/// too long for short_message goes into message_payload.
pub(super) fn put(
    before: &Content,
    sm: Sm<'_>,
    user_data: &[u8],
    is_kept: impl Fn(Tag) -> bool,
) -> Option<Content> {
    if user_data.len() > usize::from(u16::MAX) {
        return None;
    }
    let frame = frame_of(before)?;
    let tag = Tag::MESSAGE_PAYLOAD;
    let mut tlvs = Vec::new();
    let kept = sm
        .tlvs
        .iter()
        .filter(|tlv| tlv.tag != tag && is_kept(tlv.tag));
    kept.for_each(|tlv| tlv.put(&mut tlvs));
    let is_data = before.command() == Command::DATA_SM;
    let is_long = is_data || user_data.len() > SHORT_MAX;
    if is_long {
        let value = user_data;
        Tlv { tag, value }.put(&mut tlvs);
    }
    let tlvs = Tlvs::new(&tlvs);
    let mut octets = BytesMut::with_capacity(HEADER_LEN + before.pdu().len() + user_data.len());
    let sequence = frame.header.sequence;
    let mut writer = PduWriter::begin(&mut octets, before.command(), Status::ESME_ROK, sequence);
    if is_data {
        Data {
            esm_class: sm.esm_class,
            data_coding: sm.data_coding,
            tlvs,
            ..Data::decode(&frame).ok()?
        }
        .put(writer.body());
    } else {
        Sm {
            tlvs,
            short_message: if is_long { &[] } else { user_data },
            ..sm
        }
        .put(writer.body());
    }
    drop(writer);
    let frame = frame::next(&octets, frame::LENGTH_MAX).ok()??;
    let content = if is_data {
        Content::of_data(&frame, &Data::decode(&frame).ok()?)
    } else {
        Content::of_sm(&frame, &Sm::decode(&frame).ok()?)
    };
    Some(content.in_alphabet(before.alphabet()))
}

pub(super) fn frame_of(content: &Content) -> Option<Frame<'_>> {
    frame::next(content.pdu(), frame::LENGTH_MAX).ok()?
}

/// A message as far as segments go, whatever its command.
pub(super) fn view<'a>(frame: &Frame<'a>) -> Option<Sm<'a>> {
    if frame.header.command != Command::DATA_SM {
        return Sm::decode(frame).ok();
    }
    let data = Data::decode(frame).ok()?;
    Some(Sm {
        esm_class: data.esm_class,
        data_coding: data.data_coding,
        tlvs: data.tlvs,
        ..Sm::default()
    })
}

/// The elements of the user data header that do not number segments, and the text behind it.
fn parts<'a>(sm: &Sm<'a>) -> (Vec<u8>, &'a [u8]) {
    let user_data = sm.user_data();
    if sm.esm_class.has_udh()
        && let Ok((header, text)) = udh::read(user_data)
    {
        return (header.without_concat(), text);
    }
    (Vec::new(), user_data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::pdu::Address;

    fn content(sm: &Sm<'_>) -> Content {
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, Command::DELIVER_SM, Status::ESME_ROK, 9);
        sm.put(writer.body());
        drop(writer);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    fn with_header(user_data: &[u8]) -> Content {
        content(&Sm {
            source: Address::new(1, 1, b"33612345678"),
            esm_class: EsmClass(EsmClass::UDHI),
            short_message: user_data,
            ..Sm::default()
        })
    }

    fn text(content: &Content) -> (u8, Vec<u8>) {
        let frame = frame_of(content).unwrap();
        let sm = view(&frame).unwrap();
        (sm.esm_class.0, sm.user_data().to_vec())
    }

    #[test]
    fn a_segment_says_which_one_of_which_message_it_is() {
        let narrow = SegmentOf::read(&with_header(b"\x05\x00\x03\x07\x03\x02abc"));
        let wide = SegmentOf::read(&with_header(b"\x06\x08\x04\x01\x07\x03\x02abc"));
        let of = |reference, kind| {
            Some(SegmentOf {
                reference,
                kind,
                total: 3,
                seqnum: 2,
            })
        };
        assert_eq!(narrow, of(7, SegmentKind::Narrow));
        assert_eq!(wide, of(0x107, SegmentKind::Wide));
        let sar = |tlvs: &[u8]| {
            SegmentOf::read(&content(&Sm {
                short_message: b"abc",
                tlvs: Tlvs::new(tlvs),
                ..Sm::default()
            }))
        };
        let whole = b"\x02\x0c\0\x02\x01\x07\x02\x0e\0\x01\x03\x02\x0f\0\x01\x02";
        assert_eq!(sar(whole), of(0x107, SegmentKind::Sar));
        let fourth = b"\x02\x0c\0\x02\x01\x07\x02\x0e\0\x01\x03\x02\x0f\0\x01\x04";
        assert_eq!(sar(fourth), None);
        assert_eq!(sar(&fourth[..11]), None);
        assert_eq!(sar(b""), None);
        assert_eq!(SegmentOf::read(&with_header(b"\x00abc")), None);
        assert_eq!(SegmentOf::read(&with_header(b"\x09abc")), None);
    }

    #[test]
    fn segments_become_one_without_what_numbered_them() {
        let one = with_header(b"\x05\x00\x03\x07\x02\x01abc");
        let two = with_header(b"\x05\x00\x03\x07\x02\x02def");
        assert_eq!(
            text(&joined([&one, &two]).unwrap()),
            (0, b"abcdef".to_vec())
        );
        let ports = with_header(b"\x0b\x05\x04\x15\x8a\0\0\x00\x03\x07\x02\x01abc");
        let (esm_class, octets) = text(&joined([&ports, &two]).unwrap());
        assert_eq!(esm_class, EsmClass::UDHI);
        assert_eq!(octets, b"\x06\x05\x04\x15\x8a\0\0abcdef");
    }

    #[test]
    fn a_long_text_moves_to_message_payload() {
        let long = [&b"\x05\x00\x03\x07\x02\x01"[..], &[b'x'; 153]].concat();
        let segment = with_header(&long);
        let whole = joined([&segment, &segment]).unwrap();
        let frame = frame_of(&whole).unwrap();
        let sm = Sm::decode(&frame).unwrap();
        assert_eq!(sm.short_message, b"");
        assert_eq!(sm.user_data(), [b'x'; 306]);
        assert_eq!(whole.source().digits, b"33612345678");
    }
}
