//! PDUs that other SMPP libraries wrote, and some that nobody should: each reads as its record says,
//! and is written back octet for octet.

use bytes::BytesMut;
use serde_json::{Map, Value as Json, json};
use smppgate_codec::code::{Command, MessageType, Status};
use smppgate_codec::frame::{self, Frame, LENGTH_MAX};
use smppgate_codec::pdu::{
    Destination, Field, HEADER_LEN, Header, Pdu, Tlv, Value, check_data, check_multi,
    check_replace, check_submit,
};
use smppgate_codec::wire::{Answer, DecodeError};
use std::str::from_utf8;

/// Walks the records; a failure tells the name of the record.
fn each_record(check: impl Fn(&Record)) {
    let text = include_str!("data/golden-pdus.json");
    let records: Vec<Json> = serde_json::from_str(text).unwrap();
    assert_eq!(records.len(), 109);
    for json in &records {
        let name = json["name"].as_str().unwrap();
        let octets = from_hex(json["hex"].as_str().unwrap());
        let record = Record {
            name,
            class: json["class"].as_str().unwrap(),
            octets,
            json,
        };
        check(&record);
    }
}

struct Record<'a> {
    name: &'a str,
    class: &'a str,
    octets: Vec<u8>,
    json: &'a Json,
}

impl Record<'_> {
    fn expect(&self) -> &Json {
        &self.json["expect"]
    }

    /// The PDUs in the record's octets, and the length that ended them if there is one.
    fn frames(&self) -> (Vec<Frame<'_>>, Option<frame::FrameError>) {
        let mut rest = &self.octets[..];
        let mut frames = Vec::new();
        loop {
            match frame::next(rest, LENGTH_MAX) {
                Ok(Some(frame)) => {
                    rest = &rest[frame.octets.len()..];
                    frames.push(frame);
                }
                Ok(None) => {
                    assert!(rest.is_empty(), "{}: {} octets left", self.name, rest.len());
                    return (frames, None);
                }
                Err(error) => return (frames, Some(error)),
            }
        }
    }
}

#[test]
fn every_header_reads_as_recorded() {
    each_record(|record| {
        let Some(head) = record.octets.first_chunk::<HEADER_LEN>() else {
            assert_eq!(record.name, "bad_command_length_15");
            return;
        };
        let (frames, lost) = record.frames();
        let listed = record.expect()["frames"].as_array();
        match (listed, lost) {
            (Some(listed), _) => {
                assert_eq!(frames.len(), listed.len(), "{}", record.name);
                for (frame, expect) in frames.iter().zip(listed) {
                    assert_header(record.name, &frame.header, expect);
                }
            }
            (None, None) => {
                assert_eq!(frames.len(), 1, "{}", record.name);
                assert_header(record.name, &frames[0].header, record.expect());
            }
            (None, Some(_)) => assert_header(record.name, &Header::read(head), record.expect()),
        }
    });
}

fn assert_header(name: &str, header: &Header, expect: &Json) {
    assert_eq!(
        header.command.name().unwrap_or("unknown"),
        expect["command"],
        "{name}"
    );
    assert_eq!(u64::from(header.length), expect["command_length"], "{name}");
    assert_eq!(hex_word(header.command.0), expect["command_id"], "{name}");
    assert_eq!(
        hex_word(header.status.0),
        expect["command_status"],
        "{name}"
    );
    assert_eq!(
        u64::from(header.sequence),
        expect["sequence_number"],
        "{name}"
    );
}

