//! Long user data cut into segments that each fit into a short message of 140 octets on the air.
//!
//! The octets are cut as they are: what was encoded once is not encoded again. A character is
//! never cut: neither an escape and what it escapes, nor a surrogate pair. The places that stay
//! free so are why segments are counted by filling them, not by dividing.

use super::coding::DefaultAlphabet;
use super::ucs2::{is_high_surrogate, is_low_surrogate};
use super::udh::Concat;
use crate::code::{Alphabet, DataCoding, Tag};
use crate::pdu::Tlv;
use bytes::BufMut;
use std::fmt;

/// Octets of user data that go over the air at once (3GPP TS 23.040 §9.2.3.24).
const AIR_OCTETS: usize = 140;

/// How octets count on the air, and where they may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// GSM septets, one an octet here, packed on the air.
    Gsm,
    /// Latin-1 or ASCII that the message centre turns into GSM septets.
    Converted,
    /// UTF-16, two or four octets a character.
    Ucs2,
    /// Octets that go over the air as they are.
    Octet,
}

/// How segments say that they belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// A user data header with a reference of 8 bits: the form that everyone reads.
    Udh8,
    /// A user data header with a reference of 16 bits.
    Udh16,
    /// The optional parameters sar_…; the message centre makes a user data header of them, for
    /// which room is left. References stay below 256, since some keep them in 8 bits.
    Sar,
    /// One PDU with message_payload, which the message centre cuts.
    Payload,
}

/// User data that has been measured and can be walked segment by segment.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a> {
    octets: &'a [u8],
    others: &'a [u8],
    unit: Unit,
    way: Way,
    reference: u16,
    /// Cost that one segment holds.
    capacity: usize,
    total: u8,
}

/// One segment, ready to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its octets, without a header.
    pub octets: &'a [u8],
    /// Which one it is, and of how many.
    pub part: Concat,
    others: &'a [u8],
    way: Way,
}

/// More segments than allowed; the answer is `ESME_RINVMSGLEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySegments {
    /// How many are allowed.
    pub most: u8,
}

impl Unit {
    /// How octets of this data_coding count.
    ///
    /// Latin-1 by name is counted as octets on the air, which fits into any message centre; one
    /// that is known to convert it holds more as [`Unit::Converted`].
    pub fn of(coding: DataCoding, default: DefaultAlphabet) -> Self {
        match (coding.alphabet(), default) {
            (Alphabet::Default, DefaultAlphabet::Gsm) => Self::Gsm,
            (Alphabet::Default | Alphabet::Ascii, _) => Self::Converted,
            (Alphabet::Ucs2, _) => Self::Ucs2,
            (Alphabet::Latin1 | Alphabet::Binary, _) => Self::Octet,
        }
    }

    /// What fits beside a user data header of `header` octets, its length octet included: septets
    /// for the GSM alphabet, else octets.
    pub fn capacity(self, header: usize) -> usize {
        let left = AIR_OCTETS.saturating_sub(header);
        match self {
            Self::Gsm | Self::Converted => left * 8 / 7,
            Self::Ucs2 => left & !1,
            Self::Octet => left,
        }
    }

    /// What the first character of `octets` takes: how many octets, and what it costs.
    #[inline]
    fn step(self, octets: &[u8]) -> (usize, usize) {
        match self {
            Self::Gsm => match octets {
                [super::gsm7::ESCAPE, _, ..] => (2, 2),
                _ => (1, 1),
            },
            Self::Converted => match octets {
                [
                    b'[' | b'\\' | b']' | b'^' | b'{' | b'|' | b'}' | b'~' | 0x0C,
                    ..,
                ] => (1, 2),
                _ => (1, 1),
            },
            Self::Ucs2 => match octets {
                &[a, b, c, d, ..]
                    if is_high_surrogate(u16::from_be_bytes([a, b]))
                        && is_low_surrogate(u16::from_be_bytes([c, d])) =>
                {
                    (4, 4)
                }
                [_, _, ..] => (2, 2),
                _ => (1, 1),
            },
            Self::Octet => (1, 1),
        }
    }

    /// How many octets of the start fit into `capacity`; whole characters only.
    fn fill(self, octets: &[u8], capacity: usize) -> usize {
        if self == Self::Octet {
            return octets.len().min(capacity);
        }
        let (mut at, mut cost) = (0, 0);
        while at < octets.len() {
            let (length, units) = self.step(&octets[at..]);
            cost += units;
            if cost > capacity {
                break;
            }
            at += length;
        }
        at
    }
}

