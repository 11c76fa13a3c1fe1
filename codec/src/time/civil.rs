//! The Gregorian calendar: seconds since the Unix epoch as year, month, day and time of day.
//!
//! Shifted to years that begin in March, so that the leap day is the last of its year and a month
//! begins after (153 × month + 2) / 5 days.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Days from 1 March of year 0 to the Unix epoch.
const EPOCH_DAYS: i64 = 719_468;

/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// A date and a time of day, without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year, 1938 for 1938.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

impl Civil {
    /// The date at `unix` seconds since the epoch, in UTC.
    ///
    /// What is further away than the calendar of a signed 32-bit year shows its first or last
    /// moment.
    #[inline]
    pub fn from_unix(unix: i64) -> Self {
        const FAR: i64 = (i32::MAX as i64) * 365 * DAY;
        let unix = unix.clamp(-FAR, FAR);
        let (days, second) = (unix.div_euclid(DAY), unix.rem_euclid(DAY) as u32);
        let days = days + EPOCH_DAYS;
        let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS) as u32);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self {
            year: (i64::from(year) + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: day as u8,
            hour: (second / 3_600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
        }
    }

    /// Seconds since the Unix epoch, the date read as UTC.
    pub fn unix(&self) -> i64 {
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let month = if month > 2 { month - 3 } else { month + 9 };
        let day = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let days = era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + day - EPOCH_DAYS;
        let time = i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60;
        days * DAY + time + i64::from(self.second)
    }

    /// Whether the calendar has this date and the day this time.
    pub fn is_valid(&self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    /// The same day so many months later; the last of the month where that month is shorter.
    pub fn plus_months(self, months: u32) -> Self {
        let months = i64::from(self.year) * 12 + i64::from(self.month) - 1 + i64::from(months);
        let year = months.div_euclid(12).min(i64::from(i32::MAX)) as i32;
        let month = months.rem_euclid(12) as u8 + 1;
        Self {
            year,
            month,
            day: self.day.min(days_in_month(year, month)),
            ..self
        }
    }
}

/// Days of a month; 0 for a month that is not one.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn civil(year: i32, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Civil {
        Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        }
    }

    #[test]
    fn known_seconds_have_known_dates() {
        let table = [
            (0, civil(1970, 1, 1, 0, 0, 0)),
            (-1, civil(1969, 12, 31, 23, 59, 59)),
            (951_782_400, civil(2000, 2, 29, 0, 0, 0)),
            (1_709_164_800, civil(2024, 2, 29, 0, 0, 0)),
            (1_798_137_000, civil(2026, 12, 24, 18, 30, 0)),
            (2_147_483_647, civil(2038, 1, 19, 3, 14, 7)),
            (4_107_542_400, civil(2100, 3, 1, 0, 0, 0)),
        ];
        for (unix, date) in table {
            assert_eq!((Civil::from_unix(unix), date.unix()), (date, unix));
        }
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let mut date = civil(1600, 1, 1, 0, 0, 0);
        let mut unix = date.unix();
        while date.year < 2400 {
            assert!(date.is_valid());
            unix += DAY;
            date = if date.day < days_in_month(date.year, date.month) {
                Civil {
                    day: date.day + 1,
                    ..date
                }
            } else {
                Civil { day: 1, ..date }.plus_months(1)
            };
            assert_eq!((Civil::from_unix(unix), date.unix()), (date, unix));
        }
    }

    #[test]
    fn a_month_after_the_last_of_january_is_the_last_of_february() {
        let january = civil(2027, 1, 31, 12, 0, 0);
        assert_eq!(january.plus_months(1), civil(2027, 2, 28, 12, 0, 0));
        assert_eq!(january.plus_months(13), civil(2028, 2, 29, 12, 0, 0));
        assert_eq!(january.plus_months(11), civil(2027, 12, 31, 12, 0, 0));
    }

    #[test]
    fn the_calendar_refuses_what_it_does_not_have() {
        for date in [
            civil(2026, 0, 1, 0, 0, 0),
            civil(2026, 13, 1, 0, 0, 0),
            civil(2026, 1, 0, 0, 0, 0),
            civil(2026, 2, 30, 0, 0, 0),
            civil(2026, 2, 29, 0, 0, 0),
            civil(1900, 2, 29, 0, 0, 0),
            civil(2026, 4, 31, 0, 0, 0),
            civil(2026, 1, 1, 24, 0, 0),
            civil(2026, 1, 1, 0, 60, 0),
            civil(2026, 1, 1, 0, 0, 60),
        ] {
            assert!(!date.is_valid(), "{date:?}");
        }
    }

    proptest! {
        #[test]
        fn no_second_breaks_the_calendar(unix in any::<i64>()) {
            prop_assert!(Civil::from_unix(unix).is_valid());
        }

        #[test]
        fn seconds_become_a_date_and_the_same_seconds(unix in -99_999_999_999i64..99_999_999_999) {
            prop_assert_eq!(Civil::from_unix(unix).unix(), unix);
        }
    }
}
