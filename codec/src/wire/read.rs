//! nom parsers for the basic types (SMPP 3.4 §3.1), over the octets of one framed PDU.
//!
//! Everything here is complete: the frame is whole, so "not enough yet" does not exist and what
//! is missing is an error of the sender. Parsers report how many octets were left at the fault;
//! [`Fault::at`] turns that into an offset.

use super::error::{DecodeError, Flaw};
use nom::{Err, IResult};

/// A fault while parsing, told by what was left of the PDU.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    left: u32,
    field: &'static str,
    flaw: Flaw,
}

/// What a parser of this module returns.
pub type Read<'a, T> = IResult<&'a [u8], T, Fault>;

impl Fault {
    /// A failure at `input` in `field`.
    #[cold]
    pub fn failure(input: &[u8], field: &'static str, flaw: Flaw) -> Err<Self> {
        Err::Failure(Self {
            left: input.len() as u32,
            field,
            flaw,
        })
    }

    /// The error with its offset in a PDU of `length` octets.
    #[cold]
    pub fn at(error: Err<Self>, length: usize) -> DecodeError {
        match error {
            Err::Error(fault) | Err::Failure(fault) => DecodeError {
                offset: length as u32 - fault.left,
                field: fault.field,
                flaw: fault.flaw,
            },
            Err::Incomplete(_) => DecodeError {
                offset: length as u32,
                field: "body",
                flaw: Flaw::Truncated,
            },
        }
    }
}

/// One octet.
#[inline]
pub fn u8(field: &'static str) -> impl Fn(&[u8]) -> Read<'_, u8> {
    move |input| match input.split_first() {
        Some((&value, rest)) => Ok((rest, value)),
        None => Err(Fault::failure(input, field, Flaw::Truncated)),
    }
}

/// N octets in one step, for the runs of integers between two strings.
#[inline]
pub fn array<const N: usize>(field: &'static str) -> impl Fn(&[u8]) -> Read<'_, &[u8; N]> {
    move |input| match input.split_first_chunk::<N>() {
        Some((value, rest)) => Ok((rest, value)),
        None => Err(Fault::failure(input, field, Flaw::Truncated)),
    }
}

/// As many octets as announced.
#[inline]
pub fn octets(field: &'static str, announced: usize) -> impl Fn(&[u8]) -> Read<'_, &[u8]> {
    move |input| match input.split_at_checked(announced) {
        Some((value, rest)) => Ok((rest, value)),
        None => {
            let (announced, left) = (announced as u32, input.len() as u32);
            Err(Fault::failure(
                input,
                field,
                Flaw::Overrun { announced, left },
            ))
        }
    }
}

/// A C-octet string of at most `max` octets, its NUL included; the value comes without it.
#[inline]
pub fn c_octet_string(field: &'static str, max: usize) -> impl Fn(&[u8]) -> Read<'_, &[u8]> {
    move |input| match nul(input, max) {
        Some(end) => Ok((&input[end + 1..], &input[..end])),
        None => Err(unterminated(input, field, max)),
    }
}

/// The last C-octet string of a response: where the PDU ends, the NUL may be missing.
///
/// An octet string of less than `max` octets without any NUL is taken whole, an absent one is empty.
#[inline]
pub fn last_string(field: &'static str, max: usize) -> impl Fn(&[u8]) -> Read<'_, &[u8]> {
    move |input| match nul(input, max) {
        Some(end) => Ok((&input[end + 1..], &input[..end])),
        None if input.len() < max => Ok((&input[input.len()..], input)),
        None => Err(unterminated(input, field, max)),
    }
}

#[cold]
fn unterminated(input: &[u8], field: &'static str, max: usize) -> Err<Fault> {
    let flaw = match nul(input, input.len()) {
        Some(_) => Flaw::TooLong { max: max as u16 },
        None => Flaw::NoNul,
    };
    Fault::failure(input, field, flaw)
}

/// Where the first NUL is, if it is among the first `max` octets.
///
/// Eight octets a step: addresses and ids are short, and a call to a vectorised search costs more
/// than it saves on them. A step may look past `max`, where the rest of the PDU lies.
#[inline]
pub fn nul(octets: &[u8], max: usize) -> Option<usize> {
    let mut rest = octets;
    let mut at = 0;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        if let Some(found) = nul_in(*chunk) {
            let end = at + found;
            return (end < max).then_some(end);
        }
        at += 8;
        if at >= max {
            return None;
        }
        rest = behind;
    }
    let end = at + rest.iter().position(|&octet| octet == 0)?;
    (end < max).then_some(end)
}

/// Where the first NUL is among eight octets.
#[inline]
pub fn nul_in(octets: [u8; 8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(octets);
    let zeros = word.wrapping_sub(LOW) & !word & HIGH;
    (zeros != 0).then(|| (zeros.trailing_zeros() / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_octet_string_ends_at_its_first_nul_wherever_that_lies() {
        for length in 0..40 {
            let mut octets = vec![b'x'; length];
            octets.push(0);
            octets.extend_from_slice(b"rest\0");
            let (rest, value) = c_octet_string("source_addr", 65)(&octets).unwrap();
            assert_eq!((value.len(), rest), (length, &b"rest\0"[..]));
        }
    }

    #[test]
    fn a_string_that_is_too_long_differs_from_one_that_never_ends() {
        let flaw = |octets: &[u8]| match c_octet_string("service_type", 6)(octets) {
            Err(error) => Fault::at(error, octets.len()).flaw,
            Ok(_) => panic!("accepted"),
        };
        assert_eq!(flaw(b"123456\0"), Flaw::TooLong { max: 6 });
        assert_eq!(flaw(b"1234567890"), Flaw::NoNul);
        assert_eq!(flaw(b""), Flaw::NoNul);
    }

    #[test]
    fn the_last_string_of_a_response_may_lack_its_nul() {
        let read = |octets: &'static [u8]| last_string("message_id", 5)(octets).ok();
        assert_eq!(read(b"abcd\0xy"), Some((&b"xy"[..], &b"abcd"[..])));
        assert_eq!(read(b"abcd"), Some((&b""[..], &b"abcd"[..])));
        assert_eq!(read(b""), Some((&b""[..], &b""[..])));
        assert_eq!(read(b"abcde"), None);
        assert_eq!(read(b"abcde\0"), None);
    }
}
