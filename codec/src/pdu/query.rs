//! The PDUs about a message that was submitted before: query_sm, cancel_sm, replace_sm
//! (SMPP 3.4 §4.8–4.10), and alert_notification (§4.12).

use super::response::MESSAGE_ID_MAX;
use super::{Address, Tlvs};
use crate::code::{MessageState, RegisteredDelivery};
use crate::frame::Frame;
use crate::wire::{DecodeError, Read, array, c_octet_string, octets, put_c_octet_string};
use bytes::BufMut;

/// The fields of a query_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuerySm<'a> {
    /// message_id as the submit_sm_resp gave it, 64 octets at most.
    pub message_id: &'a [u8],
    /// source_addr with its TON and NPI as they were submitted.
    pub source: Address<'a>,
}

impl<'a> QuerySm<'a> {
    /// Reads the body of a query_sm.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, message_id) = c_octet_string("message_id", 65)(input)?;
        let (input, &[ton, npi]) = array("source_addr_ton")(input)?;
        let (input, digits) = c_octet_string("source_addr", 21)(input)?;
        Ok((
            input,
            Self {
                message_id,
                source: Address::new(ton, npi, digits),
            },
        ))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.message_id);
        self.source.put(out);
    }
}

/// The fields of a query_sm_resp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuerySmResp<'a> {
    /// message_id.
    pub message_id: &'a [u8],
    /// final_date: empty while the state is not final, else 16 octets; peers send 12 as well.
    pub final_date: &'a [u8],
    /// message_state.
    pub message_state: MessageState,
    /// error_code of the network, 0 if there is none.
    pub error_code: u8,
}

impl<'a> QuerySmResp<'a> {
    /// Reads the body; beside an error any body or none is accepted.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read_response(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, message_id) = c_octet_string("message_id", MESSAGE_ID_MAX)(input)?;
        let (input, final_date) = c_octet_string("final_date", 17)(input)?;
        let (input, &[state, error_code]) = array("message_state")(input)?;
        let message_state = MessageState(state);
        Ok((
            input,
            Self {
                message_id,
                final_date,
                message_state,
                error_code,
            },
        ))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.message_id);
        put_c_octet_string(out, self.final_date);
        out.put_slice(&[self.message_state.0, self.error_code]);
    }
}

/// The fields of a cancel_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CancelSm<'a> {
    /// service_type, 5 octets at most.
    pub service_type: &'a [u8],
    /// message_id, 64 octets at most; empty to cancel all between source and destination.
    pub message_id: &'a [u8],
    /// source_addr with its TON and NPI as they were submitted.
    pub source: Address<'a>,
    /// destination_addr with its TON and NPI; may be empty beside a message_id.
    pub destination: Address<'a>,
}

impl<'a> CancelSm<'a> {
    /// Reads the body of a cancel_sm.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, service_type) = c_octet_string("service_type", 6)(input)?;
        let (input, message_id) = c_octet_string("message_id", 65)(input)?;
        let (input, &[source_ton, source_npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 21)(input)?;
        let (input, &[dest_ton, dest_npi]) = array("dest_addr_ton")(input)?;
        let (input, destination_addr) = c_octet_string("destination_addr", 21)(input)?;
        let cancel = Self {
            service_type,
            message_id,
            source: Address::new(source_ton, source_npi, source_addr),
            destination: Address::new(dest_ton, dest_npi, destination_addr),
        };
        Ok((input, cancel))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.service_type);
        put_c_octet_string(out, self.message_id);
        self.source.put(out);
        self.destination.put(out);
    }
}

/// The fields of a replace_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplaceSm<'a> {
    /// message_id, 64 octets at most.
    pub message_id: &'a [u8],
    /// source_addr with its TON and NPI as they were submitted.
    pub source: Address<'a>,
    /// schedule_delivery_time: 16 octets, or empty to keep it.
    pub schedule_delivery_time: &'a [u8],
    /// validity_period: 16 octets, or empty to keep it.
    pub validity_period: &'a [u8],
    /// registered_delivery.
    pub registered_delivery: RegisteredDelivery,
    /// sm_default_msg_id.
    pub sm_default_msg_id: u8,
    /// short_message: the new text, in the data_coding of the old one.
    pub short_message: &'a [u8],
}

impl<'a> ReplaceSm<'a> {
    /// Reads the body of a replace_sm.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, message_id) = c_octet_string("message_id", 65)(input)?;
        let (input, &[ton, npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 21)(input)?;
        let (input, schedule_delivery_time) = c_octet_string("schedule_delivery_time", 17)(input)?;
        let (input, validity_period) = c_octet_string("validity_period", 17)(input)?;
        let (input, &[registered_delivery, sm_default_msg_id, length]) =
            array("registered_delivery")(input)?;
        let (input, short_message) = octets("short_message", usize::from(length))(input)?;
        let replace = Self {
            message_id,
            source: Address::new(ton, npi, source_addr),
            schedule_delivery_time,
            validity_period,
            registered_delivery: RegisteredDelivery(registered_delivery),
            sm_default_msg_id,
            short_message,
        };
        Ok((input, replace))
    }

    /// Appends the body; a short_message of more than 255 octets is cut there.
    pub fn put(&self, out: &mut impl BufMut) {
        let short_message = &self.short_message[..self.short_message.len().min(255)];
        put_c_octet_string(out, self.message_id);
        self.source.put(out);
        put_c_octet_string(out, self.schedule_delivery_time);
        put_c_octet_string(out, self.validity_period);
        out.put_slice(&[
            self.registered_delivery.0,
            self.sm_default_msg_id,
            short_message.len() as u8,
        ]);
        out.put_slice(short_message);
    }
}

/// The fields of an alert_notification: a phone can be reached again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertNotification<'a> {
    /// source_addr with its TON and NPI: the phone, 64 octets at most.
    pub source: Address<'a>,
    /// esme_addr with its TON and NPI: who asked to be told, 64 octets at most.
    pub esme: Address<'a>,
    /// The optional parameters, ms_availability_status among them.
    pub tlvs: Tlvs<'a>,
}

impl<'a> AlertNotification<'a> {
    /// Reads the body of an alert_notification.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, &[source_ton, source_npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 65)(input)?;
        let (input, &[esme_ton, esme_npi]) = array("esme_addr_ton")(input)?;
        let (input, esme_addr) = c_octet_string("esme_addr", 65)(input)?;
        let alert = Self {
            source: Address::new(source_ton, source_npi, source_addr),
            esme: Address::new(esme_ton, esme_npi, esme_addr),
            tlvs: Tlvs::new(input),
        };
        Ok((&[], alert))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        self.source.put(out);
        self.esme.put(out);
        out.put_slice(self.tlvs.octets());
    }
}
