//! The log: segments on a disk, and the steps by which it grows.
//!
//! Nothing here runs by itself. [`File`](super::File) takes the steps in threads, and
//! [`Stepped`](super::Stepped) when it is told to; either way they are these. What holds at every
//! moment, whatever has been synced or not:
//!
//! * A group is written only when the one before it is durable, and it begins with a mark. So what
//!   lies before a mark was durable once: if it is not sound now, it is damaged.
//! * A segment is begun only when the one before it is durable as far as it counts, and the header says
//!   how far. So the end of the log is in the last segment that has a header, and what was left behind
//!   an end by a crash never counts again.
//! * Segments are removed from the oldest on, one at a time, and not before all that made its records
//!   needless is durable; see [`carry`](super::carry).
//! * A place is given out only where the disk has set room aside. So no write fails for lack of room.
//! * What was begun by a write or sync that failed is never confirmed, and nothing is written after it.

use super::disk::{Disk, DiskFile, How, read_full, write_all};
use super::head::{Head, Ready};
use super::recover::{OpenError, Recovered, Tail, failed};
use super::segment::{self, FOLDER, HEADER_OCTETS, Header};
use super::writer::{HighestId, Writer};
use super::{Appended, Completion, Holdings, Record};
use crate::sabotage::{Fault, sabotaged};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tracing::error;

/// Zeros that are written ahead in one step. Where there is something already, a sync does not have
/// to change what the file system knows of the file, and takes half the time.
const FILL: usize = 1 << 20;

/// Zeros at the beginning of the first segment after a start: it begins at once, and is not filled
/// as a whole.
const FILL_FIRST: usize = 4 << 20;

/// Segments that there is to be room for: those that are kept ready, the one that is written to, one
/// that is carried on, and some more, or else carrying on is all that happens.
const SEGMENTS_LEAST: u64 = 8;

/// What is set for a journal.
pub struct Settings {
    /// Octets of a segment.
    pub segment_octets: u32,
    /// What all segments may take.
    pub octets_max: u64,
    /// Which node writes.
    pub node: u8,
    /// Random octets, anew at each call.
    pub salt: Box<dyn FnMut() -> [u8; 16] + Send>,
}

impl Settings {
    /// Segments of 16 MiB, up to so many octets in all. That fills in some tenths of a second at the
    /// highest rates, so that beginning one costs nothing; and where little happens, those that are
    /// kept ready take little.
    pub fn new(octets_max: u64, node: u8) -> Self {
        Self {
            segment_octets: 16 << 20,
            octets_max,
            node,
            salt: Box::new(random_salt),
        }
    }
}

fn random_salt() -> [u8; 16] {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the operating system has random octets");
    salt
}

/// A log that is written to.
pub struct Log<T> {
    disk: Arc<dyn Disk>,
    settings: Mutex<Settings>,
    pub(super) segment_octets: u32,
    pub(super) octets_max: u64,
    head: Mutex<Head<T>>,
    /// Rung when something waits to be written, and when something was made durable or has failed.
    pub(super) waiting: Condvar,
    pub(super) durable: Condvar,
    /// Rung when a segment has begun, and another one is to be made ready.
    pub(super) begun: Condvar,
    writer: Mutex<Writer>,
    holdings: Holdings,
    /// Segments that are there, oldest first, with the octets of their files.
    segments: Mutex<VecDeque<(u32, u64)>>,
    /// Held while zeros are written ahead: the segment does not begin meanwhile.
    filling: Mutex<()>,
    _lock: super::disk::Lock,
}

/// What has come of an attempt to make something ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// This segment is ready, and may be filled with zeros.
    Ready(u32),
    /// Enough is ready.
    Enough,
    /// There is no room.
    NoRoom,
}

