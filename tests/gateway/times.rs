//! Messages leave when they are due, are tried again while they are valid, and never leave later.

use crate::support::{
    Carrier, Esme, House, Smsc, Told, account, message, one_carrier, route, two_carriers, until,
};
use smppgate_codec::code::Status;
use smppgate_codec::pdu::{Address, CancelSm, Pdu, ReplaceSm, Sm};
use smppgate_codec::time;
use std::time::{Duration, Instant, SystemTime};

const SOURCE: Address<'static> = Address {
    ton: 5,
    npi: 0,
    digits: b"ACME",
};

const TWO_SECONDS: &[u8] = b"000000000002000R";

/// After its time: a second is what is promised, another one is for a busy machine.
const LATEST: Duration = Duration::from_secs(2);

/// A second of the clock that is this far away, as the specification writes it.
fn at(ahead: Duration) -> [u8; 16] {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    time::absolute((now.unwrap() + ahead).as_secs() as i64)
}

fn submitted(acme: &mut Esme, sm: Sm<'_>) -> String {
    let sequence = acme.submit_sm(sm);
    acme.accepted(sequence)
}

/// A house whose only carrier is not there yet.
fn without_carrier() -> (House, Smsc, Esme) {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let acme = house.trx("acme");
    (house, smsc, acme)
}

/// The message that leaves, and that it does at its time.
#[track_caller]
fn leaves(north: &mut Carrier, since: Instant, due: Duration, text: &[u8]) {
    let request = north.takes("n1");
    let waited = since.elapsed();
    assert!(waited >= due, "too early: {waited:?}");
    assert!(waited < due + LATEST, "too late: {waited:?}");
    assert_eq!(request.sm().short_message, text);
    assert_eq!(request.sm().schedule_delivery_time, b"", "it is due");
}

/// Its sender is told that its time is over, when it is.
#[track_caller]
fn expires(acme: &mut Esme, id: &str, since: Instant, due: Duration) {
    assert_eq!(acme.receipt(), Told::new(id, "EXPIRED", "000"));
    let waited = since.elapsed();
    assert!(waited >= due, "too early: {waited:?}");
    assert!(waited < due + LATEST, "too late: {waited:?}");
}

#[test]
fn a_message_for_later_leaves_when_it_is_due_and_others_do_not_wait_for_it() {
    for keys in ["", "ordered = true"] {
        let (house, _smsc, mut north, mut acme) = one_carrier(keys, "");
        let before = Instant::now();
        // A second of the clock begins within the second before it.
        let clock = at(Duration::from_secs(4));
        for (schedule, due) in [
            (TWO_SECONDS, Duration::from_secs(2)),
            (&clock, Duration::from_secs(3)),
        ] {
            submitted(
                &mut acme,
                Sm {
                    schedule_delivery_time: schedule,
                    ..message("33612345678")
                },
            );
            submitted(
                &mut acme,
                Sm {
                    short_message: b"now",
                    ..message("33612345678")
                },
            );
            assert_eq!(north.takes("n0").sm().short_message, b"now");
            leaves(&mut north, before, due, b"hello");
        }
        assert!(north.so_far().is_empty());
        assert_eq!(house.metric("outcomes_unknown_total"), 0);
    }
}

#[test]
fn a_message_for_later_can_be_taken_back_and_written_anew() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let later = Sm {
        schedule_delivery_time: TWO_SECONDS,
        ..message("33612345678")
    };
    let gone = submitted(&mut acme, later);
    let sooner = submitted(
        &mut acme,
        Sm {
            schedule_delivery_time: b"000000010000000R",
            ..later
        },
    );
    let sequence = acme.send(&Pdu::CancelSm(CancelSm {
        message_id: gone.as_bytes(),
        source: SOURCE,
        ..CancelSm::default()
    }));
    assert_eq!(acme.response(sequence).status(), Status::ESME_ROK);
    assert_eq!(acme.receipt(), Told::new(&gone, "DELETED", "000"));
    let before = Instant::now();
    let sequence = acme.send(&Pdu::ReplaceSm(ReplaceSm {
        message_id: sooner.as_bytes(),
        source: SOURCE,
        schedule_delivery_time: TWO_SECONDS,
        short_message: b"anew",
        ..ReplaceSm::default()
    }));
    assert_eq!(acme.response(sequence).status(), Status::ESME_ROK);
    leaves(&mut north, before, Duration::from_secs(1), b"anew");
    assert!(north.so_far().is_empty());
}

#[test]
fn what_waits_for_a_carrier_in_vain_expires_and_never_leaves() {
    let (house, smsc, mut acme) = without_carrier();
    let before = Instant::now();
    let id = submitted(
        &mut acme,
        Sm {
            validity_period: TWO_SECONDS,
            ..message("33612345678")
        },
    );
    expires(&mut acme, &id, before, Duration::from_secs(2));
    assert!(smsc.bound().so_far().is_empty());
    assert_eq!(house.metric("messages_under_way"), 0);
    assert_eq!(house.metric("messages_parked"), 0);
}

