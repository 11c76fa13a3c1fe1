//! Long messages that leave in segments, and what their receipts make of them; and alphabets.

use crate::support::{
    Carrier, Esme, Got, House, Smsc, Told, account, message, one_carrier, put_tlv, route,
    two_carriers, until,
};
use smppgate::moment::Moment;
use smppgate_codec::code::{Command, DataCoding, EsmClass, Status, Tag};
use smppgate_codec::pdu::{CancelSm, Data, Pdu, Sm, Tlvs};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Submits a text of 307 septets as message_payload, which makes three segments.
fn submit_long(acme: &mut Esme) -> u32 {
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &[b'a'; 307]);
    acme.submit_sm(Sm {
        short_message: b"",
        tlvs: Tlvs::new(&tlvs),
        ..message("33612345678")
    })
}

fn three(north: &mut Carrier) -> Vec<Got> {
    (0..3).map(|_| north.request()).collect()
}

#[test]
fn a_long_message_leaves_in_segments_and_has_one_response_and_one_receipt() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, _smsc, mut north, mut acme) = one_carrier(mode, "long = \"udh\"");
        let sequence = submit_long(&mut acme);
        let parts = three(&mut north);
        for (at, part) in parts.iter().enumerate() {
            let sm = part.sm();
            assert!(sm.esm_class.has_udh());
            assert_eq!(sm.registered_delivery.0, 1);
            assert_eq!(&sm.short_message[4..6], &[3, at as u8 + 1]);
            assert_eq!(sm.tlvs.find(Tag::MESSAGE_PAYLOAD), None);
        }
        for (at, part) in parts.iter().enumerate() {
            north.accept(part, &format!("n-{at}"));
        }
        let id = acme.accepted(sequence);
        north.reports("n-1", "DELIVRD", "000");
        north.reports("n-0", "DELIVRD", "000");
        // A repetition counts for nothing.
        north.reports("n-0", "DELIVRD", "000");
        assert!(acme.so_far().is_empty(), "one part is on its way");
        north.reports("n-2", "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        assert!(acme.so_far().is_empty());
        assert_eq!(house.metric("messages_under_way"), 0);
        assert_eq!(house.metric("reports_absorbed_total"), 1);
    }
}

#[test]
fn a_long_message_has_failed_when_one_segment_has() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "long = \"sar\"");
    let sequence = submit_long(&mut acme);
    let id = acme.accepted(sequence);
    for (at, part) in three(&mut north).iter().enumerate() {
        assert_eq!(part.tlv(Tag::SAR_SEGMENT_SEQNUM), Some(vec![at as u8 + 1]));
        north.accept(part, &format!("n-{at}"));
    }
    north.reports("n-0", "DELIVRD", "000");
    north.reports("n-1", "UNDELIV", "007");
    north.reports("n-2", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "007"));
    assert!(acme.so_far().is_empty());
}

#[test]
fn one_receipt_speaks_for_all_segments_where_the_carrier_sends_but_one() {
    for (policy, first, told) in [("any", 1, "n-1"), ("last", 2, "n-2")] {
        let keys = format!("long = \"udh\"\nsegment_receipts = \"{policy}\"");
        let (house, _smsc, mut north, mut acme) = one_carrier("", &keys);
        let sequence = submit_long(&mut acme);
        let id = acme.accepted(sequence);
        for (at, part) in three(&mut north).iter().enumerate() {
            north.accept(part, &format!("n-{at}"));
        }
        if policy == "last" {
            north.reports("n-0", "UNDELIV", "001");
            assert!(acme.so_far().is_empty());
        }
        north.reports(told, "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
        for other in (0..3).filter(|at| *at != first) {
            north.reports(&format!("n-{other}"), "DELIVRD", "000");
        }
        assert!(acme.so_far().is_empty());
        assert_eq!(house.metric("reports_unmatched_total"), 0);
    }
}

#[test]
fn what_is_not_sent_of_a_message_stays_here_once_a_segment_is_refused() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (_house, _smsc, mut north, mut acme) = one_carrier(mode, "long = \"udh\"\nwindow = 1");
        let sequence = submit_long(&mut acme);
        north.takes("n-0");
        north.refuses(Status::ESME_RINVDSTADR);
        if mode.contains("stored") {
            let id = acme.accepted(sequence);
            assert_eq!(acme.receipt(), Told::new(&id, "UNDELIV", "011"));
        } else {
            assert_eq!(acme.refused(sequence), Status::ESME_RINVDSTADR);
        }
        let sequence = acme.submit("33612345679");
        assert_eq!(north.takes("m").sm(), message("33612345679"));
        acme.accepted(sequence);
        assert!(!north.has(Command::SUBMIT_SM));
    }
}

