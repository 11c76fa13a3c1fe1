//! The deadlines of a session as a small table (SMPP 3.4 §7.2).
//!
//! The deadlines of our requests are not here: all of them wait equally long, so the window keeps
//! them in the order in which they were sent.

use crate::moment::Moment;
use std::time::Duration;

/// What a session can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// When the bind must be complete: its PDU, its decision, or its response.
    Bind,
    /// When nothing was heard for so long that we ask whether the peer is still there.
    EnquireLink,
    /// When the peer that we asked must have let something be heard.
    EnquireAnswer,
    /// When nothing was asked by either side for so long that we unbind.
    Idle,
    /// When the present step of an unbind has waited long enough.
    Unbind,
}

impl Timer {
    /// All of them, in the order in which they are looked at.
    const ALL: [Self; 5] = [
        Self::Bind,
        Self::EnquireLink,
        Self::EnquireAnswer,
        Self::Idle,
        Self::Unbind,
    ];
}

/// A deadline for each [`Timer`], or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timers {
    deadlines: [Moment; Timer::ALL.len()],
}

impl Timers {
    /// No deadlines.
    pub fn new() -> Self {
        Self {
            deadlines: [Moment::NEVER; Timer::ALL.len()],
        }
    }

    /// Sets one deadline in place of the one it had.
    #[inline]
    pub fn set(&mut self, timer: Timer, deadline: Moment) {
        self.deadlines[timer as usize] = deadline;
    }

    /// Takes one deadline away.
    #[inline]
    pub fn stop(&mut self, timer: Timer) {
        self.set(timer, Moment::NEVER);
    }

    /// Takes all deadlines away.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The nearest deadline.
    #[inline]
    pub fn next(&self) -> Moment {
        self.deadlines
            .iter()
            .copied()
            .min()
            .unwrap_or(Moment::NEVER)
    }

    /// A timer whose deadline has come; it is stopped by this.
    pub fn pop(&mut self, now: Moment) -> Option<Timer> {
        let due = Timer::ALL.into_iter().find(|&timer| {
            let deadline = self.deadlines[timer as usize];
            deadline <= now && deadline != Moment::NEVER
        })?;
        self.stop(due);
        Some(due)
    }
}

/// `span` from now; never if it is zero.
#[inline]
pub(super) fn unless_zero(now: Moment, span: Duration) -> Moment {
    if span.is_zero() {
        Moment::NEVER
    } else {
        now + span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_once_and_not_before_its_time() {
        let mut timers = Timers::new();
        timers.set(Timer::Idle, Moment(50));
        timers.set(Timer::EnquireLink, Moment(30));
        assert_eq!(timers.next(), Moment(30));
        assert_eq!(timers.pop(Moment(29)), None);
        assert_eq!(timers.pop(Moment(30)), Some(Timer::EnquireLink));
        assert_eq!(timers.pop(Moment(30)), None);
        assert_eq!(timers.next(), Moment(50));
        assert_eq!(timers.pop(Moment(70)), Some(Timer::Idle));
        assert_eq!(timers.next(), Moment::NEVER);
    }

    #[test]
    fn what_was_stopped_or_never_set_does_not_come_even_at_the_end_of_time() {
        let mut timers = Timers::new();
        timers.set(Timer::Bind, Moment(10));
        timers.stop(Timer::Bind);
        assert_eq!(timers.pop(Moment::NEVER), None);
    }

    #[test]
    fn every_timer_has_its_own_place_in_the_table() {
        for (place, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, place);
        }
    }
}
