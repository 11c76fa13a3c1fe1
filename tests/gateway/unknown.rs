//! A carrier was given a message, and what became of it nobody knows.

use crate::support::{
    Carrier, Esme, Got, House, Smsc, Told, account, message, one_carrier, route, until,
};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Header, MessageResp, Pdu};
use std::time::{Duration, Instant};

/// Carrier mode with an answer after three tenths of a second.
const SOON: &str = "ack = \"carrier\"\nrespond_within = \"300ms\"\n";

#[test]
fn a_silent_carrier_costs_the_customer_no_more_than_its_time_and_the_rest_settles_later() {
    let (house, _smsc, mut north, mut acme) = one_carrier(SOON, "");
    let before = Instant::now();
    let sequence = acme.submit("33612345678");
    let request = north.request();
    let id = acme.accepted(sequence);
    let waited = before.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(house.metric("outcomes_unknown_total"), 1);
    // The answer comes late, and then the receipt.
    north.accept(&request, "n1");
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("late_answers_total"), 1);
    assert!(north.so_far().is_empty(), "it was sent once");
    assert!(acme.so_far().is_empty());
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn a_receipt_before_the_late_answer_settles_it_as_well() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(SOON, "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    let id = acme.accepted(sequence);
    north.reports("n1", "UNDELIV", "003");
    north.accept(&request, "n1");
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "003"));
}

#[test]
fn what_a_carrier_throttles_late_leaves_again_though_its_bind_was_lost_meanwhile() {
    let keys = "response_timeout = \"1s\"\nwindow = 2";
    let hold = "unknown_outcome = \"hold\"";
    let (house, smsc, mut north, mut acme) = one_carrier(hold, keys);
    let sequence = acme.submit("33612345678");
    let request = north.request();
    acme.accepted(sequence);
    until("its outcome is unknown", || {
        house.metric("outcomes_unknown_total") == 1
    });
    // The link pauses for a second, and is lost in it.
    north.refuse(&request, Status::ESME_RTHROTTLED);
    until("the late answer counts", || {
        house.metric("late_answers_total") == 1
    });
    north.hang_up();
    let mut again = smsc.bound();
    assert_eq!(again.takes("n1").sm(), message("33612345678"));
}

#[test]
fn who_wants_to_be_refused_is_refused_and_never_hears_of_it_again() {
    let keys = format!("{SOON}on_unknown = \"refuse\"");
    let (house, _smsc, mut north, mut acme) = one_carrier(&keys, "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
    north.accept(&request, "n1");
    north.reports("n1", "DELIVRD", "000");
    assert!(acme.so_far().is_empty());
    assert!(north.so_far().is_empty(), "it was sent once");
    assert_eq!(house.metric("messages_under_way"), 0);
    assert_eq!(house.metric("account_places_taken{account=\"acme\"}"), 0);
}

#[test]
fn what_could_not_be_sent_in_time_is_withdrawn_and_never_sent() {
    let (house, _smsc, mut north, mut acme) = one_carrier(SOON, "window = 1");
    let first = acme.submit("33600000001");
    let second = acme.submit("33600000002");
    let request = north.request();
    assert_eq!(acme.refused(second), Status::ESME_RTHROTTLED);
    acme.accepted(first);
    assert_eq!(house.metric("withdrawn_total"), 1);
    north.accept(&request, "n1");
    let third = acme.submit("33600000003");
    assert_eq!(north.takes("n3").sm(), message("33600000003"));
    acme.accepted(third);
}

#[test]
fn the_time_to_the_answer_counts_from_the_submission_whoever_has_been_asked_meanwhile() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", "ack = \"carrier\"\nrespond_within = \"1s\""),
        north.settings("north", ""),
        south.settings("south", ""),
        route("all", "via = [\"north\", \"south\"]"),
    ]);
    let (mut north, mut south) = (north.bound(), south.bound());
    let mut acme = house.trx("acme");
    let before = Instant::now();
    let sequence = acme.submit("33612345678");
    let request = north.request();
    // North takes most of the time to say no, and south all of the rest to say nothing.
    assert!(acme.within(Duration::from_millis(600)).is_none());
    north.refuse(&request, Status::ESME_RTHROTTLED);
    let request = south.request();
    let id = acme.accepted(sequence);
    assert!(before.elapsed() < Duration::from_millis(1_500));
    south.accept(&request, "s1");
    south.reports("s1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn what_waits_for_a_verdict_is_withdrawn_when_its_customer_goes() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "window = 1");
    acme.submit("33600000001");
    acme.submit("33600000002");
    acme.alive();
    let request = north.request();
    acme.hang_up();
    until("it is withdrawn", || house.metric("withdrawn_total") == 1);
    north.accept(&request, "n1");
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33600000003");
    assert_eq!(north.takes("n3").sm(), message("33600000003"));
    acme.accepted(sequence);
}

