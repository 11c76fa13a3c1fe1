//! Where one PDU ends and the next begins.
//!
//! The first four octets decide: a length that cannot be is refused before anything is stored,
//! and no memory is ever set aside because a length field asks for it.

use crate::code::Status;
use crate::pdu::{HEADER_LEN, Header, Pdu};
use crate::wire::{DecodeError, Fault, Read};
use bytes::Bytes;
use std::fmt;

/// Longest PDU that is accepted unless a setting says otherwise: a message_payload of 65,535
/// octets and every other field at its longest.
pub const LENGTH_MAX: u32 = 70_000;

/// Longest PDU that is accepted before a bind: no bind exceeds 98 octets by the specification,
/// and peers send longer passwords than it allows.
pub const LENGTH_MAX_UNBOUND: u32 = 1_024;

/// One whole PDU where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    /// All of its octets, header included.
    pub octets: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The octets behind the header.
    pub fn body(&self) -> &'a [u8] {
        &self.octets[HEADER_LEN..]
    }

    /// The body read by `parser`; octets that it leaves are ignored.
    #[inline]
    pub(crate) fn read<T>(
        &self,
        parser: impl Fn(&'a [u8]) -> Read<'a, T>,
    ) -> Result<T, DecodeError> {
        match parser(self.body()) {
            Ok((_, value)) => Ok(value),
            Err(error) => Err(Fault::at(error, self.octets.len())),
        }
    }

    /// The body of a response: one that tells an error may have any body or none, its status is
    /// what counts.
    #[inline]
    pub(crate) fn read_response<T: Default>(
        &self,
        parser: impl Fn(&'a [u8]) -> Read<'a, T>,
    ) -> Result<T, DecodeError> {
        match self.read(parser) {
            Err(_) if !self.header.status.is_ok() => Ok(T::default()),
            read => read,
        }
    }
}

/// One whole PDU that owns its octets, to be kept or sent to another task.
///
/// Octets are counted, not copied, when it is cloned. It keeps the whole buffer alive that it was
/// read into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFrame {
    header: Header,
    octets: Bytes,
}

impl OwnedFrame {
    /// The PDU that `octets` hold; `None` unless they are exactly one.
    pub fn new(octets: Bytes) -> Option<Self> {
        let header = Header::read(octets.first_chunk()?);
        (header.length as usize == octets.len()).then_some(Self { header, octets })
    }

    /// Its header.
    pub fn header(&self) -> Header {
        self.header
    }

    /// All of its octets, header included.
    pub fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// The same PDU, borrowed.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            header: self.header,
            octets: &self.octets,
        }
    }

    /// Its fields.
    pub fn pdu(&self) -> Result<Pdu<'_>, DecodeError> {
        Pdu::decode(&self.frame())
    }
}

/// A length that no PDU can have: framing is lost, and with it the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameError {
    /// The length that was announced.
    pub announced: u32,
    /// The longest that was allowed.
    pub limit: u32,
    /// The sequence number to answer with: that of the header if the length alone was too great,
    /// 0 if the octets behind it cannot be trusted.
    pub sequence: u32,
}

impl FrameError {
    /// The generic_nack that tells the peer before the connection is closed.
    pub fn nack(&self) -> Header {
        Header::bare(
            crate::code::Command::GENERIC_NACK,
            Status::ESME_RINVCMDLEN,
            self.sequence,
        )
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "command_length {} is outside of {HEADER_LEN} to {}",
            self.announced, self.limit
        )
    }
}

impl std::error::Error for FrameError {}

/// The first whole PDU of `buffer`, `None` while more octets are needed.
///
/// A length below 16 or above `limit` is an error as soon as its four octets are there.
#[inline]
pub fn next(buffer: &[u8], limit: u32) -> Result<Option<Frame<'_>>, FrameError> {
    let Some(prefix) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let announced = u32::from_be_bytes(*prefix);
    if announced < HEADER_LEN as u32 || announced > limit {
        return Err(lost(buffer, announced, limit));
    }
    let Some(octets) = buffer.get(..announced as usize) else {
        return Ok(None);
    };
    let Some(head) = octets.first_chunk::<HEADER_LEN>() else {
        return Ok(None);
    };
    Ok(Some(Frame {
        header: Header::read(head),
        octets,
    }))
}

#[cold]
fn lost(buffer: &[u8], announced: u32, limit: u32) -> FrameError {
    // Only a header of a command that exists is worth believing: the octets of an HTTP request
    // would otherwise be answered with a number made of its text.
    let sequence = match buffer.first_chunk::<HEADER_LEN>().map(Header::read) {
        Some(header) if announced > limit && header.command.is_known() => header.sequence,
        _ => 0,
    };
    FrameError {
        announced,
        limit,
        sequence,
    }
}
