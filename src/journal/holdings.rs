//! Where each life lies that has not ended, and by which mark of a carrier it is found.
//!
//! A message that waits for nothing but the report of its carrier is *laid down* here: what is
//! needed then is read again from where it lies.

use super::record::{Record, Role};
use crate::message::MessageId;
use crate::moment::Moment;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u32,
    /// Octets from its beginning.
    pub offset: u32,
}

/// What is held of one life.
#[derive(Debug, Clone, Copy)]
struct Slot {
    position: Option<Position>,
    laid: Option<Laid>,
}

/// A message that was laid down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Laid {
    /// By what its carrier's reports find it: a keyed hash of group and id.
    pub mark: u64,
    /// When it is over if nothing is reported.
    pub until: Moment,
}

/// All lives that have not ended.
#[derive(Debug, Default)]
pub struct Holdings {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    slots: HashMap<MessageId, Slot>,
    marks: HashMap<u64, MessageId>,
}

impl Holdings {
    /// A record was written there.
    pub fn note(&self, record: &Record<'_>, position: Position) {
        let id = record.id();
        let inside = &mut *self.inside.lock();
        match record.role() {
            Role::Main => {
                let slot = inside.slots.entry(id).or_insert(Slot {
                    position: None,
                    laid: None,
                });
                slot.position = Some(position);
            }
            Role::Fact => {}
            Role::Last => inside.remove(id),
        }
    }

    /// Where the main record of a life lies that has not ended.
    pub fn position(&self, id: MessageId) -> Option<Position> {
        self.inside.lock().slots.get(&id)?.position
    }

    /// Lays a message down. False if it is not held, or there is no room.
    pub fn lay_down(&self, id: MessageId, laid: Laid) -> bool {
        let inside = &mut *self.inside.lock();
        let Some(slot) = inside.slots.get_mut(&id) else {
            return false;
        };
        slot.laid = Some(laid);
        inside.marks.insert(laid.mark, id);
        true
    }

    /// The message that was laid down with this mark; the one that was laid down last, if there
    /// are several.
    pub fn find(&self, mark: u64) -> Option<MessageId> {
        self.inside.lock().marks.get(&mark).copied()
    }

    /// Whether this message was laid down, and how.
    pub fn laid(&self, id: MessageId) -> Option<Laid> {
        self.inside.lock().slots.get(&id)?.laid
    }

    /// Takes a message up again: no mark leads to it any more. Whether it was laid down.
    pub fn take_up(&self, id: MessageId) -> bool {
        let inside = &mut *self.inside.lock();
        let laid = inside.slots.get_mut(&id).and_then(|slot| slot.laid.take());
        let Some(laid) = laid else { return false };
        if inside.marks.get(&laid.mark) == Some(&id) {
            inside.marks.remove(&laid.mark);
        }
        true
    }

    /// Messages that are over, and were laid down: some of them, at most so many. Each call looks
    /// on where the last one ended; all have been looked at after a minute of calls once a second.
    pub fn over(&self, now: Moment, most: usize) -> Vec<MessageId> {
        let inside = self.inside.lock();
        let is_over = |slot: &Slot| slot.laid.is_some_and(|laid| laid.until <= now);
        let over = inside.slots.iter().filter(|(_, slot)| is_over(slot));
        over.map(|(id, _)| *id).take(most).collect()
    }

    /// Lives that have not ended.
    pub fn len(&self) -> usize {
        self.inside.lock().slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages that are laid down.
    pub fn laid_down(&self) -> usize {
        self.inside.lock().marks.len()
    }
}

impl Inside {
    fn remove(&mut self, id: MessageId) {
        if let Some(laid) = self.slots.remove(&id).and_then(|slot| slot.laid)
            && self.marks.get(&laid.mark) == Some(&id)
        {
            self.marks.remove(&laid.mark);
        }
    }
}
