//! What the value of an optional parameter means (SMPP 3.4 §5.3.2).

use super::{Tlv, Tlvs};
use crate::code::{MessageState, Tag};

/// A value read by the type that the specification gives to its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer; peers send it shorter and longer than the specification has it.
    Number(u32),
    /// A C-octet string, without its NUL.
    Text(&'a [u8]),
    /// network_error_code.
    NetworkError(NetworkErrorCode),
    /// Octets: an octet string, an unknown tag, or an integer of no or more than four octets.
    Octets(&'a [u8]),
}

/// network_error_code (SMPP 3.4 §5.3.2.31): whose code it is, and the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkErrorCode {
    /// The network: 1 ANSI-136, 2 IS-95, 3 GSM; 0 if the peer did not tell.
    pub network: u8,
    /// The code of that network.
    pub code: u16,
}

/// The three parameters of segmentation (SMPP 3.4 §5.3.2.22–24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sar {
    /// sar_msg_ref_num: the same in all segments of a message.
    pub reference: u16,
    /// sar_total_segments, 1 or more.
    pub total: u8,
    /// sar_segment_seqnum, 1 to `total`.
    pub seqnum: u8,
}

impl<'a> Tlv<'a> {
    /// The value, read by the type that belongs to the tag.
    pub fn typed(&self) -> Value<'a> {
        match self.tag {
            Tag::RECEIPTED_MESSAGE_ID | Tag::ADDITIONAL_STATUS_INFO_TEXT => {
                Value::Text(self.c_octet_string())
            }
            Tag::NETWORK_ERROR_CODE => self
                .network_error_code()
                .map_or(Value::Octets(self.value), Value::NetworkError),
            Tag::MESSAGE_PAYLOAD
            | Tag::SOURCE_SUBADDRESS
            | Tag::DEST_SUBADDRESS
            | Tag::CALLBACK_NUM
            | Tag::CALLBACK_NUM_ATAG
            | Tag::ITS_SESSION_INFO
            | Tag::ALERT_ON_MESSAGE_DELIVERY => Value::Octets(self.value),
            tag if tag.name().is_some() => self
                .number()
                .map_or(Value::Octets(self.value), Value::Number),
            _ => Value::Octets(self.value),
        }
    }

    /// The value as a network_error_code.
    ///
    /// Three octets are network and code, unless they are ASCII digits, as some peers send them. One
    /// octet is a code alone; four are a network and a code that is a zero octet too long.
    pub fn network_error_code(&self) -> Option<NetworkErrorCode> {
        match *self.value {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                let digit = |octet: u8| u16::from(octet - b'0');
                let code = digit(a) * 100 + digit(b) * 10 + digit(c);
                Some(NetworkErrorCode { network: 0, code })
            }
            [network, high, low] | [network, 0, high, low] => Some(NetworkErrorCode {
                network,
                code: u16::from_be_bytes([high, low]),
            }),
            [code] => Some(NetworkErrorCode {
                network: 0,
                code: u16::from(code),
            }),
            _ => None,
        }
    }
}

