//! What a carrier delivers, and the reply to it.

use crate::message::Content;
use crate::receipt::Report;
use smppgate_codec::code::{Command, Status};
use std::sync::Arc;

/// One delivery of a carrier.
#[derive(Debug)]
pub struct Arrival {
    /// Its sequence_number, which the reply bears.
    pub sequence: u32,
    /// Its command.
    pub command: Command,
    /// What it is.
    pub parcel: Parcel,
}

/// What a carrier delivers.
#[derive(Debug)]
pub enum Parcel {
    /// What has become of a message.
    Report(Report),
    /// A message from a phone, or the acknowledgement of its user.
    Message(Content),
    /// Something that looks like a receipt and names no message: the whole PDU.
    Nothing(Arc<[u8]>),
}

/// The reply to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The sequence_number of the request.
    pub sequence: u32,
    /// The command of the request.
    pub command: Command,
    /// What the carrier is told.
    pub status: Status,
}
