//! How long a sync takes where a journal is to lie: what answers at once has no disk behind it.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

/// A sync that takes less than this, in microseconds, in the median, has reached no disk: figures
/// of a journal that lies there say nothing.
pub const LEAST_US: f64 = 20.0;

/// Syncs that are timed.
const TIMED: usize = 300;

/// Octets of the file: written once before, as the journal's are.
const OCTETS: usize = 1 << 20;

/// Octets that are written before each sync.
const WRITTEN: usize = 4_096;

/// How long a write of 4 KiB and its sync take.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Syncs {
    /// Half of all were faster.
    pub p50_us: f64,
    /// One in a hundred was slower.
    pub p99_us: f64,
}

impl Syncs {
    /// Measures in this folder.
    pub fn measure(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("syncs");
        let file = fs::File::create(&path)?;
        file.write_all_at(&vec![0; OCTETS], 0)?;
        file.sync_all()?;
        let mut took = Vec::with_capacity(TIMED);
        for at in 0..TIMED {
            let offset = at * WRITTEN % OCTETS;
            let began = Instant::now();
            file.write_all_at(&[at as u8; WRITTEN], offset as u64)?;
            file.sync_data()?;
            took.push(began.elapsed().as_nanos() as f64 / 1e3);
        }
        fs::remove_file(&path)?;
        took.sort_by(f64::total_cmp);
        Ok(Self {
            p50_us: took[TIMED / 2],
            p99_us: took[TIMED * 99 / 100],
        })
    }

    /// Whether there is a disk behind it.
    pub fn is_disk(&self) -> bool {
        self.p50_us >= LEAST_US
    }
}