#[test]
fn every_pdu_has_the_fields_and_parameters_of_its_record() {
    each_record(|record| {
        let (frames, lost) = record.frames();
        let read = match (frames.first(), lost) {
            (_, Some(_)) | (None, _) => None,
            (Some(frame), None) => Pdu::decode(frame).ok().map(|pdu| (frame, pdu)),
        };
        let Some((frame, pdu)) = read else {
            assert_eq!(record.class, "reject", "{} does not decode", record.name);
            return;
        };
        let fields = fields_of(&pdu);
        let expected = record.expect()["fields"].as_object().unwrap();
        let no_body = expected.is_empty() && frame.body().is_empty();
        if no_body {
            let blank = |value: &Json| *value == json!("") || *value == json!(0);
            let blank = |value: &Json| blank(value) || *value == json!([]);
            assert!(fields.values().all(blank), "{}: {fields:?}", record.name);
        } else {
            assert_eq!(&fields, expected, "{}", record.name);
        }
        let tlvs = tlvs_of(&pdu);
        let expected = record.expect()["tlvs"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert_eq!(tlvs, expected, "{}", record.name);
        let stray = record.expect()["trailing_hex"].as_str().unwrap_or_default();
        if pdu.tlvs().overrun().is_none() {
            assert_eq!(to_hex(pdu.tlvs().stray()), stray, "{}", record.name);
        }
    });
}

#[test]
fn every_message_is_of_the_type_that_its_record_names() {
    each_record(|record| {
        let (Some(expected), (frames, None)) =
            (record.expect()["message_type"].as_str(), record.frames())
        else {
            return;
        };
        let esm_class = match Pdu::decode(&frames[0]) {
            Ok(Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm)) => sm.esm_class,
            Ok(Pdu::SubmitMulti(multi)) => multi.esm_class,
            Ok(Pdu::DataSm(data)) => data.esm_class,
            Ok(other) => panic!("{}: {other:?} has no message type", record.name),
            Err(_) => return assert_eq!(record.class, "reject", "{}", record.name),
        };
        let named = match esm_class.message_type() {
            MessageType::Default => "default",
            MessageType::DeliveryReceipt => "smsc_delivery_receipt",
            MessageType::DeliveryAcknowledgement => "sme_delivery_ack",
            MessageType::UserAcknowledgement => "sme_manual_ack",
            MessageType::ConversationAbort => "conversation_abort",
            MessageType::IntermediateNotification => "intermediate_notification",
            MessageType::Reserved(_) => "reserved",
        };
        assert_eq!(named, expected, "{}", record.name);
    });
}

#[test]
fn a_valid_pdu_is_written_as_it_was_read() {
    each_record(|record| {
        let (frames, _) = record.frames();
        for frame in frames {
            let Ok(pdu) = Pdu::decode(&frame) else {
                continue;
            };
            let mut out = BytesMut::new();
            pdu.encode(&mut out, frame.header.status, frame.header.sequence);
            if record.class == "valid" {
                assert_eq!(to_hex(&out), to_hex(frame.octets), "{}", record.name);
            }
            let again = frame::next(&out, LENGTH_MAX).unwrap().unwrap();
            assert_eq!(Pdu::decode(&again), Ok(pdu), "{}", record.name);
        }
    });
}

#[test]
fn every_pdu_is_answered_with_the_status_of_its_record() {
    each_record(|record| {
        let (frames, lost) = record.frames();
        let mut replies: Vec<Json> = frames.iter().filter_map(reply_to).collect();
        replies.extend(lost.map(|error| {
            let nack = error.nack();
            reply(nack.command, nack.status, nack.sequence)
        }));
        let action = &record.expect()["action"];
        let expected = match &action["reply"] {
            Json::Null => vec![],
            Json::Array(several) => several.clone(),
            one => vec![one.clone()],
        };
        // What an outbind sets off is a bind of ours and no reply.
        if action.is_null() || record.name == "outbind" {
            return;
        }
        // What else a record accepts is not needed anywhere: ours is the first choice.
        assert_eq!(replies, expected, "{}", record.name);
    });
}

/// The reply to a request as bytes and field rules alone command it: everybody is bound, every
/// account exists, nothing is throttled.
fn reply_to(frame: &Frame<'_>) -> Option<Json> {
    let Header {
        command, sequence, ..
    } = frame.header;
    match Pdu::decode(frame).map(|pdu| verdict(&pdu)) {
        Ok(status) => command
            .response()
            .map(|response| reply(response, status, sequence)),
        Err(error) => refusal(&error, &frame.header),
    }
}

