//! What a carrier reports, and what the customer is told of it.

use crate::support::{
    Carrier, Esme, House, Smsc, Told, account, message, octets, one_carrier, parameters, put_tlv,
    route, text, until,
};
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Data, MessageResp, Pdu, Sm, Tlvs};
use smppgate_codec::receipt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MODES: [&str; 2] = ["ack = \"stored\"", "ack = \"carrier\""];

/// What has been written to one socket is there when something is read that was written to another
/// one after it, but for what a busy machine takes to carry it over.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Submits a message that asks for this, and has it accepted by the carrier: our id of it.
fn taken(acme: &mut Esme, north: &mut Carrier, asks: u8, id: &str) -> String {
    let sequence = acme.submit_sm(Sm {
        registered_delivery: RegisteredDelivery(asks),
        ..message("33612345678")
    });
    north.takes(id);
    acme.accepted(sequence)
}

#[test]
fn a_receipt_after_the_response_reaches_the_customer_with_our_id() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let id = taken(&mut acme, &mut north, 1, "n1");
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        let id = taken(&mut acme, &mut north, 1, "n2");
        north.reports("n2", "UNDELIV", "034");
        assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "034"));
    }
}

#[test]
fn a_receipt_before_the_response_waits_for_it() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let sequence = acme.submit("33612345678");
        let request = north.request();
        north.reports("n1", "DELIVRD", "000");
        north.accept(&request, "n1");
        let id = acme.accepted(sequence);
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn a_receipt_in_the_same_write_before_the_response_follows_the_response() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(MODES[1], "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    let tlvs = parameters("n1", "DELIVRD");
    let text = text("n1", "DELIVRD", "000");
    let receipt = Sm {
        source: Address::new(1, 1, b"33612345678"),
        esm_class: EsmClass(4),
        short_message: text.as_bytes(),
        tlvs: Tlvs::new(&tlvs),
        ..Sm::default()
    };
    let mut both = octets(&Pdu::DeliverSm(receipt), Status::ESME_ROK, 900);
    let resp = MessageResp::new(b"n1");
    Pdu::SubmitSmResp(resp).encode(&mut both, Status::ESME_ROK, request.sequence());
    north.write(&both);
    let first = acme.next();
    assert_eq!(first.command(), Command::SUBMIT_SM_RESP);
    assert_eq!(first.sequence(), sequence);
    assert_eq!(acme.receipt(), Told::new(&first.id(), "DELIVRD", "000"));
}

#[test]
fn a_receipt_may_come_on_another_bind_of_the_carrier() {
    for mode in MODES {
        let smsc = Smsc::open();
        let house = House::open(&[
            account("acme", mode),
            smsc.settings("north", "binds = 2"),
            route("all", "via = [\"north\"]"),
        ]);
        let (mut one, mut two) = (smsc.bound(), smsc.bound());
        let mut acme = house.trx("acme");
        for before_the_response in [false, true] {
            let sequence = acme.submit("33612345678");
            let (by, other) = whoever_gets(&mut one, &mut two);
            let request = by.request();
            if before_the_response {
                other.reports("n2", "EXPIRED", "001");
                by.accept(&request, "n2");
            } else {
                by.accept(&request, "n1");
                by.alive();
                other.reports("n1", "EXPIRED", "001");
            }
            let id = acme.accepted(sequence);
            assert_eq!(acme.receipt(), Told::new(&id, "EXPIRED", "001"));
        }
    }
}

