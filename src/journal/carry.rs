//! Carries on what is held: copies it from the oldest segment to the end of the log, and removes that
//! segment. So the log is a ring: it takes as much as what is held takes, and some more.
//!
//! What holds at every moment:
//!
//! * Only the oldest segment is removed, and for good before the next one can be. So all that was
//!   written before a record is gone before the record is: the end of a life outlives every copy of
//!   what it ended, and a life that has ended never comes back.
//! * Whether a record still counts is looked at where it gets its place, in the same moment. So a copy
//!   never lies behind the end of its life, nor behind what has taken its place.
//! * A segment is removed only after a sync that covers the copies, and all that was handed over
//!   before: the ends by which the others of its records do not count any more, too.
//! * Copies may use the room that is kept from new work, which is more than a segment; to begin with,
//!   there must be places for all of the segment, and some more for ends. So it goes on on a full
//!   disk, and is what makes room there.
//!
//! A crash in between leaves the segment as it was, and some copies. What is read twice counts once.

use super::disk::{DiskFile, How, read_full};
use super::frame::{MARK, Seal};
use super::head::{Copied, counts};
use super::log::Log;
use super::scan::Scan;
use super::segment::{self, HEADER_OCTETS, Header};
use super::worth::{Extent, Worth};
use super::{Position, Record};
use crate::sabotage::{Fault, sabotaged};
use std::collections::VecDeque;
use std::io;
use tracing::error;

/// Octets that are read in one step, and appended again at most: those who append wait for so much
/// at most.
const STEP: usize = 1 << 16;

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// There is nothing to do.
    Nothing,
    /// It has gone on a bit; the next step may follow.
    Further,
    /// It has appended something: the next step may follow once that is durable.
    Copied,
    /// Something is not durable yet.
    Waits,
    /// There is no place for a copy.
    NoRoom,
    /// This segment is gone.
    Removed(u32),
}

/// The oldest segment on its way to the end of the log.
#[derive(Default)]
pub struct Carrying {
    under_way: Option<UnderWay>,
    worth: Worth,
    /// A segment cannot be read as it was written: it stays, and all behind it.
    is_stuck: bool,
}

struct UnderWay {
    number: u32,
    file: Box<dyn DiskFile>,
    seal: Seal,
    /// Where the next step reads, and how many octets count.
    offset: u32,
    end: u32,
    /// What was read and seems to count.
    gathered: VecDeque<Gathered>,
    /// Octets that were copied.
    copied: u64,
    /// With this, all that the removal stands on is durable.
    until: Option<u64>,
}

struct Gathered {
    offset: u32,
    body: Box<[u8]>,
}

impl Carrying {
    /// Takes a step; a segment is begun only if it is worth it.
    pub fn step_if_worth<T>(&mut self, log: &Log<T>) -> io::Result<Carried> {
        if self.under_way.is_none() && !self.worth.is_there(&extent(log)) {
            return Ok(Carried::Nothing);
        }
        self.step(log)
    }

    /// Takes a step. After an error the journal must not go on.
    pub fn step<T>(&mut self, log: &Log<T>) -> io::Result<Carried> {
        if self.is_stuck || log.head().has_failed() {
            return Ok(Carried::Nothing);
        }
        let mut under_way = match self.under_way.take() {
            Some(under_way) => under_way,
            None => match begin(log) {
                Ok(Some(begun)) => begun,
                Ok(None) => return Ok(Carried::Nothing),
                Err(stuck) => return Ok(self.stick(log, &stuck)),
            },
        };
        if let Some(until) = under_way.until {
            let is_settled = log.head().is_settled(until);
            if !is_settled && !sabotaged(Fault::RemoveEarly) {
                self.under_way = Some(under_way);
                return Ok(Carried::Waits);
            }
            log.remove_oldest(&*under_way.file)?;
            let gained = u64::from(under_way.end).saturating_sub(under_way.copied);
            let writing = log.head().number();
            self.worth.removed(under_way.number, gained, writing);
            return Ok(Carried::Removed(under_way.number));
        }
        let carried = match under_way.gathered.is_empty() {
            true => match under_way.gather(log) {
                Ok(()) => Carried::Further,
                Err(stuck) => return Ok(self.stick(log, &stuck)),
            },
            false => under_way.copy(log),
        };
        if under_way.gathered.is_empty() && under_way.offset == under_way.end {
            under_way.until = Some(log.head().appended());
        }
        self.under_way = Some(under_way);
        Ok(carried)
    }

    /// What [`Carried::Waits`] waits for, as the head counts it.
    pub fn until(&self) -> Option<u64> {
        self.under_way.as_ref()?.until
    }