#[test]
fn a_message_in_flight_on_a_bind_that_is_lost_is_held_and_not_sent_again() {
    for (mode, answer) in [
        ("unknown_outcome = \"hold\"", Status::ESME_ROK),
        ("ack = \"carrier\"", Status::ESME_ROK),
        (
            "ack = \"carrier\"\non_unknown = \"refuse\"",
            Status::ESME_RSYSERR,
        ),
    ] {
        let (north, south) = (Smsc::open(), Smsc::open());
        let house = House::open(&[
            account("acme", mode),
            north.settings("north", ""),
            south.settings("south", ""),
            route("all", "via = [\"north\", \"south\"]"),
        ]);
        let (mut to_north, mut to_south) = (north.bound(), south.bound());
        let mut acme = house.trx("acme");
        let sequence = acme.submit("33600000001");
        to_north.request();
        to_north.hang_up();
        assert_eq!(acme.response(sequence).status(), answer, "{mode}");
        let mut to_north = north.bound();
        // Whoever gets the next one has been given nothing before it.
        let sequence = acme.submit("33600000002");
        assert_eq!(to_north.takes("n2").sm(), message("33600000002"));
        acme.accepted(sequence);
        assert!(to_north.so_far().is_empty());
        assert!(to_south.so_far().is_empty());
        assert!(acme.so_far().is_empty(), "no receipt for what is unknown");
        assert_eq!(house.metric("outcomes_unknown_total"), 1);
    }
}

#[test]
fn in_stored_mode_a_late_answer_settles_what_was_held() {
    let (house, _smsc, mut north, mut acme) = one_carrier(
        "unknown_outcome = \"hold\"",
        "response_timeout = \"1s\"\nwindow = 10",
    );
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let request = north.request();
    until("its time is over", || {
        house.metric("outcomes_unknown_total") == 1
    });
    north.accept(&request, "n1");
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(north.so_far().is_empty(), "it was sent once");
}

#[test]
fn in_stored_mode_a_late_refusal_goes_to_the_next_carrier() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", "unknown_outcome = \"hold\""),
        north.settings("north", "response_timeout = \"1s\""),
        south.settings("south", ""),
        route("all", "via = [\"north\", \"south\"]"),
    ]);
    let (mut north, mut south) = (north.bound(), south.bound());
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let request = north.request();
    until("its time is over", || {
        house.metric("outcomes_unknown_total") == 1
    });
    assert!(
        south.so_far().is_empty(),
        "nobody knows, so nobody is asked"
    );
    north.refuse(&request, Status::ESME_RTHROTTLED);
    south.takes("s1");
    south.reports("s1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn a_late_refusal_of_the_first_sending_says_nothing_about_the_second() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", "unknown_outcome = \"resend-once\""),
        north.settings("north", "response_timeout = \"1s\"\nwindow = 10"),
        south.settings("south", ""),
        route("all", "via = [\"north\", \"south\"]"),
    ]);
    let (mut north, mut south) = (north.bound(), south.bound());
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let first = north.request();
    let second = north.request();
    north.refuse(&first, Status::ESME_RINVDSTADR);
    until("that is heard", || house.metric("late_answers_total") == 1);
    assert!(south.so_far().is_empty(), "north may have the second one");
    north.accept(&second, "n2");
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(south.so_far().is_empty(), "it was sent twice");
}

/// A message that was sent twice, a second after it was accepted; its id, and both requests.
fn sent_twice(house: &House, north: &mut Carrier, acme: &mut Esme) -> (String, [Got; 2]) {
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let sent = [north.request(), north.request()];
    assert_eq!(house.metric("outcomes_unknown_total"), 1);
    (id, sent)
}

#[test]
fn the_refusal_of_the_second_sending_was_told_though_the_first_had_been_taken() {
    let keys = "response_timeout = \"1s\"\nwindow = 10";
    let (house, _smsc, mut north, mut acme) =
        one_carrier("unknown_outcome = \"resend-once\"", keys);
    let (id, [first, second]) = sent_twice(&house, &mut north, &mut acme);
    north.refuse(&second, Status::ESME_RINVDSTADR);
    north.alive();
    assert!(acme.so_far().is_empty(), "north may have the first one");
    assert_eq!(house.metric("messages_under_way"), 1);
    north.accept(&first, "n1");
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(north.so_far().is_empty(), "it was sent once more");
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn what_is_refused_twice_is_refused_though_the_first_refusal_comes_last() {
    let keys = "response_timeout = \"1s\"\nwindow = 10";
    let (house, _smsc, mut north, mut acme) =
        one_carrier("unknown_outcome = \"resend-once\"", keys);
    let (id, [first, second]) = sent_twice(&house, &mut north, &mut acme);
    north.refuse(&second, Status::ESME_RINVDSTADR);
    north.refuse(&first, Status::ESME_RINVDSTADR);
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "011"));
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn what_is_refused_late_twice_was_held_as_if_a_carrier_could_have_it() {
    let keys = "response_timeout = \"1s\"\nwindow = 10";
    let (house, _smsc, mut north, mut acme) =
        one_carrier("unknown_outcome = \"resend-once\"", keys);
    let (id, [first, second]) = sent_twice(&house, &mut north, &mut acme);
    until("the second one is given up", || {
        house.metric("outcomes_unknown_total") == 2
    });
    north.refuse(&first, Status::ESME_RSYSERR);
    north.refuse(&second, Status::ESME_RINVDSTADR);
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "011"));
    assert_eq!(house.metric("late_answers_total"), 2);
}

