//! `sim`: a file of carriers, what happens to them by themselves, and how their receipts look.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value as Json;
use smppgate::rig::carrier::{Behaviour, Carrier, ResponseShape, Settings};
use smppgate::rig::chance::Law;
use smppgate::rig::esme::{Esme, Login, Pdu};
use smppgate_codec::code::{Command as Id, MessageState, RegisteredDelivery, Status};
use smppgate_codec::pdu::{
    Address, CancelSm, Destinations, MessageResp, QuerySm, QuerySmResp, ReplaceSm, Sm, SubmitMulti,
    SubmitMultiResp,
};

use super::authority::Authority;
use super::{code, err, scratch, sentence, smppgate};

const SOON: Duration = Duration::from_secs(10);

/// A running `sim` with a file of this text, and where its carriers listen.
fn sim(name: &str, text: &str) -> (Child, Vec<std::net::SocketAddr>) {
    let file = scratch(name, text.as_bytes());
    let count = text.matches("[[carrier]]").count();
    started(&["--config", file.to_str().unwrap()], count)
}

/// A running `sim` with these options, and where its carriers listen.
fn started(options: &[&str], count: usize) -> (Child, Vec<std::net::SocketAddr>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppgate"))
        .args(["sim", "--quiet"])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stderr.take().unwrap());
    let addresses = told.lines().take(count);
    let addresses = addresses.map(|line| {
        let line = line.unwrap();
        let address = line
            .split(" on ")
            .nth(1)
            .unwrap_or_else(|| panic!("{line}"));
        address.split(',').next().unwrap().parse().unwrap()
    });
    let addresses = addresses.collect();
    (child, addresses)
}

/// Ends it as an operator would; the counts that it leaves, one for each carrier.
fn end(mut child: Child) -> Vec<Json> {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert!(child.wait().unwrap().success());
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn next(esme: &mut Esme, command: Id) -> Pdu {
    loop {
        let pdu = esme.next(SOON).unwrap().expect("something comes");
        if pdu.header.command == command {
            return pdu;
        }
    }
}

#[test]
fn the_file_that_explains_everything_can_be_read() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/sim/carriers.toml");
    let carriers = smppgate::cli::sim::read(file.as_ref()).unwrap();
    assert_eq!(carriers.len(), 2);
    // What is commented out is what it does otherwise.
    let text = std::fs::read_to_string(file).unwrap();
    let is_key = |line: &str| line.starts_with("# ") && line.contains(" = ");
    let written: String = text
        .lines()
        .filter(|line| !line.contains(" : ") && !line.contains("share") && !line.contains("tls"))
        .map(|line| if is_key(line) { &line[2..] } else { line })
        .fold(String::new(), |text, line| text + line + "\n");
    let written = scratch("sim-written.toml", written.as_bytes());
    let written = smppgate::cli::sim::read(&written).unwrap();
    assert_eq!(written[1].settings.first_id, carriers[1].settings.first_id);
    assert_eq!(
        written[0].settings.behaviour.receipt,
        carriers[0].settings.behaviour.receipt
    );
}

#[test]
fn a_carrier_speaks_tls_with_whom_it_knows() {
    let authority = Authority::new();
    authority.issue("sim");
    authority.issue("us");
    let file = |name: &str| authority.file(name).to_str().unwrap().to_owned();
    let (ca, certificate, key) = (file("ca.pem"), file("sim.pem"), file("sim.key"));
    let by_options = [
        "--listen",
        "127.0.0.1:0",
        "--certificate",
        &certificate,
        "--key",
        &key,
        "--client-ca",
        &ca,
    ];
    let by_file = format!(
        "[[carrier]]\nname = \"north\"\nlisten = \"127.0.0.1:0\"\n\
         tls = {{ certificate = {certificate:?}, key = {key:?}, client_ca = {ca:?} }}\n"
    );
    for (child, addresses) in [started(&by_options, 1), sim("sim-tls.toml", &by_file)] {
        let address = addresses[0].to_string();
        let load = |own: &[&str]| {
            let args = [
                "load",
                "--connect",
                &address,
                "--password",
                "x",
                "--count",
                "10",
            ];
            let tls = ["--tls", "--ca", &ca, "--wait-receipts", "5s", "--quiet"];
            smppgate(&[&args[..], &tls, own].concat(), "")
        };
        let (own, own_key) = (file("us.pem"), file("us.key"));
        let told = load(&["--certificate", &own, "--key", &own_key]);
        assert_eq!(code(&told), 0, "{}", err(&told));
        assert_eq!(code(&load(&[])), 1);
        assert_eq!(end(child)[0]["messages"], 10);
    }
}