#[test]
fn segments_follow_each_other_through_a_narrow_window_and_a_slow_rate() {
    let (_house, _smsc, mut north, mut acme) =
        one_carrier("", "long = \"udh\"\nwindow = 2\nrate = 20");
    for _ in 0..3 {
        submit_long(&mut acme);
    }
    let mut order = Vec::new();
    for at in 0..9 {
        let part = north.takes(&format!("n-{at}"));
        let sm = part.sm();
        order.push((sm.short_message[3], sm.short_message[5]));
    }
    let numbers: Vec<u8> = order.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    assert!(order.chunks(3).all(|three| three[0].0 == three[2].0));
    assert_ne!(
        order[0].0, order[3].0,
        "each message has a number of its own"
    );
}

#[test]
fn a_bind_that_is_lost_leaves_a_message_in_parts_unknown() {
    let (house, _smsc, mut north, mut acme) = one_carrier("ack = \"carrier\"", "long = \"udh\"");
    let sequence = submit_long(&mut acme);
    let parts = three(&mut north);
    north.accept(&parts[0], "n-0");
    north.alive();
    north.hang_up();
    acme.accepted(sequence);
    assert_eq!(house.metric("outcomes_unknown_total"), 1);
}

#[test]
fn a_text_leaves_in_the_alphabet_of_the_carrier() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "alphabet = \"latin1\"");
    for (written, coding, left) in [
        (&b"\x00\x7B\x1B\x3C"[..], 0, &b"@\xE4["[..]),
        (b"\x1B\x65", 8, b"\x20\xAC"),
    ] {
        let sequence = acme.submit_sm(Sm {
            short_message: written,
            ..message("33612345678")
        });
        acme.accepted(sequence);
        let request = north.takes("n");
        assert_eq!(request.sm().short_message, left);
        assert_eq!(request.sm().data_coding, DataCoding(coding));
    }
}

/// Submits three segments that the customer has cut itself.
fn submit_segments(acme: &mut Esme, reference: u8) -> Vec<u32> {
    let segment = |number| {
        let text = [5, 0, 3, reference, 3, number, b'a'];
        acme.submit_sm(Sm {
            esm_class: EsmClass(0x40),
            short_message: &text,
            ..message("33612345678")
        })
    };
    (1..=3).map(segment).collect()
}

#[test]
fn one_receipt_speaks_for_the_segments_that_a_customer_has_cut_as_well() {
    for (policy, told) in [("any", "n-0"), ("last", "n-2")] {
        let keys = format!("segment_receipts = \"{policy}\"");
        let (house, _smsc, mut north, mut acme) = one_carrier("", &keys);
        for (reference, stat) in [(1, "DELIVRD"), (2, "UNDELIV")] {
            let sequences = submit_segments(&mut acme, reference);
            let mut ids: Vec<String> = Vec::new();
            for sequence in sequences {
                ids.push(acme.accepted(sequence));
            }
            for (at, part) in three(&mut north).iter().enumerate() {
                north.accept(part, &format!("{told}{reference}{at}")[..]);
            }
            let spoken = match policy {
                "any" => format!("{told}{reference}0"),
                _ => format!("{told}{reference}2"),
            };
            north.reports(&spoken, stat, "000");
            let mut receipts: Vec<Told> = (0..3).map(|_| acme.receipt()).collect();
            receipts.sort_by(|one, other| one.id.cmp(&other.id));
            ids.sort();
            let expected: Vec<Told> = ids.iter().map(|id| Told::new(id, stat, "000")).collect();
            assert_eq!(receipts, expected);
        }
        assert!(acme.so_far().is_empty());
        assert_eq!(house.metric("messages_under_way"), 0);
    }
}

#[test]
fn a_segment_whose_response_comes_after_the_receipt_for_all_is_told_as_well() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "segment_receipts = \"any\"");
    for sequence in submit_segments(&mut acme, 1) {
        acme.accepted(sequence);
    }
    let parts = three(&mut north);
    north.accept(&parts[0], "n-0");
    north.reports("n-0", "DELIVRD", "000");
    north.accept(&parts[1], "n-1");
    north.accept(&parts[2], "n-2");
    let receipts: Vec<String> = (0..3).map(|_| acme.receipt().stat).collect();
    assert_eq!(receipts, ["DELIVRD"; 3]);
}

