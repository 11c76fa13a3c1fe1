//! Our ids of messages, and how they are written.

use std::fmt;
use std::str::FromStr;

/// Our id of an accepted PDU: 63 bits, unique for the life of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

/// How an account wants to see message ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IdForm {
    /// Decimal digits without leading zeros, 19 at most.
    #[default]
    Decimal,
    /// Sixteen lower-case hexadecimal digits.
    Hex,
}

/// A message id as text, without an allocation.
#[derive(Clone, Copy)]
pub struct IdText {
    octets: [u8; IdText::MAX],
    start: u8,
}

impl IdText {
    const MAX: usize = 20;

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[usize::from(self.start)..]
    }
}

impl MessageId {
    /// The id in the form that the account asks for.
    pub fn text(self, form: IdForm) -> IdText {
        let (base, least) = match form {
            IdForm::Decimal => (10, 1),
            IdForm::Hex => (16, 16),
        };
        let mut octets = [b'0'; IdText::MAX];
        let mut rest = self.0;
        let mut at = IdText::MAX;
        while rest != 0 || IdText::MAX - at < least {
            at -= 1;
            octets[at] = b"0123456789abcdef"[(rest % base) as usize];
            rest /= base;
        }
        IdText {
            octets,
            start: at as u8,
        }
    }

    /// The id that an ESME wrote, in the form of its account.
    pub fn parse(text: &[u8], form: IdForm) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        match form {
            IdForm::Decimal => u64::from_str(text).ok(),
            IdForm::Hex => u64::from_str_radix(text, 16).ok(),
        }
        .map(Self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_the_account_asks_and_read_back() {
        for id in [1, 9, 10, 0x7FFF_FFFF_FFFF_FFFF, 917_504_000_000_000_001] {
            let id = MessageId(id);
            let decimal = id.text(IdForm::Decimal);
            assert_eq!(decimal.as_bytes(), id.0.to_string().as_bytes());
            assert_eq!(
                MessageId::parse(decimal.as_bytes(), IdForm::Decimal),
                Some(id)
            );
            let hex = id.text(IdForm::Hex);
            assert_eq!(hex.as_bytes(), format!("{:016x}", id.0).as_bytes());
            assert_eq!(MessageId::parse(hex.as_bytes(), IdForm::Hex), Some(id));
        }
    }
}
