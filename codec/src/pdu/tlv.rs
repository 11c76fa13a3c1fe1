//! Optional parameters: tag, length, value (SMPP 3.4 §3.2.4).

use crate::code::Tag;
use bytes::BufMut;

/// One optional parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its tag; any number.
    pub tag: Tag,
    /// The octets of its value, perhaps none.
    pub value: &'a [u8],
}

/// The optional parameters of a PDU as they lie on the wire.
///
/// The area is read as it is walked. What does not parse ends the walk: peers append stray octets
/// and announce lengths past the end, and the parameters before that are still good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a> {
    octets: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// The parameters that `octets` hold.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The area as it lies on the wire, stray octets included.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether there are no octets at all.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The parameters in wire order.
    pub fn iter(&self) -> TlvIter<'a> {
        TlvIter { rest: self.octets }
    }

    /// The first parameter with this tag: one that is appended later cannot override it.
    pub fn find(&self, tag: Tag) -> Option<&'a [u8]> {
        self.iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value)
    }

    /// The first parameter with this tag read as a number of one to four octets: peers send
    /// integers shorter and longer than the specification has them.
    pub fn number(&self, tag: Tag) -> Option<u32> {
        self.find(tag).and_then(|value| Tlv { tag, value }.number())
    }

    /// The octets that no parameter was made of: empty in a well-formed area.
    pub fn stray(&self) -> &'a [u8] {
        let mut iter = self.iter();
        while iter.next().is_some() {}
        iter.rest
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = Tlv<'a>;
    type IntoIter = TlvIter<'a>;

    fn into_iter(self) -> TlvIter<'a> {
        self.iter()
    }
}

/// Walks the optional parameters of a PDU.
#[derive(Debug, Clone)]
pub struct TlvIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TlvIter<'a> {
    type Item = Tlv<'a>;

    #[inline]
    fn next(&mut self) -> Option<Tlv<'a>> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let tag = Tag(u16::from_be_bytes([head[0], head[1]]));
        let length = u16::from_be_bytes([head[2], head[3]]) as usize;
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Tlv { tag, value })
    }
}

impl<'a> Tlv<'a> {
    /// The value as a number of one to four octets, the highest first.
    pub fn number(&self) -> Option<u32> {
        match self.value.len() {
            1..=4 => Some(
                self.value
                    .iter()
                    .fold(0, |sum, &octet| sum << 8 | u32::from(octet)),
            ),
            _ => None,
        }
    }

    /// The value as a C-octet string: to its first NUL, or whole if there is none.
    pub fn c_octet_string(&self) -> &'a [u8] {
        let end = self.value.iter().position(|&octet| octet == 0);
        &self.value[..end.unwrap_or(self.value.len())]
    }

    /// Appends the parameter; a value of more than 65,535 octets is cut there.
    #[inline]
    pub fn put(&self, out: &mut impl BufMut) {
        let value = &self.value[..self.value.len().min(usize::from(u16::MAX))];
        let [t0, t1] = self.tag.0.to_be_bytes();
        let [l0, l1] = (value.len() as u16).to_be_bytes();
        match *value {
            // Most parameters are integers; they go in one piece.
            [a] => out.put_slice(&[t0, t1, l0, l1, a]),
            [a, b] => out.put_slice(&[t0, t1, l0, l1, a, b]),
            _ => {
                out.put_slice(&[t0, t1, l0, l1]);
                out.put_slice(value);
            }
        }
    }
}