#[test]
fn a_receipt_may_come_from_another_carrier_of_the_group_and_from_no_other() {
    for mode in MODES {
        let (smsc, twin, stranger) = (Smsc::open(), Smsc::open(), Smsc::open());
        let house = House::open(&[
            account("acme", mode),
            smsc.settings("north", "group = \"operator\""),
            twin.settings("twin", "group = \"operator\"\nbind = \"receiver\""),
            stranger.settings("stranger", ""),
            route("all", "via = [\"north\"]"),
        ]);
        let (mut north, mut twin, mut stranger) = (smsc.bound(), twin.bound(), stranger.bound());
        let mut acme = house.trx("acme");
        let id = taken(&mut acme, &mut north, 1, "n1");
        // The same id means another message there.
        stranger.reports("n1", "UNDELIV", "999");
        twin.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn repeated_and_contradicting_reports_are_absorbed() {
    for mode in MODES {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let id = taken(&mut acme, &mut north, 0x11, "n1");
        north.reports("n1", "UNDELIV", "005");
        for (stat, err) in [("UNDELIV", "005"), ("DELIVRD", "000"), ("ENROUTE", "000")] {
            north.reports("n1", stat, err);
        }
        let after = taken(&mut acme, &mut north, 1, "n2");
        north.reports("n2", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "005"));
        assert_eq!(acme.receipt(), Told::new(&after, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
        assert_eq!(house.metric("reports_absorbed_total"), 3);
        until("nothing is under way", || {
            house.metric("messages_under_way") == 0
        });
    }
}

#[test]
fn an_early_receipt_under_an_id_that_the_carrier_gives_out_again_finds_its_message() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let first = taken(&mut acme, &mut north, 1, "n1");
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&first, "DELIVRD", "000"));
        // The carrier has begun to count again.
        let sequence = acme.submit("33612345678");
        let request = north.request();
        north.reports("n1", "UNDELIV", "005");
        north.accept(&request, "n1");
        let second = acme.accepted(sequence);
        assert_eq!(acme.receipt(), Told::new(&second, "UNDELIV", "005"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn contradicting_reports_before_the_response_end_the_message_once() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let sequence = acme.submit("33612345678");
        let request = north.request();
        north.reports("n1", "DELIVRD", "000");
        north.reports("n1", "UNDELIV", "001");
        north.accept(&request, "n1");
        let id = acme.accepted(sequence);
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn who_asked_is_told_that_a_message_is_on_its_way_and_nobody_else() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let quiet = taken(&mut acme, &mut north, 0x01, "n1");
        let curious = taken(&mut acme, &mut north, 0x11, "n2");
        for id in ["n1", "n2"] {
            // Once as a notification, and once as the receipt that some carriers make of it.
            let parameters = parameters(id, "ENROUTE");
            let text = text(id, "ENROUTE", "000");
            let sequence = north.deliver(0x20, text.as_bytes(), &parameters);
            assert_eq!(north.answered(sequence), Status::ESME_ROK);
            north.reports(id, "ACCEPTD", "000");
            north.reports(id, "DELIVRD", "000");
        }
        assert_eq!(acme.receipt(), Told::new(&quiet, "DELIVRD", "000"));
        let first = acme.delivery();
        assert_eq!(first.sm().esm_class.0, 0x20);
        assert_eq!(Told::read(&first), Told::new(&curious, "ENROUTE", "000"));
        let second = acme.delivery();
        assert_eq!(second.sm().esm_class.0, 0x20);
        assert_eq!(Told::read(&second).stat, "ACCEPTD");
        let last = acme.delivery();
        assert_eq!(last.sm().esm_class.0, 0x04);
        assert_eq!(Told::read(&last), Told::new(&curious, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn each_customer_gets_the_receipts_that_it_asked_for() {
    for mode in MODES {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        for (asks, good, bad) in [
            (0, false, false),
            (1, true, true),
            (2, false, true),
            (3, true, false),
            // The reserved bits mean nothing.
            (0xE1, true, true),
            (0xE0, false, false),
        ] {
            for (stat, told) in [("DELIVRD", good), ("REJECTD", bad)] {
                let carrier_id = format!("n{asks}{stat}");
                let id = taken(&mut acme, &mut north, asks, &carrier_id);
                north.reports(&carrier_id, stat, "000");
                let got: Vec<Told> = acme.so_far().iter().map(Told::read).collect();
                // A receipt that is due may still be under way behind the enquire_link.
                if told {
                    let receipt = got.into_iter().next().unwrap_or_else(|| acme.receipt());
                    assert_eq!(receipt, Told::new(&id, stat, "000"), "asked for {asks}");
                } else {
                    assert_eq!(got, [], "asked for {asks}, {stat}");
                }
            }
        }
        // Nothing is left behind by those who asked for nothing.
        until("nothing is under way", || {
            house.metric("messages_under_way") == 0
        });
    }
}

#[test]
fn a_receipt_looks_as_appendix_b_has_it() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    for (at, (stat, state, dlvrd)) in [
        ("DELIVRD", 2, "001"),
        ("EXPIRED", 3, "000"),
        ("DELETED", 4, "000"),
        ("UNDELIV", 5, "000"),
        ("UNKNOWN", 7, "000"),
        ("REJECTD", 8, "000"),
    ]
    .into_iter()
    .enumerate()
    {
        let carrier_id = format!("n{at}");
        let before = now();
        let id = taken(&mut acme, &mut north, 1, &carrier_id);
        north.reports(&carrier_id, stat, "7");
        let receipt = acme.delivery();
        let after = now();
        let sm = receipt.sm();
        let expected = Sm {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(5, 0, b"ACME"),
            esm_class: EsmClass(0x04),
            short_message: sm.short_message,
            tlvs: sm.tlvs,
            ..Sm::default()
        };
        assert_eq!(sm, expected);
        let text = std::str::from_utf8(sm.short_message).unwrap();
        let read = receipt::parse(sm.short_message);
        let date = |raw: Option<&[u8]>| {
            let raw = raw.unwrap();
            let at = receipt::date(raw, 0).expect("ten digits");
            assert!(before - 60 <= at && at <= after, "{text}");
            String::from_utf8(raw.to_vec()).unwrap()
        };
        let (submitted, done) = (date(read.submit_date), date(read.done_date));
        assert_eq!((submitted.len(), done.len()), (10, 10));
        assert_eq!(
            text,
            format!(
                "id:{id} sub:001 dlvrd:{dlvrd} submit date:{submitted} done date:{done} \
                 stat:{stat} err:007 text:"
            )
        );
        let with_nul = format!("{id}\0").into_bytes();
        assert_eq!(receipt.tlv(Tag::RECEIPTED_MESSAGE_ID), Some(with_nul));
        assert_eq!(receipt.tlv(Tag::MESSAGE_STATE), Some(vec![state]));
        assert_eq!(receipt.tlv(Tag::NETWORK_ERROR_CODE), None);
        assert_eq!(sm.tlvs.iter().count(), 2);
    }
}

#[test]
fn the_network_error_of_the_carrier_is_passed_on_and_its_other_parameters_are_not() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let id = taken(&mut acme, &mut north, 1, "n1");
    let mut tlvs = parameters("n1", "UNDELIV");
    put_tlv(&mut tlvs, Tag::NETWORK_ERROR_CODE, &[3, 0x00, 0x22]);
    put_tlv(&mut tlvs, Tag(0x1403), b"mccmnc");
    let text = format!("id:n1 stat:UNDELIV err: text:{}", "x".repeat(150));
    let sequence = north.deliver(4, text.as_bytes(), &tlvs);
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    let receipt = acme.delivery();
    assert_eq!(
        receipt.tlv(Tag::NETWORK_ERROR_CODE),
        Some(vec![3, 0x00, 0x22])
    );
    assert_eq!(receipt.tlv(Tag(0x1403)), None);
    assert_eq!(Told::read(&receipt), Told::new(&id, "UNDELIV", "034"));
}

#[test]
fn receipts_in_all_the_shapes_that_carriers_give_them_are_understood() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let delivered = text("X", "DELIVRD", "000");
    type Send = fn(&mut Carrier, &str, &str) -> u32;
    let shapes: [(&str, Send); 9] = [
        ("text alone", |north, _, text| {
            north.deliver(4, text.as_bytes(), b"")
        }),
        ("parameters alone", |north, id, _| {
            north.deliver(4, b"", &parameters(id, "DELIVRD"))
        }),
        ("parameters alone and no esm_class", |north, id, _| {
            north.deliver(0, b"", &parameters(id, "DELIVRD"))
        }),
        ("mode bits beside the receipt bit", |north, _, text| {
            north.deliver(0x07, text.as_bytes(), b"")
        }),
        ("a header flag without a header", |north, _, text| {
            north.deliver(0x44, text.as_bytes(), b"")
        }),
        ("lower case, other order", |north, id, _| {
            let text = format!("STAT:delivrd ERR:0 ID:{id} SUB:1");
            north.deliver(4, text.as_bytes(), b"")
        }),
        ("text in message_payload", |north, _, text| {
            let mut tlvs = Vec::new();
            put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, text.as_bytes());
            north.deliver(4, b"", &tlvs)
        }),
        ("another id in the parameter", |north, _, text| {
            north.deliver(4, text.as_bytes(), &parameters("other", "DELIVRD"))
        }),
        ("in UCS-2", |north, _, text| {
            let wide: Vec<u8> = text.bytes().flat_map(|octet| [0, octet]).collect();
            let wide = &wide[..wide.len().min(254)];
            north.send(&Pdu::DeliverSm(Sm {
                esm_class: EsmClass(4),
                data_coding: DataCoding::UCS2,
                short_message: wide,
                ..Sm::default()
            }))
        }),
    ];
    for (at, (name, send)) in shapes.into_iter().enumerate() {
        let carrier_id = format!("n{at}");
        let id = taken(&mut acme, &mut north, 1, &carrier_id);
        let text = match name {
            "in UCS-2" => format!("id:{carrier_id} stat:DELIVRD err:000"),
            _ => delivered.replace("id:X", &format!("id:{carrier_id}")),
        };
        let sequence = send(&mut north, &carrier_id, &text);
        assert_eq!(north.answered(sequence), Status::ESME_ROK, "{name}");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"), "{name}");
    }
}

#[test]
fn a_receipt_as_data_sm_reaches_the_customer_as_deliver_sm() {
    for mode in MODES {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let id = taken(&mut acme, &mut north, 1, "n1");
        let tlvs = parameters("n1", "DELIVRD");
        let sequence = north.send(&Pdu::DataSm(Data {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(5, 0, b"ACME"),
            esm_class: EsmClass(4),
            tlvs: Tlvs::new(&tlvs),
            ..Data::default()
        }));
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
        let receipt = acme.delivery();
        assert_eq!(receipt.command(), Command::DELIVER_SM);
        assert_eq!(Told::read(&receipt), Told::new(&id, "DELIVRD", "000"));
    }
}

#[test]
fn a_message_that_was_refused_never_gets_a_receipt() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(MODES[1], "");
    let sequence = acme.submit("33612345678");
    north.refuses(Status::ESME_RINVDSTADR);
    assert_eq!(acme.refused(sequence), Status::ESME_RINVDSTADR);
    // Some carriers report what they have refused.
    north.reports("n1", "UNDELIV", "011");
    let id = taken(&mut acme, &mut north, 1, "n2");
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(acme.so_far().is_empty());
}

