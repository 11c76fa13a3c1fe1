//! Configuration files: the ones that we ship are right, and of wrong ones every finding is told.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
use smppgate::admin::Token;
use smppgate::carrier::Unmatched;
use smppgate::config::{Config, Finding, JournalKind, Severity, Surroundings};
use smppgate::message::{AccountId, CarrierId, Class, LateReport, UnknownOutcome};
use smppgate::route::{Choice, InboundTable, Query, Table};

/// Files and variables that the cases name.
#[derive(Default)]
struct World(HashMap<&'static str, &'static str>);

impl Surroundings for World {
    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.0.get(path));
        let octets = found.map(|content| content.as_bytes().to_vec());
        octets.ok_or_else(|| io::Error::other("not found"))
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "NORTH_PASSWORD").then(|| "s3cr3t".to_owned())
    }

    /// The 1st of March 2026 at noon.
    fn now(&self) -> i64 {
        1_772_366_400
    }
}

/// Certificates and their keys, made once: one that is good for long, another that is so, one that is
/// over since the night, and ones that are over in less than two weeks and in more.
fn certificates() -> [&'static str; 10] {
    static MADE: OnceLock<[String; 10]> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        [
            (4096, 1, 1),
            (4096, 1, 1),
            (2026, 3, 1),
            (2026, 3, 14),
            (2026, 3, 16),
        ]
        .map(|(year, month, day)| {
            let mut params = rcgen::CertificateParams::new(["gate".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, month, day);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            [certificate.pem(), key.serialize_pem()]
        })
        .concat()
        .try_into()
        .unwrap()
    });
    made.each_ref().map(String::as_str)
}

fn world() -> World {
    let [
        certificate,
        key,
        _,
        other_key,
        over,
        over_key,
        soon,
        soon_key,
        later,
        later_key,
    ] = certificates();
    World(HashMap::from([
        ("conf/gw.pem", certificate),
        ("conf/gw.key", key),
        ("conf/other.key", other_key),
        ("conf/over.pem", over),
        ("conf/over.key", over_key),
        ("conf/soon.pem", soon),
        ("conf/soon.key", soon_key),
        ("conf/later.pem", later),
        ("conf/later.key", later_key),
        (
            "conf/broken.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        ("conf/acme.password", "pa55word\n"),
        ("conf/two-lines.password", "pa55\nword\n"),
        ("conf/admin.token", "pa55word.pa55word\r\n"),
        ("conf/two-lines.token", "pa55word\npa55word\n"),
        ("conf/france.txt", "33 # all of it\n\n+336\n"),
        ("conf/bad.txt", "33\nfrance\n"),
        ("conf/empty.txt", "# nothing\n"),
        (
            "conf/north.csv",
            "# carrier, ours, class\n0x45, ESME_RTHROTTLED, throttled\n1033, , permanent # credit\n",
        ),
        ("conf/north-dlr.csv", "21b, 021\nabsent, 27, temporary\n"),
        (
            "conf/bad.csv",
            "0x45, ESME_RTHROTTLED\n0x45, , later\nESME_X, , ok\n0, , ok\n7, ESME_ROK, route\n\n\
             8, , ok\n8, , ok\n9, ESME_RBINDFAIL, route\n",
        ),
        (
            "conf/bad-dlr.csv",
            "1\n1, 1000\n1, +1\n1, 1\n01, 2\n2, 2, soon\n, 3\n",
        ),
    ]))
}

/// The files of a folder with this ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    files
}

fn told(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect()
}

