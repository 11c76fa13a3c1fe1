//! What waits for a carrier, and which of its binds takes it.
//!
//! Binds draw from the queue as their windows have room: nobody hands a message to a bind that
//! cannot send it, so that a bind that is lost loses only what it had sent.

use super::begun;
use super::line::Line;
use super::outcome::Verdicts;
use super::row::{Company, Row, Waiting};
use super::share::{Share, Waits};
use super::throttle::Throttle;
use crate::message::{AccountId, Content, MessageId};
use crate::moment::Moment;
use crate::session::Pace;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Messages that wait for one carrier at most; the ESME that submits one more is told that the
/// queue is full.
pub const WAITING_MAX: usize = 100_000;

/// Messages that are taken out of the queue one by one; more are looked for in one walk.
const ONE_BY_ONE_MAX: usize = 32;

/// After the group had no room for a part: nobody is rung for a part alone.
const SHARE_PAUSE: Duration = Duration::from_millis(10);

/// How a draw went.
#[derive(Debug, Default)]
pub struct Drawn {
    /// If a rate allows fewer than were asked for: when it allows the next.
    pub ready_at: Option<Moment>,
    /// Whose room each message that was drawn takes until it is answered.
    pub share: Option<Arc<Share>>,
}

/// The queue of one carrier and its binds.
#[derive(Debug)]
pub struct Queue {
    inside: Mutex<Inside>,
    /// Messages that wait, to be read without the lock.
    count: AtomicUsize,
    lines: Mutex<Lines>,
    bound: AtomicUsize,
    /// Whether the carrier has throttled us lately.
    throttled: AtomicBool,
    /// Binds that carry messages.
    sending: AtomicUsize,
}

#[derive(Debug)]
struct Inside {
    waiting: Row,
    pace: Option<Pace>,
    throttle: Throttle,
    /// Whether one is in flight that may have taken a bind down.
    is_suspect_out: bool,
    /// What it shares with the others of its group.
    share: Option<Arc<Share>>,
}

impl Inside {
    /// Adds messages that came before others that wait.
    fn add_older(&mut self, batch: Vec<Waiting>) {
        for waiting in batch.into_iter().rev() {
            // Whichever was out waits again.
            self.is_suspect_out &= waiting.company == Company::Any;
            self.waiting.add(waiting);
        }
    }

    /// How many may be drawn now, and whether one of them may have taken a bind down. Where that one
    /// goes alone, nothing else is drawn before it: a bind on which nothing is in flight takes it.
    fn ready(&self, is_idle: bool) -> (usize, bool) {
        let suspect = self.waiting.suspect().filter(|_| !self.is_suspect_out);
        match suspect {
            None => (self.waiting.unsuspected(), false),
            Some(Company::Nobody) => (usize::from(is_idle), is_idle),
            Some(_) => (self.waiting.unsuspected() + 1, true),
        }
    }

