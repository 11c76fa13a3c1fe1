//! Each promise is broken on purpose once, and the proofs find it: what they do not find they do not
//! prove.

use crate::crashes::searches;
use smppgate::journal::sabotage::{Fault, sabotage};

/// What the crash states find.
const CRASHES: [Fault; 10] = [
    Fault::GroupSync,
    Fault::HeaderSync,
    Fault::NewEntrySync,
    Fault::RemoveEarly,
    Fault::RemovalSync,
    Fault::TailNotWrittenAgain,
    Fault::CutNotRemembered,
    Fault::SyncTriedAgain,
    Fault::MainCopiedUnchecked,
    Fault::ConfirmedEarly,
];

#[test]
fn each_deliberate_fault_is_found() {
    let mut missed = Vec::new();
    for fault in CRASHES {
        sabotage(Some(fault));
        let found = searches();
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
