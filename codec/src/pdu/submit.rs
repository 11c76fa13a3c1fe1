//! The PDUs that carry a message: submit_sm and deliver_sm (SMPP 3.4 §4.4.1, §4.6.1), which share
//! one layout, and data_sm (§4.7.1).

use super::{Address, HEADER_LEN, Tlvs};
use crate::code::{DataCoding, EsmClass, RegisteredDelivery, Tag};
use crate::frame::Frame;
use crate::wire::{DecodeError, Fault, Gather, Read, array, c_octet_string, octets};
use bytes::BufMut;

/// The fields of a submit_sm or deliver_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sm<'a> {
    /// service_type, 5 octets at most.
    pub service_type: &'a [u8],
    /// source_addr with its TON and NPI, 20 octets at most, perhaps empty.
    pub source: Address<'a>,
    /// destination_addr with its TON and NPI, 20 octets at most.
    pub destination: Address<'a>,
    /// esm_class.
    pub esm_class: EsmClass,
    /// protocol_id.
    pub protocol_id: u8,
    /// priority_flag, 0 to 3.
    pub priority_flag: u8,
    /// schedule_delivery_time: empty or 16 octets.
    pub schedule_delivery_time: &'a [u8],
    /// validity_period: empty or 16 octets.
    pub validity_period: &'a [u8],
    /// registered_delivery.
    pub registered_delivery: RegisteredDelivery,
    /// replace_if_present_flag, 0 or 1.
    pub replace_if_present_flag: u8,
    /// data_coding.
    pub data_coding: DataCoding,
    /// sm_default_msg_id.
    pub sm_default_msg_id: u8,
    /// short_message: sm_length octets, 254 at most by the specification and 255 seen.
    pub short_message: &'a [u8],
    /// The optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Sm<'a> {
    /// Reads the body of a submit_sm or deliver_sm.
    #[inline]
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        match Self::read(frame.body()) {
            Ok((_, sm)) => Ok(sm),
            Err(error) => Err(Fault::at(error, frame.octets.len())),
        }
    }

    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, service_type) = c_octet_string("service_type", 6)(input)?;
        let (input, &[source_ton, source_npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 21)(input)?;
        let (input, &[dest_ton, dest_npi]) = array("dest_addr_ton")(input)?;
        let (input, destination_addr) = c_octet_string("destination_addr", 21)(input)?;
        let (input, &[esm_class, protocol_id, priority_flag]) = array("esm_class")(input)?;
        let (input, schedule_delivery_time) = c_octet_string("schedule_delivery_time", 17)(input)?;
        let (input, validity_period) = c_octet_string("validity_period", 17)(input)?;
        let (
            input,
            &[
                registered_delivery,
                replace_if_present_flag,
                data_coding,
                default_id,
                length,
            ],
        ) = array("registered_delivery")(input)?;
        let (input, short_message) = octets("short_message", usize::from(length))(input)?;
        let sm = Self {
            service_type,
            source: Address::new(source_ton, source_npi, source_addr),
            destination: Address::new(dest_ton, dest_npi, destination_addr),
            esm_class: EsmClass(esm_class),
            protocol_id,
            priority_flag,
            schedule_delivery_time,
            validity_period,
            registered_delivery: RegisteredDelivery(registered_delivery),
            replace_if_present_flag,
            data_coding: DataCoding(data_coding),
            sm_default_msg_id: default_id,
            short_message,
            tlvs: Tlvs::new(input),
        };
        Ok((&[], sm))
    }

    /// Appends the body, optional parameters included; a short_message of more than 255 octets is
    /// cut there.
    #[inline]
    pub fn put(&self, out: &mut impl BufMut) {
        let short_message = &self.short_message[..self.short_message.len().min(255)];
        let mut fields = Gather::new(out);
        fields.c_octet_string(self.service_type);
        fields.octets([self.source.ton, self.source.npi]);
        fields.c_octet_string(self.source.digits);
        fields.octets([self.destination.ton, self.destination.npi]);
        fields.c_octet_string(self.destination.digits);
        fields.octets([self.esm_class.0, self.protocol_id, self.priority_flag]);
        fields.c_octet_string(self.schedule_delivery_time);
        fields.c_octet_string(self.validity_period);
        fields.octets([
            self.registered_delivery.0,
            self.replace_if_present_flag,
            self.data_coding.0,
            self.sm_default_msg_id,
            short_message.len() as u8,
        ]);
        fields.finish();
        out.put_slice(short_message);
        out.put_slice(self.tlvs.octets());
    }

    /// The octets of the user data: short_message, or message_payload if that is empty.
    pub fn user_data(&self) -> &'a [u8] {
        if self.short_message.is_empty() {
            self.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default()
        } else {
            self.short_message
        }
    }

    /// Octets from the start of the PDU to destination TON; its NPI and the address follow.
    pub fn destination_offset(&self) -> usize {
        HEADER_LEN + self.service_type.len() + 1 + 3 + self.source.digits.len()
    }

    /// Octets from the start of the PDU to registered_delivery.
    pub fn registered_delivery_offset(&self) -> usize {
        self.destination_offset()
            + 3
            + self.destination.digits.len()
            + 3
            + self.schedule_delivery_time.len()
            + 1
            + self.validity_period.len()
            + 1
    }
}

