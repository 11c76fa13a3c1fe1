//! Where the log grows: what was handed over gets its place here, and waits until it is durable.
//!
//! This is a value without a disk. Batches go in one after another and make up a *group*; the group
//! is taken out, written, synced and settled by whoever has the disk, while the next one collects.
//! A place, once given, does not change.
//!
//! What is accepted here has room for certain: places are given only in segments that are ready,
//! which means that the disk has set the room for them aside. So a disk that runs full is noticed
//! when a segment is to be made ready, never when something is to be written.

use super::frame::{self, MARK, MARK_OCTETS, Seal};
use super::segment::HEADER_OCTETS;
use super::{Appended, Completion, Holdings, Position, Record, Refusal, Role};
use crate::sabotage::{Fault, sabotaged};
use std::collections::VecDeque;

/// Segments that are kept ready.
pub const READY: usize = 3;

/// Segments that new work does not begin. One is for the ends of what has begun, and one for what is
/// carried on: that takes a whole segment at most, and gives one back.
const KEPT_FROM_NEW: usize = 2;

/// Octets that wait to be written: with more than this, the disk is slower than those who send, and
/// new work is refused. What has begun still finds room.
const PENDING_MAX: usize = 64 << 20;

/// A buffer that was larger than this is not kept for the next group.
const SPARE_MAX: usize = 4 << 20;

/// What is being collected, and the places that are left.
pub struct Head<T> {
    segment_octets: u32,
    number: u32,
    seal: Seal,
    /// The next free octet.
    offset: u32,
    ready: VecDeque<Ready>,
    group: Group<T>,
    /// Groups that were taken out and settled.
    taken: u64,
    settled: u64,
    /// Octets that were handed over and are not durable.
    pending: usize,
    /// Where the durable end of the log is: whatever lies before it can be read.
    durable: Position,
    written: Written,
    /// No further segment can be made ready for now.
    tight: bool,
    failed: bool,
    spare: Vec<Vec<u8>>,
}

/// How much has been written in all; what was carried on does not count again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Main records.
    pub mains: u64,
    /// Octets of all records.
    pub octets: u64,
}

/// What has come of a record that was to be carried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It was appended again, with so many octets.
    Octets(u64),
    /// It does not count any more.
    Over,
    /// There is no place for it now.
    NoRoom,
}

/// A segment that may be begun.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// Its number, one above the one before it.
    pub number: u32,
    /// What its checksums will be keyed with.
    pub salt: [u8; 16],
}

/// What is written and synced in one go.
pub struct Group<T> {
    /// One for each segment that it touches.
    pub pieces: Vec<Piece>,
    then: Vec<T>,
}

/// What of a group goes to one segment.
pub struct Piece {
    /// The segment.
    pub number: u32,
    /// Where in it.
    pub offset: u32,
    /// What is to be written there.
    pub octets: Vec<u8>,
    /// Set if the segment begins with it.
    pub begins: Option<Begins>,
}

/// How a segment begins.
#[derive(Debug, Clone, Copy)]
pub struct Begins {
    /// What its checksums are keyed with.
    pub salt: [u8; 16],
    /// How many octets of the segment before it count.
    pub before: u32,
}

impl<T> Head<T> {
    /// The log goes on at the beginning of this segment, whose header is durable; so much was written
    /// before.
    pub fn new(segment_octets: u32, begun: Ready, written: Written) -> Self {
        Self {
            segment_octets,
            number: begun.number,
            seal: Seal::new(begun.salt),
            offset: HEADER_OCTETS,
            ready: VecDeque::new(),
            group: Group::empty(),
            taken: 0,
            settled: 0,
            pending: 0,
            durable: Position {
                segment: begun.number,
                offset: HEADER_OCTETS,
            },
            written,
            tight: false,
            failed: false,
            spare: Vec::new(),
        }
    }

