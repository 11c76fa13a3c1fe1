//! The habits of a carrier: which binds it takes and how it wants the fields of a message.

use crate::session::BindKind;
use smppgate_codec::code::Tag;

/// Which binds make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// One bind for both directions.
    Transceiver,
    /// One that sends.
    Transmitter,
    /// One that receives.
    Receiver,
    /// One that sends and one that receives.
    Pair,
}

impl Binding {
    /// The binds that make one.
    pub fn kinds(self) -> &'static [BindKind] {
        match self {
            Self::Transceiver => &[BindKind::Transceiver],
            Self::Transmitter => &[BindKind::Transmitter],
            Self::Receiver => &[BindKind::Receiver],
            Self::Pair => &[BindKind::Transmitter, BindKind::Receiver],
        }
    }
}

/// The form in which the times of a message leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// As a span; the time that the message has waited with us is taken off.
    Relative,
    /// As a point in time, in the zone of the carrier.
    Absolute,
    /// validity_period stays empty; a schedule leaves as a point in time.
    None,
}

/// Which optional parameters leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlvChanges {
    /// Those that are added where the message has none of this tag.
    pub add: Vec<(Tag, Vec<u8>)>,
    /// Those that are left out.
    pub drop: Vec<Tag>,
}

impl TlvChanges {
    /// Whether nothing changes.
    pub fn is_none(&self) -> bool {
        self.add.is_empty() && self.drop.is_empty()
    }
}

/// What becomes of long messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// They leave as they came.
    Pass,
    /// In segments with a user data header.
    Udh,
    /// In segments with the parameters sar_….
    Sar,
    /// Whole, in message_payload.
    Payload,
}

/// What the receipts of segments make of the whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentReceipts {
    /// It is delivered when all are, and failed when one is.
    Each,
    /// The first that comes speaks for all.
    Any,
    /// That of the last segment speaks for all.
    Last,
}
