//! `load` and `send` over TLS, with passwords that nobody sees, mixes and tables.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use smppgate::rig::carrier::{Behaviour, Carrier, Settings};
use smppgate::rig::tls::ServerTls;
use smppgate_codec::code::Status;

use super::{code, err, out, scratch, sentence, smppgate};

/// A certificate for localhost and its key, made by openssl.
fn certificate(name: &str) -> (PathBuf, PathBuf) {
    let certificate = scratch(&format!("{name}.pem"), b"");
    let key = scratch(&format!("{name}.key"), b"");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl is there");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    (certificate, key)
}

fn tls_carrier(name: &str) -> (Carrier, String) {
    let (certificate, key) = certificate(name);
    let carrier = Carrier::spawn(Settings {
        password: Some("hush".into()),
        tls: Some(ServerTls::new(&certificate, &key, None).unwrap()),
        ..Settings::default()
    });
    (carrier.unwrap(), certificate.to_str().unwrap().to_owned())
}

#[test]
fn a_load_over_tls_with_a_mix_leaves_its_tables() {
    let (carrier, ca) = tls_carrier("load");
    let address = carrier.address().to_string();
    let password = scratch("load.password", b"hush\nnot this\n");
    let tables = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("load-tables");
    let tables = tables.to_str().unwrap();
    let told = smppgate(
        &[
            &[
                "load",
                "--connect",
                &address,
                "--tls",
                "--ca",
                &ca,
                "--server-name",
                "localhost",
            ][..],
            &[
                "--password-file",
                password.to_str().unwrap(),
                "--binds",
                "2",
                "--pair",
            ],
            &[
                "--count",
                "600",
                "--rate",
                "1000",
                "--ramp",
                "200ms",
                "--body",
                "160:3,70u,400/sar",
            ],
            &[
                "--to", "33:2", "--to", "44", "--csv", tables, "--json", "-", "--quiet",
            ],
        ]
        .concat(),
        "",
    );
    assert_eq!(code(&told), 0, "{}{}", out(&told), err(&told));
    let report: Json = serde_json::from_str(out(&told)).unwrap();
    assert_eq!(report["found"]["receipts"], 600);
    let seconds = std::fs::read_to_string(format!("{tables}-seconds.csv")).unwrap();
    let sent: u64 = seconds
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(sent, 600, "{seconds}");
    let latency = std::fs::read_to_string(format!("{tables}-latency.csv")).unwrap();
    assert!(
        latency.lines().last().unwrap().ends_with(",1.000000"),
        "{latency}"
    );
    assert_eq!(carrier.stop().unwrap().unbinds, 4);
}

#[test]
fn whom_a_client_does_not_trust_it_does_not_bind_to() {
    let (carrier, ca) = tls_carrier("trust");
    let address = carrier.address().to_string();
    let send = |more: &[&str]| {
        let args = [
            "send",
            "--connect",
            &address,
            "--password",
            "hush",
            "--from",
            "Me",
        ];
        let message = ["--to", "33612345678", "--text", "Hello", "--tls"];
        smppgate(&[&args[..], &message, more].concat(), "")
    };
    let sent = send(&["--ca", &ca, "--server-name", "localhost"]);
    assert_eq!(code(&sent), 0, "{}", err(&sent));
    let sent = send(&["--insecure"]);
    assert_eq!(code(&sent), 0, "{}", err(&sent));
    let (other, _) = certificate("other");
    for refused in [
        send(&[
            "--ca",
            other.to_str().unwrap(),
            "--server-name",
            "localhost",
        ]),
        send(&["--ca", &ca, "--server-name", "other.example"]),
    ] {
        assert_eq!(code(&refused), 1);
        assert!(
            sentence(&refused).contains("certificate"),
            "{}",
            err(&refused)
        );
    }
    assert_eq!(code(&send(&[])), 2, "trust has to be spelt out");
}

#[test]
fn a_password_need_not_stand_on_the_command_line() {
    let carrier = Carrier::spawn(Settings {
        password: Some("hush".into()),
        ledger: 10,
        ..Settings::default()
    })
    .unwrap();
    let send = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_smppgate"))
            .args([
                "send",
                "--connect",
                &carrier.address().to_string(),
                "--from",
                "Me",
            ])
            .args(["--to", "33612345678", "--text", "Hello"])
            .args(more)
            .env("SECRET_OF_TEST", "hush")
            .output()
            .unwrap()
    };
    assert_eq!(code(&send(&["--password-env", "SECRET_OF_TEST"])), 0);
    assert_eq!(code(&send(&["--password-env", "NO_SUCH_NAME"])), 2);
    assert_eq!(code(&send(&["--password-file", "no-such-file"])), 2);
    assert_eq!(code(&send(&[])), 2);
    for way in ["udh", "sar", "payload"] {
        let long = "x".repeat(200);
        let args = [
            "--password",
            "hush",
            "--long",
            way,
            "--from-ton",
            "3",
            "--text",
            &long,
        ];
        let sent = Command::new(env!("CARGO_BIN_EXE_smppgate"))
            .args([
                "send",
                "--connect",
                &carrier.address().to_string(),
                "--from",
                "Me",
            ])
            .args(["--to", "33612345678"])
            .args(args)
            .output()
            .unwrap();
        assert_eq!(code(&sent), 0, "{way}: {}", err(&sent));
    }
    assert_eq!(carrier.ledger().len(), 1 + 2 + 2 + 1);
}

