//! A message that can be told from all others: its number in the submit_sm, and found again in the
//! receipt.

use std::io;

use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{
    Command, DataCoding, EsmClass, MessageState, RegisteredDelivery, Status, Tag,
};
use smppgate_codec::pdu::{Address, Sm, Tlv, Tlvs};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, ucs2};
use smppgate_codec::wire::PduWriter;

use super::mix::Body;
use super::report::stat;
use super::tally::Strange;

/// Digits of the message number in a destination.
const MARKER_LEN: usize = 9;

/// Octets of short_message by the specification.
const SHORT_MESSAGE_MAX: usize = 254;

/// Octets of user_message_reference as a parameter.
const REFERENCE_TLV_LEN: usize = 6;

/// Segments of one message: further away a user_message_reference is not its own.
const SEGMENTS_MAX: u16 = 255;

/// A message in which only numbers change: one submit_sm, or several for a long one.
///
/// Segments share their destination, so that a phone could join them; it bears the number of the
/// first. How far a segment is from that is what its user_message_reference tells.
pub(super) struct Template {
    segments: Vec<Segment>,
}

/// One submit_sm.
struct Segment {
    octets: Vec<u8>,
    destination_at: usize,
    /// Where the number stands in the text.
    text_at: Option<usize>,
    /// Where the octet stands that all segments share.
    reference_at: Option<usize>,
}

impl Template {
    /// A message with this body. Destinations are `to` and nine digits.
    pub fn new(body: Body, to: &str, from: &str, receipts: bool) -> io::Result<Self> {
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if to.len() + MARKER_LEN > 20 {
            return wrong("the destination prefix has more than eleven digits");
        }
        if from.len() > 20 {
            return wrong("the source has more than 20 characters");
        }
        let (text, coding) = text(body);
        let way = match body.way {
            None if text.len() <= SHORT_MESSAGE_MAX => None,
            way => Some(way.unwrap_or(Way::Udh8)),
        };
        let Some(way) = way else {
            let whole = Segment::new(to, from, receipts, coding, (0, &text, &[]));
            return Ok(Self {
                segments: vec![whole],
            });
        };
        let unit = Unit::of(coding, DefaultAlphabet::Gsm);
        let Ok(segments) = Segments::new(&text, unit, way, &[], 0, u8::MAX) else {
            return wrong("the body needs more than 255 segments");
        };
        let segments = segments.iter().map(|segment| {
            let (mut data, mut tlvs) = (Vec::new(), BytesMut::new());
            segment.put_user_data(&mut data);
            segment.put_tlvs(&mut tlvs);
            let has_header = segment.has_udh();
            if way == Way::Payload {
                Tlv {
                    tag: Tag::MESSAGE_PAYLOAD,
                    value: &data,
                }
                .put(&mut tlvs);
                data.clear();
            }
            let class = if has_header { EsmClass::UDHI } else { 0 };
            let mut made = Segment::new(to, from, receipts, coding, (class, &data, &tlvs));
            let user_data_at = made.octets.len() - REFERENCE_TLV_LEN - tlvs.len() - data.len();
            if has_header {
                made.reference_at = Some(user_data_at + 3);
            } else if way == Way::Sar && !tlvs.is_empty() {
                // sar_msg_ref_num is written first: tag, length and two octets.
                made.reference_at = Some(user_data_at + data.len() + 5);
            }
            made.text_at = None;
            made
        });
        Ok(Self {
            segments: segments.collect(),
        })
    }

    /// How many submit_sm it takes.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Appends the segment of this place; `number` is its own, less `place` that of its message.
    #[inline]
    pub fn put(&mut self, out: &mut BytesMut, sequence: u32, number: u64, place: usize) {
        let message = number - place as u64;
        let mut digits = [b'0'; MARKER_LEN];
        let mut rest = message as u32;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let segment = &mut self.segments[place];
        let octets = &mut segment.octets;
        octets[12..16].copy_from_slice(&sequence.to_be_bytes());
        octets[segment.destination_at..][..MARKER_LEN].copy_from_slice(&digits);
        if let Some(at) = segment.text_at {
            octets[at..][..MARKER_LEN].copy_from_slice(&digits);
        }
        if let Some(at) = segment.reference_at {
            octets[at] = message as u8;
        }
        let end = octets.len();
        octets[end - 2..].copy_from_slice(&(number as u16).to_be_bytes());
        out.put_slice(octets);
    }
}

