//! More than anybody can take: what is full is bounded, and others do not feel it.

use crate::support::{
    House, Smsc, Town, account, message, one_carrier, route, until, widely_spread,
};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{Header, Pdu};
use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

const FLOOD: u32 = 10_000;

/// As many messages as may wait in line behind one that is not answered.
const LINE: u32 = 65_536;

/// Submissions numbered from 1, each to a number of its own.
fn flood(count: u32) -> BytesMut {
    let mut all = BytesMut::new();
    for sequence in 1..=count {
        let to = format!("336{sequence:08}");
        Pdu::SubmitSm(message(&to)).encode(&mut all, Status::ESME_ROK, sequence);
    }
    all
}

#[test]
fn ten_thousand_at_once_are_stored_and_reach_a_slow_carrier_each_once_and_in_order() {
    let (house, _smsc, mut north, mut acme) = one_carrier("window = 10", "window = 50");
    let writing = acme.write_behind(flood(FLOOD));
    for sequence in 1..=FLOOD {
        acme.accepted(sequence);
    }
    writing.join().unwrap();
    // The carrier has not answered anything so far.
    acme.alive();
    assert_eq!(house.metric("messages_under_way"), u64::from(FLOOD));
    assert_eq!(
        house.metric("carrier_messages_waiting{carrier=\"north\"}"),
        u64::from(FLOOD) - 50
    );
    for sequence in 1..=FLOOD {
        let request = north.takes(&format!("n{sequence}"));
        assert_eq!(
            request.sm().destination.digits,
            format!("336{sequence:08}").as_bytes()
        );
    }
    assert!(north.so_far().is_empty());
}

#[test]
fn ten_thousand_at_once_in_carrier_mode_are_taken_as_fast_as_the_carrier_answers() {
    let keys = "ack = \"carrier\"\nwindow = 10\nrespond_within = \"60s\"";
    let (house, _smsc, mut north, mut acme) = one_carrier(keys, "window = 50");
    let submitting = thread::spawn(move || {
        // The gateway stops reading when the window is full, so that this takes its time.
        let writing = acme.write_behind(flood(FLOOD));
        for sequence in 1..=FLOOD {
            acme.accepted(sequence);
        }
        writing.join().unwrap();
        acme.alive();
    });
    for sequence in 1..=FLOOD {
        let request = north.request();
        assert_eq!(
            request.sm().destination.digits,
            format!("336{sequence:08}").as_bytes()
        );
        if sequence == 1 {
            // More than the window of the customer never lies here, but for the one that shows
            // that it is exceeded.
            assert!(house.metric("messages_under_way") <= 11);
        }
        north.accept(&request, &format!("n{sequence}"));
    }
    submitting.join().unwrap();
    assert!(north.so_far().is_empty());
}

#[test]
fn a_customer_whose_window_is_full_hears_that_we_are_there() {
    let keys = "ack = \"carrier\"\nwindow = 2\nrespond_within = \"60s\"";
    let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "");
    let submitted = [acme.submit("33612345678"), acme.submit("33612345679")];
    let requests = [north.request(), north.request()];
    acme.alive();
    for (at, request) in requests.iter().enumerate() {
        north.accept(request, &format!("n{at}"));
    }
    for sequence in submitted {
        acme.accepted(sequence);
    }
}

#[test]
fn who_has_a_long_line_behind_one_slow_answer_is_throttled_and_heard() {
    let keys = "ack = \"carrier\"\nwindow = 1000\nrespond_within = \"600s\"";
    let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "window = 1000");
    let slow = acme.submit("33612345678");
    let first = north.request();
    // One is answered late, and all behind it at once.
    let writing = acme.write_behind(flood(LINE + FLOOD));
    let answering = thread::spawn(move || {
        let mut taken = 0;
        while let Some(request) = north.within(Duration::from_secs(2)) {
            taken += 1;
            north.accept(&request, &format!("n{taken}"));
        }
        (north, taken)
    });
    let mut throttled = 0;
    for _ in 0..LINE + FLOOD {
        let got = acme.expect(Command::SUBMIT_SM_RESP);
        throttled += u32::from(got.status() == Status::ESME_RTHROTTLED);
    }
    writing.join().unwrap();
    let (mut north, taken) = answering.join().unwrap();
    assert_eq!(taken + throttled, LINE + FLOOD);
    // What was read in one go is taken, whole or not at all.
    assert!((LINE - 1..LINE + 2_000).contains(&taken), "{taken}");
    acme.alive();
    north.accept(&first, "first");
    acme.accepted(slow);
}

