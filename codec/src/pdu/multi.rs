//! One message to several destinations: submit_multi and its response (SMPP 3.4 §4.5).

use super::response::MESSAGE_ID_MAX;
use super::{Address, Sm, Tlvs};
use crate::code::{DataCoding, EsmClass, RegisteredDelivery, Status};
use crate::frame::Frame;
use crate::wire::{
    DecodeError, Fault, Flaw, Read, array, c_octet_string, last_string, octets, put_c_octet_string,
    u8,
};
use bytes::BufMut;

/// The most destinations that one submit_multi names.
pub const DESTINATIONS_MAX: usize = 254;

/// The fields of a submit_multi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubmitMulti<'a> {
    /// service_type, 5 octets at most.
    pub service_type: &'a [u8],
    /// source_addr with its TON and NPI, 20 octets at most, perhaps empty.
    pub source: Address<'a>,
    /// number_of_dests and the dest_address elements.
    pub destinations: Destinations<'a>,
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
    /// replace_if_present_flag, reserved here: 0.
    pub replace_if_present_flag: u8,
    /// data_coding.
    pub data_coding: DataCoding,
    /// sm_default_msg_id.
    pub sm_default_msg_id: u8,
    /// short_message: sm_length octets, 254 at most by the specification.
    pub short_message: &'a [u8],
    /// The optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> SubmitMulti<'a> {
    /// Reads the body of a submit_multi; every destination is checked here, so that walking them
    /// cannot fail.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, service_type) = c_octet_string("service_type", 6)(input)?;
        let (input, &[source_ton, source_npi]) = array("source_addr_ton")(input)?;
        let (input, source_addr) = c_octet_string("source_addr", 21)(input)?;
        let (input, destinations) = Destinations::read(input)?;
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
        let multi = Self {
            service_type,
            source: Address::new(source_ton, source_npi, source_addr),
            destinations,
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
        Ok((&[], multi))
    }

    /// The same message as a submit_sm to `destination`.
    pub fn to_one(&self, destination: Address<'a>) -> Sm<'a> {
        Sm {
            service_type: self.service_type,
            source: self.source,
            destination,
            esm_class: self.esm_class,
            protocol_id: self.protocol_id,
            priority_flag: self.priority_flag,
            schedule_delivery_time: self.schedule_delivery_time,
            validity_period: self.validity_period,
            registered_delivery: self.registered_delivery,
            replace_if_present_flag: self.replace_if_present_flag,
            data_coding: self.data_coding,
            sm_default_msg_id: self.sm_default_msg_id,
            short_message: self.short_message,
            tlvs: self.tlvs,
        }
    }

    /// Appends the body; a short_message of more than 255 octets is cut there.
    pub fn put(&self, out: &mut impl BufMut) {
        let short_message = &self.short_message[..self.short_message.len().min(255)];
        put_c_octet_string(out, self.service_type);
        self.source.put(out);
        out.put_u8(self.destinations.count);
        out.put_slice(self.destinations.octets);
        out.put_slice(&[self.esm_class.0, self.protocol_id, self.priority_flag]);
        put_c_octet_string(out, self.schedule_delivery_time);
        put_c_octet_string(out, self.validity_period);
        out.put_slice(&[
            self.registered_delivery.0,
            self.replace_if_present_flag,
            self.data_coding.0,
            self.sm_default_msg_id,
            short_message.len() as u8,
        ]);
        out.put_slice(short_message);
        out.put_slice(self.tlvs.octets());
    }
}

/// One dest_address of a submit_multi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// dest_flag 1: a phone or another ESME, 20 octets of address at most.
    Sme(Address<'a>),
    /// dest_flag 2: dl_name, a distribution list at the message centre, 20 octets at most.
    List(&'a [u8]),
}

impl<'a> Destination<'a> {
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (rest, flag) = u8("dest_flag")(input)?;
        match flag {
            1 => {
                let (rest, &[ton, npi]) = array("dest_addr_ton")(rest)?;
                let (rest, digits) = c_octet_string("destination_addr", 21)(rest)?;
                Ok((rest, Self::Sme(Address::new(ton, npi, digits))))
            }
            2 => {
                let (rest, name) = c_octet_string("dl_name", 21)(rest)?;
                Ok((rest, Self::List(name)))
            }
            flag => Err(Fault::failure(
                input,
                "dest_flag",
                Flaw::Value(u32::from(flag)),
            )),
        }
    }

    /// Appends dest_flag and what it announces.
    pub fn put(&self, out: &mut impl BufMut) {
        match self {
            Self::Sme(address) => {
                out.put_u8(1);
                address.put(out);
            }
            Self::List(name) => {
                out.put_u8(2);
                put_c_octet_string(out, name);
            }
        }
    }
}

