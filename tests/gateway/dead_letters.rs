//! An operator delivers dead letters again, or lets them go.

use crate::support::{Carrier, Esme, House, Smsc, account, one_carrier, until};
use serde_json::Value;
use smppgate::journal::Refusal;
use smppgate_codec::code::{Command, Status};
use std::time::{Duration, Instant};

const SLOW: Duration = Duration::from_millis(150);

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn letters(house: &House) -> Vec<Value> {
    let (status, text) = house.http("/v1/dead-letters");
    assert_eq!(status, 200);
    json(&text)["dead_letters"].as_array().unwrap().clone()
}

/// The receipt of a message that its account has refused for good: its id.
fn refused(north: &mut Carrier, acme: &mut Esme) -> String {
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes(&format!("n{id}"));
    north.reports(&format!("n{id}"), "UNDELIV", "005");
    let receipt = acme.expect(Command::DELIVER_SM);
    acme.settle(&receipt, Status::ESME_RX_R_APPN);
    id
}

/// One carrier, and a receipt that its account has refused.
fn with_a_letter() -> (House, Smsc, Carrier, Esme, String) {
    let (house, smsc, mut north, mut acme) = one_carrier("", "");
    let id = refused(&mut north, &mut acme);
    until("it is given up", || letters(&house).len() == 1);
    (house, smsc, north, acme, id)
}

/// The sentence of a no.
fn no(house: &House, request: &str, body: &str, status: u16) -> String {
    let page = house.sent(request, "", body);
    assert_eq!(page.status, status, "{page:?}");
    json(&page.body)["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_letter_that_is_let_go_is_shown_for_the_last_time() {
    let (house, _smsc, _north, _acme, id) = with_a_letter();
    let kept = letters(&house);
    let page = house.asked(&format!("DELETE /v1/dead-letters/{id}"), "");
    assert_eq!(page.status, 200);
    assert_eq!(json(&page.body), kept[0]);
    assert!(letters(&house).is_empty());
    assert_eq!(house.metric("dead_letters_forgotten_total"), 1);
    let said = no(&house, &format!("DELETE /v1/dead-letters/{id}"), "", 404);
    assert!(said.starts_with("no dead letter has this id"), "{said}");
}

#[test]
fn a_letter_is_let_go_once_that_is_durable_and_stays_if_it_cannot_be() {
    let (house, _smsc, mut north, mut acme, id) = with_a_letter();
    let request = format!("DELETE /v1/dead-letters/{id}");
    house.trouble.delay(SLOW);
    let before = Instant::now();
    assert_eq!(house.asked(&request, "").status, 200);
    assert!(before.elapsed() >= SLOW);
    let id = refused(&mut north, &mut acme);
    until("it is given up", || letters(&house).len() == 1);
    house.trouble.refuse(Some(Refusal::Failed));
    let request = format!("DELETE /v1/dead-letters/{id}");
    assert!(no(&house, &request, "", 503).starts_with("the journal takes nothing now"));
    assert_eq!(letters(&house).len(), 1);
    assert_eq!(house.metric("dead_letters_forgotten_total"), 1);
}

#[test]
fn an_id_may_be_written_in_either_form() {
    let (house, _smsc, _north, _acme, id) = with_a_letter();
    let hex = format!("{:016x}", id.parse::<u64>().unwrap());
    let page = house.asked(&format!("DELETE /v1/dead-letters/{hex}"), "");
    assert_eq!(
        (page.status, &json(&page.body)["id"]),
        (200, &Value::from(id))
    );
}

#[test]
fn over_memory_nothing_is_kept_that_could_be_delivered_again() {
    let (house, _smsc, _north, mut acme, id) = with_a_letter();
    let kept = letters(&house);
    for body in ["", "{\"account\":\"acme\"}"] {
        let said = no(
            &house,
            &format!("POST /v1/dead-letters/{id}/redeliver"),
            body,
            501,
        );
        assert!(said.contains("journal = \"file\""), "{said}");
    }
    assert_eq!(letters(&house), kept, "it stays");
    assert!(acme.so_far().is_empty());
}

#[test]
fn what_is_wrong_with_a_wish_is_said_in_a_sentence() {
    let (house, _smsc, _north, _acme, id) = with_a_letter();
    let request = format!("POST /v1/dead-letters/{id}/redeliver");
    for (body, expected) in [
        ("acme", "the body does not say who gets it"),
        ("{\"acount\":\"acme\"}", "the body does not say who gets it"),
        ("{\"account\":\"nobody\"}", "no account is named `nobody`"),
    ] {
        let said = no(&house, &request, body, 400);
        assert!(said.starts_with(expected), "{said}");
    }
    let long = format!("{{\"account\":\"{}\"}}", "a".repeat(10_000));
    assert!(no(&house, &request, &long, 400).starts_with("the body cannot be read"));
    let unknown = "POST /v1/dead-letters/7/redeliver";
    assert!(no(&house, unknown, "", 404).starts_with("no dead letter has this id"));
    for wrong in ["x", "7a", "-1", "%ff", "%2F"] {
        for request in [
            format!("POST /v1/dead-letters/{wrong}/redeliver"),
            format!("DELETE /v1/dead-letters/{wrong}"),
        ] {
            assert!(no(&house, &request, "", 400).contains("is no id; "));
        }
    }
    let request = format!("DELETE /v1/dead-letters/{id}?account=acme");
    assert!(no(&house, &request, "", 400).contains("account is no key here"));
    for request in [
        format!("GET /v1/dead-letters/{id}"),
        format!("GET /v1/dead-letters/{id}/redeliver"),
    ] {
        assert!(no(&house, &request, "", 405).contains("knows no GET"));
    }
}

#[test]
fn changing_anything_needs_the_token_where_there_is_one() {
    let admin = "address = \"127.0.0.1:0\"\ntoken = \"0123456789abcdef\"";
    let house = House::looked_into(admin, &[account("acme", "")]);
    let shown = "authorization: Bearer 0123456789abcdef\r\n";
    for request in [
        "POST /v1/dead-letters/7/redeliver",
        "DELETE /v1/dead-letters/7",
    ] {
        assert_eq!(house.asked(request, "").status, 401);
        assert_eq!(house.asked(request, shown).status, 404);
    }
}
