//! Dead letters are delivered again, and receipts passed on, over a journal that keeps what they are.

use crate::support::{
    Carrier, Esme, Folder, House, Smsc, Told, account, octets, parameters, route, text, until,
};
use serde_json::Value;
use smppgate_codec::code::{Command, EsmClass, Status};
use smppgate_codec::pdu::{Address, HEADER_LEN, Pdu, Sm, Tlvs};

/// The accounts acme and beta, the carrier north, and what is kept.
struct Site {
    smsc: Smsc,
    parts: Vec<String>,
    folder: Folder,
}

impl Site {
    fn new(north_keys: &str) -> Self {
        let smsc = Smsc::open();
        let parts = vec![
            account("acme", ""),
            account("beta", "alphabet = \"latin1\""),
            smsc.settings("north", north_keys),
            route("all", "via = [\"north\"]"),
            "[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned(),
        ];
        Self {
            smsc,
            parts,
            folder: Folder::new(),
        }
    }

    fn start(&self) -> (House, Carrier) {
        let house = House::keeping(&self.folder, &self.parts);
        let north = self.smsc.bound();
        until("north is bound", || {
            house.metric("carrier_binds{carrier=\"north\"}") == 1
        });
        (house, north)
    }

    /// The process ends at once, and starts again.
    fn crash(&mut self, house: House) -> (House, Carrier) {
        // Whatever was answered at the API is durable.
        self.folder = self.folder.after_a_crash();
        drop(house);
        self.start()
    }
}

fn letters(house: &House) -> Vec<Value> {
    let (_, text) = house.http("/v1/dead-letters");
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    shown["dead_letters"].as_array().unwrap().clone()
}

/// The only letter that there is.
fn letter(house: &House) -> Value {
    until("it is a dead letter", || letters(house).len() == 1);
    letters(house).remove(0)
}

fn redelivered(house: &House, letter: &Value, body: &str, status: u16) -> Value {
    let id = letter["id"].as_str().unwrap();
    let page = house.sent(&format!("POST /v1/dead-letters/{id}/redeliver"), "", body);
    assert_eq!(page.status, status, "{page:?}");
    serde_json::from_str(&page.body).expect("JSON")
}

/// A message whose receipt acme refuses for good, and the receipt.
fn refused(north: &mut Carrier, acme: &mut Esme) -> Vec<u8> {
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.reports("n1", "UNDELIV", "034");
    let receipt = acme.expect(Command::DELIVER_SM);
    assert_eq!(Told::read(&receipt), Told::new(&id, "UNDELIV", "034"));
    acme.settle(&receipt, Status::ESME_RX_R_APPN);
    receipt.body().to_vec()
}

#[test]
fn a_receipt_is_delivered_again_as_it_was_before_a_crash_and_after_one() {
    for crashes in [false, true] {
        let mut site = Site::new("");
        let (mut house, mut north) = site.start();
        let mut acme = house.trx("acme");
        let receipt = refused(&mut north, &mut acme);
        let letter = letter(&house);
        if crashes {
            (house, north) = site.crash(house);
            acme = house.trx("acme");
            assert_eq!(letters(&house), std::slice::from_ref(&letter));
        }
        let said = redelivered(&house, &letter, "", 202);
        assert_eq!(said["account"], "acme");
        assert_eq!(said["id"], letter["id"]);
        assert!(letters(&house).is_empty());
        assert_eq!(house.metric("dead_letters_revived_total"), 1);
        assert_eq!(acme.delivery().body(), receipt);
        until("it is confirmed", || {
            house.metric("receipts_told_total") == 1
                && house.metric("account_places_taken{account=\"acme\"}") == 0
        });
        redelivered(&house, &letter, "", 404);
        assert!(acme.so_far().is_empty() && north.so_far().is_empty());
    }
}

