//! How many requests may leave per second: a token bucket as a plain value.

use crate::moment::Moment;

/// Parts of a token that one request costs; a rate of 1 per second earns one part a microsecond.
const PARTS: u64 = 1_000_000;

/// A rate with a burst.
///
/// Nothing is lost to rounding: who asks often enough gets exactly `rate` requests a second, and
/// never more than `rate` × seconds + `burst` in any span.
#[derive(Debug, Clone)]
pub struct Pace {
    rate: u32,
    burst: u32,
    /// Parts at hand, at most `burst` × [`PARTS`].
    parts: u64,
    /// When `parts` was true.
    counted: Moment,
}

impl Pace {
    /// `rate` requests per second, 0 for no limit; up to `burst` of them (at least one) at once.
    /// The burst is there from the beginning.
    pub fn new(rate: u32, burst: u32, now: Moment) -> Self {
        let burst = burst.max(1);
        Self {
            rate,
            burst,
            parts: u64::from(burst) * PARTS,
            counted: now,
        }
    }

    /// How many of `wanted` requests may leave now; they are spent by this.
    #[inline]
    pub fn take(&mut self, now: Moment, wanted: u32) -> u32 {
        if self.rate == 0 {
            return wanted;
        }
        self.earn(now);
        let granted = u64::from(wanted).min(self.parts / PARTS);
        self.parts -= granted * PARTS;
        granted as u32
    }

    /// Gives back what was taken and not used.
    pub fn give_back(&mut self, unused: u32) {
        let most = u64::from(self.burst) * PARTS;
        self.parts = (self.parts + u64::from(unused) * PARTS).min(most);
    }

    /// When the next request may leave; not after `now` if one may leave already.
    pub fn ready_at(&self) -> Moment {
        if self.rate == 0 || self.parts >= PARTS {
            return self.counted;
        }
        let wait = (PARTS - self.parts).div_ceil(u64::from(self.rate));
        Moment(self.counted.0.saturating_add(wait))
    }

    fn earn(&mut self, now: Moment) {
        let span = now.0.saturating_sub(self.counted.0);
        let most = u64::from(self.burst) * PARTS;
        let earned = span.saturating_mul(u64::from(self.rate));
        self.parts = self.parts.saturating_add(earned).min(most);
        self.counted = self.counted.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn the_burst_leaves_at_once_and_the_rest_at_the_rate() {
        let mut pace = Pace::new(10, 5, Moment(0));
        assert_eq!(pace.take(Moment(0), 8), 5);
        assert_eq!(pace.take(Moment(0), 1), 0);
        assert_eq!(pace.ready_at(), Moment(SECOND / 10));
        assert_eq!(pace.take(Moment(SECOND / 10 - 1), 1), 0);
        assert_eq!(pace.take(Moment(SECOND / 10), 1), 1);
    }

    #[test]
    fn nothing_is_lost_to_rounding() {
        let mut pace = Pace::new(7, 2, Moment(0));
        let granted: u32 = (0..=100 * SECOND)
            .step_by(333)
            .map(|at| pace.take(Moment(at), 1))
            .sum();
        assert!(
            (701..=702).contains(&granted),
            "{granted} in 100 seconds at 7 a second"
        );
    }

    #[test]
    fn a_long_rest_earns_no_more_than_the_burst() {
        let mut pace = Pace::new(u32::MAX, 3, Moment(0));
        pace.take(Moment(0), 3);
        assert_eq!(pace.take(Moment(u64::MAX - 1), u32::MAX), 3);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut pace = Pace::new(0, 0, Moment(5));
        assert_eq!(pace.take(Moment(5), u32::MAX), u32::MAX);
        assert_eq!(pace.ready_at(), Moment(5));
    }

    #[test]
    fn what_was_not_used_comes_back_up_to_the_burst() {
        let mut pace = Pace::new(1, 4, Moment(0));
        assert_eq!(pace.take(Moment(0), 4), 4);
        pace.give_back(3);
        assert_eq!(pace.take(Moment(0), 9), 3);
        pace.give_back(100);
        assert_eq!(pace.take(Moment(0), 100), 4);
    }
}
