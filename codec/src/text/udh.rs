//! The user data header (3GPP TS 23.040 §9.2.3.24): a length octet, then information elements of
//! identifier, length and data. It is there if esm_class says so.

use bytes::BufMut;
use std::fmt;

/// Concatenation with a reference of 8 bits.
pub const CONCAT_8: u8 = 0x00;
/// Ports of 8 bits.
pub const PORTS_8: u8 = 0x04;
/// Ports of 16 bits.
pub const PORTS_16: u8 = 0x05;
/// Concatenation with a reference of 16 bits.
pub const CONCAT_16: u8 = 0x08;
/// The extension of a national language.
pub const SINGLE_SHIFT: u8 = 0x24;
/// The alphabet of a national language.
pub const LOCKING_SHIFT: u8 = 0x25;

/// A user data header as it lies in the user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Udh<'a> {
    elements: &'a [u8],
}

/// One information element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its identifier.
    pub id: u8,
    /// The octets of its data.
    pub data: &'a [u8],
}

/// Which segment of which message this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concat {
    /// The same in all segments of a message.
    pub reference: u16,
    /// Whether the reference has 16 bits. The two kinds number apart.
    pub wide: bool,
    /// Segments of the message, 1 or more.
    pub total: u8,
    /// Which one this is, 1 to `total`.
    pub seqnum: u8,
}

/// Ports of an application on the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Where it goes to.
    pub destination: u16,
    /// Where it comes from.
    pub source: u16,
}

/// A header that is longer than the user data; esm_class promised one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdhError {
    /// Octets that the header announces, its length octet included.
    pub announced: usize,
    /// Octets that there are.
    pub left: usize,
}

/// Takes the header off user data whose esm_class says that there is one; the rest is text.
pub fn read(user_data: &[u8]) -> Result<(Udh<'_>, &[u8]), UdhError> {
    let announced = user_data
        .first()
        .map_or(1, |&length| 1 + usize::from(length));
    let left = user_data.len();
    let error = UdhError { announced, left };
    let (header, text) = user_data.split_at_checked(announced).ok_or(error)?;
    Ok((
        Udh {
            elements: &header[1..],
        },
        text,
    ))
}

impl<'a> Udh<'a> {
    /// The elements in order. One that runs past the header ends the walk; those before it count.
    pub fn iter(&self) -> Elements<'a> {
        Elements {
            rest: self.elements,
        }
    }

    /// Octets of the header, its length octet included.
    pub fn octets_len(&self) -> usize {
        1 + self.elements.len()
    }

    /// Whether the elements fill the header to the last octet.
    pub fn is_well_formed(&self) -> bool {
        let mut elements = self.iter();
        while elements.next().is_some() {}
        elements.rest.is_empty()
    }

    /// Which segment this is: the last such element, leaving out those that cannot be.
    pub fn concat(&self) -> Option<Concat> {
        self.iter()
            .filter_map(|element| Concat::of(&element))
            .last()
    }

    /// Whether an element numbers segments as they cannot be: none in all, or one beyond them.
    pub fn has_impossible_concat(&self) -> bool {
        self.iter().any(|element| {
            let has_numbers = matches!(
                (element.id, element.data.len()),
                (CONCAT_8, 3) | (CONCAT_16, 4)
            );
            has_numbers && Concat::of(&element).is_none()
        })
    }

    /// The ports: the last such element that is whole.
    pub fn ports(&self) -> Option<Ports> {
        let ports = |element: Element<'_>| match (element.id, element.data) {
            (PORTS_8, &[destination, source]) => Some(Ports {
                destination: destination.into(),
                source: source.into(),
            }),
            (PORTS_16, &[a, b, c, d]) => Some(Ports {
                destination: u16::from_be_bytes([a, b]),
                source: u16::from_be_bytes([c, d]),
            }),
            _ => None,
        };
        self.iter().filter_map(ports).last()
    }

    /// The octets of all elements but those that number segments, to go into every segment when
    /// a message is cut anew.
    pub fn without_concat(&self) -> Vec<u8> {
        let mut others = Vec::with_capacity(self.elements.len());
        for element in self.iter() {
            if element.id != CONCAT_8 && element.id != CONCAT_16 {
                element.put(&mut others);
            }
        }
        others
    }
}

/// Walks the elements of a header.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&[id, length], rest) = self.rest.split_first_chunk::<2>()?;
        let (data, rest) = rest.split_at_checked(usize::from(length))?;
        self.rest = rest;
        Some(Element { id, data })
    }
}

impl Element<'_> {
    /// Appends the element; data of more than 255 octets is cut there.
    pub fn put(&self, out: &mut impl BufMut) {
        let data = &self.data[..self.data.len().min(255)];
        out.put_slice(&[self.id, data.len() as u8]);
        out.put_slice(data);
    }
}

impl Concat {
    /// Octets of the element with its identifier and length.
    pub fn element_len(wide: bool) -> usize {
        if wide { 6 } else { 5 }
    }

    /// Reads one element; `None` if it is another, or numbers that cannot be.
    fn of(element: &Element<'_>) -> Option<Self> {
        let (reference, wide, total, seqnum) = match (element.id, element.data) {
            (CONCAT_8, &[reference, total, seqnum]) => (reference.into(), false, total, seqnum),
            (CONCAT_16, &[high, low, total, seqnum]) => {
                (u16::from_be_bytes([high, low]), true, total, seqnum)
            }
            _ => return None,
        };
        (1..=total).contains(&seqnum).then_some(Self {
            reference,
            wide,
            total,
            seqnum,
        })
    }