#[test]
fn without_a_request_to_the_carrier_its_acceptance_is_final() {
    let (house, _smsc, mut north, mut acme) = one_carrier(MODES[1], "receipts = \"as-asked\"");
    taken(&mut acme, &mut north, 0, "n1");
    until("it has come to its end", || {
        house.metric("messages_under_way") == 0
    });
    assert!(acme.so_far().is_empty());
}

#[test]
fn a_receipt_that_matches_nothing_is_taken_from_the_carrier_all_the_same() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    north.reports("stranger", "DELIVRD", "000");
    // One that names no message at all.
    let sequence = north.deliver(4, b"stat:DELIVRD err:000", b"");
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    assert!(acme.so_far().is_empty());
    let parked = "carrier_reports_parked{carrier=\"north\"}";
    assert_eq!(house.metric(parked), 1);
    assert_eq!(house.metric("dead_letters_total"), 1);
}

#[test]
fn no_receipt_overtakes_the_response_even_on_another_bind() {
    for mode in MODES {
        let smsc = Smsc::open();
        let house = House::open(&[
            account("acme", mode),
            smsc.settings("north", ""),
            route("all", "via = [\"north\"]"),
        ]);
        let mut north = smsc.bound();
        let (mut sender, mut reader) = (house.tx("acme"), house.rx("acme"));
        let id = taken(&mut sender, &mut north, 1, "n0");
        north.reports("n0", "DELIVRD", "000");
        assert_eq!(reader.receipt(), Told::new(&id, "DELIVRD", "000"));
        // Many times over, with the report before the response: whatever the receiver sees, the
        // sender has been answered. It is looked at when the receipt is there, not before.
        for at in 1..=200 {
            let carrier_id = format!("n{at}");
            let sequence = sender.submit("33612345678");
            let request = north.request();
            north.receipt(&carrier_id, "DELIVRD", "000");
            north.accept(&request, &carrier_id);
            let told = reader.receipt();
            let response = sender.within(AT_ONCE);
            let response = response.expect("the response is written before the receipt");
            assert_eq!(response.sequence(), sequence);
            assert_eq!(told, Told::new(&response.id(), "DELIVRD", "000"));
        }
    }
}

