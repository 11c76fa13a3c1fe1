//! What a file may name: other files and the environment; and the time, which certificates run out of.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest file that is read: five million prefixes or so.
const FILE_OCTETS_MAX: u64 = 64 << 20;

/// Where other files, variables and the time come from; tests have a world of their own.
pub trait Surroundings {
    /// The content of a file.
    fn file(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// Seconds since the Unix epoch.
    fn now(&self) -> i64;
}

/// The files, the environment and the clock of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Process;

impl Surroundings for Process {
    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        // A pipe or a device could keep us waiting, or never end.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut content = Vec::new();
        File::open(path)?
            .take(FILE_OCTETS_MAX + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > FILE_OCTETS_MAX {
            return Err(io::Error::other("larger than 64 MiB"));
        }
        Ok(content)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
    }
}

/// What all parts of one file share.
pub(super) struct Context<'a> {
    /// The folder of the file.
    pub folder: &'a Path,
    /// Where other files and variables come from.
    pub surroundings: &'a dyn Surroundings,
}

impl Context<'_> {
    /// A path that the file names.
    pub fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
}
