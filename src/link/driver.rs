//! Turns the readiness of one socket into batches for the conversation that is held over it.
//!
//! Dull on purpose: read what is there, hand all whole PDUs up together, collect what is to be
//! said, write it at once. It decides nothing about SMPP.

use super::{Bell, Clock};
use crate::moment::Moment;
use bytes::{Buf, BytesMut};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep_until};
use tokio_util::io::poll_read_buf;

/// First size of a read buffer: ten thousand idle binds are to cost little.
const READ_FIRST: usize = 1_024;

/// Octets read in one go at most, and the most that is read ahead of the conversation.
const READ_MOST: usize = 64 * 1_024;

/// Unwritten octets above which nothing more is read, unless the conversation waits for answers.
/// A conversation asks nothing more of its peer either.
pub const WRITE_HIGH: usize = 256 * 1_024;

/// Unwritten octets that end the connection: its peer asks and asks, and does not read.
const WRITE_MOST: usize = 4 * 1_024 * 1_024;

/// From the first octet of a PDU to its last: a peer that drips octets holds a buffer no longer.
const PDU_TIMEOUT: Duration = Duration::from_secs(10);

/// A peer that always has more to say is left for the others after this long: they are all driven
/// by a few threads, and whoever fills its socket faster than we read would keep one of them.
const TURNS: Duration = Duration::from_millis(1);

/// How long a peer may read nothing while there is something to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// After our last word: how long we wait for the peer to close as well, so that the last octets
/// are not destroyed by a reset.
const LINGER: Duration = Duration::from_secs(1);

/// After this long without a word, buffers that have grown are given back.
const QUIET: Duration = Duration::from_secs(10);

/// What is held over a link. It is given batches, and appends what it has to say.
pub trait Conversation {
    /// Takes all whole PDUs from the front of `octets` and returns how many octets they were.
    fn receive(&mut self, octets: &[u8], now: Moment, out: &mut BytesMut) -> Result<usize, End>;

    /// The bell has rung: something has been left for this connection.
    fn collect(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End>;

    /// The deadline has come.
    fn tick(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End>;

    /// When [`Conversation::tick`] is to be called.
    fn deadline(&self) -> Moment;

    /// Whether more PDUs are welcome now.
    fn may_read(&self) -> bool;

    /// Whether it matters, while no PDU is welcome, that the peer may have gone. What it has sent is
    /// kept for later then.
    fn minds_the_end(&self) -> bool {
        false
    }

    /// Whether reading must go on even while much is unwritten, since answers are awaited.
    fn must_read(&self) -> bool;

    /// So many more octets of what was appended have reached the socket.
    fn written(&mut self, octets: usize);
}

/// Why a conversation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer closed the connection.
    Closed,
    /// The peer closed the connection inside a PDU.
    ClosedInside,
    /// The connection broke.
    Broken(io::ErrorKind),
    /// A PDU was begun and not finished in time.
    PduTimeout,
    /// The peer did not read in time, or left too much unread.
    WriteTimeout,
    /// The conversation ended it: what it had said is written first.
    Ended(&'static str),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed the connection"),
            Self::ClosedInside => f.write_str("the peer closed the connection inside a PDU"),
            Self::Broken(kind) => write!(f, "the connection broke: {kind}"),
            Self::PduTimeout => f.write_str("a PDU was begun and not finished in time"),
            Self::WriteTimeout => f.write_str("the peer did not read what we wrote"),
            Self::Ended(reason) => f.write_str(reason),
        }
    }
}

/// Holds the conversation over the stream until it ends, and closes the stream.
pub async fn drive<S, C>(stream: &mut S, conversation: &mut C, bell: &Bell, clock: Clock) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    let now = clock.now();
    let mut link = Link {
        input: BytesMut::new(),
        output: BytesMut::new(),
        wanted: READ_FIRST,
        accepted: 0,
        read_at: now,
        partial_since: None,
        unwritten_since: None,
        alarm: Box::pin(sleep_until(clock.instant(now))),
        alarm_at: now,
        clock,
    };
    let end = poll_fn(|cx| link.poll(cx, stream, conversation, bell)).await;
    if let End::Ended(_) = end {
        link.say_goodbye(stream, conversation).await;
    }
    end
}

