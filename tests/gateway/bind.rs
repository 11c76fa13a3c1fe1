//! Who may bind, how often, and what everybody else is told.

use crate::support::{Esme, House, account, octets, one_carrier};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{Header, Pdu};
use std::time::{Duration, Instant};

const TRX: Command = Command::BIND_TRANSCEIVER;

fn house(keys: &str) -> House {
    House::open(&[account("acme", keys)])
}

#[test]
fn a_customer_binds_in_each_of_the_three_ways() {
    let house = house("");
    for kind in [Command::BIND_TRANSMITTER, Command::BIND_RECEIVER, TRX] {
        let mut acme = house.dial();
        let answer = acme.bind(kind, "acme", "secret");
        assert_eq!(answer.status(), Status::ESME_ROK);
        assert!(answer.body().starts_with(b"smppgate\0"));
        acme.alive();
        acme.unbind();
        assert!(acme.closed().is_empty());
    }
}

#[test]
fn who_talks_on_behind_its_unbind_gets_its_answer() {
    let house = house("");
    let mut acme = house.dial();
    acme.bind(TRX, "acme", "secret");
    let mut all = octets(&Pdu::Unbind, Status::ESME_ROK, 7);
    for sequence in 0..2_000 {
        Pdu::EnquireLink.encode(&mut all, Status::ESME_ROK, sequence);
    }
    acme.write(&all);
    assert_eq!(acme.expect(Command::UNBIND_RESP).sequence(), 7);
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let house = house("");
    let mut someone = house.dial();
    let wrong = someone.bind(TRX, "acme", "guess");
    let unknown = someone.bind(TRX, "nobody", "secret");
    assert_eq!(wrong.status(), Status::ESME_RINVPASWD);
    assert_eq!(unknown.status(), Status::ESME_RINVPASWD);
    assert_eq!(wrong.body(), unknown.body());
    // The connection is still good for the right one.
    assert_eq!(
        someone.bind(TRX, "acme", "secret").status(),
        Status::ESME_ROK
    );
}

#[test]
fn the_third_refused_bind_ends_the_connection() {
    let house = house("");
    let mut someone = house.dial();
    for _ in 0..3 {
        let answer = someone.bind(TRX, "acme", "guess");
        assert_eq!(answer.status(), Status::ESME_RINVPASWD);
    }
    assert!(someone.closed().is_empty());
}

#[test]
fn an_account_binds_only_in_the_ways_that_it_may() {
    let house = house("bind_types = [\"tx\", \"rx\"]");
    let mut acme = house.dial();
    let refused = acme.bind(TRX, "acme", "secret");
    assert_eq!(refused.status(), Status::ESME_RBINDFAIL);
    let accepted = acme.bind(Command::BIND_TRANSMITTER, "acme", "secret");
    assert_eq!(accepted.status(), Status::ESME_ROK);
}

#[test]
fn an_account_holds_as_many_binds_as_it_may_and_no_more() {
    let house = house("binds = 2");
    let mut first = house.trx("acme");
    let mut second = house.trx("acme");
    let mut third = house.dial();
    let answer = third.bind(TRX, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_RBINDFAIL);
    // A bind that has gone makes room, however it went.
    first.unbind();
    first.closed();
    let answer = third.bind(TRX, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    second.alive();
}

#[test]
fn a_second_bind_on_a_bound_connection_is_refused_and_changes_nothing() {
    let house = house("");
    let mut acme = house.trx("acme");
    for kind in [TRX, Command::BIND_RECEIVER] {
        let answer = acme.bind(kind, "acme", "secret");
        assert_eq!(answer.status(), Status::ESME_RALYBND);
    }
    acme.alive();
}

#[test]
fn who_submits_before_a_bind_is_told_so_and_closed_the_third_time() {
    let house = house("");
    let mut someone = house.dial();
    for _ in 0..3 {
        let sequence = someone.submit("33612345678");
        assert_eq!(someone.refused(sequence), Status::ESME_RINVBNDSTS);
    }
    assert!(someone.closed().is_empty());
}

#[test]
fn enquire_link_is_answered_before_a_bind_and_does_not_put_off_its_deadline() {
    let house = house("");
    let before = Instant::now();
    let mut someone = house.dial();
    let mut last = Instant::now();
    // The config of these stories leaves a second for the bind.
    let got = loop {
        let sequence = someone.number();
        let enquiry = Header::bare(Command::ENQUIRE_LINK, Status::ESME_ROK, sequence);
        someone.write(&enquiry.to_octets());
        match someone.within(Duration::from_millis(300)) {
            Some(got) if got.sequence() == sequence => last = Instant::now(),
            other => break other,
        }
        if last - before > Duration::from_millis(800) {
            break None;
        }
    };
    assert!(got.is_none());
    assert!(last - before > Duration::from_millis(500));
    assert!(someone.closed().is_empty());
    assert!(before.elapsed() > Duration::from_millis(900));
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn who_binds_with_an_old_version_gets_no_parameters_and_the_others_get_ours() {
    let house = house("");
    for (version, told) in [
        (0x00, None),
        (0x33, None),
        (0x34, Some(vec![0x34])),
        (0x50, Some(vec![0x34])),
        (0xFF, Some(vec![0x34])),
    ] {
        let mut acme = house.dial();
        let answer = acme.bind_as(TRX, "acme", "secret", version);
        assert_eq!(answer.status(), Status::ESME_ROK, "version {version:#x}");
        assert_eq!(
            answer.tlv(Tag::SC_INTERFACE_VERSION),
            told,
            "version {version:#x}"
        );
    }
}

#[test]
fn a_receipt_for_an_old_client_has_no_parameters() {
    let (house, _smsc, mut north, _acme) = one_carrier("binds = 1", "");
    drop(_acme);
    let mut acme = Esme::dial(house.gateway().addresses()[0]);
    crate::support::until("the old bind has gone", || {
        acme.bind_as(TRX, "acme", "secret", 0x33).status() == Status::ESME_ROK
    });
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    let id = acme.accepted(sequence);
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.delivery();
    assert!(receipt.sm().tlvs.is_empty());
    assert!(
        receipt
            .sm()
            .short_message
            .starts_with(format!("id:{id} ").as_bytes())
    );
}

#[test]
fn who_is_bound_to_receive_submits_nothing() {
    let (house, _smsc, _north, _acme) = one_carrier("", "");
    let mut reader = house.rx("acme");
    let sequence = reader.submit("33612345678");
    assert_eq!(reader.refused(sequence), Status::ESME_RINVBNDSTS);
    reader.alive();
}

#[test]
fn a_silent_customer_is_asked_whether_it_is_there() {
    let (_house, _smsc, _north, mut acme) = one_carrier("enquire_link = \"1s\"", "");
    let enquiry = acme.next();
    assert_eq!(enquiry.command(), Command::ENQUIRE_LINK);
    acme.answer(&enquiry, &Pdu::EnquireLinkResp, Status::ESME_ROK);
    acme.alive();
}

#[test]
fn an_idle_customer_is_unbound() {
    let house = house("idle_timeout = \"1s\"");
    let mut acme = house.trx("acme");
    let unbind = acme.expect(Command::UNBIND);
    acme.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    assert!(acme.closed().is_empty());
}

#[test]
fn who_unbinds_before_a_bind_is_answered_and_closed() {
    let house = house("");
    let mut someone = house.dial();
    someone.send(&Pdu::Unbind);
    let answer = someone.next();
    assert_eq!(answer.command(), Command::UNBIND_RESP);
    assert_eq!(answer.status(), Status::ESME_RINVBNDSTS);
    assert!(someone.closed().is_empty());
}
