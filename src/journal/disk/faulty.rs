//! A disk in memory that forgets what was not synced, runs full, fails and tears.
//!
//! It stands for an honest disk under an operating system that owes nothing but what it has
//! promised: what was not synced may be on the disk or not, each sector by itself, whole or torn, in
//! any of the versions that it had; the same goes for which files there are. After a failed sync,
//! what it was to make durable can still be read, and no later sync makes it durable. A hook sees
//! each operation before it is done, and may let it fail, do less, or take its time.

pub use super::node::Choose;
use super::node::Node;
use super::{Disk, DiskFile, How, Lock};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// A disk in memory; clones are the same disk.
#[derive(Clone)]
pub struct Faulty {
    inside: Arc<Mutex<Inside>>,
    watch: Arc<Mutex<Option<Watch>>>,
}

/// Sees each operation before it is done.
type Watch = Box<dyn FnMut(&Operation<'_>) -> Verdict + Send>;

/// What the disk is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// What it is.
    pub kind: Kind,
    /// To which file or folder.
    pub path: &'a str,
}

/// What a disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    MakeFolder,
    List,
    Open,
    Rename,
    Remove,
    SyncFolder,
    Lock,
    Read,
    Write,
    Allocate,
    Truncate,
    Sync,
}

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// Half of it is done, where that is possible.
    Half,
    /// It fails, and is not done.
    Fails(io::ErrorKind),
}

#[derive(Clone)]
struct Inside {
    sector: usize,
    /// Octets that all files may take together.
    room: u64,
    nodes: BTreeMap<u64, Node>,
    next: u64,
    /// Which file each path leads to, as a program sees it and as a power cut would leave it.
    now: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    changes: Vec<Change>,
    locks: BTreeSet<String>,
}

/// A change of a folder that is not durable yet.
#[derive(Clone)]
enum Change {
    Made(String, u64),
    Removed(String),
    Renamed(String, String, u64),
}

impl Change {
    fn is_in(&self, folder: &str) -> bool {
        let (Self::Made(path, _) | Self::Removed(path) | Self::Renamed(_, path, _)) = self;
        folder_of(path) == folder
    }