#[test]
fn each_carrier_of_a_file_does_what_is_written_there() {
    let (child, addresses) = sim(
        "sim-two.toml",
        r#"
        [[carrier]]
        name = "north"
        listen = "127.0.0.1:0"
        timeline = [{ at = "0", action = "refuse_binds", status = "ESME_RINVSYSID" }]
        [[carrier]]
        name = "south"
        listen = "127.0.0.1:0"
        [[carrier.phones]]
        rate = 100
        from = "336"
        to = "36034"
        texts = ["STOP"]
        [[carrier.timeline]]
        at = "500ms"
        every = "500ms"
        action = "unbind"
        "#,
    );
    let refused = Esme::dial(addresses[0], &Login::default(), SOON)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("ESME_RINVSYSID"), "{refused}");
    let mut esme = Esme::dial(addresses[1], &Login::default(), SOON).unwrap();
    let message = next(&mut esme, Id::DELIVER_SM);
    assert!(message.octets.ends_with(b"STOP"));
    next(&mut esme, Id::UNBIND);
    let counts = end(child);
    assert_eq!(counts[0]["carrier"], "north");
    assert_eq!(counts[0]["binds_refused"], 1);
    assert!(counts[1]["phones"].as_u64() > Some(0));
}

#[test]
fn what_is_wrong_with_a_file_is_told_in_one_sentence() {
    for (name, text, word) in [
        ("empty", "", "[[carrier]]"),
        (
            "unknown",
            "[[carrier]]\nname = \"n\"\nlisten = \"127.0.0.1:0\"\nlatencie = \"1s\"",
            "latencie",
        ),
        (
            "share",
            "[[carrier]]\nname = \"n\"\nlisten = \"127.0.0.1:0\"\nunanswered = 2.0",
            "share",
        ),
        (
            "choice",
            "[[carrier]]\nname = \"n\"\nlisten = \"127.0.0.1:0\"\nreceipt = { text = \"odd\" }",
            "lower-case",
        ),
        (
            "action",
            "[[carrier]]\nname = \"n\"\nlisten = \"127.0.0.1:0\"\ntimeline = [{ at = \"1s\", action = \"jump\" }]",
            "unhang",
        ),
    ] {
        let file = scratch(&format!("sim-{name}.toml"), text.as_bytes());
        let told = smppgate(&["sim", "--config", file.to_str().unwrap()], "");
        assert_eq!(code(&told), 1, "{name}");
        assert!(sentence(&told).contains(word), "{name}");
    }
}

#[test]
fn what_cannot_be_was_accepted_in_silence() {
    let head = "[[carrier]]\nname = \"n\"\nlisten = \"127.0.0.1:0\"\n";
    let event = |keys: &str| format!("[[carrier.timeline]]\nat = \"1s\"\n{keys}\n");
    for (text, words) in [
        (
            "errors = { ESME_RSYSERR = 0.7, ESME_RTHROTTLED = 0.6 }".to_owned(),
            "line 4: carrier n: errors: the shares are 1.3 together; write",
        ),
        (
            "[carrier.receipt]\nstates = { UNDELIVERABLE = 0.7, EXPIRED = 0.4 }".to_owned(),
            "line 5: carrier n: receipt.states: the shares are",
        ),
        (
            "deliver_window = 0".to_owned(),
            "line 4: carrier n: deliver_window: with 0 nothing would ever be delivered; write 1",
        ),
        (
            format!("\n{head}"),
            "line 6: carrier n: name: line 2 has it already",
        ),
        (
            event("action = \"drop\"\nstatus = \"ESME_RSYSERR\""),
            "line 7: carrier n: timeline: status: drop has none; leave it out, or write it beside refuse_binds",
        ),
        (
            event("action = \"unbind\"\nfrom = \"336\""),
            "line 7: carrier n: timeline: from: unbind has none",
        ),
        (
            event("action = \"refuse_binds\"\nstatus = \"ESME_X\""),
            "line 7: carrier n: timeline: status: ESME_X: not the name",
        ),
        (
            event("action = \"alert\"\nfrom = \"336\""),
            "line 6: carrier n: timeline: alert: needs from, a phone, and to",
        ),
        (
            "outbind = { address = \"nowhere\", system_id = \"n\" }".to_owned(),
            "line 4: carrier n: outbind.address: nowhere:",
        ),
        (
            "outbind = { address = \"127.0.0.1:1\", system_id = \"n\", \
             tls = { server_name = \"n\", ca = \"ca.pem\", key = \"n.key\" } }"
                .to_owned(),
            "line 4: carrier n: outbind.tls: certificate and key go together; write both",
        ),
    ] {
        let file = scratch("sim-wrong.toml", format!("{head}{text}").as_bytes());
        let told = smppgate(&["sim", "--config", file.to_str().unwrap()], "");
        assert_eq!(code(&told), 1, "{text}");
        assert!(
            sentence(&told).contains(words),
            "{words}: {}",
            sentence(&told)
        );
    }
    for wrong in [
        ["--errors", "ESME_RSYSERR=0.7,ESME_RTHROTTLED=0.6"],
        ["--receipts", "UNDELIVERABLE=0.7,EXPIRED=0.4"],
    ] {
        let told = smppgate(
            &[&["sim", "--listen", "127.0.0.1:0"], &wrong[..]].concat(),
            "",
        );
        assert_eq!(code(&told), 2, "{wrong:?}");
        assert!(sentence(&told).contains("together"), "{wrong:?}");
    }
}

