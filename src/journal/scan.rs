//! Reads the records of a segment one after another, from its beginning or from somewhere within.

use super::disk::{DiskFile, read_full};
use super::frame::{self, Lies, MARK, MARK_OCTETS, Seal};
use std::io;

/// Octets that are read in one go where a whole segment is: enough that the calls do not count.
pub const CHUNK: usize = 1 << 18;

/// Where a segment is being read.
pub struct Scan<'a> {
    file: &'a dyn DiskFile,
    seal: Seal,
    end: u64,
    chunk: usize,
    offset: u32,
    buffer: Vec<u8>,
    /// The part of the buffer that is not read yet; it begins at `offset`.
    unread: std::ops::Range<usize>,
}

/// A sound frame.
#[derive(Debug, Clone, Copy)]
pub struct Framed<'a> {
    /// Where it lies.
    pub offset: u32,
    /// What it holds.
    pub body: &'a [u8],
}

impl<'a> Scan<'a> {
    /// Reads from `offset` up to `end`, so many octets in one go.
    pub fn new(file: &'a dyn DiskFile, seal: Seal, offset: u32, end: u64, chunk: usize) -> Self {
        Self {
            file,
            seal,
            end,
            chunk,
            offset,
            buffer: Vec::new(),
            unread: 0..0,
        }
    }

    /// Where the next frame lies, if there is one.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// The next frame; `None` where no sound frame lies wholly before the end.
    pub fn next(&mut self) -> io::Result<Option<Framed<'_>>> {
        let mut needed = frame::OVERHEAD;
        loop {
            if u64::from(self.offset) + needed as u64 > self.end {
                return Ok(None);
            }
            if self.unread.len() < needed && !self.fill(needed)? {
                return Ok(None);
            }
            match frame::read(&self.buffer[self.unread.clone()], self.offset, self.seal) {
                Lies::Cut(more) => needed = more,
                Lies::Nothing => return Ok(None),
                Lies::Body(body) => {
                    let octets = frame::OVERHEAD + body.len();
                    let offset = self.offset;
                    let body = self.unread.start + frame::OVERHEAD..self.unread.start + octets;
                    self.offset += octets as u32;
                    self.unread.start += octets;
                    let body = &self.buffer[body];
                    return Ok(Some(Framed { offset, body }));
                }
            }
        }
    }

    /// Reads on until so many octets are there; false if the file ends before.
    fn fill(&mut self, needed: usize) -> io::Result<bool> {
        let left = self.unread.len();
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..left;
        let from = u64::from(self.offset) + left as u64;
        let rest = self.end.saturating_sub(from).min(self.chunk as u64) as usize;
        let length = (left + rest).max(needed);
        self.buffer.resize(length.max(self.buffer.len()), 0);
        let read = read_full(self.file, &mut self.buffer[left..length], from)?;
        self.unread.end = left + read;
        Ok(self.unread.len() >= needed)
    }
}

/// What lies behind the last sound record of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// A mark that says that all before it was synced.
    pub mark: Option<u32>,
    /// Octets up to the last one that is not zero.
    pub octets: u64,
}

/// Looks for what contradicts that the segment ends here: a mark further on. Nothing that is found
/// is taken for a record.
pub fn behind(file: &dyn DiskFile, seal: Seal, offset: u32, end: u64) -> io::Result<Behind> {
    let mut found = Behind {
        mark: None,
        octets: 0,
    };
    let mut from = u64::from(offset);
    let mut buffer = vec![0; end.saturating_sub(from).min(CHUNK as u64) as usize];
    while from < end {
        let most = (end - from).min(CHUNK as u64) as usize;
        let read = read_full(file, &mut buffer[..most], from)?;
        let chunk = &buffer[..read];
        if let Some(last) = chunk.iter().rposition(|octet| *octet != 0) {
            found.octets = from + last as u64 + 1 - u64::from(offset);
            for (at, frame) in chunk.windows(MARK_OCTETS).enumerate() {
                let offset = (from + at as u64) as u32;
                if frame[8..] == [1, 0, 0, 0, MARK]
                    && matches!(frame::read(frame, offset, seal), Lies::Body(_))
                {
                    found.mark = Some(offset);
                    return Ok(found);
                }
            }
        }
        if read < MARK_OCTETS {
            break;
        }
        // A mark may lie across two chunks.
        from += match read == most && from + (read as u64) < end {
            true => read - (MARK_OCTETS - 1),
            false => read,
        } as u64;
    }
    Ok(found)
}
