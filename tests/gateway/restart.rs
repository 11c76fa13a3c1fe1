//! The gateway has crashed, or has ended, and is started again on what it has kept.

use crate::manage::state;
use crate::support::{
    Carrier, Esme, Folder, Got, House, Smsc, Told, account, message, octets, route, text, until,
};
use smppgate::journal::disk::Real;
use smppgate::journal::{Record, recover};
use smppgate_codec::code::{Command, EsmClass, MessageState, Status};
use smppgate_codec::pdu::{MessageResp, Pdu, Sm};
use std::sync::Arc;

/// The account acme, the carrier north, and what is kept.
struct Site {
    smsc: Smsc,
    parts: Vec<String>,
    folder: Folder,
}

impl Site {
    fn new(account_keys: &str, carrier_keys: &str) -> Self {
        let smsc = Smsc::open();
        let parts = vec![
            account("acme", account_keys),
            smsc.settings("north", carrier_keys),
            route("all", "via = [\"north\"]"),
            "[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned(),
        ];
        Self {
            smsc,
            parts,
            folder: Folder::new(),
        }
    }

    fn start(&self) -> (House, Carrier, Esme) {
        let house = House::keeping(&self.folder, &self.parts);
        let north = self.smsc.bound();
        until("north is bound", || {
            house.metric("carrier_binds{carrier=\"north\"}") == 1
        });
        let acme = house.trx("acme");
        (house, north, acme)
    }

    /// The process ends at once; what it had handed to the operating system by then is there.
    fn crash(&mut self, house: House) {
        self.folder = self.folder.after_a_crash();
        drop(house);
    }
}

#[test]
fn a_message_that_no_carrier_has_leaves_after_a_crash() {
    let mut site = Site::new("", "");
    let house = House::keeping(&site.folder, &site.parts);
    // It dials, and nobody answers its bind.
    let dialled = site.smsc.dialled();
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    site.crash(house);
    drop(dialled);
    let (_house, mut north, mut acme) = site.start();
    assert_eq!(north.takes("n1").sm(), message("33612345678"));
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(north.so_far().is_empty());
}

#[test]
fn its_sender_may_ask_after_a_crash_where_a_message_stands_that_waits_for_its_report() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    let id = acme.accepted(sequence);
    north.alive();
    let sequence = acme.submit("33612345679");
    acme.accepted(sequence);
    site.crash(house);
    let (_house, mut north, mut acme) = site.start();
    assert_eq!(state(&mut acme, &id), Ok(MessageState::ENROUTE));
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(state(&mut acme, &id), Ok(MessageState::DELIVERED));
}

#[test]
fn a_receipt_finds_its_message_after_a_crash_in_both_modes() {
    for mode in ["", "ack = \"carrier\""] {
        let mut site = Site::new(mode, "");
        let (house, mut north, mut acme) = site.start();
        let sequence = acme.submit("33612345678");
        north.takes("n1");
        let id = acme.accepted(sequence);
        north.alive();
        // Of the next one is known that it is durable: so is what came before it.
        let sequence = acme.submit("33612345679");
        north.takes("n2");
        acme.accepted(sequence);
        site.crash(house);
        let (_house, mut north, mut acme) = site.start();
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"), "{mode}");
        // The other one may be: that north has it need not be durable.
        let again = |got: &Got| {
            got.command() == Command::SUBMIT_SM && got.sm().destination.digits == b"33612345678"
        };
        assert!(
            !north.so_far().iter().any(again),
            "{mode}: it is not sent again"
        );
    }
}

#[test]
fn a_receipt_that_was_not_confirmed_is_told_after_a_crash_and_one_that_was_is_not() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let mut ids = Vec::new();
    for at in 1..=2 {
        let sequence = acme.submit("33612345678");
        ids.push(acme.accepted(sequence));
        north.takes(&format!("n{at}"));
    }
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&ids[0], "DELIVRD", "000"));
    acme.alive();
    acme.hang_up();
    until("acme has gone", || {
        house.metric("account_binds{account=\"acme\"}") == 0
    });
    let report = north.receipt("n2", "UNDELIV", "005");
    assert_eq!(north.answered(report), Status::ESME_ROK);
    site.crash(house);
    let (house, north, mut acme) = site.start();
    assert_eq!(acme.receipt(), Told::new(&ids[1], "UNDELIV", "005"));
    acme.alive();
    assert!(acme.so_far().is_empty());
    // Nothing is kept of what is over.
    site.crash(house);
    drop((north, acme));
    let (_house, mut north, mut acme) = site.start();
    assert!(acme.so_far().is_empty() && north.so_far().is_empty());
}

