//! Long texts in each way that there is, and carriers that are killed.

use serde_json::{Value, json};

use crate::peer::Peer;
use crate::{UCS2, gateway, house, id_in};

fn submit(esme: &mut Peer, text: &str, fields: Value) -> Value {
    esme.order(json!({
        "do": "submit", "from": "MyBrand", "to": "33612345678", "text": text, "alphabet": "ucs2",
        "fields": fields,
    }));
    esme.await_event("submit_resp")
}

#[test]
fn a_long_text_in_message_payload_arrives_whole() {
    let (mut smsc, gateway) = house();
    let mut esme = Peer::node_esme();
    assert_eq!(esme.bind(gateway.address.port(), "acme", "secret"), 0);
    let long = UCS2.repeat(20);
    let fields = json!({ "short_message": "", "message_payload": { "message": long } });
    let answer = submit(&mut esme, "", fields);
    assert_eq!(answer["status"], 0);
    let arrived = smsc.await_event("submit");
    assert_eq!(arrived["payload"], json!(long));
    let receipt = esme.await_event("deliver");
    assert_eq!(id_in(&receipt), answer["id"].as_str().expect("an id"));
}

#[test]
fn segments_with_sar_parameters_arrive_with_them() {
    let (mut smsc, gateway) = house();
    let mut esme = Peer::node_esme();
    assert_eq!(esme.bind(gateway.address.port(), "store", "secret"), 0);
    for part in 1..=2 {
        let fields = json!({
            "sar_msg_ref_num": 77, "sar_total_segments": 2, "sar_segment_seqnum": part,
        });
        let answer = submit(&mut esme, UCS2, fields);
        assert_eq!(answer["status"], 0);
        let arrived = smsc.await_event("submit");
        assert_eq!(arrived["sar"], json!([77, 2, part]));
        assert_eq!(arrived["text"], UCS2);
        assert_eq!(
            id_in(&esme.await_event("deliver")),
            answer["id"].as_str().expect("an id")
        );
    }
}

#[test]
fn a_carrier_that_was_killed_is_bound_again_and_gets_what_waited() {
    let (mut smsc, port) = Peer::node_smsc("north");
    let gateway = gateway(port);
    smsc.await_event("bind");
    let mut esme = Peer::node_esme();
    assert_eq!(esme.bind(gateway.address.port(), "store", "secret"), 0);
    assert_eq!(esme.submit("33612345678", "before", "gsm")["status"], 0);
    esme.await_event("deliver");
    drop(smsc);
    // The gateway notices in its own time; the message is taken in either case.
    assert_eq!(esme.submit("33612345678", "between", "gsm")["status"], 0);
    let (mut smsc, _) = Peer::node_smsc_on("north", port);
    assert_eq!(smsc.await_event("bind")["status"], 0);
    assert_eq!(esme.submit("33612345678", "after", "gsm")["status"], 0);
    let mut texts = Vec::new();
    while texts.last() != Some(&json!("after")) {
        texts.push(smsc.await_event("submit")["text"].clone());
    }
    esme.await_event("deliver");
}