#[test]
fn while_a_delivery_is_unanswered_what_exceeds_twice_the_window_is_throttled_at_once() {
    let keys = "ack = \"carrier\"\nwindow = 10\nrespond_within = \"60s\"";
    let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "window = 100");
    let stop = north.deliver(0, b"STOP", b"");
    assert_eq!(north.answered(stop), Status::ESME_ROK);
    let delivery = acme.expect(Command::DELIVER_SM);
    acme.write(&flood(100));
    for sequence in 21..=100 {
        assert_eq!(acme.refused(sequence), Status::ESME_RTHROTTLED);
    }
    // The gateway still hears the customer, and the customer it.
    acme.alive();
    acme.take(&delivery);
    for sequence in 1..=20 {
        north.takes(&format!("n{sequence}"));
        acme.accepted(sequence);
    }
    assert!(north.so_far().is_empty());
}

#[test]
fn customers_who_ask_without_end_leave_the_others_their_turn() {
    let town = Town::open();
    let keys = "binds = 20\ndestinations = [\"44*\"]";
    let house = House::open(&town.parts(keys, ""));
    let working = town.works(&house);
    let mut enquiries = BytesMut::new();
    for sequence in 1..=4_096 {
        let enquiry = Header::bare(Command::ENQUIRE_LINK, Status::ESME_ROK, sequence);
        enquiries.extend_from_slice(&enquiry.to_octets());
    }
    let messages = widely_spread(20);
    let until = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        for octets in [&enquiries, &messages].repeat(4) {
            let mut asking = house.tx("acme");
            scope.spawn(move || {
                let reading = asking.discard_behind();
                while Instant::now() < until {
                    asking.write(octets);
                }
                asking.hang_up();
                reading.join().unwrap();
            });
        }
    });
    working.was_undisturbed();
}

#[test]
fn a_customer_that_reads_nothing_is_stopped_and_others_are_not() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("deaf", "window = 10"),
        account("acme", ""),
        north.settings("north", ""),
        south.settings("south", ""),
        route("of-deaf", "account = \"deaf\"\nvia = [\"north\"]"),
        route("of-acme", "account = \"acme\"\nvia = [\"south\"]"),
    ]);
    let (_north, mut south) = (north.bound(), south.bound());
    let mut deaf = house.dial_narrow();
    let answer = deaf.bind(Command::BIND_TRANSMITTER, "deaf", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    // What the kernel has room for on both sides is read and answered, and no more than that.
    let some = flood(2_000);
    let mut written = 0;
    while deaf.write_some(&some, Duration::from_millis(200)) == some.len() {
        written += some.len();
        assert!(written < 64 << 20, "what is not read is answered for ever");
    }
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
    assert_eq!(south.takes("s1").sm(), message("33612345678"));
}

#[test]
fn a_customer_that_reads_nothing_and_asks_for_ever_is_left_though_it_owes_us_an_answer() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut deaf = house.dial_narrow();
    acme.unbind();
    acme.closed();
    let answer = deaf.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    // While this is unanswered the gateway must go on reading.
    north.deliver(0, b"STOP", b"");
    deaf.expect(Command::DELIVER_SM);
    let mut enquiries = Vec::new();
    for sequence in 0..4_096 {
        let enquiry = Header::bare(Command::ENQUIRE_LINK, Status::ESME_ROK, sequence);
        enquiries.extend_from_slice(&enquiry.to_octets());
    }
    let mut written = 0;
    loop {
        let count = deaf.write_some(&enquiries, Duration::from_secs(2));
        written += count;
        if count < enquiries.len() {
            break;
        }
        assert!(written < 64 << 20, "what is not read grows without bound");
    }
    until("it has gone", || house.metric("connections") == 0);
    // What it has not answered is for the next bind.
    let mut acme = house.trx("acme");
    assert_eq!(acme.delivery().sm().short_message, b"STOP");
}

