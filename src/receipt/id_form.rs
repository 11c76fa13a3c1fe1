//! How a carrier writes its ids: one way in responses, perhaps another in receipts.
//!
//! Where the ways are known, both become the same key before they are compared. Where they are not
//! (`auto`), the id as it stands comes first, and then what it may look like in the other place.

use super::CarrierMessageId;
use smallvec::SmallVec;

/// One way to write an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Written {
    /// Characters that mean nothing.
    #[default]
    Literal,
    /// A number of 64 bits in hexadecimal digits.
    Hex,
    /// A number of 64 bits in decimal digits.
    Decimal,
}

/// How a carrier writes its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdForms {
    /// Nobody has said.
    #[default]
    Auto,
    /// As follows.
    Known {
        /// In responses.
        response: Written,
        /// In receipts.
        receipt: Written,
        /// Upper and lower case are the same.
        fold_case: bool,
        /// Zeros in front make no difference.
        strip_zeros: bool,
    },
}

impl IdForms {
    /// The key of an id in a response.
    pub fn of_response(self, octets: &[u8]) -> Option<CarrierMessageId> {
        match self {
            Self::Auto => CarrierMessageId::new(octets),
            Self::Known { response, .. } => self.key(response, octets),
        }
    }

    /// The key of an id in a receipt.
    pub fn of_receipt(self, octets: &[u8]) -> Option<CarrierMessageId> {
        match self {
            Self::Auto => CarrierMessageId::new(octets),
            Self::Known { receipt, .. } => self.key(receipt, octets),
        }
    }

    /// Whether ids in another form than the literal one are tried.
    pub fn is_auto(self) -> bool {
        self == Self::Auto
    }

    fn key(self, written: Written, octets: &[u8]) -> Option<CarrierMessageId> {
        let id = CarrierMessageId::new(octets)?;
        let number = match written {
            Written::Literal => None,
            Written::Hex => number(id.as_bytes(), 16),
            Written::Decimal => number(id.as_bytes(), 10),
        };
        // What is no number of that form is compared as it stands: some carriers mix both.
        if let Some(number) = number {
            return Some(CarrierMessageId::of_number(number));
        }
        let Self::Known {
            fold_case,
            strip_zeros,
            ..
        } = self
        else {
            return Some(id);
        };
        let mut octets = id.as_bytes();
        if strip_zeros {
            octets = without_zeros(octets);
        }
        match fold_case {
            true => CarrierMessageId::new(&octets.to_ascii_lowercase()),
            false => CarrierMessageId::new(octets),
        }
    }
}

/// What an id may look like in the other place: other case, fewer or more zeros, the other base.
/// The likely ones come first; the id itself is not among them.
pub fn alike(id: &CarrierMessageId) -> SmallVec<[(CarrierMessageId, Likeness); 8]> {
    let octets = id.as_bytes();
    let mut found: SmallVec<[(CarrierMessageId, Likeness); 8]> = SmallVec::new();
    let mut add = |octets: &[u8], likeness| {
        if let Some(other) = CarrierMessageId::new(octets)
            && other != *id
            && !found.iter().any(|(known, _)| *known == other)
        {
            found.push((other, likeness));
        }
    };
    add(&octets.to_ascii_lowercase(), Likeness::Case);
    add(&octets.to_ascii_uppercase(), Likeness::Case);
    if octets.len() > 20 || !octets.iter().all(u8::is_ascii_hexdigit) {
        return found;
    }
    let bare = without_zeros(octets);
    add(bare, Likeness::Zeros);
    for width in [8, 10, 16, 20] {
        add(&padded(bare, width), Likeness::Zeros);
    }
    if let Some(number) = number(octets, 16) {
        let digits = number.to_string();
        add(digits.as_bytes(), Likeness::HexToDecimal);
        add(&padded(digits.as_bytes(), 10), Likeness::HexToDecimal);
    }
    if let Some(number) = number(octets, 10) {
        for digits in [format!("{number:x}"), format!("{number:X}")] {
            add(digits.as_bytes(), Likeness::DecimalToHex);
            add(&padded(digits.as_bytes(), 8), Likeness::DecimalToHex);
            add(&padded(digits.as_bytes(), 16), Likeness::DecimalToHex);
        }
    }
    found
}

