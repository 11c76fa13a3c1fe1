//! The disk that the operating system gives us.

use super::{Disk, DiskFile, How, Lock};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who may read what customers write: we, and nobody else.
const MODE: u32 = 0o600;

/// Written at a time where the file system cannot set room aside: it takes little memory, and few
/// calls.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// Files below a data folder.
#[derive(Debug)]
pub struct Real {
    root: PathBuf,
}

impl Real {
    /// The data folder; it is made, durably, if it is not there.
    pub fn new(root: &Path) -> io::Result<Self> {
        let disk = Self {
            root: root.to_owned(),
        };
        disk.make_folders(root)?;
        Ok(disk)
    }

    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let above = match folder.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        self.make_folders(above)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        File::open(above)?.sync_all()
    }

    fn at(&self, path: &str) -> PathBuf {
        match path {
            "" => self.root.clone(),
            path => self.root.join(path),
        }
    }
}

impl Disk for Real {
    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.make_folders(&self.at(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.at(folder))?;
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect()
    }

    fn open(&self, path: &str, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).mode(MODE);
        match how {
            How::Read => {}
            How::Write => {
                options.write(true);
            }
            How::Anew => {
                options.write(true).create(true).truncate(true);
            }
            How::Make => {
                options.write(true).create(true);
            }
        }
        Ok(Box::new(options.open(self.at(path))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.at(path))
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        File::open(self.at(path))?.sync_all()
    }

    fn lock(&self, path: &str) -> io::Result<Option<Lock>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(MODE);
        let file = options.open(self.at(path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn free(&self) -> io::Result<u64> {
        let found = statvfs(&self.root)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn whole_path(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    fn advice(&self, path: &str, error: &io::Error) -> Option<String> {
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                let path = self.at(path);
                let there = path.ancestors().find(|path| path.exists())?;
                let (own, owner) = (geteuid().as_raw(), fs::metadata(there).ok()?.uid());
                Some(match own == owner {
                    true => format!(
                        "{} belongs to us, but its mode does not let us write: chmod u+rwX",
                        there.display()
                    ),
                    false => format!(
                        "{} belongs to user {owner}, and smppgate runs as user {own}: \
                         run it as {owner}, or give the folder to {own} with chown -R",
                        there.display()
                    ),
                })
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                Some("its file system is mounted read-only: mount it to be written".to_owned())
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("the disk is full: free some of it".to_owned())
            }
            _ => None,
        }
    }
}

impl DiskFile for File {
    fn read_at(&self, octets: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, octets, offset)
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, octets, offset)
    }

    fn allocate(&self, octets: u64) -> io::Result<()> {
        match fallocate(self, FallocateFlags::empty(), 0, octets) {
            Err(Errno::OPNOTSUPP) => {}
            other => return other.map_err(io::Error::from),
        }
        let mut end = self.metadata()?.len();
        while end < octets {
            let most = (octets - end).min(ZEROS.len() as u64) as usize;
            end += FileExt::write_at(self, &ZEROS[..most], end)? as u64;
        }
        Ok(())
    }

    fn truncate(&self, octets: u64) -> io::Result<()> {
        self.set_len(octets)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn octets(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// What kind of file system holds the data folder, for those who measure.
pub fn file_system(root: &Path) -> io::Result<String> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let root = fs::canonicalize(root)?;
    let holding = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?, words.next()?);
        root.starts_with(place).then_some((place.len(), kind))
    });
    let (_, kind) = holding.max().unwrap_or((0, "unknown"));
    Ok(kind.to_owned())
}
