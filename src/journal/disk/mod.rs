//! The few things that are asked of a disk.
//!
//! * [`real`] asks the operating system;
//! * [`faulty`], made of `node`s, is a disk in memory that forgets what was not synced, runs full, fails and tears.
//!
//! All paths are below the data folder and use `/`. What is written is durable once [`DiskFile::sync`]
//! has returned, and that a file is there, or is there no more, once its folder was synced.

mod whole;
pub mod real;
mod node;
pub mod faulty;

pub use faulty::Faulty;
pub use real::Real;
pub use whole::{read_full, write_all};

use std::any::Any;
use std::io;

/// Where files lie.
pub trait Disk: Send + Sync {
    /// Makes a folder unless it is there, durably.
    fn make_folder(&self, path: &str) -> io::Result<()>;

    /// Names of what lies in a folder, in no order.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Opens a file.
    fn open(&self, path: &str, how: How) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, over whatever has that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes durable which files are in a folder.
    fn sync_folder(&self, path: &str) -> io::Result<()>;

    /// Locks a file, which is made if it is not there, until what is returned is dropped; `None`
    /// if somebody else has locked it.
    fn lock(&self, path: &str) -> io::Result<Option<Lock>>;

    /// Octets that may still be written.
    fn free(&self) -> io::Result<u64>;

    /// The whole path, for messages.
    fn whole_path(&self, path: &str) -> String;

    /// What would help against this error, if that is known.
    fn advice(&self, path: &str, error: &io::Error) -> Option<String>;
}

/// A file that is open; it may be used by several threads.
pub trait DiskFile: Send + Sync {
    /// Reads at most so many octets from this place; none at the end.
    fn read_at(&self, octets: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes octets there; how many were written may be fewer.
    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes the file this long at least, and has room for all of it: writing into it will not fail
    /// for lack of room.
    fn allocate(&self, octets: u64) -> io::Result<()>;

    /// Cuts it off.
    fn truncate(&self, octets: u64) -> io::Result<()>;

    /// Makes durable what was written, its length included.
    fn sync(&self) -> io::Result<()>;

    /// Octets of the file.
    fn octets(&self) -> io::Result<u64>;
}

/// Keeps a file locked until it is dropped.
pub type Lock = Box<dyn Any + Send + Sync>;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// To be read.
    Read,
    /// To be read and written; it is there.
    Write,
    /// To be read and written; it is made, or emptied if it is there.
    Anew,
    /// To be read and written; it is made unless it is there.
    Make,
}
