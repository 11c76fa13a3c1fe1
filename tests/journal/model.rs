//! What a journal should hold: lives with their facts, told from what was handed over.

use crate::support::{accepted, append, attempted, told};
use smppgate::journal::log::Made;
use smppgate::journal::{Carried, Completion, Record, Role, Stepped};
use std::collections::{BTreeMap, BTreeSet};

/// Lives that have not ended: when their message was written, and their facts. A record that is read
/// twice counts once, and a fact may be read before what it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lives {
    lives: BTreeMap<u64, (Option<u64>, BTreeSet<u64>)>,
}

impl Lives {
    pub fn note(&mut self, record: &Record<'_>) {
        let (id, at) = (record.id().0, record.at().0);
        match record.role() {
            Role::Main => {
                if let Record::Accepted(accepted) = record {
                    let is_sound = accepted.pdu.iter().all(|octet| *octet == at as u8);
                    assert!(is_sound, "a message whose text is another one's");
                }
                self.lives.entry(id).or_default().0 = Some(at);
            }
            Role::Fact => {
                self.lives.entry(id).or_default().1.insert(at);
            }
            Role::Last => {
                self.lives.remove(&id);
            }
        }
    }

    /// All was read: what is about nothing is nothing.
    pub fn end(&mut self) {
        self.lives.retain(|_, (main, _)| main.is_some());
    }

    pub fn len(&self) -> usize {
        self.lives.len()
    }

    pub fn first(&self) -> Option<u64> {
        self.lives.keys().next().copied()
    }

    pub fn last(&self) -> Option<u64> {
        self.lives.keys().next_back().copied()
    }
}

/// What has been handed over to a journal, and how much of it was confirmed.
pub struct Story {
    pdu_octets: usize,
    /// What should be held after each batch; the first is what is held before any.
    held: Vec<Lives>,
    confirmed: usize,
    clock: u64,
}

impl Story {
    pub fn new(pdu_octets: usize) -> Self {
        Self {
            pdu_octets,
            held: vec![Lives::default()],
            confirmed: 0,
            clock: 0,
        }
    }

    pub fn confirmed(&self) -> usize {
        self.confirmed
    }

    /// What may be held, by how many batches are there.
    pub fn possible(&self) -> Vec<Lives> {
        self.held.clone()
    }

    fn now(&self) -> &Lives {
        &self.held[self.held.len() - 1]
    }

    /// Takes a step; whether there was anything to do.
    pub fn step(&mut self, journal: &Stepped<u32>, step: char) -> bool {
        self.clock += 1;
        let at = self.clock;
        let octets = vec![at as u8; self.pdu_octets];
        match step {
            // A message is accepted.
            'a' => self.hand_over(journal, &[dated(at, at, &octets)]),
            // Something happens to the oldest one.
            'f' => match self.now().first() {
                Some(id) => self.hand_over(journal, &[attempted(id, at)]),
                None => false,
            },
            // The oldest one comes to its end.
            'l' => match self.now().first() {
                Some(id) => self.hand_over(journal, &[told(id)]),
                None => false,
            },
            // The newest one is written anew.
            'n' => match self.now().last() {
                Some(id) => self.hand_over(journal, &[dated(id, at, &octets)]),
                None => false,
            },
            // What waits is written and synced; 'x' is the same with a disk that fails.
            'g' | 'x' => {
                let is_waiting = journal.is_waiting();
                for completion in journal.pump() {
                    if let Completion::Written(then, Ok(())) = completion {
                        assert_eq!(then as usize, self.confirmed + 1, "confirmed in order");
                        self.confirmed += 1;
                    }
                }
                is_waiting
            }
            // A segment is made ready and filled.
            'p' => match journal.prepare() {
                Some(Made::Ready(number)) => {
                    journal.fill(number, 0);
                    true
                }
                _ => false,
            },
            // A step of carrying on the oldest segment.
            'c' => matches!(
                journal.carry_on(),
                Some(Carried::Further | Carried::Copied | Carried::Removed(_))
            ),
            // Nothing happens for a while.
            'm' if !journal.is_waiting() => {
                journal.mark();
                self.step(journal, 'g')
            }
            _ => false,
        }
    }

    /// The process has ended and was started again, and has read this: what was confirmed is there,
    /// and perhaps some of what was being written.
    pub fn restarted(&mut self, read: &Lives) -> Result<(), String> {
        let possible = &self.held[self.confirmed..];
        let Some(more) = possible.iter().position(|lives| lives == read) else {
            return Err(format!("{read:?} was read at a start, not {possible:?}"));
        };
        self.confirmed += more;
        self.held.truncate(self.confirmed + 1);
        Ok(())
    }

    fn hand_over(&mut self, journal: &Stepped<u32>, records: &[Record<'_>]) -> bool {
        let is_taken = append(journal, records, self.held.len() as u32);
        if is_taken {
            let mut lives = self.now().clone();
            records.iter().for_each(|record| lives.note(record));
            self.held.push(lives);
        }
        is_taken
    }
}

fn dated(id: u64, at: u64, pdu: &[u8]) -> Record<'_> {
    match accepted(id, pdu) {
        Record::Accepted(mut message) => {
            message.at = smppgate::moment::Moment(at);
            message.due = message.at;
            Record::Accepted(message)
        }
        other => other,
    }
}
