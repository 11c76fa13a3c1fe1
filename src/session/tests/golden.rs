//! PDUs as real programs write them, good and bad: what is answered, and what becomes of the
//! session.

use super::*;
use serde_json::Value;
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Pdu, check_data, check_multi, check_replace, check_submit};
use smppgate_codec::wire::Answer;

const RECORDS: &str = include_str!("../../../codec/tests/data/golden-pdus.json");

const TRX: BindKind = BindKind::Transceiver;

#[test]
fn every_golden_pdu_is_answered_as_it_should_be_and_keeps_or_ends_the_session() {
    let records: Vec<Value> = serde_json::from_str(RECORDS).unwrap();
    assert_eq!(records.len(), 109);
    let mut checked = 0;
    for record in &records {
        let name = record["name"].as_str().unwrap();
        let octets = octets(record["hex"].as_str().unwrap());
        let (said, session) = serve(&octets);
        let action = &record["expect"]["action"];
        if !action.is_object() {
            continue;
        }
        checked += 1;
        let expected = replies(action);
        let as_written = said == expected;
        assert!(
            as_written || acceptable(action, &expected, &said),
            "{name}: answered {said:?} and not {expected:?}"
        );
        match action["session"].as_str().unwrap() {
            // With a last word or without one.
            "close" => assert_eq!(session, "close_after_reply", "{name}"),
            expected => assert_eq!(session, expected, "{name}"),
        }
    }
    assert_eq!(checked, 90);
}

type Reply = (Command, Status, u32);

/// What a session answers to these octets, and what becomes of it.
fn serve(octets: &[u8]) -> (Vec<Reply>, &'static str) {
    let header = octets.first_chunk().map(Header::read);
    let mut scene = match header {
        Some(header) => scene(&header),
        None => Scene::open(Role::Smsc),
    };
    let mut rest = octets;
    loop {
        match frame::next(rest, frame::LENGTH_MAX) {
            Ok(Some(frame)) => {
                if handle(&mut scene, &frame) {
                    return (scene.said(), "close_after_reply");
                }
                rest = &rest[frame.octets.len()..];
            }
            Ok(None) if rest.is_empty() => return (scene.said(), "keep"),
            Ok(None) => return (scene.said(), "wait"),
            Err(error) => {
                error.nack().put(&mut scene.out);
                return (scene.said(), "close_after_reply");
            }
        }
    }
}

/// The session in which such a PDU arrives in the ordinary course of things: a response answers a
/// request that was made.
fn scene(header: &Header) -> Scene {
    let asked = |role, command| {
        let mut scene = Scene::bound(role, TRX);
        scene
            .machine
            .continue_at(header.sequence.clamp(1, SEQUENCE_MAX));
        scene.machine.request(command, 'a', scene.now).unwrap();
        scene
    };
    match (header.command, header.command.request()) {
        (Command::OUTBIND, _) => Scene::open(Role::Esme),
        (Command::DELIVER_SM | Command::ALERT_NOTIFICATION, _) => Scene::bound(Role::Esme, TRX),
        (command, _) if command.is_bind() => Scene::open(Role::Smsc),
        (_, Some(request)) if request.is_bind() => {
            let mut scene = Scene::open(Role::Esme);
            scene.machine.continue_at(header.sequence);
            let kind = BindKind::from_command(request).unwrap();
            scene
                .machine
                .bind(kind, &Bind::default(), scene.now, &mut scene.out);
            scene.out.clear();
            scene
        }
        (_, Some(Command::DELIVER_SM)) => asked(Role::Smsc, Command::DELIVER_SM),
        (Command::GENERIC_NACK, _) => asked(Role::Esme, Command::SUBMIT_SM),
        (_, Some(Command::ENQUIRE_LINK | Command::UNBIND)) => Scene::bound(Role::Esme, TRX),
        (_, Some(request)) => asked(Role::Esme, request),
        _ => Scene::bound(Role::Smsc, TRX),
    }
}

