//! The journal beside SQLite: both are told the same for a long time, at random, and whenever the
//! journal is read again, it holds what SQLite holds.
//!
//! Records of all kinds under few ids, in batches; groups that are synced, or that a power cut comes
//! between; segments so small that the log goes round and round. A seed makes a run, the same one
//! each time: `JOURNAL_SEED=7 cargo test --test journal beside` plays that one alone.

use crate::oracle::{Held, Oracle, Row};
use crate::support::settings;
use parking_lot::Mutex;
use smppgate::journal::disk::Faulty;
use smppgate::journal::disk::faulty::{Kind, Verdict};
use smppgate::journal::log::Made;
use smppgate::journal::{
    Accepted, Appended, Carried, Completion, Inbound, Journal, Part, Record, Recovered, Reported,
    Role, Stepped, recover,
};
use smppgate::message::{AccountId, AckMode, CarrierId, GroupId, MessageId};
use smppgate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Steps of a run, and how many runs there are.
const STEPS: usize = 1_500;
const RUNS: u64 = 16;

/// Lives that are held at a time, or else a log of this size would be full of them.
const LIVES: usize = 16;

/// Octets of a segment: a dozen batches, and the largest one fits.
const SEGMENT: u32 = 8 << 10;

/// What is thrown, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    fn below(&mut self, most: usize) -> usize {
        (self.bits() % most as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn octets(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        let first = self.bits();
        (0..length as u64)
            .map(|at| (first.rotate_left(at as u32) ^ at) as u8)
            .collect()
    }

    fn alphabet(&mut self) -> DefaultAlphabet {
        let all = [
            DefaultAlphabet::Gsm,
            DefaultAlphabet::Latin1,
            DefaultAlphabet::Ascii,
        ];
        all[self.below(all.len())]
    }
}

#[derive(Debug, Default)]
pub struct Counts {
    records: BTreeMap<String, usize>,
    refused: usize,
    removed: usize,
    restarts: usize,
    looked: usize,
    failed: usize,
    /// Records that were there after a crash although nobody had been told so, and that were not.
    more: usize,
    lost: usize,
}

struct Run {
    dice: Dice,
    disk: Faulty,
    segments: u64,
    /// None from a crash to the next start.
    journal: Option<Stepped<u32>>,
    oracle: Oracle,
    /// What the next batch is called, and which one is confirmed next.
    batch: u32,
    confirmed: u32,
    /// The highest id that was given out.
    given: Arc<AtomicU64>,
    /// Lives as they will be held once all is durable: whether a message was submitted, so that it may be
    /// written anew.
    open: BTreeMap<u64, bool>,
    over: Vec<u64>,
    now: u64,
    counts: Counts,
}

impl Run {
    fn new(seed: u64) -> Result<Self, String> {
        let mut dice = Dice(seed);
        let sector = [512, 4_096][dice.below(2)];
        let segments = 12 + dice.below(20) as u64;
        let mut run = Self {
            dice,
            disk: Faulty::new(sector, 1 << 30),
            segments,
            journal: None,
            oracle: Oracle::new(),
            batch: 0,
            confirmed: 0,
            given: Arc::default(),
            open: BTreeMap::new(),
            over: Vec::new(),
            now: 0,
            counts: Counts::default(),
        };
        run.start()?;
        Ok(run)
    }

    fn journal(&self) -> &Stepped<u32> {
        self.journal.as_ref().expect("it is started after a crash")
    }

    fn step(&mut self) -> Result<(), String> {
        self.now += self.dice.bits() % 3;
        match self.dice.below(100) {
            0..45 => self.append(),
            45..60 => self.pump()?,
            60..68 => {
                let made = self.journal().prepare();
                if let Some(Made::Ready(number)) = made
                    && self.dice.one_in(2)
                {
                    self.journal().fill(number, 0);
                }
            }
            68..82 => self.carry_on()?,
            82..84 => self.journal().mark(),
            84..92 => self.look()?,
            92..95 => self.crash()?,
            95..97 => {
                // An end in order.
                self.pump()?;
                self.journal().mark();
                self.pump()?;
                self.crash()?;
            }
            _ => self.break_off()?,
        }
        Ok(())
    }

