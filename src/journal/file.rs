//! The journal on a disk, with its threads: one writes, one reads, one keeps house.

use super::carry::{Carried, Carrying};
use super::history::Gathering;
use super::log::{Log, Made, Settings};
use super::reader::{Read, Reader};
use super::recover::{OpenError, Recovered};
use super::segment::FOLDER;
use super::writer::HighestId;
use super::{Appended, Completion, Completions, Holdings, Journal, Kept, Record};
use crate::message::MessageId;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tracing::error;

/// After so long without anything to write, a mark says that all before it is durable: then damage
/// is told from a torn tail whatever happens next.
const IDLE: Duration = Duration::from_secs(1);

/// How long the housekeeping waits if there is nothing to do, or no room.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// Histories that are gathered at a time: each may read a good part of the log.
const HISTORIES: usize = 2;

/// The journal on a disk.
pub struct File<T> {
    shared: Arc<Shared<T>>,
    asking: Option<Sender<Asked<T>>>,
    reader: Mutex<Reader>,
    threads: Vec<JoinHandle<()>>,
}

/// What is to be read.
enum Asked<T> {
    Mains(Vec<MessageId>, T),
    History(MessageId, T),
}

struct Shared<T> {
    log: Log<T>,
    completions: Completions<T>,
    is_closing: AtomicBool,
    /// Histories that were asked for and not told yet.
    histories: AtomicUsize,
}

impl<T: Send + 'static> File<T> {
    /// Writes on behind what was read. What is pending comes back through `completions`, which is
    /// called by the thread that writes, and must not wait.
    pub fn start(
        recovered: Recovered,
        settings: Settings,
        highest_id: HighestId,
        completions: Completions<T>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            log: Log::start(recovered, settings, highest_id)?,
            completions,
            is_closing: AtomicBool::new(false),
            histories: AtomicUsize::new(0),
        });
        let (asking, asked) = channel();
        let (writing, reading, keeping) = (shared.clone(), shared.clone(), shared.clone());
        let threads = vec![
            start("journal", move || writing.write_on())?,
            start("journal-read", move || reading.read_on(&asked))?,
            start("journal-keep", move || keeping.keep_house())?,
        ];
        Ok(Self {
            shared,
            asking: Some(asking),
            reader: Mutex::default(),
            threads,
        })
    }

    /// Reads the main record of this message now, on the thread of the caller; for the start, when
    /// nothing has to be quick. `None` if nothing is kept, or it cannot be read.
    pub fn read(&self, id: MessageId) -> Option<Kept> {
        self.shared.read(&mut self.reader.lock(), id)
    }

    fn ask(&self, asked: Asked<T>) -> Result<(), T> {
        let Some(asking) = &self.asking else {
            let (Asked::Mains(_, then) | Asked::History(_, then)) = asked;
            return Err(then);
        };
        asking.send(asked).map_err(|unsent| {
            let (Asked::Mains(_, then) | Asked::History(_, then)) = unsent.0;
            then
        })
    }

    /// Octets that the journal takes on the disk.
    pub fn octets(&self) -> u64 {
        self.shared.log.octets()
    }

    /// Whether a write or sync has failed: then nothing is accepted until a restart.
    pub fn has_failed(&self) -> bool {
        self.shared.log.head().has_failed()
    }
}

impl<T: Send + 'static> Journal<T> for File<T> {
    fn append(&self, records: &[Record<'_>], then: T) -> Appended<T> {
        self.shared.log.append(records, then)
    }

    fn has_room(&self) -> bool {
        self.shared.log.has_room()
    }

    fn flush(&self) {
        let mut head = self.shared.log.head();
        let appended = head.appended();
        while !head.is_settled(appended) && !head.has_failed() {
            self.shared.log.durable.wait(&mut head);
        }
    }

    fn holdings(&self) -> Option<&Holdings> {
        Some(self.shared.log.holdings())
    }

    fn read(&self, id: MessageId) -> Option<Kept> {
        Self::read(self, id)
    }

    fn fetch(&self, ids: Vec<MessageId>, then: T) -> Result<(), T> {
        self.ask(Asked::Mains(ids, then))
    }

    fn history(&self, id: MessageId, then: T) -> Result<(), T> {
        let asked = &self.shared.histories;
        let is_room = |asked: usize| (asked < HISTORIES).then_some(asked + 1);
        match asked.fetch_update(Ordering::AcqRel, Ordering::Acquire, is_room) {
            Ok(_) => self.ask(Asked::History(id, then)),
            Err(_) => Err(then),
        }
    }
}

