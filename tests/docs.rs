//! What the documents say is so: links lead somewhere, and what is to be typed can be typed.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use smppgate::config::{Config, Process};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The blocks of a document that are written in this language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    document
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

#[test]
fn links_lead_to_files() {
    let mut links = 0;
    for document in [
        "README.md",
        "docs/architecture.md",
        "docs/protocol.md",
        "docs/style.md",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let text = read(document);
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            let found = folder.with_file_name("").join(link).exists();
            assert!(found || link.starts_with("http"), "{document}: {link}");
            links += 1;
        }
    }
    assert!(links >= 8, "the links are gone");
}

#[test]
fn what_the_protocol_page_names_exists() {
    let records = read("codec/tests/data/golden-pdus.json");
    let carriers = read("conf/sim/carriers.toml");
    let words_of_sim: HashSet<&str> = words(&carriers).collect();
    let page = read("docs/protocol.md");
    let mut named = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [quirk, _, shown] = cells[..] else {
            continue;
        };
        if quirk.trim() == "quirk" {
            continue;
        }
        assert!(shown.contains('`'), "nothing shows it: {line}");
        for group in shown.split(';') {
            for name in group.split('`').skip(1).step_by(2) {
                named += 1;
                let exists = match group.split_whitespace().next() {
                    Some("record") => records.contains(&format!("\"name\": \"{name}\"")),
                    Some("sim") => words(name)
                        .filter(|word| *word != "true")
                        .all(|word| words_of_sim.contains(word)),
                    _ => is_test_or_path(name),
                };
                assert!(exists, "no {name}: {line}");
            }
        }
    }
    assert!(named > 150, "the names are gone: {named}");
}

/// The words of a text, where a name with hyphens or underscores is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    text.split(move |letter| !is_part(letter))
        .filter(|word| !word.is_empty())
}

/// Whether this is `file: test` of a test of the gateway, or a path that leads somewhere.
fn is_test_or_path(name: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match name.split_once(": ") {
        Some((file, test)) => {
            let path = format!("tests/gateway/{file}.rs");
            root.join(&path).exists() && read(&path).contains(&format!("\nfn {test}()"))
        }
        None => root.join(name).exists(),
    }
}

#[test]
fn the_configuration_of_the_readme_is_right() {
    let text = read("README.md");
    let blocks = blocks(&text, "toml");
    assert_eq!(blocks.len(), 1);
    let config = Config::parse(blocks[0], Path::new("gateway.toml"), &Process)
        .unwrap_or_else(|findings| panic!("{}", findings[0]));
    assert!(config.warnings.is_empty(), "{}", config.warnings[0]);
}

#[test]
fn the_command_for_all_tests_is_what_runs_before_a_change_is_taken() {
    let shown = read("README.md");
    assert!(blocks(&shown, "sh")[0].contains("\n./test "));
    let run = read(".ci/run");
    assert_eq!(run.lines().last(), Some("./test"));
}

#[test]
fn every_command_is_in_the_readme_and_every_one_in_it_is_a_command() {
    let shown = read("README.md");
    let rows = shown
        .lines()
        .filter_map(|line| line.strip_prefix("| `smppgate "));
    let mut named: Vec<&str> = rows
        .map(|row| row.split([' ', '`']).next().unwrap_or_default())
        .collect();
    named.sort_unstable();
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_smppgate"))
        .arg("help")
        .output()
        .expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("a text");
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let mut commands: Vec<&str> = list
        .lines()
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| *name != "help")
        .collect();
    commands.sort_unstable();
    assert_eq!(named, commands);
}