#[test]
fn what_waits_behind_a_full_window_expires_and_never_leaves() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "window = 1");
    submitted(&mut acme, message("33600000001"));
    let first = north.request();
    let before = Instant::now();
    let id = submitted(
        &mut acme,
        Sm {
            validity_period: TWO_SECONDS,
            ..message("33600000002")
        },
    );
    submitted(&mut acme, message("33600000003"));
    expires(&mut acme, &id, before, Duration::from_secs(2));
    north.accept(&first, "n1");
    assert_eq!(north.takes("n3").sm(), message("33600000003"));
    assert!(north.so_far().is_empty());
    assert_eq!(house.metric("messages_under_way"), 2);
}

#[test]
fn what_was_given_more_time_before_it_expired_leaves() {
    let (house, smsc, mut acme) = without_carrier();
    let id = submitted(
        &mut acme,
        Sm {
            validity_period: b"000000000001000R",
            ..message("33612345678")
        },
    );
    let sequence = acme.send(&Pdu::ReplaceSm(ReplaceSm {
        message_id: id.as_bytes(),
        source: SOURCE,
        validity_period: b"000000010000000R",
        short_message: b"anew",
        ..ReplaceSm::default()
    }));
    assert_eq!(acme.response(sequence).status(), Status::ESME_ROK);
    // Its first time is over, and everybody has looked.
    assert!(acme.within(Duration::from_millis(2_500)).is_none());
    assert_eq!(house.metric("messages_parked"), 1);
    let mut north = smsc.bound();
    assert_eq!(north.takes("n1").sm().short_message, b"anew");
}

#[test]
fn what_all_carriers_refuse_for_now_is_tried_again_after_a_pause() {
    let (house, north_smsc, south_smsc) = two_carriers("", "", "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let id = submitted(&mut acme, message("33612345678"));
    let before = Instant::now();
    north.refuses(Status::ESME_RSYSERR);
    south.refuses(Status::ESME_RSYSERR);
    north.takes("n1");
    let waited = before.elapsed();
    assert!(waited > Duration::from_millis(3_700), "{waited:?}");
    assert!(waited < Duration::from_secs(5) + LATEST, "{waited:?}");
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(south.so_far().is_empty());
}

#[test]
fn what_has_no_time_for_another_try_comes_to_its_end_at_once() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let id = submitted(
        &mut acme,
        Sm {
            validity_period: b"000000000003000R",
            ..message("33612345678")
        },
    );
    north.refuses(Status::ESME_RSYSERR);
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "008"));
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn what_rests_and_finds_nobody_then_expires_and_never_leaves() {
    let (house, smsc, mut north, mut acme) = one_carrier("", "");
    let before = Instant::now();
    let id = submitted(
        &mut acme,
        Sm {
            validity_period: b"000000000006000R",
            ..message("33612345678")
        },
    );
    north.refuses(Status::ESME_RSYSERR);
    north.alive();
    // It stays away from now on.
    north.hang_up();
    let away = smsc.connected();
    expires(&mut acme, &id, before, Duration::from_secs(6));
    drop(away);
    assert!(smsc.bound().so_far().is_empty());
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn a_late_answer_makes_a_second_sending_needless_that_still_waits() {
    let (house, _smsc, mut north, mut acme) = one_carrier(
        "unknown_outcome = \"resend-once\"",
        "window = 2\nresponse_timeout = \"1s\"",
    );
    let id = submitted(&mut acme, message("33600000001"));
    let first = north.request();
    assert!(north.within(Duration::from_millis(600)).is_none());
    submitted(&mut acme, message("33600000002"));
    let second = north.request();
    until("its time is over", || house.metric("resent_total") == 1);
    until("it waits, since both slots are taken", || {
        house.metric("carrier_messages_waiting{carrier=\"north\"}") == 1
    });
    north.accept(&first, "n1");
    north.alive();
    north.accept(&second, "n2");
    assert!(north.within(Duration::from_millis(300)).is_none());
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn what_was_sent_once_more_in_vain_is_held() {
    let (house, north_smsc, south_smsc) = two_carriers(
        "unknown_outcome = \"resend-once\"",
        "response_timeout = \"1s\"",
        "response_timeout = \"1s\"",
    );
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let id = submitted(&mut acme, message("33612345678"));
    let first = north.request();
    // It goes where its route would send it now.
    let second = north.request();
    assert_eq!(second.sm(), first.sm());
    until("that was in vain", || {
        house.metric("outcomes_unknown_total") == 2
    });
    assert!(north.so_far().is_empty());
    assert!(south.so_far().is_empty());
    assert!(acme.so_far().is_empty(), "nobody knows");
    // Whichever is answered settles it.
    north.accept(&second, "n2");
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}
