//! `explain`: where a message would go, in words that fit on a page and in JSON.

use serde_json::{Value as Json, json};

use super::{code, err, out, scratch, sentence, smppgate};

const CONFIG: &str = r#"
[gateway]
data_dir = "data"
journal = "memory"
[[listener]]
name = "esme"
address = "127.0.0.1:2775"
[[account]]
system_id = "acme"
password = "secret"
[[account]]
system_id = "other"
password = "secret"
[[carrier]]
name = "north"
address = "north.example:2776"
system_id = "smppgate"
password = "hidden-word"
[[carrier]]
name = "south"
address = "south.example:2776"
system_id = "smppgate"
password = "hidden-word"
[[route]]
name = "rest"
via = ["south"]
[[route]]
name = "france"
to = ["33"]
via = ["north", "south"]
[[route]]
name = "paris"
to = ["331"]
account = "other"
via = ["south"]
[[route]]
name = "britain"
to = ["44", "4479", "4478", "4477", "4476"]
via = ["south"]
[[route]]
name = "named"
to = ["33"]
from = ["Brand*"]
via = ["south"]
[[route]]
name = "closed"
to = ["999"]
reject = "ESME_RINVDSTADR"
"#;

fn explain(name: &str, more: &[&str]) -> std::process::Output {
    let file = scratch(name, CONFIG.as_bytes());
    let file = file.to_str().unwrap();
    smppgate(&[&["explain", "--config", file], more].concat(), "")
}

#[test]
fn every_rule_is_told_with_its_reason_within_a_hundred_columns() {
    let told = explain(
        "explain.toml",
        &[
            "--account",
            "acme",
            "--to",
            "+33112345678",
            "--from",
            "Shop",
            "--text",
            "Grüße ж",
        ],
    );
    assert_eq!(code(&told), 0, "{}", err(&told));
    let text = out(&told);
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    for words in [
        "chosen       france   to 33",
        "passed over  britain  to 44, 4476, 4477, 4478 and 1 more",
        "33112345678 begins with none of 44",
        "it is for account other",
        "Shop is none of Brand*",
        "outranked    rest",
        "france has the longer prefix, 2 digits against 0",
        "UCS-2 alphabet, 14 octets, one segment",
        "1. north",
        "2. south",
        "state unknown",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains("hidden-word"));
}

#[test]
fn what_becomes_of_a_message_that_is_not_answered_is_told_with_who_decides_it() {
    let explained = |name: &str, account: &str, route: &str| -> (String, Json) {
        let config = CONFIG
            .replacen(
                "system_id = \"acme\"",
                &format!("system_id = \"acme\"\n{account}"),
                1,
            )
            .replacen("name = \"rest\"", &format!("name = \"rest\"\n{route}"), 1);
        let file = scratch(name, config.as_bytes());
        let file = file.to_str().unwrap();
        let asked = [
            "explain",
            "--config",
            file,
            "--account",
            "acme",
            "--to",
            "1",
        ];
        let told = smppgate(&asked, "");
        assert_eq!(code(&told), 0, "{}", err(&told));
        let read = smppgate(&[&asked[..], &["--json"]].concat(), "");
        let read: Json = serde_json::from_str(out(&read)).unwrap();
        (out(&told).to_owned(), read["unknown_outcome"].clone())
    };
    let hold = "unknown_outcome = \"hold\"";
    let resend = "unknown_outcome = \"resend\"";
    for (file, account, route, outcome, by, words) in [
        (
            "explain-class.toml",
            "",
            "",
            "resend-once",
            "class",
            "sent once more, by the class",
        ),
        (
            "explain-account.toml",
            hold,
            "",
            "hold",
            "account",
            "never sent again, by the account",
        ),
        (
            "explain-route.toml",
            hold,
            resend,
            "resend",
            "route",
            "each time, by the route",
        ),
    ] {
        let (text, read) = explained(file, account, route);
        assert_eq!(read, json!({"outcome": outcome, "by": by}));
        assert!(text.contains(words), "{text}");
    }
    let (text, read) = explained("explain-carrier.toml", "ack = \"carrier\"", resend);
    assert_eq!(read, Json::Null);
    assert!(!text.contains("not answered"), "{text}");
}

#[test]
fn a_program_reads_the_same() {
    let asked = |to: &str, from: &str| -> Json {
        let args = ["--account", "acme", "--to", to, "--from", from, "--json"];
        let told = explain("explain-json.toml", &args);
        let read: Json = serde_json::from_str(out(&told)).unwrap();
        let is_refused = read["outcome"] != "via";
        assert_eq!(code(&told), i32::from(is_refused), "{}", err(&told));
        read
    };
    let found = asked("33612345678", "Brand7");
    assert_eq!(found["outcome"], "via");
    assert_eq!(found["rule"], "named");
    assert_eq!(
        found["candidates"],
        json!([{"carrier": "south", "addresses": ["south.example:2776"], "state": "unknown"}])
    );
    assert_eq!(found["rules"].as_array().unwrap().len(), 6);
    let refused = asked("99912", "");
    assert_eq!(
        (&refused["outcome"], &refused["status"]),
        (&json!("reject"), &json!("ESME_RINVDSTADR"))
    );
}