impl<'a> Segments<'a> {
    /// Measures user data without its header.
    ///
    /// `others` are the octets of information elements that every segment has to carry, such as
    /// ports; empty if there are none, and with them [`Way::Sar`] becomes [`Way::Udh8`]. `reference` is what all segments will share. More than
    /// `most` segments are refused.
    pub fn new(
        octets: &'a [u8],
        unit: Unit,
        way: Way,
        others: &'a [u8],
        reference: u16,
        most: u8,
    ) -> Result<Self, TooManySegments> {
        // Parameters and a header must not number the same message (SMPP 3.4 §5.2.12).
        let way = match way {
            Way::Sar if !others.is_empty() => Way::Udh8,
            way => way,
        };
        let header = if others.is_empty() {
            0
        } else {
            1 + others.len()
        };
        let alone = unit.capacity(header);
        let mut segments = Self {
            octets,
            others,
            unit,
            way,
            reference,
            capacity: alone,
            total: 1,
        };
        if way == Way::Payload || unit.fill(octets, alone) == octets.len() {
            return Ok(segments);
        }
        let wide = way == Way::Udh16;
        segments.capacity = unit.capacity(1 + Concat::element_len(wide) + others.len());
        let (mut rest, mut total) = (octets, 0u8);
        while !rest.is_empty() {
            let end = unit.fill(rest, segments.capacity);
            // A header that leaves no room for a character leaves no way to send the text.
            if total == most || end == 0 {
                return Err(TooManySegments { most });
            }
            rest = &rest[end..];
            total += 1;
        }
        segments.total = total;
        Ok(segments)
    }

    /// How many segments there are, 1 to 255.
    pub fn total(&self) -> u8 {
        self.total
    }

    /// The segments in order.
    pub fn iter(&self) -> impl Iterator<Item = Segment<'a>> + use<'a> {
        let Self {
            octets,
            others,
            unit,
            way,
            reference,
            capacity,
            total,
        } = *self;
        let (wide, mut rest) = (way == Way::Udh16, octets);
        (1..=total).map(move |seqnum| {
            let end = if total == 1 {
                rest.len()
            } else {
                unit.fill(rest, capacity)
            };
            let (octets, behind) = rest.split_at(end);
            rest = behind;
            let reference = if wide { reference } else { reference & 0xFF };
            Segment {
                octets,
                part: Concat {
                    reference,
                    wide,
                    total,
                    seqnum,
                },
                others,
                way,
            }
        })
    }
}

impl Segment<'_> {
    /// Whether the user data will begin with a header, so that esm_class must say so.
    pub fn has_udh(&self) -> bool {
        let numbered = self.part.total > 1 && matches!(self.way, Way::Udh8 | Way::Udh16);
        numbered || !self.others.is_empty()
    }

    /// Appends the user data for short_message, or for message_payload with [`Way::Payload`]:
    /// header, if there is one, and text.
    pub fn put_user_data(&self, out: &mut impl BufMut) {
        if self.part.total > 1 && matches!(self.way, Way::Udh8 | Way::Udh16) {
            self.part.put_header(self.others, out);
        } else if !self.others.is_empty() {
            let others = &self.others[..self.others.len().min(255)];
            out.put_u8(others.len() as u8);
            out.put_slice(others);
        }
        out.put_slice(self.octets);
    }

    /// Appends the optional parameters that number the segment; none but with [`Way::Sar`] and
    /// more than one segment.
    pub fn put_tlvs(&self, out: &mut impl BufMut) {
        if self.way != Way::Sar || self.part.total == 1 {
            return;
        }
        let Concat {
            reference,
            total,
            seqnum,
            ..
        } = self.part;
        let reference = reference.to_be_bytes();
        Tlv {
            tag: Tag::SAR_MSG_REF_NUM,
            value: &reference,
        }
        .put(out);
        Tlv {
            tag: Tag::SAR_TOTAL_SEGMENTS,
            value: &[total],
        }
        .put(out);
        Tlv {
            tag: Tag::SAR_SEGMENT_SEQNUM,
            value: &[seqnum],
        }
        .put(out);
    }
}

impl fmt::Display for TooManySegments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message needs more than {} segments", self.most)
    }
}

impl std::error::Error for TooManySegments {}
