//! The sixteen characters `YYMMDDhhmmsstnnp` of SMPP 3.4 §7.1.1, absolute and relative.

use super::civil::{Civil, DAY};
use std::fmt;

/// The longest time that [`relative`] writes: 99 days, 23:59:59. Months differ in length, so that
/// days are the largest unit that both sides understand alike.
pub const RELATIVE_MAX_SECONDS: u64 = 100 * DAY as u64 - 1;

/// The last second that two digits of a year can say: the end of 2037.
const ABSOLUTE_MAX: i64 = 2_145_916_799;

/// The first second that two digits of a year can say: the beginning of 1938.
const ABSOLUTE_MIN: i64 = -1_009_843_200;

/// A point in time or a span, as a time field has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// A point in time.
    Absolute {
        /// Seconds since the Unix epoch.
        unix: i64,
        /// Tenths of a second past that, 0 to 9.
        tenths: u8,
        /// Quarter hours that the sender's clock is ahead of UTC, -48 to 48.
        quarters: i8,
    },
    /// A span that begins with the current time.
    Relative(Span),
}

/// The parts of a relative time, each 0 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Calendar years.
    pub years: u8,
    /// Calendar months.
    pub months: u8,
    /// Days.
    pub days: u8,
    /// Hours, 0 to 23.
    pub hours: u8,
    /// Minutes, 0 to 59.
    pub minutes: u8,
    /// Seconds, 0 to 59.
    pub seconds: u8,
}

/// Why a time cannot be used; the caller answers `ESME_RINVSCHED` or `ESME_RINVEXPIRY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeError {
    /// Neither empty nor sixteen characters.
    Length(usize),
    /// A character that the format does not have at this offset.
    Character(usize),
    /// A date or time of day that does not exist.
    NoSuchTime,
    /// It lies in the past.
    Past,
    /// It ends before the message is due.
    BeforeSchedule,
}

impl Stamp {
    /// Reads a time field without its NUL; `None` when it is empty or a relative time of nothing,
    /// which both leave the choice to the message centre.
    pub fn parse(octets: &[u8]) -> Result<Option<Self>, TimeError> {
        if octets.is_empty() {
            return Ok(None);
        }
        let Ok(text) = <&[u8; 16]>::try_from(octets) else {
            return Err(TimeError::Length(octets.len()));
        };
        let (digits, sign) = (&text[..15], text[15]);
        if let Some(at) = digits.iter().position(|octet| !octet.is_ascii_digit()) {
            return Err(TimeError::Character(at));
        }
        let pair = |at: usize| (text[at] - b'0') * 10 + (text[at + 1] - b'0');
        let (quarters, tenths) = (pair(13), text[12] - b'0');
        match sign {
            b'R' => relative_of(Span {
                years: pair(0),
                months: pair(2),
                days: pair(4),
                hours: pair(6),
                minutes: pair(8),
                seconds: pair(10),
            }),
            b'+' | b'-' => {
                if quarters > 48 {
                    return Err(TimeError::NoSuchTime);
                }
                let local = Civil {
                    year: full_year(pair(0)),
                    month: pair(2),
                    day: pair(4),
                    hour: pair(6),
                    minute: pair(8),
                    second: pair(10),
                };
                if !local.is_valid() {
                    return Err(TimeError::NoSuchTime);
                }
                let quarters = if sign == b'-' {
                    -(quarters as i8)
                } else {
                    quarters as i8
                };
                let unix = local.unix() - i64::from(quarters) * 900;
                Ok(Some(Self::Absolute {
                    unix,
                    tenths,
                    quarters,
                }))
            }
            _ => Err(TimeError::Character(15)),
        }
    }

    /// The sixteen characters. A year outside of 1938 to 2037, which two digits cannot say, becomes
    /// the nearest moment that they can.
    pub fn octets(&self) -> [u8; 16] {
        match *self {
            Self::Absolute {
                unix,
                tenths,
                quarters,
            } => {
                let quarters = quarters.clamp(-48, 48);
                let local = unix.saturating_add(i64::from(quarters) * 900);
                let local = Civil::from_unix(local.clamp(ABSOLUTE_MIN, ABSOLUTE_MAX));
                let mut out = [b'0'; 16];
                put_civil(&mut out, &local);
                out[12] = b'0' + tenths.min(9);
                put_pair(&mut out, 13, quarters.unsigned_abs());
                out[15] = if quarters < 0 { b'-' } else { b'+' };
                out
            }
            Self::Relative(span) => {
                let mut out = [b'0'; 16];
                let parts = [
                    span.years,
                    span.months,
                    span.days,
                    span.hours,
                    span.minutes,
                    span.seconds,
                ];
                for (index, part) in parts.into_iter().enumerate() {
                    put_pair(&mut out, index * 2, part);
                }
                out[15] = b'R';
                out
            }
        }
    }

