//! `probe`: finds each habit of a simulated carrier, and says which key to set.

use std::process::Output;
use std::time::Duration;

use smppgate::rig::carrier::{
    Behaviour, Carriage, Carrier, Dates, IdForm, Parameters, SegmentReceipts, Settings, Shape,
    Wording,
};
use smppgate::rig::chance::Law;
use smppgate::rig::tls::ServerTls;

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
