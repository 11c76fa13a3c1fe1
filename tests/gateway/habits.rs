//! Carriers with habits: which binds they take, and how they want the fields of a message.

use crate::support::{Got, House, Smsc, Told, account, message, one_carrier, put_tlv, route};
use smppgate_codec::code::{Command, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Header, Sm, Tlvs};
use std::time::{Duration, Instant};

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
fn a_carrier_that_is_to_know_it_is_told_how_long_each_message_is_good_for() {
    let (_house, _smsc, mut north, mut acme) = one_carrier(
        "validity = \"2h\"\nmax_validity = \"3h\"",
        "tell_validity = \"always\"",
    );
    for (written, told) in [
        (&b""[..], &b"000000020000000R"[..]),
        (b"000000003000000R", b"000000003000000R"),
        (b"000002000000000R", b"000000030000000R"),
    ] {
        let sequence = acme.submit_sm(Sm {
            validity_period: written,
            ..message("33612345678")
        });
        let id = acme.accepted(sequence);
        let request = north.request();
        // At most a second of it has passed.
        let field = request.sm().validity_period.to_vec();
        assert_eq!(field.len(), told.len(), "{id}");
        let seconds = |field: &[u8]| {
            let number = |at: usize| -> u64 {
                std::str::from_utf8(&field[at..at + 2])
                    .unwrap()
                    .parse()
                    .unwrap()
            };
            number(6) * 3_600 + number(8) * 60 + number(10)
        };
        let short = seconds(told) - seconds(&field);
        assert!(short <= 1, "{short} s are missing");
        north.accept(&request, "n1");
    }
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

#[test]
fn a_throttled_link_pauses_and_keeps_the_order() {
    for (status, by_nack) in [
        (Status::ESME_RTHROTTLED, false),
        (Status::ESME_RMSGQFUL, false),
        (Status::ESME_RTHROTTLED, true),
    ] {
        let (house, _smsc, mut north, mut acme) = one_carrier("", "window = 3");
        let numbers: Vec<String> = (0..5).map(|at| format!("3360000000{at}")).collect();
        for number in &numbers {
            let sequence = acme.submit(number);
            acme.accepted(sequence);
        }
        let sent: Vec<Got> = (0..3).map(|_| north.request()).collect();
        let started = Instant::now();
        for request in sent.iter().rev() {
            if by_nack {
                let nack = Header::bare(Command::GENERIC_NACK, status, request.sequence());
                north.write(&nack.to_octets());
            } else {
                north.refuse(request, status);
            }
        }
        // What goes out again is what went out first, the wish for a receipt included.
        for number in &numbers {
            assert_eq!(north.takes("n").sm(), message(number));
        }
        assert!(started.elapsed() >= Duration::from_millis(950), "no pause");
        assert_eq!(house.metric("carrier_refused_total"), 3);
    }
}

#[test]
fn statuses_and_errors_mean_what_the_map_of_the_carrier_says() {
    let folder = std::env::temp_dir().join(format!("smppgate-maps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (statuses, errors) = (folder.join("status.csv"), folder.join("error.csv"));
    let rows = "0x401, ESME_RINVSRCADR, permanent\n0x402, , temporary\n\
                ESME_RSUBMITFAIL, , ok\nESME_RSYSERR, ESME_RINVDSTADR, permanent\n";
    std::fs::write(&statuses, rows).unwrap();
    std::fs::write(&errors, "21b, 077\n034, 500\n").unwrap();
    let keys = format!("status_map = {statuses:?}\nerror_map = {errors:?}");
    let (north_smsc, south_smsc) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", "ack = \"carrier\""),
        account("beta", ""),
        north_smsc.settings("north", &keys),
        south_smsc.settings("south", ""),
        route("all", "via = [\"north\", \"south\"]"),
    ]);
    std::fs::remove_dir_all(&folder).unwrap();
    let (mut north, mut south) = (north_smsc.bound(), south_smsc.bound());
    let (mut acme, mut beta) = (house.trx("acme"), house.trx("beta"));

    let sequence = acme.submit("33612345678");
    north.refuses(Status(0x401));
    assert_eq!(acme.refused(sequence), Status::ESME_RINVSRCADR);
    let sequence = acme.submit("33612345678");
    north.refuses(Status(0x402));
    south.takes("s-1");
    acme.accepted(sequence);
    let sequence = acme.submit("33612345678");
    north.refuses(Status::ESME_RSUBMITFAIL);
    acme.accepted(sequence);

    // In stored mode, too, nobody else is asked after a refusal that is permanent.
    let sequence = beta.submit("33612345678");
    let id = beta.accepted(sequence);
    north.refuses(Status::ESME_RSYSERR);
    assert_eq!(beta.receipt(), Told::new(&id, "UNDELIV", "011"));
    assert!(!south.has(Command::SUBMIT_SM));

    for (at, (err, told)) in [("21B", "077"), ("0034", "500"), ("7", "007"), ("x", "000")]
        .into_iter()
        .enumerate()
    {
        let sequence = beta.submit("33612345678");
        let id = beta.accepted(sequence);
        let carrier_id = format!("n-{at}");
        north.takes(&carrier_id);
        north.reports(&carrier_id, "UNDELIV", err);
        assert_eq!(beta.receipt(), Told::new(&id, "UNDELIV", told));
    }
}

