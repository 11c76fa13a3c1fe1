//! What a carrier means by data_coding 0, as far as receipts that repeat the text show it.
//!
//! The same octets are other characters in each alphabet. A carrier that reads them and writes what it
//! has read into its receipts gives its alphabet away; one that copies them does not.

/// Octets of the first text: `@$¤¡` in the GSM alphabet, two that nobody can see and `$@` elsewhere.
pub const MARKS: &[u8] = b"\x00\x02$@";

/// Octets of the second text: `éè` in ISO 8859-1, nothing in ASCII and the GSM alphabet.
pub const ABOVE: &[u8] = b"\xE9\xE8";

/// What follows the octets of either text.
pub const FIRST: &[u8] = b" 1 smppgate probe";
pub const SECOND: &[u8] = b" 2 smppgate probe";

/// What of [`FIRST`] and [`SECOND`] is looked for: some repeat few characters.
const FOUND_LEN: usize = 4;

/// What receipts have shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Gsm,
    Latin1,
    Ascii,
    /// One of the two: nothing above 127 was repeated that could tell them apart.
    Latin1OrAscii,
    /// The octets as they were sent, which have every meaning.
    Octets,
    /// Nothing.
    Nothing,
}

/// Reads the texts that receipts repeat. `is_refused`: the carrier refused octets above 127.
pub fn shown(texts: &[&[u8]], is_refused: bool) -> Shown {
    let before = |what: &[u8]| {
        let found = &what[..FOUND_LEN];
        texts.iter().find_map(|text| {
            let at = text.windows(FOUND_LEN).position(|some| some == found)?;
            Some(&text[..at])
        })
    };
    match before(FIRST) {
        Some(MARKS) => Shown::Octets,
        Some(marks) if marks.starts_with(b"@$") => Shown::Gsm,
        Some(marks) if marks.ends_with(b"$@") => match before(SECOND) {
            Some(ABOVE | b"\xC3\xA9\xC3\xA8" | b"ee") => Shown::Latin1,
            // What an alphabet does not have becomes a question mark; anything else may stand for
            // octets that a receipt does not show, whatever they mean.
            Some(b"??") => Shown::Ascii,
            Some(_) => Shown::Nothing,
            None if is_refused => Shown::Ascii,
            None => Shown::Latin1OrAscii,
        },
        Some(_) | None => Shown::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_gives_the_alphabet_away() {
        let shown = |texts: &[&[u8]]| shown(texts, false);
        assert_eq!(shown(&[b"@$\xA4\xA1 1 smppgate"]), Shown::Gsm);
        assert_eq!(shown(&[b"x", b"@$?? 1 smpp"]), Shown::Gsm);
        assert_eq!(shown(&[b"..$@ 1 smpp", b"\xE9\xE8 2 smpp"]), Shown::Latin1);
        assert_eq!(
            shown(&[b"$@ 1 smpp", "éè 2 smpp".as_bytes()]),
            Shown::Latin1
        );
        assert_eq!(shown(&[b"??$@ 1 smpp", b"?? 2 smpp"]), Shown::Ascii);
        assert_eq!(shown(&[b"$@ 1 smpp"]), Shown::Latin1OrAscii);
        assert_eq!(shown(&[b"..$@ 1 smpp", b".. 2 smpp"]), Shown::Nothing);
        assert_eq!(super::shown(&[b"$@ 1 smpp"], true), Shown::Ascii);
        assert_eq!(shown(&[b"\0\x02$@ 1 smpp"]), Shown::Octets);
        assert_eq!(shown(&[b"Hello", b""]), Shown::Nothing);
    }
}
