//! The journal is slow, full, or has failed.

use crate::support::{one_carrier, until};
use bytes::BytesMut;
use smppgate::journal::Refusal;
use smppgate_codec::code::{Command, EsmClass, Status};
use smppgate_codec::pdu::{Address, Pdu, Sm};
use std::time::{Duration, Instant};

const SLOW: Duration = Duration::from_millis(150);

#[test]
fn nothing_is_answered_before_a_slow_journal_has_it_and_order_is_kept() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "window = 100");
    house.trouble.delay(SLOW);
    let before = Instant::now();
    let sequences: Vec<u32> = (0..50).map(|_| acme.submit("33612345678")).collect();
    for sequence in &sequences {
        let response = acme.next();
        assert_eq!(response.command(), Command::SUBMIT_SM_RESP);
        assert_eq!(response.status(), Status::ESME_ROK);
        assert_eq!(response.sequence(), *sequence, "in the order of submission");
        assert!(before.elapsed() >= SLOW);
    }
    let mut numbers = Vec::new();
    for at in 0..50 {
        numbers.push(north.takes(&format!("n{at}")).sequence());
    }
    assert!(numbers.is_sorted());
    // Once it is fast again nothing that comes later overtakes what is still on its way.
    house.trouble.delay(Duration::ZERO);
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
}

#[test]
fn a_customer_in_carrier_mode_waits_for_the_journal_as_well() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    house.trouble.delay(SLOW);
    let before = Instant::now();
    north.accept(&request, "n1");
    acme.accepted(sequence);
    assert!(before.elapsed() >= SLOW);
}

#[test]
fn what_came_back_from_a_queue_while_the_journal_was_slow_was_said_to_be_accepted_and_never_sent() {
    let keys = "ack = \"carrier\"\nrespond_within = \"500ms\"";
    let (house, smsc, mut north, mut acme) = one_carrier(keys, "window = 1");
    let (first, second) = (acme.submit("33600000001"), acme.submit("33600000002"));
    north.request();
    house.trouble.delay(Duration::from_secs(2));
    // What becomes of the first is noted; the second has not left. It would wait for north again, behind
    // the third, when it is settled that its time is over.
    north.hang_up();
    let mut north = smsc.bound();
    let third = acme.submit("33600000003");
    let request = north.request();
    assert_eq!(acme.refused(second), Status::ESME_RSYSERR);
    acme.accepted(first);
    house.trouble.delay(Duration::ZERO);
    north.accept(&request, "n3");
    acme.accepted(third);
    assert!(!north.has(Command::SUBMIT_SM), "what was refused was sent");
}

#[test]
fn a_receipt_behind_a_slow_journal_follows_its_response() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let mut reader = house.rx("acme");
    drop(acme);
    until("the first bind has gone", || {
        house.metric("account_binds{account=\"acme\"}") == 1
    });
    acme = house.tx("acme");
    house.trouble.delay(SLOW);
    let sequence = acme.submit("33612345678");
    let request = north.request();
    let report = north.receipt("n1", "DELIVRD", "000");
    north.accept(&request, "n1");
    let told = reader.receipt();
    let id = acme.accepted(sequence);
    assert_eq!(told.id, id);
    assert_eq!(north.answered(report), Status::ESME_ROK);
}

#[test]
fn a_carrier_is_answered_when_the_journal_has_its_delivery() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.submit("33612345678");
    north.takes("n1");
    north.alive();
    house.trouble.delay(SLOW);
    let before = Instant::now();
    let receipt = north.receipt("n1", "DELIVRD", "000");
    let message = north.deliver(0, b"STOP", b"");
    assert_eq!(north.answered(receipt), Status::ESME_ROK);
    assert!(before.elapsed() >= SLOW);
    assert_eq!(north.answered(message), Status::ESME_ROK);
    // What arrives together is delivered in any order.
    let mut kinds = [acme.delivery(), acme.delivery()].map(|got| got.sm().esm_class.0);
    kinds.sort_unstable();
    assert_eq!(kinds, [0, 4]);
}

#[test]
fn a_slow_journal_does_not_hold_up_enquire_link() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    house.trouble.delay(SLOW);
    let before = Instant::now();
    let sequence = acme.submit("33612345678");
    acme.alive();
    north.alive();
    assert!(
        before.elapsed() < SLOW,
        "answered while the journal is busy"
    );
    acme.accepted(sequence);
}

