//! The journal of the gateway on the clock of the world: batches take their time, or there is no room
//! for them.

use parking_lot::Mutex;
use smppgate::flow::After;
use smppgate::journal::{Appended, Completion, Journal, Record, Refusal};
use smppgate::moment::Moment;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What the world sees of the journal, and what it does to it.
pub trait Keeping {
    fn set_delay(&self, delay: Duration);

    fn set_full(&self, is_full: bool);

    /// It is this time now.
    fn at(&self, now: Moment);

    /// When something will be done that is pending.
    fn next_due(&self) -> Option<Moment>;

    /// What has been done by now.
    fn settled(&self, now: Moment) -> Vec<Completion<After>>;

    fn is_idle(&self) -> bool;
}

/// A journal in memory.
#[derive(Default)]
pub struct Paper(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    now: Moment,
    /// How long each sync takes; zero is none.
    delay: Duration,
    is_full: bool,
    /// Batches in their order, and when each will be durable.
    pending: VecDeque<(Moment, After)>,
    /// When the sync that runs ends.
    sync_ends: Moment,
}

/// The hand of the gateway on it.
pub struct Pen {
    paper: Arc<Paper>,
}

impl Paper {
    /// The pen that writes here. What was pending is taken out by [`Keeping::settled`].
    pub fn pen(self: &Arc<Self>) -> Box<dyn Journal<After>> {
        let paper = self.clone();
        Box::new(Pen { paper })
    }
}

impl Keeping for Paper {
    fn set_delay(&self, delay: Duration) {
        self.0.lock().delay = delay;
    }

    fn set_full(&self, is_full: bool) {
        self.0.lock().is_full = is_full;
    }

    fn at(&self, now: Moment) {
        self.0.lock().now = now;
    }

    fn next_due(&self) -> Option<Moment> {
        self.0.lock().pending.front().map(|(due, _)| *due)
    }

    fn settled(&self, now: Moment) -> Vec<Completion<After>> {
        let mut inside = self.0.lock();
        let mut settled = Vec::new();
        while let Some((_, then)) = inside.pending.pop_front_if(|(due, _)| *due <= now) {
            settled.push(Completion::Written(then, Ok(())));
        }
        settled
    }

    fn is_idle(&self) -> bool {
        self.0.lock().pending.is_empty()
    }
}

impl Journal<After> for Pen {
    fn append(&self, records: &[Record<'_>], then: After) -> Appended<After> {
        let mut inside = self.paper.0.lock();
        if inside.is_full && records.iter().any(Record::is_new_work) {
            return Appended::Refused(then, Refusal::Full);
        }
        if inside.delay.is_zero() && inside.pending.is_empty() {
            return Appended::Durable(then);
        }
        // What comes while a sync runs is durable with the next one.
        let begins = inside.sync_ends.max(inside.now);
        if inside.now >= inside.sync_ends {
            inside.sync_ends = inside.now + inside.delay;
        }
        let due = match begins == inside.now {
            true => inside.sync_ends,
            false => begins + inside.delay,
        };
        inside.pending.push_back((due, then));
        Appended::Pending
    }

    fn has_room(&self) -> bool {
        !self.paper.0.lock().is_full
    }
}