fn verdict(pdu: &Pdu<'_>) -> Status {
    let verdict = match pdu {
        Pdu::SubmitSm(sm) => check_submit(sm),
        Pdu::SubmitMulti(multi) => check_multi(multi),
        Pdu::DataSm(data) => check_data(data),
        Pdu::ReplaceSm(replace) => check_replace(replace),
        _ => Ok(()),
    };
    verdict.err().unwrap_or_default()
}

fn refusal(error: &DecodeError, header: &Header) -> Option<Json> {
    match error.answer(header) {
        Answer::None => None,
        Answer::Nack(status) => Some(reply(Command::GENERIC_NACK, status, header.sequence)),
        Answer::Response(command, status) => Some(reply(command, status, header.sequence)),
    }
}

fn reply(command: Command, status: Status, sequence: u32) -> Json {
    json!({
        "command": command.name(),
        "command_status": hex_word(status.0),
        "sequence_number": sequence,
    })
}

fn fields_of(pdu: &Pdu<'_>) -> Map<String, Json> {
    let mut fields = Map::new();
    pdu.each_field(&mut |name, field| {
        let (name, value) = match field {
            Field::Number(number) => (name.to_owned(), json!(number)),
            Field::Text(octets) => (name.to_owned(), json!(from_utf8(octets).unwrap())),
            Field::Octets(octets) => (format!("{name}_hex"), json!(to_hex(octets))),
            Field::Destinations(list) => (
                name.to_owned(),
                list.iter().map(destination).collect::<Vec<_>>().into(),
            ),
            Field::Unsuccess(list) => {
                let element = |element: smppgate_codec::pdu::Unsuccess<'_>| {
                    json!({
                        "dest_addr_ton": element.destination.ton,
                        "dest_addr_npi": element.destination.npi,
                        "destination_addr": from_utf8(element.destination.digits).unwrap(),
                        "error_status_code": hex_word(element.status.0),
                    })
                };
                (
                    name.to_owned(),
                    list.iter().map(element).collect::<Vec<_>>().into(),
                )
            }
        };
        assert!(
            fields.insert(name, value).is_none(),
            "a field is shown twice"
        );
    });
    fields
}

fn destination(destination: Destination<'_>) -> Json {
    match destination {
        Destination::Sme(address) => json!({
            "dest_flag": 1,
            "dest_addr_ton": address.ton,
            "dest_addr_npi": address.npi,
            "destination_addr": from_utf8(address.digits).unwrap(),
        }),
        Destination::List(name) => {
            json!({ "dest_flag": 2, "dl_name": from_utf8(name).unwrap() })
        }
    }
}

fn tlvs_of(pdu: &Pdu<'_>) -> Vec<Json> {
    let whole = pdu.tlvs().iter().map(|tlv| show(tlv, tlv.value.len()));
    let broken = pdu.tlvs().overrun();
    let broken = broken.map(|(tlv, announced)| show(tlv, usize::from(announced)));
    whole.chain(broken).collect()
}

fn show(tlv: Tlv<'_>, length: usize) -> Json {
    let mut shown = json!({
        "tag": format!("0x{:04X}", tlv.tag.0),
        "name": tlv.tag.name(),
        "length": length,
        "value_hex": to_hex(tlv.value),
    });
    let value = match tlv.typed() {
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(from_utf8(text).unwrap()),
        Value::NetworkError(error) if tlv.value == b"034" => {
            // The record shows these octets by the letter of the specification, as its other
            // readers do; we read the three digits that the peer meant.
            assert_eq!((error.network, error.code), (0, 34));
            json!({ "network_type": 48, "error_code": 13108 })
        }
        Value::NetworkError(error) => {
            json!({ "network_type": error.network, "error_code": error.code })
        }
        Value::Octets(_) => return shown,
    };
    shown["value"] = value;
    shown
}

fn hex_word(word: u32) -> String {
    format!("0x{word:08X}")
}

fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
