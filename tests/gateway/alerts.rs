//! A carrier says that a phone can be reached again.

use crate::support::{Carrier, Esme, octets, one_carrier, put_tlv};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{Address, AlertNotification, Pdu, Tlvs};

fn alert<'a>(esme: &'a [u8], tlvs: &'a [u8]) -> AlertNotification<'a> {
    AlertNotification {
        source: Address::new(1, 1, b"33612345678"),
        esme: Address::new(0, 1, esme),
        tlvs: Tlvs::new(tlvs),
    }
}

fn alerts(north: &mut Carrier, esme: &[u8]) {
    north.send(&Pdu::AlertNotification(alert(esme, b"")));
    north.alive();
}

#[test]
fn whoever_asked_to_be_told_is_told_and_no_answer_is_waited_for() {
    let (house, _smsc, mut north, mut acme) = one_carrier("deliver_window = 1", "");
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::MS_AVAILABILITY_STATUS, &[0]);
    let told = alert(b"36034", &tlvs);
    for _ in 0..3 {
        north.send(&Pdu::AlertNotification(told));
        let got = acme.expect(Command::ALERT_NOTIFICATION);
        assert_eq!(got.pdu(), Pdu::AlertNotification(told));
    }
    // It takes no slot of the window, and nothing goes back to the carrier.
    let sequence = north.deliver(0, b"hello", b"");
    assert_eq!(acme.delivery().sm().short_message, b"hello");
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    assert!(north.so_far().is_empty());
    assert_eq!(house.metric("alerts_total"), 3);
    assert_eq!(house.metric("alerts_missed_total"), 0);
}

#[test]
fn who_is_not_there_or_only_sends_or_is_not_named_misses_it() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    alerts(&mut north, b"36035");
    acme.unbind();
    acme.closed();
    let mut sender = house.tx("acme");
    alerts(&mut north, b"36034");
    assert_eq!(house.metric("alerts_missed_total"), 2);
    assert!(sender.so_far().is_empty());
    assert!(house.trx("acme").so_far().is_empty());
}

#[test]
fn who_bound_with_a_version_that_has_no_alerts_is_given_none_while_another_can_take_it() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut old = Esme::dial(house.address());
    let answer = old.bind_as(Command::BIND_TRANSCEIVER, "acme", "secret", 0x33);
    assert_eq!(answer.status(), Status::ESME_ROK);
    for _ in 0..4 {
        alerts(&mut north, b"36034");
        acme.expect(Command::ALERT_NOTIFICATION);
    }
    assert_eq!(house.metric("alerts_missed_total"), 0);
    acme.unbind();
    acme.closed();
    alerts(&mut north, b"36034");
    assert_eq!(house.metric("alerts_missed_total"), 1);
    assert!(old.so_far().is_empty());
}

#[test]
fn what_cannot_be_read_or_comes_from_a_customer_is_nothing() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let whole = octets(
        &Pdu::AlertNotification(alert(b"36034", b"")),
        Status::ESME_ROK,
        9,
    );
    let mut cut = whole[..20].to_vec();
    cut[3] = 20;
    north.write(&cut);
    assert!(north.so_far().is_empty());
    acme.write(&whole);
    let nack = acme.expect(Command::GENERIC_NACK);
    assert_eq!(nack.status(), Status::ESME_RINVCMDID);
}
