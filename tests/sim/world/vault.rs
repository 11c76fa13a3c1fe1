//! The journal of the gateway on a disk that may be cut off at any moment, on the clock of the world.
//!
//! A gateway that dies leaves a disk on which what was not synced is there or not. The next one reads it
//! as the program does at a start, and goes on.

use super::chance::Chance;
use super::paper::Keeping;
use super::plan::Plan;
use parking_lot::Mutex;
use smppgate::flow::{After, Recovery};
use smppgate::journal::disk::Faulty;
use smppgate::journal::log::Made;
use smppgate::journal::{
    Appended, Carried, Completion, Holdings, Journal, Kept, Record, Refusal, Settings, Stepped,
    recover,
};
use smppgate::message::{CarrierId, IdSource, MessageId};
use smppgate::moment::Moment;
use smppgate::receipt::Marks;
use std::sync::Arc;
use std::time::Duration;

/// Small segments, so that several of them are begun and carried on in one day.
const SEGMENT_OCTETS: u32 = 32 << 10;

const SEGMENTS: u64 = 64;

/// What a disk writes as one.
const SECTOR: usize = 512;

/// How long a sync takes on a good day.
pub const SYNC: Duration = Duration::from_micros(500);

/// Steps of carrying on that are taken after each group.
const CARRIED_MOST: usize = 4;

/// How a gateway ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is killed, and the machine goes on.
    Killed,
    /// The machine loses its power.
    PowerCut,
}

/// See the module.
pub struct Vault {
    disk: Faulty,
    journal: Arc<Stepped<After>>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    now: Moment,
    delay: Duration,
    is_full: bool,
    /// When what waits will be durable, or what was asked for read.
    due: Option<Moment>,
    /// Since when something waits.
    since: Option<Moment>,
}

/// What a gateway starts with.
pub struct Opened {
    pub ids: Arc<IdSource>,
    pub marks: Marks,
    pub pen: Box<dyn Journal<After>>,
    pub recovery: Option<Recovery>,
}

impl Opened {
    /// A start without anything that was kept.
    pub fn in_memory(pen: Box<dyn Journal<After>>) -> Self {
        Self {
            ids: Arc::new(IdSource::new(1, 0)),
            marks: Marks::default(),
            pen,
            recovery: None,
        }
    }
}

impl Vault {
    /// An empty disk.
    pub fn empty() -> Faulty {
        Faulty::new(SECTOR, u64::from(SEGMENT_OCTETS) * SEGMENTS * 2)
    }

    /// Reads what is on the disk, and goes on behind it.
    pub fn open(disk: Faulty, plan: &Plan, chance: &mut Chance) -> (Arc<Self>, Opened) {
        let marks = Marks::default();
        let timeouts: Vec<Duration> = plan
            .carriers
            .iter()
            .map(|one| one.settings.receipt_timeout)
            .collect();
        let timeout = move |carrier: CarrierId| timeouts[usize::from(carrier.0)];
        let mut recovery = Recovery::new(marks.clone(), Box::new(timeout));
        let recovered = recover(Arc::new(disk.clone()), &mut |holdings, _, record| {
            recovery.read(holdings, &record);
        })
        .expect("what is on the disk can be read");
        let ids = Arc::new(IdSource::new(1, recovered.highest_id()));
        let mut salts = Chance::new(chance.range(0, u64::MAX / 2));
        let settings = Settings {
            segment_octets: SEGMENT_OCTETS,
            octets_max: u64::from(SEGMENT_OCTETS) * SEGMENTS,
            node: 1,
            salt: Box::new(move || std::array::from_fn(|_| salts.range(0, 255) as u8)),
        };
        let given_out = ids.clone();
        let highest = Box::new(move || given_out.highest());
        let journal = Stepped::start(recovered, settings, highest);
        let vault = Arc::new(Self {
            disk,
            journal: Arc::new(journal.expect("the journal goes on")),
            inside: Mutex::default(),
        });
        let opened = Opened {
            ids,
            marks,
            pen: Box::new(Pen {
                vault: vault.clone(),
                journal: vault.journal.clone(),
            }),
            recovery: Some(recovery),
        };
        (vault, opened)
    }

    /// Since when something is not durable.
    pub fn since(&self) -> Option<Moment> {
        self.inside.lock().since
    }

