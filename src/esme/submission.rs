//! A message that an ESME submits, and the answer to it.

use crate::message::{Content, MessageId};
use smppgate_codec::code::{Command, Status};

/// One message that an ESME has submitted.
#[derive(Debug)]
pub struct Submission {
    /// Its PDU.
    pub content: Content,
    /// The id that it was given.
    pub id: MessageId,
    /// Its number among those of this connection, which the answer bears.
    pub ordinal: u64,
    /// Its sequence_number, which the answer bears.
    pub sequence: u32,
}

/// The answer to a submit_sm or data_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The number of the message among those of this connection.
    pub ordinal: u64,
    /// The sequence_number of the request.
    pub sequence: u32,
    /// The command of the request.
    pub command: Command,
    /// What the ESME is told.
    pub status: Status,
    /// Our id of the message; also where it was refused, for those who look for it.
    pub id: Option<MessageId>,
}
