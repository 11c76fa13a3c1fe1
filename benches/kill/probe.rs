//! How long the gateway's disk needs for a sync while the gateway uses it: what was answered that long
//! before a crash may not have been durable.

use smppgate::rig::ledger::Ledger;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// Between two syncs.
const PAUSE: Duration = Duration::from_millis(20);

/// Syncs beside the gateway until it is dropped.
pub struct Probe {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Probe {
    /// Syncs a file in this folder, and tells the ledger how long that takes.
    pub fn begin(folder: &Path, ledger: Ledger) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (path, over) = (folder.join("probe"), is_over.clone());
        let probe = move || {
            while !over.load(Ordering::Relaxed) {
                // Where the disk is just being taken away there is nothing to measure.
                if let Ok(sync) = measure(&path) {
                    ledger.synced_in(sync);
                }
                sleep(PAUSE);
            }
        };
        Self {
            is_over,
            thread: Some(spawn(probe)),
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// Opened each time: an open file would hold the disk.
fn measure(path: &PathBuf) -> io::Result<Duration> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).open(path)?;
    let began = Instant::now();
    file.write_all(&[0; 4_096])?;
    file.sync_data()?;
    Ok(began.elapsed())
}
