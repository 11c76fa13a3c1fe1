//! How a record lies in a segment: `checksum: u64 | length: u32 | body`, where the body is kind and
//! fields.
//!
//! The checksum covers length and body, and is keyed by the segment's own salt and by the place: a
//! record counts only where it was written, in the segment in which it was written. What a customer
//! puts into a text can therefore never be taken for a record, and neither can what an earlier use
//! of the disk has left behind.

use crate::sabotage::{Fault, sabotaged};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Octets before the body.
pub const OVERHEAD: usize = 12;

/// The longest body: a PDU has 70,000 octets at most, all else is short. What claims more is no
/// record, and is not read.
pub const BODY_MAX: usize = 1 << 20;

/// A group of batches begins with this kind: whatever lies before it in the segment had been synced
/// when it was written.
pub const MARK: u8 = 0;

/// Octets of the mark, all included.
pub const MARK_OCTETS: usize = OVERHEAD + 1;

/// What the checksums of one segment are keyed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    salt: [u64; 2],
}

impl Seal {
    /// The key of the segment that has this salt.
    pub fn new(salt: [u8; 16]) -> Self {
        let whole = u128::from_le_bytes(salt);
        Self {
            salt: [whole as u64, (whole >> 64) as u64],
        }
    }

    fn checksum(self, offset: u32, length_and_body: &[u8]) -> u64 {
        let [first, second] = self.salt;
        // An odd number makes each place another key.
        let place = u64::from(offset).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let covered = match sabotaged(Fault::ChecksumRange) {
            true => &length_and_body[..length_and_body.len() - 1],
            false => length_and_body,
        };
        xxh3_64_with_seed(covered, first ^ second.wrapping_add(place))
    }

    /// Writes the checksum of a frame that is whole but for that.
    pub fn close(self, frame: &mut [u8], offset: u32) {
        let checksum = self.checksum(offset, &frame[8..]);
        frame[..8].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Appends a frame without a checksum yet: where it lies is decided later.
pub fn append(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; OVERHEAD]);
    body(out);
    let length = (out.len() - start - OVERHEAD) as u32;
    out[start + 8..start + OVERHEAD].copy_from_slice(&length.to_le_bytes());
}

/// Octets of the frame that begins here, as it says itself; `None` if that cannot be.
pub fn octets(frame: &[u8]) -> Option<usize> {
    let length = frame.get(8..OVERHEAD)?.first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    (1..=BODY_MAX)
        .contains(&length)
        .then_some(OVERHEAD + length)
}

/// What lies at some place of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies<'a> {
    /// A sound frame: this is its body.
    Body(&'a [u8]),
    /// More octets are needed to judge: so many from its beginning.
    Cut(usize),
    /// No frame.
    Nothing,
}

/// Looks at what begins with these octets, at this offset of the segment.
pub fn read<'a>(frame: &'a [u8], offset: u32, seal: Seal) -> Lies<'a> {
    if frame.len() < OVERHEAD {
        return Lies::Cut(OVERHEAD);
    }
    let Some(octets) = octets(frame) else {
        return Lies::Nothing;
    };
    let (Some(whole), Some(checksum)) = (frame.get(8..octets), frame.first_chunk::<8>()) else {
        return Lies::Cut(octets);
    };
    match seal.checksum(offset, whole) == u64::from_le_bytes(*checksum) {
        true => Lies::Body(&whole[4..]),
        false => Lies::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: fn() -> Seal = || Seal::new(*b"0123456789abcdef");

    fn frame(body: &[u8], offset: u32) -> Vec<u8> {
        let mut out = Vec::new();
        append(&mut out, |out| out.extend_from_slice(body));
        SEAL().close(&mut out, offset);
        out
    }

    #[test]
    fn a_frame_counts_only_where_it_was_written() {
        let written = frame(b"\x01body", 4_000);
        assert_eq!(read(&written, 4_000, SEAL()), Lies::Body(b"\x01body"));
        assert_eq!(read(&written, 4_001, SEAL()), Lies::Nothing);
        let other = Seal::new(*b"0123456789abcdeg");
        assert_eq!(read(&written, 4_000, other), Lies::Nothing);
    }

    #[test]
    fn any_bit_that_has_changed_is_found() {
        let written = frame(b"\x01body", 4_000);
        for bit in 0..written.len() * 8 {
            let mut damaged = written.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(read(&damaged, 4_000, SEAL()), Lies::Body(_)));
        }
    }

    #[test]
    fn a_frame_that_is_not_whole_says_how_much_is_missing() {
        let written = frame(b"\x01body", 64);
        for length in 0..written.len() {
            let needed = if length < OVERHEAD {
                OVERHEAD
            } else {
                written.len()
            };
            assert_eq!(read(&written[..length], 64, SEAL()), Lies::Cut(needed));
        }
        assert_eq!(read(&[0; 64], 64, SEAL()), Lies::Nothing);
        assert_eq!(read(&[255; 64], 64, SEAL()), Lies::Nothing);
    }
}