/// True if the session is over.
fn handle(scene: &mut Scene, frame: &Frame<'_>) -> bool {
    let Header {
        command,
        status,
        sequence,
        ..
    } = frame.header;
    let received = scene
        .machine
        .receive(&frame.header, scene.now, &mut scene.out);
    match received {
        Received::Request { .. } => {
            let answer = match Pdu::decode(frame) {
                Ok(pdu) => Answer::Response(command.response().unwrap(), judge(&pdu)),
                Err(error) => error.answer(&frame.header),
            };
            match answer {
                Answer::Response(response, status) => {
                    Header::bare(response, status, sequence).put(&mut scene.out);
                }
                other => panic!("a request was answered {other:?}"),
            }
            scene.machine.answered(1);
            false
        }
        Received::Bind(kind) => match Pdu::decode(frame) {
            Ok(
                Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind),
            ) => {
                let version = bind.interface_version;
                let now = scene.now;
                assert!(scene.machine.accept_bind(
                    kind,
                    sequence,
                    b"smppgate",
                    version,
                    now,
                    &mut scene.out
                ));
                false
            }
            Ok(other) => panic!("{other:?} is no bind"),
            Err(error) => {
                let refused =
                    scene
                        .machine
                        .refuse_bind(kind, sequence, error.status(), &mut scene.out);
                refused.is_some()
            }
        },
        Received::Response { status: told, .. } => {
            assert_eq!(
                (
                    told,
                    command == Command::GENERIC_NACK || command.request().is_some()
                ),
                (status, true)
            );
            false
        }
        Received::Bound(_) => {
            assert!(status.is_ok());
            false
        }
        Received::Refused(told) => {
            assert_eq!(told, status);
            false
        }
        Received::Close(_) => true,
        Received::Stray => {
            let awaited = matches!(
                command.request(),
                Some(request) if !matches!(request, Command::ENQUIRE_LINK | Command::UNBIND)
            );
            assert!(!awaited, "{command} found no request");
            false
        }
        Received::Notice | Received::Settled => false,
        Received::Overflow => panic!("one request is too many"),
    }
}

/// The status that a message centre answers with; what a carrier delivers is not judged.
fn judge(pdu: &Pdu<'_>) -> Status {
    let verdict = match pdu {
        Pdu::SubmitSm(sm) => check_submit(sm),
        Pdu::SubmitMulti(multi) => check_multi(multi),
        Pdu::DataSm(data) => check_data(data),
        Pdu::ReplaceSm(replace) => check_replace(replace),
        _ => Ok(()),
    };
    verdict.err().unwrap_or(Status::ESME_ROK)
}

/// Whether another answer was given that will do as well.
fn acceptable(action: &Value, expected: &[Reply], said: &[Reply]) -> bool {
    let (&[(command, _, sequence)], &[(told, status, number)]) = (expected, said) else {
        return false;
    };
    let others = action["also_acceptable"].as_array().into_iter().flatten();
    others.filter_map(Value::as_str).any(|other| {
        let (command, spelled) = match other.strip_prefix("generic_nack ") {
            Some(spelled) => (Command::GENERIC_NACK, spelled),
            None => (command, other),
        };
        (told, status, number) == (command, Status(hex(spelled)), sequence)
    })
}

fn replies(action: &Value) -> Vec<Reply> {
    let reply = |reply: &Value| {
        let command = Command::from_name(reply["command"].as_str().unwrap()).unwrap();
        let status = Status(hex(reply["command_status"].as_str().unwrap()));
        (
            command,
            status,
            reply["sequence_number"].as_u64().unwrap() as u32,
        )
    };
    match &action["reply"] {
        Value::Null => Vec::new(),
        Value::Array(several) => several.iter().map(reply).collect(),
        one => vec![reply(one)],
    }
}

fn hex(spelled: &str) -> u32 {
    u32::from_str_radix(spelled.trim_start_matches("0x"), 16).unwrap()
}

fn octets(spelled: &str) -> Vec<u8> {
    let digits = spelled.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
