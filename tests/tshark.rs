//! What our codec writes, read by Wireshark's dissector, which nobody here has written.
//!
//! Goal: every kind of PDU that we write is what others take for it. Method: each recorded PDU is
//! read and written again by our codec and put into a capture, one TCP connection each; tshark has to
//! name each by its command and find nothing odd in any.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bytes::BytesMut;
use serde_json::Value as Json;
use smppgate_codec::frame;
use smppgate_codec::pdu::Pdu;

/// Kinds of PDU in SMPP 3.4 (§5.1.2.1).
const KINDS: usize = 27;

/// From here on an expert's remark is a warning or an error.
const WARNING: u32 = 0x0060_0000;

#[test]
fn tshark_finds_nothing_odd_in_any_pdu_that_we_write() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("SKIPPED: tshark is not installed; apt-get install tshark");
        return;
    }
    let pdus = written();
    let kinds: BTreeSet<u32> = pdus.iter().map(|pdu| command_id(pdu)).collect();
    assert_eq!(kinds.len(), KINDS, "{kinds:x?}");

    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("written.pcap");
    fs::write(&file, capture(&pdus)).unwrap();
    let read = Command::new("tshark")
        .args([
            "-d",
            "tcp.port==2775,smpp",
            "-T",
            "fields",
            "-E",
            "separator=|",
        ])
        .args([
            "-e",
            "smpp.command_id",
            "-e",
            "_ws.expert.severity",
            "-e",
            "_ws.expert.message",
        ])
        .arg("-r")
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let lines = String::from_utf8(read.stdout).unwrap();
    assert_eq!(lines.lines().count(), pdus.len());
    for (line, pdu) in lines.lines().zip(&pdus) {
        let mut fields = line.split('|');
        let named = fields.next().and_then(number);
        assert_eq!(named, Some(command_id(pdu)), "{line}");
        let severities = fields.next().unwrap_or_default();
        let worst = severities.split(',').filter_map(number).max().unwrap_or(0);
        assert!(worst < WARNING, "{line}\n{pdu:02x?}");
    }
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

/// A capture of Ethernet frames, each PDU in a connection of its own.
fn capture(pdus: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(u32::to_le_bytes(word));
    }
    for (pdu, port) in pdus.iter().zip(40_000u16..) {
        let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0];
        packet.extend((40 + pdu.len() as u16).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend(port.to_be_bytes());
        packet.extend(2_775u16.to_be_bytes());
        packet.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
        packet.extend(pdu);
        let length = packet.len() as u32;
        for word in [u32::from(port), 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn command_id(pdu: &[u8]) -> u32 {
    u32::from_be_bytes(pdu[4..8].try_into().unwrap())
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