#[test]
fn ids_in_another_form_find_their_message_and_the_operator_is_told() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    for (response, receipt) in [
        ("10C8F40D", "281605133"),
        ("812FC7470000001B", "9308878062554710043"),
        ("33E95179", "0870928761"),
        ("0000012345", "12345"),
        ("abcdef01", "ABCDEF01"),
        ("305419896", "12345678"),
    ] {
        let sequence = acme.submit("33612345678");
        let id = acme.accepted(sequence);
        north.takes(response);
        north.reports(receipt, "DELIVRD", "000");
        assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    }
    assert_eq!(house.metric("ids_in_another_form_total"), 6);
    // About another number it is another message.
    let sequence = acme.submit("33612345679");
    acme.accepted(sequence);
    north.takes("1a");
    north.reports("26", "DELIVRD", "000");
    assert!(acme.so_far().is_empty());
    assert_eq!(house.metric("ids_in_another_form_total"), 6);
}

#[test]
fn ids_are_compared_as_the_settings_of_the_carrier_say() {
    let keys = "message_id = { response = \"hex\", receipt = \"decimal\" }";
    let (house, _smsc, mut north, mut acme) = one_carrier("", keys);
    let mut ids = Vec::new();
    for response in ["1a", "26"] {
        let sequence = acme.submit("33612345678");
        ids.push(acme.accepted(sequence));
        north.takes(response);
    }
    north.reports("38", "UNDELIV", "001");
    assert_eq!(acme.receipt(), Told::new(&ids[1], "UNDELIV", "001"));
    north.reports("26", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&ids[0], "DELIVRD", "000"));
    assert_eq!(house.metric("ids_in_another_form_total"), 0);
}

#[test]
fn the_carriers_of_a_group_share_its_window() {
    let (one, other) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", ""),
        one.settings("one", "group = \"both\""),
        other.settings("other", "group = \"both\""),
        "[[group]]\nname = \"both\"\nwindow = 3\n".to_owned(),
        "[[route]]\nname = \"a\"\nto = [\"331\"]\nvia = [\"one\"]\n".to_owned(),
        "[[route]]\nname = \"b\"\nto = [\"332\"]\nvia = [\"other\"]\n".to_owned(),
    ]);
    let (mut one, mut other) = (one.bound(), other.bound());
    let mut acme = house.trx("acme");
    for _ in 0..3 {
        let sequence = acme.submit("33112345678");
        acme.accepted(sequence);
    }
    let requests: Vec<Got> = (0..3).map(|_| one.request()).collect();
    for _ in 0..2 {
        let sequence = acme.submit("33212345678");
        acme.accepted(sequence);
    }
    assert!(!other.has(Command::SUBMIT_SM), "the window is shared");
    one.accept(&requests[0], "a-1");
    other.request();
    assert!(!other.has(Command::SUBMIT_SM), "only one place was free");
    // A bind that is lost gives its places back.
    one.hang_up();
    other.request();
}

#[test]
fn a_group_whose_window_is_never_answered_goes_on_with_a_new_bind() {
    let smsc = Smsc::open();
    let keys = "group = \"both\"\nresponse_timeout = \"1s\"";
    let house = House::open(&[
        account("acme", "unknown_outcome = \"hold\""),
        smsc.settings("one", keys),
        "[[group]]\nname = \"both\"\nwindow = 1\n".to_owned(),
        route("all", "via = [\"one\"]"),
    ]);
    let mut one = smsc.bound();
    let mut acme = house.trx("acme");
    for number in ["33112345678", "33212345678"] {
        let sequence = acme.submit(number);
        acme.accepted(sequence);
    }
    one.request();
    assert!(!one.has(Command::SUBMIT_SM), "the window is full");
    // Nobody ever answers it, and the window of the bind itself has room.
    let mut again = smsc.bound();
    assert_eq!(again.takes("b-1").sm(), message("33212345678"));
}

#[test]
fn the_carriers_of_a_group_share_its_rate() {
    let (one, other) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", ""),
        one.settings("one", "group = \"both\"\nwindow = 100"),
        other.settings("other", "group = \"both\"\nwindow = 100"),
        "[[group]]\nname = \"both\"\nrate = 10\n".to_owned(),
        "[[route]]\nname = \"a\"\nto = [\"331\"]\nvia = [\"one\"]\n".to_owned(),
        "[[route]]\nname = \"b\"\nto = [\"332\"]\nvia = [\"other\"]\n".to_owned(),
    ]);
    let (mut one, mut other) = (one.bound(), other.bound());
    let mut acme = house.trx("acme");
    let started = Instant::now();
    for _ in 0..8 {
        acme.submit("33112345678");
        acme.submit("33212345678");
    }
    for _ in 0..8 {
        one.takes("a");
        other.takes("b");
    }
    // Ten at once, and ten a second from then on.
    assert!(started.elapsed() >= Duration::from_millis(500));
}

#[test]
fn who_hears_of_failures_alone_hears_of_them_from_a_carrier_that_is_asked_as_asked() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "receipts = \"as-asked\"");
    for (asked, wanted) in [(0, 0), (1, 1), (2, 1), (3, 1), (0x12, 0x11)] {
        let sequence = acme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(asked),
            ..message("33612345678")
        });
        acme.accepted(sequence);
        let id = format!("n{asked}");
        let request = north.takes(&id);
        assert_eq!(request.sm().registered_delivery.0, wanted, "{asked}");
        if asked & 3 == 2 {
            // A silence that lasted for two days would be told as UNKNOWN.
            north.reports(&id, "DELIVRD", "000");
            assert!(acme.so_far().is_empty());
        }
    }
    assert_eq!(house.metric("delivered_total"), 3);
}