impl<T> Drop for File<T> {
    /// Writes what waits, and a mark behind it that says that all is durable.
    fn drop(&mut self) {
        self.asking = None;
        self.shared.is_closing.store(true, Ordering::Release);
        // Whoever holds this lock sees that we are closing, or hears the bell.
        let head = self.shared.log.head();
        self.shared.log.waiting.notify_all();
        self.shared.log.durable.notify_all();
        self.shared.log.begun.notify_all();
        drop(head);
        for thread in self.threads.drain(..) {
            // A thread of the journal that panics ends the process.
            let _ = thread.join();
        }
    }
}

impl<T> Shared<T> {
    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Writes one group after another; while one is being synced, the next collects.
    fn write_on(&self) {
        let mut is_marked = true;
        while let Some(is_mark) = self.wait_for_group(is_marked) {
            is_marked = is_mark;
            let settled = self.log.write_group();
            if !settled.is_empty() {
                (self.completions)(settled);
            }
        }
        // Whoever comes now comes too late.
        self.log.head().fail();
    }

    /// Waits until something is to be written. Whether that is nothing but a mark; `None` at the end.
    fn wait_for_group(&self, is_marked: bool) -> Option<bool> {
        let mut head = self.log.head();
        let mut is_marked = is_marked;
        while !head.is_waiting() {
            if self.is_closing() {
                if !is_marked {
                    head.append_mark();
                }
                return head.is_waiting().then_some(true);
            }
            if is_marked {
                self.log.waiting.wait(&mut head);
            } else if self.log.waiting.wait_for(&mut head, IDLE).timed_out() && !head.is_waiting() {
                head.append_mark();
                is_marked = true;
            }
        }
        Some(head.is_only_mark())
    }

    /// Reads what is asked for. Histories are gathered while nobody waits for a record, step by step.
    fn read_on(&self, asked: &Receiver<Asked<T>>) {
        let mut reader = Reader::default();
        let mut gathering: VecDeque<(Gathering, T)> = VecDeque::new();
        loop {
            let next = match gathering.is_empty() {
                true => asked.recv().map_err(|_| TryRecvError::Disconnected),
                false => asked.try_recv(),
            };
            match next {
                Ok(Asked::Mains(ids, then)) => {
                    let kept = ids.into_iter().map(|id| self.read(&mut reader, id));
                    let fetched = Completion::Fetched(then, kept.collect());
                    (self.completions)(vec![fetched]);
                }
                Ok(Asked::History(id, then)) => {
                    gathering.push_back((Gathering::begin(&self.log, &mut reader, id), then));
                }
                Err(TryRecvError::Empty) => self.gather(&mut gathering),
                Err(TryRecvError::Disconnected) => break,
            }
        }
    }

    /// Takes a step of the history that was asked for first.
    fn gather(&self, gathering: &mut VecDeque<(Gathering, T)>) {
        let Some((mut first, then)) = gathering.pop_front() else {
            return;
        };
        match first.step(&self.log) {
            Some(history) => {
                self.histories.fetch_sub(1, Ordering::AcqRel);
                (self.completions)(vec![Completion::Gathered(then, history)]);
            }
            None => gathering.push_front((first, then)),
        }
    }

