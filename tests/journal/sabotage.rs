//! Each promise is broken on purpose once, and the proofs find it: what they do not find they do not
//! prove.

use crate::crashes::{SMALL, Search, search};
use smppgate::journal::sabotage::{Fault, sabotage};

/// What the crash states find.
const CRASHES: [(Fault, &str); 6] = [
    (Fault::GroupSync, "ag"),
    (Fault::HeaderSync, "aflngpmx"),
    (Fault::NewEntrySync, "aflngpmx"),
    (Fault::TailNotWrittenAgain, "aflngpmx"),
    (Fault::CutNotRemembered, "aflngpmx"),
    (Fault::SyncTriedAgain, "aflngpmx"),
];

#[test]
fn each_deliberate_fault_is_found() {
    let mut missed = Vec::new();
    for (fault, steps) in CRASHES {
        sabotage(Some(fault));
        let found = search(
            SMALL,
            Search {
                steps,
                length: 6,
                states: 40,
                again: 1,
            },
        );
        sabotage(None);
        match found {
            Err(how) => println!(
                "{fault:?}: found {}",
                how.lines().next().unwrap_or_default()
            ),
            Ok(_) => missed.push(fault),
        }
    }
    assert_eq!(missed, [], "were not found");
}