#[test]
fn a_carrier_of_an_older_version_gets_no_parameters_and_no_data_sm() {
    let keys = "interface_version = 0x33\nbind = \"pair\"";
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", keys),
        route("all", "via = [\"north\"]"),
    ]);
    let mut binds = [smsc.bound(), smsc.bound()];
    until("both are bound", || {
        house.metric("carrier_binds{carrier=\"north\"}") == 2
    });
    let mut acme = house.trx("acme");
    let tlvs = |tag, value: &[u8]| {
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, tag, value);
        tlvs
    };
    let reference = tlvs(Tag::USER_MESSAGE_REFERENCE, &[0, 7]);
    let payload = tlvs(Tag::MESSAGE_PAYLOAD, b"hello");
    let long = tlvs(Tag::MESSAGE_PAYLOAD, &[b'a'; 307]);
    let plain = Sm {
        tlvs: Tlvs::new(&reference),
        ..message("33612345678")
    };
    acme.submit_sm(plain);
    acme.send(&Pdu::DataSm(Data {
        source: plain.source,
        destination: plain.destination,
        tlvs: Tlvs::new(&payload),
        ..Data::default()
    }));
    acme.submit_sm(Sm {
        short_message: b"",
        tlvs: Tlvs::new(&long),
        ..message("33612345678")
    });
    let north = match binds[0].has(Command::SUBMIT_SM) {
        true => &mut binds[0],
        false => &mut binds[1],
    };
    let mut texts = Vec::new();
    for at in 0..5 {
        let request = north.takes(&format!("n-{at}"));
        assert_eq!(request.command(), Command::SUBMIT_SM);
        assert!(request.sm().tlvs.octets().is_empty());
        texts.push(request.sm().short_message.len());
    }
    assert_eq!(texts, [plain.short_message.len(), 5, 159, 159, 7]);
}

#[test]
fn a_message_of_which_not_all_is_reported_ends_as_unknown() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"");
    let mut ids = Vec::new();
    let sequence = submit_long(&mut acme);
    ids.push(acme.accepted(sequence));
    for (at, part) in three(&mut north).iter().enumerate() {
        north.accept(part, &format!("n-{at}"));
    }
    north.reports("n-0", "DELIVRD", "000");
    // And one whose carrier has named no id.
    let sequence = acme.submit("33612345678");
    ids.push(acme.accepted(sequence));
    let request = north.request();
    north.answer_bare(&request, Status::ESME_ROK);
    north.alive();
    assert!(acme.so_far().is_empty());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Moment(since.as_micros() as u64) + Duration::from_secs(48 * 3_600 + 60);
    let board = house.gateway().board();
    let mut clerk = board.clerk();
    (0..board.ledger.shards()).for_each(|turn| clerk.sweep(turn, now));
    let mut told = [acme.receipt(), acme.receipt()];
    told.sort_by_key(|told| ids.iter().position(|id| *id == told.id));
    for (told, id) in told.iter().zip(&ids) {
        assert_eq!(told, &Told::new(id, "UNKNOWN", "000"));
    }
}

#[test]
fn a_segment_without_room_for_a_header_keeps_its_parameters() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "long = \"udh\"");
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::SAR_MSG_REF_NUM, &[0, 7]);
    put_tlv(&mut tlvs, Tag::SAR_TOTAL_SEGMENTS, &[2]);
    put_tlv(&mut tlvs, Tag::SAR_SEGMENT_SEQNUM, &[1]);
    for (length, by_header) in [(153, true), (154, false), (160, false)] {
        let text = vec![b'x'; length];
        let sequence = acme.submit_sm(Sm {
            short_message: &text,
            tlvs: Tlvs::new(&tlvs),
            ..message("33612345678")
        });
        acme.accepted(sequence);
        let request = north.takes("n");
        let sm = request.sm();
        assert_eq!(sm.esm_class.has_udh(), by_header, "{length}");
        assert!(sm.short_message.ends_with(&text));
        let seqnum = sm.tlvs.find(Tag::SAR_SEGMENT_SEQNUM);
        assert_eq!(seqnum.is_none(), by_header, "{length}");
    }
}

#[test]
fn segments_that_a_customer_has_cut_leave_whole_for_a_carrier_that_wants_that() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "long = \"payload\"");
    for (verdict, stat) in [
        (None, "DELIVRD"),
        (None, "UNDELIV"),
        (Some(Status::ESME_RINVDSTADR), "UNDELIV"),
    ] {
        let mut ids: Vec<String> = Vec::new();
        for sequence in submit_segments(&mut acme, 9) {
            ids.push(acme.accepted(sequence));
        }
        let request = north.request();
        assert_eq!(request.sm().user_data(), b"aaa");
        assert!(!request.sm().esm_class.has_udh());
        match verdict {
            Some(status) => north.refuse(&request, status),
            None => {
                north.accept(&request, "n-1");
                north.reports("n-1", stat, "000");
            }
        }
        let mut told: Vec<String> = Vec::new();
        for _ in 0..3 {
            let receipt = acme.receipt();
            assert_eq!(receipt.stat, stat);
            told.push(receipt.id);
        }
        told.sort();
        ids.sort();
        assert_eq!(told, ids);
        assert_eq!(house.metric("messages_under_way"), 0);
    }
    assert!(!north.has(Command::SUBMIT_SM));
}

