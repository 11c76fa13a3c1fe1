//! Rules about the code: who may use whom, what a pure room never does, and how a file looks.
//!
//! Goal: what `docs/architecture.md` says of the house stays true without anybody looking. Method: every
//! source is read as text, comments and literals are told from code, and each rule is a function from
//! sources to findings. Each rule is also held against small bad samples, so that it can fail.

mod source;
mod text;
mod rules;
mod rings;
mod samples;

use rings::{BACK, rings, rings_without};
use rules::*;
use source::{all, sources};

#[track_caller]
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn every_room_uses_only_what_lies_below_it() {
    none(arrows_that_run_up(&sources(&["src"])));
    none(codec_that_uses_us(&sources(&["codec/src"])));
}

#[test]
fn no_file_needs_one_that_needs_it() {
    none(rings(&sources(&["src"])));
    none(rings(&sources(&["codec/src"])));
}

#[test]
fn every_arrow_that_may_run_back_does() {
    let of = |from: &str| {
        sources(&[if from.starts_with("src/") {
            "src"
        } else {
            "codec/src"
        }])
    };
    for (from, to, why) in BACK {
        let others: Vec<_> = BACK
            .into_iter()
            .filter(|one| (one.0, one.1) != (from, to))
            .collect();
        assert!(
            !rings_without(&of(from), &others).is_empty(),
            "{from} -> {to}: no more: {why}"
        );
    }
}

#[test]
fn pure_rooms_know_no_world() {
    none(world_in_pure_rooms(&sources(&["src", "codec/src"])));
}

#[test]
fn sockets_tasks_and_threads_are_in_their_places() {
    none(sockets_elsewhere(&sources(&["src"])));
}

#[test]
fn nothing_is_unwrapped_outside_of_tests() {
    none(unwraps(&sources(&["src", "codec/src"])));
}

#[test]
fn every_file_says_what_it_is_for_and_is_not_too_long() {
    none(pages(&all()));
}

#[test]
fn title_pages_hold_no_logic() {
    none(logic_on_title_pages(&sources(&["src", "codec/src"])));
}

#[test]
fn names_are_of_the_trade_and_comments_of_the_code() {
    none(vague_names(&all()));
    none(foreign_comments(&all()));
}