struct Link {
    input: BytesMut,
    output: BytesMut,
    /// Room that the next read asks for; grows with what arrives, never with what is announced.
    wanted: usize,
    /// Octets that the stream has taken and may still hold, as a layer of encryption does.
    accepted: usize,
    read_at: Moment,
    partial_since: Option<Moment>,
    unwritten_since: Option<Moment>,
    alarm: Pin<Box<Sleep>>,
    /// What the alarm is set to; it is moved only when it rings or is too late, since most
    /// deadlines are put off long before they come.
    alarm_at: Moment,
    clock: Clock,
}

impl Link {
    fn poll<S, C>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        conversation: &mut C,
        bell: &Bell,
    ) -> Poll<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Conversation,
    {
        let begun = self.clock.now();
        let mut now = begun;
        loop {
            match self.turn(cx, stream, conversation, bell, now) {
                Ok(true) => {
                    now = self.clock.now();
                    if now >= begun + TURNS {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                Ok(false) => {
                    if let Some(end) = self.overdue(now) {
                        return Poll::Ready(end);
                    }
                    ready!(self.wait(cx, conversation.deadline(), now));
                }
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// One turn: read, listen to the bell, look at the clock, write. Whether anything moved.
    fn turn<S, C>(
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

    fn overdue(&self, now: Moment) -> Option<End> {
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

    fn has_grown(&self) -> bool {
        self.wanted > READ_FIRST
    }

    /// Sets the alarm for the earliest deadline; ready if it has come already.
    fn wait(&mut self, cx: &mut Context<'_>, deadline: Moment, now: Moment) -> Poll<()> {
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
        let deadline = deadline.min(partial).min(unwritten).min(quiet);
        if deadline < self.alarm_at || self.alarm_at <= now {
            // An hour stands for "no deadline": the runtime wants a time that it can count to.
            self.alarm_at = deadline.min(now + Duration::from_secs(3_600));
            self.alarm.as_mut().reset(self.clock.instant(self.alarm_at));
        }
        self.alarm.as_mut().poll(cx)
    }

    /// Writes what is left, half-closes, and waits a moment for the peer to do the same: closing
    /// with unread input would reset the connection and destroy our last words.
    async fn say_goodbye<S, C>(&mut self, stream: &mut S, conversation: &mut C)
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Conversation,
    {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let farewell = async {
            stream.write_all(&self.output).await?;
            stream.flush().await?;
            conversation.written(self.accepted + self.output.len());
            stream.shutdown().await?;
            self.input.clear();
            let mut discarded = 0;
            while discarded < READ_MOST {
                let count = stream.read_buf(&mut self.input).await?;
                if count == 0 {
                    break;
                }
                discarded += count;
                self.input.clear();
            }
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(LINGER, farewell).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::ReadBuf;

    /// A peer that has always sent more by the time that we have read what it has sent.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.initialize_unfilled();
            buffer.advance(buffer.remaining());
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(octets.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Takes whatever it is given.
    struct Listening;

    impl Conversation for Listening {
        fn receive(&mut self, octets: &[u8], _: Moment, _: &mut BytesMut) -> Result<usize, End> {
            Ok(octets.len())
        }

        fn collect(&mut self, _: Moment, _: &mut BytesMut) -> Result<(), End> {
            Ok(())
        }

        fn tick(&mut self, _: Moment, _: &mut BytesMut) -> Result<(), End> {
            Ok(())
        }

        fn deadline(&self) -> Moment {
            Moment::NEVER
        }

        fn may_read(&self) -> bool {
            true
        }

        fn must_read(&self) -> bool {
            false
        }

        fn written(&mut self, _: usize) {}
    }

    #[test]
    fn a_peer_that_always_has_more_to_say_leaves_the_thread_to_others() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::spawn(async {
                let bell = Bell::default();
                drive(&mut Endless, &mut Listening, &bell, Clock::start()).await
            });
            // There is one thread, and with each of these turns it is given up.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        });
    }
}
