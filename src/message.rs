//! The one noun that all share: a message, its id, and who it comes from and goes to.

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

/// An account (an ESME that may bind), numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// A carrier, numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierId(pub u16);

/// Carriers that are one account at the same operator: they share ids and receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u16);

/// When an ESME is told that its message is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AckMode {
    /// Once the message is durable with us.
    #[default]
    Stored,
    /// Once a carrier has given its verdict.
    Carrier,
}

/// What an ESME in carrier mode hears when the carrier's verdict does not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnUnknown {
    /// Status 0: the message is held as unknown and never sent again.
    #[default]
    Accept,
    /// ESME_RSYSERR: many ESMEs then send the message again.
    Refuse,
}

/// The digits of a number: a leading `+` or `00` is dropped, as peers write both.
#[inline]
pub fn digits(address: &[u8]) -> &[u8] {
    match address {
        [b'+', rest @ ..] | [b'0', b'0', rest @ ..] => rest,
        _ => address,
    }
}

/// A number as it may appear in a log: four digits, stars, three digits.
pub struct Masked<'a>(pub &'a [u8]);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |f: &mut fmt::Formatter<'_>, octets: &[u8]| {
            octets
                .iter()
                .try_for_each(|octet| write!(f, "{}", octet.escape_ascii()))
        };
        match self.0.len() {
            0 => f.write_str("(none)"),
            1..=7 => f.write_str("****"),
            length => {
                shown(f, &self.0[..4])?;
                f.write_str("****")?;
                shown(f, &self.0[length - 3..])
            }
        }
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

    #[test]
    fn a_logged_number_does_not_give_the_subscriber_away() {
        assert_eq!(Masked(b"447700900123").to_string(), "4477****123");
        assert_eq!(Masked(b"12345").to_string(), "****");
        assert_eq!(
            Masked(b"\r\n\x1b[31mX-12345").to_string().contains('\n'),
            false
        );
    }

    #[test]
    fn prefixes_are_matched_on_digits_alone() {
        assert_eq!(digits(b"+33612345678"), b"33612345678");
        assert_eq!(digits(b"0033612345678"), b"33612345678");
        assert_eq!(digits(b"33612345678"), b"33612345678");
        assert_eq!(digits(b"0612345678"), b"0612345678");
    }
}
