//! A customer asks where its message stands, takes it back, or writes it anew.

use crate::support::{Esme, House, Smsc, Told, account, message, one_carrier, route, until};
use smppgate::journal::Refusal;
use smppgate_codec::code::{Command, MessageState, RegisteredDelivery, Status};
use smppgate_codec::pdu::{
    Address, CancelSm, Destination, Destinations, Pdu, QuerySm, ReplaceSm, Sm, SubmitMulti,
    SubmitMultiResp,
};
use std::time::{Duration, Instant};

const SOURCE: Address<'static> = Address {
    ton: 5,
    npi: 0,
    digits: b"ACME",
};

/// A house whose only carrier is not there yet.
fn without_carrier() -> (House, Smsc, Esme) {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        account("other", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let acme = house.trx("acme");
    (house, smsc, acme)
}

/// State, final date and error of a message, or the status that refuses to tell.
fn query(acme: &mut Esme, id: &str, source: Address<'_>) -> Result<(u8, String, u8), Status> {
    let sequence = acme.send(&Pdu::QuerySm(QuerySm {
        message_id: id.as_bytes(),
        source,
    }));
    let response = acme.response(sequence);
    assert_eq!(response.command(), Command::QUERY_SM_RESP);
    if response.status() != Status::ESME_ROK {
        assert_eq!(response.body(), b"");
        return Err(response.status());
    }
    let Pdu::QuerySmResp(fields) = response.pdu() else {
        panic!("no query_sm_resp");
    };
    assert_eq!(fields.message_id, id.as_bytes());
    let date = String::from_utf8(fields.final_date.to_vec()).unwrap();
    Ok((fields.message_state.0, date, fields.error_code))
}

pub fn state(acme: &mut Esme, id: &str) -> Result<MessageState, Status> {
    query(acme, id, SOURCE).map(|(state, ..)| MessageState(state))
}

fn cancel(acme: &mut Esme, cancel: CancelSm<'_>) -> Status {
    let sequence = acme.send(&Pdu::CancelSm(cancel));
    let response = acme.response(sequence);
    assert_eq!(response.command(), Command::CANCEL_SM_RESP);
    assert_eq!(response.body(), b"");
    response.status()
}

fn by_id(id: &str) -> CancelSm<'_> {
    CancelSm {
        message_id: id.as_bytes(),
        source: SOURCE,
        ..CancelSm::default()
    }
}

fn replace(acme: &mut Esme, replace: ReplaceSm<'_>) -> Status {
    let sequence = acme.send(&Pdu::ReplaceSm(replace));
    let response = acme.response(sequence);
    assert_eq!(response.command(), Command::REPLACE_SM_RESP);
    response.status()
}

fn anew<'a>(id: &'a str, text: &'a [u8]) -> ReplaceSm<'a> {
    ReplaceSm {
        message_id: id.as_bytes(),
        source: SOURCE,
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: text,
        ..ReplaceSm::default()
    }
}

fn submitted(acme: &mut Esme, to: &str) -> String {
    let sequence = acme.submit(to);
    acme.accepted(sequence)
}

#[test]
fn a_message_is_on_its_way_until_its_end_and_then_its_end_is_told() {
    for keys in ["", "message_id = \"hex\""] {
        let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "");
        let id = submitted(&mut acme, "33612345678");
        let request = north.request();
        let on_its_way = Ok((MessageState::ENROUTE.0, String::new(), 0));
        assert_eq!(query(&mut acme, &id, SOURCE), on_its_way);
        north.accept(&request, "n1");
        north.alive();
        assert_eq!(query(&mut acme, &id, SOURCE), on_its_way);
        north.reports("n1", "UNDELIV", "027");
        acme.receipt();
        let (state, date, error) = query(&mut acme, &id, SOURCE).unwrap();
        assert_eq!((state, error), (MessageState::UNDELIVERABLE.0, 27));
        assert!(date.len() == 16 && date.ends_with("000+"), "{date}");
    }
}

