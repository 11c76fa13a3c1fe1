//! Each promise is broken on purpose once, and the proofs find it: what they do not find they do not
//! prove.
//!
//! `cargo test --features sabotage --test sabotage each_fault -- --nocapture` does so in a build that the
//! product is never made with, and prints one table: the fault, what has found it, and after how many
//! states of a disk or simulated worlds. It fails if a fault was not found. The same faults are found
//! after the same number each time.

#![expect(
    dead_code,
    reason = "the proofs do more in their own tests than is needed here"
)]

#[path = "../journal/support.rs"]
mod support;
#[path = "../journal/model.rs"]
mod model;
#[path = "../journal/crashes.rs"]
mod crashes;
#[path = "../journal/damage.rs"]
mod damage;
#[path = "../journal/differential.rs"]
mod differential;
#[path = "../journal/oracle.rs"]
mod oracle;
#[path = "../journal/ring.rs"]
mod ring;
#[path = "../sim/world/mod.rs"]
mod world;

use smppgate::sabotage::{Fault, sabotage};
use std::time::Instant;
use support::looks;
use world::campaign::one;
use world::run::run_sabotaged;
use world::sabotage::Sabotage;

/// Faults that there are at least.
const FAULTS_MIN: usize = 20;

/// Worlds after which a fault is said not to be found.
const WORLDS_MAX: u64 = 400;

/// What is broken is broken for all of the process.
static ONE_AT_A_TIME: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

/// What has found a fault, and after how many of what.
struct Found {
    by: &'static str,
    after: u64,
    of: &'static str,
    how: String,
}

#[test]
fn each_fault_is_found() {
    let _one_at_a_time = ONE_AT_A_TIME.lock();
    let began = Instant::now();
    let mut lines = Vec::new();
    for fault in Fault::ALL {
        sabotage(Some(fault));
        let found = match fault {
            Fault::ReserveForAll => {
                on_disk("a journal that is full", ring::fill_and_end(40, 1_000))
            }
            Fault::ChecksumRange | Fault::EvidenceIgnored => {
                on_disk("every bit changed", damage::flips())
            }
            Fault::EarlyReportDropped | Fault::ExpiryIgnored => in_worlds(fault),
            _ => on_disk("what a power cut leaves", crashes::searches()),
        };
        sabotage(None);
        lines.push((format!("{fault:?}"), found));
    }
    for promise in Sabotage::ALL {
        lines.push((format!("{promise:?}"), outside(promise)));
    }
    let missed = lines.iter().filter(|(_, found)| found.is_none()).count();
    println!();
    for (fault, found) in &lines {
        match found {
            None => println!("{fault:<22} NOT FOUND"),
            Some(Found { by, after, of, how }) => {
                println!("{fault:<22} {by:<26} after {after:>6} {of:<7} {how}");
            }
        }
    }
    println!(
        "{} faults, {} found, {:.0} s",
        lines.len(),
        lines.len() - missed,
        began.elapsed().as_secs_f64()
    );
    assert_eq!(missed, 0, "not all were found");
    assert!(lines.len() >= FAULTS_MIN);
}

/// What a long life at random comes across.
const FAULTS_OF_A_LIFE: [Fault; 6] = [
    Fault::GroupSync,
    Fault::NewEntrySync,
    Fault::TailNotWrittenAgain,
    Fault::CutNotRemembered,
    Fault::MainCopiedUnchecked,
    Fault::ConfirmedEarly,
];

#[test]
fn each_fault_that_a_long_life_meets_is_found_beside_sqlite() {
    let _one_at_a_time = ONE_AT_A_TIME.lock();
    let mut missed = Vec::new();
    for fault in FAULTS_OF_A_LIFE {
        sabotage(Some(fault));
        let found = std::panic::catch_unwind(differential::plays);
        sabotage(None);
        match found {
            Ok(Ok(_)) => missed.push(fault),
            Ok(Err(how)) => println!("{fault:?}: found {}", first_line(&how)),
            Err(_) => println!("{fault:?}: found"),
        }
    }
    assert_eq!(missed, [], "were not found");
}

/// What a proof of the journal has said.
fn on_disk<T>(by: &'static str, said: Result<T, String>) -> Option<Found> {
    let after = looks();
    let how = said.err()?;
    Some(Found {
        by,
        after,
        of: "states",
        how: first_line(&how),
    })
}

/// Looks for a fault of the gateway itself in one world after the other. A world counts only if
/// nothing is wrong in it without the fault.
fn in_worlds(fault: Fault) -> Option<Found> {
    (0..WORLDS_MAX).find_map(|seed| {
        sabotage(Some(fault));
        let wrong = one(seed, false).wrong;
        sabotage(None);
        let how = &wrong.first()?.what;
        one(seed, false).wrong.is_empty().then(|| Found {
            by: "the simulation",
            after: seed + 1,
            of: "worlds",
            how: first_line(how),
        })
    })
}

/// The same for a gateway whose words are tampered with between it and its links.
fn outside(promise: Sabotage) -> Option<Found> {
    let mut after = 0;
    (0..WORLDS_MAX).find_map(|seed| {
        let outcome = run_sabotaged(seed, promise)?;
        after += 1;
        let how = &outcome.wrong.first()?.what;
        one(seed, false).wrong.is_empty().then(|| Found {
            by: "the simulation",
            after,
            of: "worlds",
            how: first_line(how),
        })
    })
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(90)
        .collect()
}
