//! What all steps share, and where the two sides of the gateway meet.
//!
//! Those who submit and those who deliver never hear of each other: each has an intake, and a
//! [`Clerk`] is both. Every connection has a clerk of its own, with its own view of the tables.

use super::after::After;
use super::agenda::Agenda;
use super::counters::Counters;
use super::deadletter::DeadLetters;
use super::doorkeeper::{Doorkeeper, costliest};
use super::gathering::Gathering;
use super::ledger::{Ledger, UNDER_WAY_MAX};
use super::openings::Openings;
use super::ordered::Ordered;
use super::parked::Parked;
use super::remembered::Remembered;
use super::segments::Segments;
use super::siblings::Siblings;
use super::unsettled::Unsettled;
use super::way::Ways;
use crate::carrier::{Queue, Receipts, SegmentReceipts};
use crate::esme::{Account, Hash, ReceiptBind, Roster};
use crate::journal::Journal;
use crate::link::Bell;
use crate::message::{AccountId, CarrierId, GroupId, IdSource};
use crate::moment::Moment;
use crate::receipt::{Correlator, Marks};
use crate::route::{InboundTable, Live, Reader, Table};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Accounts that may bind.
#[derive(Debug, Default)]
pub struct Accounts {
    by_name: HashMap<Vec<u8>, (AccountId, Arc<Account>), RandomState>,
    by_id: HashMap<AccountId, Arc<Account>, RandomState>,
    /// The costliest password hash, and how many of them an account has at most.
    decoy: Option<(Hash, usize)>,
}

impl Accounts {
    /// A table of these accounts.
    pub fn new(accounts: impl IntoIterator<Item = (AccountId, Arc<Account>)>) -> Self {
        let mut table = Self::default();
        for (id, account) in accounts {
            table.by_id.insert(id, account.clone());
            table
                .by_name
                .insert(account.system_id.clone().into_bytes(), (id, account));
        }
        table.decoy = costliest(table.by_id.values());
        table
    }

    /// The account of this system_id.
    pub fn named(&self, system_id: &[u8]) -> Option<&(AccountId, Arc<Account>)> {
        self.by_name.get(system_id)
    }

    /// What somebody unknown is compared with, and how often; `None` if no account has a hash.
    pub(super) fn decoy(&self) -> Option<(&Hash, usize)> {
        self.decoy.as_ref().map(|(hash, most)| (hash, *most))
    }

    /// The account of this number.
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.by_id.get(&id)
    }

    /// All accounts.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Arc<Account>)> {
        self.by_id.iter().map(|(id, account)| (*id, account))
    }
}

/// One carrier as flow sees it.
#[derive(Debug, Clone)]
pub struct CarrierSlot {
    /// Its name.
    pub name: String,
    /// Who it shares ids and receipts with.
    pub group: GroupId,
    /// The correlations of its group.
    pub correlator: Arc<Mutex<Correlator>>,
    /// What waits for it.
    pub queue: Arc<Queue>,
    /// Which messages it is asked a receipt for.
    pub receipts: Receipts,
    /// After the validity of a message: how long its report may take.
    pub receipt_timeout: Duration,
    /// Who gets its receipts that match nothing of ours; without somebody they are dead letters.
    pub unmatched: Option<AccountId>,
    /// What the receipts of segments make of a message.
    pub segment_receipts: SegmentReceipts,
    /// Whether segments of ESMEs leave as one message.
    pub wants_whole: bool,
    /// Segments of ESMEs that wait for each other, if they ever left as one.
    pub gathering: Option<Arc<Mutex<Gathering>>>,
    /// False once it has been taken out of the config: what it still answers counts, and nothing
    /// new goes there.
    pub open: bool,
}

impl CarrierSlot {
    /// Messages that have not left, those included that wait for their other segments.
    pub fn waiting(&self) -> usize {
        let gathering = self.gathering.as_ref();
        self.queue.len() + gathering.map_or(0, |gathering| gathering.lock().len())
    }
}

/// The carriers by number.
#[derive(Debug, Default)]
pub struct Carriers {
    slots: Vec<Option<CarrierSlot>>,
}

impl Carriers {
    /// A table of these carriers.
    pub fn new(slots: Vec<Option<CarrierSlot>>) -> Self {
        Self { slots }
    }

    /// The carrier of this number.
    pub fn slot(&self, id: CarrierId) -> Option<&CarrierSlot> {
        self.slots.get(usize::from(id.0))?.as_ref()
    }

    /// All carriers.
    pub fn iter(&self) -> impl Iterator<Item = (CarrierId, &CarrierSlot)> {
        let numbered = self.slots.iter().enumerate();
        numbered.filter_map(|(at, slot)| Some((CarrierId(at as u16), slot.as_ref()?)))
    }

    /// Whether a message may be handed to this carrier now.
    pub fn is_bound(&self, id: CarrierId) -> bool {
        self.slot(id)
            .is_some_and(|slot| slot.open && slot.queue.is_served())
    }
}

