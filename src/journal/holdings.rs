//! Where each life lies that has not ended, and by which mark of a carrier it is found.
//!
//! A message that waits for nothing but the report of its carrier is *laid down* here: what is
//! needed then is read again from where it lies. Many millions lie here for days, so a life takes a
//! slot of 28 octets, and 8 to 11 in each of two indexes that hold nothing but numbers of slots.

use super::position::Position;
use super::record::{Record, Role};
use super::slots::{Slot, Slots};
use crate::message::{MessageId, mix};
use crate::moment::Moment;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use parking_lot::{Mutex, MutexGuard};

/// Messages that may be laid down: with more, memory would be the bound, and nobody would be told.
pub const LAID_DOWN_MAX: usize = 16_000_000;

/// Parts of an index, a power of two. A part grows as a whole, and everybody waits meanwhile: with
/// so many, and ten million lives, that takes a millisecond.
const PARTS: usize = 1 << 10;

/// Calls of [`Holdings::over`] after which all lives have been looked at.
const CALLS_FOR_ALL: usize = 60;

/// Lives that a call of it looks at in any case: those of a small gateway, all of them.
const LOOKED_AT_LEAST: usize = 1 << 16;

/// A message that was laid down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Laid {
    /// By what its carrier's reports find it: a keyed hash of group and id.
    pub mark: u64,
    /// When it is over if nothing is reported. Kept in whole seconds: what is no whole one becomes
    /// the next.
    pub until: Moment,
}

/// All lives that have not ended.
#[derive(Debug)]
pub struct Holdings {
    laid_down_max: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    slots: Slots,
    ids: Index,
    /// While a journal is read there is none: most of what is laid down then is over before the end
    /// of it.
    marks: Option<Index>,
    laid_down: usize,
    /// The slot that is looked at next for being over.
    next: u32,
    /// The life that was looked for last, and its slot: what is done with one life is often done in
    /// several steps.
    recent: Option<(MessageId, u32)>,
}

/// Numbers of slots, found by the hash of something that stands in the slot.
#[derive(Debug)]
struct Index(Box<[HashTable<u32>]>);

/// A hand that notes several records in a row.
#[derive(Debug)]
pub struct Noting<'a>(MutexGuard<'a, Inside>);

impl Default for Holdings {
    fn default() -> Self {
        Self {
            laid_down_max: LAID_DOWN_MAX,
            inside: Mutex::new(Inside {
                slots: Slots::default(),
                ids: Index::default(),
                marks: Some(Index::default()),
                laid_down: 0,
                next: 0,
                recent: None,
            }),
        }
    }
}

impl Holdings {
    /// For a journal that is being read: no message is found by its mark before it is
    /// [`Self::indexed`].
    pub fn of_what_is_read() -> Self {
        let mut holdings = Self::default();
        holdings.inside.get_mut().marks = None;
        holdings
    }

    /// The journal has been read: from now on messages are found by their marks. Of those that bear
    /// the same one, the one with the highest id.
    pub fn indexed(mut self) -> Self {
        let inside = self.inside.get_mut();
        // As large as they have to be at once: growing would cost time, and leave holes in memory.
        let marks = (0..inside.slots.begun()).filter_map(|at| inside.slots.get(at).mark());
        inside.marks = Some(Index::with_room_for(marks.map(mix)));
        for at in 0..inside.slots.begun() {
            inside.lead_to(at, |slot, other| slot.id() > other.id());
        }
        self
    }

    /// A record was written there.
    pub fn note(&self, record: &Record<'_>, position: Position) {
        self.noting().note(record, position);
    }

    /// To note several records; nobody else reads or notes anything meanwhile.
    pub fn noting(&self) -> Noting<'_> {
        Noting(self.inside.lock())
    }

    /// Where the main record of a life lies that has not ended.
    pub fn position(&self, id: MessageId) -> Option<Position> {
        let inside = &mut *self.inside.lock();
        let at = inside.of(id)?;
        Some(inside.slots.get(at).position())
    }

    /// Lays a message down. False if it is not held, or there is no room.
    pub fn lay_down(&self, id: MessageId, laid: Laid) -> bool {
        let inside = &mut *self.inside.lock();
        let Some(at) = inside.of(id) else {
            return false;
        };
        inside.take_up(at);
        if inside.laid_down >= self.laid_down_max {
            return false;
        }
        inside.slots.change(at).lay_down(laid.mark, laid.until);
        inside.laid_down += 1;
        // In the place of another one with this mark: that one lies down, and nothing leads to it.
        inside.lead_to(at, |_, _| true);
        true
    }

    /// The message that was laid down with this mark; the one that was laid down last, if there
    /// are several.
    pub fn find(&self, mark: u64) -> Option<MessageId> {
        let inside = self.inside.lock();
        let slots = &inside.slots;
        let marks = inside.marks.as_ref()?;
        let at = marks.find(mix(mark), |at| slots.get(at).mark() == Some(mark))?;
        Some(slots.get(at).id())
    }

    /// Whether this message was laid down, and how.
    pub fn laid(&self, id: MessageId) -> Option<Laid> {
        let inside = &mut *self.inside.lock();
        let at = inside.of(id)?;
        let slot = inside.slots.get(at);
        Some(Laid {
            mark: slot.mark()?,
            until: slot.until()?,
        })
    }

    /// Takes a message up again: no mark leads to it any more. Whether it was laid down.
    pub fn take_up(&self, id: MessageId) -> bool {
        let inside = &mut *self.inside.lock();
        inside.of(id).is_some_and(|at| inside.take_up(at))
    }

    /// Messages that are over, and were laid down: some of them, at most so many. Each call looks
    /// on where the last one ended; all have been looked at after a minute of calls once a second.
    pub fn over(&self, now: Moment, most: usize) -> Vec<MessageId> {
        let inside = &mut *self.inside.lock();
        let begun = inside.slots.begun() as usize;
        let looked_at = begun.min(LOOKED_AT_LEAST.max(begun.div_ceil(CALLS_FOR_ALL)));
        let mut over = Vec::new();
        for _ in 0..looked_at {
            if over.len() >= most {
                break;
            }
            let at = inside.next % begun as u32;
            inside.next = at + 1;
            let slot = inside.slots.get(at);
            if slot.until().is_some_and(|until| until <= now) {
                over.push(slot.id());
            }
        }
        over
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
        self.inside.lock().laid_down
    }

    /// Octets of memory that all of it takes.
    pub fn octets(&self) -> usize {
        let inside = self.inside.lock();
        let marks = inside.marks.as_ref().map_or(0, Index::octets);
        inside.slots.octets() + inside.ids.octets() + marks
    }
}

