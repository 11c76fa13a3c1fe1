//! The gateway ends in order.

use crate::support::{House, Smsc, account, one_carrier, route, until};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::Pdu;
use std::time::{Duration, Instant};

#[test]
fn what_is_in_flight_is_answered_and_both_sides_are_unbound() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (mut house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let sequence = acme.submit("33612345678");
        let request = north.request();
        acme.alive();
        let drain = house.drain();
        // The customer is asked to go once it has all its answers: it may close when it reads that.
        if mode.contains("carrier") {
            until("nobody is let in", || house.is_shut());
            acme.alive();
            assert!(!acme.has(Command::UNBIND));
        }
        north.accept(&request, "n1");
        let first = acme.next();
        assert_eq!(
            (first.command(), first.sequence()),
            (Command::SUBMIT_SM_RESP, sequence)
        );
        let unbind = acme.expect(Command::UNBIND);
        acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
        acme.closed();
        let unbind = north.expect(Command::UNBIND);
        north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
        north.closed();
        house.ended(drain);
    }
}

#[test]
fn who_closes_in_place_of_an_answer_to_our_unbind_has_gone_as_well() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "");
    let before = Instant::now();
    let drain = house.drain();
    for peer in [&mut *acme, &mut *north] {
        peer.expect(Command::UNBIND);
        peer.hang_up();
    }
    house.ended(drain);
    // Who says nothing at all is waited for longer than that.
    assert!(before.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_waits_behind_the_window_is_sent_before_the_end() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "window = 1");
    let sequences: Vec<u32> = (0..20).map(|_| acme.submit("33612345678")).collect();
    for sequence in sequences {
        acme.accepted(sequence);
    }
    let drain = house.drain();
    let unbind = acme.expect(Command::UNBIND);
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    acme.closed();
    for at in 0..20 {
        north.takes(&format!("n{at}"));
    }
    let unbind = north.expect(Command::UNBIND);
    assert!(!north.has(Command::SUBMIT_SM), "twenty, each sent once");
    north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    north.closed();
    house.ended(drain);
}

#[test]
fn nobody_new_comes_in_and_http_says_so() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "");
    assert_eq!(house.http("/readyz"), (200, "ready\n".to_owned()));
    acme.submit("33612345678");
    let request = north.request();
    let drain = house.drain();
    let unbind = acme.expect(Command::UNBIND);
    let (status, body) = house.http("/readyz");
    assert_eq!((status, body.as_str()), (503, "draining\n"));
    assert_eq!(house.http("/livez").0, 200);
    until("nobody is let in", || house.is_shut());
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    acme.closed();
    north.accept(&request, "n1");
    let unbind = north.expect(Command::UNBIND);
    north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    north.closed();
    house.ended(drain);
}

#[test]
fn what_a_customer_submits_before_it_sees_the_unbind_is_answered() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "");
    let drain = house.drain();
    // It has not read the unbind yet.
    let sequence = acme.submit("33612345678");
    let unbind = acme.expect(Command::UNBIND);
    let response = acme.response(sequence);
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    if response.status() == Status::ESME_ROK {
        north.takes("n1");
    } else {
        assert_eq!(response.status(), Status::ESME_RINVBNDSTS);
    }
    let unbind = north.expect(Command::UNBIND);
    assert!(!north.has(Command::SUBMIT_SM));
    north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    north.closed();
    house.ended(drain);
}

#[test]
fn a_receipt_that_comes_during_the_end_is_taken_from_the_carrier() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.submit("33612345678");
    north.takes("n1");
    acme.submit("33612345679");
    let held_back = north.request();
    let drain = house.drain();
    let unbind = acme.expect(Command::UNBIND);
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    acme.closed();
    north.reports("n1", "DELIVRD", "000");
    north.accept(&held_back, "n2");
    let unbind = north.expect(Command::UNBIND);
    // Also after our unbind: the carrier would keep it otherwise.
    north.reports("n2", "DELIVRD", "000");
    north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    north.closed();
    house.ended(drain);
}

#[test]
fn without_anything_under_way_the_end_comes_at_once() {
    let smsc = Smsc::open();
    let mut house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    // The carrier is not even bound.
    let drain = house.drain();
    house.ended(drain);
}

#[test]
fn who_was_connected_before_the_end_cannot_bind_in_it() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut other = house.dial();
    other.alive();
    acme.submit("33612345678");
    let request = north.request();
    let drain = house.drain();
    let unbind = acme.expect(Command::UNBIND);
    let answer = other.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_RBINDFAIL);
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    north.accept(&request, "n1");
    let unbind = north.expect(Command::UNBIND);
    north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    house.ended(drain);
}
