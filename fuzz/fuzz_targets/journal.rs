//! A journal that lies on the disk, sound or not, and one that is used while the disk does what it
//! likes: opening it is an answer or an error, and what is confirmed is there when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate::journal::disk::faulty::{Kind, Verdict};
use smppgate::journal::disk::{Disk, Faulty, How, write_all};
use smppgate::journal::{
    Accepted, Appended, Completion, Journal, OpenError, Record, Recovered, Role, Settings, Stepped,
    recover,
};
use smppgate::message::{AccountId, AckMode, CarrierId, MessageId};
use smppgate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Octets of a segment that is written here: a few records fill it.
const SEGMENT: u32 = 4 << 10;

/// Octets of a header, and those before a body.
const HEADER: usize = 64;
const OVERHEAD: usize = 12;

fuzz_target!(|input: &[u8]| {
    let mut octets = Octets(input);
    match octets.one() % 2 {
        0 => open_what_lies_there(&mut octets),
        _ => live(&mut octets),
    }
});

/// The input, from which all is taken that is chosen; when it ends, zeros follow.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn one(&mut self) -> u8 {
        self.some(1).first().copied().unwrap_or_default()
    }

    fn two(&mut self) -> u16 {
        u16::from_le_bytes([self.one(), self.one()])
    }

    fn some(&mut self, most: usize) -> &'a [u8] {
        let (some, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        some
    }

    fn are_left(&self) -> bool {
        !self.0.is_empty()
    }
}

/// What is held: lives that have not ended, and their facts, as octets.
#[derive(Debug, Clone, Default, PartialEq)]
struct Held {
    mains: BTreeMap<u64, Vec<u8>>,
    facts: BTreeSet<(u64, Vec<u8>)>,
}

impl Held {
    fn note(&mut self, record: &Record<'_>) {
        let (id, mut octets) = (record.id().0, Vec::new());
        record.encode(&mut octets);
        match record.role() {
            Role::Main => drop(self.mains.insert(id, octets)),
            Role::Fact => drop(self.facts.insert((id, octets))),
            Role::Last => drop(self.mains.remove(&id)),
        }
    }

    /// What is about nothing is nothing.
    fn end(mut self) -> Self {
        let Self { mains, facts } = &mut self;
        facts.retain(|(id, _)| mains.contains_key(id));
        self
    }
}

fn read(disk: &Faulty) -> Result<(Recovered, Held), OpenError> {
    let mut held = Held::default();
    let recovered = recover(Arc::new(disk.clone()), &mut |_, _, record| {
        held.note(&record);
    })?;
    let held = held.end();
    assert_eq!(recovered.holdings().len(), held.mains.len());
    for id in held.mains.keys() {
        assert!(*id <= recovered.highest_id());
        assert!(recovered.holdings().position(MessageId(*id)).is_some());
    }
    Ok((recovered, held))
}

fn start(recovered: Recovered, given: &Arc<AtomicU64>) -> Stepped<u32> {
    static SALTS: AtomicU64 = AtomicU64::new(1);
    let settings = Settings {
        segment_octets: SEGMENT,
        octets_max: u64::from(SEGMENT) * 24,
        node: 1,
        salt: Box::new(|| u128::from(SALTS.fetch_add(1, Ordering::Relaxed)).to_le_bytes()),
    };
    given.fetch_max(recovered.highest_id(), Ordering::Relaxed);
    let given = given.clone();
    let highest = Box::new(move || given.load(Ordering::Relaxed));
    Stepped::start(recovered, settings, highest).expect("the disk does all that is asked")
}

fn accepted(id: u64, pdu: &[u8]) -> Record<'_> {
    Record::Accepted(Accepted {
        id: MessageId(id),
        shown: MessageId(id),
        account: AccountId(1),
        ack: AckMode::Stored,
        at: Moment(1),
        due: Moment(1),
        until: Moment::NEVER,
        alphabet: DefaultAlphabet::Gsm,
        pdu,
        written_source: None,
    })
}

fn attempted(id: u64, at: u64) -> Record<'static> {
    Record::Attempted {
        id: MessageId(id),
        carrier: CarrierId(7),
        at: Moment(at),
    }
}

