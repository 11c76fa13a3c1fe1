//! How long to wait before the next attempt to bind.

use super::account::Reconnect;
use std::time::Duration;

/// The shortest pause after refused credentials: carriers lock those out who knock too often.
const REFUSED_FIRST: Duration = Duration::from_secs(60);

/// Pauses that grow from one failure to the next.
#[derive(Debug, Clone)]
pub struct Backoff {
    settings: Reconnect,
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub fn new(settings: Reconnect) -> Self {
        Self {
            settings,
            failures: 0,
        }
    }

    /// A bind was up: the next failure is a first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure. `chance` is a random number from 0 to 1, which spreads
    /// the pause by a fifth in both directions, so that binds that were lost together do not come
    /// back together.
    pub fn next(&mut self, refused: bool, chance: f64) -> Duration {
        let doubled = self
            .settings
            .first
            .saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let pause = doubled.min(self.settings.most);
        let pause = if refused {
            pause.max(REFUSED_FIRST.min(self.settings.most))
        } else {
            pause
        };
        pause.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Reconnect = Reconnect {
        first: Duration::from_secs(1),
        most: Duration::from_secs(60),
    };

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again_after_success() {
        let mut backoff = Backoff::new(SETTINGS);
        let pauses: Vec<u64> = (0..8).map(|_| backoff.next(false, 0.5).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next(false, 0.5), Duration::from_secs(1));
    }

    #[test]
    fn a_carrier_that_refuses_us_is_left_alone_for_a_minute() {
        let mut backoff = Backoff::new(SETTINGS);
        assert_eq!(backoff.next(true, 0.5), Duration::from_secs(60));
    }

    #[test]
    fn chance_spreads_a_pause_by_a_fifth() {
        let pause = |chance| Backoff::new(SETTINGS).next(false, chance).as_millis();
        assert_eq!((pause(0.0), pause(1.0)), (800, 1_200));
    }
}