#[test]
fn who_wants_no_receipt_may_ask_all_the_same() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit_sm(Sm {
        registered_delivery: RegisteredDelivery(0),
        ..message("33612345678")
    });
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.alive();
    assert_eq!(state(&mut acme, &id), Ok(MessageState::ENROUTE));
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(state(&mut acme, &id), Ok(MessageState::DELIVERED));
    assert!(acme.so_far().is_empty());
}

#[test]
fn nobody_learns_of_the_messages_of_others() {
    let (house, _smsc, mut acme) = without_carrier();
    let mut other = house.trx("other");
    let id = submitted(&mut acme, "33612345678");
    for id in [&id, "1", "9223372036854775807"] {
        assert_eq!(state(&mut other, id), Err(Status::ESME_RQUERYFAIL));
        assert_eq!(cancel(&mut other, by_id(id)), Status::ESME_RCANCELFAIL);
        let failed = replace(&mut other, anew(id, b"mine"));
        assert_eq!(failed, Status::ESME_RREPLACEFAIL);
    }
    // Neither does who names another source, and no id of ours looks like this.
    let elsewhere = Address::new(5, 0, b"EMCA");
    let failed = query(&mut acme, &id, elsewhere);
    assert_eq!(failed, Err(Status::ESME_RQUERYFAIL));
    for id in ["", "north-1", "99999999999999999999999"] {
        assert_eq!(state(&mut acme, id), Err(Status::ESME_RINVMSGID));
    }
    let between = CancelSm {
        source: SOURCE,
        destination: Address::new(1, 1, b"33612345678"),
        ..CancelSm::default()
    };
    assert_eq!(cancel(&mut other, between), Status::ESME_RCANCELFAIL);
    assert_eq!(state(&mut acme, &id), Ok(MessageState::ENROUTE));
}

#[test]
fn what_waits_for_a_carrier_is_taken_back_and_never_sent() {
    let (house, smsc, mut acme) = without_carrier();
    let id = submitted(&mut acme, "33600000001");
    let stays = submitted(&mut acme, "33600000002");
    assert_eq!(cancel(&mut acme, by_id(&id)), Status::ESME_ROK);
    assert_eq!(acme.receipt(), Told::new(&id, "DELETED", "000"));
    assert_eq!(state(&mut acme, &id), Ok(MessageState::DELETED));
    assert_eq!(cancel(&mut acme, by_id(&id)), Status::ESME_RCANCELFAIL);
    let mut north = smsc.bound();
    assert_eq!(north.takes("n2").sm(), message("33600000002"));
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&stays, "DELIVRD", "000"));
    assert!(north.so_far().is_empty());
    assert_eq!(house.metric("cancelled_total"), 1);
    let board = house.gateway().board().clone();
    until("nothing takes room", || board.ledger.places() == 0);
    let open = "account_places_taken{account=\"acme\"}";
    until("nothing is open", || house.metric(open) == 0);
}

#[test]
fn what_waits_behind_the_window_is_taken_back_and_what_is_sent_is_not() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 1");
    let sent = submitted(&mut acme, "33600000001");
    let request = north.request();
    let waits = submitted(&mut acme, "33600000002");
    assert_eq!(cancel(&mut acme, by_id(&sent)), Status::ESME_RCANCELFAIL);
    assert_eq!(cancel(&mut acme, by_id(&waits)), Status::ESME_ROK);
    assert_eq!(acme.receipt(), Told::new(&waits, "DELETED", "000"));
    north.accept(&request, "n1");
    assert!(north.so_far().is_empty());
    assert_eq!(cancel(&mut acme, by_id(&sent)), Status::ESME_RCANCELFAIL);
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&sent, "DELIVRD", "000"));
}

