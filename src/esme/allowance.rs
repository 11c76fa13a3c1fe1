//! How many segments an account may still submit: by the second, and by the day.
//!
//! All binds of an account share one of these. Who comes too fast is given a moment at which its
//! turn is; whoever would have to wait longer than a second is refused, and has used up nothing.

use crate::moment::Moment;
use std::time::Duration;

/// The longest time that an answer is delayed to keep an ESME to its rate.
pub const DELAY_MAX: Duration = Duration::from_secs(1);

/// Parts of a segment; at a rate of 1 a second one of them is paid off in a microsecond.
const PARTS: u64 = 1_000_000;

/// What an account has submitted, as far as it still matters.
#[derive(Debug, Clone, Default)]
pub struct Allowance {
    /// Parts of segments that were let through and are not paid off by time yet.
    debt: u64,
    /// When `debt` was true.
    counted: Moment,
    /// The day that `today` is about.
    day: i64,
    /// Segments that were let through on that day.
    today: u64,
}

/// What an account may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Segments a second, with a burst of as many; 0 is no limit.
    pub rate: u32,
    /// Segments a day; 0 is no limit.
    pub daily: u64,
    /// The day that it is for the account.
    pub day: i64,
}

impl Allowance {
    /// When a message of so many segments has its turn, not before `now`; `None` if that would be
    /// later than [`DELAY_MAX`] from now or the day is used up. What has got its turn is counted.
    ///
    /// Turns are given in order: later messages never have earlier ones. A message of more
    /// segments than a burst has its turn once nothing is owed, and what follows it waits longer.
    pub fn turn(&mut self, quota: Quota, segments: u32, now: Moment) -> Option<Moment> {
        if quota.day != self.day {
            (self.day, self.today) = (quota.day, 0);
        }
        let today = self.today.saturating_add(u64::from(segments));
        if quota.daily > 0 && today > quota.daily {
            return None;
        }
        let turn = match quota.rate {
            0 => now,
            rate => self.paced(u64::from(rate), u64::from(segments), now)?,
        };
        self.today = today;
        Some(turn)
    }

    fn paced(&mut self, rate: u64, segments: u64, now: Moment) -> Option<Moment> {
        let span = now.0.saturating_sub(self.counted.0);
        self.debt = self.debt.saturating_sub(span.saturating_mul(rate));
        self.counted = self.counted.max(now);
        let burst = rate * PARTS;
        let wanted = (segments * PARTS).min(burst);
        let over = self.debt.saturating_add(wanted).saturating_sub(burst);
        let wait = Duration::from_micros(over.div_ceil(rate));
        if wait > DELAY_MAX {
            return None;
        }
        self.debt += segments * PARTS;
        Some(now + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn rate(rate: u32) -> Quota {
        Quota {
            rate,
            daily: 0,
            day: 0,
        }
    }

    fn daily(daily: u64, day: i64) -> Quota {
        Quota {
            rate: 0,
            daily,
            day,
        }
    }

    #[test]
    fn a_burst_of_one_second_goes_through_and_a_second_more_is_delayed() {
        let mut allowance = Allowance::default();
        let now = Moment(5 * SECOND);
        let turns: Vec<_> = (0..25).map(|_| allowance.turn(rate(10), 1, now)).collect();
        for (at, turn) in turns.iter().enumerate() {
            let expected = match at {
                0..10 => Some(now),
                10..20 => Some(Moment(now.0 + (at as u64 - 9) * SECOND / 10)),
                _ => None,
            };
            assert_eq!(*turn, expected, "message {at}");
        }
    }

    #[test]
    fn over_a_long_time_exactly_the_rate_goes_through_and_turns_keep_their_order() {
        let mut allowance = Allowance::default();
        let turns: Vec<Moment> = (0..100 * SECOND)
            .step_by(20_011)
            .filter_map(|at| allowance.turn(rate(7), 1, Moment(at)))
            .collect();
        assert!(turns.is_sorted());
        let until = turns.iter().filter(|turn| turn.0 < 100 * SECOND).count();
        assert!((700..=707).contains(&until), "{until} in 100 seconds");
    }

    #[test]
    fn a_message_counts_its_segments() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.turn(rate(10), 7, Moment(0)), Some(Moment(0)));
        assert_eq!(
            allowance.turn(rate(10), 7, Moment(0)),
            Some(Moment(4 * SECOND / 10))
        );
        // Six more would have to wait for a second: just in time. The seventh is too much.
        let mut other = allowance.clone();
        assert_eq!(other.turn(rate(10), 7, Moment(0)), None);
        assert_eq!(allowance.turn(rate(10), 6, Moment(0)), Some(Moment(SECOND)));
    }

    #[test]
    fn a_message_that_is_longer_than_a_burst_is_let_through_and_paid_for_afterwards() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.turn(rate(1), 5, Moment(0)), Some(Moment(0)));
        assert_eq!(allowance.turn(rate(1), 1, Moment(3 * SECOND)), None);
        assert_eq!(
            allowance.turn(rate(1), 1, Moment(4 * SECOND)),
            Some(Moment(5 * SECOND))
        );
    }

    #[test]
    fn another_rate_counts_at_once() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.turn(rate(1), 1, Moment(0)), Some(Moment(0)));
        assert_eq!(allowance.turn(rate(1), 1, Moment(0)), Some(Moment(SECOND)));
        assert_eq!(allowance.turn(rate(1), 1, Moment(0)), None);
        assert_eq!(allowance.turn(rate(100), 1, Moment(0)), Some(Moment(0)));
        assert_eq!(allowance.turn(rate(0), 1_000, Moment(0)), Some(Moment(0)));
    }

    #[test]
    fn a_day_ends_and_what_was_refused_did_not_count() {
        let mut allowance = Allowance::default();
        let now = Moment(0);
        assert_eq!(allowance.turn(daily(10, 1), 8, now), Some(now));
        assert_eq!(allowance.turn(daily(10, 1), 3, now), None);
        assert_eq!(allowance.turn(daily(10, 1), 2, now), Some(now));
        assert_eq!(allowance.turn(daily(10, 1), 1, now), None);
        assert_eq!(allowance.turn(daily(10, 2), 10, now), Some(now));
        assert_eq!(allowance.turn(daily(10, 2), 1, now), None);
        assert_eq!(allowance.turn(daily(11, 2), 1, now), Some(now));
    }

    #[test]
    fn the_end_of_time_breaks_nothing() {
        let mut allowance = Allowance::default();
        for at in [0, u64::MAX, 0, u64::MAX] {
            allowance.turn(rate(u32::MAX), u32::MAX, Moment(at));
        }
    }
}
