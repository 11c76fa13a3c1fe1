//! What is in a PDU, by the names of the specification: the tree that is written as JSON or for
//! people.

use serde::ser::{Serialize, SerializeMap, Serializer};
use smppgate_codec::code::{DataCoding, EsmClass, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Destination, Field, Pdu, Tlv, Tlvs, Unsuccess, Value};
use smppgate_codec::receipt::{self, Kind, Report};
use smppgate_codec::text::{self, DefaultAlphabet, udh};
use smppgate_codec::wire::{DecodeError, Flaw};

use super::hex;

/// A value with a name or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing is known.
    Null,
    /// A number.
    Number(u64),
    /// A text, or octets as hexadecimal digits.
    Text(String),
    /// Several of a kind.
    List(Vec<Entry>),
    /// Named values in the order of the wire.
    Named(Named),
}

/// Named values in their order.
pub type Named = Vec<(&'static str, Entry)>;

/// How PDUs are shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Passwords are shown as they are.
    pub secrets: bool,
    /// What data_coding 0 means.
    pub alphabet: DefaultAlphabet,
}

/// One PDU, or why it is none; `true` if it was read.
pub fn shown(frame: &Frame<'_>, options: Options) -> (Named, bool) {
    match Pdu::decode(frame) {
        Ok(pdu) => (of_pdu(frame, &pdu, options), true),
        Err(error) if error.flaw == Flaw::UnknownCommand => (unknown(frame), true),
        Err(error) => (of_error(&error), false),
    }
}

/// What could not be read, and where: octets from the start of the PDU.
pub fn error(message: impl ToString, offset: usize) -> Named {
    vec![
        ("error", Entry::Text(message.to_string())),
        ("offset", Entry::Number(offset as u64)),
    ]
}

fn of_error(failure: &DecodeError) -> Named {
    error(failure, failure.offset as usize)
}

fn unknown(frame: &Frame<'_>) -> Named {
    vec![
        ("command", text("unknown")),
        ("command_id", word(frame.header.command.0)),
        ("status", number(frame.header.status.0)),
        ("sequence", number(frame.header.sequence)),
        ("body", octets(frame.body())),
    ]
}

fn of_pdu(frame: &Frame<'_>, pdu: &Pdu<'_>, options: Options) -> Named {
    let header = frame.header;
    let mut fields = Vec::new();
    // A response that tells an error has no body as a rule, and so no fields.
    if !frame.body().is_empty() {
        pdu.each_field(&mut |name, field| fields.push((name, of_field(name, field, options))));
    }
    let tlvs = pdu.tlvs();
    let mut shown = vec![
        ("command", text(header.command)),
        ("status", number(header.status.0)),
        ("sequence", number(header.sequence)),
        ("fields", Entry::Named(fields)),
    ];
    let mut parameters: Vec<Entry> = tlvs.iter().map(|tlv| Entry::Named(of_tlv(tlv))).collect();
    let stray = match tlvs.overrun() {
        Some((tlv, announced)) => {
            let mut parameter = of_tlv(tlv);
            parameter.push(("announced_length", number(announced)));
            parameters.push(Entry::Named(parameter));
            &[]
        }
        None => tlvs.stray(),
    };
    shown.push(("tlvs", Entry::List(parameters)));
    if !stray.is_empty() {
        shown.push(("stray", octets(stray)));
    }
    if let Some(message) = Message::of(pdu) {
        message.show(options, &mut shown);
    }
    shown
}

fn of_field(name: &str, field: Field<'_>, options: Options) -> Entry {
    match field {
        Field::Text(password) if name == "password" && !options.secrets => match password {
            [] => text(""),
            _ => text("…"),
        },
        Field::Number(value) => number(value),
        Field::Text(value) => string(value),
        Field::Octets(value) => octets(value),
        Field::Destinations(list) => Entry::List(list.iter().map(of_destination).collect()),
        Field::Unsuccess(list) => {
            let one = |one: Unsuccess<'_>| {
                let mut shown = address(one.destination);
                shown.push(("error_status_code", number(one.status.0)));
                Entry::Named(shown)
            };
            Entry::List(list.iter().map(one).collect())
        }
    }
}

fn of_destination(destination: Destination<'_>) -> Entry {
    Entry::Named(match destination {
        Destination::Sme(to) => {
            let mut shown = vec![("dest_flag", Entry::Number(1))];
            shown.extend(address(to));
            shown
        }
        Destination::List(name) => vec![("dest_flag", Entry::Number(2)), ("dl_name", string(name))],
    })
}

fn address(address: Address<'_>) -> Named {
    vec![
        ("dest_addr_ton", number(address.ton)),
        ("dest_addr_npi", number(address.npi)),
        ("destination_addr", string(address.digits)),
    ]
}

