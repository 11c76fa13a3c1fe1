//! A folder for what a gateway keeps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder for what a gateway keeps; it goes when the last who has it goes.
#[derive(Debug, Clone)]
pub struct Folder(Arc<Kept>);

#[derive(Debug)]
struct Kept(PathBuf);

static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("kept-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(Arc::new(Kept(path)))
    }

    /// What lies here at this moment, as a crash of the process would leave it.
    pub fn after_a_crash(&self) -> Self {
        let copy = Self::new();
        let copied = Command::new("cp")
            .args(["--archive", "--sparse=always"])
            .arg(self.path().join("."))
            .arg(copy.path())
            .status()
            .unwrap();
        assert!(copied.success());
        copy
    }

    pub fn path(&self) -> &Path {
        &self.0.0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
