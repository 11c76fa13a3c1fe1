//! What a customer submits: what it is told, and what the carrier sees of it.

use crate::support::{Esme, House, Smsc, account, message, octets, one_carrier, route};
use bytes::BytesMut;
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Data, HEADER_LEN, Header, Pdu, Sm, Tlvs};
use std::collections::HashSet;

#[test]
fn a_submit_sm_is_accepted_under_an_id_of_ours_and_reaches_the_carrier() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33612345678");
    let response = acme.response(sequence);
    assert_eq!(response.command(), Command::SUBMIT_SM_RESP);
    assert_eq!(response.status(), Status::ESME_ROK);
    let request = north.takes("n1");
    assert_eq!(request.command(), Command::SUBMIT_SM);
    assert_eq!(request.sm(), message("33612345678"));
    assert_ne!(response.id(), "n1");
}

#[test]
fn a_data_sm_is_accepted_and_reaches_the_carrier_as_a_data_sm() {
    for ack in ["stored", "carrier"] {
        let (_house, _smsc, mut north, mut acme) = one_carrier(&format!("ack = \"{ack}\""), "");
        let data = Data {
            service_type: b"WAP",
            source: Address::new(5, 0, b"ACME"),
            destination: Address::new(1, 1, b"33612345678"),
            esm_class: EsmClass(0x40),
            registered_delivery: RegisteredDelivery(1),
            data_coding: DataCoding(4),
            tlvs: Tlvs::new(b"\x04\x24\x00\x05\x03\x05\x00\x01x\x14\x00\x00\x02zz"),
        };
        let sequence = acme.send(&Pdu::DataSm(data));
        let request = north.takes("n1");
        assert_eq!(request.command(), Command::DATA_SM);
        assert_eq!(request.data(), data);
        let response = acme.response(sequence);
        assert_eq!(response.command(), Command::DATA_SM_RESP);
        assert_eq!(response.status(), Status::ESME_ROK);
        north.reports("n1", "DELIVRD", "000");
        assert_eq!(acme.receipt().id, response.id());
    }
}

#[test]
fn ids_are_digits_each_given_out_once() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 1000");
    let (_other, _smsc2, _north2, mut hexer) = one_carrier("message_id = \"hex\"", "");
    let sequences: Vec<u32> = (0..50).map(|_| acme.submit("33612345678")).collect();
    let mut ids = HashSet::new();
    for sequence in sequences {
        let id = acme.accepted(sequence);
        assert!(id.bytes().all(|digit| digit.is_ascii_digit()), "{id}");
        assert!(!id.starts_with('0') && id.len() <= 19, "{id}");
        assert!(id.parse::<u64>().unwrap() < 1 << 63);
        assert!(ids.insert(id));
    }
    for at in 0..50 {
        north.takes(&format!("n{at}"));
    }
    let sequence = hexer.submit("33612345678");
    let id = hexer.accepted(sequence);
    let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    assert!(id.len() == 16 && id.bytes().all(is_hex), "{id}");
}

#[test]
fn the_receipt_names_the_id_as_the_account_wants_it() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("message_id = \"hex\"", "");
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    let id = acme.accepted(sequence);
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.delivery();
    let expected = format!("{id}\0").into_bytes();
    assert_eq!(receipt.tlv(Tag::RECEIPTED_MESSAGE_ID), Some(expected));
    let text = receipt.sm().short_message;
    assert!(text.starts_with(format!("id:{id} ").as_bytes()));
}

#[test]
fn numbers_leave_as_international_digits_however_they_were_written() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    for (ton, npi, written) in [
        (0, 0, "+33612345678"),
        (0, 1, "0033612345678"),
        (2, 8, "33612345678"),
        (1, 1, "33612345678"),
    ] {
        let destination = Address::new(ton, npi, written.as_bytes());
        let sm = Sm {
            destination,
            ..message("")
        };
        let sequence = acme.submit_sm(sm);
        let request = north.takes(written);
        let seen = Address::new(1, 1, b"33612345678");
        assert_eq!(
            request.sm(),
            Sm {
                destination: seen,
                ..sm
            }
        );
        acme.accepted(sequence);
        // The receipt bears the number as the customer wrote it.
        north.reports(written, "DELIVRD", "000");
        let receipt = acme.delivery();
        assert_eq!(receipt.sm().source, destination);
        assert_eq!(receipt.sm().destination, sm.source);
    }
}