    /// Appends a header with this element first and the octets of `others` behind it; of a
    /// reference that is not wide the low octet is written. Elements beyond 255 octets in all,
    /// which no header can hold, are left out.
    pub fn put_header(&self, others: &[u8], out: &mut impl BufMut) {
        let own = Self::element_len(self.wide);
        let others = if own + others.len() > 255 {
            &[]
        } else {
            others
        };
        let [high, low] = self.reference.to_be_bytes();
        out.put_u8((own + others.len()) as u8);
        if self.wide {
            out.put_slice(&[CONCAT_16, 4, high, low, self.total, self.seqnum]);
        } else {
            out.put_slice(&[CONCAT_8, 3, low, self.total, self.seqnum]);
        }
        out.put_slice(others);
    }
}

impl fmt::Display for UdhError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { announced, left } = self;
        write!(
            f,
            "the user data header announces {announced} octets where {left} are left"
        )
    }
}

impl std::error::Error for UdhError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn concat(user_data: &[u8]) -> Option<(u16, bool, u8, u8)> {
        let (udh, _) = read(user_data).unwrap();
        udh.concat()
            .map(|part| (part.reference, part.wide, part.total, part.seqnum))
    }

    #[test]
    fn segments_are_numbered_in_8_and_16_bits() {
        assert_eq!(
            concat(b"\x05\x00\x03\xA5\x02\x01first"),
            Some((0xA5, false, 2, 1))
        );
        assert_eq!(
            concat(b"\x06\x08\x04\x12\x34\x03\x03"),
            Some((0x1234, true, 3, 3))
        );
        let (udh, text) = read(b"\x05\x00\x03\xA5\x02\x01first").unwrap();
        assert_eq!((udh.octets_len(), text), (6, &b"first"[..]));
    }

    #[test]
    fn numbers_that_cannot_be_are_ignored_and_the_last_good_ones_count() {
        assert_eq!(concat(b"\x05\x00\x03\xA5\x00\x01"), None);
        assert_eq!(concat(b"\x05\x00\x03\xA5\x02\x00"), None);
        assert_eq!(concat(b"\x05\x00\x03\xA5\x02\x03"), None);
        assert_eq!(concat(b"\x04\x00\x02\xA5\x02"), None);
        let twice = b"\x0A\x00\x03\x01\x02\x01\x00\x03\x02\x02\x02";
        assert_eq!(concat(twice), Some((2, false, 2, 2)));
        let last_is_bad = b"\x0B\x08\x04\x00\x01\x02\x01\x00\x03\x02\x02\x09";
        assert_eq!(concat(last_is_bad), Some((1, true, 2, 1)));
    }

    #[test]
    fn what_comes_before_a_broken_element_counts() {
        let (udh, text) = read(b"\x07\x00\x03\xA5\x02\x01\x24\x09text").unwrap();
        assert!(!udh.is_well_formed());
        assert_eq!((udh.concat().is_some(), text), (true, &b"text"[..]));
        assert_eq!(udh.iter().count(), 1);
    }

    #[test]
    fn an_empty_header_is_one_and_a_missing_one_is_not() {
        let (udh, text) = read(b"\x00text").unwrap();
        assert_eq!(
            (udh.iter().count(), udh.is_well_formed(), text),
            (0, true, &b"text"[..])
        );
        assert_eq!(
            read(b""),
            Err(UdhError {
                announced: 1,
                left: 0
            })
        );
        assert_eq!(
            read(b"\x7F\x00\x03"),
            Err(UdhError {
                announced: 128,
                left: 3
            })
        );
    }

    #[test]
    fn ports_are_those_of_wap_push() {
        let (udh, _) = read(b"\x06\x05\x04\x0B\x84\x23\xF0").unwrap();
        assert_eq!(
            udh.ports(),
            Some(Ports {
                destination: 2948,
                source: 9200
            })
        );
        let (udh, _) = read(b"\x04\x04\x02\x10\x20").unwrap();
        assert_eq!(
            udh.ports(),
            Some(Ports {
                destination: 16,
                source: 32
            })
        );
        assert_eq!(udh.concat(), None);
    }

    #[test]
    fn a_header_keeps_its_other_elements_when_segments_are_numbered_anew() {
        let (udh, _) = read(b"\x0B\x00\x03\x01\x02\x01\x05\x04\x0B\x84\x23\xF0").unwrap();
        let others = udh.without_concat();
        let part = Concat {
            reference: 0x1234,
            wide: true,
            total: 5,
            seqnum: 4,
        };
        let mut header = Vec::new();
        part.put_header(&others, &mut header);
        assert_eq!(
            header,
            b"\x0C\x08\x04\x12\x34\x05\x04\x05\x04\x0B\x84\x23\xF0"
        );
        let (udh, text) = read(&header).unwrap();
        assert_eq!(
            (udh.concat(), udh.ports().is_some(), text),
            (Some(part), true, &b""[..])
        );
        assert_eq!(udh.octets_len(), 13);
    }

    proptest! {
        #[test]
        fn no_octets_break_the_reading(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((udh, text)) = read(&octets) {
                prop_assert_eq!(udh.octets_len() + text.len(), octets.len());
                let mut header = Vec::new();
                let part = Concat { reference: 7, wide: false, total: 1, seqnum: 1 };
                part.put_header(&udh.without_concat(), &mut header);
                let (again, _) = read(&header).unwrap();
                prop_assert_eq!(again.concat(), Some(part));
                let _ = (udh.concat(), udh.ports(), udh.is_well_formed());
            }
        }
    }
}
