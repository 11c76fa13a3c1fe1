//! `probe`: finds each habit of a simulated carrier, and says which key to set.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use smppgate::rig::carrier::{
    Behaviour, Carriage, Carrier, Dates, IdForm, Parameters, ReceiptAlphabet, Repeats,
    SegmentReceipts, Settings, Shape, Throttle, Wording,
};
use smppgate::rig::chance::Law;
use smppgate::rig::esme::{Esme, Login};
use smppgate::rig::tls::ServerTls;
use smppgate_codec::code::{Command, EsmClass, MessageState, RegisteredDelivery, Status};
use smppgate_codec::pdu::{Address, Sm};

use super::authority::Authority;
use super::{code, err, out, scratch, sentence, smppgate};

/// What the probe prints about a carrier that behaves like this.
fn probe(name: &str, bind: &str, behaviour: Behaviour) -> String {
    let carrier = Carrier::spawn(Settings {
        password: Some("secret".into()),
        behaviour,
        ..Settings::default()
    })
    .unwrap();
    let address = format!("address = \"{}\"", carrier.address());
    let told = asked(name, &format!("{address}\nbind = \"{bind}\""));
    assert_eq!(code(&told), 0, "{name}: {}{}", err(&told), out(&told));
    out(&told).to_owned()
}

/// What the probe says of a carrier with these keys.
fn asked(name: &str, keys: &str) -> Output {
    let config = format!(
        "[gateway]\ndata_dir = \"data\"\njournal = \"memory\"\n\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:2775\"\n\
         [[account]]\nsystem_id = \"acme\"\npassword = \"secret\"\n\
         [[carrier]]\nname = \"north\"\nsystem_id = \"us\"\npassword = \"secret\"\n{keys}\n\
         [[route]]\nname = \"all\"\nvia = [\"north\"]\n"
    );
    let config = scratch(&format!("probe-{name}.toml"), config.as_bytes());
    let args = [
        "probe",
        "--config",
        config.to_str().unwrap(),
        "--carrier",
        "north",
    ];
    smppgate(
        &[&args[..], &["--to", "+33612345678", "--wait", "2s"]].concat(),
        "",
    )
}