#[test]
fn source_and_destination_take_the_numbering_that_the_carrier_wants() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(
        "",
        "source = { ton = 2, npi = 9 }\ndestination = { ton = \"keep\", npi = 6 }",
    );
    let sequence = acme.submit_sm(Sm {
        destination: Address::new(3, 3, b"33612345678"),
        ..message("")
    });
    let request = north.takes("n1");
    assert_eq!(request.sm().source, Address::new(2, 9, b"ACME"));
    assert_eq!(request.sm().destination, Address::new(3, 6, b"33612345678"));
    acme.accepted(sequence);
}

#[test]
fn the_carrier_is_always_asked_for_a_receipt_unless_the_config_says_as_asked() {
    for (receipts, asked, seen) in [
        ("always", 0x00, 0x01),
        ("always", 0x02, 0x01),
        ("always", 0x13, 0x11),
        ("always", 0x0D, 0x0D),
        ("as-asked", 0x00, 0x00),
        ("as-asked", 0x12, 0x11),
    ] {
        let keys = format!("receipts = \"{receipts}\"");
        let (_house, _smsc, mut north, mut acme) = one_carrier("", &keys);
        acme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(asked),
            ..message("+33612345678")
        });
        let request = north.takes("n1");
        assert_eq!(
            request.sm().registered_delivery,
            RegisteredDelivery(seen),
            "{receipts} {asked:#x}"
        );
    }
}

#[test]
fn body_and_unknown_parameters_travel_byte_for_byte() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let everything: Vec<u8> = (0..=253).collect();
    let tlvs = [
        &b"\x14\x00\x00\x03abc"[..],
        // One of the specification, one that has no octets there and has one, one that is shorter
        // than it should be, and one that belongs into receipts.
        b"\x02\x04\x00\x02\x12\x34",
        b"\x13\x0C\x00\x01\x01",
        b"\x02\x0C\x00\x01\x07",
        b"\x04\x27\x00\x01\x02",
        // A vendor's once more, an empty one, and two stray octets behind them.
        b"\x14\x00\x00\x01z",
        b"\x30\x00\x00\x00",
        b"\xFF\xFF",
    ]
    .concat();
    let sm = Sm {
        service_type: b"CMT",
        protocol_id: 0x41,
        priority_flag: 3,
        validity_period: b"000001000000000R",
        data_coding: DataCoding(4),
        replace_if_present_flag: 1,
        sm_default_msg_id: 7,
        short_message: &everything,
        tlvs: Tlvs::new(&tlvs),
        ..message("33612345678")
    };
    let sequence = acme.submit_sm(sm);
    let request = north.takes("n1");
    let mut expected = Vec::new();
    sm.put(&mut expected);
    assert_eq!(request.body(), expected);
    acme.accepted(sequence);
    assert_eq!(house.metric("broken_parameters_total"), 1);
}

#[test]
fn the_longest_payload_travels_whole() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("max_segments = 0", "");
    let mut tlvs = Vec::new();
    let payload: Vec<u8> = (0..65_535_u32).map(|at| (at * 7) as u8).collect();
    crate::support::put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &payload);
    let sm = Sm {
        short_message: b"",
        tlvs: Tlvs::new(&tlvs),
        ..message("33612345678")
    };
    let sequence = acme.submit_sm(sm);
    assert_eq!(north.takes("n1").sm(), sm);
    acme.accepted(sequence);
}

#[test]
fn the_reference_of_the_customer_comes_back_in_the_receipt() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut check = |tlvs: &'static [u8], id: &str, expected: Option<Vec<u8>>| {
        acme.submit_sm(Sm {
            tlvs: Tlvs::new(tlvs),
            ..message("33612345678")
        });
        north.takes(id);
        north.reports(id, "DELIVRD", "000");
        assert_eq!(acme.delivery().tlv(Tag::USER_MESSAGE_REFERENCE), expected);
    };
    check(b"\x02\x04\x00\x02\x12\x34", "n1", Some(vec![0x12, 0x34]));
    check(b"", "n2", None);
}

