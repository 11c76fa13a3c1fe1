//! Reads the log after a start, from the oldest record to the newest; writes nothing.
//!
//! The last segment ends where no sound record lies: what follows was being written when the end
//! came, and had not been confirmed to anybody. Whatever else is not sound is damage: a record
//! below a place up to which the segment had been synced, or in any segment but the last; a header
//! that is not sound before others that are; a number that is missing. Then we refuse to start and say
//! where, since what was accepted may be missing, and somebody has to decide.

use super::disk::{Disk, DiskFile, How, Lock, read_full};
use super::encoding::Unreadable;
use super::frame::{MARK, OVERHEAD, Seal};
use super::head::Written;
use super::scan::{CHUNK, Scan, behind};
use super::segment::{self, FOLDER, HEADER_OCTETS, Header, NUMBER_MAX, NoHeader};
use super::{Holdings, Position, Record, Role};
use crate::moment::Moment;
use crate::sabotage::{Fault, sabotaged};
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// The file that is locked while a journal is open.
const LOCK: &str = "journal/lock";

/// What is looked at behind a header that is not sound: something written there means that the
/// header was sound once.
const BEHIND_HEADER: usize = 1 << 20;

/// Why a journal cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The disk does not do what is asked of it.
    #[error("{doing} {path}: {error}{}", .advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default())]
    Disk {
        /// What was asked.
        doing: &'static str,
        /// Of which file or folder.
        path: String,
        /// What it answered.
        error: io::Error,
        /// What would help, if that is known.
        advice: Option<String>,
    },
    /// Somebody has it open.
    #[error(
        "open {0}: another smppgate uses it; stop that one, or give this one a data_dir of its own"
    )]
    InUse(String),
    /// Something that was durable is not what it was.
    #[error(
        "read {path}: damaged at octet {offset}: {what}; nothing was changed; bring back the folder \
         as it was, from a copy, or move it away and begin without what it holds"
    )]
    Damaged {
        /// The file.
        path: String,
        /// Where in it.
        offset: u64,
        /// What is found there and what should be.
        what: String,
    },
    /// A segment between two others is not there.
    #[error(
        "read {0}: it is missing, and there are older and newer segments; nothing was changed; \
         bring it back from a copy, or move the folder away and begin without what it holds"
    )]
    Missing(String),
    /// It is of a format that we do not know yet.
    #[error(
        "read {path}: it has format {format}, and this version reads up to {}; \
         run the version of smppgate that has written it, or a newer one",
        segment::VERSION
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        format: u32,
    },
    /// A record of a kind that is not known, or that has impossible fields.
    #[error("read {path}: octet {offset} holds {unreadable}")]
    Unreadable {
        /// The file.
        path: String,
        /// Where in it.
        offset: u32,
        /// Why it cannot be read.
        unreadable: Unreadable,
    },
    /// The settings leave no room for what is needed at least.
    #[error(
        "bound the journal to {most} octets: it needs {least} at least, eight segments of {segment}"
    )]
    TooSmall {
        /// What it is to take at most.
        most: u64,
        /// What it needs.
        least: u64,
        /// Octets of a segment.
        segment: u32,
    },
}

/// An error of the disk, with what was asked of it.
pub(super) fn failed<'a>(
    disk: &'a dyn Disk,
    doing: &'static str,
    path: &'a str,
) -> impl FnOnce(io::Error) -> OpenError + 'a {
    move |error| OpenError::Disk {
        doing,
        path: disk.whole_path(path),
        advice: disk.advice(path, &error),
        error,
    }
}

/// A journal that was read and is not written to yet.
pub struct Recovered {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) lock: Lock,
    pub(super) holdings: Holdings,
    /// Segments that were begun, oldest first, with the octets of their files.
    pub(super) segments: Vec<(u32, u64)>,
    /// The first segment that was made ready and not begun.
    pub(super) first_blank: Option<u32>,
    pub(super) tail: Option<Tail>,
    /// What was read.
    pub(super) written: Written,
    highest_id: u64,
    latest: Moment,
    records: u64,
}

/// How the last segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Its number.
    pub number: u32,
    /// So many octets of it count.
    pub end: u32,
    /// What lies before this place is durable; what lies behind it can be read, and may be in
    /// memory alone.
    pub durable: u32,
    /// Octets behind the end that are not zeros: what was being written.
    pub torn: u64,
}

