//! Which bind gets what is to be delivered, and which answer counts for what.

use crate::support::{Carrier, Esme, Smsc};
use crate::support::{House, Told, account, message, one_carrier, route, until};
use smppgate_codec::code::Command;

/// A message of this customer that the carrier has taken under this id; ours is returned.
fn taken(acme: &mut Esme, north: &mut Carrier, id: &str) -> String {
    let sequence = acme.submit("33612345678");
    north.takes(id);
    acme.accepted(sequence)
}

#[test]
fn a_late_answer_counts_for_no_other_receipt() {
    let keys = "deliver_window = 3\ndeliver_timeout = \"1s\"";
    let (house, _smsc, mut north, mut acme) = one_carrier(keys, "");
    let first = taken(&mut acme, &mut north, "n1");
    north.reports("n1", "DELIVRD", "000");
    let unanswered = acme.expect(Command::DELIVER_SM);
    let again = "deliveries_again_total";
    until("its time is over", || house.metric(again) == 1);
    let second = taken(&mut acme, &mut north, "n2");
    north.reports("n2", "UNDELIV", "001");
    let other = acme.find("the other receipt", |got| {
        got.command() == Command::DELIVER_SM && Told::read(got).id == second
    });
    acme.take(&unanswered);
    acme.alive();
    assert_eq!(house.metric("receipts_told_total"), 0);
    drop(other);
    acme.hang_up();
    // Neither was confirmed in time: both come again.
    let mut acme = house.trx("acme");
    let mut told = [acme.receipt().id, acme.receipt().id];
    told.sort();
    let mut both = [first, second];
    both.sort();
    assert_eq!(told, both);
}

#[test]
fn a_bind_that_takes_nothing_keeps_little_from_one_that_does() {
    const COUNT: usize = 200;
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "deliver_window = 2\ndeliver_timeout = \"60s\""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut north = smsc.bound();
    let _stalled = house.rx("acme");
    let (mut sender, mut quick) = (house.tx("acme"), house.rx("acme"));
    for at in 0..COUNT {
        let id = format!("n{at}");
        taken(&mut sender, &mut north, &id);
        north.reports(&id, "DELIVRD", "000");
    }
    // The stalled one holds its window, and as much again as its box has room for.
    for _ in 0..COUNT - 12 {
        quick.receipt();
    }
}

#[test]
fn a_message_without_a_verdict_holds_up_no_receipt_of_another() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", "ack = \"carrier\"\nrespond_within = \"60s\""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut north = smsc.bound();
    let (mut sender, mut reader) = (house.tx("acme"), house.rx("acme"));
    sender.submit("33600000001");
    let hangs = north.request();
    assert_eq!(hangs.sm(), message("33600000001"));
    let id = taken(&mut sender, &mut north, "n2");
    north.reports("n2", "DELIVRD", "000");
    assert_eq!(reader.receipt(), Told::new(&id, "DELIVRD", "000"));
}
