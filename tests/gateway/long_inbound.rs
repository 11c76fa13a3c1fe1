//! Long messages from phones, in their segments or whole.

use crate::support::{Carrier, Esme, House, one_carrier, put_tlv, until};
use smppgate::journal::Refusal;
use smppgate::moment::Moment;
use smppgate_codec::code::{Command, DataCoding, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Address, Data, Pdu, Sm, Tlvs};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WHOLE: &str = "reassemble = true";

/// A segment with a header of its own.
fn segment(reference: u8, total: u8, seqnum: u8, text: &[u8]) -> Vec<u8> {
    [&[5, 0, 3, reference, total, seqnum][..], text].concat()
}

/// Delivers a segment from this phone and waits until the gateway has taken it.
fn delivers(north: &mut Carrier, phone: &str, user_data: &[u8]) {
    let sequence = north.send(&in_segments(phone, user_data));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
}

fn in_segments<'a>(phone: &'a str, user_data: &'a [u8]) -> Pdu<'a> {
    Pdu::DeliverSm(Sm {
        source: Address::new(1, 1, phone.as_bytes()),
        destination: Address::new(0, 1, b"36034"),
        esm_class: EsmClass(EsmClass::UDHI),
        short_message: user_data,
        ..Sm::default()
    })
}

/// Who the next message is from, and what it says.
fn message(acme: &mut Esme) -> (String, u8, Vec<u8>) {
    let delivery = acme.delivery();
    let sm = delivery.sm();
    let from = String::from_utf8(sm.source.digits.to_vec()).unwrap();
    (from, sm.esm_class.0, sm.user_data().to_vec())
}

fn from(phone: &str, esm_class: u8, text: &[u8]) -> (String, u8, Vec<u8>) {
    (phone.to_owned(), esm_class, text.to_vec())
}

fn room(house: &House) -> u64 {
    house.metric("account_places_taken{account=\"acme\"}")
}

#[test]
fn segments_are_passed_on_as_they_are_unless_the_customer_wants_them_whole() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    for seqnum in [2, 1] {
        let octets = segment(7, 2, seqnum, b"hello");
        delivers(&mut north, "33612345678", &octets);
        assert_eq!(message(&mut acme), from("33612345678", 0x40, &octets));
    }
}

#[test]
fn a_long_message_comes_whole_whatever_the_order_of_its_segments() {
    let (house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    let text: Vec<u8> = (0..400_u32).map(|at| b'a' + (at % 26) as u8).collect();
    for seqnum in [3, 1, 2_u8] {
        assert!(acme.so_far().is_empty());
        let start = usize::from(seqnum - 1) * 153;
        let part = &text[start..text.len().min(start + 153)];
        delivers(&mut north, "33612345678", &segment(7, 3, seqnum, part));
    }
    assert_eq!(message(&mut acme), from("33612345678", 0, &text));
    // A short one fits into short_message.
    for seqnum in [1, 2] {
        delivers(&mut north, "33612345678", &segment(7, 2, seqnum, b"hello"));
    }
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().short_message, b"hellohello");
    assert_eq!(delivery.tlv(Tag::MESSAGE_PAYLOAD), None);
    assert_eq!(house.metric("inbound_joined_total"), 2);
    until("nothing takes room", || room(&house) == 0);
    // What is no segment is not held up.
    north.deliver(0, b"hello", b"");
    assert_eq!(acme.delivery().sm().short_message, b"hello");
}

#[test]
fn segments_that_a_full_journal_could_not_join_came_again_after_they_had_been_told_as_one() {
    let (house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    let [first, second] = [(1, b"a"), (2, b"b")].map(|(at, text)| segment(7, 2, at, text));
    delivers(&mut north, "33612345678", &first);
    // The second one is let in, and there is no room any more when it is settled.
    house.trouble.delay(Duration::from_millis(300));
    let sequence = north.send(&in_segments("33612345678", &second));
    north.alive();
    house.trouble.refuse(Some(Refusal::Full));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    for octets in [first, second] {
        assert_eq!(message(&mut acme), from("33612345678", 0x40, &octets));
    }
    until("nothing takes room", || room(&house) == 0);
    assert_eq!(house.metric("inbound_joined_total"), 0);
}

#[test]
fn phones_and_references_are_told_apart() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    delivers(&mut north, "33600000001", &segment(1, 2, 1, b"a"));
    delivers(&mut north, "33600000002", &segment(1, 2, 1, b"b"));
    delivers(&mut north, "33600000001", &segment(2, 2, 1, b"c"));
    delivers(&mut north, "33600000001", &segment(2, 2, 2, b"C"));
    assert_eq!(message(&mut acme), from("33600000001", 0, b"cC"));
    delivers(&mut north, "33600000002", &segment(1, 2, 2, b"B"));
    assert_eq!(message(&mut acme), from("33600000002", 0, b"bB"));
    delivers(&mut north, "33600000001", &segment(1, 2, 2, b"A"));
    assert_eq!(message(&mut acme), from("33600000001", 0, b"aA"));
}