impl Recovered {
    /// Where what has not ended lies.
    pub fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// No id that was given out is higher: those to come begin above it.
    pub fn highest_id(&self) -> u64 {
        self.highest_id
    }

    /// The latest moment of any record: now is not before that, whatever the clock says.
    pub fn latest(&self) -> Moment {
        self.latest
    }

    /// How many records were read.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many octets were cut off at the end: a group that was being written.
    pub fn torn(&self) -> u64 {
        self.tail.map_or(0, |tail| tail.torn)
    }

    /// Octets of all segments.
    pub fn octets(&self) -> u64 {
        self.segments.iter().map(|(_, octets)| octets).sum()
    }
}

/// Who is shown each record, which is noted in the holdings by then.
pub type Visit<'a> = dyn FnMut(&Holdings, Position, Record<'_>) + 'a;

/// A journal that is ours alone: nobody else has it open.
pub struct Claimed {
    disk: Arc<dyn Disk>,
    lock: Lock,
}

/// Claims the journal that lies on this disk, before anything of it is read or changed.
pub fn claim(disk: Arc<dyn Disk>) -> Result<Claimed, OpenError> {
    let make = failed(&*disk, "make", FOLDER);
    disk.make_folder(FOLDER).map_err(make)?;
    let locked = disk.lock(LOCK).map_err(failed(&*disk, "lock", LOCK))?;
    let lock = locked.ok_or_else(|| OpenError::InUse(disk.whole_path(FOLDER)))?;
    Ok(Claimed { disk, lock })
}

/// Claims the journal that lies on this disk and reads it; each record is shown to `visit`, oldest first. Of a
/// life that was carried on, a record may be shown twice, and a fact before what it is about.
pub fn recover(disk: Arc<dyn Disk>, visit: &mut Visit<'_>) -> Result<Recovered, OpenError> {
    claim(disk)?.read(visit)
}

impl Claimed {
    /// Reads it, as [`recover`] does.
    pub fn read(self, visit: &mut Visit<'_>) -> Result<Recovered, OpenError> {
        let Self { disk, lock } = self;
        let (begun, first_blank) = found(&*disk)?;
        let mut recovered = Recovered {
            disk,
            lock,
            holdings: Holdings::of_what_is_read(),
            segments: Vec::new(),
            first_blank,
            tail: None,
            written: Written::default(),
            highest_id: 0,
            latest: Moment(0),
            records: 0,
        };
        for (at, opened) in begun.iter().enumerate() {
            let before = begun.get(at + 1).map(|next| next.header.before);
            recovered.read(opened, before, visit)?;
        }
        recovered.holdings = recovered.holdings.indexed();
        Ok(recovered)
    }
}

/// A segment that was begun.
struct Opened {
    path: String,
    file: Box<dyn DiskFile>,
    octets: u64,
    header: Header,
}

/// The segments that were begun, oldest first, and the first of those that were not.
fn found(disk: &dyn Disk) -> Result<(Vec<Opened>, Option<u32>), OpenError> {
    let names = disk.list(FOLDER).map_err(failed(disk, "list", FOLDER))?;
    let mut numbers: Vec<u32> = names
        .iter()
        .filter_map(|name| segment::number(name))
        .collect();
    numbers.sort_unstable();
    if let Some(last) = numbers.last().filter(|last| **last > NUMBER_MAX) {
        return Err(OpenError::Damaged {
            path: disk.whole_path(&segment::path(*last)),
            offset: 0,
            what: format!("no segment has a number above {NUMBER_MAX}"),
        });
    }
    for pair in numbers.windows(2) {
        if pair[1] != pair[0] + 1 {
            return Err(OpenError::Missing(
                disk.whole_path(&segment::path(pair[0] + 1)),
            ));
        }
    }
    let mut begun = Vec::new();
    // The first of those without a header: if one with a header follows, it is damaged.
    let mut blank: Option<(u32, OpenError)> = None;
    for number in numbers {
        match (open(disk, number)?, blank.take()) {
            (Ok(_), Some((_, damaged))) => return Err(damaged),
            (Ok(opened), None) => begun.push(opened),
            (Err(damaged), first) => blank = first.or(Some((number, damaged))),
        }
    }
    Ok((begun, blank.map(|(number, _)| number)))
}