    /// Hands over a batch.
    fn append(&mut self) {
        let mut rows = Vec::new();
        let (mut open, mut over) = (self.open.clone(), Vec::new());
        let mut highest = self.given.load(Ordering::Relaxed);
        for _ in 0..1 + self.dice.below(5) {
            let row = self.record(&open, &mut highest);
            match row.role {
                Role::Main => {
                    let is_submitted = matches!(row.record(), Record::Accepted(_));
                    open.insert(row.id, is_submitted);
                }
                Role::Fact => {}
                Role::Last => {
                    open.remove(&row.id);
                    over.push(row.id);
                }
            }
            rows.push(row);
        }
        self.given.store(highest, Ordering::Relaxed);
        let records: Vec<Record<'_>> = rows.iter().map(Row::record).collect();
        match self.journal().append(&records, self.batch) {
            Appended::Pending => {
                for record in &records {
                    let kind = format!("{record:?}");
                    let kind = kind.split([' ', '(']).next().unwrap_or_default();
                    *self.counts.records.entry(kind.to_owned()).or_default() += 1;
                }
                self.batch += 1;
                self.oracle.hand_over(rows);
                self.open = open;
                self.over.extend(over);
            }
            Appended::Durable(_) => unreachable!("nothing is durable at once"),
            Appended::Refused(..) => self.counts.refused += 1,
        }
    }

    /// One record: something begins, goes on or ends; or something is said of what is long over.
    fn record(&mut self, open: &BTreeMap<u64, bool>, highest: &mut u64) -> Row {
        let chosen = match open.len() {
            0 => None,
            lives => open.iter().nth(self.dice.below(lives)),
        };
        let is_crowded = open.len() >= LIVES;
        let text = self.dice.octets(60);
        match (self.dice.below(20), chosen) {
            (0, _) if !self.over.is_empty() => {
                let id = self.over[self.dice.below(self.over.len())];
                Row::of(&self.fact(id, &text))
            }
            (1..=5, _) | (_, None) if !is_crowded => {
                *highest += 1 + self.dice.bits() % 3;
                let kind = self.dice.below(3);
                self.main(*highest, kind)
            }
            (6, Some((id, true))) => self.main(*id, 0),
            (7..=9, Some((id, _))) => Row::of(&self.last(*id)),
            (_, Some((id, _))) if is_crowded && self.dice.one_in(2) => Row::of(&self.last(*id)),
            (_, Some((id, _))) => Row::of(&self.fact(*id, &text)),
            (_, None) => unreachable!("what holds no lives is not crowded"),
        }
    }

    fn main(&mut self, id: u64, kind: usize) -> Row {
        let (id, at) = (MessageId(id), Moment(self.now));
        let dice = &mut self.dice;
        let pdu = dice.octets(500);
        let source = dice.octets(21);
        let alphabet = dice.alphabet();
        Row::of(&match kind {
            0 => Record::Accepted(Accepted {
                id,
                shown: MessageId(id.0 - dice.bits() % id.0.min(3)),
                account: AccountId(dice.bits() as u32),
                ack: [AckMode::Stored, AckMode::Carrier][dice.below(2)],
                at,
                due: Moment(at.0 + dice.bits() % 2),
                until: [Moment(dice.bits()), Moment::NEVER][dice.below(2)],
                alphabet,
                pdu: &pdu,
                written_source: dice.one_in(2).then_some(&source),
            }),
            1 => Record::Inbound(Inbound {
                id,
                account: dice.one_in(2).then_some(AccountId(dice.bits() as u32)),
                carrier: CarrierId(dice.bits() as u16),
                at,
                alphabet,
                pdu: &pdu,
            }),
            _ => Record::Reported(Reported {
                id,
                carrier: CarrierId(dice.bits() as u16),
                at,
                pdu: &pdu,
            }),
        })
    }

