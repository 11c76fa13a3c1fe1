//! One message to several destinations: each is a message of its own, and all share one answer.

use crate::support::{Esme, Got, House, Smsc, Told, account, message, one_carrier, route, until};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Address, Destination, Destinations, Pdu, SubmitMulti, SubmitMultiResp};
use std::time::{Duration, Instant};

const MODES: [&str; 2] = ["ack = \"stored\"", "ack = \"carrier\""];

fn phone(digits: &str) -> Destination<'_> {
    Destination::Sme(Address::new(1, 1, digits.as_bytes()))
}

/// Submits the ordinary message to these destinations.
fn submit(acme: &mut Esme, destinations: &[Destination<'_>]) -> u32 {
    let mut octets = Vec::new();
    destinations.iter().for_each(|one| one.put(&mut octets));
    let sm = message("");
    acme.send(&Pdu::SubmitMulti(SubmitMulti {
        source: sm.source,
        destinations: Destinations::new(&octets).unwrap(),
        registered_delivery: sm.registered_delivery,
        short_message: sm.short_message,
        ..SubmitMulti::default()
    }))
}

/// The id of an answer, and who was refused.
fn answer(got: &Got) -> (String, Vec<(String, Status)>) {
    assert_eq!(got.status(), Status::ESME_ROK);
    let Pdu::SubmitMultiResp(SubmitMultiResp {
        message_id,
        unsuccess,
        ..
    }) = got.pdu()
    else {
        panic!("no submit_multi_resp: {got:?}");
    };
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let refused = unsuccess.iter();
    (
        text(message_id),
        refused
            .map(|one| (text(one.destination.digits), one.status))
            .collect(),
    )
}

#[test]
fn each_destination_gets_a_message_and_has_a_receipt_and_all_bear_one_id() {
    for mode in MODES {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let numbers = ["33600000001", "33600000002", "33600000003"];
        let sequence = submit(&mut acme, &numbers.map(phone));
        for (at, number) in numbers.iter().enumerate() {
            assert_eq!(north.takes(&format!("n{at}")).sm(), message(number));
        }
        let (id, refused) = answer(&acme.response(sequence));
        assert_eq!(refused, []);
        for (at, stat) in [(1, "DELIVRD"), (2, "UNDELIV"), (0, "DELIVRD")] {
            north.reports(&format!("n{at}"), stat, "000");
            let receipt = acme.delivery();
            assert_eq!(Told::read(&receipt), Told::new(&id, stat, "000"));
            assert_eq!(receipt.sm().source.digits, numbers[at].as_bytes());
        }
        assert_eq!(house.metric("accepted_total"), 3);
        until("all have been told", || {
            house.metric("receipts_told_total") == 3
        });
        // The next one has another id.
        let sequence = submit(&mut acme, &[phone("33600000004")]);
        north.takes("n4");
        assert_ne!(answer(&acme.response(sequence)).0, id);
    }
}

#[test]
fn who_is_refused_is_named_and_the_others_get_theirs() {
    for mode in MODES {
        let smsc = Smsc::open();
        let house = House::open(&[
            account("acme", mode),
            smsc.settings("north", ""),
            route("france", "to = [\"33\"]\nvia = [\"north\"]"),
            route("closed", "to = [\"44\"]\nreject = \"ESME_RSUBMITFAIL\""),
        ]);
        let mut north = smsc.bound();
        let mut acme = house.trx("acme");
        let sequence = submit(
            &mut acme,
            &[
                phone("447700900123"),
                Destination::List(b"friends"),
                phone("33600000001"),
                phone("491700000000"),
                phone(""),
                phone("+"),
                phone("336\n"),
            ],
        );
        assert_eq!(north.takes("n1").sm(), message("33600000001"));
        let (id, mut refused) = answer(&acme.response(sequence));
        refused.sort();
        let named = |digits: &str, status| (digits.to_owned(), status);
        assert_eq!(
            refused,
            [
                named("", Status::ESME_RINVDSTADR),
                named("+", Status::ESME_RINVDSTADR),
                named("336\n", Status::ESME_RINVDSTADR),
                named("447700900123", Status::ESME_RSUBMITFAIL),
                named("491700000000", Status::ESME_RINVDSTADR),
                named("friends", Status::ESME_RINVDLNAME),
            ]
        );
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn if_all_are_refused_the_status_of_the_first_is_the_answer() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = submit(&mut acme, &[Destination::List(b"friends"), phone("")]);
    assert_eq!(acme.refused(sequence), Status::ESME_RINVDLNAME);
    // Nobody is left who could be asked.
    let smsc = Smsc::open();
    let house = House::open(&[account("acme", ""), smsc.settings("north", "")]);
    let mut lonely = house.trx("acme");
    let sequence = submit(&mut lonely, &[phone("33600000001"), phone("33600000002")]);
    let response = lonely.response(sequence);
    assert_eq!(response.command(), Command::SUBMIT_MULTI_RESP);
    assert_eq!(response.status(), Status::ESME_RINVDSTADR);
    assert!(north.so_far().is_empty());
}

#[test]
fn in_carrier_mode_the_answer_waits_for_every_verdict_and_receipts_wait_for_the_answer() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let mut reader = house.rx("acme");
    let sequence = submit(
        &mut acme,
        &["33600000001", "33600000002", "33600000003"].map(phone),
    );
    let requests = [north.request(), north.request(), north.request()];
    north.accept(&requests[2], "n2");
    north.reports("n2", "DELIVRD", "000");
    north.refuse(&requests[0], Status::ESME_RINVDSTADR);
    north.alive();
    // A message that comes behind is not held up by it.
    let behind = acme.submit("33600000004");
    north.takes("n4");
    let other = acme.accepted(behind);
    north.reports("n4", "DELIVRD", "000");
    assert!(!acme.has(Command::SUBMIT_MULTI_RESP));
    let told = Told::new(&other, "DELIVRD", "000");
    let (mut here, mut there) = (acme.so_far(), reader.so_far());
    here.append(&mut there);
    for got in here {
        assert_eq!(Told::read(&got), told, "a receipt overtook its response");
    }
    north.accept(&requests[1], "n1");
    let (id, refused) = answer(&acme.response(sequence));
    assert_eq!(
        refused,
        [("33600000001".to_owned(), Status::ESME_RINVDSTADR)]
    );
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(house.metric("refused_total"), 1);
}

#[test]
fn a_destination_without_a_verdict_is_answered_in_time_like_any_message() {
    let keys = "ack = \"carrier\"\nrespond_within = \"200ms\"\non_unknown = \"refuse\"";
    let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "");
    let sequence = submit(&mut acme, &["33600000001", "33600000002"].map(phone));
    north.takes("n1");
    north.request();
    let (_, refused) = answer(&acme.response(sequence));
    assert_eq!(refused, [("33600000002".to_owned(), Status::ESME_RSYSERR)]);
}

