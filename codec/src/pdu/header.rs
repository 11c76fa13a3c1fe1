//! The sixteen octets that begin every PDU (SMPP 3.4 §3.2).

use crate::code::{Command, Status};
use bytes::BufMut;

/// Octets of a header.
pub const HEADER_LEN: usize = 16;

/// A PDU header; `length` counts the whole PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// command_length: octets of the whole PDU, these sixteen included.
    pub length: u32,
    /// command_id.
    pub command: Command,
    /// command_status; zero in requests, but whatever stands there is kept.
    pub status: Status,
    /// sequence_number, as it stands on the wire: any 32 bits are echoed unchanged.
    pub sequence: u32,
}

impl Header {
    /// A header of a PDU without a body.
    pub fn bare(command: Command, status: Status, sequence: u32) -> Self {
        Self {
            length: HEADER_LEN as u32,
            command,
            status,
            sequence,
        }
    }

    /// Reads sixteen octets; the length is not judged here.
    pub fn read(octets: &[u8; HEADER_LEN]) -> Self {
        let word = |at: usize| {
            u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
        };
        Self {
            length: word(0),
            command: Command(word(4)),
            status: Status(word(8)),
            sequence: word(12),
        }
    }

    /// The sixteen octets of this header.
    pub fn to_octets(self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        octets[0..4].copy_from_slice(&self.length.to_be_bytes());
        octets[4..8].copy_from_slice(&self.command.0.to_be_bytes());
        octets[8..12].copy_from_slice(&self.status.0.to_be_bytes());
        octets[12..16].copy_from_slice(&self.sequence.to_be_bytes());
        octets
    }

    /// Appends the header to `out`.
    pub fn put(self, out: &mut impl BufMut) {
        out.put_slice(&self.to_octets());
    }
}
