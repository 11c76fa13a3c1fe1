//! The GSM 03.38 default alphabet with its extension, a septet an octet as SMPP carries it, and
//! packed as a few message centres want it.

use super::latin1;
use std::borrow::Cow;

/// Goes before a character of the extension.
pub const ESCAPE: u8 = 0x1B;

const CR: u8 = 0x0D;

/// Reads unpacked text.
///
/// An octet above 0x7F cannot be GSM: the peer wrote Latin-1, and the whole is read so. An
/// unknown character of the extension shows the one of the default alphabet in its place, a
/// second escape a space, and an escape at the very end nothing (3GPP TS 23.038 §6.2.1.1).
pub fn decode(octets: &[u8]) -> Cow<'_, str> {
    if octets.iter().all(|&octet| is_itself(octet))
        && let Ok(text) = str::from_utf8(octets)
    {
        return Cow::Borrowed(text);
    }
    if octets.iter().any(|&octet| octet > 0x7F) {
        return latin1::decode(octets);
    }
    let mut text = String::with_capacity(octets.len() + octets.len() / 4);
    let mut rest = octets.iter();
    while let Some(&octet) = rest.next() {
        if octet != ESCAPE {
            text.push(DEFAULT[usize::from(octet)]);
        } else if let Some(&octet) = rest.next() {
            text.push(match octet {
                ESCAPE => ' ',
                _ => extension(octet).unwrap_or(DEFAULT[usize::from(octet)]),
            });
        }
    }
    Cow::Owned(text)
}

/// Writes text, unpacked; `None` if it has a character that the alphabet has not.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        match septet(character)? {
            Septet::Default(octet) => octets.push(octet),
            Septet::Extension(octet) => octets.extend([ESCAPE, octet]),
        }
    }
    Some(octets)
}

/// Septets that a text takes, two for a character of the extension; `None` if it has a character
/// that the alphabet has not.
pub fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|character| match septet(character)? {
            Septet::Default(_) => Some(1),
            Septet::Extension(_) => Some(2),
        })
        .sum()
}

/// Bits to leave empty between a user data header of `header` octets, its length octet included,
/// and packed text: the text begins on a septet boundary.
pub fn fill_bits(header: usize) -> u8 {
    ((7 - header * 8 % 7) % 7) as u8
}

/// Packs septets, the least significant bit first, behind `fill` empty bits (0 to 6).
///
/// Seven bits that are left over are filled with a carriage return: zeros would read as `@`.
pub fn pack(septets: &[u8], fill: u8) -> Vec<u8> {
    let mut octets = Vec::with_capacity((septets.len() * 7 + 7).div_ceil(8));
    let (mut bits, mut count) = (0u16, u32::from(fill.min(6)));
    let mut put = |septet: u8| {
        bits |= u16::from(septet & 0x7F) << count;
        count += 7;
        if count >= 8 {
            octets.push(bits as u8);
            bits >>= 8;
            count -= 8;
        }
        count
    };
    let mut left = u32::from(fill.min(6));
    for &septet in septets {
        left = put(septet);
    }
    if left == 1 {
        put(CR);
    } else if left > 0 {
        octets.push(bits as u8);
    }
    octets
}

/// Unpacks septets behind `fill` empty bits (0 to 6).
///
/// How many septets there are is not said in SMPP. Where the octets end with a whole septet, a
/// last 0 or carriage return is taken for padding and dropped.
pub fn unpack(octets: &[u8], fill: u8) -> Vec<u8> {
    let fill = usize::from(fill.min(6));
    let bits = (octets.len() * 8).saturating_sub(fill);
    let mut septets: Vec<u8> = (0..bits / 7)
        .map(|index| {
            let (at, shift) = ((fill + index * 7) / 8, (fill + index * 7) % 8);
            let next = octets.get(at + 1).copied().unwrap_or(0);
            (u16::from_le_bytes([octets[at], next]) >> shift) as u8 & 0x7F
        })
        .collect();
    if bits.is_multiple_of(7) && matches!(septets.last(), Some(&(0 | CR))) {
        septets.pop();
    }
    septets
}

/// Where a character is found.
enum Septet {
    Default(u8),
    Extension(u8),
}

#[inline]
fn septet(character: char) -> Option<Septet> {
    if let Ok(octet) = u8::try_from(character)
        && is_itself(octet)
    {
        return Some(Septet::Default(octet));
    }
    if let Some(&(octet, _)) = EXTENSION.iter().find(|&&(_, known)| known == character) {
        return Some(Septet::Extension(octet));
    }
    // The escape has a place in the table and is no character.
    let place = DEFAULT
        .iter()
        .position(|&known| known == character && known != '\u{1B}')?;
    Some(Septet::Default(place as u8))
}

fn extension(octet: u8) -> Option<char> {
    EXTENSION
        .iter()
        .find(|&&(known, _)| known == octet)
        .map(|&(_, character)| character)
}

