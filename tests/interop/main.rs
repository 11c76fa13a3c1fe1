//! The gateway between peers that nobody here has written, on real sockets.
//!
//! Goal: what we take for SMPP is what others take for it. Method: the same story is told with each ESME
//! (npm smpp, smpplib), the carrier is always npm smpp, and the gateway is the program itself. Each end
//! encodes and decodes with its own library, so a text that arrives whole was understood by both.

mod install;
mod peer;
mod smpp34;
mod ways;

use std::path::Path;

use peer::Peer;
use serde_json::{Value, json};
use smppgate::rig::middle::Middle;

/// Every character of the extension table, and some that are one octet in GSM 03.38 and none in ASCII.
const GSM: &str = "Preis: 5 € [netto] {a|b} ~ \\ ^ £ ñ Ω à @ _";

/// Two alphabets, a character beyond the first plane, and what GSM 03.38 lacks.
const UCS2: &str = "Привет, 世界! 😀 ę";

const ESME_RINVDSTADR: u64 = 0x0B;
const ESME_RINVPASWD: u64 = 0x0E;

/// A gateway in front of this carrier. `acme` gets the carrier's verdict, `store` is stored.
fn gateway(carrier: u16) -> Middle {
    gateway_that_asks_every(carrier, "30s")
}

fn gateway_that_asks_every(carrier: u16, enquire_link: &str) -> Middle {
    let program = Path::new(env!("CARGO_BIN_EXE_smppgate"));
    Middle::start(program, &["run", "--config"], |address, folder| {
        let data = folder.join("data");
        let account = |name: &str, ack: &str| {
            format!(
                "[[account]]\nsystem_id = {name:?}\npassword = \"secret\"\nack = {ack:?}\n\
                 enquire_link = {enquire_link:?}\n"
            )
        };
        format!(
            "[gateway]\ndata_dir = {data:?}\njournal = \"memory\"\n\
             [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n{}{}\
             [[carrier]]\nname = \"north\"\naddress = \"127.0.0.1:{carrier}\"\n\
             system_id = \"smppgate\"\npassword = \"north\"\nenquire_link = {enquire_link:?}\n\
             reconnect = {{ first = \"200ms\", most = \"200ms\" }}\n\
             [[route]]\nname = \"all\"\nvia = [\"north\"]\n\
             [[inbound]]\naccount = \"acme\"\n",
            account("acme", "carrier"),
            account("store", "stored"),
        )
    })
    .expect("the gateway starts")
}

/// A carrier that the gateway has bound to, the gateway, and its port.
fn house() -> (Peer, Middle) {
    let (mut smsc, port) = Peer::node_smsc("north");
    let gateway = gateway(port);
    let bind = smsc.await_event("bind");
    assert_eq!(
        (&bind["system_id"], &bind["status"]),
        (&json!("smppgate"), &json!(0))
    );
    (smsc, gateway)
}

/// Reads `id:` of a receipt's text.
fn id_in(receipt: &Value) -> &str {
    let text = receipt["text"].as_str().unwrap_or_default();
    let id = text.strip_prefix("id:").unwrap_or_default();
    id.split(' ').next().unwrap_or_default()
}

fn text_and_receipt(mut esme: Peer, account: &str) {
    let (mut smsc, gateway) = house();
    assert_eq!(esme.bind(gateway.address.port(), account, "secret"), 0);
    for (text, alphabet, coding) in [(GSM, "gsm", 0), (UCS2, "ucs2", 8)] {
        let answer = esme.submit("33612345678", text, alphabet);
        assert_eq!(answer["status"], 0);
        let id = answer["id"].as_str().expect("an id");
        assert!(
            id.len() >= 15 && id.bytes().all(|digit| digit.is_ascii_digit()),
            "{id}"
        );

        let arrived = smsc.await_event("submit");
        assert_eq!(arrived["text"], text);
        assert_eq!(arrived["data_coding"], coding);
        assert_eq!(arrived["from"], "MyBrand");
        assert_eq!(arrived["to"], "33612345678");
        assert_ne!(arrived["id"], id, "ids are ours");

        let receipt = esme.await_event("deliver");
        assert_eq!(receipt["esm_class"], 4);
        assert_eq!(id_in(&receipt), id);
        assert!(
            receipt["text"]
                .as_str()
                .unwrap_or_default()
                .contains(" stat:DELIVRD err:000 ")
        );
        assert_eq!(receipt["receipted_message_id"], id);
        assert_eq!(receipt["message_state"], 2);
        assert_eq!(
            (&receipt["from"], &receipt["to"]),
            (&json!("33612345678"), &json!("MyBrand"))
        );
        assert_eq!(smsc.await_event("deliver_resp")["status"], 0);
    }
}

#[test]
fn texts_and_receipts_of_npm_smpp_in_carrier_mode() {
    text_and_receipt(Peer::node_esme(), "acme");
}

#[test]
fn texts_and_receipts_of_npm_smpp_in_stored_mode() {
    text_and_receipt(Peer::node_esme(), "store");
}

#[test]
fn texts_and_receipts_of_smpplib_in_carrier_mode() {
    text_and_receipt(Peer::python_esme(), "acme");
}

#[test]
fn texts_and_receipts_of_smpplib_in_stored_mode() {
    text_and_receipt(Peer::python_esme(), "store");
}

