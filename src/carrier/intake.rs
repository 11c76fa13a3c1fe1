//! What those who deliver need from above, in their own words.

use super::line::Line;
use crate::message::{CarrierId, Content, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, Report};
use smppgate_codec::code::{Command, Status};
use std::sync::Arc;

/// Takes what comes from carriers. Each connection has one of its own, so that what it keeps for
/// speed is shared with nobody.
pub trait Intake: Send + 'static {
    /// A bind is up.
    fn up(&mut self, carrier: CarrierId);

    /// What has become of messages that were handed to this carrier; `batch` is left empty.
    fn outcomes(&mut self, carrier: CarrierId, batch: &mut Vec<Outcome>, now: Moment);

    /// All deliveries that were read in one go. What can be answered at once is appended to
    /// `replies`, the rest comes to the line later; `batch` is left empty.
    fn arrivals(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: &mut Vec<Arrival>,
        now: Moment,
        replies: &mut Vec<Reply>,
    );
}

/// What has become of one message that was handed to a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Our id of it.
    pub id: MessageId,
    /// How it went.
    pub verdict: Verdict,
}

/// How a message went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The carrier has it, and has given it an id; without one no receipt can be matched.
    Accepted(Option<CarrierMessageId>),
    /// The carrier has refused it.
    Refused(Status),
    /// It was sent, and whether the carrier has it is not known.
    Unknown,
    /// It never left.
    Returned,
}

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
    /// Something that looks like a receipt and names no message: it is taken and counted.
    Nothing,
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