/// Whether the octet means the same character in ASCII.
#[inline]
fn is_itself(octet: u8) -> bool {
    matches!(octet,
        b'\n' | b'\r' | b' '..=b'#' | b'%'..=b'?' | b'A'..=b'Z' | b'a'..=b'z')
}

/// 3GPP TS 23.038 §6.2.1.
#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// 3GPP TS 23.038 §6.2.1.1: what an octet means behind the escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_character_of_the_alphabet_is_written_and_read() {
        let all: String = DEFAULT
            .into_iter()
            .filter(|&character| character != '\u{1B}')
            .chain(EXTENSION.map(|(_, character)| character))
            .collect();
        let octets = encode(&all).unwrap();
        assert_eq!(octets.len(), 127 + 20);
        assert_eq!(septets(&all), Some(147));
        assert_eq!(decode(&octets), all);
    }

    #[test]
    fn characters_that_look_like_members_are_none() {
        for character in ["`", "ç", "\u{1B}", "\t", "ж", "Á", "\u{A0}"] {
            assert_eq!((encode(character), septets(character)), (None, None));
        }
    }

    #[test]
    fn only_octets_that_mean_themselves_are_borrowed() {
        for octet in 0..128 {
            let same = DEFAULT[usize::from(octet)] == char::from(octet) && octet != ESCAPE;
            assert_eq!(is_itself(octet), same, "{octet:#x}");
        }
        assert!(matches!(decode(b"Hello, world?"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_that_mean_nothing_show_something() {
        for (octets, text) in [
            (&b"a\x1B\x65"[..], "a€"),
            (b"a\x1B", "a"),
            (b"a\x1B\x1Bb", "a b"),
            (b"\x1Ba", "a"),
            (b"\x1B\x0D", "\r"),
            (b"\x1B\x00", "@"),
            (b"\x1B\x0A", "\u{0C}"),
            (b"", ""),
        ] {
            assert_eq!(decode(octets), text);
        }
    }

    #[test]
    fn an_octet_above_the_alphabet_makes_it_latin_1() {
        assert_eq!(decode(b"caf\xE9 @$"), "café @$");
    }

    #[test]
    fn septets_are_packed_from_the_least_significant_bit() {
        assert_eq!(pack(b"hello", 0), [0xE8, 0x32, 0x9B, 0xFD, 0x06]);
        assert_eq!(
            pack(b"hellohello", 0),
            [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]
        );
        assert_eq!(unpack(&[0xE8, 0x32, 0x9B, 0xFD, 0x06], 0), b"hello");
        assert_eq!(pack(b"", 0), []);
        assert_eq!(unpack(b"", 6), []);
    }

    #[test]
    fn a_last_septet_that_is_left_over_is_not_an_at_sign() {
        let packed = pack(b"1234567", 0);
        assert_eq!((packed.len(), packed[6] >> 1), (7, CR));
        assert_eq!(unpack(&packed, 0), b"1234567");
        // Some leave the bits at zero.
        let mut zero = packed;
        zero[6] &= 1;
        assert_eq!(unpack(&zero, 0), b"1234567");
        assert_eq!(unpack(&pack(b"12345678", 0), 0), b"12345678");
    }

    #[test]
    fn text_behind_a_header_begins_on_a_septet_boundary() {
        for (header, fill) in [(0, 0), (6, 1), (7, 0), (12, 2), (4, 3), (9, 5)] {
            assert_eq!(fill_bits(header), fill, "{header}");
        }
        assert_eq!(pack(b"hello", 1), [0xD0, 0x65, 0x36, 0xFB, 0x0D]);
        assert_eq!(unpack(&pack(b"hello", 1), 1), b"hello");
        assert_eq!(pack(&[b'a'; 153], fill_bits(6)).len(), 134);
        assert_eq!(pack(&[b'a'; 152], fill_bits(7)).len(), 133);
        assert_eq!(pack(&[b'a'; 160], 0).len(), 140);
    }

    proptest! {
        #[test]
        fn text_of_the_alphabet_reads_as_it_was_written(
            text in proptest::collection::vec(
                proptest::sample::select("@£$é\n\rΔ_ÆÉ 09¡AZÄ§¿azà\u{0C}^{}\\[~]|€".chars().collect::<Vec<_>>()),
                0..200,
            ),
        ) {
            let text: String = text.into_iter().collect();
            let octets = encode(&text).unwrap();
            prop_assert_eq!(Some(octets.len()), septets(&text));
            prop_assert_eq!(decode(&octets), text);
        }

        #[test]
        fn packed_septets_unpack_the_same(
            septets in proptest::collection::vec(0x20u8..0x80, 0..200),
            fill in 0u8..7,
        ) {
            prop_assert_eq!(unpack(&pack(&septets, fill), fill), septets);
        }

        #[test]
        fn no_octets_break_the_reading(octets in proptest::collection::vec(any::<u8>(), 0..200), fill: u8) {
            decode(&octets);
            decode(&unpack(&octets, fill));
        }
    }
}
