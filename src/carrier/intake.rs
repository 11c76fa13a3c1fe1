//! What those who deliver need from above, in their own words.

use super::arrival::{Arrival, Reply};
use super::line::Line;
use super::outcome::Outcome;
use super::row::Waiting;
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use crate::session::Oddities;
use std::sync::Arc;

/// Takes what comes from carriers. Each connection has one of its own, so that what it keeps for
/// speed is shared with nobody.
pub trait Intake: Send + 'static {
    /// A bind is up.
    fn up(&mut self, carrier: CarrierId);

    /// These messages were sent to this carrier in this moment, or the first part of them.
    fn sent(&mut self, carrier: CarrierId, ids: &[MessageId], now: Moment);

    /// These are to be sent to this carrier once it is durable that they are. Those for which that
    /// is settled come back at once, the others to the line later, in their order.
    fn attempt(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: Vec<Waiting>,
        now: Moment,
    ) -> Vec<Waiting>;

    /// What has become of messages that were handed to this carrier; `batch` is left empty.
    fn outcomes(&mut self, carrier: CarrierId, batch: &mut Vec<Outcome>, now: Moment);

    /// A phone can be reached again; `esme` is the number of who asked to be told, `pdu` the whole
    /// alert_notification.
    fn alert(&mut self, carrier: CarrierId, esme: &[u8], pdu: Arc<[u8]>);

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

    /// What the peer has done against the specification without being refused.
    fn odd(&mut self, oddities: Oddities);
}
