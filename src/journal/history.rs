//! What has happened in one life, gathered from the log: for somebody who asks, now and then.
//!
//! Nothing leads from a life to its facts but the log itself. It is read from the segment on in which
//! the id was given out, as the headers say: what was written before is not about it. So what happened soon
//! after its beginning is found first, and that is nearly all: a life that goes on waits for a report,
//! and ends soon after that has come.

use super::disk::{DiskFile, How, read_full};
use super::frame::Seal;
use super::log::Log;
use super::reader::{Read, Reader};
use super::record::{Record, Role};
use super::scan::{CHUNK, Scan};
use super::segment::{self, HEADER_OCTETS, Header};
use super::{Kept, Position};
use crate::message::MessageId;
use std::io;
use tracing::error;

/// Octets of the log that are read for one history: of a thousand messages a second, a quarter of an
/// hour. From a slow disk it takes a second or two.
pub const HISTORY_OCTETS_MAX: u64 = 256 << 20;

/// Facts of one life that are gathered: hundreds of sendings.
const FACTS_MAX: usize = 1_000;

/// Octets that are read in one step: others who ask for a record wait for so much.
const STEP: u32 = 1 << 20;

/// What has happened in one life, as far as it was found.
#[derive(Debug, Clone)]
pub struct History {
    /// The main record as it was written last, and the facts behind it; nothing if nothing is held.
    pub records: Vec<Kept>,
    /// More may have happened: the log goes on behind what was read, or could not be read.
    pub is_cut: bool,
}

/// A history that is being gathered.
pub struct Gathering {
    id: MessageId,
    history: History,
    /// What is read next.
    next: Position,
    open: Option<Open>,
    /// Octets that may still be read.
    left: u64,
}

struct Open {
    number: u32,
    file: Box<dyn DiskFile>,
    seal: Seal,
}

impl Gathering {
    /// Begins with the main record of this life.
    pub fn begin<T>(log: &Log<T>, reader: &mut Reader, id: MessageId) -> Self {
        Self::within(log, reader, id, HISTORY_OCTETS_MAX)
    }

    /// The same, with so many octets of the log at most.
    pub fn within<T>(log: &Log<T>, reader: &mut Reader, id: MessageId, left: u64) -> Self {
        let mut gathering = Self {
            id,
            history: History {
                records: Vec::new(),
                is_cut: false,
            },
            next: Position {
                segment: 0,
                offset: HEADER_OCTETS,
            },
            open: None,
            left,
        };
        match reader.read(log, id) {
            Read::Kept(main) => gathering.history.records.push(main),
            // Who has just handed it over knows all of it.
            Read::Gone | Read::NotYet => gathering.left = 0,
            Read::Unreadable => {
                gathering.left = 0;
                gathering.history.is_cut = true;
            }
        }
        if gathering.left > 0 {
            gathering.next.segment = given_out(log, id);
        }
        gathering
    }

    /// Reads on for a step; the history, if that was the last one.
    pub fn step<T>(&mut self, log: &Log<T>) -> Option<History> {
        let is_done = self.history.records.is_empty()
            || self.read_on(log).unwrap_or_else(|error| {
                let path = log.disk().whole_path(&segment::path(self.next.segment));
                error!(path, offset = self.next.offset, %error, "a history cannot be read");
                self.history.is_cut = true;
                true
            });
        is_done.then(|| self.history.clone())
    }

    /// Whether that was all.
    fn read_on<T>(&mut self, log: &Log<T>) -> io::Result<bool> {
        let durable = log.head().durable();
        if self.left == 0 || self.history.records.len() > FACTS_MAX {
            self.history.is_cut = true;
            return Ok(true);
        }
        let (id, segment, from) = (self.id, self.next.segment, self.next.offset);
        let Some(open) = self.open(log)? else {
            // It was removed meanwhile: what counted of it lies further on.
            return Ok(self.go_on_in_next(durable));
        };
        let end = match segment == durable.segment {
            true => u64::from(durable.offset),
            false => open.file.octets()?,
        };
        let mut found = Vec::new();
        let mut scan = Scan::new(&*open.file, open.seal, from, end, CHUNK);
        let mut is_at_end = false;
        while scan.offset() - from < STEP {
            let Some(framed) = scan.next()? else {
                is_at_end = true;
                break;
            };
            if Record::is_about(framed.body, id) {
                found.push(Kept::new(framed.body).map_err(io::Error::other)?);
            }
        }
        let read = scan.offset() - from;
        self.next.offset += read;
        self.left = self.left.saturating_sub(u64::from(read));
        let facts = found.into_iter();
        let facts = facts.filter(|kept| kept.record().role() != Role::Main);
        self.history.records.extend(facts);
        Ok(is_at_end && self.go_on_in_next(durable))
    }

    /// Whether there is none.
    fn go_on_in_next(&mut self, durable: Position) -> bool {
        if self.next.segment >= durable.segment {
            return true;
        }
        self.next = Position {
            segment: self.next.segment + 1,
            offset: HEADER_OCTETS,
        };
        false
    }

    /// The segment that is read next, if it is there.
    fn open<T>(&mut self, log: &Log<T>) -> io::Result<Option<&Open>> {
        let number = self.next.segment;
        if self.open.as_ref().is_none_or(|open| open.number != number) {
            self.open = open(log, number)?;
        }
        Ok(self.open.as_ref())
    }
}

fn open<T>(log: &Log<T>, number: u32) -> io::Result<Option<Open>> {
    Ok(header(log, number)?.map(|(file, header)| Open {
        number,
        file,
        seal: Seal::new(header.salt),
    }))
}

fn header<T>(log: &Log<T>, number: u32) -> io::Result<Option<(Box<dyn DiskFile>, Header)>> {
    let file = match log.disk().open(&segment::path(number), How::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut octets = [0; HEADER_OCTETS as usize];
    if read_full(&*file, &mut octets, 0)? < octets.len() {
        // It is being removed.
        return Ok(None);
    }
    let header = Header::read(&octets, number).map_err(io::Error::other)?;
    Ok(Some((file, header)))
}

/// The first segment in which something can be said of this id: the last one that began before it was
/// given out.
fn given_out<T>(log: &Log<T>, id: MessageId) -> u32 {
    let closed_before = log.head().closed_before();
    let mut numbers: Vec<u32> = log.segments().iter().map(|(number, _)| *number).collect();
    numbers.retain(|number| *number <= closed_before);
    let began_before = |number: &u32| match header(log, *number) {
        Ok(Some((_, header))) => header.highest_id < id.0,
        Ok(None) => true,
        Err(_) => false,
    };
    let later = numbers.partition_point(began_before);
    let first = numbers.get(later.saturating_sub(1));
    first.copied().unwrap_or(closed_before)
}