/// Lays segments on a disk and opens what they are. If that is a journal, it takes more, and all is
/// there when it is read again.
fn open_what_lies_there(octets: &mut Octets<'_>) {
    let disk = Faulty::new(512, 8 << 20);
    lay(&disk, octets);
    let before: Vec<_> = contents(&disk);
    let (recovered, mut held) = match read(&disk) {
        Ok(opened) => opened,
        Err(_) => return assert!(before == contents(&disk), "what is refused is not touched"),
    };
    assert!(before == contents(&disk), "reading writes nothing");
    let Some(next) = recovered.highest_id().checked_add(1) else {
        return;
    };
    let journal = start(recovered, &Arc::default());
    let added = [accepted(next, b"more"), attempted(next, 1)];
    assert!(matches!(journal.append(&added, 0), Appended::Pending));
    let settled = journal.pump();
    assert!(matches!(settled[..], [Completion::Written(0, Ok(()))]));
    added.iter().for_each(|record| held.note(record));
    for (id, main) in &held.mains {
        let kept = journal.read(MessageId(*id)).expect("it is held");
        let mut octets = Vec::new();
        kept.record().encode(&mut octets);
        assert!(octets == *main, "another record is read");
    }
    drop(journal);
    let lost = disk.crash(true, &mut |_| 0);
    let (recovered, again) = read(&lost).expect("what was written can be read");
    assert_eq!(again, held);
    // It may say what no journal says, as of lives that end twice; carried on it still holds ours.
    let journal = start(recovered, &Arc::default());
    for _ in 0..64 {
        journal.prepare();
        journal.carry_on();
        journal.pump();
    }
    assert!(!journal.has_failed());
    let kept = journal.read(MessageId(next)).expect("it is held");
    assert_eq!(kept.record(), added[0]);
    drop(journal);
    let (_, carried) = read(&lost).expect("what was carried on can be read");
    assert_eq!(carried.mains.get(&next), held.mains.get(&next));
}

fn contents(disk: &Faulty) -> Vec<(String, Option<Vec<u8>>)> {
    let mut names = disk.list("journal").expect("a folder");
    names.sort();
    let content = |name: String| {
        let content = disk.content(&format!("journal/{name}"));
        (name, content)
    };
    let segments = names.into_iter().filter(|name| name.ends_with(".log"));
    segments.map(content).collect()
}

/// A few segments, as the octets say: headers and frames that are sound, that were, and that never
/// were.
fn lay(disk: &Faulty, octets: &mut Octets<'_>) {
    let mut number = match octets.one() {
        255 => u32::MAX - 2,
        other => u32::from(other),
    };
    let mut end = 0;
    for _ in 0..6 {
        if !octets.are_left() {
            break;
        }
        let how = octets.one();
        let before = match how & 1 {
            0 => end,
            _ => u32::from(octets.two()),
        };
        let salt = u128::from(octets.two()).to_le_bytes();
        let mut segment = match how >> 1 & 7 {
            0 => vec![0; HEADER],
            1 => octets.some(HEADER).to_vec(),
            2 => header(number ^ 1, before, salt, octets),
            _ => header(number, before, salt, octets),
        };
        for _ in 0..octets.one() % 24 {
            frame(&mut segment, salt, octets);
        }
        end = segment.len() as u32;
        if how & 16 > 0 {
            segment.resize(segment.len() + 2_048, 0);
        }
        let path = format!("journal/{number:010}.log");
        let file = disk.open(&path, How::Make).expect("a file");
        write_all(&*file, &segment, 0).expect("room");
        file.sync().expect("it is durable");
        number = number.saturating_add(1 + u32::from(how & 0xE0 == 0xE0));
    }
    disk.sync_folder("journal").expect("it is durable");
}

fn header(number: u32, before: u32, salt: [u8; 16], octets: &mut Octets<'_>) -> Vec<u8> {
    let mut header = b"smppgate".to_vec();
    header.extend_from_slice(&1_u32.to_le_bytes());
    header.extend_from_slice(&number.to_le_bytes());
    header.extend_from_slice(&before.to_le_bytes());
    header.extend_from_slice(&[1, 0, 0, 0]);
    header.extend_from_slice(&salt);
    header.extend_from_slice(&u64::from(octets.one()).to_le_bytes());
    header.resize(HEADER - 8, 0);
    let checksum = xxh3_64(&header);
    header.extend_from_slice(&checksum.to_le_bytes());
    header
}

