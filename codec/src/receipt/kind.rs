//! Whether a deliver_sm or data_sm carries a receipt, or a message that a phone has sent.

use super::text::parse;
use crate::code::{EsmClass, MessageType, Tag};
use crate::pdu::Tlvs;

/// What a deliver_sm or data_sm carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message from a phone; an aborted conversation (Korean CDMA) travels as one, too.
    Message,
    /// A delivery receipt of the message centre.
    Receipt,
    /// A notification on the way there.
    Intermediate,
    /// The receiving phone acknowledges delivery.
    DeliveryAcknowledgement,
    /// The receiving user acknowledges by hand.
    UserAcknowledgement,
}

/// Tells what a deliver_sm or data_sm carries (SMPP 3.4 §5.2.12), from its esm_class, the octets
/// that [`super::octets`] made of its user data, and its optional parameters.
///
/// `sniff` takes a message for a receipt because its text reads like one. Any subscriber can write
/// such a text: it is for carriers that leave no other way.
pub fn classify(esm_class: EsmClass, octets: &[u8], tlvs: Tlvs<'_>, sniff: bool) -> Kind {
    let names_a_message = || tlvs.find(Tag::RECEIPTED_MESSAGE_ID).is_some();
    match esm_class.message_type() {
        MessageType::DeliveryReceipt => Kind::Receipt,
        MessageType::IntermediateNotification => Kind::Intermediate,
        // Some message centres mark receipts so.
        MessageType::DeliveryAcknowledgement
            if names_a_message() || parse(octets).is_complete() =>
        {
            Kind::Receipt
        }
        MessageType::DeliveryAcknowledgement => Kind::DeliveryAcknowledgement,
        MessageType::UserAcknowledgement => Kind::UserAcknowledgement,
        MessageType::ConversationAbort => Kind::Message,
        // A mixture of types that has the bit of a receipt or of a notification.
        MessageType::Reserved(bits) if bits & 0x24 != 0 => Kind::Receipt,
        MessageType::Default | MessageType::Reserved(_) => {
            if names_a_message() || sniff && parse(octets).is_complete() {
                Kind::Receipt
            } else {
                Kind::Message
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// receipted_message_id `42`.
    const ID: &[u8] = b"\x00\x1E\x00\x0342\0";

    fn kind(esm_class: u8, text: &[u8], tlvs: &[u8]) -> Kind {
        classify(EsmClass(esm_class), text, Tlvs::new(tlvs), false)
    }

    #[test]
    fn the_type_bits_decide_whatever_mode_and_gsm_bits_say() {
        for other_bits in [0x00, 0x01, 0x03, 0x40, 0x80, 0xC3] {
            for (bits, expected) in [
                (0x00, Kind::Message),
                (0x04, Kind::Receipt),
                (0x08, Kind::DeliveryAcknowledgement),
                (0x10, Kind::UserAcknowledgement),
                (0x18, Kind::Message),
                (0x20, Kind::Intermediate),
                (0x24, Kind::Receipt),
                (0x0C, Kind::Receipt),
                (0x28, Kind::Receipt),
            ] {
                assert_eq!(
                    kind(bits | other_bits, b"hello", b""),
                    expected,
                    "{bits:#x}"
                );
            }
        }
    }

    #[test]
    fn a_receipted_message_id_makes_a_receipt_of_a_plain_message() {
        assert_eq!(kind(0x00, b"", ID), Kind::Receipt);
        assert_eq!(kind(0x08, b"", ID), Kind::Receipt);
        assert_eq!(kind(0x10, b"", ID), Kind::UserAcknowledgement);
    }

    #[test]
    fn a_text_like_a_receipt_is_believed_only_where_that_is_asked_for() {
        let text = b"id:42 stat:DELIVRD";
        assert_eq!(kind(0x00, text, b""), Kind::Message);
        let sniffed = |text| classify(EsmClass(0), text, Tlvs::default(), true);
        assert_eq!(sniffed(text), Kind::Receipt);
        assert_eq!(sniffed(b"id:42 is my number"), Kind::Message);
        assert_eq!(kind(0x08, text, b""), Kind::Receipt);
    }
}
