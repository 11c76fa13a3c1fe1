//! How a carrier is spared that has throttled us: a pause, and then a few messages at first.
//!
//! The pause grows as long as nothing at all is accepted, and shrinks while something is: a carrier
//! that refuses what is above its rate still takes what is within it. After a pause as many leave
//! as it has accepted since the last one, and more with each that it accepts.

use crate::moment::Moment;
use std::time::Duration;

/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The shortest pause, if something was accepted since the last one.
const PAUSE_LEAST: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MOST: Duration = Duration::from_secs(30);

/// From one message to the next while nothing is accepted and nothing refused.
const TRICKLE: Duration = Duration::from_millis(100);

/// After this long without being throttled it is as if that had never been.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// How a carrier is spared that has throttled us.
#[derive(Debug, Default)]
pub struct Throttle {
    /// Nothing leaves before.
    paused_until: Moment,
    /// How long the last pause was; zero if there is none to be remembered.
    pause: Duration,
    /// Messages that were accepted since it began.
    accepted: usize,
    /// Messages that may leave now.
    allowed: usize,
    /// When one more may leave, whatever becomes of the others.
    trickles_at: Moment,
}

impl Throttle {
    /// It has throttled us. All the answers to what had left before a pause count as one.
    pub fn throttled(&mut self, now: Moment) {
        if now < self.paused_until {
            return;
        }
        self.pause = match self.accepted {
            0 => (self.pause * 2).clamp(PAUSE_FIRST, PAUSE_MOST),
            _ => (self.pause / 2).max(PAUSE_LEAST),
        };
        self.paused_until = now + self.pause;
        self.allowed = self.accepted.max(1);
        self.accepted = 0;
        self.trickles_at = self.paused_until + TRICKLE;
    }

    /// It has accepted something. Whether all is forgotten by now.
    pub fn flows(&mut self, now: Moment) -> bool {
        if now >= self.paused_until + FORGET_AFTER {
            *self = Self::default();
            return true;
        }
        self.accepted += 1;
        // One for the place of this one, and every second time one more.
        self.allowed += 1 + self.accepted % 2;
        false
    }

    /// How many of these messages may leave now, and else when the next may.
    pub fn grant(&mut self, wanted: usize, now: Moment) -> Result<usize, Moment> {
        if self.pause.is_zero() {
            return Ok(wanted);
        }
        if now < self.paused_until {
            return Err(self.paused_until);
        }
        if self.allowed == 0 && now >= self.trickles_at {
            self.allowed = 1;
            self.trickles_at = now + TRICKLE;
        }
        match wanted.min(self.allowed) {
            0 => Err(self.trickles_at),
            granted => {
                self.allowed -= granted;
                Ok(granted)
            }
        }
    }

    /// So many of those that were granted have not left.
    pub fn give_back(&mut self, count: usize) {
        if !self.pause.is_zero() {
            self.allowed += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A carrier that takes so many messages in each second, and answers refusals before what it
    /// accepts; what it has accepted and refused in 20 seconds. `window` may be unanswered.
    fn carrier(a_second: usize, window: usize, latency: usize) -> (usize, usize) {
        let mut throttle = Throttle::default();
        let (mut accepted, mut refused) = (0, 0);
        let mut in_flight = std::collections::VecDeque::new();
        let (mut taken, mut second) = (0, 0);
        for at in 0..20_000_usize {
            let now = Moment(0) + MS * at as u32;
            if at / 1_000 != second {
                (second, taken) = (at / 1_000, 0);
            }
            // A refusal is answered at once, what is accepted later.
            while in_flight.front().is_some_and(|due| *due <= at) {
                in_flight.pop_front();
                accepted += 1;
                throttle.flows(now);
            }
            let room = window - in_flight.len();
            for _ in 0..throttle.grant(room, now).unwrap_or(0) {
                if taken < a_second {
                    taken += 1;
                    in_flight.push_back(at + latency);
                } else {
                    refused += 1;
                    throttle.throttled(now);
                }
            }
        }
        (accepted, refused)
    }

    #[test]
    fn a_carrier_that_refuses_what_is_above_its_rate_is_given_most_of_its_rate() {
        for (a_second, window, latency) in [(50, 100, 20), (50, 100, 1), (50, 10, 20), (5, 100, 20)]
        {
            let (accepted, refused) = carrier(a_second, window, latency);
            let offered = a_second * 20;
            assert!(accepted * 10 >= offered * 7, "{accepted} of {offered}");
            // It is asked four times a second whether it takes more.
            assert!(
                refused <= offered * 2 + 20 * 10,
                "{refused} refused of {offered}"
            );
        }
    }

    #[test]
    fn the_pause_grows_while_nothing_is_accepted_and_shrinks_while_something_is() {
        let mut throttle = Throttle::default();
        let mut now = Moment(0);
        let mut pauses = Vec::new();
        for accepts in [false, false, false, true, true, true, true, false] {
            throttle.throttled(now);
            throttle.throttled(now + MS);
            let Err(until) = throttle.grant(1, now) else {
                panic!("it does not pause");
            };
            pauses.push(until.since(now).as_millis());
            if accepts {
                throttle.flows(now);
            }
            now = until;
        }
        // What is accepted during a pause shortens the next one.
        assert_eq!(
            pauses,
            [1_000, 2_000, 4_000, 8_000, 4_000, 2_000, 1_000, 500]
        );
        assert_eq!(throttle.grant(1_000, now), Ok(1));
    }

    #[test]
    fn one_message_leaves_now_and_then_if_nothing_is_heard() {
        let mut throttle = Throttle::default();
        throttle.throttled(Moment(0));
        let after = Moment(0) + PAUSE_FIRST;
        assert_eq!(throttle.grant(10, after), Ok(1));
        assert_eq!(throttle.grant(10, after), Err(after + TRICKLE));
        assert_eq!(throttle.grant(10, after + TRICKLE), Ok(1));
        throttle.give_back(1);
        assert_eq!(throttle.grant(10, after + TRICKLE), Ok(1));
    }

    #[test]
    fn after_half_a_minute_in_peace_all_is_forgotten() {
        let mut throttle = Throttle::default();
        throttle.throttled(Moment(0));
        let later = Moment(0) + PAUSE_FIRST + FORGET_AFTER;
        assert!(!throttle.flows(Moment(0) + FORGET_AFTER));
        assert!(throttle.flows(later));
        assert_eq!(throttle.grant(1_000, later), Ok(1_000));
    }
}
