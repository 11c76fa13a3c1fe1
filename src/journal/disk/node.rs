//! One file of the disk in memory: what can be read, what is durable, and all that lies between.

use std::collections::BTreeMap;

/// Picks one of so many ways: 0 up to, but not including, the number that it is given.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// A file: its content as a program reads it, and as a power cut would leave it.
#[derive(Clone, Default)]
pub struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Versions of each sector since it was last durable.
    loose: BTreeMap<usize, Vec<Vec<u8>>>,
    /// Lengths since the last sync.
    lengths: Vec<usize>,
}

impl Node {
    /// What can be read.
    pub fn content(&self) -> &[u8] {
        &self.now
    }

    /// Octets that it takes on the disk.
    pub fn taken(&self) -> u64 {
        self.now.len() as u64
    }

    /// How many things about it are not durable.
    pub fn loose(&self) -> usize {
        self.loose.len() + self.lengths.len()
    }

    /// Reads from there, as much as there is.
    pub fn read(&self, octets: &mut [u8], offset: u64) -> usize {
        let from = (offset as usize).min(self.now.len());
        let found = &self.now[from..];
        let most = found.len().min(octets.len());
        octets[..most].copy_from_slice(&found[..most]);
        most
    }

    /// Writes there.
    pub fn write(&mut self, octets: &[u8], offset: u64, sector: usize) {
        let from = offset as usize;
        let end = from + octets.len();
        self.extend(end as u64);
        self.now[from..end].copy_from_slice(octets);
        for at in from / sector..end.div_ceil(sector) {
            let version = whole(&self.now, at, sector);
            self.loose.entry(at).or_default().push(version);
        }
    }

    /// Makes it this long at least; what is new are zeros.
    pub fn extend(&mut self, octets: u64) {
        if octets as usize > self.now.len() {
            self.now.resize(octets as usize, 0);
            self.lengths.push(self.now.len());
        }
    }

    /// Makes it this long at most.
    pub fn truncate(&mut self, octets: u64, sector: usize) {
        let octets = octets as usize;
        if octets < self.now.len() {
            self.now.truncate(octets);
            self.lengths.push(octets);
            self.loose.retain(|at, _| at * sector < octets);
        }
    }

    /// Makes it durable, or loses the chance to: what is not durable then never becomes so, unless
    /// it is written again.
    pub fn sync(&mut self, sector: usize, succeeds: bool) {
        let loose = std::mem::take(&mut self.loose);
        if !succeeds {
            return;
        }
        self.lengths.clear();
        self.durable.resize(self.now.len(), 0);
        for at in loose.into_keys() {
            put(&mut self.durable, at, sector, &whole(&self.now, at, sector));
        }
    }

    /// Changes it behind everybody's back.
    pub fn damage(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.now);
        self.durable = self.now.clone();
        self.loose.clear();
        self.lengths.clear();
    }

    /// Leaves what a power cut leaves.
    pub fn crash(&mut self, sector: usize, tears: bool, choose: Choose<'_>) {
        let mut lengths = std::mem::take(&mut self.lengths);
        lengths.push(self.durable.len());
        let length = lengths[choose(lengths.len())];
        self.durable.resize(length, 0);
        for (at, mut versions) in std::mem::take(&mut self.loose) {
            versions.insert(0, whole(&self.durable, at, sector));
            let chosen = choose(versions.len());
            let mut left = versions[chosen].clone();
            // Torn: the beginning of one version, and the rest of the one before it.
            if tears && chosen > 0 {
                let cuts = [sector, sector / 2, sector / 8, 20];
                let cut = cuts[choose(cuts.len())];
                left[cut..].copy_from_slice(&versions[chosen - 1][cut..]);
            }
            put(&mut self.durable, at, sector, &left);
        }
        self.now = self.durable.clone();
    }
}

/// The sector with this number, filled up with zeros.
fn whole(content: &[u8], at: usize, sector: usize) -> Vec<u8> {
    let from = (at * sector).min(content.len());
    let end = (from + sector).min(content.len());
    let mut octets = content[from..end].to_vec();
    octets.resize(sector, 0);
    octets
}

/// Puts a sector into its place, as far as the content goes.
fn put(content: &mut [u8], at: usize, sector: usize, octets: &[u8]) {
    let from = (at * sector).min(content.len());
    let end = (from + sector).min(content.len());
    content[from..end].copy_from_slice(&octets[..end - from]);
}
