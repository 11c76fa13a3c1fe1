//! Carriers with habits: which binds they take, and how they want the fields of a message.

use crate::support::{House, Smsc, Told, account, message, one_carrier, put_tlv, route};
use smppgate_codec::code::{Command, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Sm, Tlvs};

#[test]
fn a_pair_sends_on_one_bind_and_takes_receipts_on_the_other() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", "bind = \"pair\""),
        route("all", "via = [\"north\"]"),
    ]);
    let (mut one, first) = smsc.dialled();
    one.accept_bind(&first);
    let (mut other, second) = smsc.dialled();
    other.accept_bind(&second);
    let (mut tx, mut rx) = match first.command() {
        Command::BIND_TRANSMITTER => {
            assert_eq!(second.command(), Command::BIND_RECEIVER);
            (one, other)
        }
        _ => {
            assert_eq!(first.command(), Command::BIND_RECEIVER);
            assert_eq!(second.command(), Command::BIND_TRANSMITTER);
            (other, one)
        }
    };
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    tx.takes("n-1");
    rx.reports("n-1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn a_carrier_whose_receiver_alone_is_bound_is_given_no_message() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "ack = \"carrier\""),
        smsc.settings("north", "bind = \"pair\""),
        route("all", "via = [\"north\"]"),
    ]);
    let (mut one, first) = smsc.dialled();
    let (mut other, second) = smsc.dialled();
    match first.command() {
        Command::BIND_RECEIVER => one.accept_bind(&first),
        _ => other.accept_bind(&second),
    }
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    assert_eq!(acme.refused(sequence), Status::ESME_RSYSERR);
}

#[test]
fn fields_leave_as_the_carrier_wants_them() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(
        "",
        "service_type = \"OTP\"\nvalidity = \"none\"\n\
         tlv = { add = { 0x1400 = \"1201\" }, drop = [\"user_message_reference\"] }",
    );
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::USER_MESSAGE_REFERENCE, &[0, 7]);
    put_tlv(&mut tlvs, Tag(0x1500), b"kept");
    let sequence = acme.submit_sm(Sm {
        validity_period: b"000002000000000R",
        tlvs: Tlvs::new(&tlvs),
        ..message("+33612345678")
    });
    let id = acme.accepted(sequence);
    let request = north.takes("n-1");
    let sm = request.sm();
    assert_eq!(sm.service_type, b"OTP");
    assert_eq!(sm.destination.digits, b"33612345678");
    assert_eq!(sm.validity_period, b"");
    assert_eq!(sm.short_message, b"hello");
    assert_eq!(sm.tlvs.find(Tag(0x1400)), Some(&b"1201"[..]));
    assert_eq!(sm.tlvs.find(Tag(0x1500)), Some(&b"kept"[..]));
    assert_eq!(sm.tlvs.find(Tag::USER_MESSAGE_REFERENCE), None);
    // What the carrier was not told comes back all the same.
    north.reports("n-1", "DELIVRD", "000");
    let delivery = acme.delivery();
    assert_eq!(Told::read(&delivery), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(delivery.tlv(Tag::USER_MESSAGE_REFERENCE), Some(vec![0, 7]));
}

#[test]
fn accepted_is_the_end_only_where_the_carrier_means_it() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "acceptd_final = true");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n-1");
    north.reports("n-1", "ACCEPTD", "000");
    let delivery = acme.delivery();
    assert_eq!(delivery.sm().esm_class.0, 0x04);
    assert_eq!(Told::read(&delivery), Told::new(&id, "ACCEPTD", "000"));

    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit_sm(Sm {
        registered_delivery: RegisteredDelivery(0x11),
        ..message("33612345678")
    });
    let id = acme.accepted(sequence);
    north.takes("n-1");
    north.reports("n-1", "ACCEPTD", "000");
    assert_eq!(acme.delivery().sm().esm_class.0, 0x20);
    north.reports("n-1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}
