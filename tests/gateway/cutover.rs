//! Customers move from another gateway to this one: receipts for what that one has sent come here,
//! too, and are passed on to it.

use crate::support::{
    Carrier, Esme, Got, House, Smsc, Told, account, message, octets, parameters, put_tlv, route,
    text, until,
};
use smppgate_codec::code::{Command, DataCoding, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Address, Data, HEADER_LEN, Pdu, Sm, Tlvs};
use std::time::Duration;

const FORWARD: &str = "unmatched = { forward = \"legacy\" }";

/// Longer than the gateway takes from one look at those who wait to the next.
const LOOKED_AT: Duration = Duration::from_millis(2_500);

/// The accounts acme and legacy, and the carrier north, whose receipts that match nothing go to
/// legacy.
fn cut_over(north_keys: &str) -> (House, Smsc, Carrier, Esme) {
    let smsc = Smsc::open();
    let house = House::open(&parts(&smsc, &format!("{FORWARD}\n{north_keys}")));
    let north = smsc.bound();
    let acme = house.trx("acme");
    (house, smsc, north, acme)
}

fn parts(smsc: &Smsc, north_keys: &str) -> Vec<String> {
    vec![
        account("acme", ""),
        account("legacy", ""),
        smsc.settings("north", north_keys),
        route("all", "via = [\"north\"]"),
    ]
}

/// A receipt as no gateway would write it: what it does not know in it must stay.
fn foreign<'a>(text: &'a str, tlvs: &'a [u8]) -> Sm<'a> {
    Sm {
        service_type: b"OLD",
        source: Address::new(2, 8, b"33612345678"),
        destination: Address::new(5, 0, b"Legacy"),
        esm_class: EsmClass(0x44),
        protocol_id: 0x7F,
        priority_flag: 3,
        data_coding: DataCoding(0xF0),
        sm_default_msg_id: 9,
        short_message: text.as_bytes(),
        tlvs: Tlvs::new(tlvs),
        ..Sm::default()
    }
}

fn parameters_of_another_kind(id: &str) -> Vec<u8> {
    let mut tlvs = parameters(id, "DELIVRD");
    put_tlv(&mut tlvs, Tag(0x1401), b"what nobody knows");
    tlvs
}

/// The carrier sends this, and is told that it was taken: its body.
fn sends(north: &mut Carrier, pdu: &Pdu<'_>) -> Vec<u8> {
    let sequence = north.send(pdu);
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    octets(pdu, Status::ESME_ROK, 0)[HEADER_LEN..].to_vec()
}

fn forwarded(house: &House) -> u64 {
    house.metric("unmatched_forwarded_total")
}

#[test]
fn a_receipt_that_matches_nothing_is_passed_on_as_it_is() {
    let (house, _smsc, mut north, mut acme) = cut_over("");
    let mut legacy = house.rx("legacy");
    let (text, tlvs) = (
        text("f1", "DELIVRD", "000"),
        parameters_of_another_kind("f1"),
    );
    let body = sends(&mut north, &Pdu::DeliverSm(foreign(&text, &tlvs)));
    let got = legacy.delivery();
    assert_eq!(got.command(), Command::DELIVER_SM);
    assert_eq!(got.body(), body);
    // The number is ours: the connection counts its own.
    assert_eq!(got.sequence(), 1);
    let data = Data {
        source: Address::new(1, 1, b"33612345678"),
        destination: Address::new(5, 0, b"Legacy"),
        esm_class: EsmClass(4),
        tlvs: Tlvs::new(&tlvs),
        ..Data::default()
    };
    let body = sends(&mut north, &Pdu::DataSm(data));
    let got = legacy.delivery();
    assert_eq!((got.command(), got.body()), (Command::DATA_SM, &body[..]));
    until("both are confirmed", || {
        house.metric("messages_told_total") == 2
            && house.metric("account_places_taken{account=\"legacy\"}") == 0
    });
    assert_eq!(
        (forwarded(&house), house.metric("dead_letters_total")),
        (2, 0)
    );
    assert!(acme.so_far().is_empty());
}

#[test]
fn a_receipt_that_names_no_message_is_passed_on_as_well() {
    let (house, _smsc, mut north, _acme) = cut_over("");
    let mut legacy = house.trx("legacy");
    let body = sends(
        &mut north,
        &Pdu::DeliverSm(foreign("stat:DELIVRD err:000", b"")),
    );
    assert_eq!(legacy.delivery().body(), body);
    assert_eq!(
        (forwarded(&house), house.metric("dead_letters_total")),
        (1, 0)
    );
}

#[test]
fn news_of_a_message_on_its_way_is_passed_on_as_well() {
    let (house, _smsc, mut north, _acme) = cut_over("");
    let mut legacy = house.trx("legacy");
    let (text, tlvs) = (text("f1", "ENROUTE", "000"), parameters("f1", "ENROUTE"));
    let news = Sm {
        esm_class: EsmClass(0x20),
        ..foreign(&text, &tlvs)
    };
    let body = sends(&mut north, &Pdu::DeliverSm(news));
    assert_eq!(legacy.delivery().body(), body);
}