fn frame(segment: &mut Vec<u8>, salt: [u8; 16], octets: &mut Octets<'_>) {
    let how = octets.one();
    let length = usize::from(octets.one() % 64);
    let body = match how & 7 {
        // What was never a frame.
        0 => return segment.extend_from_slice(octets.some(length)),
        1 => return segment.resize(segment.len() + length, 0),
        2 => octets.some(length).to_vec(),
        // The mark that says that all before it was synced.
        3 => vec![0],
        _ => {
            let mut body = vec![octets.one() % 18];
            let id = match octets.one() {
                255 => u64::MAX,
                other => u64::from(other % 8),
            };
            body.extend_from_slice(&id.to_le_bytes());
            body.extend_from_slice(&u64::from(octets.one()).to_le_bytes());
            body.extend_from_slice(octets.some(length));
            body
        }
    };
    let length = match how & 0xF0 {
        0xF0 => u32::from(octets.two()) << 8,
        _ => body.len() as u32,
    };
    let mut covered = length.to_le_bytes().to_vec();
    covered.extend_from_slice(&body);
    let salt = u128::from_le_bytes(salt);
    let place = (segment.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let key = salt as u64 ^ ((salt >> 64) as u64).wrapping_add(place);
    let checksum = xxh3_64_with_seed(&covered, key) ^ u64::from(how & 0xF8 == 8);
    segment.extend_from_slice(&checksum.to_le_bytes());
    segment.extend_from_slice(&covered);
    debug_assert!(segment.len() >= OVERHEAD);
}

/// A journal in use.
struct Life {
    disk: Faulty,
    journal: Stepped<u32>,
    given: Arc<AtomicU64>,
    confirmed: Held,
    /// Records of the batches that wait to be confirmed.
    waiting: VecDeque<Vec<Vec<u8>>>,
    batches: u32,
    /// What is held if all that waits becomes durable.
    expected: Held,
    now: u64,
}

/// Whatever is done in whatever order, and wherever the power goes: what was confirmed is there.
fn live(octets: &mut Octets<'_>) {
    let disk = Faulty::new(512, 8 << 20);
    let (recovered, confirmed) = read(&disk).expect("an empty disk");
    let given = Arc::default();
    let mut life = Life {
        journal: start(recovered, &given),
        disk,
        given,
        expected: confirmed.clone(),
        confirmed,
        waiting: VecDeque::new(),
        batches: 0,
        now: 0,
    };
    while octets.are_left() {
        life = life.step(octets);
    }
    life.power_goes(&mut Octets(&[]));
}

impl Life {
    fn step(mut self, octets: &mut Octets<'_>) -> Self {
        self.now += 1;
        match octets.one() % 12 {
            0..4 => self.append(octets),
            4 | 5 => self.pump(),
            6 => {
                if let Some(smppgate::journal::log::Made::Ready(number)) = self.journal.prepare() {
                    self.journal.fill(number, 0);
                }
            }
            7 | 8 => {
                self.journal.carry_on();
            }
            9 => self.journal.mark(),
            10 => self.fails(octets),
            _ => self = self.power_goes(octets),
        }
        self
    }

    fn append(&mut self, octets: &mut Octets<'_>) {
        let octet = octets.one();
        let text = vec![octet; usize::from(octets.one()) * 4];
        let chosen = |held: &Held| {
            let ids = held.mains.keys();
            ids.copied().nth(usize::from(octet) % held.mains.len().max(1))
        };
        let next = self.given.load(Ordering::Relaxed) + 1;
        let id = chosen(&self.expected).unwrap_or(next);
        let told = Record::over(MessageId(id), Moment(self.now));
        let records = match octet % 6 {
            0 | 1 => vec![accepted(next, &text), attempted(next, self.now)],
            2 => vec![accepted(id, &text)],
            3 => vec![attempted(id, self.now), told],
            4 => vec![told],
            _ => vec![attempted(id, self.now)],
        };
        let highest = records.iter().map(|record| record.id().0).max();
        if let Appended::Pending = self.journal.append(&records, self.batches) {
            self.given
                .fetch_max(highest.unwrap_or_default(), Ordering::Relaxed);
            self.batches += 1;
            let batch = records.iter().map(|record| {
                self.expected.note(record);
                let mut octets = Vec::new();
                record.encode(&mut octets);
                octets
            });
            self.waiting.push_back(batch.collect());
        }
    }

    fn pump(&mut self) {
        for completion in self.journal.pump() {
            let Completion::Written(batch, outcome) = completion else {
                unreachable!("nothing was to be read");
            };
            let first = self.batches - self.waiting.len() as u32;
            if outcome.is_ok() {
                assert_eq!(batch, first, "confirmed in order");
                let records = self.waiting.pop_front().expect("it was handed over");
                for record in &records {
                    self.confirmed.note(&Record::decode(record).expect("a record"));
                }
            } else {
                assert!(self.journal.has_failed());
            }
        }
    }

    /// One thing that the disk is to do fails.
    fn fails(&mut self, octets: &mut Octets<'_>) {
        let left = Mutex::new(octets.one() % 8);
        self.disk.watch(move |operation| {
            let mut left = left.lock().expect("nobody else has it");
            match (operation.kind, *left) {
                (Kind::Read | Kind::List, _) => Verdict::Done,
                (_, 0) => Verdict::Fails(ErrorKind::Other),
                _ => {
                    *left -= 1;
                    Verdict::Half
                }
            }
        });
        self.append(octets);
        self.journal.prepare();
        self.journal.carry_on();
        self.pump();
        self.disk.unwatch();
    }

    fn power_goes(self, octets: &mut Octets<'_>) -> Self {
        let tears = octets.one() % 2 == 0;
        let crashed = self
            .disk
            .crash(tears, &mut |of| usize::from(octets.one()) % of);
        drop(self.journal);
        let (recovered, read) = read(&crashed).expect("what is torn is no damage");
        let mut held = self.confirmed;
        let mut waiting = self.waiting.into_iter().flatten();
        while held.clone().end() != read {
            let next = waiting.next().expect("what was confirmed, and a beginning of the rest");
            held.note(&Record::decode(&next).expect("a record"));
        }
        // What was given out and is nowhere may be given out again.
        self.given.store(recovered.highest_id(), Ordering::Relaxed);
        Self {
            journal: start(recovered, &self.given),
            disk: crashed,
            confirmed: read.clone(),
            expected: read,
            waiting: VecDeque::new(),
            ..self
        }
    }
}