    fn stick<T>(&mut self, log: &Log<T>, stuck: &Stuck) -> Carried {
        self.is_stuck = true;
        let path = log.disk().whole_path(&segment::path(stuck.number));
        error!(
            path,
            offset = stuck.offset,
            error = %stuck.error,
            "a segment of the journal is damaged: nothing is removed any more, and the next start \
             will refuse"
        );
        Carried::Nothing
    }
}

/// Why nothing can be carried on.
struct Stuck {
    number: u32,
    offset: u32,
    error: io::Error,
}

/// Opens the oldest segment, if it is closed for good.
fn begin<T>(log: &Log<T>) -> Result<Option<UnderWay>, Stuck> {
    let closed_before = log.head().closed_before();
    let Some(number) = log.oldest().filter(|number| *number < closed_before) else {
        return Ok(None);
    };
    let stuck = |error| Stuck {
        number,
        offset: 0,
        error,
    };
    let (file, header) = open(log, number).map_err(stuck)?;
    // The next one is durable, and says how much of this one counts.
    let (_, next) = open(log, number + 1).map_err(stuck)?;
    Ok(Some(UnderWay {
        number,
        file,
        seal: Seal::new(header.salt),
        offset: HEADER_OCTETS,
        end: next.before.max(HEADER_OCTETS),
        gathered: VecDeque::new(),
        copied: 0,
        until: None,
    }))
}

fn open<T>(log: &Log<T>, number: u32) -> io::Result<(Box<dyn DiskFile>, Header)> {
    let file = log.disk().open(&segment::path(number), How::Write)?;
    let mut octets = [0; HEADER_OCTETS as usize];
    read_full(&*file, &mut octets, 0)?;
    let header = Header::read(&octets, number).map_err(io::Error::other)?;
    Ok((file, header))
}

impl UnderWay {
    /// Reads on, and gathers what counts. What does not count now never will.
    fn gather<T>(&mut self, log: &Log<T>) -> Result<(), Stuck> {
        let (number, from) = (self.number, self.offset);
        let mut offset = from;
        let stuck = |offset, error| Stuck {
            number,
            offset,
            error,
        };
        let mut scan = Scan::new(&*self.file, self.seal, from, u64::from(self.end), STEP);
        while offset < self.end && offset - from < STEP as u32 {
            let framed = scan.next().map_err(|error| stuck(offset, error))?;
            let framed = framed
                .ok_or_else(|| stuck(offset, io::Error::other("no sound record lies there")))?;
            let (lies, body) = (framed.offset, framed.body);
            if body != [MARK] {
                let record = Record::decode(body);
                let record = record.map_err(|error| stuck(lies, io::Error::other(error)))?;
                let position = Position {
                    segment: number,
                    offset: lies,
                };
                if counts(&record, position, log.holdings()) {
                    self.gathered.push_back(Gathered {
                        offset: lies,
                        body: body.into(),
                    });
                }
            }
            offset = scan.offset();
        }
        self.offset = offset;
        Ok(())
    }

    /// Appends again what was gathered, as far as it still counts.
    fn copy<T>(&mut self, log: &Log<T>) -> Carried {
        let mut head = log.head();
        let rest = self
            .gathered
            .front()
            .map_or(0, |first| self.end - first.offset);
        let has_begun = self.copied > 0;
        let needed = u64::from(rest) + u64::from(log.segment_octets / 2);
        if head.is_tight() && !has_begun && head.left() < needed {
            return Carried::NoRoom;
        }
        let mut carried = Carried::Further;
        while let Some(next) = self.gathered.front() {
            let position = Position {
                segment: self.number,
                offset: next.offset,
            };
            let Ok(record) = Record::decode(&next.body) else {
                break;
            };
            match head.carry(&record, &next.body, position, log.holdings()) {
                Copied::Octets(octets) => {
                    self.copied += octets;
                    carried = Carried::Copied;
                }
                Copied::Over => {}
                Copied::NoRoom => {
                    carried = Carried::NoRoom;
                    break;
                }
            }
            self.gathered.pop_front();
        }
        drop(head);
        log.ring();
        carried
    }
}

fn extent<T>(log: &Log<T>) -> Extent {
    let segments = log.segments();
    let head = log.head();
    let closed_before = head.closed_before();
    let closed = || {
        segments
            .iter()
            .filter(|(number, _)| *number < closed_before)
    };
    Extent {
        written: head.written(),
        held: log.holdings().len() as u64,
        writing: head.number(),
        closed: closed().count() as u64,
        closed_octets: closed().map(|(_, octets)| octets).sum(),
        octets: segments.iter().map(|(_, octets)| octets).sum(),
        octets_max: log.octets_max,
        segment_octets: u64::from(log.segment_octets),
        is_tight: head.is_tight(),
        is_pressed: head.is_pressed(),
    }
}