#[test]
fn what_is_delivered_again_and_not_confirmed_comes_again_after_a_crash() {
    let mut site = Site::new("");
    let (house, mut north) = site.start();
    let mut acme = house.trx("acme");
    let receipt = refused(&mut north, &mut acme);
    redelivered(&house, &letter(&house), "", 202);
    acme.expect(Command::DELIVER_SM);
    let (house, _north) = site.crash(house);
    assert!(letters(&house).is_empty());
    assert_eq!(house.trx("acme").delivery().body(), receipt);
}

#[test]
fn a_receipt_goes_to_nobody_but_who_has_sent_its_message() {
    let site = Site::new("");
    let (house, mut north) = site.start();
    let mut acme = house.trx("acme");
    let receipt = refused(&mut north, &mut acme);
    let letter = letter(&house);
    let said = redelivered(&house, &letter, "{\"account\":\"beta\"}", 409);
    let said = said["error"].as_str().unwrap();
    assert!(
        said.contains("the receipt of a message of another account"),
        "{said}"
    );
    assert_eq!(letters(&house), std::slice::from_ref(&letter), "it stays");
    redelivered(&house, &letter, "{\"account\":\"acme\"}", 202);
    assert_eq!(acme.delivery().body(), receipt);
}

#[test]
fn a_receipt_whose_account_is_gone_stays_until_it_is_back() {
    let site = Site::new("");
    let (mut house, mut north) = site.start();
    let mut acme = house.trx("acme");
    refused(&mut north, &mut acme);
    let letter = letter(&house);
    let mut parts = site.parts.clone();
    parts.remove(0);
    parts.pop();
    house.reload(&parts);
    let said = redelivered(&house, &letter, "", 409);
    let said = said["error"].as_str().unwrap();
    assert!(
        said.starts_with("its account is not in the configuration"),
        "{said}"
    );
    house.reload(&site.parts);
    assert_eq!(redelivered(&house, &letter, "", 202)["account"], "acme");
    house.trx("acme").delivery();
}

/// A message from a phone to a number that nobody has.
fn lost(north: &mut Carrier) {
    let sm = Sm {
        source: Address::new(1, 1, b"33612345678"),
        destination: Address::new(3, 0, b"99999"),
        short_message: b"caf\x05",
        ..Sm::default()
    };
    let sequence = north.send(&Pdu::DeliverSm(sm));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
}

#[test]
fn a_message_from_a_phone_goes_where_the_rules_send_it_now() {
    let mut site = Site::new("");
    let (mut house, mut north) = site.start();
    lost(&mut north);
    let letter = letter(&house);
    let said = redelivered(&house, &letter, "", 409);
    let said = said["error"].as_str().unwrap();
    assert!(
        said.starts_with("no [[inbound]] rule is for its number"),
        "{said}"
    );
    site.parts
        .push("[[inbound]]\nto = [\"99999\"]\naccount = \"beta\"\n".to_owned());
    house.reload(&site.parts);
    assert_eq!(redelivered(&house, &letter, "", 202)["account"], "beta");
    // Nobody is bound: it is kept for beta from now on, whatever the rules say after a crash.
    site.parts.pop();
    let (house, _north) = site.crash(house);
    let mut beta = house.trx("beta");
    assert_eq!(beta.delivery().sm().short_message, b"caf\xE9");
    until("it is confirmed", || {
        house.metric("messages_told_total") == 1
    });
    assert!(letters(&house).is_empty());
}

#[test]
fn a_message_from_a_phone_goes_to_whom_somebody_names() {
    let site = Site::new("");
    let (house, mut north) = site.start();
    lost(&mut north);
    let mut beta = house.trx("beta");
    let letter = letter(&house);
    redelivered(&house, &letter, "{\"account\":\"beta\"}", 202);
    assert_eq!(beta.delivery().sm().short_message, b"caf\xE9");
    until("its room is free", || {
        house.metric("account_places_taken{account=\"beta\"}") == 0
    });
}

