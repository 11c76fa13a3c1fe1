//! With `ordered`, messages between the same two numbers go one after the other, and the segments
//! of a long message always go the same way.

use crate::support::{
    House, Smsc, Told, account, message, one_carrier, route, two_carriers, until,
};
use smppgate_codec::code::{EsmClass, Status};
use smppgate_codec::pdu::{Address, CancelSm, Pdu, Sm};
use std::time::{Duration, Instant};

const HERE: &str = "33600000001";
const THERE: &str = "33600000002";

/// Long enough for what might come to have come.
const A_WHILE: Duration = Duration::from_millis(150);

/// A message with this text.
fn text<'a>(to: &'a str, text: &'a [u8]) -> Sm<'a> {
    Sm {
        short_message: text,
        ..message(to)
    }
}

#[test]
fn one_goes_at_a_time_between_two_numbers_and_others_do_not_wait_for_it() {
    for mode in ["", "\nunknown_outcome = \"hold\""] {
        let keys = format!("ordered = true{mode}");
        let (house, _smsc, mut north, mut acme) = one_carrier(&keys, "");
        for word in [&b"one"[..], b"two", b"three", b"four"] {
            acme.submit_sm(text(HERE, word));
        }
        acme.submit_sm(text(THERE, b"other"));
        let one = north.request();
        assert_eq!(one.sm().short_message, b"one");
        assert_eq!(north.takes("n0").sm().short_message, b"other");
        assert!(north.within(A_WHILE).is_none(), "the second waits");
        north.accept(&one, "n1");
        let two = north.request();
        assert_eq!(two.sm().short_message, b"two");
        assert!(north.within(A_WHILE).is_none(), "the third waits");
        // A refusal for good is the end of it as well.
        north.refuse(&two, Status::ESME_RINVDSTADR);
        assert_eq!(acme.receipt().stat, "UNDELIV");
        assert_eq!(north.takes("n3").sm().short_message, b"three");
        assert_eq!(north.takes("n4").sm().short_message, b"four");
        for id in ["n0", "n1", "n3", "n4"] {
            north.reports(id, "DELIVRD", "000");
            acme.receipt();
        }
        assert_eq!(house.metric("messages_under_way"), 0);
    }
}

#[test]
fn without_it_they_do_not_wait() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.submit(HERE);
    acme.submit(HERE);
    north.request();
    north.request();
}

#[test]
fn those_behind_wait_while_the_first_rests_for_another_try() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ordered = true", "");
    acme.submit_sm(text(HERE, b"one"));
    acme.submit_sm(text(HERE, b"two"));
    let before = Instant::now();
    north.refuses(Status::ESME_RSYSERR);
    let again = north.takes("n1");
    assert!(before.elapsed() > Duration::from_secs(3), "it has rested");
    assert_eq!(again.sm().short_message, b"one");
    assert_eq!(north.takes("n2").sm().short_message, b"two");
    assert_eq!(house.metric("carrier_refused_total"), 1);
}

#[test]
fn those_behind_wait_while_the_first_is_sent_once_more() {
    let keys = "ordered = true\nunknown_outcome = \"resend-once\"";
    let (house, smsc, mut north, mut acme) = one_carrier(keys, "");
    acme.submit_sm(text(HERE, b"one"));
    acme.submit_sm(text(HERE, b"two"));
    acme.submit_sm(text(HERE, b"three"));
    north.request();
    north.hang_up();
    let mut north = smsc.bound();
    assert_eq!(north.request().sm().short_message, b"one");
    assert!(north.within(A_WHILE).is_none());
    // After that it is held, and nothing of it leaves any more: the next one goes.
    north.hang_up();
    let mut north = smsc.bound();
    assert_eq!(north.takes("n2").sm().short_message, b"two");
    assert_eq!(north.takes("n3").sm().short_message, b"three");
    assert!(north.so_far().is_empty());
    assert_eq!(house.metric("outcomes_unknown_total"), 2);
}

#[test]
fn one_that_is_held_lets_the_others_go_and_goes_on_after_them_if_it_is_refused_late() {
    let (house, north_smsc, south_smsc) = two_carriers(
        "ordered = true\nunknown_outcome = \"hold\"",
        "response_timeout = \"1s\"",
        "",
    );
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    acme.submit_sm(text(HERE, b"one"));
    acme.submit_sm(text(HERE, b"two"));
    let one = north.request();
    let two = north.request();
    assert_eq!(two.sm().short_message, b"two");
    north.refuse(&one, Status::ESME_RSYSERR);
    assert!(south.within(A_WHILE).is_none(), "another one goes just now");
    north.accept(&two, "n2");
    assert_eq!(south.takes("s1").sm().short_message, b"one");
}