#[test]
fn what_cannot_be_explained_is_told_in_one_sentence() {
    let to = ["--to", "33612345678"];
    let stranger = explain(
        "stranger.toml",
        &[&to[..], &["--account", "nobody"]].concat(),
    );
    assert_eq!(code(&stranger), 1);
    assert!(sentence(&stranger).contains("nobody"));
    let running = explain(
        "running.toml",
        &[&to[..], &["--account", "acme", "--admin", "127.0.0.1:2780"]].concat(),
    );
    assert_eq!(code(&running), 1);
    assert!(sentence(&running).contains("not built yet"));
}

const TERMS: &str = r#"
[gateway]
data_dir = "data"
journal = "memory"
[[listener]]
name = "esme"
address = "127.0.0.1:2775"
[[account]]
system_id = "branded"
password = "secret"
force_source = "Brand"
[[account]]
system_id = "bound"
password = "secret"
senders = ["ACME"]
destinations = ["33*"]
max_segments = 1
[[account]]
system_id = "latin"
password = "secret"
alphabet = "latin1"
[[account]]
system_id = "ascii"
password = "secret"
alphabet = "ascii"
[[carrier]]
name = "north"
address = "north.example:2776"
system_id = "smppgate"
password = "secret"
[[carrier]]
name = "ob"
address = "ob.example:2776"
system_id = "smppgate"
password = "secret"
[[route]]
name = "all"
via = ["north"]
[[route]]
name = "brand"
from = ["Brand"]
via = ["ob"]
"#;

/// What is told of a message, for people and as JSON.
fn by_terms(name: &str, args: &[&str]) -> (std::process::Output, Json) {
    let file = scratch(&format!("terms-{name}.toml"), TERMS.as_bytes());
    let asked = [&["explain", "--config", file.to_str().unwrap()], args].concat();
    let told = smppgate(&asked, "");
    let json = smppgate(&[&asked[..], &["--json"]].concat(), "");
    assert_eq!(code(&told), code(&json));
    let json = serde_json::from_str(out(&json)).unwrap();
    (told, json)
}

#[test]
fn a_forced_source_was_routed_by_what_the_esme_writes() {
    let args = [
        "--account",
        "branded",
        "--to",
        "33612345678",
        "--from",
        "Shop",
    ];
    let (told, json) = by_terms("forced", &args);
    assert_eq!(code(&told), 0, "{}", err(&told));
    assert!(out(&told).contains("source: Brand, by force_source"));
    assert!(out(&told).contains("chosen       brand"), "{}", out(&told));
    assert_eq!(
        (&json["from"], &json["source"], &json["rule"]),
        (&json!("Shop"), &json!("Brand"), &json!("brand"))
    );
    assert_eq!(json["candidates"][0]["carrier"], "ob");
}

#[test]
fn what_an_account_may_not_send_was_explained_as_if_it_left() {
    let long = "x".repeat(200);
    for (name, from, to, text, key, status) in [
        (
            "source",
            "BAD",
            "33612345678",
            "x",
            "senders",
            "ESME_RINVSRCADR",
        ),
        (
            "nobody",
            "",
            "33612345678",
            "x",
            "senders",
            "ESME_RINVSRCADR",
        ),
        (
            "destination",
            "ACME",
            "44612345678",
            "x",
            "destinations",
            "ESME_RINVDSTADR",
        ),
        (
            "length",
            "ACME",
            "33612345678",
            &long,
            "max_segments",
            "ESME_RINVMSGLEN",
        ),
    ] {
        let args = [
            "--account",
            "bound",
            "--to",
            to,
            "--from",
            from,
            "--text",
            text,
        ];
        let (told, json) = by_terms(name, &args);
        assert_eq!(code(&told), 1, "{name}");
        assert!(sentence(&told).contains(status), "{name}");
        assert!(out(&told).contains(key), "{name}: {}", out(&told));
        assert_eq!(json["outcome"], "reject", "{name}");
        assert_eq!(json["status"], status, "{name}");
        assert_eq!(json["account_rule"]["key"], key, "{name}");
        assert_eq!(json["rules"], json!([]), "{name}");
    }
    let may = [
        "--account",
        "bound",
        "--to",
        "+33612345678",
        "--from",
        "ACME",
        "--text",
        "x",
    ];
    let (told, json) = by_terms("may", &may);
    assert_eq!((code(&told), &json["account_rule"]), (0, &Json::Null));
}

#[test]
fn a_text_was_measured_in_gsm_whatever_the_account_writes() {
    let size = |account, text: &str| {
        let args = ["--account", account, "--to", "336", "--text", text];
        let (_, json) = by_terms("text", &args);
        let text = &json["text"];
        let count = |name: &str| text[name].as_u64().unwrap();
        let alphabet = text["alphabet"].as_str().unwrap().to_owned();
        (alphabet, count("octets"), count("segments"))
    };
    assert_eq!(size("latin", "ça va [x]"), ("Latin-1".into(), 9, 1));
    assert_eq!(size("latin", "5 €"), ("UCS-2".into(), 6, 1));
    assert_eq!(size("latin", &"[".repeat(81)), ("Latin-1".into(), 81, 2));
    // What phones have no septet for reaches them in UCS-2.
    assert_eq!(size("latin", &"ê".repeat(254)), ("Latin-1".into(), 254, 4));
    assert_eq!(size("ascii", "[x]"), ("ASCII".into(), 3, 1));
    assert_eq!(size("ascii", "é"), ("UCS-2".into(), 2, 1));
    assert_eq!(size("branded", "é [x]"), ("GSM".into(), 7, 1));
}