/// A carrier in this process that remembers messages and reports them much later.
fn slow_carrier() -> Carrier {
    Carrier::spawn(Settings {
        remember: 10,
        behaviour: Behaviour {
            receipt_delay: Law::Fixed(Duration::from_secs(60)),
            refused: vec![("999".into(), Status::ESME_RINVDSTADR)],
            ..Behaviour::default()
        },
        ..Settings::default()
    })
    .unwrap()
}

fn octets(put: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut body = BytesMut::new();
    put(&mut body);
    body
}

#[test]
fn a_message_can_be_asked_for_replaced_and_cancelled() {
    let carrier = slow_carrier();
    let mut esme = Esme::dial(carrier.address(), &Login::default(), SOON).unwrap();
    let source = Address::new(5, 0, b"Shop");
    let sm = Sm {
        source,
        destination: Address::new(1, 1, b"33612345678"),
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: b"Hello",
        ..Sm::default()
    };
    esme.request(Id::SUBMIT_SM, &octets(|body| sm.put(body)))
        .unwrap();
    let answer = next(&mut esme, Id::SUBMIT_SM_RESP);
    let id = MessageResp::decode(&answer.frame())
        .unwrap()
        .message_id
        .to_vec();
    let query = |message_id, source| octets(|body| QuerySm { message_id, source }.put(body));
    let mut asked = |body: &[u8]| {
        esme.request(Id::QUERY_SM, body).unwrap();
        next(&mut esme, Id::QUERY_SM_RESP)
    };
    let found = asked(&query(&id, source));
    let found = QuerySmResp::decode(&found.frame()).unwrap();
    assert_eq!(found.message_state, MessageState::ENROUTE);
    let other = asked(&query(&id, Address::new(5, 0, b"Other")));
    assert_eq!(other.header.status, Status::ESME_RQUERYFAIL);
    assert_eq!(
        asked(&query(b"7", source)).header.status,
        Status::ESME_RINVMSGID
    );

    let replace = ReplaceSm {
        message_id: &id,
        source,
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: b"Hello again",
        ..ReplaceSm::default()
    };
    esme.request(Id::REPLACE_SM, &octets(|body| replace.put(body)))
        .unwrap();
    assert!(next(&mut esme, Id::REPLACE_SM_RESP).header.status.is_ok());
    let cancel = CancelSm {
        message_id: &id,
        source,
        ..CancelSm::default()
    };
    let cancel = octets(|body| cancel.put(body));
    esme.request(Id::CANCEL_SM, &cancel).unwrap();
    let receipt = next(&mut esme, Id::DELIVER_SM);
    assert!(
        receipt
            .octets
            .windows(12)
            .any(|octets| octets == b"stat:DELETED")
    );
    assert!(next(&mut esme, Id::CANCEL_SM_RESP).header.status.is_ok());
    esme.request(Id::CANCEL_SM, &cancel).unwrap();
    let again = next(&mut esme, Id::CANCEL_SM_RESP);
    assert_eq!(again.header.status, Status::ESME_RCANCELFAIL);
}

#[test]
fn the_id_of_a_response_can_stand_in_a_parameter_alone() {
    let carrier = Carrier::spawn(Settings {
        behaviour: Behaviour {
            response: ResponseShape::ParameterFirst,
            ..Behaviour::default()
        },
        ..Settings::default()
    })
    .unwrap();
    let mut esme = Esme::dial(carrier.address(), &Login::default(), SOON).unwrap();
    let sm = Sm {
        destination: Address::new(1, 1, b"33612345678"),
        short_message: b"Hello",
        ..Sm::default()
    };
    esme.request(Id::SUBMIT_SM, &octets(|body| sm.put(body)))
        .unwrap();
    let answer = next(&mut esme, Id::SUBMIT_SM_RESP);
    let answer = MessageResp::decode(&answer.frame()).unwrap();
    assert_eq!(answer.message_id, b"");
    let id = answer.tlvs.receipted_message_id();
    assert_eq!(id, Some(&b"1000000001"[..]));
}

#[test]
fn a_submit_multi_is_taken_apart() {
    let carrier = slow_carrier();
    let mut esme = Esme::dial(carrier.address(), &Login::default(), SOON).unwrap();
    let destinations = b"\x01\x01\x0133612345678\0\x01\x01\x0199912345678\0";
    let multi = SubmitMulti {
        destinations: Destinations::new(destinations).expect("two destinations"),
        short_message: b"Hello",
        ..SubmitMulti::default()
    };
    esme.request(Id::SUBMIT_MULTI, &octets(|body| multi.put(body)))
        .unwrap();
    let answer = next(&mut esme, Id::SUBMIT_MULTI_RESP);
    let answer = SubmitMultiResp::decode(&answer.frame()).unwrap();
    assert!(!answer.message_id.is_empty());
    let refused: Vec<_> = answer.unsuccess.iter().map(|one| one.status).collect();
    assert_eq!(refused, [Status::ESME_RINVDSTADR]);
}