    fn has_room(&self, account: AccountId) -> bool {
        let free = WAITING_MAX.saturating_sub(self.waiting.len());
        free > WAITING_MAX / 2 || self.waiting.len_of(account) < free
    }
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
                waiting: Row::default(),
                pace,
                throttle: Throttle::default(),
                is_suspect_out: false,
                share: None,
            }),
            count: AtomicUsize::new(0),
            lines: Mutex::default(),
            bound: AtomicUsize::new(0),
            throttled: AtomicBool::new(false),
            sending: AtomicUsize::new(0),
        }
    }

    /// From now on it shares with the others of its group.
    pub fn set_share(&self, share: Option<Arc<Share>>) {
        self.inside.lock().share = share;
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
        let mut without = Vec::new();
        let mut older = Vec::new();
        for waiting in batch.drain(..) {
            if !inside.has_room(waiting.account) {
                without.push(waiting);
            } else if inside.waiting.is_last(&waiting) {
                inside.waiting.add(waiting);
            } else {
                older.push(waiting);
            }
        }
        inside.add_older(older);
        *batch = without;
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        drop(inside);
        self.nudge();
    }

    /// Takes up to `count` messages, as many as the rates allow, for a bind that `is_idle` if nothing
    /// is in flight on it. At most one of them may have taken a bind down; no other such is drawn
    /// before [`Queue::suspect_settled`] says that it is in flight no longer.
    pub fn draw(&self, count: usize, is_idle: bool, now: Moment, into: &mut Vec<Waiting>) -> Drawn {
        if count == 0 || self.count.load(Ordering::SeqCst) == 0 {
            return Drawn::default();
        }
        let mut inside = self.inside.lock();
        let (ready, has_suspect) = inside.ready(is_idle);
        let wanted = count.min(ready);
        if wanted == 0 {
            return Drawn::default();
        }
        let wanted = match inside.throttle.grant(wanted, now) {
            Ok(wanted) => wanted,
            Err(ready_at) => {
                return Drawn {
                    ready_at: Some(ready_at),
                    share: None,
                };
            }
        };
        let mut ready_at = None;
        let mut granted = match &mut inside.pace {
            Some(pace) => {
                let granted = pace.take(now, wanted as u32) as usize;
                ready_at = (granted < wanted).then(|| pace.ready_at());
                granted
            }
            None => wanted,
        };
        let share = inside.share.clone();
        let mut is_held_back = false;
        if let Some(share) = &share {
            let (shared, shared_at) = share.take(granted, now);
            if shared < granted {
                is_held_back = true;
                ready_at = shared_at;
                if let Some(pace) = &mut inside.pace {
                    pace.give_back((granted - shared) as u32);
                }
                granted = shared;
            }
        }
        inside.throttle.give_back(wanted - granted);
        if has_suspect && granted > 0 {
            let suspect = inside.waiting.draw_suspect();
            inside.is_suspect_out = suspect.is_some();
            granted -= usize::from(suspect.is_some());
            into.extend(suspect);
        }
        inside.waiting.draw(granted, into);
        let (left, _) = inside.ready(false);
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        drop(inside);
        if left > 0 && ready_at.is_none() && !is_held_back {
            self.nudge();
        }
        Drawn { ready_at, share }
    }

    /// The message that may have taken a bind down and was drawn is in flight no longer.
    pub fn suspect_settled(&self) {
        self.inside.lock().is_suspect_out = false;
        self.nudge();
    }

    /// Whether one more part of a message that was drawn may leave now, and else when to ask again.
    pub fn grant_part(&self, now: Moment) -> Result<Option<Arc<Share>>, Moment> {
        let mut inside = self.inside.lock();
        inside.throttle.grant(1, now)?;
        if let Some(pace) = &mut inside.pace
            && pace.take(now, 1) == 0
        {
            let ready_at = pace.ready_at();
            inside.throttle.give_back(1);
            return Err(ready_at);
        }
        let share = inside.share.clone();
        if let Some(share) = &share {
            let (granted, ready_at) = share.take(1, now);
            if granted == 0 {
                if let Some(pace) = &mut inside.pace {
                    pace.give_back(1);
                }
                inside.throttle.give_back(1);
                return Err(ready_at.unwrap_or(now + SHARE_PAUSE));
            }
        }
        Ok(share)
    }

    /// Puts back what was drawn and could not be sent, in its order.
    pub fn put_back(&self, batch: Vec<Waiting>) {
        let mut inside = self.inside.lock();
        if let Some(pace) = &mut inside.pace {
            pace.give_back(batch.len() as u32);
        }
        if let Some(share) = &inside.share {
            share.unspend(batch.len());
        }
        inside.throttle.give_back(batch.len());
        inside.add_older(batch);
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
    }

    /// Puts back what the carrier has throttled, or what goes on with another bind, before those
    /// that came later.
    pub fn put_in_order(&self, batch: Vec<Waiting>) {
        let mut inside = self.inside.lock();
        inside.add_older(batch);
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        drop(inside);
        self.nudge();
    }

    /// The carrier has throttled us: nothing leaves for a while, on none of its binds.
    pub fn throttle(&self, now: Moment) {
        let mut inside = self.inside.lock();
        inside.throttle.throttled(now);
        self.throttled.store(true, Ordering::Relaxed);
    }

    /// The carrier has accepted something.
    pub fn flows(&self, now: Moment) {
        if !self.throttled.load(Ordering::Relaxed) {
            return;
        }
        let mut inside = self.inside.lock();
        if inside.throttle.flows(now) {
            self.throttled.store(false, Ordering::Relaxed);
        }
    }

    /// Takes these of one account out if they still wait; the ones that were taken out will never be sent. What
    /// has left in part stays.
    pub fn withdraw(&self, account: AccountId, ids: &[MessageId]) -> HashSet<MessageId> {
        let mut inside = self.inside.lock();
        let waits = |id: &&MessageId| {
            let found = inside.waiting.find(account, **id);
            found.is_some_and(|waiting| waiting.begun.is_none())
        };
        let withdrawn: HashSet<MessageId> = ids.iter().filter(waits).copied().collect();
        if withdrawn.len() > ONE_BY_ONE_MAX {
            inside
                .waiting
                .extract(|waiting| withdrawn.contains(&waiting.id));
        } else {
            withdrawn.iter().for_each(|id| {
                inside.waiting.remove(account, *id);
            });
        }
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        withdrawn
    }

    /// Puts another content in the place of that of a message that still waits. Whether it did.
    pub fn swap(
        &self,
        account: AccountId,
        id: MessageId,
        content: &Content,
        until: Moment,
    ) -> bool {
        let mut inside = self.inside.lock();
        let waiting = inside.waiting.find(account, id);
        let Some(waiting) = waiting.filter(|waiting| waiting.begun.is_none()) else {
            return false;
        };
        waiting.content = content.clone();
        waiting.until = until;
        inside.waiting.over_by(until);
        true
    }

    /// Takes out everything of which nothing has left: the carrier has gone.
    pub fn clear(&self) -> Vec<Waiting> {
        let mut inside = self.inside.lock();
        let whole = inside.waiting.extract(|waiting| waiting.begun.is_none());
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        whole
    }

    /// Takes out what nothing has left of and whose time is over.
    pub fn expired(&self, now: Moment) -> Vec<Waiting> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut inside = self.inside.lock();
        if now < inside.waiting.soonest() {
            return Vec::new();
        }
        let expired = inside
            .waiting
            .extract(|waiting| waiting.until <= now && waiting.begun.is_none());
        inside.waiting.look_for_soonest();
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        expired
    }

    /// Takes out what has left in part and has waited in vain for another bind: what is said about
    /// each. If the carrier `is_gone` for good, none waits any longer.
    pub fn forsaken(&self, is_gone: bool, now: Moment) -> Vec<(MessageId, Verdicts)> {
        let mut inside = self.inside.lock();
        let forsaken = inside.waiting.extract(|waiting| {
            let begun = waiting.begun.as_ref();
            begun.is_some_and(|begun| is_gone || begun.since + begun::PATIENCE <= now)
        });
        self.count.store(inside.waiting.len(), Ordering::SeqCst);
        let said = forsaken.into_iter().filter_map(|waiting| {
            let begun = waiting.begun?;
            Some((waiting.id, begun.forsaken()))
        });
        said.collect()
    }

    /// Whether one more message of this account may wait.
    ///
    /// An account may take as many places as it leaves to all others: however much one has to
    /// send, there is room for those who come after it.
    pub fn has_room(&self, account: AccountId) -> bool {
        // Most of the time nobody has to look.
        self.len() < WAITING_MAX / 2 || self.inside.lock().has_room(account)
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

impl Waits for Queue {
    fn nudge(&self) {
        Self::nudge(self);
    }
}
