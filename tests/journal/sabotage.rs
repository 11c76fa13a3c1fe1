//! Each promise is broken on purpose once, and the proofs find it: what they do not find they do not
//! prove.

use crate::crashes::searches;
use crate::damage::flips;
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
