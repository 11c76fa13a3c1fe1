//! Long messages while their parts are on their way: throttled, reported early, and cut off by a
//! bind that is lost, a change of settings or the end.

use crate::support::{
    Carrier, Esme, Got, House, Smsc, Told, account, message, one_carrier, put_tlv, route,
    two_carriers, until,
};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{Sm, Tlvs};

/// Submits a text that makes so many segments.
fn submit(acme: &mut Esme, segments: usize) -> u32 {
    let mut tlvs = Vec::new();
    let text = vec![b'a'; 153 * segments];
    put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &text);
    acme.submit_sm(Sm {
        short_message: b"",
        tlvs: Tlvs::new(&tlvs),
        ..message("33612345678")
    })
}

/// The reference of a segment, and its number.
fn numbers(part: &Got) -> (u8, u8) {
    let text = part.sm().short_message.to_vec();
    (text[3], text[5])
}

fn next(north: &mut Carrier, number: u8) -> Got {
    let part = north.request();
    assert_eq!(numbers(&part).1, number);
    part
}

#[test]
fn a_throttled_part_is_sent_again_by_itself_and_not_the_whole_message() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "long = \"udh\"");
        let sequence = submit(&mut acme, 4);
        let parts: Vec<Got> = (1..=4).map(|number| next(&mut north, number)).collect();
        north.accept(&parts[0], "n-1");
        north.refuse(&parts[2], Status::ESME_RTHROTTLED);
        north.accept(&parts[1], "n-2");
        north.refuse(&parts[3], Status::ESME_RMSGQFUL);
        for number in [3, 4] {
            let part = next(&mut north, number);
            assert_eq!(numbers(&part).0, numbers(&parts[0]).0);
            north.accept(&part, &format!("n-{number}"));
        }
        let id = acme.accepted(sequence);
        for number in 1..=4 {
            north.reports(&format!("n-{number}"), "DELIVRD", "000");
        }
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(!north.has(Command::SUBMIT_SM));
        assert_eq!(house.metric("messages_under_way"), 0);
        assert_eq!(house.metric("duplicates_suspected_total"), 0);
        assert_eq!(house.metric("failovers_total"), 0);
    }
}

#[test]
fn a_message_of_which_all_parts_were_throttled_waits_in_its_place() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"");
    let sequence = submit(&mut acme, 2);
    acme.accepted(sequence);
    for number in [1, 2] {
        let part = next(&mut north, number);
        north.refuse(&part, Status::ESME_RTHROTTLED);
    }
    let later = acme.submit("33612345679");
    acme.accepted(later);
    for number in [1, 2] {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    assert_eq!(north.takes("m").sm(), message("33612345679"));
}

#[test]
fn a_part_that_is_reported_while_later_ones_are_leaving_counts() {
    for (last, told) in [("DELIVRD", "DELIVRD"), ("UNDELIV", "UNDELIV")] {
        let (house, _smsc, mut north, mut acme) =
            one_carrier("ack = \"carrier\"", "long = \"udh\"\nwindow = 1");
        let sequence = submit(&mut acme, 3);
        for number in 1..=3 {
            let part = next(&mut north, number);
            assert!(acme.so_far().is_empty());
            north.accept(&part, &format!("n-{number}"));
            let stat = if number == 2 { last } else { "DELIVRD" };
            north.reports(&format!("n-{number}"), stat, "000");
        }
        let id = acme.accepted(sequence);
        let told = Told::new(&id, told, "000");
        assert_eq!(acme.receipt(), told);
        assert!(acme.so_far().is_empty());
        assert_eq!(house.metric("messages_under_way"), 0);
        assert_eq!(house.metric("carrier_reports_parked{carrier=\"north\"}"), 0);
    }
}

#[test]
fn a_report_that_comes_after_the_end_does_not_change_what_is_told_about_it() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"");
    let sequence = submit(&mut acme, 2);
    let id = acme.accepted(sequence);
    for number in [1, 2] {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    north.reports("n-1", "UNDELIV", "001");
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "001"));
    north.reports("n-2", "DELIVRD", "000");
    let query = acme.send(&smppgate_codec::pdu::Pdu::QuerySm(
        smppgate_codec::pdu::QuerySm {
            message_id: id.as_bytes(),
            source: message("1").source,
        },
    ));
    let answer = acme.response(query);
    assert_eq!(answer.status(), Status::ESME_ROK);
    let state = answer.body()[id.len() + 1..].to_vec();
    let state = state[state.len() - 2];
    assert_eq!(state, 5, "UNDELIVERABLE");
}