#[test]
fn each_bad_field_is_refused_by_its_own_status_and_nothing_is_sent() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    type Change = fn(&mut Sm<'static>);
    let cases: &[(Status, Change)] = &[
        (Status::ESME_RINVDSTADR, |sm| sm.destination.digits = b""),
        (Status::ESME_RINVDSTADR, |sm| {
            sm.destination.digits = b"336123456789012345678";
        }),
        (Status::ESME_RINVDSTADR, |sm| sm.destination.digits = b"+"),
        (Status::ESME_RINVDSTADR, |sm| sm.destination.digits = b"00"),
        (Status::ESME_RINVDSTADR, |sm| {
            sm.destination.digits = b"33612345678\r\n";
        }),
        (Status::ESME_RINVDSTADR, |sm| {
            sm.destination.digits = b"Shop"
        }),
        (Status::ESME_RINVSRCADR, |sm| {
            sm.source.digits = b"\x1b[31mX"
        }),
        (Status::ESME_RINVSRCADR, |sm| {
            sm.source.digits = b"ACME5678901234567890X";
        }),
        (Status::ESME_RINVSERTYP, |sm| sm.service_type = b"TOOLONG"),
        (Status::ESME_RINVPRTFLG, |sm| sm.priority_flag = 4),
        (Status::ESME_RINVREPFLAG, |sm| {
            sm.replace_if_present_flag = 2
        }),
        (Status::ESME_RINVSCHED, |sm| {
            sm.schedule_delivery_time = b"tomorrow";
        }),
        (Status::ESME_RINVSCHED, |sm| {
            sm.schedule_delivery_time = b"991399000000000R+";
        }),
        (Status::ESME_RINVEXPIRY, |sm| sm.validity_period = b"later"),
        (Status::ESME_RINVEXPIRY, |sm| {
            sm.validity_period = b"000001000000000R0";
        }),
        (Status::ESME_RINVESMCLASS, |sm| {
            sm.esm_class = EsmClass(0x40);
            sm.short_message = b"\x09\x00\x03\x01\x02\x01";
        }),
        (Status::ESME_RINVESMCLASS, |sm| {
            sm.esm_class = EsmClass(0x40);
            sm.short_message = b"\x05\x00\x03\x01\x02\x05hello";
        }),
        (Status::ESME_RINVMSGLEN, |sm| {
            sm.tlvs = Tlvs::new(b"\x04\x24\x00\x02hi");
        }),
        (Status::ESME_RINVOPTPARAMVAL, |sm| {
            sm.tlvs =
                Tlvs::new(b"\x02\x0c\x00\x02\x12\x34\x02\x0e\x00\x01\x02\x02\x0f\x00\x01\x03");
        }),
    ];
    for (status, change) in cases {
        let mut sm = message("33612345678");
        change(&mut sm);
        let sequence = acme.submit_sm(sm);
        assert_eq!(acme.refused(sequence), *status, "{sm:?}");
    }
    for (status, source, destination) in [
        (Status::ESME_RINVDSTADR, &b"ACME"[..], &b"00"[..]),
        (Status::ESME_RINVDSTADR, b"ACME", b"336\n"),
        (Status::ESME_RINVSRCADR, b"AC\nME", b"33612345678"),
    ] {
        let sequence = acme.send(&Pdu::DataSm(Data {
            source: Address::new(5, 0, source),
            destination: Address::new(1, 1, destination),
            ..Data::default()
        }));
        assert_eq!(acme.refused(sequence), status, "{destination:?}");
    }
    nothing_but_the_next(&mut acme, &mut north);
}

