//! The binary as people and scripts use it: what it prints, and its exit code.

#[path = "../shared/authority.rs"]
mod authority;
mod check;
mod explain;
mod load;
mod pipe;
mod probe;
mod sim;
mod sim_binds;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use smppgate::rig::carrier::{Behaviour, Carrier, Inbound, Settings};
use smppgate::rig::chance::Law;
use smppgate_codec::code::{MessageState, Status};

const ENQUIRE_LINK: &str = "00000010000000150000000000000001";

/// Runs the binary with these arguments and this input to its end.
fn smppgate(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppgate"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may end before this is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// One sentence: a single line that says who speaks.
fn sentence(output: &Output) -> &str {
    let told = err(output);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("smppgate "), "{told}");
    told
}

fn lines(output: &Output) -> Vec<Json> {
    let lines = out(output).lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in [
        "run", "check", "explain", "demo", "decode", "send", "load", "probe", "sim",
    ] {
        let help = smppgate(&[command, "--help"], "");
        assert_eq!(code(&help), 0, "{command}");
        assert!(out(&help).contains("Example"), "{command}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let send = [
        "send",
        "--system-id",
        "a",
        "--password",
        "b",
        "--from",
        "Me",
    ];
    for wrong in [
        &["decode", "--what"][..],
        &["demo", "--count", "0"],
        &["demo", "--rate", "fast"],
        &[&send[..], &["--to", "nobody", "--text", "x"]].concat(),
        &[
            &send[..],
            &["--to", "33", "--text", "ж", "--data-coding", "gsm"],
        ]
        .concat(),
        &[&send[..], &["--to", "33", "--text", "x", "--timeout", "0"]].concat(),
        &send[..],
    ] {
        let output = smppgate(wrong, "");
        assert_eq!(code(&output), 2, "{wrong:?}: {}", err(&output));
        assert_eq!(out(&output), "", "{wrong:?}");
    }
}

// decode

/// The value that a record expects, in the form that decode writes.
fn expected_fields(record: &Json) -> Json {
    let mut fields = record["expect"]["fields"].clone();
    let map = fields.as_object_mut().unwrap();
    if let Some(octets) = map.remove("short_message_hex") {
        map.insert("short_message".into(), octets);
    }
    if let Some(list) = map.get_mut("unsuccess_sme").and_then(Json::as_array_mut) {
        for one in list {
            let status = one["error_status_code"].as_str().unwrap();
            let status = u32::from_str_radix(status.trim_start_matches("0x"), 16).unwrap();
            one["error_status_code"] = status.into();
        }
    }
    fields
}

#[test]
fn every_recorded_pdu_is_shown_or_its_fault_is_told() {
    let records = include_str!("../../codec/tests/data/golden-pdus.json");
    let records: Vec<Json> = serde_json::from_str(records).unwrap();
    let mut shown = 0;
    for record in &records {
        let name = record["name"].as_str().unwrap();
        let hex = record["hex"].as_str().unwrap();
        let output = smppgate(&["decode", "--json", "--secrets", hex], "");
        let lines = lines(&output);
        let last = lines.last().unwrap();
        if code(&output) == 1 {
            assert!(last["error"].is_string(), "{name}");
            assert!(last["offset"].is_u64(), "{name}");
            assert_eq!(record["class"], "reject", "{name}");
            sentence(&output);
            continue;
        }
        assert_eq!((code(&output), err(&output)), (0, ""), "{name}");
        let expect = &record["expect"];
        if let Some(frames) = expect["frames"].as_array() {
            assert_eq!(lines.len(), frames.len(), "{name}");
            continue;
        }
        shown += 1;
        assert_eq!(lines.len(), 1, "{name}");
        assert_eq!(last["command"], expect["command"], "{name}");
        assert_eq!(last["sequence"], expect["sequence_number"], "{name}");
        if last["command"] == "unknown" {
            assert_eq!(last["command_id"], expect["command_id"], "{name}");
            continue;
        }
        assert_eq!(last["fields"], expected_fields(record), "{name}");
        if expect["text"].is_string() && expect["udh"].is_null() && !last["text"].is_null() {
            assert_eq!(last["text"], expect["text"], "{name}");
        }
        let tlvs = expect["tlvs"].as_array().cloned().unwrap_or_default();
        let found = last["tlvs"].as_array().unwrap();
        assert_eq!(found.len(), tlvs.len(), "{name}");
        for (found, expect) in found.iter().zip(&tlvs) {
            let ascii = json!({"network_type": 0, "error_code": 34});
            let value = match &expect["value"] {
                Json::Null => &expect["value_hex"],
                // Three digits where octets belong: read as the number that they mean.
                _ if expect["value_hex"] == "303334" => &ascii,
                value => value,
            };
            assert_eq!(found["tag"], expect["tag"], "{name}");
            assert_eq!(found["name"], expect["name"], "{name}");
            assert_eq!(found["value"], *value, "{name}");
        }
    }
    assert!(shown > 80, "only {shown} records were compared");
}

#[test]
fn pdus_come_as_arguments_or_lines_with_blanks_and_colons() {
    let pasted = "00:00:00:10 00000015 00000000 00000001";
    for (args, input) in [
        (vec!["decode", "--json", ENQUIRE_LINK, ENQUIRE_LINK], ""),
        (
            vec!["decode", "--json"],
            &format!("{pasted}\n\n{pasted}\r\n")[..],
        ),
        (
            vec!["decode", "--json"],
            &format!("{ENQUIRE_LINK}{ENQUIRE_LINK}"),
        ),
    ] {
        let output = smppgate(&args, input);
        let one = json!({"command":"enquire_link","status":0,"sequence":1,"fields":{},"tlvs":[]});
        assert_eq!((code(&output), lines(&output)), (0, vec![one.clone(), one]));
    }
}

#[test]
fn what_is_no_pdu_is_told_and_the_rest_is_shown() {
    let unknown = "000000110000f00000000000000000072a";
    let input = format!("xyz\n{ENQUIRE_LINK}00000011\n{unknown}\n00000008\n");
    let output = smppgate(&["decode", "--json"], &input);
    let lines = lines(&output);
    assert_eq!(code(&output), 1);
    assert_eq!(lines.len(), 5);
    let offset = |line: &Json| line["error"].as_str().and(line["offset"].as_u64());
    assert_eq!(offset(&lines[0]), Some(0));
    assert_eq!(lines[1]["command"], "enquire_link");
    assert_eq!(offset(&lines[2]), Some(4));
    let expected = json!({
        "command": "unknown", "command_id": "0x0000F000", "status": 0, "sequence": 7, "body": "2a"
    });
    assert_eq!(lines[3], expected);
    assert_eq!(offset(&lines[4]), Some(0));
    assert!(sentence(&output).contains("3 of 5"));
}

#[test]
fn a_password_is_shown_only_to_who_asks_for_it() {
    let bind = "0000002300000009000000000000000161636d65007337637233740000340000005e00";
    for form in [&["decode", bind][..], &["decode", "--json", bind]] {
        let hidden = smppgate(form, "");
        assert_eq!(code(&hidden), 0);
        assert!(out(&hidden).contains("acme") && out(&hidden).contains('…'));
        assert!(!out(&hidden).contains("s7cr3t"));
        let open = smppgate(&[form, &["--secrets"]].concat(), "");
        assert!(out(&open).contains("s7cr3t"));
    }
}

#[test]
fn a_receipt_and_a_segment_are_readable() {
    let receipt = "id:4711 sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 \
                   stat:DELIVRD err:000 text:hello";
    let message = |class: u8, text: &[u8]| {
        let mut body = b"\0\x01\x0133\0\x01\x0144\0".to_vec();
        body.extend([class, 0, 0, 0, 0, 0, 0, 0, 0, text.len() as u8]);
        body.extend(text);
        let mut pdu = (16 + body.len() as u32).to_be_bytes().to_vec();
        pdu.extend([0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9]);
        pdu.extend(body);
        pdu.iter().map(|octet| format!("{octet:02x}")).collect()
    };
    let receipt: String = message(4, receipt.as_bytes());
    let shown = &lines(&smppgate(&["decode", "--json", &receipt], ""))[0];
    assert_eq!(shown["receipt"]["id"], "4711");
    assert_eq!(shown["receipt"]["state"], "DELIVERED");
    let segment: String = message(0x40, b"\x05\x00\x03\x07\x02\x01hello");
    let shown = &lines(&smppgate(&["decode", "--json", &segment], ""))[0];
    assert_eq!(shown["text"], "hello");
    assert_eq!(shown["udh"]["segments"], 2);
    let readable = smppgate(&["decode", &segment], "");
    assert!(out(&readable).starts_with("deliver_sm  sequence 9\n"));
    assert!(out(&readable).contains("64 (user data header)"));
    assert!(out(&readable).contains("\"hello\""));
}

/// A file of this test's own.
fn scratch(name: &str, octets: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, octets).unwrap();
    path
}