fn of_tlv(tlv: Tlv<'_>) -> Named {
    let value = match tlv.typed() {
        Value::Number(value) => number(value),
        Value::Text(value) => string(value),
        Value::NetworkError(error) => Entry::Named(vec![
            ("network_type", number(error.network)),
            ("error_code", number(error.code)),
        ]),
        Value::Octets(value) => octets(value),
    };
    vec![
        ("tag", Entry::Text(format!("0x{:04X}", tlv.tag.0))),
        ("name", tlv.tag.name().map_or(Entry::Null, text)),
        ("value", value),
    ]
}

/// The user data of a PDU, and what is needed to read it.
struct Message<'a> {
    esm_class: EsmClass,
    coding: DataCoding,
    user_data: &'a [u8],
    tlvs: Tlvs<'a>,
    /// Only what a carrier sends can be a receipt.
    may_be_receipt: bool,
}

impl<'a> Message<'a> {
    fn of(pdu: &Pdu<'a>) -> Option<Self> {
        let (sm, may_be_receipt) = match pdu {
            Pdu::SubmitSm(sm) => (*sm, false),
            Pdu::DeliverSm(sm) => (*sm, true),
            Pdu::SubmitMulti(multi) => (multi.to_one(Address::default()), false),
            Pdu::DataSm(data) => {
                return Some(Self {
                    esm_class: data.esm_class,
                    coding: data.data_coding,
                    user_data: data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
                    tlvs: data.tlvs,
                    may_be_receipt: true,
                });
            }
            _ => return None,
        };
        Some(Self {
            esm_class: sm.esm_class,
            coding: sm.data_coding,
            user_data: sm.user_data(),
            tlvs: sm.tlvs,
            may_be_receipt,
        })
    }

    /// Adds what the user data says: its header, its text, and the receipt if it is one.
    fn show(&self, options: Options, shown: &mut Named) {
        let mut body = self.user_data;
        if self.esm_class.has_udh()
            && let Ok((header, rest)) = udh::read(body)
        {
            shown.push(("udh", of_header(&header)));
            body = rest;
        }
        if !body.is_empty()
            && let Some(decoded) = text::decode(self.coding, options.alphabet, body)
        {
            shown.push(("text", text(decoded)));
        }
        if self.may_be_receipt {
            let octets = receipt::octets(self.esm_class, self.coding, self.user_data);
            let kind = receipt::classify(self.esm_class, &octets, self.tlvs, false);
            if matches!(kind, Kind::Receipt | Kind::Intermediate) {
                let report = Report::read(kind, &octets, self.tlvs);
                shown.push(("receipt", of_report(&report)));
            }
        }
    }
}

fn of_header(header: &udh::Udh<'_>) -> Entry {
    let mut shown = Vec::new();
    if let Some(concat) = header.concat() {
        shown.push(("reference", number(concat.reference)));
        shown.push(("segment", number(concat.seqnum)));
        shown.push(("segments", number(concat.total)));
    }
    if let Some(ports) = header.ports() {
        shown.push(("destination_port", number(ports.destination)));
        shown.push(("source_port", number(ports.source)));
    }
    let element = |element: udh::Element<'_>| {
        Entry::Named(vec![
            ("id", Entry::Text(format!("0x{:02X}", element.id))),
            ("data", octets(element.data)),
        ])
    };
    shown.push((
        "elements",
        Entry::List(header.iter().map(element).collect()),
    ));
    Entry::Named(shown)
}

fn of_report(report: &Report<'_>) -> Entry {
    let mut shown = Vec::new();
    let mut add = |name, value: Option<&[u8]>| {
        if let Some(value) = value {
            shown.push((name, string(value)));
        }
    };
    add("id", report.ids().next());
    add("sub", report.text.sub);
    add("dlvrd", report.text.dlvrd);
    add("submit_date", report.text.submit_date);
    add("done_date", report.text.done_date);
    add("stat", report.text.stat);
    add("err", report.err);
    add("text", report.text.text);
    let state = report.state.map(|state| text(state.message_state()));
    shown.push(("state", state.unwrap_or(Entry::Null)));
    Entry::Named(shown)
}

fn number(value: impl Into<u64>) -> Entry {
    Entry::Number(value.into())
}

fn text(value: impl ToString) -> Entry {
    Entry::Text(value.to_string())
}

/// ASCII as a rule; what is above it is read as ISO 8859-1, which keeps every octet apart.
fn string(value: &[u8]) -> Entry {
    text(text::latin1::decode(value))
}

fn octets(value: &[u8]) -> Entry {
    Entry::Text(hex::write(value))
}

fn word(value: u32) -> Entry {
    Entry::Text(format!("0x{value:08X}"))
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Named(named) => {
                let mut map = serializer.serialize_map(Some(named.len()))?;
                for (name, value) in named {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
