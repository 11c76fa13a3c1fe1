//! Readers that go before everything is said, as in `smppgate … | head`.

use std::process::{Command, Stdio};

use smppgate::rig::carrier::{Carrier, Settings};

/// Runs the binary with nobody behind its standard output and error; its exit code and what it
/// said on the one of them that is not closed.
fn unread(args: &[&str]) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_smppgate");
    // The shell closes the far ends before the program begins: `true` reads nothing.
    let script = r#"{ sleep 0.2; "$0" "$@" 2>&3; echo "code $?" >&3; } 3>&2 | true"#;
    let told = Command::new("sh")
        .args(["-c", script, program])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stderr).unwrap();
    let (said, code) = told.rsplit_once("code ").unwrap();
    (code.trim().parse().unwrap(), said.to_owned())
}

#[test]
fn a_reader_that_went_away_was_answered_with_a_panic() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/smppgate.toml");
    let carrier = Carrier::spawn(Settings {
        password: Some("hush".into()),
        ..Settings::default()
    })
    .unwrap();
    let address = carrier.address().to_string();
    let peer = ["--connect", &address, "--password", "hush"];
    let probed = super::scratch(
        "pipe-probe.toml",
        std::fs::read_to_string(config)
            .unwrap()
            .replace("127.0.0.1:2776", &address)
            .replace("password = \"secret\"", "password = \"hush\"")
            .as_bytes(),
    );
    let probed = probed.to_str().unwrap();
    let pdu = "00000010000000150000000000000001";
    for args in [
        &["check", "--config", config][..],
        &[
            "explain",
            "--config",
            config,
            "--account",
            "acme",
            "--to",
            "33612345678",
        ],
        &[
            "explain",
            "--config",
            config,
            "--account",
            "acme",
            "--to",
            "336",
            "--json",
        ],
        &["decode", pdu, pdu],
        &["demo", "--count", "1"],
        &[&["load", "--count", "10", "--quiet"][..], &peer].concat(),
        &[&["load", "--count", "10", "--json", "-"][..], &peer].concat(),
        &[
            &["send", "--from", "Me", "--to", "336", "--text", "x"][..],
            &peer,
        ]
        .concat(),
        &[
            &[
                "send", "--from", "Me", "--to", "336", "--text", "x", "--json",
            ][..],
            &peer,
        ]
        .concat(),
        &[
            "probe",
            "--config",
            probed,
            "--carrier",
            "north",
            "--to",
            "336",
            "--wait",
            "2s",
        ],
        &["--help"],
    ] {
        let (code, said) = unread(args);
        assert_eq!(code, 0, "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
}

#[test]
fn a_simulated_carrier_whose_output_nobody_reads_goes_on_and_ends_in_order() {
    let program = env!("CARGO_BIN_EXE_smppgate");
    let script = r#"{ "$0" sim --listen 127.0.0.1:0 >&4 2>&1 & sleep 1; kill -TERM $!; wait $!; echo "code $?" >&3; } 4>&1 3>&2 | true"#;
    let told = Command::new("sh")
        .args(["-c", script, program])
        .output()
        .unwrap();
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.ends_with("code 0\n"), "{told}");
}