/// An Ethernet packet with a TCP segment.
fn packet(source_port: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 12];
    packet.extend([0x08, 0x00]);
    packet.extend([0x45, 0]);
    packet.extend((40 + payload.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(source_port.to_be_bytes());
    packet.extend(2775u16.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// Two directions with three PDUs, of which one is cut and comes in the wrong order.
fn packets() -> Vec<Vec<u8>> {
    let pdu = |sequence: u8| [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, sequence];
    vec![
        packet(40_000, 100, &pdu(1)),
        packet(80, 1, b"GET / HTTP/1.1\r\n\r\n"),
        packet(40_000, 126, &pdu(2)[10..]),
        packet(50_000, 7, &pdu(3)),
        packet(40_000, 116, &pdu(2)[..10]),
        packet(40_000, 100, &pdu(1)),
    ]
}

fn assert_captured(name: &str, octets: &[u8]) {
    let path = scratch(name, octets);
    let path = path.to_str().unwrap();
    let output = smppgate(&["decode", "--json", "--file", path], "");
    assert_eq!((code(&output), err(&output)), (0, ""), "{name}");
    let lines = lines(&output);
    let seen: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["sequence"].as_u64().unwrap(),
                line["from"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (1, "10.0.0.1:40000"),
        (3, "10.0.0.1:50000"),
        (2, "10.0.0.1:40000"),
    ];
    assert_eq!(seen, expected, "{name}");
    assert_eq!(lines[0]["time"], "2026-01-01T00:00:00.000250Z", "{name}");
    assert_eq!(lines[0]["to"], "10.0.0.2:2775", "{name}");
}

const NEW_YEAR: u32 = 1_767_225_600;

#[test]
fn pdus_are_found_in_a_pcap_of_either_byte_order() {
    for big in [false, true] {
        let word = |value: u32| match big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        let mut file = Vec::new();
        for value in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1] {
            file.extend(word(value));
        }
        for packet in packets() {
            let length = packet.len() as u32;
            for value in [NEW_YEAR, 250, length, length] {
                file.extend(word(value));
            }
            file.extend(packet);
        }
        assert_captured(&format!("big-{big}.pcap"), &file);
    }
}

#[test]
fn pdus_are_found_in_a_pcapng() {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = (12 + body.len().next_multiple_of(4) as u32).to_le_bytes();
        file.extend(kind.to_le_bytes());
        file.extend(length);
        file.extend(body);
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(length);
    };
    block(
        0x0A0D_0D0A,
        &[
            0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
        ],
    );
    block(
        1,
        &[1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0],
    );
    let time = u64::from(NEW_YEAR) * 1_000_000_000 + 250_000;
    for packet in packets() {
        let length = packet.len() as u32;
        let mut body = Vec::new();
        for value in [0, (time >> 32) as u32, time as u32, length, length] {
            body.extend(value.to_le_bytes());
        }
        body.extend(packet);
        block(6, &body);
    }
    assert_captured("capture.pcapng", &file);
}

#[test]
fn a_file_that_is_no_capture_is_told_in_one_sentence() {
    let text = scratch("text.pcap", b"hello, this is no capture");
    let empty = scratch("empty.pcap", b"");
    for path in [text, empty, "nowhere.pcap".into()] {
        let output = smppgate(&["decode", "--file", path.to_str().unwrap()], "");
        assert_eq!(code(&output), 1);
        assert!(sentence(&output).contains(path.to_str().unwrap()));
    }
}

// send

fn carrier(behaviour: Behaviour) -> Carrier {
    Carrier::spawn(Settings {
        password: Some("secret".into()),
        behaviour,
        ledger: 10,
        ..Settings::default()
    })
    .unwrap()
}

fn send(carrier: &Carrier, more: &[&str]) -> Output {
    let address = carrier.address().to_string();
    let mut args = vec!["send", "--connect", &address, "--system-id", "acme"];
    args.extend(["--from", "Shop", "--to", "+33612345678"]);
    for (name, default) in [("--password", "secret"), ("--text", "hello")] {
        if !more.contains(&name) {
            args.extend([name, default]);
        }
    }
    args.extend(more);
    smppgate(&args, "")
}

#[test]
fn a_message_is_sent_and_its_receipt_awaited() {
    let carrier = carrier(Behaviour {
        receipt_delay: Law::Fixed(Duration::from_millis(50)),
        ..Behaviour::default()
    });
    let output = send(&carrier, &[]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(out(&output).contains("id 1000000001"));
    assert!(out(&output).contains("DELIVRD"));
    let counts = carrier.stop().unwrap();
    assert_eq!((counts.accepted, counts.receipts_taken), (1, 1));
    assert_eq!(counts.unbinds, 1);
}

#[test]
fn a_long_text_goes_in_segments_and_each_is_awaited() {
    let carrier = carrier(Behaviour::default());
    let output = send(&carrier, &["--json", "--text", &"grüße ".repeat(60)]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    let report = &lines(&output)[0];
    assert_eq!(
        (&report["ok"], &report["segments"]),
        (&json!(true), &json!(3))
    );
    let accepted = report["accepted"].as_array().unwrap();
    assert_eq!(accepted.len(), 3);
    assert!(accepted.iter().all(|one| one["state"] == "DELIVRD"));
    let bodies = carrier.ledger();
    for (at, one) in bodies.iter().enumerate() {
        assert_eq!(one.body[..3], [5, 0, 3]);
        assert_eq!(one.body[4..6], [3, at as u8 + 1]);
    }
}

#[test]
fn without_a_receipt_accepted_is_enough() {
    let carrier = carrier(Behaviour::default());
    let output = send(&carrier, &["--no-receipt"]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert_eq!(carrier.stop().unwrap().receipts, 0);
}

#[test]
fn each_way_to_fail_is_told_in_one_sentence() {
    let fails = |behaviour: Behaviour, more: &[&str], told: &str| {
        let output = send(&carrier(behaviour), more);
        assert_eq!(code(&output), 1, "{told}");
        assert!(sentence(&output).contains(told), "{}", err(&output));
    };
    let refusing = Behaviour {
        errors: vec![(Status::ESME_RINVDSTADR, 1.0)],
        ..Behaviour::default()
    };
    let undelivered = Behaviour {
        states: vec![(MessageState::EXPIRED, 1.0)],
        ..Behaviour::default()
    };
    let without_receipts = Behaviour {
        receipts_lost: 1.0,
        ..Behaviour::default()
    };
    let silent = Behaviour {
        unanswered: 1.0,
        ..Behaviour::default()
    };
    let short = &["--timeout", "300ms"];
    fails(
        Behaviour::default(),
        &["--password", "wrong"],
        "ESME_RINVPASWD",
    );
    fails(refusing, &[], "ESME_RINVDSTADR");
    fails(undelivered, &[], "not delivered: EXPIRED");
    fails(without_receipts, short, "no final receipt");
    fails(silent, short, "no answer");
}

#[test]
fn where_nobody_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let args = [
        "send",
        "--connect",
        &address,
        "--system-id",
        "a",
        "--password",
        "b",
    ];
    let message = ["--from", "Me", "--to", "33", "--text", "x"];
    let output = smppgate(&[&args[..], &message].concat(), "");
    assert_eq!(code(&output), 1);
    assert!(sentence(&output).contains(&address));
    assert!(err(&output).contains("nobody listens there"));
}

#[test]
fn what_belongs_to_others_of_the_account_is_left_to_them() {
    let carrier = carrier(Behaviour {
        receipt_delay: Law::Fixed(Duration::from_millis(200)),
        ..Behaviour::default()
    });
    assert!(carrier.deliver(Inbound {
        system_id: Some("acme".into()),
        source: "33699999999".into(),
        destination: "36034".into(),
        body: b"hello?".into(),
        ..Inbound::default()
    }));
    let output = send(&carrier, &[]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    let counts = carrier.stop().unwrap();
    assert_eq!((counts.inbound_taken, counts.receipts_taken), (0, 1));
    assert!(counts.deliveries_refused >= 1);
}

// demo

#[test]
fn the_demo_shows_each_message_from_its_text_to_its_receipt() {
    let output = smppgate(&["demo", "--count", "6", "--rate", "20"], "");
    assert_eq!((code(&output), err(&output)), (0, ""));
    let shown = out(&output);
    assert!(shown.contains("/metrics") && shown.contains("/readyz"));
    let messages = shown.lines().filter(|line| line.contains(" → "));
    // The heading has an arrow as well.
    assert_eq!(messages.count(), 1 + 6, "{shown}");
    assert!(shown.contains("ended in order: 6 sent"), "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 100),
        "{shown}"
    );
}

#[test]
fn a_quiet_demo_says_where_everything_is_and_how_it_ended() {
    let output = smppgate(&["demo", "--count", "2", "--rate", "20", "--quiet"], "");
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(!out(&output).contains(" → "));
    assert!(out(&output).contains("ended in order: 2 sent"));
}

#[test]
fn a_signal_ends_the_demo_in_order() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_smppgate"))
        .args(["demo", "--rate", "10"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(demo.stdout.take().unwrap()).lines();
    let first = shown.find(|line| line.as_ref().unwrap().contains("DELIVRD"));
    assert!(first.is_some());
    let id = demo.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let last = shown.last().unwrap().unwrap();
    let output = demo.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (0, ""));
    assert!(last.starts_with("ended in order"), "{last}");
}