#[test]
fn what_had_not_left_when_its_bind_was_lost_goes_on_with_another() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", "long = \"udh\"\nwindow = 1\nbinds = 2"),
        route("all", "via = [\"north\"]"),
    ]);
    let mut binds = [smsc.bound(), smsc.bound()];
    until("both are bound", || {
        house.metric("carrier_binds{carrier=\"north\"}") == 2
    });
    let mut acme = house.trx("acme");
    let sequence = submit(&mut acme, 3);
    let id = acme.accepted(sequence);
    let mut at = 0;
    until("the first part has left", || {
        at = usize::from(binds[1].has(Command::SUBMIT_SM));
        binds[at].has(Command::SUBMIT_SM)
    });
    let first = next(&mut binds[at], 1);
    // Its answer and the end come in one: no part is unknown, and two have not left.
    let other = 1 - at;
    binds[at].accept(&first, "n-1");
    let second = next(&mut binds[at], 2);
    binds[at].accept(&second, "n-2");
    binds[at].half_close();
    // The third may have been on its way just then.
    until("the third has left", || {
        binds[other].has(Command::SUBMIT_SM) || house.metric("outcomes_unknown_total") == 1
    });
    if house.metric("outcomes_unknown_total") == 0 {
        let third = next(&mut binds[other], 3);
        assert_eq!(numbers(&third).0, numbers(&first).0);
        binds[other].accept(&third, "n-3");
        for number in 1..=3 {
            binds[other].reports(&format!("n-{number}"), "DELIVRD", "000");
        }
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    }
}

#[test]
fn the_rest_of_a_message_waits_for_its_carrier_and_not_for_another() {
    let (house, north_smsc, south_smsc) =
        two_carriers("", "long = \"udh\"\nrate = 2", "long = \"udh\"");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let sequence = submit(&mut acme, 4);
    let id = acme.accepted(sequence);
    // The rate lets two leave at once, and the third half a second later.
    for number in [1, 2] {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    north.alive();
    north.hang_up();
    let mut north = north_smsc.bound();
    for number in [3, 4] {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    for number in 1..=4 {
        north.reports(&format!("n-{number}"), "DELIVRD", "000");
    }
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert!(!south.has(Command::SUBMIT_SM));
    assert_eq!(house.metric("duplicates_suspected_total"), 0);
}

#[test]
fn the_end_waits_for_the_parts_that_have_not_left() {
    let (mut house, _smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"\nrate = 3");
    let sequence = submit(&mut acme, 5);
    acme.accepted(sequence);
    let first = next(&mut north, 1);
    let drain = house.drain();
    north.accept(&first, "n-1");
    for number in 2..=5 {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    acme.expect(Command::UNBIND);
    let unbind = north.expect(Command::UNBIND);
    north.answer_bare(&unbind, Status::ESME_ROK);
    acme.closed();
    house.ended(drain);
}

#[test]
fn settings_that_change_do_not_cut_a_message_in_two() {
    let (mut house, smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"\nrate = 3");
    let sequence = submit(&mut acme, 5);
    let id = acme.accepted(sequence);
    let first = next(&mut north, 1);
    house.reload(&[
        account("acme", ""),
        smsc.settings("north", "long = \"udh\"\nrate = 50"),
        route("all", "via = [\"north\"]"),
    ]);
    north.accept(&first, "n-1");
    for number in 2..=5 {
        let part = next(&mut north, number);
        north.accept(&part, &format!("n-{number}"));
    }
    let unbind = north.expect(Command::UNBIND);
    north.answer_bare(&unbind, Status::ESME_ROK);
    let mut north = smsc.bound();
    for number in 1..=5 {
        north.reports(&format!("n-{number}"), "DELIVRD", "000");
    }
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
}

#[test]
fn what_is_left_of_a_refused_message_says_nothing_about_it() {
    let (house, north_smsc, south_smsc) = two_carriers("", "long = \"udh\"", "long = \"udh\"");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let sequence = submit(&mut acme, 2);
    let id = acme.accepted(sequence);
    let parts = [next(&mut north, 1), next(&mut north, 2)];
    north.accept(&parts[0], "n-1");
    north.refuse(&parts[1], Status::ESME_RSUBMITFAIL);
    for number in [1, 2] {
        let part = next(&mut south, number);
        south.accept(&part, &format!("s-{number}"));
    }
    north.reports("n-1", "DELIVRD", "000");
    assert!(acme.so_far().is_empty());
    for number in [1, 2] {
        south.reports(&format!("s-{number}"), "DELIVRD", "000");
    }
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    assert_eq!(house.metric("duplicates_suspected_total"), 1);
    assert_eq!(house.metric("reports_absorbed_total"), 1);
}
