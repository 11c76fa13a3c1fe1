//! What an account may submit: how fast, how much, how long, from whom and to whom.

use crate::support::{House, Smsc, account, message, one_carrier, put_tlv, route};
use smppgate_codec::code::{Command, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Pdu, Sm, Tlvs};
use smppgate_codec::time::Civil;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The date behind this name in the text of a receipt.
fn date(text: &[u8], name: &str) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let at = text.find(name).expect("the date is there") + name.len();
    text[at..at + 10].to_owned()
}

#[test]
fn over_the_rate_answers_come_later_and_then_are_refusals() {
    let (_house, _smsc, _north, mut acme) = one_carrier("rate = 10", "");
    let begun = Instant::now();
    let sequences: Vec<u32> = (0..40).map(|_| acme.submit("33612345678")).collect();
    // It is heard meanwhile.
    acme.alive();
    assert!(begun.elapsed() < Duration::from_millis(500));
    let (mut accepted, mut throttled) = (Vec::new(), 0);
    for sequence in sequences {
        let response = acme.response(sequence);
        match response.status() {
            Status::ESME_ROK => accepted.push(begun.elapsed()),
            status => {
                assert_eq!(status, Status::ESME_RTHROTTLED);
                assert!(begun.elapsed() > Duration::from_millis(950));
                throttled += 1;
            }
        }
        assert!(begun.elapsed() < Duration::from_millis(1_500));
    }
    assert!((20..=21).contains(&accepted.len()), "{accepted:?}");
    assert!(accepted[9] < Duration::from_millis(500), "{accepted:?}");
    assert!(accepted[14] > Duration::from_millis(400), "{accepted:?}");
    assert_eq!(accepted.len() + throttled, 40);
}

#[test]
fn deliveries_go_on_while_an_account_is_kept_to_its_rate() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("rate = 1\nwindow = 5", "");
    let first = acme.submit("33612345678");
    north.takes("n1");
    let id = acme.accepted(first);
    let begun = Instant::now();
    let sequences: Vec<u32> = (0..8).map(|_| acme.submit("33612345678")).collect();
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt().id, id);
    assert!(begun.elapsed() < Duration::from_millis(700));
    for sequence in sequences {
        acme.response(sequence);
    }
    assert!(begun.elapsed() < Duration::from_millis(1_500));
}

#[test]
fn all_binds_of_an_account_share_its_rate_and_others_have_their_own() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "rate = 4"),
        account("beta", "rate = 4"),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let _north = smsc.bound();
    let (mut one, mut two) = (house.trx("acme"), house.trx("acme"));
    let mut beta = house.trx("beta");
    let begun = Instant::now();
    let sent: Vec<(u32, u32)> = (0..6)
        .map(|_| (one.submit("33612345678"), two.submit("33612345678")))
        .collect();
    let other = beta.submit("33612345678");
    beta.accepted(other);
    assert!(begun.elapsed() < Duration::from_millis(500));
    let mut accepted = 0;
    for (first, second) in sent {
        accepted += usize::from(one.response(first).status().is_ok());
        accepted += usize::from(two.response(second).status().is_ok());
    }
    assert!((8..=9).contains(&accepted), "{accepted} of two binds");
    assert_eq!(house.metric("throttled_total"), 12 - accepted as u64);
}

#[test]
fn a_payload_counts_its_segments() {
    let keys = "rate = 10\nmax_segments = 20";
    let (_house, _smsc, _north, mut acme) = one_carrier(keys, "");
    let payload = |segments: usize| {
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &vec![b'a'; 153 * segments]);
        tlvs
    };
    let mut submit = |segments| {
        let tlvs = payload(segments);
        acme.submit_sm(Sm {
            short_message: b"",
            tlvs: Tlvs::new(&tlvs),
            ..message("33612345678")
        })
    };
    let begun = Instant::now();
    let sequences = [submit(10), submit(6), submit(5), submit(21)];
    assert_eq!(acme.refused(sequences[3]), Status::ESME_RINVMSGLEN);
    acme.accepted(sequences[0]);
    assert!(begun.elapsed() < Duration::from_millis(400));
    acme.accepted(sequences[1]);
    assert!(begun.elapsed() > Duration::from_millis(500));
    assert_eq!(acme.refused(sequences[2]), Status::ESME_RTHROTTLED);
}

#[test]
fn what_a_day_has_no_room_for_is_refused_a_second_later() {
    let (_house, _smsc, _north, mut acme) = one_carrier("daily_segments = 2", "");
    let begun = Instant::now();
    let sequences: Vec<u32> = (0..3).map(|_| acme.submit("33612345678")).collect();
    acme.accepted(sequences[0]);
    acme.accepted(sequences[1]);
    assert_eq!(acme.refused(sequences[2]), Status::ESME_RTHROTTLED);
    assert!(begun.elapsed() > Duration::from_millis(950));
    acme.alive();
}