impl Noting<'_> {
    /// A record was written there.
    pub fn note(&mut self, record: &Record<'_>, position: Position) {
        match record.role() {
            Role::Main => self.0.begin(record.id(), position),
            Role::Fact => {}
            Role::Last => self.0.end(record.id()),
        }
    }
}

impl Inside {
    fn of(&mut self, id: MessageId) -> Option<u32> {
        if let Some((recent, at)) = self.recent
            && recent == id
        {
            return Some(at);
        }
        let slots = &self.slots;
        let at = self.ids.find(id.hashed(), |at| slots.get(at).id() == id)?;
        self.recent = Some((id, at));
        Some(at)
    }

    /// The mark of this slot leads to it, if it lies down; in the place of another slot with the same
    /// mark only if it `goes_before` that one.
    fn lead_to(&mut self, at: u32, goes_before: impl Fn(&Slot, &Slot) -> bool) {
        let (slots, Some(marks)) = (&self.slots, &mut self.marks) else {
            return;
        };
        let slot = slots.get(at);
        let Some(mark) = slot.mark() else { return };
        let hash = mix(mark);
        match marks.part(hash).entry(
            hash,
            |other| slots.get(*other).mark() == Some(mark),
            |other| mix(slots.get(*other).mark().unwrap_or_default()),
        ) {
            Entry::Occupied(mut other) => {
                if goes_before(slot, slots.get(*other.get())) {
                    *other.get_mut() = at;
                }
            }
            Entry::Vacant(place) => drop(place.insert(at)),
        }
    }

    fn begin(&mut self, id: MessageId, position: Position) {
        let slots = &mut self.slots;
        let hash = id.hashed();
        match self.ids.part(hash).entry(
            hash,
            |at| slots.get(*at).id() == id,
            |at| slots.get(*at).id().hashed(),
        ) {
            Entry::Occupied(at) => slots.change(*at.get()).set_position(position),
            Entry::Vacant(place) => {
                // Memory ends long before the numbers do.
                if let Some(at) = slots.add(Slot::new(id, position)) {
                    place.insert(at);
                    self.recent = Some((id, at));
                }
            }
        }
    }

    fn end(&mut self, id: MessageId) {
        let slots = &self.slots;
        let hash = id.hashed();
        let found = self
            .ids
            .part(hash)
            .find_entry(hash, |at| slots.get(*at).id() == id);
        let Ok(found) = found else { return };
        let (at, _) = found.remove();
        self.recent = None;
        self.take_up(at);
        self.slots.remove(at);
    }

    /// No mark leads to it any more. Whether it was laid down.
    fn take_up(&mut self, at: u32) -> bool {
        let slot = self.slots.change(at);
        let Some(mark) = slot.mark() else {
            return false;
        };
        slot.take_up();
        self.laid_down -= 1;
        let hash = mix(mark);
        if let Some(marks) = &mut self.marks
            && let Ok(found) = marks.part(hash).find_entry(hash, |other| *other == at)
        {
            found.remove();
        }
        true
    }
}

impl Default for Index {
    fn default() -> Self {
        Self((0..PARTS).map(|_| HashTable::new()).collect())
    }
}

impl Index {
    fn with_room_for(hashes: impl Iterator<Item = u64>) -> Self {
        let mut lengths = vec![0; PARTS];
        hashes.for_each(|hash| lengths[Self::number(hash)] += 1);
        Self(lengths.into_iter().map(HashTable::with_capacity).collect())
    }

    fn part(&mut self, hash: u64) -> &mut HashTable<u32> {
        &mut self.0[Self::number(hash)]
    }

    fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let part = &self.0[Self::number(hash)];
        part.find(hash, |at| is_it(*at)).copied()
    }

    /// The part is chosen by octets of the hash of which the table makes no use.
    fn number(hash: u64) -> usize {
        (hash >> 40) as usize % PARTS
    }

    fn octets(&self) -> usize {
        self.0.iter().map(HashTable::allocation_size).sum()
    }
}

#[cfg(test)]
mod tests;