/// The fields of a data_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data<'a> {
    /// service_type, 5 octets at most.
    pub service_type: &'a [u8],
    /// source_addr with its TON and NPI, 64 octets at most.
    pub source: Address<'a>,
    /// destination_addr with its TON and NPI, 64 octets at most.
    pub destination: Address<'a>,
    /// esm_class.
    pub esm_class: EsmClass,
    /// registered_delivery.
    pub registered_delivery: RegisteredDelivery,
    /// data_coding.
    pub data_coding: DataCoding,
    /// The optional parameters, message_payload among them.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Data<'a> {
    /// Reads the body of a data_sm.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        match Self::read(frame.body()) {
            Ok((_, data)) => Ok(data),
            Err(error) => Err(Fault::at(error, frame.octets.len())),
        }
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, service_type) = c_octet_string("service_type", 6)(input)?;
        let (input, &[source_ton, source_npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 65)(input)?;
        let (input, &[dest_ton, dest_npi]) = array("dest_addr_ton")(input)?;
        let (input, destination_addr) = c_octet_string("destination_addr", 65)(input)?;
        let (input, &[esm_class, registered_delivery, data_coding]) = array("esm_class")(input)?;
        let data = Self {
            service_type,
            source: Address::new(source_ton, source_npi, source_addr),
            destination: Address::new(dest_ton, dest_npi, destination_addr),
            esm_class: EsmClass(esm_class),
            registered_delivery: RegisteredDelivery(registered_delivery),
            data_coding: DataCoding(data_coding),
            tlvs: Tlvs::new(input),
        };
        Ok((&[], data))
    }

    /// Appends the body, optional parameters included.
    pub fn put(&self, out: &mut impl BufMut) {
        let mut fields = Gather::new(out);
        fields.c_octet_string(self.service_type);
        fields.octets([self.source.ton, self.source.npi]);
        fields.c_octet_string(self.source.digits);
        fields.octets([self.destination.ton, self.destination.npi]);
        fields.c_octet_string(self.destination.digits);
        fields.octets([
            self.esm_class.0,
            self.registered_delivery.0,
            self.data_coding.0,
        ]);
        fields.finish();
        out.put_slice(self.tlvs.octets());
    }

    /// Octets from the start of the PDU to destination TON; its NPI and the address follow.
    pub fn destination_offset(&self) -> usize {
        HEADER_LEN + self.service_type.len() + 1 + 3 + self.source.digits.len()
    }

    /// Octets from the start of the PDU to registered_delivery.
    pub fn registered_delivery_offset(&self) -> usize {
        self.destination_offset() + 3 + self.destination.digits.len() + 1
    }
}