#[test]
fn a_receipt_waits_while_the_response_is_stuck_on_another_bind() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "ack = \"carrier\"\nrespond_within = \"60s\""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut north = smsc.bound();
    let mut reader = house.rx("acme");
    let mut sender = house.dial_narrow();
    let answer = sender.bind(Command::BIND_TRANSMITTER, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    let sequence = sender.submit("33612345678");
    let request = north.request();
    // It asks and does not read until nothing more can be written to it.
    let enquiry = octets(&Pdu::EnquireLink, Status::ESME_ROK, 9);
    let enquiries = enquiry.repeat(4_096);
    while sender.write_some(&enquiries, Duration::from_millis(200)) == enquiries.len() {}
    north.accept(&request, "n1");
    north.reports("n1", "DELIVRD", "000");
    for _ in 0..3 {
        assert!(reader.so_far().is_empty(), "the receipt came first");
    }
    // Now it reads.
    let id = sender.accepted(sequence);
    assert_eq!(reader.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn receipts_wait_for_a_customer_that_is_away() {
    for mode in MODES {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "");
        let ids: Vec<String> = (0..30)
            .map(|at| taken(&mut acme, &mut north, 1, &format!("n{at}")))
            .collect();
        acme.unbind();
        acme.closed();
        for at in 0..30 {
            north.reports(&format!("n{at}"), "DELIVRD", "000");
        }
        // Who only sends is not who the receipts wait for.
        let mut sender = house.tx("acme");
        assert!(sender.so_far().is_empty());
        let mut acme = house.trx("acme");
        for id in &ids {
            assert_eq!(acme.receipt(), Told::new(id, "DELIVRD", "000"));
        }
        assert!(acme.so_far().is_empty());
    }
}

#[test]
fn fresh_receipts_go_before_those_that_have_waited() {
    let (house, _smsc, mut north, mut acme) = one_carrier("deliver_window = 1", "");
    let waited: Vec<String> = (0..5)
        .map(|at| taken(&mut acme, &mut north, 1, &format!("n{at}")))
        .collect();
    let fresh = taken(&mut acme, &mut north, 1, "fresh");
    acme.unbind();
    acme.closed();
    for at in 0..5 {
        north.reports(&format!("n{at}"), "DELIVRD", "000");
    }
    let mut acme = house.trx("acme");
    let first = acme.expect(Command::DELIVER_SM);
    assert_eq!(Told::read(&first).id, waited[0]);
    north.reports("fresh", "DELIVRD", "000");
    acme.alive();
    acme.take(&first);
    assert_eq!(acme.receipt().id, fresh);
    for id in &waited[1..] {
        assert_eq!(acme.receipt().id, *id);
    }
}

#[test]
fn a_customer_that_hangs_up_once_it_has_submitted_loses_nothing() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.submit("33612345678");
    acme.alive();
    acme.hang_up();
    north.takes("n1");
    north.reports("n1", "DELIVRD", "000");
    let mut acme = house.trx("acme");
    assert_eq!(acme.receipt().stat, "DELIVRD");
}

