//! What we write, read by Wireshark's dissector, which nobody here has written.
//!
//! Goal: every kind of PDU that we write is what others take for it. Method: each recorded PDU is
//! read and written again by our codec, and a gateway passes everything that there is between its
//! peers; either goes into a capture, in which tshark has to name each PDU by its command and find
//! nothing odd.

#[path = "tshark/capture.rs"]
mod capture;
#[path = "gateway/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "other stories need more of these people"
)]
mod support;
#[path = "tshark/tap.rs"]
mod tap;
#[path = "tshark/traffic.rs"]
mod traffic;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use bytes::BytesMut;
use serde_json::Value as Json;
use smppgate_codec::frame;
use smppgate_codec::pdu::Pdu;

use capture::{Passed, capture, dissected};

/// Kinds of PDU in SMPP 3.4 (§5.1.2.1).
const KINDS: usize = 27;

#[test]
fn tshark_finds_nothing_odd_in_any_pdu_that_we_write() {
    let pdus = written();
    let commands: Vec<u32> = pdus.iter().map(|pdu| command_id(pdu)).collect();
    assert_eq!(kinds(&commands), KINDS, "{commands:x?}");
    // Each in a connection of its own: their numbers say nothing of each other.
    let passed: Vec<_> = pdus
        .into_iter()
        .zip(0..)
        .map(|(octets, connection)| Passed {
            connection,
            is_there: true,
            octets,
        })
        .collect();
    assert_eq!(dissected(&kept("written.pcap", &passed)), commands);
}

#[test]
fn tshark_finds_nothing_odd_in_the_traffic_of_the_gateway() {
    let passed = traffic::of_every_kind();
    let mut commands = commands(&passed);
    commands.retain(|command| *command != traffic::STRAY.0);
    assert_eq!(kinds(&commands), KINDS, "{commands:x?}");
    let mut read = dissected(&kept("traffic.pcap", &passed));
    // The order in which directions take turns is not the order in which we count them.
    read.sort_unstable();
    commands.sort_unstable();
    assert_eq!(read, commands);
}

fn kept(name: &str, passed: &[Passed]) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, capture(passed)).unwrap();
    file
}

fn kinds(commands: &[u32]) -> usize {
    commands.iter().collect::<BTreeSet<_>>().len()
}

/// The commands of what was passed on, direction by direction.
fn commands(passed: &[Passed]) -> Vec<u32> {
    let lines: BTreeSet<_> = passed
        .iter()
        .map(|one| (one.connection, one.is_there))
        .collect();
    let mut commands = Vec::new();
    for line in lines {
        let of_line = passed
            .iter()
            .filter(|one| (one.connection, one.is_there) == line);
        let octets: Vec<u8> = of_line.flat_map(|one| one.octets.clone()).collect();
        let mut rest = &octets[..];
        while let Some(frame) = frame::next(rest, 70_000).unwrap() {
            commands.push(frame.header.command.0);
            rest = &rest[frame.octets.len()..];
        }
        assert_eq!(rest, b"", "only whole PDUs pass");
    }
    commands
}

/// Every sound record, read and written by our codec.
fn written() -> Vec<Vec<u8>> {
    let records = include_str!("../codec/tests/data/golden-pdus.json");
    let records: Vec<Json> = serde_json::from_str(records).unwrap();
    let mut written = Vec::new();
    for record in records.iter().filter(|record| record["class"] == "valid") {
        let octets = octets(record["hex"].as_str().unwrap());
        let mut rest = &octets[..];
        while let Some(frame) = frame::next(rest, 70_000).unwrap() {
            let pdu = Pdu::decode(&frame).unwrap();
            let mut out = BytesMut::new();
            pdu.encode(&mut out, frame.header.status, frame.header.sequence);
            written.push(out.to_vec());
            rest = &rest[frame.octets.len()..];
        }
    }
    written
}

fn command_id(pdu: &[u8]) -> u32 {
    u32::from_be_bytes(pdu[4..8].try_into().unwrap())
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