    /// A fact; the same one is said now and then of the same life.
    fn fact<'a>(&mut self, id: u64, text: &'a [u8]) -> Record<'a> {
        let (id, at) = (MessageId(id), Moment(self.now));
        let dice = &mut self.dice;
        let carrier = CarrierId(dice.below(3) as u16);
        match dice.below(9) {
            0 => Record::Attempted { id, carrier, at },
            1 => Record::Returned { id, carrier, at },
            2 => Record::Refused {
                id,
                carrier,
                status: dice.bits() as u32,
                is_late: dice.below(2) == 1,
                at,
            },
            3 => Record::Unknown { id, carrier, at },
            4 => Record::Correlated {
                id,
                carrier,
                group: GroupId(dice.bits() as u16),
                carrier_message_id: text,
                part: [
                    Part::Whole,
                    Part::With,
                    Part::Speaking,
                    Part::Silent,
                    Part::All(dice.bits() as u8),
                ][dice.below(5)],
                at,
            },
            5 => Record::Ended {
                id,
                state: dice.bits() as u8,
                error: dice.bits() as u16,
                network_error: dice
                    .one_in(2)
                    .then_some((dice.bits() as u8, dice.bits() as u16)),
                at,
            },
            6 => Record::Dead {
                id,
                reason: dice.bits() as u8,
                at,
            },
            7 => Record::Revived { id, at },
            _ => Record::Doubted { id, at },
        }
    }

    fn last(&mut self, id: u64) -> Record<'static> {
        let (id, at) = (MessageId(id), Moment(self.now));
        match self.dice.below(3) {
            0 => Record::Told { id, at },
            1 => Record::over(id, at),
            _ => Record::Closed {
                id,
                state: self.dice.bits() as u8,
                error: self.dice.bits() as u16,
                at,
            },
        }
    }

    /// What waits is written and synced: all that was handed over is confirmed, in its order.
    fn pump(&mut self) -> Result<(), String> {
        let completions = self.journal().pump();
        let confirmed = self.note_confirmed(completions);
        match self.oracle.waiting() {
            0 => Ok(()),
            left => Err(format!("{confirmed} were confirmed, {left} left out")),
        }
    }

    fn note_confirmed(&mut self, completions: Vec<Completion<u32>>) -> usize {
        let mut confirmed = 0;
        for completion in completions {
            match completion {
                Completion::Written(batch, Ok(())) => {
                    assert_eq!(batch, self.confirmed, "confirmed in order");
                    self.confirmed += 1;
                    confirmed += 1;
                }
                Completion::Written(_, Err(_)) => self.counts.failed += 1,
                Completion::Fetched(..) | Completion::Gathered(..) => {
                    unreachable!("pumping reads nothing")
                }
            }
        }
        self.oracle.confirm(confirmed);
        confirmed
    }

    /// Some steps of carrying on, with or without a sync between them.
    fn carry_on(&mut self) -> Result<(), String> {
        let is_forced = self.dice.one_in(2);
        for _ in 0..1 + self.dice.below(12) {
            let carried = match is_forced {
                true => self.journal().carry_on(),
                false => self.journal().carry_on_if_worth(),
            };
            match carried.ok_or("carrying on has failed")? {
                Carried::Nothing | Carried::NoRoom => break,
                Carried::Waits => self.pump()?,
                Carried::Removed(_) => self.counts.removed += 1,
                Carried::Copied if self.dice.one_in(3) => self.pump()?,
                Carried::Copied | Carried::Further => {}
            }
        }
        Ok(())
    }

    /// What is read while the journal is open is what SQLite has.
    fn look(&mut self) -> Result<(), String> {
        self.pump()?;
        let held = self.oracle.held();
        let known = self.open.keys().chain(self.over.iter().rev().take(4));
        let ids: Vec<MessageId> = known.map(|id| MessageId(*id)).collect();
        let journal = self.journal();
        let asked = journal.fetch(ids.clone(), u32::MAX);
        asked.map_err(|_| "nothing can be read")?;
        let answered = journal.answer();
        let [Completion::Fetched(u32::MAX, kept)] = &answered[..] else {
            return Err(format!("{answered:?} is no answer"));
        };
        for (id, kept) in ids.iter().zip(kept) {
            let octets = kept.as_ref().map(|kept| Row::of(&kept.record()).octets);
            if octets.as_ref() != held.mains.get(&id.0) {
                return Err(format!("{id:?} was read as {kept:?}"));
            }
            let read = journal.read(*id);
            if read.map(|kept| Row::of(&kept.record()).octets) != octets {
                return Err(format!("{id:?} is read otherwise the second time"));
            }
        }
        self.counts.looked += ids.len();
        Ok(())
    }

    /// The process ends, or the power goes.
    fn crash(&mut self) -> Result<(), String> {
        self.journal = None;
        self.fall(self.disk.fork());
        self.start()
    }

    /// This is what there is from now on, with or without what was not synced.
    fn fall(&mut self, disk: Faulty) {
        self.disk = match self.dice.one_in(3) {
            true => disk,
            false => {
                let tears = self.dice.one_in(2);
                disk.crash(tears, &mut |of| self.dice.below(of))
            }
        };
    }

    /// The disk fails, or the power goes, while a group is written: what is confirmed is durable
    /// then, and the rest may be.
    fn break_off(&mut self) -> Result<(), String> {
        let left = Arc::new(Mutex::new(1 + self.dice.below(6)));
        let found = Arc::new(Mutex::new(None));
        let (watched, seen) = (self.disk.clone(), found.clone());
        self.disk.watch(move |operation| {
            let mut left = left.lock();
            if matches!(operation.kind, Kind::Read | Kind::List) {
                return Verdict::Done;
            }
            *left = left.saturating_sub(1);
            if *left > 0 {
                return Verdict::Done;
            }
            seen.lock().get_or_insert_with(|| watched.fork());
            Verdict::Fails(ErrorKind::Other)
        });
        for _ in 0..3 {
            self.append();
            let journal = self.journal();
            journal.prepare();
            journal.carry_on();
            let completions = self.journal().pump();
            self.note_confirmed(completions);
        }
        self.disk.unwatch();
        let has_failed = self.journal().has_failed();
        let broken = found.lock().take();
        let at_the_end = self.disk.fork();
        self.journal = None;
        match broken {
            // The power has gone at that moment; or the process goes on and notices.
            Some(then) if self.dice.one_in(2) => self.fall(then),
            Some(_) if !has_failed => return Err("what has failed was not noticed".to_owned()),
            _ => self.fall(at_the_end),
        }
        self.start()
    }

    /// Reads the journal again, and looks at all that it holds.
    fn start(&mut self) -> Result<(), String> {
        let (recovered, read) = read(&self.disk)?;
        let waiting = self.batch - self.confirmed;
        let more = self.oracle.restarted(&read)?;
        self.counts.more += more;
        self.counts.lost += usize::from(more == 0 && waiting > 0);
        self.confirmed = self.batch;
        let given = self.given.load(Ordering::Relaxed);
        let highest = recovered.highest_id();
        if !(self.oracle.highest_id()..=given).contains(&highest) {
            return Err(format!("{highest} is taken for the highest id of {given}"));
        }
        let holdings = recovered.holdings();
        let is_held = |id: &u64| holdings.position(MessageId(*id)).is_some();
        if holdings.len() != read.mains.len() || !read.mains.keys().all(is_held) {
            return Err("the holdings are not what was read".to_owned());
        }
        if self
            .over
            .iter()
            .any(|id| !read.mains.contains_key(id) && is_held(id))
        {
            return Err("a life that has ended is held".to_owned());
        }
        // Ids go on above the highest one: what was given out and is not on the disk may come again.
        self.given.store(highest, Ordering::Relaxed);
        let is_accepted = |main: &Vec<u8>| matches!(Record::decode(main), Ok(Record::Accepted(_)));
        let open = read.mains.iter().map(|(id, main)| (*id, is_accepted(main)));
        self.open = open.collect();
        let open = &self.open;
        self.over
            .retain(|id| *id <= highest && !open.contains_key(id));
        let given = self.given.clone();
        let highest_id = Box::new(move || given.load(Ordering::Relaxed));
        let started = Stepped::start(recovered, settings(SEGMENT, self.segments), highest_id);
        self.journal = Some(started.map_err(|error| error.to_string())?);
        self.counts.restarts += 1;
        Ok(())
    }
}

