//! Bad samples for each rule: a rule that cannot fail is none.

use crate::rings::rings;
use crate::rules::*;
use crate::source::Source;

#[track_caller]
fn finds(rule: fn(&[Source]) -> Vec<String>, files: &[(&str, &str)], expected: &[&str]) {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    assert_eq!(rule(&sources), expected);
}

#[test]
fn an_arrow_that_runs_up_or_sideways_is_found() {
    let text =
        "use crate::{message::Content, flow::{self, After}};\nfn f() { crate::carrier::g() }";
    let up = "src/esme/x.rs:1: esme uses flow, which is not below it";
    let aside = "src/esme/x.rs:2: esme uses carrier, which is not below it";
    finds(
        arrows_that_run_up,
        &[("src/esme/x.rs", text)],
        &[up, up, aside],
    );
    let alone = "src/rig/x.rs:1: rig uses moment: it stands on the codec";
    finds(
        arrows_that_run_up,
        &[("src/rig/x.rs", "use crate::moment::Moment;")],
        &[alone],
    );
    let nowhere = "src/misc.rs:1: the room misc has no floor";
    finds(arrows_that_run_up, &[("src/misc.rs", "")], &[nowhere]);
    finds(
        arrows_that_run_up,
        &[("src/main.rs", "use smppgate::cli;")],
        &[],
    );
    let below = "codec/src/x.rs:1: the codec uses what stands on it";
    finds(
        codec_that_uses_us,
        &[("codec/src/x.rs", "use smppgate::flow;")],
        &[below],
    );
}

#[test]
fn a_ring_is_found_through_title_pages_and_other_files() {
    let ring = [
        (
            "src/flow/mod.rs",
            "mod a;\nmod b;\nmod c;\npub use c::Third;",
        ),
        ("src/flow/a.rs", "use super::b::Second;"),
        ("src/flow/b.rs", "fn f(_: crate::flow::Third) {}"),
        ("src/flow/c.rs", "use crate::flow::a;"),
    ];
    let found = "src/flow/a.rs: a ring: src/flow/a.rs -> src/flow/b.rs -> src/flow/c.rs";
    finds(rings, &ring, &[found]);
    finds(rings, &ring[..3], &[]);
    let tested = "use super::b;\n#[cfg(test)]\nmod tests { use crate::flow::b; }";
    finds(
        rings,
        &[
            ("src/flow/b.rs", "use super::a;"),
            ("src/flow/a.rs", "#[cfg(test)]\nuse super::b;"),
        ],
        &[],
    );
    let found = "src/flow/a.rs: a ring: src/flow/a.rs -> src/flow/b.rs";
    finds(
        rings,
        &[
            ("src/flow/b.rs", "use super::a;"),
            ("src/flow/a.rs", tested),
        ],
        &[found],
    );
}

#[test]
fn a_clock_in_a_pure_room_is_found_and_one_in_a_text_is_not() {
    let text = "//! Not tokio.\nfn f() { \"Instant\"; r#\"a \" tracing\"#; '\"'; b'\\''; }\nuse std::time::Instant;";
    let found = "src/session/x.rs:3: a pure room says Instant";
    finds(
        world_in_pure_rooms,
        &[("src/session/x.rs", text), ("src/link/x.rs", text)],
        &[found],
    );
    let found = "codec/src/x.rs:1: a pure room says std::net";
    finds(
        world_in_pure_rooms,
        &[("codec/src/x.rs", "use std::net::Ipv4Addr;")],
        &[found],
    );
    finds(
        world_in_pure_rooms,
        &[("codec/src/x.rs", "use tokio_util::codec::Decoder;")],
        &[],
    );
    let found = "src/flow/x.rs:1: tokio has no place here";
    let task = "fn f() { tokio::spawn(g()) }";
    finds(
        sockets_elsewhere,
        &[("src/flow/x.rs", task), ("src/link/x.rs", task)],
        &[found],
    );
}

#[test]
fn an_unwrap_is_found_where_it_counts() {
    let text = "fn f<'a>() { x.unwrap() }\n#[cfg(test)]\nmod tests { fn g() { y.unwrap() } }\nfn h() {\n    z\n        .unwrap();\n}";
    let found = [
        "src/flow/x.rs:1: unwrap outside of tests",
        "src/flow/x.rs:6: unwrap outside of tests",
    ];
    finds(
        unwraps,
        &[("src/flow/x.rs", text), ("src/flow/tests.rs", text)],
        &found,
    );
}

#[test]
fn a_page_without_a_sentence_or_an_end_is_found() {
    let long = "//! Long.\n".to_owned() + &"\n".repeat(LINES_MAX);
    let files = [
        ("src/a.rs", "use x;"),
        ("src/b.rs", "//! Words"),
        ("src/c.rs", &long),
    ];
    let found = [
        "src/a.rs:1: the first line is not a //! sentence",
        "src/b.rs:1: what stands at its head is not a sentence",
        "src/c.rs:701: longer than 700 lines",
    ];
    finds(pages, &files, &found);
    let found = "src/a/mod.rs:2: logic on a title page";
    finds(
        logic_on_title_pages,
        &[("src/a/mod.rs", "mod b;\nimpl B {}")],
        &[found],
    );
}

#[test]
fn vague_names_and_foreign_comments_are_found() {
    let text = "// See #12, and\nstruct LinkManager; /* FIXME */ fn get_x() { \"#3 TODO\"; }";
    let found = [
        "src/a.rs:2: LinkManager is not a name of the trade",
        "src/a.rs:2: get_x is not a name of the trade",
    ];
    finds(vague_names, &[("src/a.rs", text)], &found);
    let found = [
        "src/a.rs:1: a comment names a ticket",
        "src/a.rs:2: a comment says FIXME",
    ];
    finds(foreign_comments, &[("src/a.rs", text)], &found);
}
