//! One non-blocking socket with what has been read of it and what is still to be written.

use std::io::{self, Read, Write};

use bytes::{Buf, BytesMut};
use smppgate_codec::frame::{self, Frame, FrameError, LENGTH_MAX};

use super::wire::Wire;

/// Octets read at once; the longest PDU fits twice.
const INBOX_LEN: usize = 2 * LENGTH_MAX as usize;

/// While more octets than this wait to be written, nothing is read from the peer: whoever does not
/// read its answers gets no further ones.
pub(super) const OUT_MAX: usize = 1 << 20;

/// A socket, its inbox and its outbox.
pub(super) struct Pipe {
    pub stream: Wire,
    pub inbox: Inbox,
    /// PDUs to be written by the next [`Pipe::flush`].
    pub out: BytesMut,
    /// What the poll reports of the socket besides "readable": kept to change it only when needed.
    pub waits_to_write: bool,
    pub paused: bool,
}

/// Octets that were read and belong to PDUs that were not yet taken.
pub(super) struct Inbox {
    octets: Vec<u8>,
    start: usize,
    end: usize,
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    Some,
    Nothing,
    Closed,
}

impl Pipe {
    /// Takes a connected socket; it is made non-blocking, and each write leaves at once.
    pub fn new(stream: Wire) -> io::Result<Self> {
        stream.socket().set_nonblocking(true)?;
        stream.socket().set_nodelay(true)?;
        let out = BytesMut::with_capacity(1 << 16);
        Ok(Self {
            stream,
            inbox: Inbox::new(),
            out,
            waits_to_write: false,
            paused: false,
        })
    }

    /// Reads once.
    pub fn fill(&mut self) -> io::Result<Filled> {
        match self.stream.read(self.inbox.room()) {
            Ok(0) => Ok(Filled::Closed),
            Ok(count) => {
                self.inbox.filled(count);
                Ok(Filled::Some)
            }
            Err(error) if is_momentary(&error) => Ok(Filled::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Writes what waits, as far as the peer takes it; `false` if something is left.
    pub fn flush(&mut self) -> io::Result<bool> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) if count == self.out.len() => self.out.clear(),
                Ok(count) => self.out.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether something waits until the peer takes it.
    pub fn has_unwritten(&self) -> bool {
        !self.out.is_empty() || self.stream.has_unsent()
    }
}

impl Inbox {
    pub fn new() -> Self {
        Self {
            octets: vec![0; INBOX_LEN],
            start: 0,
            end: 0,
        }
    }

    /// Where the next octets go: room for a whole PDU at least.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.octets.len() - self.end < LENGTH_MAX as usize {
            self.octets.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.octets[self.end..]
    }

    /// As many octets came.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.octets.len());
    }

    /// What was read and not taken.
    pub fn unread(&self) -> &[u8] {
        &self.octets[self.start..self.end]
    }

    /// The next whole PDU, `None` while more octets are needed.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let found = frame::next(&self.octets[self.start..self.end], LENGTH_MAX)?;
        if let Some(frame) = &found {
            self.start += frame.octets.len();
        }
        Ok(found)
    }
}

/// Whether the same call may succeed later; a timeout of a blocking socket looks alike.
pub(super) fn is_momentary(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
