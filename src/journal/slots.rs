//! Slots in chunks, one for each life that has not ended: 28 octets, and growing copies nothing.

use super::position::Position;
use crate::message::MessageId;
use crate::moment::Moment;

/// Slots of a chunk: as many as make a piece of memory that is neither small nor felt.
const CHUNK: usize = 1 << 12;

/// In place of a time: the life was not laid down.
const NOT_LAID: u32 = u32::MAX;

/// In place of a time: the slot is free.
const FREE: u32 = u32::MAX - 1;

/// In place of a time: never.
const NEVER: u32 = u32::MAX - 2;

/// What is held of one life. Packed, or else a seventh of it would be padding.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed(4))]
pub struct Slot {
    id: u64,
    mark: u64,
    segment: u32,
    /// Of a free slot: the next one that is free.
    offset: u32,
    until: u32,
}

impl Slot {
    /// A life whose main record lies there.
    pub fn new(id: MessageId, position: Position) -> Self {
        Self {
            id: id.0,
            mark: 0,
            segment: position.segment,
            offset: position.offset,
            until: NOT_LAID,
        }
    }

    /// Whose it is.
    pub fn id(&self) -> MessageId {
        MessageId(self.id)
    }

    /// Where the main record lies.
    pub fn position(&self) -> Position {
        Position {
            segment: self.segment,
            offset: self.offset,
        }
    }

    /// The main record lies there now.
    pub fn set_position(&mut self, position: Position) {
        (self.segment, self.offset) = (position.segment, position.offset);
    }

    /// By which mark it is found, if it was laid down.
    pub fn mark(&self) -> Option<u64> {
        self.is_laid().then_some(self.mark)
    }

    /// When it is over, if it was laid down.
    pub fn until(&self) -> Option<Moment> {
        let until = match self.until {
            NEVER => Moment::NEVER,
            seconds => Moment(u64::from(seconds) * 1_000_000),
        };
        self.is_laid().then_some(until)
    }

    fn is_laid(&self) -> bool {
        !matches!(self.until, NOT_LAID | FREE)
    }

    /// It is laid down; a time that is no whole second is the next one.
    pub fn lay_down(&mut self, mark: u64, until: Moment) {
        let seconds = until.0.div_ceil(1_000_000).min(u64::from(NEVER));
        (self.mark, self.until) = (mark, seconds as u32);
    }

    /// It is not laid down any more.
    pub fn take_up(&mut self) {
        (self.mark, self.until) = (0, NOT_LAID);
    }
}

/// All slots. What was given back is given out first.
#[derive(Debug, Default)]
pub struct Slots {
    chunks: Vec<Box<[Slot]>>,
    /// Slots that were given out once: those of the last chunk that follow were not.
    begun: u32,
    /// The first free one of those.
    free: Option<u32>,
    taken: usize,
}

impl Slots {
    /// Gives out a slot: its number. `None` if there are as many as numbers.
    pub fn add(&mut self, slot: Slot) -> Option<u32> {
        let at = match self.free {
            Some(at) => {
                let next = self.get(at).offset;
                self.free = (next != u32::MAX).then_some(next);
                at
            }
            None => {
                let at = self.begun;
                // The last number says that there is none.
                self.begun = at.checked_add(1)?;
                if at as usize == self.chunks.len() * CHUNK {
                    self.chunks.push(vec![slot; CHUNK].into());
                }
                at
            }
        };
        *self.change(at) = slot;
        self.taken += 1;
        Some(at)
    }

    /// Takes one back.
    pub fn remove(&mut self, at: u32) {
        let next = self.free.unwrap_or(u32::MAX);
        let slot = self.change(at);
        (slot.until, slot.offset) = (FREE, next);
        self.free = Some(at);
        self.taken -= 1;
    }

    /// The slot with this number.
    pub fn get(&self, at: u32) -> &Slot {
        &self.chunks[at as usize / CHUNK][at as usize % CHUNK]
    }

    /// The slot with this number, to be changed.
    pub fn change(&mut self, at: u32) -> &mut Slot {
        &mut self.chunks[at as usize / CHUNK][at as usize % CHUNK]
    }

    /// Slots that were ever given out: the numbers are below that.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// Slots that are taken.
    pub fn len(&self) -> usize {
        self.taken
    }

    /// Octets of memory.
    pub fn octets(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(id: u64) -> Slot {
        let position = Position {
            segment: 7,
            offset: id as u32,
        };
        Slot::new(MessageId(id), position)
    }

    #[test]
    fn a_slot_takes_28_octets() {
        assert_eq!(size_of::<Slot>(), 28);
    }

    #[test]
    fn what_was_given_back_is_given_out_before_anything_new() {
        let mut slots = Slots::default();
        for id in 0..10_000 {
            assert_eq!(slots.add(slot(id)), Some(id as u32));
        }
        slots.remove(17);
        slots.remove(9_999);
        assert_eq!(slots.len(), 9_998);
        assert_eq!(slots.add(slot(1)), Some(9_999));
        assert_eq!(slots.add(slot(2)), Some(17));
        assert_eq!(slots.add(slot(3)), Some(10_000));
        assert_eq!(slots.get(17).id(), MessageId(2));
        assert_eq!((slots.len(), slots.begun()), (10_001, 10_001));
    }

    #[test]
    fn a_life_is_over_at_the_next_whole_second_and_never_before() {
        let mut one = slot(1);
        assert_eq!((one.until(), one.mark()), (None, None));
        one.lay_down(9, Moment(5_000_001));
        assert_eq!(one.until(), Some(Moment(6_000_000)));
        one.lay_down(9, Moment(5_000_000));
        assert_eq!(one.until(), Some(Moment(5_000_000)));
        one.lay_down(9, Moment::NEVER);
        assert_eq!((one.until(), one.mark()), (Some(Moment::NEVER), Some(9)));
        one.take_up();
        assert_eq!((one.until(), one.mark()), (None, None));
    }
}
