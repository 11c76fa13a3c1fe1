//! What a batch of outcomes leads to.

use super::dispatch::Dispatch;
use super::tell::Telling;
use crate::message::{AccountId, CarrierId, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, NumberMark};

/// Gathered while the ledger is held and done afterwards.
#[derive(Default)]
pub struct Consequences {
    pub telling: Telling,
    pub dispatch: Dispatch,
    pub learned: Vec<Learned>,
    /// Messages that wait for another sending, which they do not need any more.
    pub settled_late: Vec<(CarrierId, AccountId, MessageId)>,
    pub resting: Vec<(Moment, MessageId)>,
    /// Messages that take their turns once more.
    pub behind: Vec<MessageId>,
    pub quarantined: usize,
    pub resent: usize,
    pub accepted: usize,
    pub refused: usize,
    pub unknown: usize,
    pub late: usize,
    pub failovers: usize,
    pub doubled: usize,
    pub without_id: usize,
}

/// A carrier's id of a message, to be known from now on.
pub struct Learned {
    pub carrier_id: CarrierMessageId,
    pub id: MessageId,
    pub destination: NumberMark,
    pub voice: Voice,
}

/// What a report with a carrier's id says to the sender of its message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// What has become of it.
    Told,
    /// Nothing: it wants no receipt.
    Untold,
    /// Nothing: other parts, or another sending, speak for it.
    Absorbed,
}
