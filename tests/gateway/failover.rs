//! A carrier refuses, or is not there: who gets the message then.

use crate::support::{
    Carrier, Esme, House, Smsc, Told, account, message, octets, one_carrier, route, two_carriers,
    until,
};
use bytes::BytesMut;
use smppgate_codec::code::{Command, RegisteredDelivery, Status};
use smppgate_codec::pdu::{MessageResp, Pdu, Sm};

/// One customer and two carriers, north before south; all are bound.
fn both_bound(mode: &str) -> (House, Carrier, Carrier, Esme) {
    let (house, north, south) = two_carriers(mode, "", "");
    let (north, south) = house.both_bound(&north, &south);
    let acme = house.trx("acme");
    (house, north, south, acme)
}

#[test]
fn a_temporary_refusal_goes_to_the_next_carrier() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, mut north, mut south, mut acme) = both_bound(mode);
        for (at, status) in [
            Status::ESME_RTHROTTLED,
            Status::ESME_RMSGQFUL,
            Status::ESME_RSYSERR,
            Status::ESME_RX_T_APPN,
        ]
        .into_iter()
        .enumerate()
        {
            let carrier_id = format!("s{at}");
            let sequence = acme.submit("33612345678");
            north.refuses(status);
            assert_eq!(south.takes(&carrier_id).sm(), message("33612345678"));
            let id = acme.accepted(sequence);
            south.reports(&carrier_id, "DELIVRD", "000");
            assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        }
        assert_eq!(house.metric("failovers_total"), 4);
        assert!(!north.has(Command::SUBMIT_SM));
    }
}

#[test]
fn in_carrier_mode_a_permanent_refusal_comes_back_and_nobody_else_is_asked() {
    let (_house, mut north, mut south, mut acme) = both_bound("ack = \"carrier\"");
    for status in [
        Status::ESME_RINVDSTADR,
        Status::ESME_RINVSRCADR,
        Status::ESME_RSUBMITFAIL,
        Status(0x0000_0455),
    ] {
        let sequence = acme.submit("33612345678");
        north.refuses(status);
        assert_eq!(acme.refused(sequence), status);
    }
    assert!(south.so_far().is_empty());
}

#[test]
fn in_carrier_mode_the_verdict_of_the_last_carrier_is_the_verdict() {
    let (house, mut north, mut south, mut acme) = both_bound("ack = \"carrier\"");
    let sequence = acme.submit("33612345678");
    north.refuses(Status::ESME_RTHROTTLED);
    south.refuses(Status::ESME_RMSGQFUL);
    assert_eq!(acme.refused(sequence), Status::ESME_RMSGQFUL);
    assert_eq!(house.metric("messages_under_way"), 0);
    assert!(!north.has(Command::SUBMIT_SM));
}

#[test]
fn in_stored_mode_each_carrier_is_asked_once_and_then_the_customer_is_told() {
    let (house, mut north, mut south, mut acme) = both_bound("");
    for (asks, told) in [(0, false), (1, true), (2, true), (3, false)] {
        let sequence = acme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(asks),
            ..message("33612345678")
        });
        let id = acme.accepted(sequence);
        north.refuses(Status::ESME_RINVDSTADR);
        south.refuses(Status::ESME_RINVDSTADR);
        if told {
            // 0x0B is 11.
            assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "011"));
        }
    }
    until("nothing is left behind", || {
        house.metric("messages_under_way") == 0
    });
    assert!(acme.so_far().is_empty());
    assert!(north.so_far().is_empty());
    assert!(south.so_far().is_empty());
}

#[test]
fn a_carrier_that_is_not_bound_is_passed_over() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _north, south) = two_carriers(mode, "", "");
        let mut south = south.bound();
        let mut acme = house.trx("acme");
        let sequence = acme.submit("33612345678");
        south.takes("s1");
        acme.accepted(sequence);
    }
}

