//! What arrives: texts in each alphabet and way, receipts, refusals, and what phones write.

use serde_json::{Value, json};

use crate::house::{House, Scene};
use crate::peer::Peer;
use crate::{ESMES, stories};

/// Every character of the extension table, and some that are one octet in GSM 03.38 and none in ASCII.
const GSM: &str = "Preis: 5 € [netto] {a|b} ~ \\ ^ £ ñ Ω à @ _";

/// Two alphabets, a character beyond the first plane, and what GSM 03.38 lacks.
const UCS2: &str = "Привет, 世界! 😀 ę";

/// Texts that become two segments, with nothing in them that may not be cut.
const LONG: [(&str, usize, &str); 2] =
    [("A long text. ", 20, "gsm"), ("Привет, 世界! ", 10, "ucs2")];

const ESME_RINVDSTADR: u64 = 0x0B;

stories! {
    texts_arrive_whole_and_their_receipts_come_back
    long_texts_arrive_in_each_way
    a_refusal_of_the_carrier_is_told
    what_a_phone_writes_reaches_its_account
}

/// Reads `id:` of a receipt's text.
fn id_in(receipt: &Value) -> &str {
    let text = receipt["text"].as_str().unwrap_or_default();
    let id = text.strip_prefix("id:").unwrap_or_default();
    id.split(' ').next().unwrap_or_default()
}

fn texts_arrive_whole_and_their_receipts_come_back(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        for account in ["acme", "store"] {
            let mut esme = house.bound(library, account);
            for (text, alphabet, coding) in [(GSM, "gsm", 0), (UCS2, "ucs2", 8)] {
                let answer = esme.submit("33612345678", text, alphabet);
                assert_eq!(answer["status"], 0);
                let id = answer["id"].as_str().expect("an id");
                assert!(
                    id.len() >= 15 && id.bytes().all(|digit| digit.is_ascii_digit()),
                    "{id}"
                );

                let arrived = house.smsc.await_event("submit");
                assert_eq!(arrived["text"], text);
                assert_eq!(arrived["data_coding"], coding);
                assert_eq!(arrived["from"], "MyBrand");
                assert_eq!(arrived["to"], "33612345678");
                assert_ne!(arrived["id"], id, "ids are ours");

                let receipt = esme.await_event("deliver");
                assert_eq!(receipt["esm_class"], 4);
                assert_eq!(id_in(&receipt), id);
                let report = receipt["text"].as_str().unwrap_or_default();
                assert!(report.contains(" stat:DELIVRD err:000 "), "{report}");
                assert_eq!(receipt["receipted_message_id"], id);
                assert_eq!(receipt["message_state"], 2);
                assert_eq!(
                    (&receipt["from"], &receipt["to"]),
                    (&json!("33612345678"), &json!("MyBrand"))
                );
                assert_eq!(house.smsc.await_event("deliver_resp")["status"], 0);
            }
            esme.unbind();
        }
    }
}

fn long_texts_arrive_in_each_way(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        let mut esme = house.bound(library, "store");
        for (sentence, times, alphabet) in LONG {
            let long = sentence.repeat(times);
            for (way, count) in [("udh", 2), ("sar", 2), ("payload", 1)] {
                esme.submit_by(way, "33612345678", &long, alphabet);
                let mut ids = told_by(&mut esme, "submit_resp", count, "id");
                let arrived = events(&mut house.smsc, "submit", count);
                for one in &arrived {
                    assert_eq!(one["way"], way, "{library:?}");
                }
                assert_eq!(joined(arrived), long, "{library:?} {way}");
                let mut reported = told_by(&mut esme, "deliver", count, "receipted_message_id");
                ids.sort_unstable();
                reported.sort_unstable();
                assert_eq!(reported, ids, "{library:?} {way}");
            }
        }
        esme.unbind();
    }
}

fn events(peer: &mut Peer, kind: &str, count: usize) -> Vec<Value> {
    (0..count).map(|_| peer.await_event(kind)).collect()
}

/// One field of several events.
fn told_by(peer: &mut Peer, kind: &str, count: usize, field: &str) -> Vec<String> {
    let events = events(peer, kind, count);
    let fields = events.iter().map(|event| event[field].as_str());
    fields
        .map(|told| told.expect("a text").to_owned())
        .collect()
}

/// The whole of a message whose segments have come in any order.
fn joined(mut segments: Vec<Value>) -> String {
    let count = segments.len();
    segments.sort_by_key(|segment| segment["part"][0].as_u64());
    for (at, segment) in segments.iter().enumerate() {
        if segment["way"] != "payload" {
            assert_eq!(segment["part"], json!([at + 1, count]));
        }
    }
    let texts = segments.iter().map(|segment| segment["text"].as_str());
    texts.map(|text| text.expect("a text")).collect()
}

fn a_refusal_of_the_carrier_is_told(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        let mut esme = house.bound(library, "acme");
        let answer = esme.submit("33612345000", "Hello", "gsm");
        assert_eq!(answer["status"], ESME_RINVDSTADR, "the carrier's verdict");
        assert_eq!(house.smsc.await_event("submit")["id"], Value::Null);
        esme.unbind();

        // What was accepted before the carrier was asked is refused by a receipt.
        let mut esme = house.bound(library, "store");
        let answer = esme.submit("33612345000", "Hello", "gsm");
        assert_eq!(answer["status"], 0);
        let receipt = esme.await_event("deliver");
        assert_eq!(receipt["receipted_message_id"], answer["id"]);
        let report = receipt["text"].as_str().unwrap_or_default();
        assert!(report.contains(" stat:UNDELIV "), "{report}");
        house.smsc.await_event("submit");
        esme.unbind();
    }
}

fn what_a_phone_writes_reaches_its_account(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        let mut esme = house.bound(library, "acme");
        for (text, alphabet, coding) in [(GSM, "gsm", 0), (UCS2, "ucs2", 8)] {
            house.smsc.phone(text, alphabet);
            assert_eq!(house.smsc.await_event("deliver_resp")["status"], 0);
            let message = esme.await_event("deliver");
            assert_eq!(message["text"], text);
            assert_eq!(message["data_coding"], coding);
            assert_eq!(message["esm_class"], 0);
            assert_eq!(
                (&message["from"], &message["to"]),
                (&json!("33698765432"), &json!("36034"))
            );
        }
        let long = "A long text. ".repeat(20);
        house.smsc.phone(&long, "gsm");
        assert_eq!(joined(events(&mut esme, "deliver", 2)), long, "{library:?}");
        esme.unbind();
    }
}
