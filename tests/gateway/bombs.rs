//! PDUs that are made to take long: many parameters, headers within headers, many destinations.
//!
//! Goal: what a PDU costs grows with its length and not faster. Method: the same octets come as a
//! few PDUs as long as they may be and as many short ones; if a long one cost the square of its
//! length, it would take sixteen times as long.

use crate::support::{Esme, Got, House, PATIENCE, Peer, Town, Working, message, until};
use bytes::BytesMut;
use smppgate_codec::code::{Command, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Address, Destination, Destinations, Pdu, Sm, SubmitMulti, Tlv, Tlvs};
use std::thread;
use std::time::{Duration, Instant};

/// Parameters of four octets that there are in the longest PDU.
const PARAMETERS: usize = 17_000;

/// Longest PDUs that are sent in one go.
const COUNT: usize = 60;

/// So many short ones have the octets of a long one.
const PARTS: usize = 16;

/// Times the short ones may take: between what is measured on a machine that others use as well,
/// and sixteen.
const LINEAR: u32 = 6;

/// Parameters without a value.
fn empty_parameters(count: usize) -> Vec<u8> {
    let mut tlvs = Vec::new();
    for at in 0..count {
        let tag = Tag(0x1400 + (at % 0x2000) as u16);
        Tlv { tag, value: b"" }.put(&mut tlvs);
    }
    tlvs
}

fn with_parameters(tlvs: &[u8]) -> Sm<'_> {
    Sm {
        tlvs: Tlvs::new(tlvs),
        ..message("33600000001")
    }
}

/// So many of the same, numbered from 1.
fn many(count: usize, pdu: &Pdu<'_>) -> BytesMut {
    let mut all = BytesMut::new();
    for sequence in 1..=count as u32 {
        pdu.encode(&mut all, Status::ESME_ROK, sequence);
    }
    all
}

/// How long it takes until all of these have been answered with status 0, and have left us if they
/// are for the carrier.
fn answered(house: &House, who: &mut Peer, pdus: &BytesMut, count: usize) -> Duration {
    let before = Instant::now();
    let writing = who.write_behind(pdus.clone());
    for sequence in 1..=count as u32 {
        let is_it = |got: &Got| got.command().is_response() && got.sequence() == sequence;
        let response = who.find("a response", is_it);
        assert_eq!(response.status(), Status::ESME_ROK);
    }
    writing.join().unwrap();
    until("all have left", || {
        house.metric("carrier_messages_waiting{carrier=\"north\"}") == 0
    });
    before.elapsed()
}

/// What `bombs` take is in proportion to what `plain` ones take; both are PDUs and how many they
/// are. Others use the machine as well, so the shorter of two times of each counts.
fn in_proportion(
    (house, who): (&House, &mut Peer),
    bombs: (&BytesMut, usize),
    plain: (&BytesMut, usize),
) {
    let mut took = [Duration::MAX; 2];
    for _ in 0..2 {
        took[0] = took[0].min(answered(house, who, bombs.0, bombs.1));
        took[1] = took[1].min(answered(house, who, plain.0, plain.1));
    }
    assert!(took[0] < took[1] * LINEAR, "{took:?}");
}

/// What leaves for this carrier is taken apart and written anew, parameter by parameter.
const REWRITES: &str = "long = \"udh\"\ntlv = { add = { 0x3FFE = \"01\" }, drop = [\"0x3FFF\"] }";

/// A gateway that works for others, a customer, and its carrier, which accepts what it gets.
fn house() -> (House, Working, Esme) {
    let town = Town::open();
    let house = House::open(&town.parts("window = 1000", REWRITES));
    let (mut north, working) = (town.north.bound(), town.works(&house));
    thread::spawn(move || {
        while let Some(got) = north.within(PATIENCE) {
            if got.command() == Command::SUBMIT_SM {
                north.accept(&got, "n");
            }
        }
    });
    let acme = house.tx("acme");
    (house, working, acme)
}

#[test]
fn parameters_without_values_cost_no_more_than_their_octets() {
    let (house, working, mut acme) = house();
    let (long, short) = (
        empty_parameters(PARAMETERS),
        empty_parameters(PARAMETERS / PARTS),
    );
    let long = many(COUNT, &Pdu::SubmitSm(with_parameters(&long)));
    let short = many(COUNT * PARTS, &Pdu::SubmitSm(with_parameters(&short)));
    assert!(long.len() / COUNT > 68_000, "as long as they may be");
    in_proportion((&house, &mut acme), (&long, COUNT), (&short, COUNT * PARTS));
    working.was_undisturbed();
}

#[test]
fn parameters_without_values_that_a_carrier_delivers_cost_no_more_than_their_octets() {
    let town = Town::open();
    let house = House::open(&town.parts("reassemble = true", ""));
    let (mut north, working) = (town.north.bound(), town.works(&house));
    for esm_class in [0, 4] {
        let (long, short) = (
            empty_parameters(PARAMETERS),
            empty_parameters(PARAMETERS / PARTS),
        );
        let delivery = |tlvs| {
            let esm_class = EsmClass(esm_class);
            Pdu::DeliverSm(Sm {
                esm_class,
                ..with_parameters(tlvs)
            })
        };
        let long = many(COUNT, &delivery(&long));
        let short = many(COUNT * PARTS, &delivery(&short));
        in_proportion(
            (&house, &mut north),
            (&long, COUNT),
            (&short, COUNT * PARTS),
        );
    }
    working.was_undisturbed();
}

#[test]
fn headers_of_many_elements_cost_little_more_than_a_plain_text() {
    const MESSAGES: usize = 3_000;
    let (house, working, mut acme) = house();
    let text = |esm_class, short_message: &[u8]| {
        let sm = Sm {
            esm_class: EsmClass(esm_class),
            short_message,
            ..message("33600000001")
        };
        many(MESSAGES, &Pdu::SubmitSm(sm))
    };
    let plain = text(0, &[b'x'; 254]);
    let mut empty = vec![252];
    empty.extend([0x70, 0].repeat(126));
    let mut segments = vec![250];
    segments.extend([0, 3, 7, 2, 1].repeat(50));
    // One that says that it is as long as all that is left of the header, and holds another.
    let mut nested = vec![252];
    nested.extend((0..126).flat_map(|depth| [0x24, 250 - 2 * depth]));
    for header in [empty, segments, nested] {
        let bombs = text(EsmClass::UDHI, &header);
        in_proportion((&house, &mut acme), (&bombs, MESSAGES), (&plain, MESSAGES));
    }
    working.was_undisturbed();
}

#[test]
fn many_destinations_cost_no_more_than_as_many_messages() {
    const DESTINATIONS: usize = 254;
    let (house, working, mut acme) = house();
    let mut destinations = Vec::new();
    for number in 0..DESTINATIONS {
        let digits = format!("33600000{number:03}");
        Destination::Sme(Address::new(1, 1, digits.as_bytes())).put(&mut destinations);
    }
    let text = [b'x'; 254];
    let multi = Pdu::SubmitMulti(SubmitMulti {
        destinations: Destinations::new(&destinations).unwrap(),
        short_message: &text,
        ..SubmitMulti::default()
    });
    let single = Pdu::SubmitSm(Sm {
        short_message: &text,
        ..message("33600000001")
    });
    let (multis, singles) = (many(4, &multi), many(4 * DESTINATIONS, &single));
    in_proportion(
        (&house, &mut acme),
        (&multis, 4),
        (&singles, 4 * DESTINATIONS),
    );
    working.was_undisturbed();
}