#[test]
fn with_every_carrier_down_carrier_mode_refuses() {
    let (house, _north, _south) = two_carriers("ack = \"carrier\"", "", "");
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn with_every_carrier_down_stored_mode_waits_for_the_first_that_is_bound() {
    let (house, _north, south) = two_carriers("", "window = 50", "window = 50");
    let mut acme = house.trx("acme");
    let sequences: Vec<u32> = (0..30)
        .map(|at| acme.submit(&format!("336000000{at:02}")))
        .collect();
    let ids: Vec<String> = sequences
        .iter()
        .map(|sequence| acme.accepted(*sequence))
        .collect();
    assert_eq!(house.metric("messages_parked"), 30);
    let mut south = south.bound();
    for at in 0..30 {
        let request = south.takes(&format!("s{at}"));
        assert_eq!(request.sm(), message(&format!("336000000{at:02}")));
    }
    assert_eq!(house.metric("messages_parked"), 0);
    for (at, id) in ids.iter().enumerate() {
        south.reports(&format!("s{at}"), "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(id, "DELIVRD", "000"));
    }
}

#[test]
fn a_message_that_one_carrier_has_refused_waits_for_the_other() {
    let (house, north, south) = two_carriers("", "", "");
    let mut north = north.bound();
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.refuses(Status::ESME_RINVDSTADR);
    until("it waits", || house.metric("messages_parked") == 1);
    let mut south = south.bound();
    south.takes("s1");
    south.reports("s1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(north.so_far().is_empty());
}

#[test]
fn what_waited_behind_the_window_of_a_bind_that_was_lost_goes_elsewhere() {
    for mode in ["unknown_outcome = \"hold\"", "ack = \"carrier\""] {
        let (house, north, south) = two_carriers(mode, "window = 1", "window = 1");
        let (mut to_north, mut to_south) = (north.bound(), south.bound());
        let mut acme = house.trx("acme");
        let sequences: Vec<u32> = (0..5)
            .map(|at| acme.submit(&format!("3360000000{at}")))
            .collect();
        acme.alive();
        assert_eq!(to_north.request().sm(), message("33600000000"));
        to_north.hang_up();
        for at in 1..5 {
            let request = to_south.takes(&format!("s{at}"));
            assert_eq!(request.sm(), message(&format!("3360000000{at}")));
        }
        for sequence in sequences {
            acme.accepted(sequence);
        }
        // What north had is sent to nobody, not even to north itself.
        let mut to_north = north.bound();
        assert!(to_north.so_far().is_empty());
        assert!(to_south.so_far().is_empty());
        assert_eq!(house.metric("outcomes_unknown_total"), 1);
    }
}

#[test]
fn in_carrier_mode_what_waited_for_the_only_carrier_is_refused_when_it_goes() {
    let (_house, smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "window = 1");
    let first = acme.submit("33600000000");
    let second = acme.submit("33600000001");
    acme.alive();
    north.request();
    north.hang_up();
    assert_eq!(acme.refused(second), Status::ESME_RSYSERR);
    // Whether north has the first one nobody knows: by default it counts as accepted.
    acme.accepted(first);
    assert!(smsc.bound().so_far().is_empty());
}

#[test]
fn a_carrier_that_unbinds_is_let_go_and_bound_again() {
    let (house, smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33600000001");
    acme.accepted(sequence);
    let request = north.request();
    // It answers what it has, unbinds, and closes.
    north.accept(&request, "n1");
    north.send(&Pdu::Unbind);
    assert_eq!(
        north.expect(Command::UNBIND_RESP).status(),
        Status::ESME_ROK
    );
    assert!(north.closed().is_empty());
    let mut north = smsc.bound();
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt().stat, "DELIVRD");
    acme.submit("33600000002");
    assert_eq!(north.takes("n2").sm(), message("33600000002"));
    assert_eq!(house.metric("outcomes_unknown_total"), 0);
}

#[test]
fn what_a_carrier_answers_behind_its_unbind_counts() {
    let (house, smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33600000001");
    let id = acme.accepted(sequence);
    let request = north.request();
    let mut both = octets(&Pdu::Unbind, Status::ESME_ROK, 7);
    let answer = Pdu::SubmitSmResp(MessageResp::new(b"n1"));
    both.extend_from_slice(&octets(&answer, Status::ESME_ROK, request.sequence()));
    north.write(&both);
    north.expect(Command::UNBIND_RESP);
    north.closed();
    let mut north = smsc.bound();
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("outcomes_unknown_total"), 0);
}

#[test]
fn who_can_go_does_not_wait_behind_ten_thousand_who_cannot() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", "window = 10000"),
        north.settings("north", ""),
        south.settings("south", ""),
        route("only-north", "to = [\"336\"]\nvia = [\"north\"]"),
        route("both", "to = [\"44\"]\nvia = [\"north\", \"south\"]"),
    ]);
    // Neither answers its bind yet.
    let _north = north.connected();
    let (mut south, bind) = south.dialled();
    let mut acme = house.tx("acme");
    for _ in 0..3 {
        let mut burst = BytesMut::new();
        let numbers: Vec<u32> = (0..3_500).map(|_| acme.number()).collect();
        for number in &numbers {
            let pdu = Pdu::SubmitSm(message("33612345678"));
            burst.extend_from_slice(&octets(&pdu, Status::ESME_ROK, *number));
        }
        let writing = acme.write_behind(burst);
        for number in numbers {
            assert_eq!(acme.response(number).status(), Status::ESME_ROK);
        }
        writing.join().unwrap();
    }
    let sequence = acme.submit("447700900123");
    acme.accepted(sequence);
    south.accept_bind(&bind);
    assert_eq!(south.takes("s1").sm(), message("447700900123"));
}
