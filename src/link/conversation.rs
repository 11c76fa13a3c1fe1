//! What is held over a link: given batches of what was read, it appends what it has to say.

use crate::moment::Moment;
use bytes::BytesMut;
use std::io;

/// Unwritten octets above which nothing more is read, unless the conversation waits for answers.
/// A conversation asks nothing more of its peer either.
pub const WRITE_HIGH: usize = 256 * 1_024;

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