impl Segment {
    /// `content` is esm_class, short_message, and optional parameters.
    fn new(
        to: &str,
        from: &str,
        receipts: bool,
        coding: DataCoding,
        content: (u8, &[u8], &[u8]),
    ) -> Self {
        let (class, short_message, tlvs) = content;
        let destination = format!("{}{}", to, "0".repeat(MARKER_LEN));
        let mut tlvs = BytesMut::from(tlvs);
        Tlv {
            tag: Tag::USER_MESSAGE_REFERENCE,
            value: &[0; 2],
        }
        .put(&mut tlvs);
        let is_number = from.bytes().all(|octet| octet.is_ascii_digit());
        let (ton, npi) = if is_number { (1, 1) } else { (5, 0) };
        let sm = Sm {
            source: Address::new(ton, npi, from.as_bytes()),
            destination: Address::new(1, 1, destination.as_bytes()),
            esm_class: EsmClass(class),
            registered_delivery: RegisteredDelivery(u8::from(receipts)),
            data_coding: coding,
            short_message,
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let mut out = BytesMut::new();
        let mut pdu = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 0);
        sm.put(pdu.body());
        drop(pdu);
        let is_marked = coding == DataCoding(0) && short_message.len() >= MARKER_LEN;
        Self {
            destination_at: sm.destination_offset() + 2 + to.len(),
            text_at: is_marked.then(|| out.len() - tlvs.len() - short_message.len()),
            reference_at: None,
            octets: out.to_vec(),
        }
    }
}

/// The text of a body, encoded; in the GSM alphabet it begins with room for the number.
fn text(body: Body) -> (Vec<u8>, DataCoding) {
    if body.is_ucs2 {
        let text: String = "Съешь же ещё этих мягких французских булок. "
            .chars()
            .cycle()
            .take(body.characters)
            .collect();
        return (ucs2::encode(&text), DataCoding::UCS2);
    }
    let marker = format!("{} ", "0".repeat(MARKER_LEN));
    let filler = "The quick brown fox jumps over the lazy dog. ";
    let text = marker.bytes().chain(filler.bytes().cycle());
    (text.take(body.octets()).collect(), DataCoding(0))
}

/// What a receipt says.
pub(super) struct Report<'a> {
    pub number: u64,
    pub id: &'a [u8],
    pub state: MessageState,
}

impl<'a> Report<'a> {
    /// Reads a receipt; its text and its TLVs have to agree.
    #[inline]
    pub fn read(sm: &Sm<'a>) -> Result<Self, Strange> {
        let mut number = marker(sm.source.digits).ok_or(Strange::ReceiptForNothing)?;
        let (mut id, mut state) = id_and_state(sm.user_data());
        let mut fits = true;
        for tlv in sm.tlvs {
            match tlv.tag {
                Tag::RECEIPTED_MESSAGE_ID => {
                    let tlv_id = to_nul(tlv.value);
                    fits &= id.is_empty() || id == tlv_id;
                    id = tlv_id;
                }
                Tag::MESSAGE_STATE => {
                    let tlv_state = tlv.value.first().map(|&state| MessageState(state));
                    fits &= state.is_none() || state == tlv_state;
                    state = tlv_state;
                }
                Tag::USER_MESSAGE_REFERENCE => {
                    let reference = tlv.number().unwrap_or(0) as u16;
                    let place = reference.wrapping_sub(number as u16);
                    fits &= place < SEGMENTS_MAX;
                    number += u64::from(place);
                }
                _ => {}
            }
        }
        let state = state.unwrap_or(MessageState::UNKNOWN);
        if fits {
            Ok(Self { number, id, state })
        } else {
            Err(Strange::ReceiptContradictsItself)
        }
    }
}

/// The number of the message in the last nine digits of an address.
#[inline]
pub(super) fn marker(digits: &[u8]) -> Option<u64> {
    let digits = digits.last_chunk::<MARKER_LEN>()?;
    digits.iter().try_fold(0, |number, octet| {
        octet
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(octet - b'0'))
    })
}

/// Whether a text begins with this number.
pub(super) fn is_marked_with(number: u64, text: &[u8]) -> bool {
    text.get(..MARKER_LEN).and_then(marker) == Some(number)
}

/// The number that the text of a receipt has behind `err:`.
pub(super) fn err(text: &[u8]) -> Option<u16> {
    let at = text.windows(4).position(|four| four == b"err:")?;
    let digits = text.get(at + 4..at + 7)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What the text of a receipt says behind `id:` and `stat:`.
#[inline]
fn id_and_state(text: &[u8]) -> (&[u8], Option<MessageState>) {
    let Some(behind) = text.strip_prefix(b"id:") else {
        return (&[], None);
    };
    let id = behind
        .split(|&octet| octet == b' ')
        .next()
        .unwrap_or_default();
    let state = text
        .windows(5)
        .position(|five| five == b"stat:")
        .and_then(|at| {
            let seven = text.get(at + 5..at + 12)?;
            (1..=8)
                .map(MessageState)
                .find(|&state| stat(state) == seven)
        });
    (id, state)
}

/// The octets up to the first NUL.
pub(super) fn to_nul(octets: &[u8]) -> &[u8] {
    octets.split(|&octet| octet == 0).next().unwrap_or_default()
}