/// What all steps share.
pub struct Switchboard {
    /// Every message that is under way.
    pub ledger: Ledger,
    /// Who is bound.
    pub roster: Arc<Roster>,
    /// The accounts in force.
    pub accounts: Live<Accounts>,
    /// The carriers in force.
    pub carriers: Live<Carriers>,
    /// The routes in force.
    pub routes: Live<Table>,
    /// The rules for messages from phones in force.
    pub inbound: Live<InboundTable>,
    /// What has been counted.
    pub counters: Counters,
    /// Who waits for a carrier to be bound.
    pub parked: Mutex<Parked>,
    /// Who waits for its time.
    pub(super) agenda: Mutex<Agenda>,
    /// Who waits for its turn.
    pub(super) ordered: Ordered,
    /// Which carriers long messages have taken.
    pub(super) ways: Mutex<Ways>,
    /// Segments from phones that wait for the others.
    pub segments: Mutex<Segments>,
    /// Segments of ESMEs that one report of their carrier is about.
    pub(super) siblings: Mutex<Siblings>,
    /// When all messages were last searched through for somebody who looks in; locked meanwhile.
    pub(super) searched: Mutex<Moment>,
    /// Outcomes that are not settled yet.
    pub(super) unsettled: Unsettled,
    /// Where segments from phones go whose first one has chosen by its first word.
    pub(super) openings: Mutex<Openings>,
    /// What has come to its end lately.
    pub remembered: Mutex<Remembered>,
    /// What found nobody.
    pub dead_letters: Mutex<DeadLetters>,
    /// Rung when a carrier is up: those who wait for one are looked at.
    pub retry: Bell,
    /// Who verifies passwords.
    pub(super) doorkeeper: Doorkeeper,
    ids: Arc<IdSource>,
    /// Makes marks of carriers' ids.
    pub(super) marks: Marks,
    journal: Box<dyn Journal<After>>,
    /// Set once nobody may bind any more.
    closed: AtomicBool,
    /// Set when the journal has failed: nothing is acknowledged any more.
    failed: AtomicBool,
    /// Whether the journal had no room when that was last looked at.
    is_without_room: AtomicBool,
}

impl Switchboard {
    /// An empty switchboard: `ids` gives none that was given out before, `marks` are those that the
    /// journal was read with, `key` is random. What the journal has done goes to [`Clerk::settle`].
    pub fn new(
        ids: Arc<IdSource>,
        marks: Marks,
        key: [u8; 32],
        roster: Arc<Roster>,
        journal: Box<dyn Journal<After>>,
    ) -> Self {
        Self {
            ledger: Ledger::default(),
            roster,
            accounts: Live::new(Arc::default()),
            carriers: Live::new(Arc::default()),
            routes: Live::new(Arc::default()),
            inbound: Live::new(Arc::default()),
            counters: Counters::default(),
            parked: Mutex::default(),
            agenda: Mutex::default(),
            ordered: Ordered::default(),
            ways: Mutex::default(),
            segments: Mutex::default(),
            siblings: Mutex::default(),
            searched: Mutex::default(),
            unsettled: Unsettled::default(),
            openings: Mutex::default(),
            remembered: Mutex::default(),
            dead_letters: Mutex::default(),
            retry: Bell::default(),
            doorkeeper: Doorkeeper::new(key),
            ids,
            marks,
            journal,
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            is_without_room: AtomicBool::new(false),
        }
    }

    /// A clerk for one connection.
    pub fn clerk(self: &Arc<Self>) -> Clerk {
        Clerk {
            accounts: self.accounts.reader(),
            carriers: self.carriers.reader(),
            routes: self.routes.reader(),
            inbound: self.inbound.reader(),
            searched: Moment::default(),
            board: self.clone(),
        }
    }

    /// From now on nobody may bind.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether nobody may bind any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether more than half of the room for messages is taken.
    pub(super) fn is_half_full(&self) -> bool {
        self.ledger.places() > UNDER_WAY_MAX / 2
    }

    /// Whether there is no room for another message, whoever sends it.
    pub fn is_full(&self) -> bool {
        self.ledger.places() >= UNDER_WAY_MAX
    }

    /// Whether the journal has failed.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn fail(&self) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            tracing::error!("the journal has failed: nothing is acknowledged until a restart");
        }
    }

    /// Says when the journal has become full, and when it has room again.
    pub(super) fn look_for_room(&self) {
        let is_full = !self.journal.has_room();
        if self.is_without_room.swap(is_full, Ordering::AcqRel) != is_full {
            match is_full {
                true => tracing::warn!(
                    "the journal is full: what was accepted comes to its end, and nothing new is \
                     accepted until there is room; give the disk more, or raise journal_max"
                ),
                false => tracing::warn!("the journal has room again"),
            }
        }
    }

    pub(super) fn ids(&self) -> &IdSource {
        &self.ids
    }

    pub(super) fn journal(&self) -> &dyn Journal<After> {
        &*self.journal
    }

    /// Waits until all that was handed over to the journal is durable, or never will be.
    pub fn flush(&self) {
        self.journal.flush();
    }

    /// Whether the journal keeps what it is told, so that it can be read again.
    pub fn keeps(&self) -> bool {
        self.journal.holdings().is_some()
    }
}

/// Does the work of one connection: the intake of both sides, one file a step.
pub struct Clerk {
    pub(super) board: Arc<Switchboard>,
    pub(super) accounts: Reader<Accounts>,
    pub(super) carriers: Reader<Carriers>,
    pub(super) routes: Reader<Table>,
    pub(super) inbound: Reader<InboundTable>,
    /// When the ledger was last searched through for this connection.
    pub(super) searched: Moment,
}

impl Clerk {
    /// Requests that an account may have unanswered from us on one bind, and which of its binds
    /// gets receipts.
    pub(super) fn delivered_to(&mut self, account: AccountId) -> (usize, ReceiptBind) {
        let account = self.accounts.table().account(account);
        account.map_or((1, ReceiptBind::Any), |account| {
            (account.deliver_window as usize, account.receipt_bind)
        })
    }
}