#[test]
fn a_body_that_ends_too_early_costs_one_pdu_and_not_the_connection() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut whole = Vec::new();
    message("33612345678").put(&mut whole);
    // Cut inside a field, in a string, and right before short_message.
    for (length, status) in [
        (0, Status::ESME_RINVCMDLEN),
        (1, Status::ESME_RINVCMDLEN),
        (5, Status::ESME_RINVCMDLEN),
        (whole.len() - 6, Status::ESME_RINVCMDLEN),
        (whole.len() - 1, Status::ESME_RINVMSGLEN),
    ] {
        let sequence = acme.number();
        let mut pdu = header(Command::SUBMIT_SM, length, sequence);
        pdu.extend_from_slice(&whole[..length]);
        acme.write(&pdu);
        assert_eq!(acme.refused(sequence), status, "{length} octets");
    }
    nothing_but_the_next(&mut acme, &mut north);
}

#[test]
fn what_is_longer_than_short_message_may_be_leaves_in_message_payload() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let text = [b'x'; 255];
    for length in [254, 255] {
        let written = Sm {
            short_message: &text[..length],
            tlvs: Tlvs::new(b"\x14\0\0\x01\x07"),
            ..message("33612345678")
        };
        let sequence = acme.submit_sm(written);
        acme.accepted(sequence);
        let request = north.takes("n1");
        let left = request.sm();
        assert_eq!(left.user_data(), &text[..length]);
        let in_payload = left.tlvs.find(Tag::MESSAGE_PAYLOAD).is_some();
        assert_eq!(in_payload, length == 255);
        assert_eq!(left.short_message.is_empty(), in_payload);
        assert_eq!(left.tlvs.find(Tag(0x1400)), Some(&b"\x07"[..]));
        let others = Sm {
            short_message: written.short_message,
            tlvs: written.tlvs,
            ..left
        };
        assert_eq!(others, written);
    }
}

#[test]
fn what_an_esme_has_no_business_to_send_is_refused_and_costs_nothing_else() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.send(&Pdu::DeliverSm(message("33612345678")));
    let response = acme.response(sequence);
    assert_eq!(response.command(), Command::DELIVER_SM_RESP);
    assert_eq!(response.status(), Status::ESME_RINVBNDSTS);
    for command in [0x0000_0099, 0x0001_0004, 0x0000_0102, 0x0000_000B] {
        let sequence = acme.number();
        acme.write(&header(Command(command), 0, sequence));
        let response = acme.response(sequence);
        assert_eq!(response.command(), Command::GENERIC_NACK, "{command:#x}");
        assert_eq!(response.status(), Status::ESME_RINVCMDID);
    }
    // Responses to nothing are nothing.
    acme.write(&header(Command::DELIVER_SM_RESP, 0, 77));
    acme.write(&header(Command(0x8000_0099), 0, 78));
    acme.write(&header(Command::GENERIC_NACK, 0, 0));
    assert!(acme.so_far().is_empty());
    assert_eq!(house.metric("stray_responses_total"), 3);
    nothing_but_the_next(&mut acme, &mut north);
}

#[test]
fn any_sequence_number_is_echoed() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    for sequence in [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xA285_9F22, 0xFFFF_FFFF] {
        let mut pdu = BytesMut::new();
        Pdu::SubmitSm(message("33612345678")).encode(&mut pdu, Status::ESME_ROK, sequence);
        acme.write(&pdu);
        acme.accepted(sequence);
        north.takes("n1");
    }
}

#[test]
fn requests_that_share_a_number_are_each_answered() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let one = octets(&Pdu::SubmitSm(message("33612345678")), Status::ESME_ROK, 7);
    acme.write(&[&one[..], &one[..]].concat());
    let requests = [north.request(), north.request()];
    assert_ne!(requests[0].sequence(), requests[1].sequence());
    let mut ids = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let carrier_id = format!("n{at}");
        north.accept(request, &carrier_id);
        ids.push(acme.accepted(7));
        north.reports(&carrier_id, "DELIVRD", "000");
        assert_eq!(acme.receipt().id, ids[at]);
    }
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_request_with_a_status_is_a_request_like_any_other() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut pdu = BytesMut::new();
    Pdu::SubmitSm(message("33612345678")).encode(&mut pdu, Status::ESME_RSYSERR, 9);
    acme.write(&pdu);
    acme.accepted(9);
    assert_eq!(north.takes("n1").status(), Status::ESME_ROK);
}

