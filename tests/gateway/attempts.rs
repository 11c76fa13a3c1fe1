//! What must not leave twice leaves only once it is durable that it does.

use crate::support::{message, one_carrier, two_carriers, until};
use smppgate::journal::Refusal;
use smppgate_codec::code::Command;
use std::time::{Duration, Instant};

const SLOW: Duration = Duration::from_millis(500);

const HOLD: &str = "unknown_outcome = \"hold\"";

#[test]
fn with_hold_a_message_leaves_when_its_attempt_is_durable_and_else_at_once() {
    for (policy, waits) in [
        (HOLD, true),
        ("class = \"marketing\"", true),
        ("unknown_outcome = \"resend-once\"", false),
        ("unknown_outcome = \"resend\"", false),
    ] {
        let (house, _smsc, mut north, mut acme) = one_carrier(policy, "");
        house.trouble.delay(SLOW);
        let before = Instant::now();
        let sequence = acme.submit("33612345678");
        acme.accepted(sequence);
        let request = north.request();
        // Once to be accepted, and once more to be sent.
        assert_eq!(before.elapsed() >= SLOW * 2, waits, "{policy}");
        north.accept(&request, "n1");
        house.trouble.delay(Duration::ZERO);
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt().stat, "DELIVRD");
        assert!(north.so_far().is_empty(), "{policy}: it left once");
    }
}

#[test]
fn what_is_noted_first_keeps_its_order_and_its_window() {
    let (house, _smsc, mut north, mut acme) = one_carrier(HOLD, "window = 3");
    house.trouble.delay(Duration::from_millis(20));
    for at in 0..20 {
        acme.submit(&format!("336000000{at:02}"));
    }
    let mut at = 0;
    while at < 20 {
        // As many as the window holds, and not one more.
        let count = (20 - at).min(3);
        let requests: Vec<_> = (0..count).map(|_| north.request()).collect();
        assert!(north.within(Duration::from_millis(60)).is_none());
        for request in &requests {
            assert_eq!(request.sm(), message(&format!("336000000{at:02}")));
            north.accept(request, &format!("n{at}"));
            at += 1;
        }
    }
}

#[test]
fn what_was_to_be_noted_as_its_bind_was_lost_goes_elsewhere_and_leaves_once() {
    let (house, north_smsc, south_smsc) = two_carriers(HOLD, "", "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    house.trouble.delay(SLOW);
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.hang_up();
    assert_eq!(south.takes("s1").sm(), message("33612345678"));
    house.trouble.delay(Duration::ZERO);
    south.reports("s1", "DELIVRD", "000");
    assert_eq!(acme.receipt().id, id);
    assert!(north_smsc.bound().so_far().is_empty());
    assert!(south.so_far().is_empty());
    assert_eq!(house.metric("outcomes_unknown_total"), 0);
}

#[test]
fn what_cannot_be_noted_does_not_leave() {
    let (house, _smsc, mut north, mut acme) = one_carrier(HOLD, "");
    house.trouble.delay(SLOW);
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
    house.trouble.refuse(Some(Refusal::Failed));
    until("the journal has failed", || {
        house.metric("journal_failed") == 1
    });
    north.alive();
    assert!(!north.has(Command::SUBMIT_SM));
    assert_eq!(house.metric("messages_under_way"), 1, "it is not lost");
}
