//! A message that an ESME submits, and the answer to it.

use super::multi::Multi;
use crate::message::{Content, MessageId};
use smppgate_codec::code::{Command, Status};
use std::sync::Arc;

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
    /// The submit_multi that it is one destination of.
    pub multi: Option<Arc<Multi>>,
}

/// The answer to a submit_sm, data_sm or submit_multi.
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

impl Answer {
    /// The verdict about one message. A destination of a submit_multi is answered with the others:
    /// by the verdict about the last of them.
    pub fn new(
        multi: Option<&Multi>,
        (ordinal, sequence): (u64, u32),
        content: &Content,
        status: Status,
        id: MessageId,
    ) -> Option<Self> {
        match multi {
            None => Some(Self {
                ordinal,
                sequence,
                command: content.command(),
                status,
                id: Some(id),
            }),
            Some(multi) => Some(Self {
                ordinal: multi.ordinal,
                sequence: multi.sequence,
                command: Command::SUBMIT_MULTI,
                status: multi.settle(content.destination(), status)?,
                id: Some(multi.id),
            }),
        }
    }
}