#[track_caller]
fn says(told: &str, words: &[&str]) {
    for words in words {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn a_carrier_by_the_book_needs_no_keys_but_those_that_say_so() {
    let told = probe("book", "transceiver", Behaviour::default());
    says(
        &told,
        &[
            "# 6 messages were sent, 6 accepted, 6 receipts came",
            "message_id = { response = \"literal\", receipt = \"literal\" }",
            "segment_receipts = \"each\"",
            "timezone = \"UTC\"",
            "enquire_link is answered",
            "with receipted_message_id",
            "none was throttled",
        ],
    );
    assert!(
        !told.contains("\nwindow") && !told.contains("receipts lack"),
        "{told}"
    );
}

#[test]
fn ids_that_change_their_form_are_found_out() {
    for (name, response_id, receipt_id, key) in [
        (
            "hex",
            IdForm::Hex,
            IdForm::Decimal,
            "response = \"hex\", receipt = \"decimal\"",
        ),
        (
            "decimal",
            IdForm::Decimal,
            IdForm::HexUpper,
            "response = \"decimal\", receipt = \"hex\"",
        ),
        ("case", IdForm::HexUpper, IdForm::Hex, "fold_case = true"),
        (
            "zeros",
            IdForm::DecimalPadded,
            IdForm::Decimal,
            "strip_zeros = true",
        ),
    ] {
        let behaviour = Behaviour {
            response_id,
            receipt_id,
            ..Behaviour::default()
        };
        says(
            &probe(name, "pair", behaviour),
            &[key, "6 of 6 receipts find"],
        );
    }
}

#[test]
fn the_shape_of_receipts_their_clock_and_their_segments_are_found_out() {
    let told = probe(
        "shape",
        "transceiver",
        Behaviour {
            segment_receipts: SegmentReceipts::Last,
            receipt: Shape {
                text: Wording::WithoutErr,
                dates: Dates::Twelve,
                zone_minutes: 330,
                carriage: Carriage::DataSm,
                parameters: Parameters::None,
                ..Shape::default()
            },
            ..Behaviour::default()
        },
    );
    says(
        &told,
        &[
            "receipts come as data_sm",
            "without receipted_message_id",
            "receipts lack err:",
            "segment_receipts = \"last\"",
            "timezone = \"+05:30\"",
        ],
    );
    let told = probe(
        "short",
        "transceiver",
        Behaviour {
            segment_receipts: SegmentReceipts::First,
            receipt: Shape {
                text: Wording::Short,
                carriage: Carriage::Payload,
                ..Shape::default()
            },
            ..Behaviour::default()
        },
    );
    says(
        &told,
        &[
            "message_payload",
            "segment_receipts = \"any\"",
            "time zone is not known",
        ],
    );
}

#[test]
fn a_small_window_and_a_deaf_carrier_are_found_out() {
    let told = probe(
        "window",
        "transceiver",
        Behaviour {
            latency: Law::Fixed(Duration::from_millis(100)),
            window: 3,
            ignore_enquire_link: true,
            ..Behaviour::default()
        },
    );
    says(
        &told,
        &["window = 3", "2 throttled", "enquire_link = \"0s\""],
    );
}

#[test]
fn a_rate_was_taken_for_a_window_of_one() {
    for (name, latency, by_nack) in [("rate", 0, false), ("rate-slow", 50, true)] {
        let told = probe(
            name,
            "transceiver",
            Behaviour {
                latency: Law::Fixed(Duration::from_millis(latency)),
                rate: 2.0,
                throttle: Throttle {
                    by_nack,
                    ..Throttle::default()
                },
                ..Behaviour::default()
            },
        );
        says(
            &told,
            &[
                "6 accepted",
                "it is not the window",
                "\nrate = 2",
                "segment_receipts = \"each\"",
            ],
        );
        assert!(!told.contains("\nwindow"), "{told}");
    }
}

#[test]
fn what_a_small_window_refused_was_not_sent_again() {
    for (window, status) in [
        (1, Status::ESME_RTHROTTLED),
        (2, Status::ESME_RMSGQFUL),
        (2, Status::ESME_RSUBMITFAIL),
    ] {
        let told = probe(
            &format!("window-{window}"),
            "transceiver",
            Behaviour {
                latency: Law::Fixed(Duration::from_millis(100)),
                window,
                throttle: Throttle {
                    status,
                    by_nack: false,
                },
                segment_receipts: SegmentReceipts::Last,
                ..Behaviour::default()
            },
        );
        let key = format!("\nwindow = {window}\n");
        says(&told, &["6 accepted", &key, "segment_receipts = \"last\""]);
        assert!(!told.contains("\nrate"), "{told}");
    }
}

#[test]
fn what_data_coding_0_means_was_never_found_out() {
    for (repeats, words) in [
        (Repeats::Gsm, "\nalphabet = \"gsm\""),
        (Repeats::Latin1, "\nalphabet = \"latin1\""),
        (Repeats::Ascii, "\nalphabet = \"ascii\""),
        (Repeats::Octets, "repeat the octets of the text"),
        (Repeats::Masked, "do not repeat the text so that it shows"),
    ] {
        for alphabet in [ReceiptAlphabet::Ascii, ReceiptAlphabet::Ucs2] {
            let told = probe(
                &format!("{repeats:?}-{alphabet:?}"),
                "transceiver",
                Behaviour {
                    receipt: Shape {
                        repeats,
                        alphabet,
                        ..Shape::default()
                    },
                    ..Behaviour::default()
                },
            );
            // Octets that leave as characters of UCS-2 have been read as ISO 8859-1.
            if (repeats, alphabet) != (Repeats::Octets, ReceiptAlphabet::Ucs2) {
                says(&told, &[words]);
            }
        }
    }
}

#[test]
fn a_carrier_whose_receipts_all_report_failure_is_told() {
    let told = probe(
        "failing",
        "transceiver",
        Behaviour {
            states: vec![(MessageState::UNDELIVERABLE, 1.0)],
            ..Behaviour::default()
        },
    );
    says(&told, &["every receipt reports failure (UNDELIV)"]);
}

#[test]
fn segments_that_cannot_be_found_out_are_told() {
    let refused = probe(
        "no-receipts",
        "transceiver",
        Behaviour {
            receipts_lost: 1.0,
            ..Behaviour::default()
        },
    );
    says(
        &refused,
        &["how segments are reported could not be found out"],
    );
    assert!(!refused.contains("\nsegment_receipts"), "{refused}");
}

#[test]
fn a_deaf_transmitter_was_told_that_the_phone_is_off() {
    let told = probe("deaf", "transmitter", Behaviour::default());
    says(&told, &["no receipt can come here"]);
}

#[test]
fn a_transmitter_is_asked_together_with_the_receiver_of_its_group() {
    let carrier = Carrier::spawn(Settings {
        password: Some("secret".into()),
        ..Settings::default()
    })
    .unwrap();
    let address = format!("address = \"{}\"", carrier.address());
    let both = format!(
        "{address}\ngroup = \"g\"\nbind = \"transmitter\"\n[[carrier]]\nname = \"ear\"\ngroup = \"g\"\n\
         system_id = \"us\"\npassword = \"secret\"\nbind = \"receiver\"\n{address}"
    );
    says(out(&asked("ear", &both)), &["6 receipts came", "6 of 6"]);
    assert_eq!(carrier.stop().unwrap().receipts_taken, 6);
}

#[test]
fn receipts_of_others_were_taken_from_the_gateway() {
    let carrier = Carrier::spawn(Settings {
        password: Some("secret".into()),
        ..Settings::default()
    })
    .unwrap();
    // The receipt of a message that the gateway has sent, and that no bind has taken yet.
    let login = Login {
        system_id: "us".into(),
        bind: Command::BIND_TRANSMITTER,
        ..Login::default()
    };
    let mut gateway = Esme::dial(carrier.address(), &login, Duration::from_secs(5)).unwrap();
    let sm = Sm {
        destination: Address::new(1, 1, b"447700900123"),
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: b"Hello",
        ..Sm::default()
    };
    let mut body = BytesMut::new();
    sm.put(&mut body);
    gateway.request(Command::SUBMIT_SM, &body).unwrap();
    gateway.next(Duration::from_secs(5)).unwrap().unwrap();
    let told = asked("others", &format!("address = \"{}\"", carrier.address()));
    says(out(&told), &["6 receipts came", "6 of 6"]);
    let counts = carrier.stop().unwrap();
    assert_eq!(counts.receipts_taken, 6);
    assert!(counts.deliveries_refused > 0);
}

#[test]
fn receipts_with_the_addresses_of_nobody_are_found_by_their_id() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let keys = format!("address = \"{}\"", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut ids = 254..;
        loop {
            let mut octets = vec![0; 4];
            if socket.read_exact(&mut octets).is_err() {
                return;
            }
            let length = u32::from_be_bytes(octets[..4].try_into().unwrap());
            octets.resize(length as usize, 0);
            socket.read_exact(&mut octets[4..]).unwrap();
            let is_message = octets[7] == 4;
            let id: u32 = if is_message { ids.next().unwrap() } else { 0 };
            let body = match octets[7] {
                0x15 => String::new(),
                _ => format!("{id:x}\0"),
            };
            let length = 16 + body.len() as u32;
            let header = [&length.to_be_bytes()[..], &[0x80], &octets[5..16]].concat();
            socket
                .write_all(&[&header, body.as_bytes()].concat())
                .unwrap();
            if is_message {
                let text = format!("id:{id} stat:DELIVRD err:000 text:");
                let sm = Sm {
                    source: Address::new(1, 1, b"999"),
                    esm_class: EsmClass(4),
                    short_message: text.as_bytes(),
                    ..Sm::default()
                };
                let mut body = BytesMut::new();
                sm.put(&mut body);
                let length = 16 + body.len() as u32;
                let header = [length, 5, 0, id].map(u32::to_be_bytes).concat();
                socket.write_all(&[&header, &body[..]].concat()).unwrap();
            }
        }
    });
    let told = asked("nobody", &keys);
    let forms = "message_id = { response = \"hex\", receipt = \"decimal\" }";
    says(out(&told), &["6 receipts came", forms]);
}

