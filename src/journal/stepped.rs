//! The journal on a disk, one step at a time: whoever drives it says when. For simulations and proofs.

use super::carry::{Carried, Carrying};
use super::history::Gathering;
use super::log::{Log, Made, Settings};
use super::reader::{Read, Reader};
use super::recover::{OpenError, Recovered};
use super::writer::HighestId;
use super::{Appended, Completion, History, Holdings, Journal, Kept, Record};
use crate::message::MessageId;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// The journal on a disk without threads: nothing happens but what is asked for.
pub struct Stepped<T> {
    log: Log<T>,
    reader: Mutex<Reader>,
    carrying: Mutex<Carrying>,
    fetches: Mutex<VecDeque<(Vec<MessageId>, T)>>,
    histories: Mutex<VecDeque<(MessageId, T)>>,
}

impl<T> Stepped<T> {
    /// Writes on behind what was read.
    pub fn start(
        recovered: Recovered,
        settings: Settings,
        highest_id: HighestId,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            log: Log::start(recovered, settings, highest_id)?,
            reader: Mutex::default(),
            carrying: Mutex::default(),
            fetches: Mutex::default(),
            histories: Mutex::default(),
        })
    }

    /// Writes and syncs what waits, as one group. What was pending comes back, in order.
    pub fn pump(&self) -> Vec<Completion<T>> {
        self.log.write_group()
    }

    /// Whether there is something to pump.
    pub fn is_waiting(&self) -> bool {
        self.log.head().is_waiting()
    }

    /// Says that all before is durable, as the journal does when it has been idle; it is written by
    /// the next [`pump`](Self::pump).
    pub fn mark(&self) {
        self.log.head().append_mark();
    }

    /// Makes one segment ready, if one is wanted; `None` if the journal fails for good by that.
    pub fn prepare(&self) -> Option<Made> {
        let made = self.log.make_ready();
        made.map_err(|error| self.log.fail("make ready", &error))
            .ok()
    }

    /// Writes a step of zeros into a segment that is ready; where the next step begins, if there is
    /// one.
    pub fn fill(&self, number: u32, from: u32) -> Option<u32> {
        let filled = self.log.fill(number, from);
        filled.map_err(|error| self.log.fail("fill", &error)).ok()?
    }

    /// Takes one step of carrying on the oldest segment, worth it or not; `None` if the journal fails
    /// for good by that.
    pub fn carry_on(&self) -> Option<Carried> {
        let carried = self.carrying.lock().step(&self.log);
        carried
            .map_err(|error| self.log.fail("remove", &error))
            .ok()
    }

    /// The same, but a segment is begun only if it is worth it.
    pub fn carry_on_if_worth(&self) -> Option<Carried> {
        let carried = self.carrying.lock().step_if_worth(&self.log);
        carried
            .map_err(|error| self.log.fail("remove", &error))
            .ok()
    }

    /// Reads what was asked for, as far as it is durable; the rest stays.
    pub fn answer(&self) -> Vec<Completion<T>> {
        let mut answered = Vec::new();
        let mut fetches = self.fetches.lock();
        for _ in 0..fetches.len() {
            let Some((ids, then)) = fetches.pop_front() else {
                break;
            };
            let kept: Option<Vec<_>> = ids.iter().map(|id| self.look(*id)).collect();
            match kept {
                Some(kept) => answered.push(Completion::Fetched(then, kept)),
                None => fetches.push_back((ids, then)),
            }
        }
        drop(fetches);
        for (id, then) in std::mem::take(&mut *self.histories.lock()) {
            let history = self.history(id, super::history::HISTORY_OCTETS_MAX);
            answered.push(Completion::Gathered(then, history));
        }
        answered
    }

    /// What has happened in this life, as so many octets of the log tell it.
    pub fn history(&self, id: MessageId, octets: u64) -> History {
        let mut gathering = Gathering::within(&self.log, &mut self.reader.lock(), id, octets);
        loop {
            if let Some(history) = gathering.step(&self.log) {
                return history;
            }
        }
    }

    /// Reads the main record of this message; `None` if nothing is kept, or it is not durable yet.
    pub fn read(&self, id: MessageId) -> Option<Kept> {
        self.look(id).flatten()
    }

    /// The record, if there is one; `None` if it is not durable yet.
    fn look(&self, id: MessageId) -> Option<Option<Kept>> {
        match self.reader.lock().read(&self.log, id) {
            Read::Kept(kept) => Some(Some(kept)),
            Read::NotYet if !self.log.head().has_failed() => None,
            _ => Some(None),
        }
    }

    /// Octets that the journal takes on the disk.
    pub fn octets(&self) -> u64 {
        self.log.octets()
    }

    /// Whether a write or sync has failed.
    pub fn has_failed(&self) -> bool {
        self.log.head().has_failed()
    }
}

impl<T: Send> Journal<T> for Stepped<T> {
    fn append(&self, records: &[Record<'_>], then: T) -> Appended<T> {
        self.log.append(records, then)
    }

    fn has_room(&self) -> bool {
        self.log.has_room()
    }

    fn holdings(&self) -> Option<&Holdings> {
        Some(self.log.holdings())
    }

    fn read(&self, id: MessageId) -> Option<Kept> {
        Self::read(self, id)
    }

    fn fetch(&self, ids: Vec<MessageId>, then: T) -> Result<(), T> {
        self.fetches.lock().push_back((ids, then));
        Ok(())
    }

    fn history(&self, id: MessageId, then: T) -> Result<(), T> {
        self.histories.lock().push_back((id, then));
        Ok(())
    }
}