    fn apply(&self, entries: &mut BTreeMap<String, u64>) {
        match self {
            Self::Made(path, node) => {
                entries.insert(path.clone(), *node);
            }
            Self::Removed(path) => {
                entries.remove(path);
            }
            Self::Renamed(from, to, node) => {
                entries.remove(from);
                entries.insert(to.clone(), *node);
            }
        }
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Faulty {
    /// An empty disk that tears at this size, with room for so many octets.
    pub fn new(sector: usize, room: u64) -> Self {
        Self::of(Inside {
            sector,
            room,
            nodes: BTreeMap::new(),
            next: 0,
            now: BTreeMap::new(),
            durable: BTreeMap::new(),
            changes: Vec::new(),
            locks: BTreeSet::new(),
        })
    }

    fn of(inside: Inside) -> Self {
        Self {
            inside: Arc::new(Mutex::new(inside)),
            watch: Arc::default(),
        }
    }

    /// From now on this sees each operation before it is done. It may use the disk itself, by
    /// [`fork`](Self::fork) or [`crash`](Self::crash) alone.
    pub fn watch(&self, watch: impl FnMut(&Operation<'_>) -> Verdict + Send + 'static) {
        *self.watch.lock() = Some(Box::new(watch));
    }

    /// Nobody sees the operations any more; all are done.
    pub fn unwatch(&self) {
        *self.watch.lock() = None;
    }

    /// Has room for so many octets from now on.
    pub fn set_room(&self, octets: u64) {
        self.inside.lock().room = octets;
    }

    /// Octets that files take.
    pub fn taken(&self) -> u64 {
        self.inside.lock().taken()
    }

    /// Another disk in the same state, as a program finds it that starts after the one before was
    /// killed: the same things are not durable yet, and nothing is locked.
    pub fn fork(&self) -> Self {
        let mut inside = self.inside.lock().clone();
        inside.locks.clear();
        Self::of(inside)
    }

    /// A disk as a power cut leaves this one: each thing that is not durable is there or not, as
    /// `choose` says; `tears` lets also a part of a sector be there.
    pub fn crash(&self, tears: bool, choose: Choose<'_>) -> Self {
        let mut inside = self.inside.lock().clone();
        for change in std::mem::take(&mut inside.changes) {
            if choose(2) == 1 {
                change.apply(&mut inside.durable);
            }
        }
        inside.now = inside.durable.clone();
        let kept: BTreeSet<u64> = inside.now.values().copied().collect();
        inside.nodes.retain(|node, _| kept.contains(node));
        for node in inside.nodes.values_mut() {
            node.crash(inside.sector, tears, choose);
        }
        inside.locks.clear();
        Self::of(inside)
    }

    /// How many things are not durable: each of them may be there or not after a power cut.
    pub fn loose(&self) -> usize {
        let inside = self.inside.lock();
        let loose: usize = inside.nodes.values().map(Node::loose).sum();
        loose + inside.changes.len()
    }

    /// Changes what lies on the disk, behind everybody's back.
    pub fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut inside = self.inside.lock();
        let node = inside.now.get(path).copied();
        if let Some(node) = node.and_then(|node| inside.nodes.get_mut(&node)) {
            node.damage(change);
        }
    }

    /// What can be read in a file.
    pub fn content(&self, path: &str) -> Option<Vec<u8>> {
        let inside = self.inside.lock();
        let node = inside.nodes.get(inside.now.get(path)?)?;
        Some(node.content().to_vec())
    }

    /// What becomes of an operation; an error is the one that it fails with.
    fn begin(&self, kind: Kind, path: &str) -> io::Result<Verdict> {
        let mut watch = self.watch.lock();
        let verdict = match watch.as_mut() {
            Some(watch) => watch(&Operation { kind, path }),
            None => Verdict::Done,
        };
        match verdict {
            Verdict::Fails(error) => Err(error.into()),
            verdict => Ok(verdict),
        }
    }
}

impl Inside {
    fn taken(&self) -> u64 {
        self.nodes.values().map(Node::taken).sum()
    }

    fn find(&self, path: &str) -> io::Result<u64> {
        let found = self.now.get(path).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.changes.push(change);
    }

    /// Drops what no path leads to any more, neither now nor after a power cut.
    fn forget(&mut self) {
        let pending = self.changes.iter().filter_map(|change| match change {
            Change::Made(_, node) | Change::Renamed(_, _, node) => Some(*node),
            Change::Removed(_) => None,
        });
        let there = self.now.values().chain(self.durable.values()).copied();
        let kept: BTreeSet<u64> = there.chain(pending).collect();
        self.nodes.retain(|node, _| kept.contains(node));
    }
}

impl Disk for Faulty {
    fn make_folder(&self, path: &str) -> io::Result<()> {
        // Folders are there by themselves, and durable.
        self.begin(Kind::MakeFolder, path).map(drop)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.begin(Kind::List, folder)?;
        let inside = self.inside.lock();
        let within = inside.now.keys().filter(|path| folder_of(path) == folder);
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(within.map(name).collect())
    }

    fn open(&self, path: &str, how: How) -> io::Result<Box<dyn DiskFile>> {
        self.begin(Kind::Open, path)?;
        let inside = &mut *self.inside.lock();
        let node = match (inside.find(path), how) {
            (Ok(node), How::Anew) => {
                if let Some(node) = inside.nodes.get_mut(&node) {
                    node.truncate(0, inside.sector);
                }
                node
            }
            (Ok(node), _) => node,
            (Err(_), How::Anew | How::Make) => {
                let node = inside.next;
                inside.next += 1;
                inside.nodes.insert(node, Node::default());
                inside.change(Change::Made(path.to_owned(), node));
                node
            }
            (Err(error), _) => return Err(error),
        };
        Ok(Box::new(Open {
            disk: self.clone(),
            path: path.to_owned(),
            node,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.begin(Kind::Rename, from)?;
        let mut inside = self.inside.lock();
        let node = inside.find(from)?;
        inside.change(Change::Renamed(from.to_owned(), to.to_owned(), node));
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.begin(Kind::Remove, path)?;
        let mut inside = self.inside.lock();
        inside.find(path)?;
        inside.change(Change::Removed(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        self.begin(Kind::SyncFolder, path)?;
        let inside = &mut *self.inside.lock();
        for change in inside.changes.extract_if(.., |change| change.is_in(path)) {
            change.apply(&mut inside.durable);
        }
        inside.forget();
        Ok(())
    }

    fn lock(&self, path: &str) -> io::Result<Option<Lock>> {
        self.begin(Kind::Lock, path)?;
        if !self.inside.lock().locks.insert(path.to_owned()) {
            return Ok(None);
        }
        let (disk, path) = (self.clone(), path.to_owned());
        Ok(Some(Box::new(Locked { disk, path })))
    }

    fn free(&self) -> io::Result<u64> {
        let inside = self.inside.lock();
        Ok(inside.room.saturating_sub(inside.taken()))
    }

    fn whole_path(&self, path: &str) -> String {
        path.to_owned()
    }

    fn advice(&self, _: &str, _: &io::Error) -> Option<String> {
        None
    }
}

struct Locked {
    disk: Faulty,
    path: String,
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.disk.inside.lock().locks.remove(&self.path);
    }
}

/// A file that is open; it stays readable when it is removed.
struct Open {
    disk: Faulty,
    path: String,
    node: u64,
}

impl Open {
    fn with<R>(&self, act: impl FnOnce(&mut Node, u64, usize) -> io::Result<R>) -> io::Result<R> {
        let inside = &mut *self.disk.inside.lock();
        let (free, sector) = (inside.room.saturating_sub(inside.taken()), inside.sector);
        match inside.nodes.get_mut(&self.node) {
            Some(node) => act(node, free, sector),
            // It was removed, and that is durable: nobody will miss what is done to it.
            None => act(&mut Node::default(), free, sector),
        }
    }
}

impl DiskFile for Open {
    fn read_at(&self, octets: &mut [u8], offset: u64) -> io::Result<usize> {
        let verdict = self.disk.begin(Kind::Read, &self.path)?;
        let most = match verdict {
            Verdict::Half => octets.len().div_ceil(2),
            _ => octets.len(),
        };
        self.with(|node, _, _| Ok(node.read(&mut octets[..most], offset)))
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<usize> {
        let verdict = self.disk.begin(Kind::Write, &self.path)?;
        let most = match verdict {
            Verdict::Half => octets.len().div_ceil(2),
            _ => octets.len(),
        };
        self.with(|node, free, sector| {
            let fits = (node.taken() + free).saturating_sub(offset);
            let most = most.min(usize::try_from(fits).unwrap_or(usize::MAX));
            if most == 0 && !octets.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            node.write(&octets[..most], offset, sector);
            Ok(most)
        })
    }

    fn allocate(&self, octets: u64) -> io::Result<()> {
        self.disk.begin(Kind::Allocate, &self.path)?;
        self.with(|node, free, _| {
            if octets > node.taken() + free {
                return Err(io::ErrorKind::StorageFull.into());
            }
            node.extend(octets);
            Ok(())
        })
    }

    fn truncate(&self, octets: u64) -> io::Result<()> {
        self.disk.begin(Kind::Truncate, &self.path)?;
        self.with(|node, _, sector| {
            node.truncate(octets, sector);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let begun = self.disk.begin(Kind::Sync, &self.path);
        self.with(|node, _, sector| {
            node.sync(sector, begun.is_ok());
            Ok(())
        })?;
        begun.map(drop)
    }

    fn octets(&self) -> io::Result<u64> {
        self.with(|node, _, _| Ok(node.content().len() as u64))
    }
}