#[test]
fn without_an_id_all_between_two_numbers_are_taken_back() {
    let (house, _smsc, mut acme) = without_carrier();
    let mut other = house.trx("other");
    let theirs = submitted(&mut other, "33600000001");
    let mut gone = [
        submitted(&mut acme, "33600000001"),
        submitted(&mut acme, "+33600000001"),
    ];
    let stays = submitted(&mut acme, "33600000002");
    let between = CancelSm {
        source: SOURCE,
        destination: Address::new(1, 1, b"33600000001"),
        ..CancelSm::default()
    };
    let cellular = CancelSm {
        service_type: b"CMT",
        ..between
    };
    assert_eq!(cancel(&mut acme, cellular), Status::ESME_RCANCELFAIL);
    assert_eq!(cancel(&mut acme, between), Status::ESME_ROK);
    let mut told = [acme.receipt().id, acme.receipt().id];
    told.sort();
    gone.sort();
    assert_eq!(told, gone);
    assert_eq!(state(&mut acme, &stays), Ok(MessageState::ENROUTE));
    assert_eq!(state(&mut other, &theirs), Ok(MessageState::ENROUTE));
    let nobody = CancelSm {
        source: SOURCE,
        ..CancelSm::default()
    };
    assert_eq!(cancel(&mut acme, nobody), Status::ESME_RINVDSTADR);
}

#[test]
fn what_waits_is_written_anew_and_keeps_its_place() {
    let (house, smsc, mut acme) = without_carrier();
    let id = submitted(&mut acme, "33600000001");
    assert_eq!(replace(&mut acme, anew(&id, b"adieu")), Status::ESME_ROK);
    let mut north = smsc.bound();
    let sm = Sm {
        short_message: b"adieu",
        ..message("33600000001")
    };
    assert_eq!(north.takes("n1").sm(), sm);
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("replaced_total"), 1);

    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 1");
    submitted(&mut acme, "33600000001");
    let request = north.request();
    let id = submitted(&mut acme, "33600000002");
    submitted(&mut acme, "33600000003");
    let quiet = ReplaceSm {
        registered_delivery: RegisteredDelivery(0),
        validity_period: b"000001000000000R",
        ..anew(&id, b"adieu")
    };
    assert_eq!(replace(&mut acme, quiet), Status::ESME_ROK);
    north.accept(&request, "n1");
    let second = north.takes("n2");
    assert_eq!(second.sm().short_message, b"adieu");
    assert_eq!(second.sm().validity_period, b"000001000000000R");
    assert_eq!(second.sm().destination.digits, b"33600000002");
    assert_eq!(north.takes("n3").sm(), message("33600000003"));
    // The new one wants no receipt.
    north.reports("n2", "DELIVRD", "000");
    assert!(acme.so_far().is_empty());
    let late = replace(&mut acme, anew(&id, b"late"));
    assert_eq!(late, Status::ESME_RREPLACEFAIL);
}

#[test]
fn what_is_written_anew_must_make_sense() {
    let (_house, smsc, mut acme) = without_carrier();
    let id = submitted(&mut acme, "33600000001");
    let bad = ReplaceSm {
        validity_period: b"tomorrow",
        ..anew(&id, b"adieu")
    };
    assert_eq!(replace(&mut acme, bad), Status::ESME_RINVEXPIRY);
    let mut north = smsc.bound();
    assert_eq!(north.takes("n1").sm(), message("33600000001"));
}