#[test]
fn an_older_peer_gets_it_without_parameters() {
    let (house, _smsc, mut north, _acme) = cut_over("");
    let mut legacy = house.dial();
    legacy.bind_as(Command::BIND_RECEIVER, "legacy", "secret", 0x33);
    let (text, tlvs) = (
        text("f1", "DELIVRD", "000"),
        parameters_of_another_kind("f1"),
    );
    let receipt = foreign(&text, &tlvs);
    sends(&mut north, &Pdu::DeliverSm(receipt));
    let without = Sm {
        tlvs: Tlvs::default(),
        ..receipt
    };
    assert_eq!(legacy.delivery().sm(), without);
}

#[test]
fn a_receipt_before_its_response_is_not_passed_on() {
    let (house, _smsc, mut north, mut acme) = cut_over("");
    let mut legacy = house.trx("legacy");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let request = north.request();
    north.reports("f1", "UNDELIV", "001");
    north.reports("n1", "DELIVRD", "000");
    // One of them is ours, and nobody knows which.
    assert!(legacy.within(LOOKED_AT).is_none());
    north.accept(&request, "n1");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(Told::read(&legacy.delivery()).id, "f1");
    assert!(acme.so_far().is_empty() && legacy.so_far().is_empty());
    assert_eq!(forwarded(&house), 1);
}

#[test]
fn a_receipt_whose_response_is_not_durable_yet_is_not_passed_on() {
    let (house, _smsc, mut north, mut acme) = cut_over("");
    let mut legacy = house.trx("legacy");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let request = north.request();
    north.reports("n1", "DELIVRD", "000");
    house.trouble.delay(LOOKED_AT);
    north.accept(&request, "n1");
    assert!(legacy.within(LOOKED_AT / 2).is_none());
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(forwarded(&house), 0);
}

#[test]
fn a_message_on_another_bind_of_the_group_holds_receipts_up_as_well() {
    let (north_smsc, south_smsc) = (Smsc::open(), Smsc::open());
    let mut parts = parts(&north_smsc, &format!("group = \"operator\"\n{FORWARD}"));
    parts.push(south_smsc.settings("south", "group = \"operator\""));
    parts[3] = route("all", "via = [\"south\"]");
    let house = House::open(&parts);
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let (mut acme, mut legacy) = (house.trx("acme"), house.trx("legacy"));
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let request = south.request();
    north.reports("s1", "DELIVRD", "000");
    assert!(legacy.within(LOOKED_AT).is_none());
    south.accept(&request, "s1");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    // What south reports is not passed on: nobody has asked for that.
    south.reports("f1", "DELIVRD", "000");
    until("it is given up", || house.metric("dead_letters_total") == 1);
    assert!(legacy.so_far().is_empty());
    let (_, letters) = house.http("/v1/dead-letters");
    assert!(letters.contains("\"carrier\":\"south\""), "{letters}");
}

#[test]
fn what_is_passed_on_waits_until_its_account_is_bound() {
    let (house, _smsc, mut north, _acme) = cut_over("");
    for id in ["f1", "f2", "f3"] {
        north.reports(id, "DELIVRD", "000");
    }
    until("they wait", || {
        house.metric("account_deliveries_waiting{account=\"legacy\"}") == 3
    });
    let mut legacy = house.rx("legacy");
    let ids = [(); 3].map(|()| Told::read(&legacy.delivery()).id);
    assert_eq!(ids, ["f1", "f2", "f3"]);
}

#[test]
fn what_its_account_refuses_for_good_is_a_dead_letter() {
    let (house, _smsc, mut north, _acme) = cut_over("");
    let mut legacy = house.rx("legacy");
    north.reports("f1", "DELIVRD", "000");
    let got: Got = legacy.expect(Command::DELIVER_SM);
    legacy.settle(&got, Status::ESME_RX_R_APPN);
    until("it is given up", || house.metric("dead_letters_total") == 1);
    let (_, letters) = house.http("/v1/dead-letters");
    assert!(letters.contains("\"account\":\"legacy\""), "{letters}");
}

#[test]
fn our_own_messages_get_their_receipts_as_ever() {
    let (house, _smsc, mut north, mut acme) = cut_over("");
    let mut legacy = house.trx("legacy");
    for at in 0..3 {
        let sequence = acme.submit_sm(message("33612345678"));
        let id = acme.accepted(sequence);
        let (ours, other) = (format!("n{at}"), format!("f{at}"));
        north.takes(&ours);
        north.reports(&other, "DELIVRD", "000");
        north.reports(&ours, "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert_eq!(Told::read(&legacy.delivery()).id, other);
        // A repetition is absorbed, as far as that is ours to say.
        north.reports(&ours, "DELIVRD", "000");
    }
    assert!(acme.so_far().is_empty() && legacy.so_far().is_empty());
}

#[test]
fn the_account_is_named_while_the_gateway_runs() {
    let smsc = Smsc::open();
    let mut house = House::open(&parts(&smsc, ""));
    let mut north = smsc.bound();
    let mut legacy = house.trx("legacy");
    house.reload(&parts(&smsc, FORWARD));
    north.reports("f1", "DELIVRD", "000");
    assert_eq!(Told::read(&legacy.delivery()).id, "f1");
    house.reload(&parts(&smsc, ""));
    let (text, tlvs) = ("stat:DELIVRD", b"");
    sends(&mut north, &Pdu::DeliverSm(foreign(text, tlvs)));
    assert_eq!(house.metric("dead_letters_total"), 1);
    assert_eq!(forwarded(&house), 1);
}