    /// Takes a batch, gives each of its records a place, and notes them in the holdings.
    pub fn append(&mut self, records: &[Record<'_>], then: T, holdings: &Holdings) -> Appended<T> {
        if self.failed {
            return Appended::Refused(then, Refusal::Failed);
        }
        let is_new = records.iter().any(Record::is_new_work);
        if is_new && !self.has_room() {
            return Appended::Refused(then, Refusal::Full);
        }
        let kept = match is_new && !sabotaged(Fault::ReserveForAll) {
            true => KEPT_FROM_NEW,
            false => 0,
        };
        let placed = self.place(kept, |out| {
            for record in records {
                frame::append(out, |out| record.encode(out));
            }
        });
        let Some(mut position) = placed else {
            return Appended::Refused(then, Refusal::Full);
        };
        let mut noting = holdings.noting();
        for record in records {
            noting.note(record, position);
            let octets = self.close(position);
            position.offset += octets;
            self.written.octets += u64::from(octets);
            self.written.mains += u64::from(record.role() == Role::Main);
        }
        drop(noting);
        self.group.then.push(then);
        Appended::Pending
    }

    /// Appends a record again that lies there and has this body, if it still counts. That is looked at
    /// here, where all that is appended passes, one after another: a record that ends a life, or
    /// takes the place of this one, lies before the copy or is noted after it, never in between.
    pub fn carry(
        &mut self,
        record: &Record<'_>,
        body: &[u8],
        from: Position,
        holdings: &Holdings,
    ) -> Copied {
        if self.failed {
            return Copied::NoRoom;
        }
        if !sabotaged(Fault::MainCopiedUnchecked) && !counts(record, from, holdings) {
            return Copied::Over;
        }
        let placed = self.place(0, |out| {
            frame::append(out, |out| out.extend_from_slice(body));
        });
        let Some(position) = placed else {
            return Copied::NoRoom;
        };
        holdings.note(record, position);
        Copied::Octets(u64::from(self.close(position)))
    }

    /// Appends nothing but the mark that says that all before it was synced.
    pub fn append_mark(&mut self) {
        if !self.failed && self.group.pieces.is_empty() {
            let _ = self.place(0, |_| {});
        }
    }

    /// Gives what `write` appends a place, as a whole in one segment. A segment begins with it only if
    /// so many are left that are ready. `None` if there is no place.
    fn place(&mut self, kept: usize, write: impl FnOnce(&mut Vec<u8>)) -> Option<Position> {
        if self.group.pieces.is_empty() {
            let (number, offset) = (self.number, self.offset);
            self.begin_piece(number, offset, None);
        }
        let piece = self.group.pieces.last_mut()?;
        let start = piece.octets.len();
        write(&mut piece.octets);
        if piece.end() > u64::from(self.segment_octets) {
            let batch = piece.octets.split_off(start);
            // A piece of which nothing but the mark would be left says nothing.
            if start == MARK_OCTETS && piece.begins.is_none() {
                self.offset = piece.offset;
                self.group.pieces.pop();
                self.pending -= MARK_OCTETS;
            }
            return self.place_in_next(kept, &batch);
        }
        let position = Position {
            segment: piece.number,
            offset: piece.offset + start as u32,
        };
        self.offset = piece.end() as u32;
        self.pending += piece.octets.len() - start;
        Some(position)
    }

    /// The batch goes to the next segment, if it has room there.
    fn place_in_next(&mut self, kept: usize, batch: &[u8]) -> Option<Position> {
        let needed = HEADER_OCTETS as usize + MARK_OCTETS + batch.len();
        if needed > self.segment_octets as usize || self.ready.len() <= kept {
            return None;
        }
        let next = self.ready.pop_front()?;
        let before = match sabotaged(Fault::CutNotRemembered) {
            true => self.segment_octets,
            false => self.offset,
        };
        let begins = Begins {
            salt: next.salt,
            before,
        };
        (self.number, self.seal) = (next.number, Seal::new(next.salt));
        self.begin_piece(next.number, HEADER_OCTETS, Some(begins));
        let piece = self.group.pieces.last_mut()?;
        let offset = HEADER_OCTETS + piece.octets.len() as u32;
        piece.octets.extend_from_slice(batch);
        self.offset = piece.end() as u32;
        self.pending += batch.len();
        Some(Position {
            segment: next.number,
            offset,
        })
    }

    fn begin_piece(&mut self, number: u32, offset: u32, begins: Option<Begins>) {
        let mut octets = self.spare.pop().unwrap_or_default();
        octets.clear();
        frame::append(&mut octets, |out| out.push(MARK));
        self.seal.close(&mut octets, offset);
        self.pending += MARK_OCTETS;
        self.group.pieces.push(Piece {
            number,
            offset,
            octets,
            begins,
        });
        self.offset = offset + MARK_OCTETS as u32;
    }

    /// Closes the frame that was placed there; its octets.
    fn close(&mut self, position: Position) -> u32 {
        let Some(piece) = self.group.pieces.last_mut() else {
            return 0;
        };
        let start = (position.offset - piece.offset) as usize;
        let octets = frame::octets(&piece.octets[start..]).unwrap_or_default();
        let frame = &mut piece.octets[start..start + octets];
        self.seal.close(frame, position.offset);
        octets as u32
    }

    /// What was collected, to be written. The group before it must have been settled.
    pub fn take(&mut self) -> Option<Group<T>> {
        debug_assert_eq!(self.taken, self.settled, "groups are settled in order");
        if self.group.pieces.is_empty() && self.group.then.is_empty() {
            return None;
        }
        self.taken += 1;
        Some(std::mem::replace(&mut self.group, Group::empty()))
    }

    /// A group that was taken is durable, or never will be; then nothing that follows will be either,
    /// and what waits is to be settled likewise.
    /// What was pending on it comes back, in order.
    pub fn settle(&mut self, group: Group<T>, is_durable: bool) -> Vec<Completion<T>> {
        self.settled += 1;
        let outcome = match is_durable {
            true => Ok(()),
            false => Err(Refusal::Failed),
        };
        let written = |then| Completion::Written(then, outcome);
        let settled = group.then.into_iter().map(written).collect();
        for piece in group.pieces {
            self.pending -= piece.octets.len();
            if is_durable {
                self.durable = Position {
                    segment: piece.number,
                    offset: piece.end() as u32,
                };
            }
            if piece.octets.capacity() <= SPARE_MAX && self.spare.is_empty() {
                self.spare.push(piece.octets);
            }
        }
        self.failed |= !is_durable;
        settled
    }

    /// The journal has failed for good: what waits is refused when it is settled.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Whether a write or sync has failed.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether there is room for new work.
    pub fn has_room(&self) -> bool {
        if sabotaged(Fault::ReserveForAll) {
            return !self.failed;
        }
        !self.failed && !self.tight && !self.is_pressed() && self.pending < PENDING_MAX
    }

    /// Whether what is kept for the ends of what has begun is being used.
    pub fn is_pressed(&self) -> bool {
        self.ready.len() < KEPT_FROM_NEW
    }

    /// Octets for which there are places.
    pub fn left(&self) -> u64 {
        let ready = self.ready.len() as u64 * u64::from(self.segment_octets);
        ready + u64::from(self.segment_octets - self.offset)
    }

    /// How much has been written in all.
    pub fn written(&self) -> Written {
        self.written
    }

    /// The number of the next segment to be made ready, if one is wanted.
    pub fn wants_ready(&self) -> Option<u32> {
        let last = self.ready.back().map_or(self.number, |ready| ready.number);
        (!self.failed && self.ready.len() < READY).then_some(last + 1)
    }

    /// A segment is ready.
    pub fn add_ready(&mut self, ready: Ready) {
        self.ready.push_back(ready);
        self.tight = false;
    }

    /// No further segment can be made ready until there is room again.
    pub fn set_tight(&mut self) {
        self.tight = true;
    }

    /// Whether there was no room when a segment was to be made ready.
    pub fn is_tight(&self) -> bool {
        self.tight
    }

    /// Whether this segment has not begun.
    pub fn is_ready(&self, number: u32) -> bool {
        self.ready.iter().any(|ready| ready.number == number)
    }

    /// The segments that have not begun.
    pub fn ready(&self) -> impl Iterator<Item = u32> {
        self.ready.iter().map(|ready| ready.number)
    }

    /// Whether what waits is nothing but a mark.
    pub fn is_only_mark(&self) -> bool {
        self.group.then.is_empty() && self.group.octets() == MARK_OCTETS
    }

    /// A number that [`is_settled`](Self::is_settled) once all that was appended by now is settled.
    pub fn appended(&self) -> u64 {
        self.taken + u64::from(self.is_waiting())
    }

    /// Whether all that was appended when this number was given out is settled.
    pub fn is_settled(&self, appended: u64) -> bool {
        self.settled >= appended
    }

    /// Whether something waits to be taken.
    pub fn is_waiting(&self) -> bool {
        !self.group.pieces.is_empty()
    }

    /// The number of the segment that is written to.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The segment in which the durable end of the log is: all before it are closed.
    pub fn closed_before(&self) -> u32 {
        self.durable.segment
    }

    /// Where the durable end of the log is.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Whether what lies there is durable.
    pub fn is_durable(&self, position: Position) -> bool {
        position < self.durable
    }
}

/// Whether a record that lies there still counts: the main record of a life only where it was written
/// last, a fact as long as the life is held.
pub fn counts(record: &Record<'_>, at: Position, holdings: &Holdings) -> bool {
    match (record.role(), holdings.position(record.id())) {
        (Role::Main, Some(position)) => position == at,
        (Role::Fact, held) => held.is_some(),
        (Role::Last, _) | (_, None) => false,
    }
}

impl<T> Group<T> {
    fn empty() -> Self {
        Self {
            pieces: Vec::new(),
            then: Vec::new(),
        }
    }

    /// Octets of all pieces.
    pub fn octets(&self) -> usize {
        self.pieces.iter().map(|piece| piece.octets.len()).sum()
    }
}

impl Piece {
    fn end(&self) -> u64 {
        u64::from(self.offset) + self.octets.len() as u64
    }
}