#[test]
fn the_destinations_of_a_submit_multi_are_asked_for_by_their_one_id() {
    let (_house, smsc, mut acme) = without_carrier();
    let numbers = ["33600000001", "33600000002", "33600000003"];
    let mut octets = Vec::new();
    for number in numbers {
        Destination::Sme(Address::new(1, 1, number.as_bytes())).put(&mut octets);
    }
    let sequence = acme.send(&Pdu::SubmitMulti(SubmitMulti {
        source: SOURCE,
        destinations: Destinations::new(&octets).unwrap(),
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: b"hello",
        ..SubmitMulti::default()
    }));
    let response = acme.response(sequence);
    let Pdu::SubmitMultiResp(SubmitMultiResp { message_id, .. }) = response.pdu() else {
        panic!("no submit_multi_resp");
    };
    let id = String::from_utf8(message_id.to_vec()).unwrap();
    // One of them by its number, the first of them even.
    let one = CancelSm {
        destination: Address::new(1, 1, b"33600000001"),
        ..by_id(&id)
    };
    assert_eq!(cancel(&mut acme, one), Status::ESME_ROK);
    let receipt = acme.delivery();
    assert_eq!(Told::read(&receipt), Told::new(&id, "DELETED", "000"));
    assert_eq!(receipt.sm().source.digits, b"33600000001");
    assert_eq!(state(&mut acme, &id), Ok(MessageState::ENROUTE));
    assert_eq!(replace(&mut acme, anew(&id, b"adieu")), Status::ESME_ROK);
    let mut north = smsc.bound();
    for number in &numbers[1..] {
        let request = north.takes(number);
        assert_eq!(request.sm().short_message, b"adieu");
        assert_eq!(request.sm().destination.digits, number.as_bytes());
        north.reports(number, "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    }
    // All have come to their ends: that of the first is told.
    assert_eq!(state(&mut acme, &id), Ok(MessageState::DELETED));
}

const SLOW: Duration = Duration::from_secs(1);

#[test]
fn taking_back_waits_for_a_slow_journal_and_meanwhile_the_message_does_not_leave() {
    let (house, smsc, mut acme) = without_carrier();
    let id = submitted(&mut acme, "33612345678");
    house.trouble.delay(SLOW);
    let before = Instant::now();
    let sequence = acme.send(&Pdu::CancelSm(by_id(&id)));
    // It is on its way to its end: nobody takes it back twice, or writes it anew.
    assert_eq!(state(&mut acme, &id), Ok(MessageState::ENROUTE));
    assert_eq!(cancel(&mut acme, by_id(&id)), Status::ESME_RCANCELFAIL);
    assert_eq!(
        replace(&mut acme, anew(&id, b"late")),
        Status::ESME_RREPLACEFAIL
    );
    let mut north = smsc.bound();
    assert_eq!(acme.response(sequence).status(), Status::ESME_ROK);
    assert!(before.elapsed() >= SLOW);
    assert_eq!(acme.receipt(), Told::new(&id, "DELETED", "000"));
    north.alive();
    assert!(!north.has(Command::SUBMIT_SM));
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn what_leaves_while_the_journal_is_slow_leaves_as_it_was() {
    let (house, smsc, mut acme) = without_carrier();
    let ids = ["33612345671", "33612345672"].map(|to| submitted(&mut acme, to));
    house.trouble.delay(SLOW);
    let early = acme.send(&Pdu::ReplaceSm(anew(&ids[0], b"early")));
    assert_eq!(acme.response(early).status(), Status::ESME_ROK);
    let late = acme.send(&Pdu::ReplaceSm(anew(&ids[1], b"late")));
    let mut north = smsc.bound();
    assert_eq!(north.takes("n1").sm().short_message, b"early");
    let second = north.takes("n2");
    let status = acme.response(late).status();
    // Whichever was first, the answer tells the truth.
    match status {
        Status::ESME_ROK => assert_eq!(second.sm().short_message, b"late"),
        status => {
            assert_eq!(status, Status::ESME_RREPLACEFAIL);
            assert_eq!(
                second.sm().short_message,
                message("33612345672").short_message
            );
        }
    }
}

#[test]
fn what_a_failed_journal_cannot_take_is_not_taken_back() {
    let (house, smsc, mut acme) = without_carrier();
    let ids = ["33612345671", "33612345672"].map(|to| submitted(&mut acme, to));
    house.trouble.delay(SLOW);
    let first = acme.send(&Pdu::CancelSm(by_id(&ids[0])));
    let second = acme.send(&Pdu::ReplaceSm(anew(&ids[1], b"changed")));
    acme.alive();
    house.trouble.refuse(Some(Refusal::Failed));
    assert_eq!(acme.response(first).status(), Status::ESME_RSYSERR);
    assert_eq!(acme.response(second).status(), Status::ESME_RSYSERR);
    let mut north = smsc.bound();
    for to in ["33612345671", "33612345672"] {
        assert_eq!(north.request().sm(), message(to));
    }
    assert!(!acme.has(Command::DELIVER_SM));
}

#[test]
fn a_message_is_not_made_longer_than_its_account_may_submit() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "max_segments = 1"),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut acme = house.trx("acme");
    let id = submitted(&mut acme, "33612345678");
    let long = replace(&mut acme, anew(&id, &[b'a'; 250]));
    assert_eq!(long, Status::ESME_RINVMSGLEN);
    assert_eq!(replace(&mut acme, anew(&id, b"short")), Status::ESME_ROK);
}
