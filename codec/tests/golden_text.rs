//! What messages of other SMPP libraries say: their receipts, texts, headers and times read as their
//! records tell.

use serde_json::{Value as Json, json};
use smppgate_codec::code::{DataCoding, EsmClass};
use smppgate_codec::frame::{self, LENGTH_MAX};
use smppgate_codec::pdu::{Pdu, Tlvs};
use smppgate_codec::receipt::{Kind, Report, classify, octets};
use smppgate_codec::text::{DefaultAlphabet, decode, udh};
use smppgate_codec::time::{Civil, Stamp};
use std::str::from_utf8;

/// The user data of a record and what says how to read it.
struct Message<'a> {
    esm_class: EsmClass,
    coding: DataCoding,
    user_data: &'a [u8],
    tlvs: Tlvs<'a>,
}

/// Walks the records that tell something under `key`; returns how many did.
fn each_record_with(key: &str, check: impl Fn(&str, &Json, &Json, Option<Message<'_>>)) -> usize {
    let records: Vec<Json> = serde_json::from_str(include_str!("data/golden-pdus.json")).unwrap();
    let mut count = 0;
    for record in &records {
        let expect = &record["expect"];
        if expect[key].is_null() {
            continue;
        }
        let octets = from_hex(record["hex"].as_str().unwrap());
        let name = record["name"].as_str().unwrap();
        check(name, &expect[key], expect, message(&octets));
        count += 1;
    }
    count
}

fn message(octets: &[u8]) -> Option<Message<'_>> {
    let frame = frame::next(octets, LENGTH_MAX).ok()??;
    let (esm_class, coding, user_data, tlvs) = match Pdu::decode(&frame).ok()? {
        Pdu::SubmitSm(one) | Pdu::DeliverSm(one) => {
            (one.esm_class, one.data_coding, one.user_data(), one.tlvs)
        }
        Pdu::SubmitMulti(many) => (
            many.esm_class,
            many.data_coding,
            many.short_message,
            many.tlvs,
        ),
        _ => return None,
    };
    Some(Message {
        esm_class,
        coding,
        user_data,
        tlvs,
    })
}

#[test]
fn receipts_have_the_fields_of_their_records() {
    let count = each_record_with("receipt_text", |name, expected, expect, message| {
        let message = message.unwrap();
        let text = octets(message.esm_class, message.coding, message.user_data);
        let kind = classify(message.esm_class, &text, message.tlvs, false);
        let report = Report::read(kind, &text, message.tlvs);
        let fields = report.text;
        let mut read = json!({});
        for (field, value) in [
            ("id", fields.id),
            ("sub", fields.sub),
            ("dlvrd", fields.dlvrd),
            ("submit_date", fields.submit_date),
            ("done_date", fields.done_date),
            ("stat", fields.stat),
            ("err", fields.err),
            ("text", fields.text),
        ] {
            if let Some(value) = value {
                read[field] = json!(from_utf8(value).unwrap());
            }
        }
        assert_eq!(&read, expected, "{name}");
        let expected_kind = match expect["message_type"].as_str() {
            Some("intermediate_notification") => Kind::Intermediate,
            _ => Kind::Receipt,
        };
        assert_eq!(kind, expected_kind, "{name}");
        let tlv = |tag: &str| {
            let tlvs = expect["tlvs"].as_array()?;
            tlvs.iter()
                .find(|tlv| tlv["tag"] == tag)
                .map(|tlv| tlv["value"].clone())
        };
        let id = report.tlv_id.map(|id| json!(from_utf8(id).unwrap()));
        assert_eq!(id, tlv("0x001E"), "{name}");
        if let Some(number) = tlv("0x0427") {
            let state = report.state.map(|state| state.message_state().0);
            assert_eq!(json!(state), number, "{name}");
        }
    });
    assert_eq!(count, 9);
}

#[test]
fn texts_read_as_their_records_tell() {
    let count = each_record_with("text", |name, expected, _, message| {
        // Records of PDUs that do not decode tell what their text was meant to be.
        let Some(message) = message else {
            assert!(name.starts_with("bad_"), "{name}");
            return;
        };
        let text = if message.esm_class.has_udh() {
            udh::read(message.user_data).unwrap().1
        } else {
            message.user_data
        };
        let text = decode(message.coding, DefaultAlphabet::Gsm, text);
        assert_eq!(text.as_deref(), expected.as_str(), "{name}");
    });
    assert_eq!(count, 42);
}

#[test]
fn headers_have_the_elements_of_their_records() {
    let count = each_record_with("udh", |name, expected, _, message| {
        let (header, _) = udh::read(message.unwrap().user_data).unwrap();
        let element = |element: udh::Element<'_>| {
            json!({
                "iei": format!("0x{:02X}", element.id),
                "data_hex": element.data.iter().map(|octet| format!("{octet:02x}")).collect::<String>(),
            })
        };
        assert_eq!(json!(header.octets_len() - 1), expected["udhl"], "{name}");
        assert_eq!(
            json!(header.iter().map(element).collect::<Vec<_>>()),
            expected["ies"],
            "{name}"
        );
        assert!(
            header.is_well_formed() && header.concat().is_some(),
            "{name}"
        );
    });
    assert_eq!(count, 4);
}

#[test]
fn times_are_those_of_their_records() {
    let count = each_record_with("times", |name, expected, expect, _| {
        for (field, expected) in expected.as_object().unwrap() {
            let octets = expect["fields"][field].as_str().unwrap().as_bytes();
            let read = match Stamp::parse(octets) {
                Ok(Some(Stamp::Absolute { unix, tenths, .. })) => {
                    let Civil {
                        year,
                        month,
                        day,
                        hour,
                        minute,
                        second,
                    } = Civil::from_unix(unix);
                    json!({ "utc": format!(
                        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{tenths}Z"
                    ) })
                }
                Ok(Some(Stamp::Relative(span))) => json!({ "relative": {
                    "years": span.years,
                    "months": span.months,
                    "days": span.days,
                    "hours": span.hours,
                    "minutes": span.minutes,
                    "seconds": span.seconds,
                } }),
                Ok(None) => json!(null),
                Err(_) => json!("invalid"),
            };
            assert_eq!(&read, expected, "{name}: {field}");
        }
    });
    assert_eq!(count, 5);
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
