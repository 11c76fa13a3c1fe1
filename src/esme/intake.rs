//! What those who submit need from above, in their own words.

use super::account::Account;
use super::delivery::Delivery;
use super::seat::Seat;
use crate::message::{AccountId, Content, MessageId, MessageIds};
use crate::moment::Moment;
use crate::session::BindKind;
use smppgate_codec::code::{Command, Status};
use std::sync::Arc;

/// Decides about binds, messages and deliveries. Each connection has one of its own, so that what
/// it keeps for speed is shared with nobody.
pub trait Intake: Send + 'static {
    /// Whether this ESME may bind.
    fn admit(
        &mut self,
        system_id: &[u8],
        password: &[u8],
        kind: BindKind,
    ) -> Result<(AccountId, Arc<Account>), Status>;

    /// As many message ids as asked for, none of them ever given out before.
    fn ids(&mut self, count: usize, now: Moment) -> MessageIds;

    /// All messages that were read in one go. What can be answered at once is appended to
    /// `answers`, the rest comes to the seat later; `batch` is left empty.
    fn submit(
        &mut self,
        seat: &Arc<Seat>,
        batch: &mut Vec<Submission>,
        now: Moment,
        answers: &mut Vec<Answer>,
    );

    /// These have not been answered within the account's time: each must be now.
    fn overdue(&mut self, seat: &Arc<Seat>, batch: &[MessageId], now: Moment);

    /// What has become of deliveries; `batch` is left empty.
    fn delivered(&mut self, batch: &mut Vec<Delivered>, now: Moment);
}

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

/// What has become of one delivery.
#[derive(Debug)]
pub struct Delivered {
    /// What was to be delivered.
    pub delivery: Delivery,
    /// How it went.
    pub verdict: Verdict,
}

/// How a delivery went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The ESME has confirmed it.
    Taken,
    /// The ESME refuses it for good.
    Refused(Status),
    /// The ESME cannot take it now, or has not answered in time.
    Later(Status),
    /// The bind was lost before it was confirmed, or before it was sent.
    Lost,
}