#[test]
fn those_behind_can_be_taken_back_and_their_time_can_be_over() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ordered = true", "");
    acme.submit_sm(text(HERE, b"one"));
    let one = north.request();
    let sequence = acme.submit_sm(text(HERE, b"two"));
    let two = acme.accepted(sequence);
    let before = Instant::now();
    let sequence = acme.submit_sm(Sm {
        validity_period: b"000000000002000R",
        ..text(HERE, b"three")
    });
    let three = acme.accepted(sequence);
    acme.submit_sm(text(HERE, b"four"));
    let sequence = acme.send(&Pdu::CancelSm(CancelSm {
        message_id: two.as_bytes(),
        source: Address::new(5, 0, b"ACME"),
        ..CancelSm::default()
    }));
    assert_eq!(acme.response(sequence).status(), Status::ESME_ROK);
    assert_eq!(acme.receipt(), Told::new(&two, "DELETED", "000"));
    assert_eq!(acme.receipt(), Told::new(&three, "EXPIRED", "000"));
    let waited = before.elapsed();
    assert!(waited < Duration::from_millis(3_500), "{waited:?}");
    assert!(north.so_far().is_empty());
    north.accept(&one, "n1");
    assert_eq!(north.takes("n4").sm().short_message, b"four");
    assert!(north.so_far().is_empty());
    assert_eq!(house.metric("messages_under_way"), 2);
}

#[test]
fn in_carrier_mode_they_wait_for_the_verdict_and_no_longer_than_their_time() {
    let (house, _smsc, mut north, mut acme) = one_carrier(
        "ordered = true\nack = \"carrier\"\nrespond_within = \"1s\"",
        "",
    );
    let first = acme.submit_sm(text(HERE, b"one"));
    let second = acme.submit_sm(text(HERE, b"two"));
    let one = north.request();
    assert!(north.within(A_WHILE).is_none());
    north.accept(&one, "n1");
    acme.accepted(first);
    north.takes("n2");
    acme.accepted(second);
    let third = acme.submit_sm(text(HERE, b"three"));
    let fourth = acme.submit_sm(text(HERE, b"four"));
    let three = north.request();
    assert_eq!(acme.refused(fourth), Status::ESME_RTHROTTLED);
    acme.accepted(third);
    north.accept(&three, "n3");
    assert!(north.so_far().is_empty(), "what was refused is not sent");
    assert_eq!(house.metric("withdrawn_total"), 1);
    // With nobody there each is refused in its turn.
    let fifth = acme.submit_sm(text(HERE, b"five"));
    let sixth = acme.submit_sm(text(HERE, b"six"));
    north.request();
    north.hang_up();
    acme.accepted(fifth);
    assert_eq!(acme.refused(sixth), Status::ESME_RSYSERR);
}

#[test]
fn a_row_that_is_full_takes_no_more() {
    let keys = "ordered = true\nwindow = 2000";
    let (house, _smsc, mut north, mut acme) = one_carrier(keys, "");
    acme.submit(HERE);
    let first = north.request();
    let sequences: Vec<u32> = (0..1_001).map(|_| acme.submit(HERE)).collect();
    let answers = sequences.iter().map(|one| acme.response(*one).status());
    let full = answers.filter(|status| *status == Status::ESME_RMSGQFUL);
    assert_eq!(full.count(), 1);
    let sequence = acme.submit(THERE);
    acme.accepted(sequence);
    north.accept(&first, "n1");
    assert_eq!(house.metric("queue_full_total"), 1);
}

/// One segment of a message of four.
fn segment(user_data: &[u8]) -> Sm<'_> {
    Sm {
        esm_class: EsmClass(EsmClass::UDHI),
        ..text(HERE, user_data)
    }
}

#[test]
fn segments_of_a_long_message_go_together_and_count_as_one() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("ordered = true", "");
    acme.submit_sm(segment(b"\x05\x00\x03\x07\x03\x01a"));
    acme.submit_sm(text(HERE, b"next"));
    acme.submit_sm(segment(b"\x05\x00\x03\x07\x03\x02b"));
    acme.submit_sm(segment(b"\x05\x00\x03\x07\x03\x03c"));
    let three = [north.request(), north.request(), north.request()];
    let ends: Vec<u8> = three
        .iter()
        .filter_map(|one| one.sm().short_message.last().copied())
        .collect();
    assert_eq!(ends, *b"abc");
    north.accept(&three[0], "n1");
    north.accept(&three[1], "n2");
    assert!(north.within(A_WHILE).is_none());
    north.accept(&three[2], "n3");
    assert_eq!(north.takes("n4").sm().short_message, b"next");
}

#[test]
fn if_the_carrier_of_some_segments_goes_down_the_rest_move_together() {
    for keys in ["", "ordered = true"] {
        let (north_smsc, south_smsc) = (Smsc::open(), Smsc::open());
        let house = House::open(&[
            account("acme", keys),
            north_smsc.settings("north", ""),
            south_smsc.settings("south", ""),
            route("all", "via = [\"north\", \"south\"]"),
        ]);
        let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
        let mut acme = house.trx("acme");
        acme.submit_sm(segment(b"\x05\x00\x03\x07\x04\x01a"));
        north.takes("n1");
        north.alive();
        north.hang_up();
        until("north has gone", || {
            house.metric("carrier_binds{carrier=\"north\"}") == 0
        });
        acme.submit_sm(segment(b"\x05\x00\x03\x07\x04\x02b"));
        south.takes("s2");
        let mut north = north_smsc.bound();
        acme.submit_sm(segment(b"\x05\x00\x03\x07\x04\x03c"));
        acme.submit_sm(segment(b"\x05\x00\x03\x07\x04\x04d"));
        south.takes("s3");
        south.takes("s4");
        // Another message goes as its route says.
        acme.submit_sm(segment(b"\x05\x00\x03\x08\x04\x01a"));
        north.takes("n5");
        assert!(south.so_far().is_empty(), "{keys}");
    }
}
