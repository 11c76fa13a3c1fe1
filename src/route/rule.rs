//! A route as an operator writes it: conditions, and what follows when all of them hold.

use std::fmt;
use std::str::FromStr;

use smppgate_codec::code::Status;
use thiserror::Error;

use super::Prefix;
use crate::message::{AccountId, CarrierId, UnknownOutcome, digits};

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name in explanations, metrics and logs.
    pub name: String,
    /// Destinations that it is for; none is any destination.
    pub to: Vec<Prefix>,
    /// The account that it is for; none is any account.
    pub account: Option<AccountId>,
    /// Sources that it is for; none is any source.
    pub from: Vec<Pattern>,
    /// Of the rules whose conditions hold, the one with the highest priority is chosen.
    pub priority: i32,
    /// What becomes of its messages whose outcome is unknown, if it decides that.
    pub unknown_outcome: Option<UnknownOutcome>,
    /// What follows.
    pub action: Action,
}

/// What follows when a rule is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The message goes to the first of these that can take it.
    Via(Vec<Candidate>),
    /// The message is refused with this status.
    Reject(Status),
}

/// A carrier that may take the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The carrier.
    pub carrier: CarrierId,
}

/// An address as it is written, or its first characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// This address alone.
    Exact(Box<[u8]>),
    /// Every address that begins like this; written with a trailing `*`.
    Head(Box<[u8]>),
}

/// Why a text is not a pattern. The texts read after "`…` ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Nothing to compare with.
    #[error("is empty")]
    Empty,
    /// A star that is not at the end, or more than one.
    #[error("has a `*` before its end")]
    StarWithin,
    /// Longer than any address (SMPP 3.4 §5.2.8: 20 octets; a URL in a TLV may be longer).
    #[error("is longer than the {} octets of an address", Pattern::OCTETS_MAX)]
    TooLong,
}

impl Pattern {
    /// Octets of the longest address.
    pub const OCTETS_MAX: usize = 64;

    /// Whether an address is meant. Both sides are compared without a leading `+` or `00`.
    #[inline]
    pub fn matches(&self, address: &[u8]) -> bool {
        let address = digits(address);
        match self {
            Self::Exact(whole) => address == &**whole,
            Self::Head(head) => address.starts_with(head),
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.len() > Self::OCTETS_MAX {
            return Err(PatternError::TooLong);
        }
        let (body, is_head) = match text.strip_suffix('*') {
            Some(head) => (head, true),
            None => (text, false),
        };
        let octets = digits(body.as_bytes());
        if octets.contains(&b'*') {
            return Err(PatternError::StarWithin);
        }
        match (octets, is_head) {
            ([], false) => Err(PatternError::Empty),
            (octets, false) => Ok(Self::Exact(octets.into())),
            (octets, true) => Ok(Self::Head(octets.into())),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(octets) => write!(f, "{}", octets.escape_ascii()),
            Self::Head(octets) => write!(f, "{}*", octets.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_is_meant_whole_or_by_its_head() {
        assert!(pattern("ACME").matches(b"ACME"));
        assert!(!pattern("ACME").matches(b"ACME2"));
        assert!(pattern("ACME*").matches(b"ACME2"));
        assert!(pattern("ACME*").matches(b"ACME"));
        assert!(!pattern("ACME*").matches(b"ACM"));
        assert!(pattern("*").matches(b""));
        assert!(pattern("+3361*").matches(b"00336123"));
    }

    #[test]
    fn a_star_stands_only_at_the_end() {
        assert_eq!("A*B".parse::<Pattern>(), Err(PatternError::StarWithin));
        assert_eq!("A**".parse::<Pattern>(), Err(PatternError::StarWithin));
        assert_eq!("".parse::<Pattern>(), Err(PatternError::Empty));
        assert_eq!(
            "A".repeat(65).parse::<Pattern>(),
            Err(PatternError::TooLong)
        );
        assert_eq!(pattern("AC*").to_string(), "AC*");
    }
}
