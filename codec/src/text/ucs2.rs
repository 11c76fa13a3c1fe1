//! UCS-2 of SMPP, which is UTF-16 with the high octet first: handsets show emoji, and those need
//! surrogate pairs.

/// Reads octets as UTF-16. A byte order mark is obeyed and dropped, an odd octet at the end is
/// dropped, and half a surrogate pair becomes U+FFFD.
pub fn decode(octets: &[u8]) -> String {
    let (octets, little) = match octets {
        [0xFE, 0xFF, rest @ ..] => (rest, false),
        [0xFF, 0xFE, rest @ ..] => (rest, true),
        _ => (octets, false),
    };
    let units = octets.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        }
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Writes text as UTF-16, the high octet first, without a byte order mark.
pub fn encode(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Units of two octets that the text takes.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Whether a unit is the first half of a surrogate pair: what follows must stay with it.
pub fn is_high_surrogate(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

/// Whether a unit is the second half of a surrogate pair.
pub fn is_low_surrogate(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_octet_comes_first_unless_a_mark_says_otherwise() {
        for octets in [
            &[0x04, 0x36, 0x00, 0x61][..],
            &[0xFE, 0xFF, 0x04, 0x36, 0x00, 0x61],
            &[0xFF, 0xFE, 0x36, 0x04, 0x61, 0x00],
        ] {
            assert_eq!(decode(octets), "жa");
        }
    }

    #[test]
    fn an_odd_octet_is_dropped_and_half_a_pair_replaced() {
        assert_eq!(decode(&[0x00, 0x61, 0x04]), "a");
        assert_eq!(decode(&[0xD8, 0x3D, 0x00, 0x61]), "\u{FFFD}a");
        assert_eq!(decode(&[0xDE, 0x00]), "\u{FFFD}");
        assert_eq!(decode(&[0xD8, 0x3D, 0xDE, 0x00]), "😀");
        assert_eq!(decode(&[]), "");
    }

    #[test]
    fn an_emoji_takes_two_units() {
        assert_eq!(encode("a😀"), [0x00, 0x61, 0xD8, 0x3D, 0xDE, 0x00]);
        assert_eq!((units("a😀"), units("ж"), units("")), (3, 1, 0));
    }
}