/// In what two ids differ that stand for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// In upper and lower case.
    Case,
    /// In zeros in front.
    Zeros,
    /// It is hexadecimal here and decimal in the other place.
    HexToDecimal,
    /// It is decimal here and hexadecimal in the other place.
    DecimalToHex,
}

impl Likeness {
    /// The setting that makes both the same, where the id of a receipt was looked for.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Case => {
                "message_id = { response = \"literal\", receipt = \"literal\", fold_case = true }"
            }
            Self::Zeros => {
                "message_id = { response = \"literal\", receipt = \"literal\", strip_zeros = true }"
            }
            Self::HexToDecimal => "message_id = { response = \"decimal\", receipt = \"hex\" }",
            Self::DecimalToHex => "message_id = { response = \"hex\", receipt = \"decimal\" }",
        }
    }
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == b'0').count();
    &octets[zeros.min(octets.len().saturating_sub(1))..]
}

fn padded(octets: &[u8], width: usize) -> Vec<u8> {
    let mut out = vec![b'0'; width.saturating_sub(octets.len())];
    out.extend_from_slice(octets);
    out
}

/// The number of these digits, if it has 64 bits at most.
fn number(octets: &[u8], base: u32) -> Option<u64> {
    let text = std::str::from_utf8(octets).ok()?;
    let is_digits = octets.iter().all(|octet| char::from(*octet).is_digit(base));
    is_digits
        .then(|| u64::from_str_radix(text, base).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(response: Written, receipt: Written) -> IdForms {
        IdForms::Known {
            response,
            receipt,
            fold_case: false,
            strip_zeros: false,
        }
    }

    fn same(forms: IdForms, response: &str, receipt: &str) -> bool {
        forms.of_response(response.as_bytes()) == forms.of_receipt(receipt.as_bytes())
    }

    #[test]
    fn numbers_in_two_bases_are_one_key() {
        let forms = known(Written::Hex, Written::Decimal);
        for (response, receipt) in [
            ("10C8F40D", "281605133"),
            ("812FC7470000001B", "9308878062554710043"),
            ("39f99dd5", "972660181"),
            ("33E95179", "0870928761"),
            ("33E95179", "870928761"),
        ] {
            assert!(same(forms, response, receipt), "{response} {receipt}");
        }
        assert!(!same(forms, "10", "10"));
        // A number of more than 64 bits, and what is none, stay what they are.
        assert!(same(forms, "a-1", "a-1"));
        assert!(same(forms, "10000000000000000f", "10000000000000000f"));
        assert!(same(known(Written::Decimal, Written::Hex), "26", "1a"));
    }

    #[test]
    fn case_and_zeros_differ_only_if_nobody_says_otherwise() {
        let literal = known(Written::Literal, Written::Literal);
        assert!(!same(literal, "0a1B", "A1b"));
        let loose = IdForms::Known {
            response: Written::Literal,
            receipt: Written::Literal,
            fold_case: true,
            strip_zeros: true,
        };
        assert!(same(loose, "0a1B", "A1b"));
        assert!(same(loose, "0000", "0"));
        assert!(!same(IdForms::Auto, "0a", "0A"));
    }

    #[test]
    fn an_id_is_alike_in_every_way_that_peers_are_known_for() {
        for (receipt, response) in [
            ("281605133", "10C8F40D"),
            ("9308878062554710043", "812FC7470000001B"),
            ("972660181", "39f99dd5"),
            ("0870928761", "33E95179"),
            ("ABCDEF", "abcdef"),
            ("abcdef", "ABCDEF"),
            ("12345", "0000012345"),
            ("0000012345", "12345"),
            ("1a", "26"),
            ("26", "1a"),
            ("26", "0000001A"),
        ] {
            let receipt = CarrierMessageId::new(receipt.as_bytes()).unwrap();
            let response = CarrierMessageId::new(response.as_bytes()).unwrap();
            let found = alike(&receipt);
            assert!(
                found.iter().any(|(id, _)| *id == response),
                "{receipt} {response}"
            );
            assert!(found.iter().all(|(id, _)| *id != receipt));
        }
        let uuid = CarrierMessageId::new(b"6f1c-x").unwrap();
        assert_eq!(alike(&uuid).len(), 1);
    }
}
