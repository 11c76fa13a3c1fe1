//! What HTTP shows.

use crate::support::{House, Town, account, one_carrier, until};
use smppgate_codec::code::{Command, Status};
use std::collections::HashSet;

#[test]
fn a_gateway_that_runs_is_alive_and_ready() {
    let house = House::open(&[account("acme", "")]);
    assert_eq!(house.http("/livez"), (200, "alive\n".to_owned()));
    assert_eq!(house.http("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(house.http("/nothing").0, 404);
}

#[test]
fn metrics_count_what_happens() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    assert_eq!(house.metric("account_binds{account=\"acme\"}"), 1);
    assert_eq!(house.metric("carrier_binds{carrier=\"north\"}"), 1);
    assert_eq!(house.metric("connections"), 1);
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
    assert_eq!(house.metric("submitted_total"), 1);
    assert_eq!(house.metric("accepted_total"), 1);
    assert_eq!(house.metric("messages_under_way"), 1);
    north.takes("n1");
    north.reports("n1", "DELIVRD", "000");
    acme.receipt();
    until("the receipt is counted", || {
        house.metric("receipts_told_total") == 1
    });
    assert_eq!(house.metric("carrier_accepted_total"), 1);
    assert_eq!(house.metric("delivered_total"), 1);
    assert_eq!(house.metric("messages_under_way"), 0);
    assert_eq!(house.metric("account_places_taken{account=\"acme\"}"), 0);
    assert_eq!(
        house.metric("carrier_reports_awaited{carrier=\"north\"}"),
        0
    );
    assert_eq!(house.metric("journal_failed"), 0);
    acme.unbind();
    until("the bind has gone", || {
        house.metric("account_binds{account=\"acme\"}") == 0
    });
}

#[test]
fn metrics_are_named_by_the_rules_of_prometheus_and_tell_no_secret() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("carrier-id-1");
    let (status, text) = house.http("/metrics");
    assert_eq!(status, 200);
    let mut seen = HashSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("smppgate_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(name), "twice: {line}");
    }
    for kind in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = kind.split_once(' ').unwrap();
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
    }
    for secret in ["33612345678", &id, "carrier-id-1", "secret", "hello"] {
        assert!(!text.contains(secret), "{secret} is shown");
    }
}

#[test]
fn metrics_have_no_place_for_names_that_strangers_invent() {
    let town = Town::open();
    let house = House::open(&town.parts("", ""));
    let working = town.works(&house);
    let names = || {
        let (_, text) = house.http("/metrics");
        let names = text.lines().filter_map(|line| line.rsplit_once(' '));
        names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let before = names();
    for at in 0..1_000_u16 {
        // Each calls from an address of its own: one that guesses so often would have to wait.
        let [high, low] = at.to_be_bytes();
        let mut stranger = house.dial_from([127, 1, high, low]);
        // A connection is closed after the third.
        for name in ["a", "b\"} 1\n", "c\\"] {
            let name = format!("{name}{at}");
            let answer = stranger.bind(Command::BIND_TRANSCEIVER, &name, "secret");
            assert_eq!(answer.status(), Status::ESME_RINVPASWD);
        }
    }
    assert_eq!(names(), before);
    working.was_undisturbed();
}