/// Readers of integer parameters: `None` if absent, not an integer, or too great for the type.
macro_rules! integers {
    ($($(#[$meta:meta])* $name:ident, $tag:ident, $int:ty;)*) => {
        impl Tlvs<'_> {
            $($(#[$meta])* pub fn $name(&self) -> Option<$int> {
                self.number(Tag::$tag).and_then(|number| <$int>::try_from(number).ok())
            })*
        }
    };
}

integers! {
    /// user_message_reference: a number of the sender's, echoed in receipts.
    user_message_reference, USER_MESSAGE_REFERENCE, u16;
    /// source_port.
    source_port, SOURCE_PORT, u16;
    /// destination_port.
    destination_port, DESTINATION_PORT, u16;
    /// sc_interface_version: the version that the message centre speaks.
    sc_interface_version, SC_INTERFACE_VERSION, u8;
    /// qos_time_to_live, in seconds from submission.
    qos_time_to_live, QOS_TIME_TO_LIVE, u32;
    /// more_messages_to_send: 0 no, 1 yes.
    more_messages_to_send, MORE_MESSAGES_TO_SEND, u8;
    /// number_of_messages, 0 to 99.
    number_of_messages, NUMBER_OF_MESSAGES, u8;
    /// ussd_service_op.
    ussd_service_op, USSD_SERVICE_OP, u8;
    /// delivery_failure_reason: 0 destination unavailable, 1 address invalid, 2 permanent, 3
    /// temporary network error.
    delivery_failure_reason, DELIVERY_FAILURE_REASON, u8;
    /// dpf_result: 0 not set, 1 set.
    dpf_result, DPF_RESULT, u8;
    /// set_dpf: 0 not requested, 1 requested.
    set_dpf, SET_DPF, u8;
    /// ms_availability_status: 0 available, 1 denied, 2 unavailable.
    ms_availability_status, MS_AVAILABILITY_STATUS, u8;
    /// payload_type: 0 default, 1 WCMP.
    payload_type, PAYLOAD_TYPE, u8;
    /// privacy_indicator: 0 none to 3 secret.
    privacy_indicator, PRIVACY_INDICATOR, u8;
    /// language_indicator.
    language_indicator, LANGUAGE_INDICATOR, u8;
    /// user_response_code.
    user_response_code, USER_RESPONSE_CODE, u8;
}

impl<'a> Tlvs<'a> {
    /// message_state, whatever its number.
    pub fn message_state(&self) -> Option<MessageState> {
        let number = self.number(Tag::MESSAGE_STATE)?;
        u8::try_from(number).ok().map(MessageState)
    }

    /// receipted_message_id without its NUL, which peers forget; `None` if it is absent or empty.
    pub fn receipted_message_id(&self) -> Option<&'a [u8]> {
        let tag = Tag::RECEIPTED_MESSAGE_ID;
        let id = Tlv {
            tag,
            value: self.find(tag)?,
        }
        .c_octet_string();
        (!id.is_empty()).then_some(id)
    }

    /// network_error_code.
    pub fn network_error_code(&self) -> Option<NetworkErrorCode> {
        let tag = Tag::NETWORK_ERROR_CODE;
        Tlv {
            tag,
            value: self.find(tag)?,
        }
        .network_error_code()
    }

    /// The segment that this message is; `None` unless all three parameters are there and fit
    /// together: anything else is to be ignored.
    pub fn sar(&self) -> Option<Sar> {
        let reference = self.number(Tag::SAR_MSG_REF_NUM)? as u16;
        let total = u8::try_from(self.number(Tag::SAR_TOTAL_SEGMENTS)?).ok()?;
        let seqnum = u8::try_from(self.number(Tag::SAR_SEGMENT_SEQNUM)?).ok()?;
        (1..=total).contains(&seqnum).then_some(Sar {
            reference,
            total,
            seqnum,
        })
    }

    /// The last parameter if its announced length runs past the end of the PDU: what is there of
    /// it, with the length that was announced.
    ///
    /// Walking the parameters stops before it; whoever can use a part takes it from here.
    pub fn overrun(&self) -> Option<(Tlv<'a>, u16)> {
        let (head, value) = self.stray().split_first_chunk::<4>()?;
        let tag = Tag(u16::from_be_bytes([head[0], head[1]]));
        Some((Tlv { tag, value }, u16::from_be_bytes([head[2], head[3]])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_error_code_comes_in_the_ways_that_peers_send_it() {
        let read = |value: &[u8]| {
            let tlv = Tlv {
                tag: Tag::NETWORK_ERROR_CODE,
                value,
            };
            tlv.network_error_code()
                .map(|error| (error.network, error.code))
        };
        assert_eq!(read(&[3, 0x01, 0x02]), Some((3, 0x0102)));
        assert_eq!(read(b"034"), Some((0, 34)));
        assert_eq!(read(&[b'0', 0, 34]), Some((b'0', 34)));
        assert_eq!(read(&[34]), Some((0, 34)));
        assert_eq!(read(&[3, 0, 0x01, 0x02]), Some((3, 0x0102)));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[3, 1, 1, 2]), None);
    }

    #[test]
    fn a_receipted_message_id_needs_no_nul() {
        let read = |octets| Tlvs::new(octets).receipted_message_id();
        assert_eq!(read(b"\x00\x1e\x00\x03ab\0"), Some(&b"ab"[..]));
        assert_eq!(read(b"\x00\x1e\x00\x02ab"), Some(&b"ab"[..]));
        assert_eq!(read(b"\x00\x1e\x00\x00"), None);
        assert_eq!(read(b""), None);
    }

    #[test]
    fn a_parameter_that_runs_past_the_end_is_found_apart() {
        let tlvs = Tlvs::new(b"\x04\x27\x00\x01\x02\x00\x1e\x00\x41id");
        assert_eq!(tlvs.iter().count(), 1);
        let (tlv, announced) = tlvs.overrun().unwrap();
        assert_eq!(
            (tlv.tag, tlv.value, announced),
            (Tag::RECEIPTED_MESSAGE_ID, &b"id"[..], 65)
        );
        assert_eq!(Tlvs::new(b"\x04\x27\x00\x01\x02\x00").overrun(), None);
    }

    #[test]
    fn segments_count_only_if_all_three_parameters_fit() {
        let sar = |octets| Tlvs::new(octets).sar();
        let whole = b"\x02\x0c\x00\x01\x07\x02\x0e\x00\x02\x00\x02\x02\x0f\x00\x02\x00\x01";
        assert_eq!(
            sar(whole),
            Some(Sar {
                reference: 7,
                total: 2,
                seqnum: 1
            })
        );
        assert_eq!(sar(&whole[..11]), None);
    }
}