#[test]
fn a_carrier_was_asked_otherwise_than_the_gateway_would() {
    // Whoever connects from elsewhere, or says less, is refused by some carriers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let keys = format!(
        "address = \"{}\"\nlocal_address = \"127.0.0.2\"\nservice_type = \"OTP\"\n\
         address_range = {{ ton = 1, npi = 2, range = \"^36\" }}\n\
         source = {{ ton = 3, npi = 4 }}\ndestination = {{ ton = 2, npi = 8 }}\n\
         tlv = {{ add = {{ 0x1400 = \"1201\" }}, drop = [] }}",
        listener.local_addr().unwrap()
    );
    let smsc = thread::spawn(move || {
        let (mut socket, from) = listener.accept().unwrap();
        let mut pdu = || {
            let mut octets = vec![0; 4];
            socket.read_exact(&mut octets).unwrap();
            let length = u32::from_be_bytes(octets[..4].try_into().unwrap());
            octets.resize(length as usize, 0);
            socket.read_exact(&mut octets[4..]).unwrap();
            let header = [&octets[..4], &[0x80], &octets[5..16]].concat();
            let body: &[u8] = if octets[7] == 0x15 { &[] } else { b"1\0" };
            let length = 16 + body.len() as u32;
            let answer = [&length.to_be_bytes(), &header[4..], body].concat();
            socket.write_all(&answer).unwrap();
            octets
        };
        (from, pdu(), pdu(), pdu())
    });
    let _ = asked("own-way", &keys);
    let (from, bind, _, submit) = smsc.join().unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.2");
    assert!(bind.ends_with(b"\x34\x01\x02^36\0"), "{bind:?}");
    let head = b"OTP\0\x03\x04smppgate\0\x02\x0833612345678\0";
    assert_eq!(&submit[16..16 + head.len()], head);
    assert!(submit.ends_with(b"\x14\0\0\x041201"), "{submit:?}");
}

