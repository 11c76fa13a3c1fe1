//! What stands behind the `?` of a request: a few keys with a number or a text each.

use super::answer::Refusal;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The keys and values of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Query<'a> {
    /// Reads what stands behind the `?`; only these keys may be there, each once.
    pub fn read(text: Option<&'a str>, known: &[&str]) -> Result<Self, Refusal> {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let parts = text.unwrap_or_default().split('&');
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if !known.contains(&key) {
                let may = match known {
                    [] => "leave it out".to_owned(),
                    known => format!("there is {}", known.join(" and ")),
                };
                let told = key.escape_debug();
                return Err(Refusal::wrong(format!("{told} is no key here; {may}")));
            }
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(Refusal::wrong(format!(
                    "{key} is there twice; write it once"
                )));
            }
            pairs.push((key, value));
        }
        Ok(Self { pairs })
    }

    /// The two numbers of this key with a dash between them, if it is there: where a portion ended.
    pub fn place(&self, key: &str) -> Result<Option<(u64, u64)>, Refusal> {
        let Some((_, text)) = self.pairs.iter().find(|(other, _)| *other == key) else {
            return Ok(None);
        };
        let parts = text.split_once('-');
        let place = parts.and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)));
        if place.is_none() {
            let told = text.escape_debug();
            return Err(Refusal::wrong(format!(
                "{key} is `{told}`; write what `next` was in the answer before"
            )));
        }
        Ok(place)
    }

    /// The text of this key, if it is there. Octets may be written as `%` and two hexadecimal digits
    /// (RFC 3986 §2.1); a `+` is a plus, as in a number.
    pub fn text(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Some((_, text)) = self.pairs.iter().find(|(other, _)| *other == key) else {
            return Ok(None);
        };
        match decoded(text) {
            Some(decoded) if !decoded.is_empty() => Ok(Some(decoded)),
            _ => {
                let told = text.escape_debug();
                Err(Refusal::wrong(format!(
                    "{key} is `{told}`; write a text, anything but letters and digits as % and two \
                     hexadecimal digits"
                )))
            }
        }
    }

    /// The number of this key, if it is there.
    pub fn number(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Refusal> {
        let Some((_, text)) = self.pairs.iter().find(|(other, _)| *other == key) else {
            return Ok(None);
        };
        let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| is_number && range.contains(number));
        if number.is_none() {
            let (least, most): (&dyn Display, &dyn Display) = (range.start(), range.end());
            let told = text.escape_debug();
            return Err(Refusal::wrong(format!(
                "{key} is `{told}`; write a number from {least} to {most}"
            )));
        }
        Ok(number)
    }
}

/// `None` if it is not written as it has to be.
fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut octets = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        let is_code = code.bytes().all(|octet| octet.is_ascii_hexdigit());
        let octet = u8::from_str_radix(code, 16).ok().filter(|_| is_code)?;
        octets.push(octet);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> Result<Option<u64>, Refusal> {
        Query::read(Some(text), &["limit", "after"])?.number("limit", 1..=100)
    }

    #[test]
    fn a_key_has_a_number_within_its_range() {
        assert_eq!(limit(""), Ok(None));
        assert_eq!(limit("after=7"), Ok(None));
        assert_eq!(limit("limit=7"), Ok(Some(7)));
        assert_eq!(limit("after=1&limit=100&"), Ok(Some(100)));
        for wrong in [
            "limit",
            "limit=",
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=+7",
            "limit=a",
        ] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
        let expected = Refusal::wrong("limit is `0`; write a number from 1 to 100");
        assert_eq!(limit("limit=0"), Err(expected));
    }

    #[test]
    fn a_text_is_taken_as_it_is_meant() {
        let text = |text: &'static str| Query::read(Some(text), &["to"])?.text("to");
        let is = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(text(""), Ok(None));
        assert_eq!(text("to=33612345678"), is("33612345678"));
        assert_eq!(text("to=+33612345678"), is("+33612345678"));
        assert_eq!(text("to=%2B336%31"), is("+3361"));
        assert_eq!(text("to=a%c3%A9"), is("a\u{e9}"));
        for wrong in [
            "to",
            "to=",
            "to=%",
            "to=%2",
            "to=%2x",
            "to=%+2",
            "to=%ff",
            "to=%\u{e9}",
        ] {
            assert!(text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_told_and_so_is_one_that_comes_twice() {
        let expected = Refusal::wrong("limt is no key here; there is limit and after");
        assert_eq!(limit("limt=7"), Err(expected));
        let expected = Refusal::wrong("limit is there twice; write it once");
        assert_eq!(limit("limit=7&limit=8"), Err(expected));
        let expected = Refusal::wrong("limit is no key here; leave it out");
        assert_eq!(Query::read(Some("limit=7"), &[]), Err(expected));
    }
}
