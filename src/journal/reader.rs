//! Reads main records again, from where the holdings say that they lie.

use super::disk::{DiskFile, How, read_full};
use super::frame::{self, Lies, Seal};
use super::log::Log;
use super::segment::{self, HEADER_OCTETS, Header};
use super::{Kept, Position};
use crate::message::MessageId;
use std::collections::VecDeque;
use std::io;
use tracing::error;

/// Files that are kept open: what is asked for is mostly of the same age.
const OPEN_MAX: usize = 16;

/// What is read in one go: nearly every record, and more if it is longer.
const FIRST_READ: usize = 1 << 10;

/// How often a record is looked for anew that was carried on while it was being read. Each time it
/// was carried on in that moment, which does not happen twice in a row.
const CARRIED_MAX: usize = 4;

/// Reads records; keeps files open.
#[derive(Default)]
pub struct Reader {
    open: VecDeque<Open>,
}

struct Open {
    number: u32,
    seal: Seal,
    file: Box<dyn DiskFile>,
}

/// What has come of reading.
#[derive(Debug)]
pub enum Read {
    /// Here it is.
    Kept(Kept),
    /// Nothing is held under this id.
    Gone,
    /// It was handed over, and is not durable yet.
    NotYet,
    /// It cannot be read.
    Unreadable,
}

impl Reader {
    /// Reads the main record of this message.
    pub fn read<T>(&mut self, log: &Log<T>, id: MessageId) -> Read {
        let mut last: Option<(Position, io::Error)> = None;
        for _ in 0..CARRIED_MAX {
            let Some(position) = log.holdings().position(id) else {
                return Read::Gone;
            };
            if !log.head().is_durable(position) {
                return Read::NotYet;
            }
            // What lies where it lay before cannot be read there.
            if last.as_ref().is_some_and(|(lay, _)| *lay == position) {
                break;
            }
            let error = match self.read_at(log, position).map(|body| Kept::new(&body)) {
                Ok(Ok(kept)) if kept.record().id() == id => return Read::Kept(kept),
                Ok(Ok(_)) => io::Error::other("it is another one's"),
                Ok(Err(unreadable)) => io::Error::other(unreadable),
                Err(error) => error,
            };
            last = Some((position, error));
        }
        if let Some((position, error)) = last {
            let path = log.disk().whole_path(&segment::path(position.segment));
            error!(path, offset = position.offset, %error, "a record cannot be read");
        }
        Read::Unreadable
    }

    fn read_at<T>(&mut self, log: &Log<T>, position: Position) -> io::Result<Vec<u8>> {
        let at = self
            .open
            .iter()
            .position(|open| open.number == position.segment);
        let open = match at.and_then(|at| self.open.remove(at)) {
            Some(open) => open,
            None => Open::new(log, position.segment)?,
        };
        let body = open.read(position.offset);
        self.open.truncate(OPEN_MAX - 1);
        self.open.push_front(open);
        body
    }
}

impl Open {
    fn new<T>(log: &Log<T>, number: u32) -> io::Result<Self> {
        let file = log.disk().open(&segment::path(number), How::Read)?;
        let mut octets = [0; HEADER_OCTETS as usize];
        read_full(&*file, &mut octets, 0)?;
        let header = Header::read(&octets, number).map_err(io::Error::other)?;
        let seal = Seal::new(header.salt);
        Ok(Self { number, seal, file })
    }

    fn read(&self, offset: u32) -> io::Result<Vec<u8>> {
        let mut octets = vec![0; FIRST_READ];
        loop {
            let read = read_full(&*self.file, &mut octets, u64::from(offset))?;
            match frame::read(&octets[..read], offset, self.seal) {
                Lies::Body(body) => return Ok(body.to_vec()),
                Lies::Cut(needed) if needed > octets.len() => octets.resize(needed, 0),
                _ => return Err(io::Error::other("its checksum is wrong")),
            }
        }
    }
}