#[test]
fn an_id_that_the_carrier_gives_out_again_means_the_newer_message() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    for _ in 0..3 {
        let id = taken(&mut acme, &mut north, 1, "again");
        north.reports("again", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    }
}

#[test]
fn a_receipt_that_was_not_answered_before_the_bind_was_lost_comes_again() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let id = taken(&mut acme, &mut north, 1, "n1");
    north.reports("n1", "DELIVRD", "000");
    acme.expect(Command::DELIVER_SM);
    acme.hang_up();
    let mut acme = house.trx("acme");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn a_customer_that_does_not_answer_loses_its_receipt_to_another_bind() {
    let keys = "deliver_timeout = \"1s\"\ndeliver_window = 1";
    let (house, _smsc, mut north, mut slow) = one_carrier(keys, "");
    let id = taken(&mut slow, &mut north, 1, "n1");
    north.reports("n1", "DELIVRD", "000");
    let unanswered = slow.expect(Command::DELIVER_SM);
    assert_eq!(Told::read(&unanswered), Told::new(&id, "DELIVRD", "000"));
    let mut quick = house.rx("acme");
    // All slots of the slow one are held by what it does not answer: it is unbound.
    slow.expect(Command::UNBIND);
    assert_eq!(quick.receipt(), Told::new(&id, "DELIVRD", "000"));
    // A late answer is too late for anything.
    slow.take(&unanswered);
    assert!(quick.so_far().is_empty());
}

