//! The carrier's own id of a message, as it came in the response.

use smallvec::SmallVec;
use std::fmt;

/// Octets that are kept inline: decimal and hexadecimal ids fit, only UUIDs do not.
const INLINE: usize = 24;

/// A carrier's message id: 64 octets at most by the specification, 255 are taken.
///
/// Blanks and NULs around it are dropped; it is otherwise compared as it stands.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierMessageId(SmallVec<[u8; INLINE]>);

impl CarrierMessageId {
    /// The id of these octets; `None` if nothing is left of them: such an id matches nothing.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let trimmed = trim(octets);
        let trimmed = &trimmed[..trimmed.len().min(255)];
        (!trimmed.is_empty()).then(|| Self(SmallVec::from_slice(trimmed)))
    }

    /// The decimal digits of a number.
    pub fn of_number(number: u64) -> Self {
        let mut digits = SmallVec::new();
        let mut rest = number;
        loop {
            digits.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        digits.reverse();
        Self(digits)
    }

    /// Its octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn trim(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && matches!(first, b' ' | 0)
    {
        octets = rest;
    }
    while let [rest @ .., last] = octets
        && matches!(last, b' ' | 0)
    {
        octets = rest;
    }
    octets
}

impl fmt::Debug for CarrierMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CarrierMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}
