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
fn a_program_reads_the_same() {
    let asked = |to: &str, from: &str| -> Json {
        let args = ["--account", "acme", "--to", to, "--from", from, "--json"];
        let told = explain("explain-json.toml", &args);
        assert_eq!(code(&told), 0, "{}", err(&told));
        serde_json::from_str(out(&told)).unwrap()
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