#[test]
fn what_a_full_journal_cannot_take_is_not_accepted() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        house.trouble.refuse(Some(Refusal::Full));
        let sequence = acme.submit("33612345678");
        assert_eq!(acme.refused(sequence), Status::ESME_RMSGQFUL);
        let message = north.deliver(0, b"STOP", b"");
        assert_eq!(north.answered(message), Status::ESME_RX_T_APPN);
        assert_eq!(house.http("/readyz").0, 200);
        // It passes.
        house.trouble.refuse(None);
        let sequence = acme.submit("33612345678");
        north.takes("n1");
        acme.accepted(sequence);
        let message = north.deliver(0, b"STOP", b"");
        assert_eq!(north.answered(message), Status::ESME_ROK);
        assert_eq!(acme.delivery().sm().short_message, b"STOP");
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn what_has_begun_comes_to_its_end_while_the_journal_is_full() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let sequence = acme.submit("33612345678");
        let request = north.request();
        house.trouble.refuse(Some(Refusal::Full));
        north.accept(&request, "n1");
        let id = acme.accepted(sequence);
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt().id, id);
        until("nothing is left behind", || {
            house.metric("messages_under_way") == 0
                && house.metric("account_places_taken{account=\"acme\"}") == 0
        });
    }
}

#[test]
fn a_receipt_is_taken_by_a_full_journal_also_where_a_message_from_a_phone_comes_with_it() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.alive();
    house.trouble.refuse(Some(Refusal::Full));
    // They come in one write, and are read in one go.
    let from_phone = |esm_class, text| {
        Pdu::DeliverSm(Sm {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(0, 1, b"36034"),
            esm_class: EsmClass(esm_class),
            short_message: text,
            ..Sm::default()
        })
    };
    let mut together = BytesMut::new();
    for (number, pdu) in [
        from_phone(0, &b"STOP"[..]),
        from_phone(4, b"id:n1 stat:DELIVRD err:000 text:"),
        from_phone(0, b"START"),
    ]
    .iter()
    .enumerate()
    {
        pdu.encode(&mut together, Status::ESME_ROK, 1_001 + number as u32);
    }
    north.write(&together);
    let statuses = [1_001, 1_002, 1_003].map(|sequence| north.answered(sequence));
    let kept = Status::ESME_RX_T_APPN;
    assert_eq!(statuses, [kept, Status::ESME_ROK, kept]);
    assert_eq!(acme.receipt().id, id);
    acme.alive();
    assert!(acme.so_far().is_empty());
    until("nothing is left behind", || {
        house.metric("account_places_taken{account=\"acme\"}") == 0
    });
}

#[test]
fn a_failed_journal_ends_all_acknowledgement_until_a_restart() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        acme.submit("33612345678");
        north.takes("n1");
        acme.expect(Command::SUBMIT_SM_RESP);
        house.trouble.refuse(Some(Refusal::Failed));
        // This one asks the journal, and is the first to see that it has failed.
        let message = north.deliver(0, b"STOP", b"");
        assert_eq!(north.answered(message), Status::ESME_RX_T_APPN);
        house.trouble.refuse(None);
        let sequence = acme.submit("33612345678");
        assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
        let receipt = north.receipt("n1", "DELIVRD", "000");
        assert_eq!(north.answered(receipt), Status::ESME_RX_T_APPN);
        let (status, body) = house.http("/readyz");
        assert_eq!((status, body.as_str()), (503, "the journal has failed\n"));
        assert_eq!(house.http("/livez").0, 200);
        assert_eq!(house.metric("journal_failed"), 1);
        acme.alive();
        assert!(!north.has(Command::SUBMIT_SM), "nothing new is sent");
    }
}

#[test]
fn what_was_on_its_way_into_a_journal_that_fails_is_not_acknowledged() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    house.trouble.delay(SLOW);
    let sequence = acme.submit("33612345678");
    let message = north.deliver(0, b"STOP", b"");
    acme.alive();
    north.alive();
    house.trouble.refuse(Some(Refusal::Failed));
    assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
    assert_eq!(north.answered(message), Status::ESME_RX_T_APPN);
    assert!(!north.has(Command::SUBMIT_SM));
    assert_eq!(house.http("/readyz").0, 503);
}

#[test]
fn a_verdict_that_a_failed_journal_cannot_take_is_no_success() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    house.trouble.refuse(Some(Refusal::Failed));
    north.accept(&request, "n1");
    assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
    assert_eq!(house.http("/readyz").0, 503);
}
