//! What waits for a carrier, and which of its binds takes it.
//!
//! Binds draw from the queue as their windows have room: nobody hands a message to a bind that
//! cannot send it, so that a bind that is lost loses only what it had sent.

use super::line::Line;
use crate::message::{Content, MessageId};
use crate::moment::Moment;
use crate::session::Pace;
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages that wait for one carrier at most; the ESME that submits one more is told that the
/// queue is full.
pub const WAITING_MAX: usize = 100_000;

/// A message that waits for a carrier.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Our id of it.
    pub id: MessageId,
    /// The message.
    pub content: Content,
}

/// The queue of one carrier and its binds.
#[derive(Debug)]
pub struct Queue {
    inside: Mutex<Inside>,
    /// Messages that wait, to be read without the lock.
    count: AtomicUsize,
    lines: Mutex<Lines>,
    bound: AtomicUsize,
    /// Binds that carry messages.
    sending: AtomicUsize,
}

#[derive(Debug)]
struct Inside {
    waiting: VecDeque<Waiting>,
    pace: Option<Pace>,
}

#[derive(Debug, Default)]
struct Lines {
    all: Vec<Arc<Line>>,
    turn: usize,
}

impl Queue {
    /// An empty queue whose messages leave at this rate; `None` is as fast as they can.
    pub fn new(pace: Option<Pace>) -> Self {
        Self {
            inside: Mutex::new(Inside {
                waiting: VecDeque::new(),
                pace,
            }),
            count: AtomicUsize::new(0),
            lines: Mutex::default(),
            bound: AtomicUsize::new(0),
            sending: AtomicUsize::new(0),
        }
    }

    /// Changes the rate from now on.
    pub fn set_pace(&self, pace: Option<Pace>) {
        self.inside.lock().pace = pace;
    }

    /// Adds messages while there is room; what there is no room for stays in `batch`.
    pub fn push(&self, batch: &mut Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        let mut inside = self.inside.lock();
        let room = WAITING_MAX
            .saturating_sub(inside.waiting.len())
            .min(batch.len());
        inside.waiting.extend(batch.drain(..room));
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        drop(inside);
        self.nudge();
    }

    /// Takes up to `count` messages, as many as the rate allows. If it allows fewer, the second
    /// value is when it allows the next.
    pub fn draw(&self, count: usize, now: Moment, into: &mut Vec<Waiting>) -> Option<Moment> {
        if count == 0 || self.count.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut inside = self.inside.lock();
        let wanted = count.min(inside.waiting.len());
        let mut ready_at = None;
        let granted = match &mut inside.pace {
            Some(pace) => {
                let granted = pace.take(now, wanted as u32) as usize;
                ready_at = (granted < wanted).then(|| pace.ready_at());
                granted
            }
            None => wanted,
        };
        into.extend(inside.waiting.drain(..granted));
        let left = inside.waiting.len();
        self.count.store(left, Ordering::SeqCst);
        drop(inside);
        if left > 0 && ready_at.is_none() {
            self.nudge();
        }
        ready_at
    }

    /// Puts back what was drawn and could not be sent, in its order.
    pub fn put_back(&self, batch: Vec<Waiting>) {
        let mut inside = self.inside.lock();
        batch
            .into_iter()
            .rev()
            .for_each(|waiting| inside.waiting.push_front(waiting));
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
    }

    /// Takes these out if they still wait; the ones that were taken out will never be sent.
    pub fn withdraw(&self, ids: &[MessageId]) -> HashSet<MessageId> {
        let wanted: HashSet<MessageId> = ids.iter().copied().collect();
        let mut withdrawn = HashSet::new();
        let mut inside = self.inside.lock();
        inside.waiting.retain(|waiting| {
            let goes = wanted.contains(&waiting.id);
            if goes {
                withdrawn.insert(waiting.id);
            }
            !goes
        });
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        withdrawn
    }

    /// Takes everything out: the carrier has gone.
    pub fn clear(&self) -> Vec<Waiting> {
        let mut inside = self.inside.lock();
        self.count.store(0, Ordering::SeqCst);
        inside.waiting.drain(..).collect()
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A bind is up.
    pub fn join(&self, line: Arc<Line>) {
        let mut lines = self.lines.lock();
        lines.all.push(line);
        self.count_lines(&lines.all);
    }

    fn count_lines(&self, lines: &[Arc<Line>]) {
        let sending = lines.iter().filter(|line| line.kind.sends()).count();
        self.bound.store(lines.len(), Ordering::SeqCst);
        self.sending.store(sending, Ordering::SeqCst);
    }

    /// A bind is gone. Whether it was the last one that could carry what waits.
    pub fn leave(&self, line: &Line) -> bool {
        let mut lines = self.lines.lock();
        lines.all.retain(|other| other.number != line.number);
        self.count_lines(&lines.all);
        let last = line.kind.sends() && self.sending.load(Ordering::SeqCst) == 0;
        drop(lines);
        // It may have been the one that was to carry what waits.
        self.nudge();
        last
    }

    /// Messages that have been sent and not been answered, as the binds last said.
    pub fn in_flight(&self) -> usize {
        self.lines
            .lock()
            .all
            .iter()
            .map(|line| line.in_flight())
            .sum()
    }

    /// Binds that are up.
    pub fn bound(&self) -> usize {
        self.bound.load(Ordering::SeqCst)
    }

    /// Whether a bind is up that carries messages.
    pub fn is_served(&self) -> bool {
        self.sending.load(Ordering::SeqCst) > 0
    }

    /// Every bind that is up.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        self.lines.lock().all.clone()
    }

    /// Wakes as many binds as it takes to carry what waits, each in its turn.
    pub fn nudge(&self) {
        if self.is_empty() {
            return;
        }
        let mut lines = self.lines.lock();
        let count = lines.all.len();
        let mut to_carry = self.count.load(Ordering::SeqCst);
        let turn = lines.turn;
        for step in 0..count {
            if to_carry == 0 {
                break;
            }
            let at = (turn + step) % count;
            let room = lines.all[at].room();
            if room > 0 {
                lines.all[at].ring();
                lines.turn = at + 1;
                to_carry = to_carry.saturating_sub(room);
            }
        }
    }
}