#[test]
fn what_a_load_cannot_be_is_a_matter_of_usage() {
    for wrong in [
        &["--body", "70x"][..],
        &["--body", "160:0"],
        &["--to", "33:x"],
        &["--ca", "ca.pem"],
        &["--password-file", "a", "--password-env", "B"],
        &["--tls", "--password", "x"],
        &["--password", "x", "--duration", "0s"],
        &["--password", "x", "--count", "0"],
        &["--password", "x", "--refused-max", "2"],
        &[],
    ] {
        let told = smppgate(&[&["load"][..], wrong].concat(), "");
        assert_eq!(code(&told), 2, "{wrong:?}: {}", err(&told));
    }
}

fn load(carrier: &Carrier, more: &[&str]) -> std::process::Output {
    let address = carrier.address().to_string();
    let args = [
        "load",
        "--connect",
        &address,
        "--password",
        "hush",
        "--quiet",
    ];
    smppgate(&[&args[..], more].concat(), "")
}

fn refusing(share: f64) -> Carrier {
    Carrier::spawn(Settings {
        password: Some("hush".into()),
        behaviour: Behaviour {
            errors: vec![(Status::ESME_RINVDSTADR, share)],
            ..Behaviour::default()
        },
        ..Settings::default()
    })
    .unwrap()
}

#[test]
fn a_load_of_which_everything_was_refused_was_clean() {
    let carrier = refusing(1.0);
    let told = load(&carrier, &["--count", "100"]);
    assert_eq!(code(&told), 1, "{}", out(&told));
    assert!(sentence(&told).contains("100 of 100 messages were refused"));
    assert!(
        out(&told).ends_with("clean, 100 of 100 REFUSED\n"),
        "{}",
        out(&told)
    );
    let told = load(&carrier, &["--count", "100", "--refused-max", "1"]);
    assert_eq!(code(&told), 0, "{}", err(&told));
    let carrier = refusing(0.1);
    for (most, expected) in [("0.01", 1), ("0.5", 0)] {
        let told = load(&carrier, &["--count", "1000", "--refused-max", most]);
        assert_eq!(code(&told), expected, "{most}: {}", out(&told));
    }
}

#[test]
fn a_warm_up_as_long_as_the_run_was_measured() {
    let carrier = refusing(0.0);
    for wrong in [
        &["--duration", "1s", "--warmup", "1s"][..],
        &["--count", "100", "--rate", "100", "--warmup", "2s"],
    ] {
        let told = load(&carrier, wrong);
        assert_eq!(code(&told), 2, "{wrong:?}");
        assert!(sentence(&told).contains("warm-up"), "{wrong:?}");
    }
    // How long a number of messages takes is known only afterwards.
    let told = load(&carrier, &["--count", "100", "--warmup", "1m"]);
    assert_eq!(code(&told), 1, "{}", out(&told));
    assert!(sentence(&told).contains("nothing was measured"));
    let told = load(&carrier, &["--duration", "600ms", "--warmup", "200ms"]);
    assert_eq!(code(&told), 0, "{}", err(&told));
}

#[test]
fn a_port_of_the_other_kind_was_told_as_a_strange_length() {
    let plain = refusing(0.0);
    let (secret, ca) = tls_carrier("kind");
    // A peer that hears no PDU in a ClientHello and closes without an answer.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf_address = deaf.local_addr().unwrap();
    std::thread::spawn(move || deaf.incoming().take(2).for_each(drop));
    let tls = ["--tls", "--ca", &ca, "--server-name", "localhost"];
    for (address, options, words) in [
        (plain.address(), &tls[..], "the port speaks no TLS"),
        (deaf_address, &tls[..], "perhaps the port speaks none"),
        (secret.address(), &[], "the port speaks TLS"),
    ] {
        let address = address.to_string();
        let peer = [&["--connect", &address, "--password", "hush"], options].concat();
        let message = ["--from", "Me", "--to", "33612345678", "--text", "Hello"];
        let sent = smppgate(&[&["send"], &message[..], &peer].concat(), "");
        assert_eq!(code(&sent), 1);
        assert!(sentence(&sent).contains(words), "{}", err(&sent));
        let loaded = smppgate(&[&["load", "--count", "1"], &peer[..]].concat(), "");
        assert_eq!(code(&loaded), 1);
        assert!(sentence(&loaded).contains(words), "{}", err(&loaded));
    }
}
