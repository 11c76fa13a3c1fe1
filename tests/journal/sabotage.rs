//! Each promise is broken on purpose once, and the proofs find it: what they do not find they do not
//! prove.

use crate::crashes::searches;
use crate::damage::flips;
use crate::differential::plays;
use crate::ring::fill_and_end;
use smppgate::journal::sabotage::{Fault, sabotage};

const FAULTS: [Fault; 13] = [
    Fault::ReserveForAll,
    Fault::ChecksumRange,
    Fault::EvidenceIgnored,
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
    for fault in FAULTS {
        sabotage(Some(fault));
        let found = match fault {
            Fault::ReserveForAll => fill_and_end(40, 1_000).map(drop),
            Fault::ChecksumRange | Fault::EvidenceIgnored => flips().map(drop),
            _ => searches().map(drop),
        };
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
fn sqlite_does_not_agree_with_a_journal_that_is_broken_on_purpose() {
    let mut missed = Vec::new();
    for fault in FAULTS_OF_A_LIFE {
        sabotage(Some(fault));
        let found = std::panic::catch_unwind(plays);
        sabotage(None);
        match found {
            Ok(Ok(_)) => missed.push(fault),
            Ok(Err(how)) => println!("{fault:?}: found {how}"),
            Err(_) => println!("{fault:?}: found"),
        }
    }
    assert_eq!(missed, [], "were not found");
}