#[test]
fn a_message_from_a_phone_that_nobody_took_is_delivered_after_a_crash() {
    let mut site = Site::new("", "");
    let house = House::keeping(&site.folder, &site.parts);
    let mut north = site.smsc.bound();
    let delivery = north.deliver(0, b"STOP", b"");
    assert_eq!(north.answered(delivery), Status::ESME_ROK);
    site.crash(house);
    drop(north);
    let (_house, _north, mut acme) = site.start();
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().short_message, b"STOP");
}

#[test]
fn a_report_that_came_before_its_response_is_not_lost_by_a_crash() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.request();
    let report = north.receipt("n1", "DELIVRD", "000");
    assert_eq!(north.answered(report), Status::ESME_ROK);
    site.crash(house);
    // Nobody knows whether north has it: it is sent once more, and bears the same id there.
    let (house, mut north, mut acme) = site.start();
    assert_eq!(north.takes("n1").sm(), message("33612345678"));
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("dead_letters_total"), 0);
}

#[test]
fn a_report_that_comes_with_its_response_is_kept_as_the_end_of_its_message() {
    for mode in ["", "ack = \"carrier\""] {
        let mut site = Site::new(mode, "");
        let (house, mut north, mut acme) = site.start();
        let sequence = acme.submit("33612345678");
        let request = north.request();
        // Both are read in one go: the response is not durable when the report is looked at.
        let resp = Pdu::SubmitSmResp(MessageResp::new(b"n1"));
        let mut wire = octets(&resp, Status::ESME_ROK, request.sequence());
        let text = text("n1", "DELIVRD", "000");
        let report = Pdu::DeliverSm(Sm {
            esm_class: EsmClass(4),
            short_message: text.as_bytes(),
            ..Sm::default()
        });
        let number = north.number();
        wire.extend_from_slice(&octets(&report, Status::ESME_ROK, number));
        north.write(&wire);
        assert_eq!(north.answered(number), Status::ESME_ROK);
        let id = acme.accepted(sequence);
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"), "{mode}");
        assert_eq!(house.metric("dead_letters_total"), 0);
        site.crash(house);
        let disk = Arc::new(Real::new(site.folder.path()).unwrap());
        let mut kept = Vec::new();
        let _ = recover(disk, &mut |_, _, record| kept.push(record_name(&record))).unwrap();
        assert!(kept.contains(&"Ended"), "{mode}: {kept:?}");
        assert!(!kept.contains(&"Reported"), "{mode}: {kept:?}");
    }
}