#[test]
fn a_carrier_that_hangs_does_not_stop_another() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (north, south) = (Smsc::open(), Smsc::open());
        let house = House::open(&[
            account("acme", &format!("{mode}\nwindow = 1000")),
            north.settings("north", ""),
            south.settings("south", ""),
            route("britain", "to = [\"44\"]\nvia = [\"north\"]"),
            route("france", "to = [\"33\"]\nvia = [\"south\"]"),
        ]);
        let (_hangs, mut south) = (north.bound(), south.bound());
        let mut acme = house.trx("acme");
        for _ in 0..200 {
            acme.submit("447700900123");
        }
        for at in 0..200 {
            let sequence = acme.submit("33612345678");
            south.takes(&format!("s{at}"));
            let id = acme.accepted(sequence);
            south.reports(&format!("s{at}"), "DELIVRD", "000");
            assert_eq!(acme.receipt().id, id);
        }
    }
}

#[test]
fn a_customer_that_takes_no_receipts_does_not_stop_another() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("stuck", ""),
        account("acme", ""),
        smsc.settings("north", "window = 1000"),
        route("all", "via = [\"north\"]"),
        "[[inbound]]\naccount = \"stuck\"\n".to_owned(),
    ]);
    let mut north = smsc.bound();
    let (mut stuck, mut acme) = (house.trx("stuck"), house.trx("acme"));
    for at in 0..500 {
        stuck.submit("33612345678");
        north.takes(&format!("x{at}"));
        north.reports(&format!("x{at}"), "DELIVRD", "000");
        let sequence = north.deliver(0, b"STOP", b"");
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
    }
    for at in 0..50 {
        let sequence = acme.submit("33612345678");
        north.takes(&format!("n{at}"));
        let id = acme.accepted(sequence);
        north.reports(&format!("n{at}"), "DELIVRD", "000");
        assert_eq!(acme.receipt().id, id);
    }
    // No more than its window was sent to the one that does not answer; the rest waits for it.
    let sent = stuck.so_far();
    let deliveries = sent
        .iter()
        .filter(|got| got.command() == Command::DELIVER_SM);
    assert_eq!(deliveries.count(), 10);
    let waiting = "account_places_taken{account=\"stuck\"}";
    assert_eq!(house.metric(waiting), 1_000);
    // Once it takes what it has got, all the others come, each once.
    let mut ids = HashSet::new();
    let mut taken = 0;
    for got in sent {
        if got.command() == Command::DELIVER_SM {
            stuck.take(&got);
            taken += 1;
            ids.extend(got.tlv(Tag::RECEIPTED_MESSAGE_ID));
        }
    }
    while taken < 1_000 {
        let got = stuck.delivery();
        taken += 1;
        ids.extend(got.tlv(Tag::RECEIPTED_MESSAGE_ID));
    }
    assert_eq!(ids.len(), 500);
    until("nothing waits any more", || house.metric(waiting) == 0);
}

#[test]
fn a_carrier_that_floods_us_with_deliveries_is_answered_for_each() {
    let (_house, _smsc, mut north, acme) = one_carrier("", "");
    drop(acme);
    let mut all = BytesMut::new();
    for sequence in 1..=FLOOD {
        Pdu::DeliverSm(message("36034")).encode(&mut all, Status::ESME_ROK, sequence);
    }
    let writing = north.write_behind(all);
    for sequence in 1..=FLOOD {
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
    }
    writing.join().unwrap();
}

#[test]
fn an_account_with_little_to_send_does_not_wait_behind_one_with_much() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "window = 200"),
        account("beta", ""),
        smsc.settings("north", "window = 1"),
        route("all", "via = [\"north\"]"),
    ]);
    let mut north = smsc.bound();
    let (mut acme, mut beta) = (house.trx("acme"), house.trx("beta"));
    let campaign: Vec<u32> = (0..200).map(|_| acme.submit("33612345678")).collect();
    for sequence in campaign {
        acme.accepted(sequence);
    }
    let code = beta.submit("447700900123");
    beta.accepted(code);
    // What was already sent, and one of each account's in turn.
    let others_first = (0..).find(|at| {
        let request = north.takes(&format!("n{at}"));
        request.sm().destination.digits == b"447700900123"
    });
    assert!(
        others_first.is_some_and(|count| count <= 3),
        "{others_first:?}"
    );
}