#[test]
fn a_character_that_was_cut_in_two_is_whole_again() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    for (seqnum, half) in [(1, [0xD8, 0x3D]), (2, [0xDE, 0x00])] {
        north.send(&Pdu::DeliverSm(Sm {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(0, 1, b"36034"),
            esm_class: EsmClass(EsmClass::UDHI),
            data_coding: DataCoding::UCS2,
            short_message: &segment(1, 2, seqnum, &half),
            ..Sm::default()
        }));
    }
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().data_coding, DataCoding::UCS2);
    assert_eq!(
        delivery.sm().short_message,
        "😀"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    );
}

#[test]
fn segments_that_are_numbered_by_parameters_become_one_as_well() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    let numbers = |seqnum, text: &[u8]| {
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, Tag::SAR_MSG_REF_NUM, &[1, 7]);
        put_tlv(&mut tlvs, Tag::SAR_TOTAL_SEGMENTS, &[2]);
        put_tlv(&mut tlvs, Tag::SAR_SEGMENT_SEQNUM, &[seqnum]);
        if !text.is_empty() {
            put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, text);
        }
        tlvs
    };
    north.deliver(0, b"two", &numbers(2, b""));
    north.deliver(0, b"one", &numbers(1, b""));
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().short_message, b"onetwo");
    assert!(delivery.sm().tlvs.is_empty());
    // The same as data_sm.
    for (seqnum, text) in [(1, b"one"), (2, b"two")] {
        north.send(&Pdu::DataSm(Data {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(0, 1, b"36034"),
            tlvs: Tlvs::new(&numbers(seqnum, text)),
            ..Data::default()
        }));
    }
    let delivery = acme.delivery();
    assert_eq!(delivery.command(), Command::DATA_SM);
    let payload = delivery.tlv(Tag::MESSAGE_PAYLOAD);
    assert_eq!(payload.as_deref(), Some(&b"onetwo"[..]));
}

#[test]
fn a_header_counts_before_parameters() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    // By these it would be the third of three.
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::SAR_MSG_REF_NUM, &[1, 7]);
    put_tlv(&mut tlvs, Tag::SAR_TOTAL_SEGMENTS, &[3]);
    put_tlv(&mut tlvs, Tag::SAR_SEGMENT_SEQNUM, &[3]);
    for (seqnum, text) in [(1, b"one"), (2, b"two")] {
        north.deliver(0x40, &segment(7, 2, seqnum, text), &tlvs);
    }
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().short_message, b"onetwo");
    assert!(delivery.sm().tlvs.is_empty());
}

#[test]
fn a_segment_that_comes_twice_counts_once() {
    let (house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    for _ in 0..3 {
        delivers(&mut north, "33612345678", &segment(1, 2, 1, b"a"));
    }
    assert_eq!(room(&house), 1);
    delivers(&mut north, "33612345678", &segment(1, 2, 2, b"b"));
    assert_eq!(message(&mut acme), from("33612345678", 0, b"ab"));
    until("nothing takes room", || room(&house) == 0);
}

#[test]
fn segments_that_wait_in_vain_are_passed_on_as_they_are() {
    let (house, _smsc, mut north, mut acme) = one_carrier(WHOLE, "");
    let (first, third) = (segment(1, 3, 1, b"a"), segment(1, 3, 3, b"c"));
    delivers(&mut north, "33612345678", &third);
    delivers(&mut north, "33612345678", &first);
    assert!(acme.so_far().is_empty());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Moment(since.as_micros() as u64) + Duration::from_secs(601);
    house.gateway().board().clerk().sweep(0, now);
    assert_eq!(message(&mut acme), from("33612345678", 0x40, &first));
    assert_eq!(message(&mut acme), from("33612345678", 0x40, &third));
    assert_eq!(house.metric("inbound_incomplete_total"), 2);
    until("nothing takes room", || room(&house) == 0);
}