#[test]
fn segments_that_were_throttled_leave_whole_again() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "long = \"payload\"");
    for sequence in submit_segments(&mut acme, 9) {
        acme.accepted(sequence);
    }
    let request = north.request();
    north.refuse(&request, Status::ESME_RTHROTTLED);
    let request = north.request();
    assert_eq!(request.sm().user_data(), b"aaa");
    north.accept(&request, "n-1");
    north.reports("n-1", "DELIVRD", "000");
    (0..3).for_each(|_| assert_eq!(acme.receipt().stat, "DELIVRD"));
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn of_segments_that_were_to_leave_whole_one_was_told_that_it_had_expired_and_the_others_nothing() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "long = \"payload\"\nwindow = 1");
    let sequence = acme.submit("33600000001");
    acme.accepted(sequence);
    // Until this is answered nothing else leaves.
    let first = north.request();
    for seqnum in 1..=3 {
        let sequence = acme.submit_sm(Sm {
            esm_class: EsmClass(0x40),
            short_message: &[5, 0, 3, 9, 3, seqnum, b'a'],
            validity_period: b"000000000001000R",
            ..message("33612345678")
        });
        acme.accepted(sequence);
    }
    (0..3).for_each(|_| assert_eq!(acme.receipt().stat, "EXPIRED"));
    north.accept(&first, "n-1");
    north.reports("n-1", "DELIVRD", "000");
    assert_eq!(acme.receipt().stat, "DELIVRD");
    assert!(!north.has(Command::SUBMIT_SM));
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn segments_go_to_the_next_carrier_as_that_wants_them() {
    let (house, north_smsc, south_smsc) = two_carriers("", "long = \"payload\"", "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    for sequence in submit_segments(&mut acme, 9) {
        acme.accepted(sequence);
    }
    north.refuses(Status::ESME_RSUBMITFAIL);
    for (at, part) in three(&mut south).iter().enumerate() {
        assert_eq!(part.sm().short_message[5], at as u8 + 1);
        south.accept(part, &format!("s-{at}"));
    }
    for at in 0..3 {
        south.reports(&format!("s-{at}"), "DELIVRD", "000");
        assert_eq!(acme.receipt().stat, "DELIVRD");
    }
    assert_eq!(house.metric("messages_under_way"), 0);
}

#[test]
fn a_segment_whose_others_do_not_come_leaves_as_it_is_and_in_carrier_mode_at_once() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "long = \"payload\"");
    let segment = |acme: &mut Esme| {
        acme.submit_sm(Sm {
            esm_class: EsmClass(0x40),
            short_message: b"\x05\0\x03\x09\x03\x01a",
            ..message("33612345678")
        })
    };
    let sequence = segment(&mut acme);
    let id = acme.accepted(sequence);
    // It cannot be taken back any more, like one that has left.
    let cancel = acme.send(&Pdu::CancelSm(CancelSm {
        message_id: id.as_bytes(),
        source: message("1").source,
        ..CancelSm::default()
    }));
    assert_eq!(acme.response(cancel).status(), Status::ESME_RCANCELFAIL);
    let request = north.request();
    assert_eq!(request.sm().short_message, b"\x05\0\x03\x09\x03\x01a");
    north.accept(&request, "n-1");
    north.reports("n-1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    let (_house, _smsc, mut north, mut acme) =
        one_carrier("ack = \"carrier\"", "long = \"payload\"");
    let sequence = segment(&mut acme);
    north.takes("n-1");
    acme.accepted(sequence);
}

#[test]
fn segments_that_wait_for_each_other_go_elsewhere_when_their_carrier_goes() {
    let (house, north_smsc, south_smsc) = two_carriers("", "long = \"payload\"", "");
    let (mut north, mut south) = house.both_bound(&north_smsc, &south_smsc);
    let mut acme = house.trx("acme");
    let sequence = acme.submit_sm(Sm {
        esm_class: EsmClass(0x40),
        short_message: b"\x05\0\x03\x09\x03\x01a",
        ..message("33612345678")
    });
    acme.accepted(sequence);
    north.alive();
    north.hang_up();
    let request = south.request();
    assert_eq!(request.sm().short_message, b"\x05\0\x03\x09\x03\x01a");
}