#[test]
fn a_carrier_over_tls_is_asked_as_the_gateway_would_ask_it() {
    let authority = Authority::new();
    authority.issue("smsc");
    authority.issue("gw");
    let tls = ServerTls::new(
        &authority.file("smsc.pem"),
        &authority.file("smsc.key"),
        Some(&authority.file("ca.pem")),
    );
    let carrier = Carrier::spawn(Settings {
        password: Some("secret".into()),
        tls: Some(tls.unwrap()),
        ..Settings::default()
    })
    .unwrap();
    let keys = |name: &str, own: &str| {
        format!(
            "address = \"{}\"\nbind = \"pair\"\n\
             tls = {{ server_name = \"{name}\", ca = {}{own} }}",
            carrier.address(),
            authority.named("ca.pem"),
        )
    };
    let (certificate, key) = (authority.named("gw.pem"), authority.named("gw.key"));
    let own = format!(", certificate = {certificate}, key = {key}");
    let told = asked("tls", &keys("localhost", &own));
    assert_eq!(code(&told), 0, "{}{}", err(&told), out(&told));
    says(out(&told), &["6 messages were sent, 6 accepted"]);
    // The carrier wants to see our certificate, and we that it is who it should be.
    for refused in [keys("localhost", ""), keys("smsc.example", &own)] {
        let told = asked("tls-refused", &refused);
        assert_eq!(code(&told), 1);
        says(sentence(&told), &["ertificate"]);
    }
    assert_eq!(carrier.stop().unwrap().messages, 6);
}

#[test]
fn a_carrier_that_calls_us_is_not_asked() {
    let told = asked(
        "outbind",
        "outbind = { address = \"127.0.0.1:1\", system_id = \"smsc\", password = \"knock\" }",
    );
    assert_eq!(code(&told), 1);
    says(sentence(&told), &["it calls us"]);
}

#[test]
fn an_unknown_carrier_is_told_in_one_sentence() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/smppgate.toml");
    let told = smppgate(
        &["probe", "--config", config, "--carrier", "x", "--to", "336"],
        "",
    );
    assert_eq!(code(&told), 1);
    assert!(sentence(&told).contains("no such carrier"));
}