#[test]
fn as_many_destinations_as_there_can_be_are_one_request_of_the_window() {
    let (_house, _smsc, mut north, mut acme) =
        one_carrier("window = 1\nack = \"carrier\"", "window = 1000");
    let numbers: Vec<String> = (0..254).map(|at| format!("336{at:08}")).collect();
    let destinations: Vec<_> = numbers.iter().map(|number| phone(number)).collect();
    let sequence = submit(&mut acme, &destinations);
    for (at, number) in numbers.iter().enumerate() {
        assert_eq!(north.takes(&at.to_string()).sm(), message(number));
    }
    assert_eq!(answer(&acme.response(sequence)).1, []);
}

#[test]
fn a_long_text_for_too_many_is_refused_before_it_takes_memory() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut tlvs = Vec::new();
    crate::support::put_tlv(
        &mut tlvs,
        smppgate_codec::code::Tag::MESSAGE_PAYLOAD,
        &[b'x'; 60_000],
    );
    let mut octets = Vec::new();
    (0..200).for_each(|_| phone("33600000001").put(&mut octets));
    let sequence = acme.send(&Pdu::SubmitMulti(SubmitMulti {
        destinations: Destinations::new(&octets).unwrap(),
        tlvs: smppgate_codec::pdu::Tlvs::new(&tlvs),
        ..SubmitMulti::default()
    }));
    assert_eq!(acme.refused(sequence), Status::ESME_RINVMSGLEN);
    assert!(north.so_far().is_empty());
}

#[test]
fn each_destination_is_held_to_the_terms_of_the_account_and_counted() {
    let keys = "rate = 2\ndestinations = [\"33*\"]";
    let (_house, _smsc, _north, mut acme) = one_carrier(keys, "");
    let begun = Instant::now();
    let none = submit(&mut acme, &[phone("447700900123")]);
    let some = submit(
        &mut acme,
        &["33600000001", "447700900123", "33600000002"].map(phone),
    );
    let later = submit(&mut acme, &[phone("33600000003")]);
    let never = submit(&mut acme, &["33600000004", "33600000005"].map(phone));
    assert_eq!(acme.refused(none), Status::ESME_RINVDSTADR);
    let (_, refused) = answer(&acme.response(some));
    assert_eq!(
        refused,
        [("447700900123".to_owned(), Status::ESME_RINVDSTADR)]
    );
    let (_, refused) = answer(&acme.response(later));
    assert_eq!(refused, []);
    assert!(begun.elapsed() > Duration::from_millis(400));
    assert_eq!(acme.refused(never), Status::ESME_RTHROTTLED);
    assert!(begun.elapsed() > Duration::from_millis(950));
}
