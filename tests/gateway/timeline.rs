//! An operator asks what has become of a message.

use crate::support::{
    Esme, House, Smsc, account, message, one_carrier, route, two_carriers, until,
};
use serde_json::{Value, json};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::Sm;

/// An answer with this status.
fn asked(house: &House, path: &str, status: u16) -> Value {
    let page = house.asked(&format!("GET /v1/messages{path}"), "");
    assert_eq!(page.status, status, "{page:?}");
    serde_json::from_str(&page.body).expect("JSON")
}

fn message_of(house: &House, id: &str) -> Value {
    asked(house, &format!("/{id}"), 200)
}

/// Whether this message has come to this stage.
fn is_at(house: &House, id: &str, stage: &str) -> bool {
    message_of(house, id)["stage"] == stage
}

/// The ids of the messages that are found.
fn ids(found: &Value) -> Vec<String> {
    let messages = found["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["id"].as_str().unwrap().to_owned())
        .collect()
}

fn found(house: &House, query: &str) -> Vec<String> {
    ids(&asked(house, &format!("?{query}"), 200))
}

fn no(house: &House, path: &str, status: u16) -> String {
    asked(house, path, status)["error"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn submitted(acme: &mut Esme, to: &str) -> String {
    let sequence = acme.submit(to);
    acme.accepted(sequence)
}

#[test]
fn a_message_is_followed_from_its_acceptance_to_its_end() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut acme = house.trx("acme");
    let id = submitted(&mut acme, "33612345678");
    let parked = message_of(&house, &id);
    let accepted: jiff::Timestamp = parked["accepted"].as_str().unwrap().parse().unwrap();
    let until_then: jiff::Timestamp = parked["until"].as_str().unwrap().parse().unwrap();
    let ago = jiff::Timestamp::now().duration_since(accepted).as_secs();
    assert!((0..60).contains(&ago), "{parked}");
    assert!(until_then > accepted);
    let expected = json!({
        "id": id, "shown": id, "beside": [], "kind": "submitted", "account": "acme",
        "from_carrier": null, "source": "ACME", "destination": "33612345678",
        "accepted": parked["accepted"], "due": null, "until": parked["until"], "ack": "stored",
        "stage": "waits-for-bind", "carrier": null, "attempts": [], "carrier_message_ids": null,
        "ended": null, "dead_letter": null, "told": null, "journal": null,
    });
    assert_eq!(parked, expected);
    let mut north = smsc.bound();
    let request = north.request();
    let sent = message_of(&house, &id);
    assert_eq!(
        (&sent["stage"], &sent["carrier"]),
        (&json!("with-carrier"), &json!("north"))
    );
    north.accept(&request, "n1");
    until("its report is awaited", || {
        is_at(&house, &id, "awaits-report")
    });
    let taken = message_of(&house, &id);
    assert_eq!(taken["carrier"], "north");
    assert_eq!(
        taken["carrier_message_ids"],
        json!([{"carrier": "north", "id": "n1"}])
    );
    let attempts = taken["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["carrier"], "north");
    assert_eq!(attempts[0]["status"], "ESME_ROK");
    north.reports("n1", "UNDELIV", "034");
    acme.receipt();
    let ended = message_of(&house, &id);
    assert_eq!(ended["stage"], "ended");
    assert_eq!(ended["ended"]["stat"], "UNDELIV");
    assert_eq!(ended["ended"]["error"], 34);
    assert_eq!(ended["accepted"], parked["accepted"]);
}

#[test]
fn each_carrier_that_was_tried_is_shown_with_what_it_said() {
    let (house, north_smsc, south_smsc) = two_carriers("message_id = \"hex\"", "", "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let id = submitted(&mut acme, "33612345678");
    north.refuses(Status::ESME_RSYSERR);
    south.takes("s1");
    until("south has it", || is_at(&house, &id, "awaits-report"));
    let shown = message_of(&house, &id);
    assert_eq!(shown["id"], id, "as its account sees it");
    let attempts = shown["attempts"].as_array().unwrap();
    let said = attempts.iter().map(|one| (&one["carrier"], &one["status"]));
    let said: Vec<(&Value, &Value)> = said.collect();
    let expected = [
        (&json!("north"), &json!("ESME_RSYSERR")),
        (&json!("south"), &json!("ESME_ROK")),
    ];
    assert_eq!(said, expected);
    // Its id in the other form is the same.
    let decimal = u64::from_str_radix(&id, 16).unwrap().to_string();
    assert_eq!(message_of(&house, &decimal), shown);
}

#[test]
fn a_message_whose_outcome_is_unknown_is_shown_as_that() {
    let (house, _smsc, mut north, mut acme) = one_carrier("unknown_outcome = \"hold\"", "");
    let id = submitted(&mut acme, "33612345678");
    north.request();
    north.hang_up();
    until("its outcome is unknown", || is_at(&house, &id, "unknown"));
    let shown = message_of(&house, &id);
    assert_eq!(shown["carrier"], "north");
    assert_eq!(shown["attempts"][0]["status"], Value::Null);
}

#[test]
fn a_message_that_waits_for_its_time_is_shown_with_it() {
    let (house, _smsc, _north, mut acme) = one_carrier("", "");
    let sequence = acme.submit_sm(Sm {
        schedule_delivery_time: b"000000010000000R",
        ..message("33612345678")
    });
    let id = acme.accepted(sequence);
    let shown = message_of(&house, &id);
    assert_eq!(shown["stage"], "waits-for-time");
    let time = |field: &str| -> jiff::Timestamp { shown[field].as_str().unwrap().parse().unwrap() };
    let wait = time("due").duration_since(time("accepted")).as_secs();
    assert!((3_599..=3_600).contains(&wait), "{wait}");
    acme.send(&smppgate_codec::pdu::Pdu::CancelSm(
        smppgate_codec::pdu::CancelSm {
            message_id: id.as_bytes(),
            source: message("").source,
            ..Default::default()
        },
    ));
    acme.expect(Command::CANCEL_SM_RESP);
    let shown = message_of(&house, &id);
    assert_eq!(
        (&shown["stage"], &shown["ended"]["stat"]),
        (&json!("ended"), &json!("DELETED"))
    );
}

#[test]
fn a_message_is_found_by_the_id_that_its_carrier_has_given_it() {
    let hex = "message_id = { response = \"hex\", receipt = \"decimal\" }";
    let (house, north_smsc, south_smsc) = two_carriers("", hex, "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let first = submitted(&mut acme, "33612345678");
    north.takes("1a");
    let second = submitted(&mut acme, "33612345679");
    north.refuses(Status::ESME_RSYSERR);
    south.takes("26");
    until("both have one", || {
        is_at(&house, &first, "awaits-report") && is_at(&house, &second, "awaits-report")
    });
    // As it stands in the response, and as it would stand in the receipt.
    for written in ["1a", "26"] {
        let query = format!("carrier_id={written}&carrier=north");
        assert_eq!(
            found(&house, &query),
            std::slice::from_ref(&first),
            "{written}"
        );
    }
    assert_eq!(
        found(&house, "carrier_id=26&carrier=south"),
        std::slice::from_ref(&second)
    );
    // Where no carrier is named, all are asked.
    let mut all = found(&house, "carrier_id=26");
    all.sort();
    assert_eq!(all, [first.clone(), second]);
    north.reports("26", "DELIVRD", "000");
    acme.receipt();
    let ended = asked(&house, "?carrier_id=1a&carrier=north", 200);
    assert_eq!(ids(&ended), [first]);
    assert_eq!(ended["messages"][0]["ended"]["stat"], "DELIVRD");
    assert_eq!(
        ended["messages"][0]["carrier_message_ids"][0]["carrier"],
        "north"
    );
}

#[test]
fn messages_are_found_by_the_number_that_they_go_to_the_newest_first() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut sent: Vec<String> = Vec::new();
    for at in 0..5 {
        sent.push(submitted(&mut acme, "33612345678"));
        submitted(&mut acme, "33612345679");
        for of in ["a", "b"] {
            north.takes(&format!("{of}{at}"));
        }
    }
    north.reports("a0", "DELIVRD", "000");
    assert_eq!(acme.receipt().id, sent[0]);
    sent.reverse();
    for number in [
        "33612345678",
        "%2B33612345678",
        "+33612345678",
        "0033612345678",
    ] {
        assert_eq!(found(&house, &format!("to={number}")), sent, "{number}");
    }
    let some = asked(&house, "?to=33612345678&limit=2", 200);
    assert_eq!(ids(&some), sent[..2]);
    assert_eq!(some["more"], true);
    let all = asked(&house, "?to=33612345678&limit=5", 200);
    assert_eq!((ids(&all), &all["more"]), (sent, &json!(false)));
}

#[test]
fn the_destinations_of_one_submit_multi_lead_to_each_other() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit_multi(&["33600000001", "33600000002", "33600000003"]);
    let id = acme.accepted(sequence);
    for at in 1..=3 {
        north.takes(&format!("n{at}"));
    }
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(acme.receipt().id, id);
    let first = message_of(&house, &id);
    assert_eq!(first["destination"], "33600000001");
    let beside = first["beside"].as_array().unwrap();
    assert_eq!(beside.len(), 2);
    let [second, third] = [0, 1].map(|at| message_of(&house, beside[at].as_str().unwrap()));
    assert_eq!(
        (&second["shown"], &second["stage"]),
        (&json!(id), &json!("ended"))
    );
    assert_eq!(
        (&third["shown"], &third["destination"]),
        (&json!(id), &json!("33600000003"))
    );
}

#[test]
fn a_dead_letter_is_found_by_its_id() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let id = submitted(&mut acme, "33612345678");
    north.takes("n1");
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.expect(Command::DELIVER_SM);
    acme.settle(&receipt, Status::ESME_RX_R_APPN);
    until("it is given up", || is_at(&house, &id, "dead-letter"));
    let shown = message_of(&house, &id);
    assert_eq!(shown["dead_letter"], "the ESME refused it for good");
    assert_eq!(shown["ended"]["stat"], "DELIVRD");
    let sequence = north.deliver(4, b"stat:DELIVRD", b"");
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    until("another one is given up", || {
        house.metric("dead_letters_total") == 2
    });
    let (_, letters) = house.http("/v1/dead-letters");
    let letters: Value = serde_json::from_str(&letters).unwrap();
    let id = letters["dead_letters"][1]["id"].as_str().unwrap();
    let shown = message_of(&house, id);
    assert_eq!(
        (&shown["kind"], &shown["from_carrier"]),
        (&json!("report"), &json!("north"))
    );
    assert_eq!(shown["stage"], "dead-letter");
}

#[test]
fn of_what_nothing_is_known_a_sentence_says_what_that_means() {
    let (house, _smsc, _north, _acme) = one_carrier("", "");
    for path in [
        "/917504000000000001",
        "?carrier_id=n1",
        "?carrier_id=n1&carrier=north",
        "?to=33612345678",
    ] {
        let said = no(&house, path, 404);
        assert!(said.starts_with("nothing is known of "), "{said}");
        assert!(said.contains("it was not accepted here, or "), "{said}");
    }
    for (path, expected) in [
        ("/x", "`x` is no id; "),
        ("/7?to=1", "to is no key here"),
        ("", "say what to look for: "),
        ("?limit=7", "say what to look for: "),
        ("?carrier=north", "say what to look for: "),
        ("?carrier_id=n1&to=33612345678", "say what to look for: "),
        ("?to=33612345678&carrier=north", "say what to look for: "),
        ("?carrier_id=n1&carrier=nort", "no carrier is named `nort`"),
        ("?to=", "to is ``; write a text"),
        (
            "?to=1&limit=101",
            "limit is `101`; write a number from 1 to 100",
        ),
    ] {
        let said = no(&house, path, 400);
        assert!(said.starts_with(expected), "{path}: {said}");
    }
}

#[test]
fn a_search_through_very_many_is_made_once_a_second() {
    const MANY: usize = 10_001;
    let (house, _smsc, mut north, mut acme) = one_carrier("window = 1000", "window = 1000");
    let mut sent = 0;
    while sent < MANY {
        let some: Vec<u32> = (0..500).map(|_| acme.submit("33612345678")).collect();
        for sequence in some {
            north.takes(&format!("n{sequence}"));
            acme.accepted(sequence);
            sent += 1;
        }
    }
    let found = asked(&house, "?to=33612345678&limit=100", 200);
    assert_eq!((ids(&found).len(), &found["more"]), (100, &json!(true)));
    let again = || house.asked("GET /v1/messages?to=33612345678", "");
    until("two are too many within a second", || {
        let (first, second) = (again(), again());
        first.status != second.status && second.body.contains("once a second")
    });
    // By an id is quick, however many there are.
    let id = ids(&found).remove(0);
    assert_eq!(message_of(&house, &id)["carrier_message_ids"], Value::Null);
    assert_eq!(found["messages"][0]["destination"], "33612345678");
    assert!(asked(&house, "?carrier_id=n2", 200)["messages"].is_array());
    until("a second has passed", || again().status == 200);
}
