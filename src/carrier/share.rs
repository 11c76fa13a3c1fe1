//! What carriers of one group share: a rate, and a window over all their binds.

use crate::moment::Moment;
use crate::session::Pace;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// The bounds of a group of carriers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Requests that may be unanswered over all its binds; zero is no bound.
    pub window: u32,
    /// Segments per second over all its binds; zero is no bound.
    pub rate: u32,
}

/// Where something waits that was held back.
pub trait Waits: std::fmt::Debug + Send + Sync {
    /// There may be room again.
    fn nudge(&self);
}

/// What the carriers of a group have left of it.
#[derive(Debug, Default)]
pub struct Share(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    window: usize,
    pace: Option<Pace>,
    in_flight: usize,
    /// Those of them that were not answered in time.
    overdue: usize,
    /// Somebody wanted more than there was.
    starved: bool,
    queues: Vec<Weak<dyn Waits>>,
}

impl Share {
    /// Puts the bounds in force; `None` is none.
    pub fn set(&self, group: Option<&Group>, now: Moment) {
        let mut inside = self.0.lock();
        inside.window = group.map_or(0, |group| group.window as usize);
        let rate = group.map_or(0, |group| group.rate);
        inside.pace = (rate > 0).then(|| Pace::new(rate, rate, now));
        drop(inside);
        self.wake();
    }

    /// This queue draws from it.
    pub fn join(&self, queue: &Arc<impl Waits + 'static>) {
        let mut inside = self.0.lock();
        let address = Arc::as_ptr(queue).cast::<()>();
        let is_there = |known: &Weak<dyn Waits>| known.as_ptr().cast::<()>() == address;
        if !inside.queues.iter().any(is_there) {
            let queue: Arc<dyn Waits> = queue.clone();
            inside.queues.push(Arc::downgrade(&queue));
        }
    }

    /// Takes room for up to `wanted` requests. If the rate grants fewer, the second value is when
    /// it grants the next; if the window does, the queues are rung when there is room again.
    pub fn take(&self, wanted: usize, now: Moment) -> (usize, Option<Moment>) {
        let mut inside = self.0.lock();
        let mut granted = wanted;
        if inside.window > 0 {
            granted = granted.min(inside.window.saturating_sub(inside.in_flight));
            inside.starved |= granted < wanted;
        }
        let mut ready_at = None;
        if granted > 0
            && let Some(pace) = &mut inside.pace
        {
            let paced = pace.take(now, granted as u32) as usize;
            ready_at = (paced < granted).then(|| pace.ready_at());
            granted = paced;
        }
        inside.in_flight += granted;
        (granted, ready_at)
    }

    /// So many requests that were granted have not left: the rate grants them again.
    pub fn unspend(&self, count: usize) {
        if let Some(pace) = &mut self.0.lock().pace {
            pace.give_back(count as u32);
        }
    }

    /// So many requests need their room no longer.
    pub fn give_back(&self, count: usize) {
        let mut inside = self.0.lock();
        inside.in_flight = inside.in_flight.saturating_sub(count);
        let starved = inside.starved;
        drop(inside);
        if starved {
            self.wake();
        }
    }

    /// So many more requests were not answered in time: they keep their room until they are answered
    /// or their bind is gone.
    pub fn is_overdue(&self, count: usize) {
        self.0.lock().overdue += count;
    }

    /// So many of those were answered after all, or their bind is gone.
    pub fn is_overdue_no_more(&self, count: usize) {
        let mut inside = self.0.lock();
        inside.overdue = inside.overdue.saturating_sub(count);
    }

    /// Whether requests that were not answered in time take all the room: nothing leaves any more
    /// until a bind is given up.
    pub fn is_stuck(&self) -> bool {
        let inside = self.0.lock();
        inside.window > 0 && inside.overdue >= inside.window
    }

    /// Rings the binds of every queue in which something waits.
    fn wake(&self) {
        let mut inside = self.0.lock();
        inside.starved = false;
        let queues: Vec<_> = inside.queues.iter().filter_map(Weak::upgrade).collect();
        drop(inside);
        queues.iter().for_each(|queue| queue.nudge());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn share(window: u32, rate: u32) -> Share {
        let share = Share::default();
        let group = Group {
            name: "north".to_owned(),
            window,
            rate,
        };
        share.set(Some(&group), Moment(0));
        share
    }

    #[test]
    fn the_window_bounds_what_is_unanswered_over_all() {
        let share = share(5, 0);
        assert_eq!(share.take(3, Moment(0)), (3, None));
        assert_eq!(share.take(3, Moment(0)), (2, None));
        assert_eq!(share.take(1, Moment(0)), (0, None));
        share.give_back(4);
        assert_eq!(share.take(9, Moment(0)), (4, None));
    }

    #[test]
    fn requests_that_are_never_answered_may_take_all_the_room() {
        let share = share(2, 0);
        assert_eq!(share.take(2, Moment(0)), (2, None));
        share.is_overdue(1);
        assert!(!share.is_stuck());
        share.is_overdue(1);
        assert!(share.is_stuck());
        share.is_overdue_no_more(1);
        share.give_back(1);
        assert!(!share.is_stuck());
    }

    #[test]
    fn the_rate_bounds_what_leaves_in_a_second() {
        let share = share(0, 10);
        let later = Moment(0) + Duration::from_millis(100);
        assert_eq!(share.take(8, Moment(0)), (8, None));
        assert_eq!(share.take(8, Moment(0)), (2, Some(later)));
        assert_eq!(
            share.take(8, later),
            (1, Some(later + Duration::from_millis(100)))
        );
    }
}