#[test]
fn several_pdus_in_one_write_and_one_pdu_in_many_writes_are_the_same_thing() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 100");
    let mut many = BytesMut::new();
    for sequence in 1..=40 {
        let to = format!("336000000{sequence:02}");
        Pdu::SubmitSm(message(&to)).encode(&mut many, Status::ESME_ROK, sequence);
    }
    // Forty in one write, and then each octet in a write of its own.
    acme.write(&many);
    for sequence in 1..=40 {
        let request = north.takes(&format!("n{sequence}"));
        let to = format!("336000000{sequence:02}");
        assert_eq!(request.sm(), message(&to), "in the order of submission");
        acme.accepted(sequence);
    }
    let mut one = BytesMut::new();
    Pdu::SubmitSm(message("33612345678")).encode(&mut one, Status::ESME_ROK, 41);
    for octet in &one {
        acme.write(&[*octet]);
    }
    acme.accepted(41);
    assert_eq!(north.takes("n41").sm(), message("33612345678"));
}

#[test]
fn in_carrier_mode_the_response_is_the_verdict_of_the_carrier() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    let sequence = acme.submit("33612345678");
    let request = north.request();
    assert!(acme.so_far().is_empty(), "no answer before the carrier's");
    north.accept(&request, "n1");
    let id = acme.accepted(sequence);
    assert_ne!(id, "n1");
    for status in [
        Status::ESME_RINVDSTADR,
        Status::ESME_RINVSRCADR,
        Status::ESME_RMSGQFUL,
        Status::ESME_RTHROTTLED,
        Status(0x0000_0401),
    ] {
        let sequence = acme.submit("33612345678");
        north.refuses(status);
        assert_eq!(acme.refused(sequence), status);
    }
}

#[test]
fn trouble_between_the_carrier_and_us_is_none_of_the_customers_doing() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "");
    for status in [
        Status::ESME_RINVBNDSTS,
        Status::ESME_RINVPASWD,
        Status::ESME_RINVCMDID,
    ] {
        let sequence = acme.submit("33612345678");
        north.refuses(status);
        assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
    }
    // A generic_nack is a refusal as well.
    let sequence = acme.submit("33612345678");
    let request = north.request();
    let nack = Header::bare(
        Command::GENERIC_NACK,
        Status::ESME_RTHROTTLED,
        request.sequence(),
    );
    north.write(&nack.to_octets());
    assert_eq!(acme.refused(sequence), Status::ESME_RTHROTTLED);
}

#[test]
fn two_customers_do_not_see_each_others_receipts() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        account("beta", "ack = \"carrier\""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut north = smsc.bound();
    let (mut acme, mut beta) = (house.trx("acme"), house.trx("beta"));
    let sequence = acme.submit("33600000001");
    north.takes("n1");
    let of_acme = acme.accepted(sequence);
    let sequence = beta.submit("33600000002");
    north.takes("n2");
    let of_beta = beta.accepted(sequence);
    north.reports("n2", "DELIVRD", "000");
    north.reports("n1", "UNDELIV", "007");
    assert_eq!(acme.receipt().id, of_acme);
    assert_eq!(beta.receipt().id, of_beta);
    assert!(acme.so_far().is_empty());
    assert!(beta.so_far().is_empty());
}

fn header(command: Command, body: usize, sequence: u32) -> Vec<u8> {
    let header = Header {
        length: (HEADER_LEN + body) as u32,
        command,
        status: Status::ESME_ROK,
        sequence,
    };
    header.to_octets().to_vec()
}

/// Nothing of what came before has reached the carrier, and all is well.
fn nothing_but_the_next(acme: &mut Esme, north: &mut crate::support::Carrier) {
    let sequence = acme.submit("33699999999");
    acme.accepted(sequence);
    assert_eq!(north.takes("last").sm(), message("33699999999"));
}
