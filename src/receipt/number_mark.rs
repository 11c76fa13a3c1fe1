//! Whether a receipt is about the number that a message went to, in four octets.

use crate::message::digits;

/// A short mark of a number, to tell whether two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NumberMark(u32);

impl NumberMark {
    /// The mark of no number at all.
    pub const NONE: Self = Self(0x811C_9DC5);

    /// The mark of a number; `+` and `00` in front make no difference.
    pub fn of(number: &[u8]) -> Self {
        // FNV-1a: the mark guards against mistaken ids, not against those who would forge one.
        let octets = digits(number).iter();
        Self(octets.fold(0x811C_9DC5, |hash, &octet| {
            (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_written_otherwise_has_the_same_mark() {
        let mark = NumberMark::of(b"447700900123");
        assert_eq!(mark, NumberMark::of(b"+447700900123"));
        assert_eq!(mark, NumberMark::of(b"00447700900123"));
        assert_ne!(mark, NumberMark::of(b"447700900124"));
        assert_eq!(NumberMark::of(b""), NumberMark::NONE);
    }
}
