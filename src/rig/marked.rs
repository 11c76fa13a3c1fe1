//! A message that can be told from all others: its number in the submit_sm, and found again in the
//! receipt.

use std::io;

use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, MessageState, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Sm, Tlv, Tlvs};
use smppgate_codec::wire::PduWriter;

use super::report::stat;
use super::tally::Strange;

/// Digits of the message number in a destination.
const MARKER_LEN: usize = 9;

/// A submit_sm in which only numbers change.
pub(super) struct Template {
    octets: Vec<u8>,
    destination_at: usize,
    body_at: Option<usize>,
}

impl Template {
    /// A message with `body` octets of text. Destinations are `to` and nine digits.
    pub fn new(length: usize, to: &str, from: &str, receipts: bool) -> io::Result<Self> {
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if to.len() + MARKER_LEN > 20 {
            return wrong("the destination prefix has more than eleven digits");
        }
        if from.len() > 20 {
            return wrong("the source has more than 20 characters");
        }
        if length > 254 {
            return wrong("the body has more than 254 octets");
        }
        let destination = format!("{}{}", to, "0".repeat(MARKER_LEN));
        let marker = format!("{} ", "0".repeat(MARKER_LEN));
        let filler = "The quick brown fox jumps over the lazy dog. ";
        let body: Vec<u8> = marker
            .bytes()
            .chain(filler.bytes().cycle())
            .take(length)
            .collect();
        let mut tlvs = BytesMut::new();
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
            registered_delivery: RegisteredDelivery(u8::from(receipts)),
            short_message: &body,
            tlvs: Tlvs::new(&tlvs),
            ..Sm::default()
        };
        let mut out = BytesMut::new();
        let mut pdu = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 0);
        sm.put(pdu.body());
        drop(pdu);
        Ok(Self {
            destination_at: sm.destination_offset() + 2 + to.len(),
            body_at: (body.len() >= MARKER_LEN).then(|| out.len() - tlvs.len() - body.len()),
            octets: out.to_vec(),
        })
    }

    /// Appends the message of this number.
    #[inline]
    pub fn put(&mut self, out: &mut BytesMut, sequence: u32, number: u64) {
        let mut digits = [b'0'; MARKER_LEN];
        let mut rest = number as u32;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let octets = &mut self.octets;
        octets[12..16].copy_from_slice(&sequence.to_be_bytes());
        octets[self.destination_at..][..MARKER_LEN].copy_from_slice(&digits);
        if let Some(at) = self.body_at {
            octets[at..][..MARKER_LEN].copy_from_slice(&digits);
        }
        let end = octets.len();
        octets[end - 2..].copy_from_slice(&(number as u16).to_be_bytes());
        out.put_slice(octets);
    }
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
        let number = marker(sm.source.digits).ok_or(Strange::ReceiptForNothing)?;
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
                    fits &= tlv.number() == Some((number & 0xFFFF) as u32);
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
fn marker(digits: &[u8]) -> Option<u64> {
    let digits = digits.last_chunk::<MARKER_LEN>()?;
    digits.iter().try_fold(0, |number, octet| {
        octet
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(octet - b'0'))
    })
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
