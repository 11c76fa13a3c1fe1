//! When a message is due and until when it may be tried, given its time fields and the time.
//!
//! How far away either may lie is a limit of the operator, and applied by whoever knows it: a
//! validity is cut there, a schedule refused.

use super::stamp::{Stamp, TimeError};

/// A schedule that has passed by no more than this means now: clocks differ, requests travel.
pub const SCHEDULE_LATE_MAX_SECONDS: i64 = 60;

/// When the message is due, in seconds since the Unix epoch; `None` means at once.
pub fn schedule(field: &[u8], now: i64) -> Result<Option<i64>, TimeError> {
    let Some(stamp) = Stamp::parse(field)? else {
        return Ok(None);
    };
    let due = stamp.resolve(now);
    if due > now {
        Ok(Some(due))
    } else if now.saturating_sub(due) <= SCHEDULE_LATE_MAX_SECONDS {
        Ok(None)
    } else {
        Err(TimeError::Past)
    }
}

/// Until when the message may be tried, in seconds since the Unix epoch; `None` means the
/// default of the account. `due` is what [`schedule`] said.
pub fn validity(field: &[u8], now: i64, due: Option<i64>) -> Result<Option<i64>, TimeError> {
    let Some(stamp) = Stamp::parse(field)? else {
        return Ok(None);
    };
    let end = stamp.resolve(now);
    if end <= now {
        Err(TimeError::Past)
    } else if due.is_some_and(|due| end <= due) {
        Err(TimeError::BeforeSchedule)
    } else {
        Ok(Some(end))
    }
}
