//! Hexadecimal digits as people paste them: with blanks, colons, or a 0x in front.

/// What is not hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HexError {
    /// Octets that were read before it.
    pub offset: usize,
    /// The character, or `None` if the last octet lacks its second digit.
    pub found: Option<char>,
}

impl std::fmt::Display for HexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.found {
            Some(found) => write!(f, "{found:?} is not a hexadecimal digit"),
            None => f.write_str("the last octet has one digit only"),
        }
    }
}

/// Reads octets; blanks and colons may stand anywhere, and 0x at the start of a word.
pub fn read(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for word in text.split(|c: char| c.is_whitespace() || c == ':') {
        let digits = word.strip_prefix("0x").or(word.strip_prefix("0X"));
        for character in digits.unwrap_or(word).chars() {
            let Some(digit) = character.to_digit(16) else {
                return Err(HexError {
                    offset: octets.len(),
                    found: Some(character),
                });
            };
            match high.take() {
                None => high = Some(digit as u8),
                Some(high) => octets.push(high << 4 | digit as u8),
            }
        }
    }
    match high {
        None => Ok(octets),
        Some(_) => Err(HexError {
            offset: octets.len(),
            found: None,
        }),
    }
}

/// Lower-case digits without blanks.
pub fn write(octets: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_people_paste_them() {
        for text in [
            "00ff10",
            "00 FF 10",
            "00:ff:10",
            "0x00ff10",
            "0x00 0xff 0X10",
            " 00f f10\n",
        ] {
            assert_eq!(read(text), Ok(vec![0, 0xFF, 0x10]), "{text}");
        }
        assert_eq!(write(&[0, 0xFF, 0x10]), "00ff10");
    }

    #[test]
    fn what_is_no_digit_is_told_with_its_place() {
        let error = |offset, found| Err(HexError { offset, found });
        assert_eq!(read("00fg"), error(1, Some('g')));
        assert_eq!(read("00f"), error(1, None));
        assert_eq!(read("00é0"), error(1, Some('é')));
    }
}
