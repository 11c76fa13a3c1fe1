//! What a simulated carrier remembers of messages: for those who ask about them, cancel or replace
//! them.

use std::collections::VecDeque;

use smppgate_codec::code::{MessageState, RegisteredDelivery};
use smppgate_codec::pdu::Address;

/// The latest messages by number, as many as the settings say.
pub(super) struct Memory {
    /// The number of the first that is known.
    first: u64,
    known: VecDeque<Known>,
    most: usize,
}

/// A message that was accepted.
pub(super) struct Known {
    pub source: Party,
    pub destination: Party,
    pub registered: RegisteredDelivery,
    /// Its end, and when it comes, in nanoseconds; `None`: nothing is planned.
    pub end: (MessageState, Option<u64>),
    /// Unix time of its acceptance in seconds.
    pub accepted: u64,
    /// It was cancelled: what was planned does not happen.
    pub is_cancelled: bool,
}

/// An address with octets of its own.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Party {
    ton: u8,
    npi: u8,
    digits: Box<[u8]>,
}

impl Party {
    pub fn new(address: &Address<'_>) -> Self {
        Self {
            ton: address.ton,
            npi: address.npi,
            digits: address.digits.into(),
        }
    }

    pub fn address(&self) -> Address<'_> {
        Address::new(self.ton, self.npi, &self.digits)
    }

    pub fn is(&self, address: &Address<'_>) -> bool {
        *self.digits == *address.digits
    }
}

impl Known {
    /// Its state at this time, in nanoseconds.
    pub fn state(&self, now: u64) -> MessageState {
        match self.end {
            (state, Some(at)) if at <= now => state,
            _ => MessageState::ENROUTE,
        }
    }
}

impl Memory {
    pub fn new(first: u64, most: usize) -> Self {
        Self {
            first,
            known: VecDeque::new(),
            most,
        }
    }

    /// Whether anything is remembered at all.
    pub fn is_kept(&self) -> bool {
        self.most > 0
    }

    /// Notes the message of the next number.
    pub fn note(&mut self, known: Known) {
        if self.known.len() >= self.most {
            self.known.pop_front();
            self.first += 1;
        }
        self.known.push_back(known);
    }

    /// The message of this number.
    pub fn find(&mut self, number: u64) -> Option<&mut Known> {
        let at = number.checked_sub(self.first)?;
        self.known.get_mut(usize::try_from(at).ok()?)
    }

    /// The numbers of all messages between two addresses, oldest first.
    pub fn between(&self, source: &Address<'_>, destination: &Address<'_>) -> Vec<u64> {
        let is_meant = |known: &Known| known.source.is(source) && known.destination.is(destination);
        (self.first..)
            .zip(&self.known)
            .filter(|(_, known)| is_meant(known))
            .map(|(number, _)| number)
            .collect()
    }

    /// Whether what is planned for a message does not happen.
    pub fn is_cancelled(&mut self, number: u64) -> bool {
        self.is_kept() && self.find(number).is_some_and(|known| known.is_cancelled)
    }
}
