//! What a carrier says has become of a message.

use super::{CarrierMessageId, NumberMark};
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use smppgate_codec::pdu::NetworkErrorCode;
use smppgate_codec::receipt::State;
use std::sync::Arc;

/// One report of a carrier, taken out of its PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The id that is tried first: receipted_message_id where it is there.
    pub id: CarrierMessageId,
    /// The id of the text, where it differs: carriers write different ids in the two places.
    pub other_id: Option<CarrierMessageId>,
    /// Who has reported it, once it is looked for.
    pub by: CarrierId,
    /// The number that the message went to: the source of the receipt.
    pub about: NumberMark,
    /// What has become of the message.
    pub state: State,
    /// Whether this is the last word about it.
    pub last: bool,
    /// The error as three digits or less; 0 is none.
    pub error: u16,
    /// network_error_code, where the carrier gave one.
    pub network_error: Option<NetworkErrorCode>,
    /// It looked like the repetition of a final report when it came.
    pub repeats: bool,
    /// Our id of the report, if it is kept by itself.
    pub own_id: Option<MessageId>,
    /// The whole PDU, header included.
    pub pdu: Arc<[u8]>,
    /// When we read it.
    pub at: Moment,
}
