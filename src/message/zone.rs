//! Time zones: what a peer's clock is ahead of UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a peer's clock is ahead of UTC, always or by the rules of a place.
#[derive(Clone, PartialEq, Eq)]
pub enum Zone {
    /// Always so many minutes.
    Fixed(i32),
    /// By the rules of a place, summer time included.
    Place(TimeZone),
}

/// A text that is neither a place of the time zone database nor an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is no time zone; write for example \"UTC\", \"Europe/Paris\" or \"+05:30\"")]
pub struct ZoneError;

/// Hours that a zone is ahead of or behind UTC at most.
const HOURS_MAX: i32 = 14;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self::Fixed(0);

    /// Seconds that its clock is ahead at `unix` seconds since the epoch.
    #[inline]
    pub fn ahead(&self, unix: i64) -> i64 {
        match self {
            Self::Fixed(minutes) => i64::from(*minutes) * 60,
            Self::Place(place) => Timestamp::from_second(unix)
                .map_or(0, |at| i64::from(place.to_offset(at).seconds())),
        }
    }

    /// The day that its calendar shows at `unix` seconds since the epoch, counted from 1970.
    pub fn day(&self, unix: i64) -> i64 {
        unix.saturating_add(self.ahead(unix)).div_euclid(86_400)
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if let "UTC" | "Z" = text {
            return Ok(Self::UTC);
        }
        if let Some(minutes) = fixed(text) {
            return Ok(Self::Fixed(minutes));
        }
        // The names of the database begin with a letter; what else can be read is no name.
        if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Err(ZoneError);
        }
        TimeZone::get(text).map(Self::Place).map_err(|_| ZoneError)
    }
}

/// Minutes of `+hh:mm` or `-hh:mm`.
fn fixed(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes() {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h, i, b':', m, n] = rest else {
        return None;
    };
    let digit = |octet: &u8| octet.is_ascii_digit().then(|| i32::from(octet - b'0'));
    let hours = digit(h)? * 10 + digit(i)?;
    let minutes = digit(m)? * 10 + digit(n)?;
    (minutes < 60 && hours * 60 + minutes <= HOURS_MAX * 60)
        .then_some(sign * (hours * 60 + minutes))
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(minutes) => write!(f, "Zone({minutes} min)"),
            Self::Place(place) => write!(f, "Zone({})", place.iana_name().unwrap_or("?")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-01 22:30 UTC and 2026-01-01 23:30 UTC.
    const SUMMER: i64 = 1_782_945_000;
    const WINTER: i64 = 1_767_310_200;

    fn zone(text: &str) -> Zone {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_has_its_summer_time_and_an_offset_has_none() {
        assert_eq!(zone("UTC").ahead(SUMMER), 0);
        assert_eq!(zone("Europe/Paris").ahead(SUMMER), 7_200);
        assert_eq!(zone("Europe/Paris").ahead(WINTER), 3_600);
        assert_eq!(zone("Asia/Kolkata").ahead(WINTER), 19_800);
        assert_eq!(zone("+05:30").ahead(SUMMER), 19_800);
        assert_eq!(zone("-03:00").ahead(WINTER), -10_800);
    }

    #[test]
    fn the_day_begins_at_midnight_of_the_zone() {
        let day = Zone::UTC.day(SUMMER);
        assert_eq!(zone("Europe/Paris").day(SUMMER), day + 1);
        assert_eq!(zone("-03:00").day(SUMMER), day);
        assert_eq!(Zone::UTC.day(-1), -1);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "Mars/Olympus",
            "+5",
            "+15:00",
            "+01:60",
            "05:30",
            "+1a:00",
            "+14:30",
        ] {
            assert_eq!(text.parse::<Zone>(), Err(ZoneError), "{text}");
        }
    }
}
