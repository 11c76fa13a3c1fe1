//! The Python package smpp34, as an ESME and as a carrier.

use serde_json::json;

use crate::peer::Peer;
use crate::{UCS2, gateway, id_in, text_and_receipt};

#[test]
fn texts_and_receipts_of_smpp34_in_carrier_mode() {
    text_and_receipt(Peer::smpp34_esme(), "acme");
}

#[test]
fn texts_and_receipts_of_smpp34_in_stored_mode() {
    text_and_receipt(Peer::smpp34_esme(), "store");
}

#[test]
fn a_carrier_on_smpp34_takes_texts_long_and_short_and_reports_them() {
    let (mut smsc, port) = Peer::smpp34_smsc();
    let gateway = gateway(port);
    assert_eq!(smsc.await_event("bind")["system_id"], "smppgate");
    for mut esme in [Peer::node_esme(), Peer::python_esme(), Peer::smpp34_esme()] {
        assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
        let answer = esme.submit("33612345678", "5 € @", "gsm");
        assert_eq!(answer["status"], 0);
        let arrived = smsc.await_event("submit");
        assert_eq!(
            arrived["octets"], "35201b652000",
            "the GSM alphabet with its extension"
        );
        let receipt = esme.await_event("deliver");
        assert_eq!(id_in(&receipt), answer["id"].as_str().expect("an id"));
        assert_eq!(smsc.await_event("deliver_resp")["status"], 0);

        assert_eq!(esme.submit("33612345678", UCS2, "ucs2")["status"], 0);
        assert_eq!(smsc.await_event("submit")["data_coding"], 8);
        esme.await_event("deliver");

        smsc.order(json!({ "do": "phone", "from": "33698765432", "to": "36034", "text": "STOP" }));
        let message = esme.await_event("deliver");
        assert_eq!(
            (&message["text"], &message["from"]),
            (&json!("STOP"), &json!("33698765432"))
        );
        esme.tell_to("unbind");
        esme.await_event("unbind_resp");
    }
}

#[test]
fn the_segments_of_a_long_text_reach_a_carrier_on_smpp34() {
    let (mut smsc, port) = Peer::smpp34_smsc();
    let gateway = gateway(port);
    smsc.await_event("bind");
    for mut esme in [Peer::python_esme(), Peer::smpp34_esme()] {
        assert_eq!(esme.bind(gateway.address.port(), "store", "secret"), 0);
        let long = "A long text. ".repeat(20);
        assert_eq!(esme.submit("33612345678", &long, "gsm")["status"], 0);
        assert_eq!(esme.await_event("submit_resp")["status"], 0);
        for part in 1..=2 {
            let segment = smsc.await_event("submit");
            assert_eq!(segment["esm_class"], 0x40);
            let octets = segment["octets"].as_str().expect("octets");
            assert_eq!(&octets[8..12], format!("020{part}"), "two parts, in order");
        }
    }
}

#[test]
fn a_carrier_on_smpp34_that_unbinds_is_bound_again() {
    let (mut smsc, port) = Peer::smpp34_smsc();
    let _gateway = gateway(port);
    smsc.await_event("bind");
    smsc.tell_to("unbind");
    smsc.await_event("closed");
    smsc.await_event("bind");
}
