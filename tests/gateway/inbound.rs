//! What phones write, and which customer gets it.

use crate::support::{House, Smsc, account, message, one_carrier, until};
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Data, Pdu, Sm, Tlvs};

/// A message from a phone to this number.
fn from_phone(to: &[u8]) -> Sm<'_> {
    Sm {
        source: Address::new(1, 1, b"33612345678"),
        destination: Address::new(0, 1, to),
        short_message: b"STOP",
        ..Sm::default()
    }
}

#[test]
fn a_message_from_a_phone_reaches_its_customer_unchanged() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let binary: Vec<u8> = (0..=254).collect();
    let plain = from_phone(b"36034");
    for sm in [
        plain,
        Sm {
            short_message: &binary,
            data_coding: DataCoding(4),
            ..plain
        },
        Sm {
            esm_class: EsmClass(0x40),
            short_message: b"\x05\x00\x03\x07\x02\x01caf\x00\xC3",
            ..plain
        },
        Sm {
            service_type: b"USSD",
            protocol_id: 0x20,
            priority_flag: 9,
            registered_delivery: RegisteredDelivery(0x0C),
            replace_if_present_flag: 1,
            sm_default_msg_id: 3,
            tlvs: Tlvs::new(b"\x05\x01\x00\x01\x02\x14\x00\x00\x00\x14\x00\x00\x01z\xFF"),
            ..plain
        },
        // An acknowledgement by the phone's user is a message from a phone.
        Sm {
            esm_class: EsmClass(0x10),
            ..plain
        },
        // What looks like a receipt and is flagged as none could be anybody's words.
        Sm {
            short_message: b"id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:",
            ..plain
        },
    ] {
        let sequence = north.send(&Pdu::DeliverSm(sm));
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
        let got = acme.delivery();
        assert_eq!(got.command(), Command::DELIVER_SM);
        let mut expected = Vec::new();
        sm.put(&mut expected);
        assert_eq!(got.body(), expected);
    }
}

#[test]
fn what_a_carrier_writes_against_the_specification_is_passed_on() {
    for keys in ["", "reassemble = true"] {
        let (_house, _smsc, mut north, mut acme) = one_carrier(keys, "");
        let plain = from_phone(b"36034");
        let coded = |data_coding, short_message| Sm {
            data_coding: DataCoding(data_coding),
            short_message,
            ..plain
        };
        let with_header = |short_message| Sm {
            esm_class: EsmClass(EsmClass::UDHI),
            short_message,
            ..plain
        };
        for sm in [
            // A header that is longer than the text, and one of no length.
            with_header(b"\x09abc"),
            with_header(b"\x00abc"),
            // No source, and a name that is said to be a number.
            Sm {
                source: Address::default(),
                ..plain
            },
            Sm {
                source: Address::new(1, 1, b"My-Brand"),
                ..plain
            },
            // GSM octets that are said to be ASCII or Latin-1, UTF-16 that is said to be GSM, and
            // UTF-16 with the low octet first.
            coded(1, b"\x00\x1B\x65"),
            coded(3, b"\x00\x1B\x65"),
            coded(0, b"\x00S\x00T"),
            coded(8, b"\xFF\xFES\x00"),
        ] {
            let sequence = north.send(&Pdu::DeliverSm(sm));
            assert_eq!(north.answered(sequence), Status::ESME_ROK);
            let mut expected = Vec::new();
            sm.put(&mut expected);
            assert_eq!(acme.delivery().body(), expected);
        }
    }
}

#[test]
fn a_data_sm_from_a_phone_reaches_its_customer_as_a_data_sm() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let data = Data {
        source: Address::new(1, 1, b"33612345678"),
        destination: Address::new(0, 1, b"36034"),
        esm_class: EsmClass(0x40),
        data_coding: DataCoding(8),
        tlvs: Tlvs::new(b"\x04\x24\x00\x06\x02\x70\x00\x00\x00h\x14\x00\x00\x01z"),
        ..Data::default()
    };
    let sequence = north.send(&Pdu::DataSm(data));
    let response = north.find("the response", |got| got.sequence() == sequence);
    assert_eq!(response.command(), Command::DATA_SM_RESP);
    assert_eq!(response.status(), Status::ESME_ROK);
    let got = acme.delivery();
    assert_eq!(got.command(), Command::DATA_SM);
    assert_eq!(got.data(), data);
}

