//! What is written into the log, whatever others put into their fields: lines of our own, and no
//! secret.

use crate::support::{PATIENCE, Program, Start, Town, message, put_tlv, until};
use smppgate::esme::Hash;
use smppgate_codec::code::{Command, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Address, Bind, Pdu, Sm, Tlvs};

/// What a line of ours could be taken for, and what terminals obey.
const FORGERIES: [&[u8]; 8] = [
    b"x\r\n INFO forged",
    b"x status=forged",
    b"x\r\n2026-11-22T09:00:00.000000Z  INFO smppgate: forged",
    b"x\n{\"level\":\"INFO\",\"fields\":{\"message\":\"forged\"}}",
    b"\x1b[2J\x1b[31mforged\x07\x08\x7f",
    b"\" system_id=\"forged\" ' \\",
    b"\x9b31m\xc2\x9b31m\xe2\x80\xae forged",
    b"forged\x0b\x0c\x1e\xff\xfe",
];

const PASSWORD: &[u8] = b"pass\x1b[1m-of-nobody\r\n";

const TEXT: &[u8] = b"what-is-written\r\n\x1b[1m";

/// A program that logs all that it can, after everybody has put forgeries into every field.
///
/// As soon as one account has a hash, binds are refused at another place, a while later.
fn log_of_a_hard_day(options: &str, has_hash: bool) -> String {
    let town = Town::open();
    let mut parts = town.parts("", "");
    if has_hash {
        let hash = Hash::of(b"another", &[7; 16]).unwrap().text();
        parts.push(format!(
            "[[account]]\nsystem_id = \"hidden\"\npassword_hash = \"{hash}\"\n"
        ));
    }
    let gate = Program::start(&Start {
        before: "export RUST_LOG=trace",
        options,
        parts: &parts,
        ..Start::default()
    });
    let mut north = town.north.bound();
    let working = town.works(&gate);
    for forgery in FORGERIES {
        strangers_bind(&gate, forgery);
        let mut acme = gate.trx("acme");
        let sequence = acme.submit_sm(Sm {
            service_type: &forgery[..5],
            source: Address::new(5, 0, &forgery[..forgery.len().min(20)]),
            destination: Address::new(1, 1, &forgery[..forgery.len().min(20)]),
            short_message: TEXT,
            ..message("")
        });
        acme.response(sequence);
        let sequence = acme.submit_sm(Sm {
            short_message: TEXT,
            ..message("33612345678")
        });
        let request = north.request();
        north.accept(
            &request,
            &String::from_utf8_lossy(&forgery[..forgery.len().min(64)]),
        );
        acme.accepted(sequence);
        // A receipt for nothing that we know, and one that cannot be read.
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, Tag::RECEIPTED_MESSAGE_ID, forgery);
        for text in [TEXT, forgery] {
            let sequence = north.send(&Pdu::DeliverSm(Sm {
                source: Address::new(1, 1, &forgery[..forgery.len().min(20)]),
                esm_class: EsmClass(4),
                short_message: text,
                tlvs: Tlvs::new(&tlvs),
                ..message("36034")
            }));
            north.answered(sequence);
        }
        acme.hang_up();
    }
    until("they have gone", || gate.metric("connections") == 1);
    working.was_undisturbed();
    north.write(&[0, 0, 0, 3]);
    north.closed();
    town.north.bound();
    gate.log()
}

/// Binds that are refused, as names that there are and others.
fn strangers_bind(gate: &Program, forgery: &[u8]) {
    for name in [forgery, b"acme", b"hidden"] {
        let mut stranger = gate.dial();
        stranger.send(&Pdu::BindTransceiver(Bind {
            system_id: name,
            password: PASSWORD,
            system_type: &forgery[..forgery.len().min(12)],
            address_range: forgery,
            interface_version: 0x34,
            ..Bind::default()
        }));
        let answer = stranger.expect(Command::BIND_TRANSCEIVER_RESP);
        assert_ne!(answer.status(), Status::ESME_ROK);
        stranger.write_some(forgery, PATIENCE);
        stranger.hang_up();
    }
}

/// Nothing of what was put into fields acts, and no secret is told.
fn is_harmless(log: &str) {
    for (at, line) in log.lines().enumerate() {
        let acts = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!line.contains(acts), "line {at}: {line:?}");
        for secret in [
            "of-nobody",
            "what-is-written",
            "33612345678",
            "another",
            "secret",
        ] {
            assert!(!line.contains(secret), "{secret} is told: {line}");
        }
    }
    assert!(log.contains("bind refused"), "{log}");
}

/// Both days' logs, which are harmless.
fn logs(options: &str) -> String {
    let (plain, hashed) = (
        log_of_a_hard_day(options, false),
        log_of_a_hard_day(options, true),
    );
    is_harmless(&plain);
    is_harmless(&hashed);
    assert!(
        plain.contains("forged"),
        "nothing of it was logged: {plain}"
    );
    plain + &hashed
}

/// What of a line is not inside quotes: our own words, and names of the config.
fn outside_quotes(line: &str) -> String {
    let (mut is_inside, mut is_escaped) = (false, false);
    let is_outside = |c: &char| {
        let is_quote = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_inside ^= is_quote;
        !is_inside
    };
    line.chars().filter(is_outside).collect()
}

#[test]
fn a_line_for_people_cannot_be_forged_and_tells_no_secret() {
    let log = logs("--log text");
    for line in log.lines() {
        let (time, rest) = line.split_at_checked(27).unwrap_or((line, ""));
        assert!(time.starts_with("20") && time.ends_with('Z'), "{line}");
        let level = rest.split_whitespace().next().unwrap_or_default();
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
        assert!(levels.contains(&level), "{line}");
        assert!(!outside_quotes(line).contains("forged"), "{line}");
    }
}

#[test]
fn a_line_for_programs_cannot_be_forged_and_tells_no_secret() {
    let log = logs("--log json");
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(event["timestamp"].is_string(), "{line}");
        assert_ne!(event["fields"]["message"], "forged", "{line}");
    }
}
