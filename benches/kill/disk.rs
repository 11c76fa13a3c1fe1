//! A disk whose power can be cut: a file system in an image, and the image on one that copies files at
//! once.
//!
//! The gateway writes to ext4 in an image; the image is a file on XFS, which is an image too. A copy of
//! the inner image by reference is what the disk held at that instant: what the gateway had not synced
//! is not in it. It models the loss of what the system held in memory; it does not tear or reorder what a
//! device holds in its own cache.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Sizes of the images. They are sparse: only what was written takes room.
const OUTER_SIZE: u64 = 8 << 30;
const INNER_SIZE: u64 = 2 << 30;

/// Attempts to unmount, since the kernel may still hold what the process has just let go.
const UNMOUNT_TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// A disk that is mounted; everything is unmounted when this is dropped.
pub struct Disk {
    outer: PathBuf,
    /// Where the outer image is mounted, with the inner ones in it.
    shelf: PathBuf,
    /// Where the inner image is mounted.
    mounted: PathBuf,
    /// What is mounted now, in the order in which it was.
    mounts: Vec<PathBuf>,
}

/// Why there is no such disk here.
#[derive(Debug)]
pub struct NotHere(String);

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            f,
            "skipped: no power can be cut here, which takes root, loop devices and xfsprogs ({why})"
        )
    }
}

impl Disk {
    /// Makes a disk with its images in this folder.
    pub fn new(folder: &Path) -> Result<Self, NotHere> {
        let mut disk = Self {
            outer: folder.join("outer.img"),
            shelf: folder.join("shelf"),
            mounted: folder.join("disk"),
            mounts: Vec::new(),
        };
        disk.set_up().map_err(|error| NotHere(error.to_string()))?;
        Ok(disk)
    }

    fn set_up(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.shelf)?;
        fs::create_dir_all(&self.mounted)?;
        File::create(&self.outer)?.set_len(OUTER_SIZE)?;
        run("mkfs.xfs", &["-q", "-f", "-m", "reflink=1"], &[&self.outer])?;
        let (outer, shelf) = (self.outer.clone(), self.shelf.clone());
        self.mount(&outer, &shelf)?;
        let image = self.image();
        File::create(&image)?.set_len(INNER_SIZE)?;
        run("mkfs.ext4", &["-q", "-F"], &[&image])?;
        let mounted = self.mounted.clone();
        self.mount(&image, &mounted)?;
        // A copy that cannot be made would be known too late.
        self.cut()
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mounted
    }

    fn image(&self) -> PathBuf {
        self.shelf.join("disk.img")
    }

    fn copy(&self) -> PathBuf {
        self.shelf.join("cut.img")
    }

    /// Keeps what the disk holds at this instant.
    pub fn cut(&self) -> io::Result<()> {
        let (image, copy) = (File::open(self.image())?, File::create(self.copy())?);
        Ok(rustix::fs::ioctl_ficlone(&copy, &image)?)
    }

    /// From now on the disk is what it was at the cut. Nobody may use it meanwhile.
    pub fn come_back(&mut self) -> io::Result<()> {
        self.unmount()?;
        fs::rename(self.copy(), self.image())?;
        let (image, mounted) = (self.image(), self.mounted.clone());
        self.mount(&image, &mounted)
    }

    fn mount(&mut self, image: &Path, at: &Path) -> io::Result<()> {
        run("mount", &["-o", "loop"], &[image, at])?;
        self.mounts.push(at.to_owned());
        Ok(())
    }

    /// Unmounts what was mounted last; its loop device goes with it.
    fn unmount(&mut self) -> io::Result<()> {
        let Some(last) = self.mounts.last() else {
            return Ok(());
        };
        let mut tries = 1;
        while let Err(error) = run("umount", &[], &[last]) {
            if tries == UNMOUNT_TRIES {
                return Err(error);
            }
            tries += 1;
            sleep(PAUSE);
        }
        self.mounts.pop();
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        while !self.mounts.is_empty() {
            if let Err(error) = self.unmount() {
                eprintln!("kill: {error}");
                return;
            }
        }
        // Only the images are left, in a folder that goes as a whole.
        let _ = fs::remove_file(&self.outer);
    }
}

/// Runs a program to its end; what it says when it fails is the error.
fn run(program: &str, arguments: &[&str], paths: &[&Path]) -> io::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next().unwrap_or_default();
    Err(io::Error::other(format!("{program}: {line}")))
}