    /// Seconds since the Unix epoch, given what they are now; tenths are dropped.
    pub fn resolve(&self, now: i64) -> i64 {
        match *self {
            Self::Absolute { unix, .. } => unix,
            Self::Relative(span) => span.after(now),
        }
    }
}

impl Span {
    /// When the span is over that begins `now`, in seconds since the Unix epoch. Years and months
    /// go by the calendar: a month after 31 January is the last of February.
    pub fn after(&self, now: i64) -> i64 {
        let months = u32::from(self.years) * 12 + u32::from(self.months);
        let start = if months == 0 {
            now
        } else {
            Civil::from_unix(now).plus_months(months).unix()
        };
        let time =
            u32::from(self.hours) * 3_600 + u32::from(self.minutes) * 60 + u32::from(self.seconds);
        start.saturating_add(i64::from(self.days) * DAY + i64::from(time))
    }
}

/// An absolute time field in UTC, the form that every message centre understands.
pub fn absolute(unix: i64) -> [u8; 16] {
    Stamp::Absolute {
        unix,
        tenths: 0,
        quarters: 0,
    }
    .octets()
}

/// A relative time field with what is left, at most [`RELATIVE_MAX_SECONDS`].
///
/// Nothing left is written as one second: sixteen zeros would mean the message centre's default,
/// which is days.
pub fn relative(seconds_left: u64) -> [u8; 16] {
    let left = seconds_left.clamp(1, RELATIVE_MAX_SECONDS);
    let day = DAY as u64;
    let span = Span {
        years: 0,
        months: 0,
        days: (left / day) as u8,
        hours: (left % day / 3_600) as u8,
        minutes: (left % 3_600 / 60) as u8,
        seconds: (left % 60) as u8,
    };
    Stamp::Relative(span).octets()
}

/// A date of 10 to 14 digits that names no zone, as receipts, responses and old clients write it;
/// `None` for anything else, and for a date that does not exist.
///
/// 10 digits are `YYMMDDhhmm`, 14 are `YYYYMMDDhhmmss`; 12 are `YYMMDDhhmmss`, and where that is
/// no date `YYYYMMDDhhmm`. `offset_minutes` is what the sender's clock is ahead of UTC.
pub fn without_zone(digits: &[u8], offset_minutes: i32) -> Option<i64> {
    if !matches!(digits.len(), 10 | 12 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |at: usize| match digits.get(at..at + 2) {
        Some(pair) => (pair[0] - b'0') * 10 + (pair[1] - b'0'),
        None => 0,
    };
    let civil = |year: i32, at: usize| Civil {
        year,
        month: pair(at),
        day: pair(at + 2),
        hour: pair(at + 4),
        minute: pair(at + 6),
        second: pair(at + 8),
    };
    let short = civil(full_year(pair(0)), 2);
    let long = civil(i32::from(pair(0)) * 100 + i32::from(pair(2)), 4);
    let date = match digits.len() {
        10 => short,
        12 if short.is_valid() => short,
        _ => long,
    };
    date.is_valid()
        .then(|| date.unix() - i64::from(offset_minutes) * 60)
}

/// `YYMMDDhhmm` at the start of `out`.
pub(crate) fn put_minutes(out: &mut [u8; 10], local: &Civil) {
    put_pair(out, 0, local.year.rem_euclid(100) as u8);
    put_pair(out, 2, local.month);
    put_pair(out, 4, local.day);
    put_pair(out, 6, local.hour);
    put_pair(out, 8, local.minute);
}

fn relative_of(span: Span) -> Result<Option<Stamp>, TimeError> {
    if span.hours > 23 || span.minutes > 59 || span.seconds > 59 {
        return Err(TimeError::NoSuchTime);
    }
    Ok((span != Span::default()).then_some(Stamp::Relative(span)))
}

fn put_civil(out: &mut [u8; 16], local: &Civil) {
    put_pair(out, 0, local.year.rem_euclid(100) as u8);
    put_pair(out, 2, local.month);
    put_pair(out, 4, local.day);
    put_pair(out, 6, local.hour);
    put_pair(out, 8, local.minute);
    put_pair(out, 10, local.second);
}

#[inline]
fn put_pair(out: &mut [u8], at: usize, value: u8) {
    let value = value.min(99);
    out[at] = b'0' + value / 10;
    out[at + 1] = b'0' + value % 10;
}

/// 00 to 37 are of this century, 38 to 99 of the last (§7.1.1.1).
fn full_year(two_digits: u8) -> i32 {
    i32::from(two_digits) + if two_digits < 38 { 2000 } else { 1900 }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "a time has 0 or 16 characters, not {length}"),
            Self::Character(at) => write!(f, "a time cannot have this character at offset {at}"),
            Self::NoSuchTime => f.write_str("there is no such date or time of day"),
            Self::Past => f.write_str("the time lies in the past"),
            Self::BeforeSchedule => f.write_str("the validity ends before the message is due"),
        }
    }
}

impl std::error::Error for TimeError {}