#[test]
fn a_carrier_that_answers_nothing_any_more_is_unbound_and_bound_again() {
    let (_house, smsc, mut north, mut acme) = one_carrier(
        "unknown_outcome = \"hold\"",
        "response_timeout = \"1s\"\nwindow = 2",
    );
    for _ in 0..3 {
        acme.submit("33612345678");
    }
    let sent = [north.request(), north.request()];
    // Both slots are held by requests that are not answered.
    north.expect(Command::UNBIND);
    assert!(!north.has(Command::SUBMIT_SM));
    // The third one has never left: it goes on the next bind, and only it.
    let mut north = smsc.bound();
    let request = north.takes("n3");
    assert_eq!(request.sm(), sent[0].sm());
    assert!(north.so_far().is_empty());
}

#[test]
fn an_answer_of_the_wrong_kind_says_nothing() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    // All is well, it says, but not of what.
    let resp = MessageResp::new(b"n1");
    north.answer(&request, &Pdu::DataSmResp(resp), Status::ESME_ROK);
    acme.accepted(sequence);
    assert_eq!(house.metric("outcomes_unknown_total"), 1);
}

#[test]
fn a_second_answer_changes_nothing() {
    for second in [Status::ESME_ROK, Status::ESME_RSYSERR] {
        let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
        let sequence = acme.submit("33612345678");
        let request = north.takes("n1");
        let resp = Header::bare(Command::SUBMIT_SM_RESP, second, request.sequence());
        north.write(&resp.to_octets());
        north.alive();
        let id = acme.accepted(sequence);
        assert!(acme.so_far().is_empty());
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert_eq!(house.metric("stray_responses_total"), 1);
    }
}

#[test]
fn a_message_that_was_accepted_without_an_id_is_accepted() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    for body in [&b""[..], b"\0"] {
        let sequence = acme.submit("33612345678");
        accept_by(&mut north, body);
        acme.accepted(sequence);
    }
    assert_eq!(house.metric("accepted_without_id_total"), 2);
}

#[test]
fn an_id_that_stands_in_a_parameter_of_the_response_is_the_id() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    for (at, body) in [
        &b"\0\x1e\0\x03n0\0"[..],
        b"\x04\x27\0\x01\x08\0\x1e\0\x02n1",
        b"\0\0\x1e\0\x03n2\0",
    ]
    .into_iter()
    .enumerate()
    {
        let sequence = acme.submit("33612345678");
        accept_by(&mut north, body);
        let id = acme.accepted(sequence);
        north.reports(&format!("n{at}"), "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    }
    assert_eq!(house.metric("accepted_without_id_total"), 0);
}

/// The next message, which is accepted by a response with this body.
fn accept_by(north: &mut Carrier, body: &[u8]) {
    let header = Header {
        length: 16 + body.len() as u32,
        command: Command::SUBMIT_SM_RESP,
        status: Status::ESME_ROK,
        sequence: north.request().sequence(),
    };
    north.write(&[&header.to_octets(), body].concat());
}

#[test]
fn answers_of_the_carrier_come_in_any_order() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let sequences: Vec<u32> = (0..10)
        .map(|at| acme.submit(&format!("3360000000{at}")))
        .collect();
    let requests: Vec<_> = (0..10).map(|_| north.request()).collect();
    for (at, request) in requests.iter().enumerate().rev() {
        if at % 3 == 0 {
            north.refuse(request, Status::ESME_RINVDSTADR);
        } else {
            north.accept(request, &format!("n{at}"));
        }
    }
    for (at, sequence) in sequences.into_iter().enumerate() {
        if at % 3 == 0 {
            assert_eq!(acme.refused(sequence), Status::ESME_RINVDSTADR);
        } else {
            let id = acme.accepted(sequence);
            north.reports(&format!("n{at}"), "DELIVRD", "000");
            assert_eq!(acme.receipt().id, id);
        }
    }
}