#[test]
fn three_unanswered_receipts_unbind_the_customer() {
    let (_house, _smsc, mut north, mut acme) =
        one_carrier("deliver_timeout = \"1s\"\ndeliver_window = 5", "");
    for at in 0..3 {
        let carrier_id = format!("n{at}");
        taken(&mut acme, &mut north, 1, &carrier_id);
        north.reports(&carrier_id, "DELIVRD", "000");
    }
    let got = acme.closed();
    assert_eq!(got.last().map(|got| got.command()), Some(Command::UNBIND));
}

#[test]
fn a_receipt_that_the_customer_cannot_take_now_comes_again() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let id = taken(&mut acme, &mut north, 1, "n1");
    north.reports("n1", "DELIVRD", "000");
    let first = acme.expect(Command::DELIVER_SM);
    acme.settle(&first, Status::ESME_RX_T_APPN);
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn a_receipt_that_the_customer_refuses_for_good_is_given_up() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    for (at, status) in [Status::ESME_RX_P_APPN, Status::ESME_RX_R_APPN]
        .into_iter()
        .enumerate()
    {
        let carrier_id = format!("n{at}");
        taken(&mut acme, &mut north, 1, &carrier_id);
        north.reports(&carrier_id, "DELIVRD", "000");
        let receipt = acme.expect(Command::DELIVER_SM);
        acme.settle(&receipt, status);
    }
    acme.alive();
    assert_eq!(house.metric("dead_letters_total"), 2);
    assert_eq!(house.metric("deliveries_again_total"), 0);
    let open = "account_places_taken{account=\"acme\"}";
    assert_eq!(house.metric(open), 0);
}

/// The bind that has been given a message, and the other one.
fn whoever_gets<'a>(
    one: &'a mut Carrier,
    two: &'a mut Carrier,
) -> (&'a mut Carrier, &'a mut Carrier) {
    let mut first = false;
    until("one of the binds is given the message", || {
        first = one.has(Command::SUBMIT_SM);
        first || two.has(Command::SUBMIT_SM)
    });
    if first { (one, two) } else { (two, one) }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs() as i64
}