impl<T> Log<T> {
    /// Goes on behind what was read, in a new segment; this is the first time that anything is written.
    pub fn start(
        recovered: Recovered,
        mut settings: Settings,
        highest_id: HighestId,
    ) -> Result<Self, OpenError> {
        let least = u64::from(settings.segment_octets) * SEGMENTS_LEAST;
        if settings.octets_max < least {
            return Err(OpenError::TooSmall {
                most: settings.octets_max,
                least,
                segment: settings.segment_octets,
            });
        }
        let disk = recovered.disk.clone();
        let mut segments: VecDeque<(u32, u64)> = recovered.segments.iter().copied().collect();
        if let Some(tail) = recovered.tail {
            write_again(&*disk, tail).map_err(failed(
                &*disk,
                "write",
                &segment::path(tail.number),
            ))?;
        }
        let next = recovered.tail.map(|tail| tail.number + 1);
        let begun = Ready {
            number: next.or(recovered.first_blank).unwrap_or(1),
            salt: (settings.salt)(),
        };
        let header = Header {
            number: begun.number,
            before: recovered.tail.map_or(0, |tail| tail.end),
            node: settings.node,
            salt: begun.salt,
            highest_id: highest_id().max(recovered.highest_id()),
        };
        let path = segment::path(begun.number);
        let file = begin(&*disk, &header, settings.segment_octets);
        let file = file.map_err(failed(&*disk, "begin", &path))?;
        segments.push_back((begun.number, u64::from(settings.segment_octets)));
        if let Some(tail) = recovered.tail {
            let octets =
                cut(&*disk, tail).map_err(failed(&*disk, "cut", &segment::path(tail.number)))?;
            let at = segments.len() - 2;
            segments[at].1 = octets;
        }
        let log = Self {
            segment_octets: settings.segment_octets,
            octets_max: settings.octets_max,
            head: Mutex::new(Head::new(settings.segment_octets, begun, recovered.written)),
            waiting: Condvar::new(),
            durable: Condvar::new(),
            begun: Condvar::new(),
            writer: Mutex::new(Writer::new(disk.clone(), file, settings.node, highest_id)),
            settings: Mutex::new(settings),
            holdings: recovered.holdings,
            segments: Mutex::new(segments),
            filling: Mutex::new(()),
            _lock: recovered.lock,
            disk,
        };
        while let Made::Ready(_) = log
            .make_ready()
            .map_err(failed(&*log.disk, "make", FOLDER))?
        {}
        Ok(log)
    }

    /// Hands over one batch; see [`Journal::append`](super::Journal::append).
    pub fn append(&self, records: &[Record<'_>], then: T) -> Appended<T> {
        let mut head = self.head.lock();
        let was_waiting = head.is_waiting();
        let appended = head.append(records, then, &self.holdings);
        if !was_waiting && head.is_waiting() {
            self.waiting.notify_one();
        }
        appended
    }

    /// Whether there is room for new work.
    pub fn has_room(&self) -> bool {
        self.head.lock().has_room()
    }

    /// Where what has not ended lies.
    pub fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    pub(super) fn head(&self) -> MutexGuard<'_, Head<T>> {
        self.head.lock()
    }

    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Writes what was collected and makes it durable. What was pending on it comes back, in order.
    pub fn write_group(&self) -> Vec<Completion<T>> {
        let mut writer = self.writer.lock();
        let (group, has_failed) = {
            let mut head = self.head.lock();
            let Some(group) = head.take() else {
                return Vec::new();
            };
            (group, head.has_failed())
        };
        // Nobody writes zeros where a segment begins now.
        let begins = group.pieces.iter().any(|piece| piece.begins.is_some());
        if begins {
            drop(self.filling.lock());
            self.begun.notify_one();
        }
        let is_durable = !has_failed
            && writer
                .write(&group)
                .map_err(|error| self.fail("write to", &error))
                .is_ok()
            || sabotaged(Fault::ConfirmedEarly);
        let settled = self.head.lock().settle(group, is_durable);
        self.durable.notify_all();
        settled
    }

    /// Gives up: nothing is confirmed any more. What is pending comes back as refused when it is
    /// written.
    pub fn fail(&self, doing: &str, error: &io::Error) {
        let mut head = self.head.lock();
        head.fail();
        error!(
            path = self.disk.whole_path(&segment::path(head.number())),
            %error,
            "the journal failed to {doing} a segment: nothing is accepted until a restart"
        );
        self.waiting.notify_all();
        self.durable.notify_all();
    }

    /// Makes a segment ready if fewer are than are wanted: the room for it is set aside, and its file
    /// is known to be there. An error other than lack of room is for good.
    pub fn make_ready(&self) -> io::Result<Made> {
        let mut segments = self.segments.lock();
        let Some(number) = self.head.lock().wants_ready() else {
            return Ok(Made::Enough);
        };
        let octets: u64 = segments.iter().map(|(_, octets)| octets).sum();
        if octets + u64::from(self.segment_octets) > self.octets_max {
            self.head.lock().set_tight();
            return Ok(Made::NoRoom);
        }
        let path = segment::path(number);
        let file = self.disk.open(&path, How::Make)?;
        match file.allocate(u64::from(self.segment_octets)) {
            Err(error) if is_full(&error) => {
                self.head.lock().set_tight();
                return Ok(Made::NoRoom);
            }
            other => other?,
        }
        file.sync()?;
        if !sabotaged(Fault::NewEntrySync) {
            self.disk.sync_folder(FOLDER)?;
        }
        segments.push_back((number, u64::from(self.segment_octets)));
        let salt = (self.settings.lock().salt)();
        self.head.lock().add_ready(Ready { number, salt });
        Ok(Made::Ready(number))
    }