#[test]
fn an_unbind_waits_for_what_is_held() {
    let (_house, _smsc, _north, mut acme) = one_carrier("rate = 2", "");
    let sequences: Vec<u32> = (0..3).map(|_| acme.submit("33612345678")).collect();
    acme.send(&Pdu::Unbind);
    for sequence in sequences {
        acme.accepted(sequence);
    }
    acme.expect(Command::UNBIND_RESP);
    assert!(acme.closed().is_empty());
}

#[test]
fn senders_and_destinations_are_those_that_the_account_may_write() {
    let keys = "senders = [\"ACME\", \"4477*\"]\ndestinations = [\"33*\"]";
    let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "");
    let other = acme.submit_sm(Sm {
        source: Address::new(5, 0, b"BANK"),
        ..message("33612345678")
    });
    assert_eq!(acme.refused(other), Status::ESME_RINVSRCADR);
    let elsewhere = acme.submit("447700900123");
    assert_eq!(acme.refused(elsewhere), Status::ESME_RINVDSTADR);
    let right = acme.submit("+33612345678");
    north.takes("n1");
    acme.accepted(right);
}

#[test]
fn a_forced_source_leaves_and_the_receipt_shows_what_was_written() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("force_source = \"447700900555\"", "");
    let sequence = acme.submit("33612345678");
    let request = north.takes("n1");
    assert_eq!(request.sm().source, Address::new(1, 1, b"447700900555"));
    assert_eq!(request.sm().short_message, b"hello");
    acme.accepted(sequence);
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.delivery();
    assert_eq!(receipt.sm().destination, Address::new(5, 0, b"ACME"));
    assert_eq!(receipt.sm().source, Address::new(1, 1, b"33612345678"));
}

#[test]
fn the_dates_of_receipts_are_those_of_the_account() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("timezone = \"+05:30\"", "");
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.delivery();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs() as i64 + 19_800;
    let shown = |unix| {
        let civil = Civil::from_unix(unix);
        format!(
            "{:02}{:02}{:02}{:02}{:02}",
            civil.year % 100,
            civil.month,
            civil.day,
            civil.hour,
            civil.minute
        )
    };
    for name in ["submit date:", "done date:"] {
        let told = date(receipt.sm().short_message, name);
        assert!([shown(now), shown(now - 60)].contains(&told), "{told}");
    }
}

#[test]
fn receipts_stay_with_the_bind_that_submitted_if_the_account_wants_it() {
    for (bind, stay) in [("any", false), ("same", true)] {
        let smsc = Smsc::open();
        let keys = format!("deliver_window = 1\nreceipt_bind = \"{bind}\"");
        let house = House::open(&[
            account("acme", &keys),
            smsc.settings("north", "window = 50"),
            route("all", "via = [\"north\"]"),
        ]);
        let mut north = smsc.bound();
        let (mut slow, mut other) = (house.trx("acme"), house.trx("acme"));
        for at in 0..12 {
            let sequence = slow.submit("33612345678");
            north.takes(&format!("n{at}"));
            slow.accepted(sequence);
        }
        for at in 0..12 {
            north.reports(&format!("n{at}"), "DELIVRD", "000");
        }
        let has_some = other.has(Command::DELIVER_SM) || {
            std::thread::sleep(Duration::from_millis(200));
            other.has(Command::DELIVER_SM)
        };
        assert_eq!(has_some, !stay, "{bind}");
        if stay {
            for _ in 0..12 {
                slow.receipt();
            }
        }
    }
}

#[test]
fn changed_terms_count_for_those_who_are_bound() {
    let smsc = Smsc::open();
    let tables = |keys: &str| {
        [
            account("acme", keys),
            smsc.settings("north", ""),
            route("all", "via = [\"north\"]"),
        ]
    };
    let mut house = House::open(&tables("rate = 1\nmessage_id = \"decimal\""));
    let mut north = smsc.bound();
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
    house.reload(&tables("senders = [\"OTHER\"]\nmessage_id = \"hex\""));
    acme.alive();
    let sequence = acme.submit("33612345678");
    assert_eq!(acme.refused(sequence), Status::ESME_RINVSRCADR);
    house.reload(&tables("message_id = \"hex\""));
    acme.alive();
    let begun = Instant::now();
    for at in 0..5 {
        let sequence = acme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(0),
            ..message("33612345678")
        });
        north.takes(&format!("m{at}"));
        // What a session was agreed on stays: this is the form that it began with.
        assert!(
            acme.accepted(sequence)
                .bytes()
                .all(|octet| octet.is_ascii_digit())
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
}
