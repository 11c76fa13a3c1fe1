//! Which alphabet a data_coding means, in both directions.

use super::{gsm7, latin1, ucs2};
use crate::code::{Alphabet, DataCoding};
use std::borrow::Cow;

/// What a peer means by data_coding 0, the default alphabet of its message centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DefaultAlphabet {
    /// GSM 03.38, a septet an octet.
    #[default]
    Gsm,
    /// ISO 8859-1.
    Latin1,
    /// ASCII; what is above it is read as ISO 8859-1.
    Ascii,
}

/// A text and the data_coding that it is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The data_coding: 0 or 8.
    pub coding: DataCoding,
    /// The octets.
    pub octets: Vec<u8>,
}

/// Reads user data, without its header, as text; `None` if it is not text or in an alphabet that
/// is only carried.
pub fn decode(coding: DataCoding, default: DefaultAlphabet, octets: &[u8]) -> Option<Cow<'_, str>> {
    match coding.alphabet() {
        Alphabet::Default if default == DefaultAlphabet::Gsm => Some(gsm7::decode(octets)),
        Alphabet::Default | Alphabet::Ascii | Alphabet::Latin1 => Some(latin1::decode(octets)),
        Alphabet::Ucs2 => Some(Cow::Owned(ucs2::decode(octets))),
        Alphabet::Binary => None,
    }
}

/// Writes a text in the GSM alphabet if that has all of its characters, else in UCS-2.
pub fn encode_auto(text: &str) -> Encoded {
    match gsm7::encode(text) {
        Some(octets) => Encoded {
            coding: DataCoding(0),
            octets,
        },
        None => Encoded {
            coding: DataCoding::UCS2,
            octets: ucs2::encode(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_coding_0_means_what_the_peer_means() {
        let zero = |default, octets| decode(DataCoding(0), default, octets).unwrap().into_owned();
        assert_eq!(zero(DefaultAlphabet::Gsm, b"\x00$"), "@¤");
        assert_eq!(zero(DefaultAlphabet::Latin1, b"\xE4@"), "ä@");
        assert_eq!(zero(DefaultAlphabet::Ascii, b"[@]"), "[@]");
    }

    #[test]
    fn codings_with_a_message_class_are_read_by_their_alphabet() {
        let gsm = |coding| decode(DataCoding(coding), DefaultAlphabet::Gsm, b"\x00\x41");
        for coding in [0x00, 0x10, 0x11, 0xC8, 0xD0, 0xF0, 0xF1] {
            assert_eq!(gsm(coding).as_deref(), Some("@A"), "{coding:#x}");
        }
        for coding in [0x08, 0x18, 0xE0] {
            assert_eq!(gsm(coding).as_deref(), Some("A"), "{coding:#x}");
        }
        for coding in [0x02, 0x04, 0x05, 0x14, 0xF5, 0xF6] {
            assert_eq!(gsm(coding), None, "{coding:#x}");
        }
    }

    #[test]
    fn the_alphabet_that_has_all_characters_is_chosen() {
        for (text, coding) in [
            ("", 0),
            ("Grüße, 5 € [Ω]\u{0C}", 0),
            ("garçon", 8),
            ("`", 8),
            ("ж", 8),
            ("😀", 8),
        ] {
            let encoded = encode_auto(text);
            assert_eq!(encoded.coding, DataCoding(coding), "{text}");
            let read = decode(encoded.coding, DefaultAlphabet::Gsm, &encoded.octets);
            assert_eq!(read.as_deref(), Some(text));
        }
    }
}
