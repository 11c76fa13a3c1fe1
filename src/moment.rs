//! A point in time as a plain number, handed to whatever decides.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Microseconds since the Unix epoch, on a clock that never goes back while the process runs.
///
/// One value serves timers and timestamps alike; only the rooms that drive sockets and disks ask a
/// clock for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Time that has passed since `earlier`; zero if it has not come yet.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// A sum past the end of time is [`Moment::NEVER`].
    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}