fn record_name(record: &Record<'_>) -> &'static str {
    match record {
        Record::Ended { .. } => "Ended",
        Record::Reported(_) => "Reported",
        _ => "other",
    }
}

#[test]
fn ids_go_on_above_those_that_were_given_out_before() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    let first: u64 = acme.accepted(sequence).parse().unwrap();
    north.takes("n1");
    site.crash(house);
    let (_house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    let second: u64 = acme.accepted(sequence).parse().unwrap();
    north.takes("n2");
    assert!(second > first);
}

#[test]
fn what_waits_when_the_gateway_ends_in_order_goes_on_at_the_next_start() {
    let site = Site::new("", "window = 1");
    let (mut house, mut north, mut acme) = site.start();
    let sequences: Vec<u32> = (0..5).map(|_| acme.submit("33612345678")).collect();
    for sequence in sequences {
        acme.accepted(sequence);
    }
    let request = north.request();
    let drain = house.drain();
    acme.expect(smppgate_codec::code::Command::UNBIND);
    acme.hang_up();
    north.accept(&request, "n1");
    let unbind = north.expect(smppgate_codec::code::Command::UNBIND);
    north.answer(
        &unbind,
        &smppgate_codec::pdu::Pdu::UnbindResp,
        Status::ESME_ROK,
    );
    house.ended(drain);
    drop(house);
    let (_house, mut north, mut acme) = site.start();
    for at in 2..=5 {
        north.takes(&format!("n{at}"));
    }
    for at in 1..=5 {
        north.reports(&format!("n{at}"), "DELIVRD", "000");
        acme.receipt();
    }
    assert!(north.so_far().is_empty() && acme.so_far().is_empty());
}

#[test]
fn what_lies_down_is_found_by_our_id_and_by_its_carriers() {
    let mut site = Site::new("message_id = \"hex\"", "");
    let (house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.alive();
    let sequence = acme.submit("33612345679");
    north.takes("n2");
    acme.accepted(sequence);
    site.crash(house);
    let (house, mut north, mut acme) = site.start();
    let asked = |path: &str| -> serde_json::Value {
        let (status, text) = house.http(path);
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    };
    let shown = asked(&format!("/v1/messages/{id}"));
    assert_eq!(shown["id"], id);
    assert_eq!(shown["account"], "acme");
    assert_eq!(shown["source"], "ACME");
    assert_eq!(shown["destination"], "33612345678");
    assert_eq!(shown["ack"], "stored");
    assert_eq!(shown["stage"], "awaits-report");
    let found = asked("/v1/messages?carrier_id=n1&carrier=north");
    assert_eq!(found["messages"][0]["id"], id);
    let ids = serde_json::json!([{"carrier": "north", "id": "n1"}]);
    assert_eq!(found["messages"][0]["carrier_message_ids"], ids);
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt().id, id);
    let shown = asked(&format!("/v1/messages/{id}"));
    assert_eq!(shown["ended"]["stat"], "DELIVRD");
}

#[test]
fn a_message_whose_end_is_still_to_be_told_is_shown_as_that() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    acme.unbind();
    north.reports("n1", "DELIVRD", "000");
    let stage = |house: &House| -> serde_json::Value {
        let (_, text) = house.http(&format!("/v1/messages/{id}"));
        let shown: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        shown["stage"].clone()
    };
    until("its end is known", || stage(&house) == "to-be-told");
    site.crash(house);
    let (house, _north, mut acme) = site.start();
    acme.receipt();
    until("its end was told", || {
        stage(&house) == serde_json::Value::Null
    });
    assert_eq!(house.http(&format!("/v1/messages/{id}")).0, 404);
}

#[test]
fn what_has_happened_to_a_message_is_told_after_a_crash_as_before() {
    let mut site = Site::new("", "");
    let (house, mut north, mut acme) = site.start();
    let shown = |house: &House, id: &str| -> serde_json::Value {
        let (status, text) = house.http(&format!("/v1/messages/{id}"));
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    };
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.alive();
    until("its report is awaited", || {
        shown(&house, &id)["stage"] == "awaits-report"
    });
    let before = shown(&house, &id);
    assert_eq!(before["attempts"][0]["status"], "ESME_ROK");
    // Of the next one is known that it is durable: so is what came before it.
    let sequence = acme.submit("33612345679");
    north.takes("n2");
    acme.accepted(sequence);
    site.crash(house);
    // It was laid down, and nothing but the journal knows who was tried.
    let (house, mut north, mut acme) = site.start();
    let after = shown(&house, &id);
    for field in [
        "accepted",
        "until",
        "source",
        "destination",
        "stage",
        "carrier",
        "attempts",
        "carrier_message_ids",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["journal"], "whole");
    acme.unbind();
    north.reports("n1", "UNDELIV", "034");
    until("its end is known", || {
        shown(&house, &id)["stage"] == "to-be-told"
    });
    site.crash(house);
    drop(north);
    let house = House::keeping(&site.folder, &site.parts);
    let ended = shown(&house, &id);
    assert_eq!(ended["stage"], "to-be-told");
    assert_eq!(ended["attempts"], before["attempts"]);
    assert_eq!(ended["ended"]["stat"], "UNDELIV");
    assert_eq!(ended["ended"]["error"], 34);
    assert_eq!(ended["journal"], "whole");
    // Once it is told nothing is kept.
    let mut acme = house.trx("acme");
    acme.receipt();
    until("its end was told", || {
        house.http(&format!("/v1/messages/{id}")).0 == 404
    });
}
