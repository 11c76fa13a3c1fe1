//! Writes groups: the one hand that has the end of the log.

use super::disk::{Disk, DiskFile, How, write_all};
use super::head::{Group, Piece};
use super::segment::{self, Header};
use crate::sabotage::{Fault, sabotaged};
use std::io;
use std::sync::Arc;

/// Tells the highest id of a message that was given out.
pub type HighestId = Box<dyn Fn() -> u64 + Send>;

/// Has the file open that the log grows in.
pub struct Writer {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    node: u8,
    highest_id: HighestId,
}

impl Writer {
    /// Writes on in this file, which has a header.
    pub fn new(
        disk: Arc<dyn Disk>,
        file: Box<dyn DiskFile>,
        node: u8,
        highest_id: HighestId,
    ) -> Self {
        Self {
            disk,
            file,
            node,
            highest_id,
        }
    }

    /// Writes a group and syncs it. After an error nothing more may be written: what of it lies on
    /// the disk is not known, and a sync that is tried again only seems to succeed.
    pub fn write<T>(&mut self, group: &Group<T>) -> io::Result<()> {
        for piece in &group.pieces {
            if piece.begins.is_some() {
                self.begin(piece)?;
            }
            write_all(&*self.file, &piece.octets, u64::from(piece.offset))?;
            if sabotaged(Fault::GroupSync) {
                continue;
            }
            match self.file.sync() {
                Err(_) if sabotaged(Fault::SyncTriedAgain) => self.file.sync()?,
                other => other?,
            }
        }
        Ok(())
    }

    /// Begins a segment; all of the one before it is synced.
    fn begin(&mut self, piece: &Piece) -> io::Result<()> {
        let Some(begins) = piece.begins else {
            return Ok(());
        };
        self.file = self.disk.open(&segment::path(piece.number), How::Write)?;
        let header = Header {
            number: piece.number,
            before: begins.before,
            node: self.node,
            salt: begins.salt,
            highest_id: (self.highest_id)(),
        };
        write_all(&*self.file, &header.octets(), 0)?;
        match sabotaged(Fault::HeaderSync) {
            true => Ok(()),
            false => self.file.sync(),
        }
    }
}