#[test]
fn the_response_to_a_carrier_holds_exactly_one_nul() {
    let (_house, _smsc, mut north, _acme) = one_carrier("", "");
    let sequence = north.send(&Pdu::DeliverSm(from_phone(b"36034")));
    let response = north.find("the response", |got| got.sequence() == sequence);
    assert_eq!(response.command(), Command::DELIVER_SM_RESP);
    assert_eq!(response.body(), b"\0");
}

#[test]
fn a_message_from_a_phone_waits_for_a_customer_that_is_away() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    acme.unbind();
    acme.closed();
    let texts: Vec<String> = (0..30).map(|at| format!("message {at}")).collect();
    for text in &texts {
        let sequence = north.deliver(0, text.as_bytes(), b"");
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
    }
    let waiting = "account_deliveries_waiting{account=\"acme\"}";
    assert_eq!(house.metric(waiting), 30);
    let mut acme = house.trx("acme");
    for text in &texts {
        assert_eq!(acme.delivery().sm().short_message, text.as_bytes());
    }
    until("nothing waits", || house.metric(waiting) == 0);
}

#[test]
fn a_message_that_no_rule_is_for_is_taken_and_kept_as_a_dead_letter() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = north.send(&Pdu::DeliverSm(from_phone(b"99999")));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    assert!(acme.so_far().is_empty());
    assert_eq!(house.metric("inbound_unrouted_total"), 1);
    assert_eq!(house.metric("dead_letters_total"), 1);
}

#[test]
fn each_number_and_each_carrier_has_its_customer() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", ""),
        account("beta", ""),
        account("gamma", ""),
        north.settings("north", ""),
        south.settings("south", ""),
        "[[inbound]]\ncarrier = \"south\"\naccount = \"gamma\"\n\
         [[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n\
         [[inbound]]\nto = [\"36034\"]\ncarrier = \"south\"\naccount = \"beta\"\n"
            .to_owned(),
    ]);
    let (mut north, mut south) = (north.bound(), south.bound());
    let mut acme = house.trx("acme");
    let mut beta = house.trx("beta");
    let mut gamma = house.trx("gamma");
    north.send(&Pdu::DeliverSm(from_phone(b"36034")));
    assert_eq!(acme.delivery().sm().destination.digits, b"36034");
    south.send(&Pdu::DeliverSm(from_phone(b"36034")));
    assert_eq!(beta.delivery().sm().destination.digits, b"36034");
    south.send(&Pdu::DeliverSm(from_phone(b"555")));
    assert_eq!(gamma.delivery().sm().destination.digits, b"555");
    north.send(&Pdu::DeliverSm(from_phone(b"555")));
    north.alive();
    assert_eq!(house.metric("inbound_unrouted_total"), 1);
    for esme in [&mut acme, &mut beta, &mut gamma] {
        assert!(esme.so_far().is_empty());
    }
}

#[test]
fn any_receiver_of_the_customer_may_be_given_a_message_and_only_one_is() {
    let (house, _smsc, mut north, acme) = one_carrier("", "");
    drop(acme);
    let mut sender = house.tx("acme");
    let mut readers = [house.rx("acme"), house.rx("acme")];
    for at in 0..20 {
        let text = format!("message {at}");
        let sequence = north.deliver(0, text.as_bytes(), b"");
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
    }
    until("all have been taken", || {
        for reader in &mut readers {
            while let Some(got) = reader.within(std::time::Duration::from_millis(5)) {
                reader.take(&got);
            }
        }
        house.metric("messages_told_total") == 20
    });
    assert!(sender.so_far().is_empty());
}

#[test]
fn what_a_carrier_sends_and_nobody_can_read_is_refused_and_costs_nothing_else() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut broken = Vec::new();
    from_phone(b"36034").put(&mut broken);
    broken.truncate(12);
    let mut pdu = vec![0, 0, 0, 16 + 12, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 3, 9];
    pdu.extend_from_slice(&broken);
    north.write(&pdu);
    assert_eq!(north.answered(0x309), Status::ESME_RINVCMDLEN);
    // A carrier has nothing to submit to us.
    let sequence = north.send(&Pdu::SubmitSm(message("33612345678")));
    assert_eq!(north.answered(sequence), Status::ESME_RINVBNDSTS);
    let sequence = north.send(&Pdu::DeliverSm(from_phone(b"36034")));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    acme.delivery();
}