    /// Reads one record, and waits for it if it is not durable yet.
    fn read(&self, reader: &mut Reader, id: MessageId) -> Option<Kept> {
        loop {
            match reader.read(&self.log, id) {
                Read::Kept(kept) => return Some(kept),
                Read::Gone | Read::Unreadable => return None,
                Read::NotYet => {}
            }
            let mut head = self.log.head();
            let position = self.log.holdings().position(id)?;
            while !head.is_durable(position) {
                if head.has_failed() || self.is_closing() {
                    return None;
                }
                self.log.durable.wait(&mut head);
            }
        }
    }

    /// Makes segments ready, fills them with zeros, and carries on what is held.
    fn keep_house(&self) {
        let mut house = House {
            unfilled: self.log.head().ready().map(|number| (number, 0)).collect(),
            carrying: Carrying::default(),
            tried: Instant::now(),
        };
        while !self.is_closing() && !self.log.head().has_failed() {
            if let Err((doing, error)) = self.keep(&mut house) {
                self.log.fail(doing, &error);
            }
        }
    }

    /// Does one of these things; an error is what it was doing, and what went wrong.
    fn keep(&self, house: &mut House) -> Result<(), (&'static str, io::Error)> {
        // On a full disk it is tried again only now and then, or when a segment was removed.
        let is_due = !self.log.head().is_tight() || house.tried.elapsed() >= HOUSEKEEPING;
        if is_due && self.make_ready(house)? {
            return Ok(());
        }
        let before = Instant::now();
        if let Some((number, from)) = house.unfilled.pop_front() {
            if let Some(from) = self.log.fill(number, from).map_err(|e| ("fill", e))? {
                house.unfilled.push_front((number, from));
            }
            // Half of the time the disk is left to those who wait for it.
            thread::sleep(before.elapsed());
            return Ok(());
        }
        let carried = house.carrying.step_if_worth(&self.log);
        match carried.map_err(|error| ("remove", error))? {
            Carried::Further => {}
            Carried::Copied => {
                // The head is let go before it is waited for.
                let appended = self.log.head().appended();
                self.wait_until_settled(appended);
            }
            Carried::Waits => {
                if let Some(until) = house.carrying.until() {
                    self.wait_until_settled(until);
                }
            }
            Carried::Removed(_) => drop(self.make_ready(house)?),
            Carried::Nothing | Carried::NoRoom => {
                let mut head = self.log.head();
                if !self.is_closing() && (head.wants_ready().is_none() || head.is_tight()) {
                    self.log.begun.wait_for(&mut head, HOUSEKEEPING);
                }
                return Ok(());
            }
        }
        if !self.log.head().is_tight() {
            thread::sleep(before.elapsed().min(HOUSEKEEPING));
        }
        Ok(())
    }

    /// Makes a segment ready if one is wanted and there is room for it; whether there is one more.
    fn make_ready(&self, house: &mut House) -> Result<bool, (&'static str, io::Error)> {
        house.tried = Instant::now();
        let made = self.log.make_ready().map_err(|e| ("make ready", e))?;
        if let Made::Ready(number) = made {
            house.unfilled.push_back((number, 0));
        }
        Ok(matches!(made, Made::Ready(_)))
    }

    fn wait_until_settled(&self, appended: u64) {
        let mut head = self.log.head();
        while !head.is_settled(appended) && !head.has_failed() && !self.is_closing() {
            self.log.durable.wait_for(&mut head, HOUSEKEEPING);
        }
    }
}

/// What the housekeeping has under way.
struct House {
    /// Segments that are ready and not full of zeros yet, with where they go on.
    unfilled: VecDeque<(u32, u32)>,
    carrying: Carrying,
    /// When a segment was to be made ready the last time.
    tried: Instant,
}

/// Starts a thread of the journal. If it panics, a promise of ours is broken on which all others
/// stand: the process ends at once, and what is durable is found again.
fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            if thread::panicking() {
                error!("a thread of the journal has panicked: the process ends");
                std::process::abort();
            }
        }
    }
    let guarded = move || {
        let _guard = Guard;
        work();
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(guarded);
    started.map_err(|error| OpenError::Disk {
        doing: "start a thread for",
        path: FOLDER.to_owned(),
        error,
        advice: None,
    })
}
