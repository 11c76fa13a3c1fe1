//! What has become of messages that a carrier was handed.

use super::maps::Refusal;
use crate::message::MessageId;
use crate::receipt::CarrierMessageId;
use smallvec::SmallVec;
use smppgate_codec::code::Status;

/// What has become of one message that was handed to a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Our id of it.
    pub id: MessageId,
    /// How it went.
    pub verdict: Verdict,
}

/// What is said about one message, in this order.
pub type Verdicts = SmallVec<[Verdict; 2]>;

/// How a message went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The carrier has it, and has given it an id; without one no receipt can be matched.
    Accepted(Option<CarrierMessageId>),
    /// The carrier has it as a part of another message, whose id and reports go for both.
    AcceptedWith(Option<CarrierMessageId>),
    /// The carrier has one part of it, and has given that an id.
    PartAccepted {
        /// The id of the part.
        carrier_id: Option<CarrierMessageId>,
        /// Whether it is the last part of the message.
        is_last: bool,
    },
    /// The carrier has all parts of it: the ids of those that have one.
    AcceptedInParts(Vec<CarrierMessageId>),
    /// What follows for it follows for the whole; the parts that the carrier has, with these ids,
    /// speak for it no longer.
    GivenUp(Vec<CarrierMessageId>),
    /// The carrier has refused it.
    Refused(Refusal),
    /// The carrier has refused it, after it was said that this is not known: it may have been sent
    /// again since, and nothing is said about that.
    RefusedLate(Refusal),
    /// It was sent, and whether the carrier has it is not known.
    Unknown,
    /// The same, since the bind was lost that it was sent on.
    Lost,
    /// It cannot leave, for a reason of its own: its time is over, say. No carrier can take it.
    Unfit(Status),
    /// It never left.
    Returned,
    /// It never left, though it was kept that it would.
    Recalled,
}

impl Verdict {
    /// Whether nothing more is said about the whole on this bind.
    pub fn is_last(&self) -> bool {
        !matches!(
            self,
            Self::PartAccepted { .. } | Self::GivenUp(_) | Self::RefusedLate(_)
        )
    }

    /// Whether it is not known whether the carrier has it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::Lost)
    }
}
