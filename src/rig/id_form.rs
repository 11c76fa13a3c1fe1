//! How a simulated carrier writes its message ids.

use super::named::Named;

/// Digits of the longest id that is written: 64 bits in decimal.
const DIGITS_MAX: usize = 20;

/// How a carrier writes its message ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdForm {
    /// Decimal digits.
    #[default]
    Decimal,
    /// Lower-case hexadecimal digits.
    Hex,
    /// Upper-case hexadecimal digits.
    HexUpper,
    /// Twenty decimal digits, zeros in front.
    DecimalPadded,
    /// Sixteen lower-case hexadecimal digits, zeros in front.
    HexPadded,
}

impl Named for IdForm {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("decimal", Self::Decimal),
        ("hex", Self::Hex),
        ("hex-upper", Self::HexUpper),
        ("decimal-padded", Self::DecimalPadded),
        ("hex-padded", Self::HexPadded),
    ];
}

impl IdForm {
    fn base(self) -> u64 {
        match self {
            Self::Decimal | Self::DecimalPadded => 10,
            Self::Hex | Self::HexUpper | Self::HexPadded => 16,
        }
    }

    /// The number that an id stands for.
    pub fn parse(self, id: &[u8]) -> Option<u64> {
        let id = std::str::from_utf8(id).ok()?;
        u64::from_str_radix(id, self.base() as u32).ok()
    }
}

/// A message id as it is written.
pub(super) struct IdText {
    digits: [u8; DIGITS_MAX],
    start: usize,
}

impl IdText {
    pub fn new(mut number: u64, form: IdForm) -> Self {
        let base = form.base();
        let letters = match form {
            IdForm::HexUpper => b"0123456789ABCDEF",
            _ => b"0123456789abcdef",
        };
        let least = match form {
            IdForm::DecimalPadded => 20,
            IdForm::HexPadded => 16,
            IdForm::Decimal | IdForm::Hex | IdForm::HexUpper => 1,
        };
        let (mut digits, mut start) = ([b'0'; DIGITS_MAX], DIGITS_MAX);
        while number > 0 {
            start -= 1;
            digits[start] = letters[(number % base) as usize];
            number /= base;
        }
        Self {
            digits,
            start: start.min(DIGITS_MAX - least),
        }
    }

    pub fn octets(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_as_it_is_written() {
        for &(_, form) in IdForm::NAMES {
            for number in [0, 9, 4_711, u64::MAX] {
                assert_eq!(form.parse(IdText::new(number, form).octets()), Some(number));
            }
        }
        let text = |form| IdText::new(0xABC, form).octets().to_vec();
        assert_eq!(text(IdForm::HexUpper), b"ABC");
        assert_eq!(text(IdForm::HexPadded), b"0000000000000abc");
        assert_eq!(text(IdForm::DecimalPadded), b"00000000000000002748");
    }
}
