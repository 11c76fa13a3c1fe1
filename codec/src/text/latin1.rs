//! ISO 8859-1, and ASCII as the half of it.

use std::borrow::Cow;

/// Reads octets as ISO 8859-1.
pub fn decode(octets: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(octets.iter().map(|&octet| char::from(octet)).collect()),
    }
}

/// Writes text as ISO 8859-1; `None` if it has a character that the alphabet has not.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(character).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_is_the_character_of_its_number() {
        let octets: Vec<u8> = (0..=255).collect();
        let text = decode(&octets);
        assert_eq!(
            text.chars().map(u32::from).collect::<Vec<_>>(),
            (0..=255).collect::<Vec<_>>()
        );
        assert_eq!(encode(&text), Some(octets));
        assert_eq!(encode("€"), None);
    }

    #[test]
    fn octets_that_happen_to_be_utf_8_are_not_read_so() {
        assert_eq!(decode("ä".as_bytes()), "Ã¤");
        assert!(matches!(decode(b"hello"), Cow::Borrowed("hello")));
    }
}