#[test]
fn a_message_from_a_phone_on_a_transmitter_bind_is_taken_all_the_same() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "bind = \"transmitter\"");
    let sequence = north.deliver(0, b"STOP", b"");
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    assert_eq!(acme.delivery().sm().short_message, b"STOP");
}

#[test]
fn a_long_text_from_a_phone_comes_in_message_payload() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut tlvs = Vec::new();
    crate::support::put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &[b'x'; 40_000]);
    let sequence = north.deliver(0, b"", &tlvs);
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
    assert_eq!(acme.delivery().sm().tlvs.octets(), tlvs);
}

#[test]
fn what_the_user_of_a_phone_acknowledges_travels_as_messages_both_ways() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    // The customer asks for a delivery and a manual acknowledgement, and for a receipt or none.
    for asked in [0x0C, 0x0D, 0x04, 0x08] {
        let sequence = acme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(asked),
            ..message("33612345678")
        });
        let request = north.takes("n1");
        acme.accepted(sequence);
        assert_eq!(request.sm().registered_delivery.0, asked | 1);
    }
    // It comes back from the phone, with the words of its user, and is no receipt.
    for esm_class in [0x08, 0x10, 0x18] {
        let sequence = north.deliver(esm_class, b"yes", b"");
        let delivery = acme.delivery();
        assert_eq!(delivery.sm().esm_class.0, esm_class);
        assert_eq!(delivery.sm().short_message, b"yes");
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
    }
    assert_eq!(house.metric("reports_total"), 0);
    assert_eq!(house.metric("inbound_total"), 3);
}

#[test]
fn what_a_phone_writes_comes_in_the_alphabet_of_the_account() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("alphabet = \"latin1\"", "");
    for (written, coding, told) in [
        (&b"\0\x7B\x1B\x3C"[..], 0, &b"@\xE4["[..]),
        (b"\x1B\x65", 8, b"\x20\xAC"),
    ] {
        let sequence = north.deliver(0, written, &[]);
        assert_eq!(north.answered(sequence), Status::ESME_ROK);
        let delivery = acme.delivery();
        assert_eq!(delivery.sm().short_message, told);
        assert_eq!(delivery.sm().data_coding, DataCoding(coding));
    }
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "alphabet = \"latin1\"");
    north.deliver(0, b"@\xE4[", &[]);
    assert_eq!(acme.delivery().sm().short_message, b"\0\x7B\x1B\x3C");
}

#[test]
fn the_first_word_of_a_message_decides_and_its_other_segments_follow() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        account("stop", ""),
        smsc.settings("north", ""),
        "[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned(),
        "[[inbound]]\nto = [\"36034\"]\nkeyword = \"Stop\"\naccount = \"stop\"\n".to_owned(),
    ]);
    let mut north = smsc.bound();
    let (mut acme, mut stop) = (house.trx("acme"), house.trx("stop"));
    north.deliver(0, b"STOP it", &[]);
    assert_eq!(stop.delivery().sm().short_message, b"STOP it");
    north.deliver(0, b"Please stop", &[]);
    assert_eq!(acme.delivery().sm().short_message, b"Please stop");
    let segments: [&[u8]; 3] = [
        b"\x05\0\x03\x07\x03\x01Stop writing",
        b"\x05\0\x03\x07\x03\x02to me and",
        b"\x05\0\x03\x07\x03\x03stop now",
    ];
    for segment in segments {
        north.deliver(0x40, segment, &[]);
        assert_eq!(stop.delivery().sm().short_message, segment);
    }
    // Another message of the same phone whose first segment says nothing of it.
    north.deliver(0x40, b"\x05\0\x03\x08\x02\x01Hello", &[]);
    acme.delivery();
    north.deliver(0x40, b"\x05\0\x03\x08\x02\x02stop", &[]);
    acme.delivery();
    assert!(stop.so_far().is_empty());
}
