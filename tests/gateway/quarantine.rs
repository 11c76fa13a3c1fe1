//! A message takes down every bind that it is sent on: it is given up, and it alone.

use crate::support::{Carrier, Got, House, Smsc, message, with_one_carrier};
use smppgate_codec::pdu::Sm;
use std::collections::HashSet;
use std::time::Duration;

const RESEND: &str = "unknown_outcome = \"resend\"\nwindow = 500";

/// How long the carrier lets what it is sent pile up before it answers: so long that what was sent
/// together is in flight together.
const PILES_UP: Duration = Duration::from_millis(30);

/// A carrier that hangs up on whatever holds one of these texts.
struct Allergic<'a> {
    smsc: &'a Smsc,
    bind: Carrier,
    texts: &'a [&'a [u8]],
    /// Binds that it has taken down.
    losses: usize,
    accepted: HashSet<Vec<u8>>,
}

impl Allergic<'_> {
    /// Reads what comes for a while. Answers all of it, or hangs up on it.
    fn goes_on(&mut self) {
        let mut pile: Vec<Got> = Vec::new();
        while let Some(got) = self.bind.within(PILES_UP) {
            let text = got.sm().short_message.to_vec();
            pile.push(got);
            if self.texts.contains(&&text[..]) {
                self.losses += 1;
                self.bind.hang_up();
                self.bind = self.smsc.bound();
                return;
            }
        }
        for request in pile {
            let text = request.sm().short_message.to_vec();
            self.bind.accept(&request, &String::from_utf8_lossy(&text));
            self.accepted.insert(text);
        }
    }
}

/// Submits these texts in this order, and lets the carrier go on until all have come to an end or
/// been accepted. How many binds it has taken.
fn carried(house: &House, smsc: &Smsc, north: Carrier, texts: &[Vec<u8>], bad: &[&[u8]]) -> usize {
    let mut acme = house.trx("acme");
    let ids: Vec<(String, &Vec<u8>)> = texts
        .iter()
        .map(|text| {
            let sequence = acme.submit_sm(Sm {
                short_message: text,
                ..message("33612345678")
            });
            (acme.accepted(sequence), text)
        })
        .collect();
    let mut carrier = Allergic {
        smsc,
        bind: north,
        texts: bad,
        losses: 0,
        accepted: HashSet::new(),
    };
    let good = texts.len() - bad.len();
    for _ in 0..1_000 {
        carrier.goes_on();
        let quarantined = house.metric("quarantined_total") as usize;
        if carrier.accepted.len() == good && quarantined == bad.len() {
            break;
        }
    }
    assert_eq!(carrier.accepted.len(), good, "all others have gone through");
    let mut rejected: Vec<&[u8]> = Vec::new();
    for _ in bad {
        let told = acme.receipt();
        assert_eq!(told.stat, "REJECTD");
        rejected.extend(
            ids.iter()
                .find(|(id, _)| *id == told.id)
                .map(|(_, text)| &text[..]),
        );
    }
    rejected.sort_unstable();
    assert_eq!(rejected, bad);
    assert!(acme.so_far().is_empty(), "nobody else is told anything");
    assert_eq!(house.metric("quarantined_total"), bad.len() as u64);
    carrier.losses
}

fn texts(count: usize, bad: &[&[u8]], every: usize) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = (0..count).map(|at| format!("m{at}").into_bytes()).collect();
    for (at, text) in bad.iter().enumerate() {
        texts.insert(3 + at * every, text.to_vec());
    }
    texts
}

#[test]
fn a_message_that_has_taken_down_three_binds_is_given_up_and_those_beside_it_are_not() {
    let (house, smsc, north) = with_one_carrier("", RESEND, "window = 10");
    let texts = texts(40, &[b"poison"], 0);
    let losses = carried(&house, &smsc, north, &texts, &[b"poison"]);
    assert_eq!(losses, 3);
}

#[test]
fn several_of_them_condemn_nobody_but_themselves() {
    let (house, smsc, north) = with_one_carrier("", RESEND, "window = 10\nbinds = 1");
    let bad: [&[u8]; 4] = [b"poison0", b"poison1", b"poison2", b"poison3"];
    let texts = texts(40, &bad, 2);
    let losses = carried(&house, &smsc, north, &texts, &bad);
    assert!(losses <= 12, "{losses}");
}

#[test]
fn a_message_that_is_sent_once_more_at_most_is_held_instead() {
    let (house, smsc, mut north) =
        with_one_carrier("", "unknown_outcome = \"resend-once\"", "window = 10");
    let mut acme = house.trx("acme");
    acme.submit("33612345678");
    north.request();
    north.hang_up();
    let mut north = smsc.bound();
    north.request();
    north.hang_up();
    assert!(smsc.bound().so_far().is_empty());
    assert!(acme.within(PILES_UP).is_some(), "its response");
    assert!(acme.so_far().is_empty());
    assert_eq!(house.metric("quarantined_total"), 0);
}
