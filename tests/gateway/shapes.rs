//! PDUs that are not quite as the specification has them, and what is made of them.

use crate::support::{
    Carrier, House, Smsc, Told, account, message, octets, one_carrier, put_tlv, route, text,
};
use smppgate_codec::code::{Command, EsmClass, Status, Tag};
use smppgate_codec::pdu::{HEADER_LEN, Header, Pdu, Sm, Tlvs};

/// This message as a PDU of this command, with another sm_length than it has.
fn with_sm_length(command: Command, sm: Sm<'_>, sm_length: u8) -> Vec<u8> {
    let mut body = Vec::new();
    sm.put(&mut body);
    let at = body.len() - sm.tlvs.octets().len() - sm.short_message.len() - 1;
    body[at] = sm_length;
    let header = Header {
        length: (HEADER_LEN + body.len()) as u32,
        command,
        status: Status::ESME_ROK,
        sequence: 77,
    };
    [&header.to_octets(), &body[..]].concat()
}

#[test]
fn an_sm_length_that_is_too_small_is_believed() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.write(&with_sm_length(
        Command::SUBMIT_SM,
        message("33612345678"),
        2,
    ));
    let id = acme.accepted(77);
    let request = north.takes("n1");
    assert_eq!(request.sm().short_message, b"he");
    assert!(request.body().ends_with(b"hello"), "the rest goes along");
    // A receipt ends before its text does.
    let text = text("n1", "DELIVRD", "000");
    let sm = Sm {
        source: request.sm().destination,
        esm_class: EsmClass(4),
        short_message: text.as_bytes(),
        ..Sm::default()
    };
    let counted = text.len() - " text:hello".len();
    north.write(&with_sm_length(Command::DELIVER_SM, sm, counted as u8));
    assert_eq!(north.answered(77), Status::ESME_ROK);
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

/// Sends a receipt that the gateway takes.
fn takes(north: &mut Carrier, text: &[u8], tlvs: &[u8]) {
    let delivery = north.deliver(4, text, tlvs);
    assert_eq!(north.answered(delivery), Status::ESME_ROK);
}

#[test]
fn an_id_that_runs_past_the_end_of_its_receipt_is_the_id_all_the_same() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    let id = acme.accepted(sequence);
    // The text names none, and the length of the parameter counts two octets more than there are.
    let overrun = b"\x04\x27\0\x01\x02\0\x1e\0\x05n1\0";
    takes(&mut north, b"stat:DELIVRD", overrun);
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("broken_parameters_total"), 1);
}

#[test]
fn of_two_texts_in_one_receipt_short_message_counts() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut ids = Vec::new();
    for carrier_id in ["n1", "n2"] {
        let sequence = acme.submit("33612345678");
        north.takes(carrier_id);
        ids.push(acme.accepted(sequence));
    }
    let mut tlvs = Vec::new();
    let other = text("n2", "UNDELIV", "007");
    put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, other.as_bytes());
    takes(&mut north, text("n1", "DELIVRD", "000").as_bytes(), &tlvs);
    assert_eq!(acme.receipt(), Told::new(&ids[0], "DELIVRD", "000"));
    assert!(acme.so_far().is_empty());
}

#[test]
fn a_message_from_a_phone_with_two_texts_is_passed_on_with_both() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let delivery = north.deliver(0, b"one", b"\x04\x24\0\x03two");
    assert_eq!(north.answered(delivery), Status::ESME_ROK);
    let got = acme.delivery();
    assert_eq!(got.sm().short_message, b"one");
    assert_eq!(got.tlv(Tag::MESSAGE_PAYLOAD), Some(b"two".to_vec()));
}

#[test]
fn an_unbind_and_a_nack_may_have_a_body() {
    let (_house, _smsc, _north, mut acme) = one_carrier("", "");
    let with_body = |pdu: &Pdu<'_>| {
        let mut octets = octets(pdu, Status::ESME_ROK, 9).to_vec();
        octets[3] += 4;
        octets.extend_from_slice(b"\0\0\0\x01");
        octets
    };
    acme.write(&with_body(&Pdu::GenericNack));
    acme.alive();
    acme.write(&with_body(&Pdu::Unbind));
    assert_eq!(acme.expect(Command::UNBIND_RESP).sequence(), 9);
    assert!(acme.closed().is_empty());
}

#[test]
fn a_carrier_that_does_not_tell_its_version_is_given_parameters_all_the_same() {
    for body in [&b""[..], b"smsc\0", b"smsc"] {
        let smsc = Smsc::open();
        let house = House::open(&[
            account("acme", ""),
            smsc.settings("north", ""),
            route("all", "via = [\"north\"]"),
        ]);
        let (mut north, bind) = smsc.dialled();
        let header = Header {
            length: (HEADER_LEN + body.len()) as u32,
            command: Command::BIND_TRANSCEIVER_RESP,
            status: Status::ESME_ROK,
            sequence: bind.sequence(),
        };
        north.write(&[&header.to_octets(), body].concat());
        let mut acme = house.trx("acme");
        let written = Sm {
            tlvs: Tlvs::new(b"\x14\0\0\x01\x07"),
            ..message("33612345678")
        };
        let sequence = acme.submit_sm(written);
        acme.accepted(sequence);
        assert_eq!(north.takes("n1").sm(), written, "{body:?}");
    }
}
