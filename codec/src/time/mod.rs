//! The calendar and the time format of SMPP 3.4 §7.1.1, without a clock.
//!
//! * `civil` turns seconds since the Unix epoch into a date and back;
//! * `stamp` reads and writes the sixteen characters, absolute and relative;
//! * `due` says when a message is due and until when it may be tried, given the time it is now.

mod civil;
mod stamp;
mod due;

pub use civil::{Civil, days_in_month};
pub use due::{SCHEDULE_LATE_MAX_SECONDS, schedule, validity};
pub(crate) use stamp::put_minutes;
pub use stamp::{RELATIVE_MAX_SECONDS, Span, Stamp, TimeError, absolute, relative, without_zone};
