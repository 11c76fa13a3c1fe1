//! What those who submit need from above, in their own words.

use super::delivery::Delivered;
use super::door::Admission;
use super::seat::Seat;
use super::standing::Standing;
use super::submission::{Answer, Submission};
use crate::link::Bell;
use crate::message::{AccountId, MessageId, MessageIds};
use crate::moment::Moment;
use crate::session::Oddities;
use smppgate_codec::code::Status;
use smppgate_codec::pdu::{CancelSm, ReplaceSm};
use std::net::IpAddr;
use std::sync::Arc;

/// Decides about binds, messages and deliveries. Each connection has one of its own, so that what
/// it keeps for speed is shared with nobody.
pub trait Intake: Send + 'static {
    /// Whether an ESME that binds from this address may. If that takes its time, the bell is rung
    /// once it is decided. `has_waited` says that it asks again, now that it has its turn.
    fn admit(
        &mut self,
        system_id: &[u8],
        password: &[u8],
        from: IpAddr,
        has_waited: bool,
        bell: &Arc<Bell>,
        now: Moment,
    ) -> Admission;

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

    /// So many messages were refused since their account was over its rate or its day.
    fn throttled(&mut self, count: usize);

    /// These have not been answered within the account's time: each must be now.
    fn overdue(&mut self, seat: &Arc<Seat>, batch: &[MessageId], now: Moment);

    /// Where a message of this account with this source stands; `None` if it is not known.
    fn query(&mut self, account: AccountId, id: MessageId, source: &[u8]) -> Option<Standing>;

    /// Takes back the message of this id, or without one all between the two numbers, as far as no
    /// carrier has been sent them. An error says that nothing was taken back; `None` that the
    /// answer, which bears `sequence`, comes to the seat later.
    fn cancel(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: Option<MessageId>,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>>;

    /// Writes the message of this id anew if no carrier has been sent it. `None` as above.
    fn replace(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: MessageId,
        replace: &ReplaceSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>>;

    /// What has become of deliveries; `batch` is left empty.
    fn delivered(&mut self, batch: &mut Vec<Delivered>, now: Moment);

    /// What the peer has done against the specification without being refused.
    fn odd(&mut self, oddities: Oddities);
}