    /// The disk as the next gateway finds it. Now and then this one ends in the midst of a write.
    pub fn end(&self, end: End, chance: &mut Chance) -> Faulty {
        let mut own = Chance::new(chance.range(0, u64::MAX / 2));
        if self.journal.is_waiting() && chance.one_in(2) {
            let found: Arc<Mutex<Option<Faulty>>> = Arc::default();
            let mut left = chance.range(0, 5);
            let (disk, image) = (self.disk.clone(), found.clone());
            let mut within = Chance::new(chance.range(0, u64::MAX / 2));
            self.disk.watch(move |_| {
                if left == 0 {
                    let mut image = image.lock();
                    image.get_or_insert_with(|| left_by(&disk, end, &mut within));
                }
                left = left.saturating_sub(1);
                smppgate::journal::disk::faulty::Verdict::Done
            });
            drop(self.journal.pump());
            self.disk.unwatch();
            if let Some(image) = found.lock().take() {
                return image;
            }
        }
        left_by(&self.disk, end, &mut own)
    }

    /// Messages that are nowhere but in the journal: each waits for its report.
    pub fn laid_down(&self) -> usize {
        Journal::holdings(&*self.journal).map_or(0, Holdings::laid_down)
    }

    /// Messages that the journal still holds.
    pub fn held(&self) -> usize {
        Journal::holdings(&*self.journal).map_or(0, Holdings::len)
    }
}

fn left_by(disk: &Faulty, end: End, chance: &mut Chance) -> Faulty {
    match end {
        End::Killed => disk.fork(),
        End::PowerCut => {
            let tears = chance.one_in(2);
            disk.crash(tears, &mut |choices| chance.below(choices))
        }
    }
}

impl Keeping for Vault {
    fn set_delay(&self, delay: Duration) {
        self.inside.lock().delay = delay;
    }

    fn set_full(&self, is_full: bool) {
        self.inside.lock().is_full = is_full;
    }

    fn at(&self, now: Moment) {
        self.inside.lock().now = now;
    }

    fn next_due(&self) -> Option<Moment> {
        self.inside.lock().due
    }

    fn settled(&self, now: Moment) -> Vec<Completion<After>> {
        if self.next_due().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let mut done = self.journal.pump();
        while let Some(Made::Ready(_)) = self.journal.prepare() {}
        for _ in 0..CARRIED_MOST {
            let carried = self.journal.carry_on_if_worth();
            if !matches!(carried, Some(Carried::Further | Carried::Copied)) {
                break;
            }
        }
        done.extend(self.journal.answer());
        let mut inside = self.inside.lock();
        let is_waiting = self.journal.is_waiting();
        inside.since = is_waiting.then_some(now);
        inside.due = is_waiting.then_some(now + inside.delay.max(SYNC));
        done
    }

    fn is_idle(&self) -> bool {
        self.inside.lock().due.is_none()
    }
}

/// The hand of the gateway on it.
struct Pen {
    vault: Arc<Vault>,
    journal: Arc<Stepped<After>>,
}

impl Pen {
    fn is_asked(&self) {
        let mut inside = self.vault.inside.lock();
        let due = inside.now + inside.delay.max(SYNC);
        inside.due.get_or_insert(due);
    }
}

impl Journal<After> for Pen {
    fn append(&self, records: &[Record<'_>], then: After) -> Appended<After> {
        let is_full = self.vault.inside.lock().is_full;
        if is_full && records.iter().any(Record::is_new_work) {
            return Appended::Refused(then, Refusal::Full);
        }
        let appended = self.journal.append(records, then);
        if self.journal.is_waiting() {
            self.is_asked();
            let mut inside = self.vault.inside.lock();
            let now = inside.now;
            inside.since.get_or_insert(now);
        }
        appended
    }

    fn has_room(&self) -> bool {
        !self.vault.inside.lock().is_full && self.journal.has_room()
    }

    fn holdings(&self) -> Option<&Holdings> {
        Journal::holdings(&*self.journal)
    }

    fn read(&self, id: MessageId) -> Option<Kept> {
        self.journal.read(id)
    }

    fn fetch(&self, ids: Vec<MessageId>, then: After) -> Result<(), After> {
        self.is_asked();
        self.journal.fetch(ids, then)
    }
}