/// A receipt that names no message: its body.
fn names_nothing(north: &mut Carrier) -> Vec<u8> {
    let tlvs = parameters("", "DELIVRD");
    let receipt = Pdu::DeliverSm(Sm {
        source: Address::new(1, 1, b"33612345678"),
        destination: Address::new(0, 1, b"36034"),
        esm_class: EsmClass(4),
        short_message: b"stat:DELIVRD caf\x05",
        tlvs: Tlvs::new(&tlvs),
        ..Sm::default()
    });
    let sequence = north.send(&receipt);
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    octets(&receipt, Status::ESME_ROK, 0)[HEADER_LEN..].to_vec()
}

#[test]
fn a_receipt_that_matches_nothing_goes_unchanged_to_whom_somebody_names() {
    for crashes in [false, true] {
        let mut site = Site::new("");
        let (mut house, mut north) = site.start();
        let body = names_nothing(&mut north);
        let letter = letter(&house);
        assert_eq!(letter["reason"], "a receipt that names no message");
        let said = redelivered(&house, &letter, "", 409);
        assert!(said["error"].as_str().unwrap().contains("say who gets it"));
        redelivered(&house, &letter, "{\"account\":\"beta\"}", 202);
        if crashes {
            (house, _) = site.crash(house);
        }
        assert_eq!(house.trx("beta").delivery().body(), body, "{crashes}");
        assert!(letters(&house).is_empty());
    }
}

#[test]
fn what_unmatched_names_need_not_be_named_again() {
    let mut site = Site::new("");
    let (mut house, mut north) = site.start();
    let body = names_nothing(&mut north);
    let letter = letter(&house);
    site.parts[2] = site
        .smsc
        .settings("north", "unmatched = { forward = \"beta\" }");
    house.reload(&site.parts);
    assert_eq!(redelivered(&house, &letter, "", 202)["account"], "beta");
    assert_eq!(house.trx("beta").delivery().body(), body);
}

#[test]
fn a_letter_that_was_let_go_is_gone_for_good() {
    let mut site = Site::new("");
    let (house, mut north) = site.start();
    lost(&mut north);
    let id = letter(&house)["id"].as_str().unwrap().to_owned();
    let page = house.asked(&format!("DELETE /v1/dead-letters/{id}"), "");
    assert_eq!(page.status, 200);
    let (house, _north) = site.crash(house);
    assert!(letters(&house).is_empty());
}

#[test]
fn what_was_passed_on_and_not_confirmed_is_passed_on_again_after_a_crash() {
    let mut site = Site::new("unmatched = { forward = \"beta\" }");
    let (house, mut north) = site.start();
    let mut beta = house.trx("beta");
    north.reports("f1", "DELIVRD", "000");
    assert_eq!(Told::read(&beta.delivery()).id, "f1");
    until("it is confirmed", || {
        house.metric("messages_told_total") == 1
    });
    let news = parameters("f2", "ENROUTE");
    let text = text("f2", "ENROUTE", "000");
    let sequence = north.deliver(0x20, text.as_bytes(), &news);
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    north.reports("f3", "DELIVRD", "000");
    let nothing = names_nothing(&mut north);
    beta.alive();
    let (house, _north) = site.crash(house);
    let mut beta = house.trx("beta");
    let mut got: Vec<Vec<u8>> = (0..3).map(|_| beta.delivery().body().to_vec()).collect();
    let named = |got: &Vec<u8>, id: &[u8]| got.windows(id.len()).any(|octets| octets == id);
    for id in [&b"id:f2 "[..], b"id:f3 "] {
        let at = got.iter().position(|got| named(got, id));
        got.remove(at.unwrap_or_else(|| panic!("{id:?} was not passed on again")));
    }
    assert_eq!(got, [nothing]);
    assert!(beta.so_far().is_empty());
    assert_eq!(house.metric("dead_letters_total"), 0);
}
