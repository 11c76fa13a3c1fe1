//! How many batches of outcomes are on their way through the journal.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Batches of outcomes that have been read and are not settled yet: it is not known yet by which
/// ids carriers mean their messages.
#[derive(Debug, Default)]
pub struct Unsettled(AtomicUsize);

impl Unsettled {
    /// A batch has been read.
    pub fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// A batch is settled: what it says is known.
    pub fn end(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether all that was read is settled.
    pub fn is_none(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}
