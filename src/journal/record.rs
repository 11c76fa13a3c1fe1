//! What is written: one record for each step in the life of a message.

use crate::message::{AccountId, CarrierId, GroupId, MessageId};
use crate::moment::Moment;

/// One step, as it is handed to the journal; it borrows, so that writing copies once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A message is accepted: its PDU as received and what its routing needs.
    Accepted {
        /// Our id of it.
        id: MessageId,
        /// The id that its sender is told: one for all destinations of a submit_multi.
        shown: MessageId,
        /// Whose it is.
        account: AccountId,
        /// When we read it.
        at: Moment,
        /// The whole PDU, header included.
        pdu: &'a [u8],
        /// TON, NPI and address of the source that its sender wrote, if the PDU bears another one;
        /// receipts and queries need it.
        written_source: Option<&'a [u8]>,
    },
    /// A carrier has taken it and given it an id: receipts find it by that.
    Correlated {
        /// Our id of it.
        id: MessageId,
        /// Whose ids these are.
        group: GroupId,
        /// The carrier's id.
        carrier_message_id: &'a [u8],
        /// When the response came.
        at: Moment,
    },
    /// Whether a carrier has it is not known: it is held and not sent again.
    Unknown {
        /// Our id of it.
        id: MessageId,
        /// Who may have it.
        carrier: CarrierId,
        /// Since when.
        at: Moment,
    },
    /// A message from a phone is taken over from a carrier.
    Inbound {
        /// Our id of it.
        id: MessageId,
        /// Who it is for.
        account: AccountId,
        /// Whose network it came from.
        carrier: CarrierId,
        /// When we read it.
        at: Moment,
        /// The whole PDU, header included.
        pdu: &'a [u8],
    },
    /// Segments from a phone were put together: they are one message from now on.
    Joined {
        /// Our id of it: that of the first segment.
        id: MessageId,
        /// Our ids of the segments, the first one included.
        segments: &'a [MessageId],
    },
    /// A carrier has reported what became of a message: the one that it has given this id, which
    /// may not be known yet.
    Reported {
        /// Whose ids these are.
        group: GroupId,
        /// The carrier's id.
        carrier_message_id: &'a [u8],
        /// message_state of the specification.
        state: u8,
        /// When it came.
        at: Moment,
    },
    /// A carrier has refused a message.
    Refused {
        /// Our id of it.
        id: MessageId,
        /// Who has refused it.
        carrier: CarrierId,
        /// command_status of the refusal.
        status: u32,
        /// When.
        at: Moment,
    },
    /// The ESME has taken a message back that no carrier had.
    Cancelled {
        /// Our id of it.
        id: MessageId,
        /// When.
        at: Moment,
    },
    /// The ESME has written a message anew that no carrier had.
    Replaced {
        /// Our id of it.
        id: MessageId,
        /// The whole PDU as it is from now on, header included.
        pdu: &'a [u8],
    },
    /// The ESME has confirmed what was delivered to it under this id.
    Told {
        /// Our id of the message or of the message from a phone.
        id: MessageId,
        /// When.
        at: Moment,
    },
}

impl Record<'_> {
    /// Whether this begins something. When room runs low, what has begun may still come to its
    /// end, and nothing new begins.
    pub fn is_new_work(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Inbound { .. })
    }
}
