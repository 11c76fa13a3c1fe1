//! Where time comes from.

use crate::moment::Moment;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock as it stood at start, carried on by the monotonic one: it never goes back, and a
/// step of the wall clock moves no timer.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    started_at: Moment,
}

impl Clock {
    /// Reads both clocks once.
    pub fn start() -> Self {
        Self::not_before(Moment::default())
    }

    /// The same, and no earlier than this: a machine that has lost its time does not bring back what
    /// has passed.
    pub fn not_before(earliest: Moment) -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            started_at: (Moment::default() + since_epoch).max(earliest),
        }
    }

    /// The time now; asked once per wake-up, never per PDU.
    pub fn now(&self) -> Moment {
        self.started_at + self.started.elapsed()
    }

    /// The runtime's instant for a moment, for timers of the runtime.
    pub fn instant(&self, moment: Moment) -> tokio::time::Instant {
        (self.started + moment.since(self.started_at)).into()
    }
}
