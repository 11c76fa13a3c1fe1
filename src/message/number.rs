//! Phone numbers: what routing compares and what a log may show.

use std::fmt;

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
    fn a_logged_number_does_not_give_the_subscriber_away() {
        assert_eq!(Masked(b"447700900123").to_string(), "4477****123");
        assert_eq!(Masked(b"12345").to_string(), "****");
        assert!(!Masked(b"\r\n\x1b[31mX-12345").to_string().contains('\n'));
    }

    #[test]
    fn prefixes_are_matched_on_digits_alone() {
        assert_eq!(digits(b"+33612345678"), b"33612345678");
        assert_eq!(digits(b"0033612345678"), b"33612345678");
        assert_eq!(digits(b"33612345678"), b"33612345678");
        assert_eq!(digits(b"0612345678"), b"0612345678");
    }
}
