//! The bit fields of a message: esm_class, registered_delivery, data_coding, message_state.

use super::open_number;

/// esm_class (SMPP 3.4 §5.2.12): messaging mode, message type and GSM features in one octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EsmClass(pub u8);

/// The message type of an esm_class, its bits 5 to 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// An ordinary message.
    Default,
    /// A receipt from the message centre: final state of a message.
    DeliveryReceipt,
    /// The receiving phone or application acknowledges delivery.
    DeliveryAcknowledgement,
    /// The receiving user acknowledges by hand.
    UserAcknowledgement,
    /// A conversation is aborted (Korean CDMA).
    ConversationAbort,
    /// A notification of a state that is not final.
    IntermediateNotification,
    /// A reserved combination.
    Reserved(u8),
}

impl EsmClass {
    /// The user data begins with a user data header.
    pub const UDHI: u8 = 0x40;
    /// A reply path is set.
    pub const REPLY_PATH: u8 = 0x80;

    /// The message type; mode and GSM feature bits do not count.
    ///
    /// Peers mix bits: whatever carries the receipt bit is a receipt, whatever carries the
    /// intermediate bit without it a notification.
    pub fn message_type(self) -> MessageType {
        match self.0 & 0x3C {
            0x00 => MessageType::Default,
            0x04 => MessageType::DeliveryReceipt,
            0x08 => MessageType::DeliveryAcknowledgement,
            0x10 => MessageType::UserAcknowledgement,
            0x18 => MessageType::ConversationAbort,
            0x20 => MessageType::IntermediateNotification,
            other => MessageType::Reserved(other),
        }
    }

    /// Whether the user data begins with a user data header.
    pub fn has_udh(self) -> bool {
        self.0 & Self::UDHI != 0
    }
}

/// registered_delivery (SMPP 3.4 §5.2.17): which receipts the sender asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RegisteredDelivery(pub u8);

impl RegisteredDelivery {
    /// A receipt is asked for, whatever the outcome.
    pub const FINAL: Self = Self(1);

    /// Whether a final receipt is due, given how the message ended.
    pub fn wants_final(self, delivered: bool) -> bool {
        match self.0 & 0x03 {
            0 => false,
            1 => true,
            2 => !delivered,
            _ => delivered,
        }
    }

    /// Whether notifications of states that are not final are asked for.
    ///
    /// The text of the specification says bit 5, its bit mask and all peers say bit 4.
    pub fn wants_intermediate(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// The same request, with a final receipt asked for in any case.
    pub fn with_final(self) -> Self {
        Self((self.0 & !0x03) | 0x01)
    }

    /// The same request, with a final receipt asked for whatever the end if one is asked for at
    /// some end: who hears of failures alone learns nothing from silence.
    pub fn with_final_if_any(self) -> Self {
        match self.0 & 0x03 {
            0 => self,
            _ => self.with_final(),
        }
    }
}

/// data_coding (SMPP 3.4 §5.2.19), read together with GSM 03.38 where the two do not conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DataCoding(pub u8);

/// How the octets of a message stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The message centre's default: GSM 03.38, Latin-1 or ASCII by agreement.
    Default,
    /// IA5, that is ASCII.
    Ascii,
    /// ISO 8859-1.
    Latin1,
    /// UCS-2, read as UTF-16 with the high octet first.
    Ucs2,
    /// Octets that are not text, or text in an alphabet that is only carried.
    Binary,
}

impl DataCoding {
    /// UCS-2.
    pub const UCS2: Self = Self(8);

    /// The alphabet that this coding names.
    pub fn alphabet(self) -> Alphabet {
        match self.0 {
            0x00 => Alphabet::Default,
            0x01 => Alphabet::Ascii,
            0x03 => Alphabet::Latin1,
            0x08 => Alphabet::Ucs2,
            0x02 | 0x04..=0x07 | 0x09..=0x0F => Alphabet::Binary,
            // GSM 03.38 general coding: bits 3-2 name the alphabet.
            0x10..=0x3F => match self.0 & 0x0C {
                0x00 => Alphabet::Default,
                0x08 => Alphabet::Ucs2,
                _ => Alphabet::Binary,
            },
            0x40..=0xBF => Alphabet::Binary,
            0xC0..=0xDF => Alphabet::Default,
            0xE0..=0xEF => Alphabet::Ucs2,
            0xF0..=0xFF => {
                if self.0 & 0x04 != 0 {
                    Alphabet::Binary
                } else {
                    Alphabet::Default
                }
            }
        }
    }
}

open_number! {
    /// message_state (SMPP 3.4 §5.2.28), with the two that 5.0 adds.
    MessageState(u8) {
        SCHEDULED = 0, "SCHEDULED";
        ENROUTE = 1, "ENROUTE";
        DELIVERED = 2, "DELIVERED";
        EXPIRED = 3, "EXPIRED";
        DELETED = 4, "DELETED";
        UNDELIVERABLE = 5, "UNDELIVERABLE";
        ACCEPTED = 6, "ACCEPTED";
        UNKNOWN = 7, "UNKNOWN";
        REJECTED = 8, "REJECTED";
        SKIPPED = 9, "SKIPPED";
    }
}