/// Opens a segment. What it inwardly fails with is what to say if it should have been begun.
fn open(disk: &dyn Disk, number: u32) -> Result<Result<Opened, OpenError>, OpenError> {
    let path = segment::path(number);
    let file = disk
        .open(&path, How::Read)
        .map_err(failed(disk, "open", &path))?;
    let octets = file.octets().map_err(failed(disk, "read", &path))?;
    let mut head = vec![
        0;
        BEHIND_HEADER
            .min(octets as usize)
            .max(HEADER_OCTETS as usize)
    ];
    read_full(&*file, &mut head[..HEADER_OCTETS as usize], 0)
        .map_err(failed(disk, "read", &path))?;
    let mut header = [0; HEADER_OCTETS as usize];
    header.copy_from_slice(&head[..HEADER_OCTETS as usize]);
    let whole_path = disk.whole_path(&path);
    let no_header = match Header::read(&header, number) {
        Ok(header) => {
            return Ok(Ok(Opened {
                path: whole_path,
                file,
                octets,
                header,
            }));
        }
        Err(NoHeader::Newer(format)) => {
            let path = whole_path;
            return Err(OpenError::Newer { path, format });
        }
        Err(other) => other,
    };
    let damaged = OpenError::Damaged {
        path: whole_path,
        offset: 0,
        what: format!("there is {no_header}"),
    };
    // Nothing is written behind a header before it is synced.
    read_full(&*file, &mut head, 0).map_err(failed(disk, "read", &path))?;
    match head[HEADER_OCTETS as usize..]
        .iter()
        .all(|octet| *octet == 0)
    {
        true => Ok(Err(damaged)),
        false => Err(damaged),
    }
}

impl Recovered {
    /// Reads a segment: so many octets of it, or up to where it ends if it is the last one.
    fn read(
        &mut self,
        opened: &Opened,
        before: Option<u32>,
        visit: &mut Visit<'_>,
    ) -> Result<(), OpenError> {
        let Opened {
            path,
            file,
            octets,
            header,
        } = opened;
        let seal = Seal::new(header.salt);
        let end = before.map_or(*octets, u64::from);
        let mut scan = Scan::new(&**file, seal, HEADER_OCTETS, end, CHUNK);
        let mut durable = 0;
        let failed = |error| OpenError::Disk {
            doing: "read",
            path: path.clone(),
            error,
            advice: None,
        };
        while let Some(framed) = scan.next().map_err(failed)? {
            if framed.body == [MARK] {
                durable = framed.offset;
                continue;
            }
            let position = Position {
                segment: header.number,
                offset: framed.offset,
            };
            let unreadable = |unreadable| OpenError::Unreadable {
                path: path.clone(),
                offset: framed.offset,
                unreadable,
            };
            let record = Record::decode(framed.body).map_err(unreadable)?;
            self.holdings.note(&record, position);
            self.highest_id = self.highest_id.max(record.id().0);
            self.latest = self.latest.max(record.at());
            self.records += 1;
            self.written.mains += u64::from(record.role() == Role::Main);
            self.written.octets += (OVERHEAD + framed.body.len()) as u64;
            visit(&self.holdings, position, record);
        }
        let stopped = scan.offset();
        let damaged = |what: String| OpenError::Damaged {
            path: path.clone(),
            offset: u64::from(stopped),
            what,
        };
        match before {
            Some(before) if before != stopped => {
                return Err(damaged(format!(
                    "no sound record lies there, and the next segment says that {before} octets count"
                )));
            }
            Some(_) => {}
            None => {
                let behind = behind(&**file, seal, stopped, *octets).map_err(failed)?;
                if let Some(mark) = behind.mark
                    && !sabotaged(Fault::EvidenceIgnored)
                {
                    return Err(damaged(format!(
                        "no sound record lies there, and octet {mark} says that all before it was synced"
                    )));
                }
                self.tail = Some(Tail {
                    number: header.number,
                    end: stopped,
                    durable,
                    torn: behind.octets,
                });
            }
        }
        self.highest_id = self.highest_id.max(header.highest_id);
        self.segments.push((header.number, *octets));
        Ok(())
    }
}
