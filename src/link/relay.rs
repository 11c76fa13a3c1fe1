//! Hands octets up and down between a stream and the conversation over it, in batches.
//!
//! It is woken by whoever drives it and asks no clock: so the same steps run over a socket and over
//! a simulated one.

use super::{Bell, Conversation, End, WRITE_HIGH};
use crate::moment::Moment;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

/// First size of a read buffer: ten thousand idle binds are to cost little.
const READ_FIRST: usize = 1_024;

/// Octets read in one go at most, and the most that is read ahead of the conversation.
pub(super) const READ_MOST: usize = 64 * 1_024;

/// Unwritten octets that end the connection: its peer asks and asks, and does not read.
const WRITE_MOST: usize = 4 * 1_024 * 1_024;

/// From the first octet of a PDU to its last: a peer that drips octets holds a buffer no longer.
const PDU_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a peer may read nothing while there is something to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// After this long without a word, buffers that have grown are given back.
const QUIET: Duration = Duration::from_secs(10);

/// What lies between a stream and the conversation over it: what was read and not taken yet, what
/// was said and not written yet, and since when.
#[derive(Debug)]
pub struct Relay {
    input: BytesMut,
    output: BytesMut,
    /// Room that the next read asks for; grows with what arrives, never with what is announced.
    wanted: usize,
    /// Octets that the stream has taken and may still hold, as a layer of encryption does.
    accepted: usize,
    read_at: Moment,
    partial_since: Option<Moment>,
    unwritten_since: Option<Moment>,
}

impl Relay {
    /// Nothing was read and nothing was said.
    pub fn new(now: Moment) -> Self {
        Self {
            input: BytesMut::new(),
            output: BytesMut::new(),
            wanted: READ_FIRST,
            accepted: 0,
            read_at: now,
            partial_since: None,
            unwritten_since: None,
        }
    }