    /// Writes a step of zeros into a segment that is ready, from there on; where the next step begins,
    /// or `None` if it is full, or has begun.
    pub fn fill(&self, number: u32, from: u32) -> io::Result<Option<u32>> {
        let _filling = self.filling.lock();
        if from >= self.segment_octets || !self.head.lock().is_ready(number) {
            return Ok(None);
        }
        let octets = FILL.min((self.segment_octets - from) as usize);
        let file = self.disk.open(&segment::path(number), How::Write)?;
        write_all(&*file, &vec![0; octets], u64::from(from))?;
        file.sync()?;
        Ok(Some(from + octets as u32))
    }

    /// Segments that are there, oldest first, with the octets of their files.
    pub(super) fn segments(&self) -> Vec<(u32, u64)> {
        self.segments.lock().iter().copied().collect()
    }

    /// The oldest segment.
    pub(super) fn oldest(&self) -> Option<u32> {
        Some(self.segments.lock().front()?.0)
    }

    /// Removes the oldest segment, of which nothing counts any more. It is gone for good before the
    /// next one can be: what ends a life must outlive all that it ended. `file` is that segment.
    pub(super) fn remove_oldest(&self, file: &dyn DiskFile) -> io::Result<()> {
        let mut segments = self.segments.lock();
        let Some((number, _)) = segments.front() else {
            return Ok(());
        };
        self.disk.remove(&segment::path(*number))?;
        if !sabotaged(Fault::RemovalSync) {
            self.disk.sync_folder(FOLDER)?;
        }
        segments.pop_front();
        // Somebody may have it open to read: that must not keep its room. Nothing else stands on it.
        let _ = file.truncate(0);
        Ok(())
    }

    /// Rings for the one that writes.
    pub(super) fn ring(&self) {
        self.waiting.notify_one();
    }

    /// Octets that all segments take.
    pub fn octets(&self) -> u64 {
        self.segments.lock().iter().map(|(_, octets)| octets).sum()
    }
}

/// Whether this says that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Makes durable what was read at the end of the last segment. It may have been read from memory
/// alone, where a sync that failed has left it as if it were on the disk: only what is written again
/// is synced for certain.
fn write_again(disk: &dyn Disk, tail: Tail) -> io::Result<()> {
    if sabotaged(Fault::TailNotWrittenAgain) {
        return Ok(());
    }
    let file = disk.open(&segment::path(tail.number), How::Write)?;
    let mut octets = vec![0; (tail.end - tail.durable) as usize];
    let read = read_full(&*file, &mut octets, u64::from(tail.durable))?;
    write_all(&*file, &octets[..read], u64::from(tail.durable))?;
    file.sync()
}

/// Begins a segment after a start. Its folder is synced as well: which files there are may have been
/// read from memory alone.
fn begin(disk: &dyn Disk, header: &Header, segment_octets: u32) -> io::Result<Box<dyn DiskFile>> {
    let file = disk.open(&segment::path(header.number), How::Make)?;
    file.allocate(u64::from(segment_octets))?;
    let zeros = FILL_FIRST.min((segment_octets - HEADER_OCTETS) as usize);
    write_all(&*file, &vec![0; zeros], u64::from(HEADER_OCTETS))?;
    file.sync()?;
    if !sabotaged(Fault::NewEntrySync) {
        disk.sync_folder(FOLDER)?;
    }
    write_all(&*file, &header.octets(), 0)?;
    if !sabotaged(Fault::HeaderSync) {
        file.sync()?;
    }
    Ok(file)
}

/// Cuts off what does not count, as the next header says: it takes room. How long the file is then.
fn cut(disk: &dyn Disk, tail: Tail) -> io::Result<u64> {
    let file = disk.open(&segment::path(tail.number), How::Write)?;
    file.truncate(u64::from(tail.end))?;
    file.octets()
}