#[test]
fn every_finding_of_a_wrong_file_is_told_with_its_place_and_what_would_be_right() {
    let cases = files("tests/data/config", "toml");
    assert!(cases.len() >= 25, "the cases are gone");
    let mut wrong = String::new();
    for case in cases {
        let name = Path::new("conf").join(case.file_name().unwrap());
        let parsed = Config::parse(&fs::read_to_string(&case).unwrap(), &name, &world());
        let findings = match &parsed {
            Ok(config) => &config.warnings,
            Err(findings) => findings,
        };
        let has_error = findings
            .iter()
            .any(|found| found.severity == Severity::Error);
        assert_eq!(parsed.is_err(), has_error, "{}", case.display());
        let told = told(findings);
        // To write down what is told now: SMPPGATE_WRITE=1 cargo test --test conf
        if std::env::var_os("SMPPGATE_WRITE").is_some() {
            fs::write(case.with_extension("stderr"), &told).unwrap();
        }
        let expected = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        if expected.is_empty() || told != expected {
            wrong += &format!("{}: expected\n{expected}told\n{told}\n", case.display());
        }
        for secret in ["s3cr3t", "pa55"] {
            assert!(
                !told.contains(secret),
                "{} shows a password",
                case.display()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_we_ship_is_right() {
    let shipped = files("conf", "toml");
    assert!(shipped.len() >= 3, "conf is not what it was");
    for path in shipped {
        match Config::load(&path) {
            Ok(config) => assert_eq!(told(&config.warnings), "", "{}", path.display()),
            Err(findings) => panic!("{}", told(&findings)),
        }
    }
}

/// Takes the comment off each line that shows a key with its default.
fn with_shown_defaults(text: &str) -> String {
    let instead = [
        "password_",
        "addresses",
        "outbind",
        "to",
        "account",
        "from",
        "reject",
        "carrier",
        "keyword",
        "status_map",
        "error_map",
        "tls",
        "unknown_outcome",
        "unmatched",
        "token",
    ];
    let is_default = |line: &&str| {
        let Some(shown) = line.strip_prefix("# ") else {
            return false;
        };
        let key = shown.split(' ').next().unwrap_or_default();
        shown[key.len()..].starts_with(" = ") && !instead.iter().any(|other| key.starts_with(other))
    };
    text.lines()
        .map(|line| match is_default(&line) {
            true => &line[2..],
            false => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_defaults_that_we_show_are_the_defaults() {
    let text = include_str!("../conf/smppgate.toml");
    let path = Path::new("conf/smppgate.toml");
    let shown = with_shown_defaults(text);
    assert!(shown.lines().any(|line| line.starts_with("window = 10 ")));
    let mut written = Config::parse(&shown, path, &world())
        .map_err(|findings| told(&findings))
        .unwrap();
    assert!(written.gateway.workers.is_some());
    written.gateway.workers = None;
    assert_eq!(written, Config::parse(text, path, &world()).unwrap());
}

#[test]
fn what_the_file_says_of_a_messages_life_arrives_in_the_settings() {
    let text = include_str!("data/config/whole.toml");
    let config = Config::parse(text, Path::new("conf/whole.toml"), &world()).unwrap();
    let hours = |count: u64| Duration::from_secs(count * 3_600);
    assert_eq!(config.gateway.journal, JournalKind::File);
    assert_eq!(config.gateway.journal_octets_max, 1 << 30);
    let [acme, beta] = &config.accounts[..] else {
        panic!("two accounts");
    };
    assert_eq!(acme.class, Class::Marketing);
    assert_eq!((acme.validity, acme.max_validity), (hours(12), hours(168)));
    assert!(acme.ordered);
    assert_eq!(acme.unknown_outcome, Some(UnknownOutcome::Resend));
    assert_eq!(acme.late_report, LateReport::Drop);
    assert_eq!((beta.validity, beta.max_validity), (hours(24), hours(72)));
    assert_eq!(beta.unknown_outcome, None);
    let [north, south] = &config.carriers[..] else {
        panic!("two carriers");
    };
    assert_eq!(north.receipt_timeout, hours(1));
    assert_eq!(north.unmatched, Unmatched::Forward("beta".to_owned()));
    assert_eq!(south.receipt_timeout, hours(24));
    assert_eq!(south.unmatched, Unmatched::DeadLetter);
    let rules = config.rules(|_| AccountId(1), |_| CarrierId(1));
    let wanted: Vec<_> = rules.iter().map(|rule| rule.unknown_outcome).collect();
    assert_eq!(wanted, [Some(UnknownOutcome::ResendOnce), None]);
}

#[test]
fn a_token_makes_any_address_one_to_ask_at() {
    let file = |keys: &str| {
        let whole = include_str!("data/config/whole.toml");
        let (before, rest) = whole.split_once("address = \"[::]:2780\"\n").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        format!("{before}{keys}\n{after}")
    };
    let token = |text: &str| Token::new(text.into()).unwrap();
    for (keys, expected) in [
        ("address = \"127.0.0.1:2780\"", None),
        ("address = \"[::1]:2780\"", None),
        (
            "address = \"127.0.0.1:2780\"\ntoken = \"0123456789abcdef\"",
            Some(token("0123456789abcdef")),
        ),
        (
            "address = \"0.0.0.0:2780\"\ntoken_file = \"admin.token\"",
            Some(token("pa55word.pa55word")),
        ),
    ] {
        let config = Config::parse(&file(keys), Path::new("conf/whole.toml"), &world());
        let config = config.map_err(|findings| told(&findings)).unwrap();
        let shown = format!("{config:?}");
        assert_eq!(config.admin.unwrap().token, expected, "{keys}");
        assert!(!shown.contains("0123456789abcdef") && !shown.contains("pa55word.pa55word"));
    }
}

#[test]
fn names_become_the_numbers_that_the_tables_route_by() {
    let text = include_str!("../conf/demo.toml");
    let config = Config::parse(text, Path::new("demo.toml"), &world()).unwrap();
    let account_id = |name: &str| {
        assert_eq!(name, "demo");
        AccountId(7)
    };
    let carrier_id = |name: &str| CarrierId(if name == "north" { 1 } else { 2 });
    let table = Table::build(config.rules(account_id, carrier_id)).unwrap();
    let carriers = |destination: &str| -> Vec<CarrierId> {
        let choice = table.choose_one(&Query {
            account: AccountId(7),
            source: b"DEMO",
            destination: destination.as_bytes(),
        });
        assert!(matches!(choice, Choice::Via(_)));
        table
            .candidates(choice)
            .iter()
            .map(|candidate| candidate.carrier)
            .collect()
    };
    assert_eq!(carriers("+33612345678"), [CarrierId(1), CarrierId(2)]);
    assert_eq!(carriers("4412345678"), [CarrierId(2), CarrierId(1)]);
    let inbound = InboundTable::build(&config.inbound_rules(account_id, carrier_id));
    assert_eq!(
        inbound.choose(CarrierId(1), b"36034", None),
        Some(AccountId(7))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_file_is_read_or_its_damage_is_told(
        cuts in prop::collection::vec((0..10_000_usize, 0..12_usize, "[a-z0-9\\[\\]{}=\"',.#\n é\0-]{0,6}"), 1..6),
    ) {
        let mut text = include_str!("data/config/whole.toml").to_owned();
        for (at, length, put) in cuts {
            let boundary = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let from = boundary(at % (text.len() + 1));
            let to = boundary((from + length).min(text.len())).max(from);
            text.replace_range(from..to, &put);
        }
        match Config::parse(&text, Path::new("conf/damaged.toml"), &world()) {
            Ok(config) => {
                // What was accepted can be used.
                let rules = config.rules(|_| AccountId(1), |_| CarrierId(1));
                prop_assert!(Table::build(rules).is_ok());
                let is_warning = |found: &Finding| found.severity == Severity::Warning;
                prop_assert!(config.warnings.iter().all(is_warning));
            }
            Err(findings) => {
                prop_assert!(findings.iter().any(|found| found.severity == Severity::Error));
                prop_assert!(findings.iter().all(|found| !found.message.is_empty()));
                prop_assert!(!told(&findings).contains("s3cr3t"));
            }
        }
    }
}