fn refusal(mut esme: Peer) {
    let (mut smsc, gateway) = house();
    assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
    let answer = esme.submit("33612345000", "Hello", "gsm");
    assert_eq!(answer["status"], ESME_RINVDSTADR, "the carrier's verdict");
    assert_eq!(smsc.await_event("submit")["id"], Value::Null);
    assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
}

#[test]
fn npm_smpp_is_told_that_the_carrier_has_refused() {
    refusal(Peer::node_esme());
}

#[test]
fn smpplib_is_told_that_the_carrier_has_refused() {
    refusal(Peer::python_esme());
}

#[test]
fn a_refusal_of_a_stored_message_comes_as_a_receipt() {
    let (_smsc, gateway) = house();
    for mut esme in [Peer::node_esme(), Peer::python_esme()] {
        assert_eq!(esme.bind(gateway.address.port(), "store", "secret"), 0);
        let answer = esme.submit("33612345000", "Hello", "gsm");
        assert_eq!(answer["status"], 0);
        let receipt = esme.await_event("deliver");
        assert_eq!(receipt["receipted_message_id"], answer["id"]);
        assert!(
            receipt["text"]
                .as_str()
                .unwrap_or_default()
                .contains(" stat:UNDELIV ")
        );
        esme.tell_to("unbind");
        esme.await_event("unbind_resp");
    }
}

#[test]
fn what_a_phone_writes_reaches_its_account() {
    let (mut smsc, gateway) = house();
    for mut esme in [Peer::node_esme(), Peer::python_esme()] {
        assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
        for (text, alphabet, coding) in [(GSM, "gsm", 0), (UCS2, "ucs2", 8)] {
            smsc.order(json!({
                "do": "phone", "from": "33698765432", "to": "36034", "text": text, "alphabet": alphabet,
            }));
            assert_eq!(smsc.await_event("deliver_resp")["status"], 0);
            let message = esme.await_event("deliver");
            assert_eq!(message["text"], text);
            assert_eq!(message["data_coding"], coding);
            assert_eq!(message["esm_class"], 0);
            assert_eq!(
                (&message["from"], &message["to"]),
                (&json!("33698765432"), &json!("36034"))
            );
        }
        esme.tell_to("unbind");
        assert_eq!(esme.await_event("unbind_resp")["status"], 0);
        esme.await_event("closed");
    }
}

#[test]
fn both_sides_ask_whether_the_other_is_there() {
    let (mut smsc, port) = Peer::node_smsc("north");
    let gateway = gateway_that_asks_every(port, "1s");
    smsc.await_event("bind");
    smsc.await_event("enquire_link");
    smsc.tell_to("enquire");
    assert_eq!(smsc.await_event("enquire_link_resp")["status"], 0);
    for mut esme in [Peer::node_esme(), Peer::python_esme()] {
        assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
        // Asked a second time: so the first answer was understood.
        esme.await_event("enquire_link");
        esme.await_event("enquire_link");
        esme.tell_to("enquire");
        assert_eq!(esme.await_event("enquire_link_resp")["status"], 0);
        assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
    }
}

#[test]
fn a_carrier_that_unbinds_is_bound_again() {
    let (mut smsc, gateway) = house();
    smsc.tell_to("unbind");
    assert_eq!(smsc.await_event("unbind_resp")["status"], 0);
    smsc.await_event("closed");
    assert_eq!(smsc.await_event("bind")["status"], 0);
    let mut esme = Peer::node_esme();
    assert_eq!(esme.bind(gateway.address.port(), "store", "secret"), 0);
    assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
    smsc.await_event("submit");
}

#[test]
fn a_gateway_that_ends_unbinds_from_all() {
    let (mut smsc, mut gateway) = house();
    let mut esmes = [Peer::node_esme(), Peer::python_esme()];
    for esme in &mut esmes {
        assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
    }
    assert!(gateway.end(), "it had to be killed");
    for esme in &mut esmes {
        esme.await_event("unbind");
        esme.await_event("closed");
    }
    smsc.await_event("unbind");
    smsc.await_event("closed");
}

#[test]
fn a_wrong_password_is_refused() {
    let (_smsc, gateway) = house();
    for mut esme in [Peer::node_esme(), Peer::python_esme()] {
        let port = gateway.address.port();
        assert_eq!(esme.bind(port, "acme", "wrong"), ESME_RINVPASWD);
        assert_eq!(esme.bind(port, "nobody", "secret"), ESME_RINVPASWD);
        assert_eq!(esme.bind(port, "acme", "secret"), 0);
    }
}

#[test]
fn a_carrier_that_refuses_the_password_is_asked_again() {
    let (mut smsc, port) = Peer::node_smsc("changed");
    let gateway = gateway(port);
    assert_eq!(smsc.await_event("bind")["status"], ESME_RINVPASWD);
    assert_eq!(smsc.await_event("bind")["status"], ESME_RINVPASWD);
    smsc.order(json!({ "do": "password", "password": "north" }));
    // An attempt that was under way may still have been refused.
    let accepted = (0..3).any(|_| smsc.await_event("bind")["status"] == 0);
    assert!(accepted, "is asked no more, or refused for good");
    let mut esme = Peer::node_esme();
    assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
    assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
}