/// What lies on this disk: of each life that has not ended, the last main record and all facts.
fn read(disk: &Faulty) -> Result<(Recovered, Held), String> {
    let mut held = Held::default();
    let mut visit = |_: &_, _, record: Record<'_>| {
        let row = Row::of(&record);
        match row.role {
            Role::Main => drop(held.mains.insert(row.id, row.octets)),
            Role::Fact => drop(held.facts.insert((row.id, row.octets))),
            Role::Last => drop(held.mains.remove(&row.id)),
        }
    };
    let recovered =
        recover(Arc::new(disk.clone()), &mut visit).map_err(|error| error.to_string())?;
    let Held { mains, facts } = &mut held;
    facts.retain(|(id, _)| mains.contains_key(id));
    Ok((recovered, held))
}

fn play(seed: u64) -> Result<Counts, String> {
    let mut run = Run::new(seed)?;
    for step in 0..STEPS {
        run.step()
            .map_err(|error| format!("seed {seed}, step {step}: {error}"))?;
    }
    run.pump()?;
    run.crash()
        .map_err(|error| format!("seed {seed}, at the end: {error}"))?;
    Ok(run.counts)
}

/// All runs; the first difference.
pub fn plays() -> Result<Vec<Counts>, String> {
    match std::env::var("JOURNAL_SEED") {
        Ok(seed) => Ok(vec![play(seed.parse().map_err(|_| "no seed")?)?]),
        Err(_) => (1..=RUNS).map(play).collect(),
    }
}

#[test]
fn beside_sqlite_the_journal_holds_the_same_after_whatever_happens() {
    for (at, counts) in plays().unwrap().iter().enumerate() {
        println!("run {}: {counts:?}", at + 1);
        assert_eq!(counts.records.len(), 14, "not all kinds were written");
        let enough = counts.restarts > 50
            && counts.removed > 20
            && counts.looked > 500
            && counts.more > 0
            && counts.lost > 0
            && counts.failed > 0;
        assert!(enough, "the run was too calm to prove anything");
    }
}
