//! What a carrier means by its statuses and errors, where that is not what everybody means.

use smppgate_codec::code::{Class, Status};
use std::collections::BTreeMap;

/// What a refusal by a carrier asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It is none: the carrier has the message.
    Ok,
    /// The link is to pause; the message may go out again.
    Throttled,
    /// Another carrier may take it.
    Temporary,
    /// Nobody is asked again.
    Permanent,
    /// This carrier has no way to the destination; another one may.
    Route,
}

/// A refusal as the map of its carrier reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status as it came.
    pub status: Status,
    /// The status that its sender is told, where the map names one.
    pub told: Option<Status>,
    /// What it asks of us, where the map says so.
    pub reaction: Option<Reaction>,
}

impl Refusal {
    /// A status that means what everybody means by it.
    pub fn plain(status: Status) -> Self {
        Self {
            status,
            told: None,
            reaction: None,
        }
    }

    /// Whether the link is to pause.
    pub fn throttles(&self) -> bool {
        match self.reaction {
            Some(reaction) => reaction == Reaction::Throttled,
            None => self.status.class() == Class::Throttled,
        }
    }
}

/// What a carrier means by its statuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusMap(BTreeMap<u32, (Option<Status>, Reaction)>);

impl StatusMap {
    /// Says what a status means; false if that was said before.
    pub fn put(&mut self, status: Status, told: Option<Status>, reaction: Reaction) -> bool {
        self.0.insert(status.0, (told, reaction)).is_none()
    }

    /// What a refusal means.
    pub fn read(&self, status: Status) -> Refusal {
        match self.0.get(&status.0) {
            Some((told, reaction)) => Refusal {
                status,
                told: *told,
                reaction: Some(*reaction),
            },
            None => Refusal::plain(status),
        }
    }
}

/// What a carrier means by the errors of its receipts: three digits each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorMap(BTreeMap<Vec<u8>, u16>);

impl ErrorMap {
    /// Says what an error means; false if that was said before.
    pub fn put(&mut self, error: &[u8], ours: u16) -> bool {
        self.0.insert(key(error), ours).is_none()
    }

    /// What an error means, if the map knows it.
    pub fn read(&self, error: &[u8]) -> Option<u16> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&key(error)).copied()
    }

    /// The same for a network_error_code.
    pub fn read_code(&self, code: u16) -> Option<u16> {
        if self.0.is_empty() {
            return None;
        }
        self.read(code.to_string().as_bytes())
    }
}

/// Case and leading zeros make no difference.
fn key(error: &[u8]) -> Vec<u8> {
    let zeros = error.iter().take_while(|octet| **octet == b'0').count();
    let kept = zeros.min(error.len().saturating_sub(1));
    error[kept..].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_the_map_does_not_know_means_what_everybody_means() {
        let mut map = StatusMap::default();
        assert!(map.put(Status(0x45), None, Reaction::Throttled));
        assert!(!map.put(Status(0x45), None, Reaction::Throttled));
        assert!(map.read(Status(0x45)).throttles());
        assert!(map.read(Status::ESME_RTHROTTLED).throttles());
        map.put(Status::ESME_RTHROTTLED, None, Reaction::Permanent);
        assert!(!map.read(Status::ESME_RTHROTTLED).throttles());
        assert_eq!(map.read(Status(7)), Refusal::plain(Status(7)));
    }

    #[test]
    fn errors_are_the_same_in_any_case_and_with_any_zeros() {
        let mut map = ErrorMap::default();
        map.put(b"21B", 21);
        map.put(b"0", 500);
        map.put(b"034", 34);
        assert_eq!(map.read(b"021b"), Some(21));
        assert_eq!(map.read(b"000"), Some(500));
        assert_eq!(map.read_code(34), Some(34));
        assert_eq!(map.read(b"35"), None);
    }
}