    /// One turn: read, listen to the bell, look at the clock, write. Whether anything moved.
    pub fn turn<S, C>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        conversation: &mut C,
        bell: &Bell,
        now: Moment,
    ) -> Result<bool, End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Conversation,
    {
        let mut moved = self.read(cx, stream, conversation, now)?;
        if bell.look(cx) {
            conversation.collect(now, &mut self.output)?;
            moved = true;
        }
        if now >= conversation.deadline() {
            conversation.tick(now, &mut self.output)?;
            moved = true;
        }
        Ok(self.write(cx, stream, conversation, now)? || moved)
    }

    fn read<S, C>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        conversation: &mut C,
        now: Moment,
    ) -> Result<bool, End>
    where
        S: AsyncRead + Unpin,
        C: Conversation,
    {
        let clogged = self.output.len() > WRITE_HIGH && !conversation.must_read();
        if clogged || !conversation.may_read() {
            // While it is we who pause, the peer is not late with the rest of its PDU.
            self.partial_since = None;
            return match conversation.minds_the_end() && self.input.len() < READ_FIRST {
                true => self.read_ahead(cx, stream, now),
                false => Ok(false),
            };
        }
        let mut moved = false;
        // What a pause has left in the buffer comes before what is on its way, be it the end.
        if !self.input.is_empty() && self.partial_since.is_none() {
            moved = self.hand_up(conversation, now)? > 0;
        }
        if self.input.len() >= READ_MOST && self.partial_since.is_none() || !conversation.may_read()
        {
            return Ok(moved);
        }
        self.input.reserve(self.wanted);
        match poll_read_buf(Pin::new(stream), cx, &mut self.input) {
            Poll::Pending => Ok(moved),
            Poll::Ready(Ok(0)) if self.input.is_empty() => Err(End::Closed),
            Poll::Ready(Ok(0)) => Err(End::ClosedInside),
            Poll::Ready(Ok(count)) => {
                if count >= self.wanted {
                    self.wanted = (self.wanted * 2).min(READ_MOST);
                }
                self.read_at = now;
                self.hand_up(conversation, now)?;
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(End::Broken(error.kind())),
        }
    }

    /// Reads a little that nobody is given yet, to see whether the peer is still there.
    fn read_ahead<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        now: Moment,
    ) -> Result<bool, End> {
        self.input.reserve(READ_FIRST);
        match poll_read_buf(Pin::new(stream), cx, &mut self.input) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0)) => Err(End::Closed),
            Poll::Ready(Ok(_)) => {
                self.read_at = now;
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(End::Broken(error.kind())),
        }
    }

    /// Gives the conversation what has been read. What it leaves is a part of a PDU if it took
    /// nothing at all; otherwise it may have paused in the middle, and is asked again.
    fn hand_up<C: Conversation>(
        &mut self,
        conversation: &mut C,
        now: Moment,
    ) -> Result<usize, End> {
        let taken = conversation.receive(&self.input, now, &mut self.output)?;
        self.input.advance(taken);
        self.partial_since = if self.input.is_empty() || taken > 0 || !conversation.may_read() {
            None
        } else {
            Some(self.partial_since.unwrap_or(now))
        };
        Ok(taken)
    }

    fn write<S, C>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        conversation: &mut C,
        now: Moment,
    ) -> Result<bool, End>
    where
        S: AsyncWrite + Unpin,
        C: Conversation,
    {
        if self.output.is_empty() && self.accepted == 0 {
            return Ok(false);
        }
        if self.output.len() > WRITE_MOST {
            return Err(End::WriteTimeout);
        }
        let mut moved = false;
        let mut blocked = false;
        while !self.output.is_empty() && !blocked {
            match Pin::new(&mut *stream).poll_write(cx, &self.output) {
                Poll::Pending => blocked = true,
                Poll::Ready(Ok(0)) => return Err(End::Broken(io::ErrorKind::WriteZero)),
                Poll::Ready(Ok(count)) => {
                    self.output.advance(count);
                    self.unwritten_since = None;
                    self.accepted += count;
                    moved = true;
                }
                Poll::Ready(Err(error)) => return Err(End::Broken(error.kind())),
            }
        }
        match Pin::new(&mut *stream).poll_flush(cx) {
            Poll::Pending => blocked = true,
            Poll::Ready(Ok(())) => {
                if self.accepted > 0 {
                    conversation.written(std::mem::take(&mut self.accepted));
                    moved = true;
                }
            }
            Poll::Ready(Err(error)) => return Err(End::Broken(error.kind())),
        }
        if blocked {
            self.unwritten_since.get_or_insert(now);
        } else {
            self.unwritten_since = None;
            self.output.clear();
        }
        Ok(moved)
    }

    /// Whether a peer has taken too long over a PDU, or over reading what was written.
    pub fn overdue(&self, now: Moment) -> Option<End> {
        if self
            .partial_since
            .is_some_and(|since| now >= since + PDU_TIMEOUT)
        {
            return Some(End::PduTimeout);
        }
        if self
            .unwritten_since
            .is_some_and(|since| now >= since + WRITE_TIMEOUT)
        {
            return Some(End::WriteTimeout);
        }
        None
    }

    /// When the next turn is due if nothing else happens, given when the conversation wants its
    /// own. Buffers that have grown are given back after a while.
    pub fn deadline(&mut self, of_conversation: Moment, now: Moment) -> Moment {
        let partial = self
            .partial_since
            .map_or(Moment::NEVER, |since| since + PDU_TIMEOUT);
        let unwritten = self
            .unwritten_since
            .map_or(Moment::NEVER, |since| since + WRITE_TIMEOUT);
        if self.has_grown() && self.input.is_empty() && now >= self.read_at + QUIET {
            self.input = BytesMut::new();
            self.wanted = READ_FIRST;
            if self.output.is_empty() {
                self.output = BytesMut::new();
            }
        }
        let quiet = match self.has_grown() {
            true => now + QUIET,
            false => Moment::NEVER,
        };
        of_conversation.min(partial).min(unwritten).min(quiet)
    }

    /// What was said and not written, taken out: the conversation is over.
    pub fn last_words(&mut self) -> BytesMut {
        self.input = BytesMut::new();
        std::mem::take(&mut self.output)
    }

    /// Octets that the stream has taken and the conversation has not been told of.
    pub fn untold(&self) -> usize {
        self.accepted
    }

    fn has_grown(&self) -> bool {
        self.wanted > READ_FIRST
    }
}
