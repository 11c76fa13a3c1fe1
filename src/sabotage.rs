//! Deliberate faults, to prove that the proofs find them. Not in the product.
//!
//! With the feature `sabotage`, a test switches one fault on at run time; without it, nothing of
//! this is compiled in.

/// What can be done wrong on purpose: in the journal, and in what becomes of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A checksum does not cover the last octet.
    ChecksumRange,
    /// A group is confirmed although it was not synced.
    GroupSync,
    /// A segment begins although its header was not synced.
    HeaderSync,
    /// A new segment is used although its folder was not synced.
    NewEntrySync,
    /// A segment is removed before what was copied from it is durable.
    RemoveEarly,
    /// A segment is removed and the folder not synced before the next one is.
    RemovalSync,
    /// What a failed sync may have left in memory alone is taken for durable after a restart.
    TailNotWrittenAgain,
    /// A header does not say how much of the segment before it counts.
    CutNotRemembered,
    /// A bad record below what was synced is taken for a torn tail.
    EvidenceIgnored,
    /// A failed sync is tried again.
    SyncTriedAgain,
    /// What is carried on is checked before, not while, it is appended.
    MainCopiedUnchecked,
    /// New work may use what is kept for the end of what has begun.
    ReserveForAll,
    /// Completions are handed over before the sync.
    ConfirmedEarly,
    /// A report that comes before the response to its message is not kept for it.
    EarlyReportDropped,
    /// What had a time to live before a restart has none after it.
    ExpiryIgnored,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::ChecksumRange,
        Self::GroupSync,
        Self::HeaderSync,
        Self::NewEntrySync,
        Self::RemoveEarly,
        Self::RemovalSync,
        Self::TailNotWrittenAgain,
        Self::CutNotRemembered,
        Self::EvidenceIgnored,
        Self::SyncTriedAgain,
        Self::MainCopiedUnchecked,
        Self::ReserveForAll,
        Self::ConfirmedEarly,
        Self::EarlyReportDropped,
        Self::ExpiryIgnored,
    ];
}

#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub(crate) const fn sabotaged(_: Fault) -> bool {
    false
}

#[cfg(feature = "sabotage")]
pub use switched::{sabotage, sabotaged};

#[cfg(feature = "sabotage")]
mod switched {
    use super::Fault;
    use std::cell::Cell;

    thread_local! {
        static NOW: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Switches one fault on for what this thread does from now on, or all off.
    pub fn sabotage(fault: Option<Fault>) {
        NOW.set(fault);
    }

    /// Whether this is to be done wrong.
    pub fn sabotaged(fault: Fault) -> bool {
        NOW.get() == Some(fault)
    }
}