/// The destinations of a submit_multi as they lie on the wire: 1 to 254 of them, each one sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Destinations<'a> {
    count: u8,
    octets: &'a [u8],
}

impl<'a> Destinations<'a> {
    /// The destinations that were [put](Destination::put) into `octets` one after the other; `None`
    /// if there are none, more than 254, or anything else in it.
    pub fn new(octets: &'a [u8]) -> Option<Self> {
        let mut rest = octets;
        let mut count = 0;
        while !rest.is_empty() && count <= DESTINATIONS_MAX {
            rest = Destination::read(rest).ok()?.0;
            count += 1;
        }
        let sound = (1..=DESTINATIONS_MAX).contains(&count);
        sound.then_some(Self {
            count: count as u8,
            octets,
        })
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (start, count) = u8("number_of_dests")(input)?;
        if !(1..=DESTINATIONS_MAX).contains(&usize::from(count)) {
            let flaw = Flaw::Value(u32::from(count));
            return Err(Fault::failure(input, "number_of_dests", flaw));
        }
        let mut rest = start;
        for _ in 0..count {
            rest = Destination::read(rest)?.0;
        }
        Ok((
            rest,
            Self {
                count,
                octets: &start[..start.len() - rest.len()],
            },
        ))
    }

    /// number_of_dests.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there are none, as in a default value.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The destinations in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Destination<'a>> + use<'a> {
        let mut rest = self.octets;
        std::iter::from_fn(move || {
            let (behind, destination) = Destination::read(rest).ok()?;
            rest = behind;
            Some(destination)
        })
    }
}

/// The fields of a submit_multi_resp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubmitMultiResp<'a> {
    /// message_id, one for all destinations that were accepted.
    pub message_id: &'a [u8],
    /// no_unsuccess and the unsuccess_sme elements.
    pub unsuccess: UnsuccessList<'a>,
    /// The optional parameters: none in SMPP 3.4.
    pub tlvs: Tlvs<'a>,
}

impl<'a> SubmitMultiResp<'a> {
    /// Reads the body; a missing one is accepted, and so is any body beside an error.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read_response(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, message_id) = last_string("message_id", MESSAGE_ID_MAX)(input)?;
        if input.is_empty() {
            return Ok((
                input,
                Self {
                    message_id,
                    ..Self::default()
                },
            ));
        }
        let (input, unsuccess) = UnsuccessList::read(input)?;
        Ok((
            &[],
            Self {
                message_id,
                unsuccess,
                tlvs: Tlvs::new(input),
            },
        ))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.message_id);
        out.put_u8(self.unsuccess.count);
        out.put_slice(self.unsuccess.octets);
        out.put_slice(self.tlvs.octets());
    }
}

/// One unsuccess_sme: a destination that was refused, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuccess<'a> {
    /// destination_addr with its TON and NPI.
    pub destination: Address<'a>,
    /// error_status_code.
    pub status: Status,
}

impl<'a> Unsuccess<'a> {
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, &[ton, npi]) = array("dest_addr_ton")(input)?;
        let (input, digits) = c_octet_string("destination_addr", 21)(input)?;
        let (input, status) = array("error_status_code")(input)?;
        let destination = Address::new(ton, npi, digits);
        Ok((
            input,
            Self {
                destination,
                status: Status(u32::from_be_bytes(*status)),
            },
        ))
    }

    /// Appends the element.
    pub fn put(&self, out: &mut impl BufMut) {
        self.destination.put(out);
        out.put_u32(self.status.0);
    }
}

/// The refused destinations of a submit_multi_resp as they lie on the wire, each one sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnsuccessList<'a> {
    count: u8,
    octets: &'a [u8],
}

impl<'a> UnsuccessList<'a> {
    /// The elements that were [put](Unsuccess::put) into `octets` one after the other; `None` if
    /// there are more than 255 or anything else in it.
    pub fn new(octets: &'a [u8]) -> Option<Self> {
        let mut rest = octets;
        let mut count = 0_u8;
        while !rest.is_empty() {
            rest = Unsuccess::read(rest).ok()?.0;
            count = count.checked_add(1)?;
        }
        Some(Self { count, octets })
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (start, count) = u8("no_unsuccess")(input)?;
        let mut rest = start;
        for _ in 0..count {
            rest = Unsuccess::read(rest)?.0;
        }
        Ok((
            rest,
            Self {
                count,
                octets: &start[..start.len() - rest.len()],
            },
        ))
    }

    /// no_unsuccess.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether every destination was accepted.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Unsuccess<'a>> + use<'a> {
        let mut rest = self.octets;
        std::iter::from_fn(move || {
            let (behind, element) = Unsuccess::read(rest).ok()?;
            rest = behind;
            Some(element)
        })
    }
}
