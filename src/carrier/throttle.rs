//! How a carrier is spared that has throttled us: a pause, and then messages at the pace at which
//! it has accepted them.
//!
//! The pause grows as long as nothing at all is accepted, and shrinks while something is: a carrier
//! that refuses what is above its rate still takes what is within it. After a pause messages leave
//! evenly, faster than it has accepted them since the last one, and ever faster with each that
//! it accepts.

use crate::moment::Moment;
use std::time::Duration;

/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The shortest pause, if something was accepted since the last one.
const PAUSE_LEAST: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MOST: Duration = Duration::from_secs(30);

/// The longest time from one message to the next, and the shortest: below it a pace is none.
const INTERVAL_MOST_US: u64 = 1_000_000;
const INTERVAL_LEAST_US: u64 = 20;

/// Messages that leave at once at most.
const BURST: u64 = 10;

/// After this long without being throttled it is as if that had never been.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// How a carrier is spared that has throttled us.
#[derive(Debug, Default)]
pub struct Throttle {
    /// Nothing leaves before.
    paused_until: Moment,
    /// How long the last pause was; zero if there is none to be remembered.
    pause: Duration,
    /// When it began.
    since: Moment,
    /// Messages that were accepted since then.
    accepted: u64,
    /// Microseconds from one message to the next.
    interval_us: u64,
    /// When the next message has its turn.
    next: Moment,
}

impl Throttle {
    /// It has throttled us. All the answers to what had left before a pause count as one.
    pub fn throttled(&mut self, now: Moment) {
        if now < self.paused_until {
            return;
        }
        let span = now.since(self.since).as_micros() as u64;
        // Twice as fast as it has accepted them, the pause included.
        self.interval_us = match (self.pause.is_zero(), self.accepted) {
            (true, _) => INTERVAL_LEAST_US,
            (false, 0) => self.interval_us * 2,
            (false, accepted) => span / accepted / 2,
        }
        .clamp(INTERVAL_LEAST_US, INTERVAL_MOST_US);
        self.pause = match self.accepted {
            _ if self.pause.is_zero() => PAUSE_FIRST,
            0 => (self.pause * 2).min(PAUSE_MOST),
            _ => (self.pause / 2).max(PAUSE_LEAST),
        };
        self.paused_until = now + self.pause;
        (self.since, self.accepted, self.next) = (now, 0, self.paused_until);
    }

    /// It has accepted something. Whether all is forgotten by now.
    pub fn flows(&mut self, now: Moment) -> bool {
        if now >= self.paused_until + FORGET_AFTER {
            *self = Self::default();
            return true;
        }
        self.accepted += 1;
        // Twice as fast after some thirty-five of them.
        self.interval_us -= self.interval_us / 50;
        false
    }

    /// How many of these messages may leave now, and else when the next may.
    pub fn grant(&mut self, wanted: usize, now: Moment) -> Result<usize, Moment> {
        if self.pause.is_zero() || wanted == 0 {
            return Ok(wanted);
        }
        if now < self.paused_until {
            return Err(self.paused_until);
        }
        if now < self.next {
            return Err(self.next);
        }
        let interval = Duration::from_micros(self.interval_us.max(1));
        // What nobody has taken in time is not kept for later.
        let earliest = now - interval * (BURST as u32 - 1);
        self.next = self.next.max(earliest);
        let due = 1 + now.since(self.next).as_micros() as u64 / self.interval_us.max(1);
        let granted = due.min(wanted as u64);
        self.next = self.next + interval * granted as u32;
        Ok(granted as usize)
    }

    /// So many of those that were granted have not left.
    pub fn give_back(&mut self, count: usize) {
        if !self.pause.is_zero() {
            let interval = Duration::from_micros(self.interval_us);
            self.next = self.next - interval * u32::try_from(count).unwrap_or(u32::MAX);
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
        for (a_second, window, latency) in [
            (50, 100, 20),
            (50, 100, 1),
            (50, 10, 20),
            (1_000, 100, 20),
            (5, 100, 20),
        ] {
            let (accepted, refused) = carrier(a_second, window, latency);
            let offered = a_second * 20;
            assert!(
                accepted * 10 >= offered * 6,
                "{accepted} of {offered}, {refused} refused"
            );
            // Once in four times a second, and what had left by then.
            assert!(refused <= 20 * 4 * 10, "{refused} refused of {offered}");
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
        let again = Moment(0) + PAUSE_FIRST;
        throttle.throttled(again);
        let after = again + PAUSE_FIRST * 2;
        assert_eq!(throttle.grant(10, after), Ok(1));
        let step = Duration::from_micros(2 * INTERVAL_LEAST_US);
        assert_eq!(throttle.grant(10, after), Err(after + step));
        assert_eq!(throttle.grant(10, after + step), Ok(1));
        throttle.give_back(1);
        assert_eq!(throttle.grant(10, after + step), Ok(1));
        // What nobody took for a long time leaves in a small burst.
        assert_eq!(throttle.grant(100, after + step * 100), Ok(BURST as usize));
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
