//! Mixes of messages: which bodies and destinations there are, and how often each.

use std::str::FromStr;

use smppgate_codec::text::split::Way;

/// A body of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Characters: one octet each in the GSM alphabet, two in UCS-2.
    pub characters: usize,
    /// UCS-2.
    pub is_ucs2: bool,
    /// How what is too long for one message goes. `None`: as it stands in short_message if it fits
    /// there, else in segments with a user data header.
    pub way: Option<Way>,
}

impl Body {
    /// The longest body: what 255 segments hold is more, and no phone shows it.
    pub const CHARACTERS_MAX: usize = 10_000;

    /// A body of the GSM alphabet in one piece.
    pub const fn gsm(characters: usize) -> Self {
        Self {
            characters,
            is_ucs2: false,
            way: None,
        }
    }

    /// Octets of its text.
    pub(super) fn octets(&self) -> usize {
        self.characters * if self.is_ucs2 { 2 } else { 1 }
    }
}

impl FromStr for Body {
    type Err = String;

    /// Reads `160`, `70u` (UCS-2), `400/udh`, `400/sar` or `200u/payload`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (size, way) = match text.split_once('/') {
            Some((size, "udh")) => (size, Some(Way::Udh8)),
            Some((size, "sar")) => (size, Some(Way::Sar)),
            Some((size, "payload")) => (size, Some(Way::Payload)),
            Some(_) => return Err(format!("{text}: the way is udh, sar or payload")),
            None => (text, None),
        };
        let (number, is_ucs2) = match size.strip_suffix('u') {
            Some(number) => (number, true),
            None => (size, false),
        };
        match number.parse() {
            Ok(characters) if characters <= Self::CHARACTERS_MAX => Ok(Self {
                characters,
                is_ucs2,
                way,
            }),
            _ => Err(format!(
                "{text}: not a number of characters up to {}, perhaps with u for UCS-2",
                Self::CHARACTERS_MAX
            )),
        }
    }
}

/// Reads `THING` or `THING:WEIGHT`.
pub fn weighted<T: FromStr<Err = String>>(text: &str) -> Result<(T, u32), String> {
    let (thing, weight) = text.rsplit_once(':').unwrap_or((text, "1"));
    match weight.parse() {
        Ok(weight @ 1..=1_000) => Ok((thing.parse()?, weight)),
        _ => Err(format!("{text}: the weight is 1 to 1000")),
    }
}

/// Whose turn it is.
pub(super) struct Turns {
    prefixes: Vec<u16>,
    bodies: Vec<u16>,
    begun: usize,
}

impl Turns {
    pub fn new<P, B>(prefixes: &[(P, u32)], bodies: &[(B, u32)]) -> Self {
        let prefixes: Vec<_> = prefixes.iter().map(|(_, weight)| *weight).collect();
        let bodies: Vec<_> = bodies.iter().map(|(_, weight)| *weight).collect();
        Self {
            prefixes: turns(&prefixes),
            bodies: turns(&bodies),
            begun: 0,
        }
    }

    /// The places of the prefix and the body of the next message; there has to be one of each.
    #[inline]
    pub fn next(&mut self) -> (usize, usize) {
        let turn = self.begun;
        self.begun = self.begun.wrapping_add(1);
        let prefix = self.prefixes[turn % self.prefixes.len()];
        // The bodies come in turn for each prefix.
        let body = self.bodies[turn / self.prefixes.len() % self.bodies.len()];
        (usize::from(prefix), usize::from(body))
    }
}

/// The order in which places of weighted things come: as evenly as their weights allow.
fn turns(weights: &[u32]) -> Vec<u16> {
    let total: i64 = weights.iter().map(|&weight| i64::from(weight)).sum();
    let mut credit = vec![0i64; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..total {
        for (credit, &weight) in credit.iter_mut().zip(weights) {
            *credit += i64::from(weight);
        }
        // The first of those with the most credit.
        let next = (0..credit.len()).rev().max_by_key(|&place| credit[place]);
        if let Some(place) = next {
            credit[place] -= total;
            turns.push(place as u16);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_kept_and_spread() {
        assert_eq!(turns(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(turns(&[3, 1]), [0, 0, 1, 0]);
        assert_eq!(turns(&[]), [0u16; 0]);
    }

    #[test]
    fn a_body_is_read_from_its_text() {
        assert_eq!("160".parse(), Ok(Body::gsm(160)));
        let long = Body {
            characters: 200,
            is_ucs2: true,
            way: Some(Way::Payload),
        };
        assert_eq!(weighted("200u/payload:3"), Ok((long, 3)));
        for wrong in ["", "u", "x", "160/pdu", "99999"] {
            assert!(wrong.parse::<Body>().is_err(), "{wrong}");
        }
        assert!(weighted::<Body>("160:0").is_err());
    }
}
