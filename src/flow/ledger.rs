//! Every message that is under way: whose it is, where it may go, and what has been tried.
//!
//! Plain values in shards, each behind a lock that is taken once for a run of messages: ids that
//! were taken together lie together.

use super::ordered::Turn;
use super::shelf::Shelf;
use super::tries::{Attempt, Tries};
use super::via::Via;
use super::way::Way;
use crate::carrier::SegmentReceipts;
use crate::esme::{Multi, Promise, Seat};
use crate::message::{
    AccountId, AckMode, CarrierId, Content, MessageId, OnUnknown, UnknownOutcome,
};
use crate::moment::Moment;
use parking_lot::{Mutex, MutexGuard};
use smppgate_codec::code::Status;
use smppgate_codec::pdu::NetworkErrorCode;
use smppgate_codec::receipt::State;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Places for messages under way; what comes on top is refused as a full queue. A message takes
/// a quarter of a KiB besides its PDU.
pub const UNDER_WAY_MAX: usize = 2_000_000;

/// A power of two: enough that two cores rarely meet.
const SHARDS: usize = 16;

/// Sendings with an unknown outcome that are followed by another one, with `resend`.
const RESENT_MAX: u8 = 5;

/// Binds that are lost with a message in flight, after which it is given to nobody any more. After
/// the first it travels beside no other one that is suspected, and before the last one alone.
pub const LOSSES_MAX: u8 = 3;

/// One message under way. There may be millions: what few of them have lies apart.
#[derive(Debug)]
pub struct Entry {
    /// The connection that submitted it.
    pub seat: Arc<Seat>,
    /// The PDU as received.
    pub content: Content,
    /// Its number among those of its connection.
    pub ordinal: u64,
    /// Its sequence_number.
    pub sequence: u32,
    /// When its sender is told that it is accepted.
    pub ack: AckMode,
    /// What its sender hears if the carrier's verdict does not come.
    pub on_unknown: OnUnknown,
    /// Whether its submit_sm has been answered.
    pub answered: bool,
    /// Whether the journal was given it though it is not answered yet: a carrier's verdict about it
    /// is kept, or on its way there.
    pub is_kept: bool,
    /// Whether it still takes room of its account: until a carrier has it.
    pub has_room: bool,
    /// Where it is.
    pub stage: Stage,
    /// It does not leave then, nor later.
    pub until: Moment,
    /// What becomes of it when the outcome of its sending is unknown.
    pub unknown: UnknownOutcome,
    /// Carriers that may carry it, in the order to try them.
    pub via: Via,
    /// Whether it goes after those that were accepted before it, between the same two numbers.
    pub ordered: bool,
    /// When the carrier took it that has it, if it was the first that was tried: milliseconds after
    /// it was accepted, seven weeks at most.
    pub(super) taken_after: u32,
    pub(super) tries: Option<Box<Tries>>,
    pub(super) ties: Option<Box<Ties>>,
}

/// What ties a message to others, or its parts to it.
#[derive(Debug, Default)]
pub struct Ties {
    /// The submit_multi that it is one destination of.
    pub multi: Option<Arc<Multi>>,
    /// If it is a segment: the way of all segments of its message.
    pub way: Option<Arc<Way>>,
    /// If it is ordered: its place, from when its time has come until it has left doubt.
    pub turn: Option<Turn>,
    /// If it leaves in several parts: what has been reported of them.
    pub parts: Option<Parts>,
    /// If it left as one with others, segments of the same message: all of them.
    pub together: Option<Arc<[MessageId]>>,
}

/// What has been reported of the parts of a message.
#[derive(Debug, Default)]
pub struct Parts {
    /// Parts that were delivered.
    delivered: usize,
    /// Parts that reports may come of, once the carrier has all of them.
    total: Option<usize>,
    /// What the whole has come to.
    ending: Option<Ending>,
    /// Our ids of the reports of parts that have come.
    pub reports: Vec<MessageId>,
}

/// What a carrier has reported of the end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Its state.
    pub state: State,
    /// The error that came with it, 0 for none.
    pub error: u16,
    /// network_error_code, if one came.
    pub network_error: Option<NetworkErrorCode>,
}

impl Ending {
    /// An end about which nothing more is known.
    pub fn of(state: State) -> Self {
        Self {
            state,
            error: 0,
            network_error: None,
        }
    }
}

impl Parts {
    /// A part has come to its end. Which of them speak for the whole is the policy of the carrier.
    pub fn reported(&mut self, ending: Ending, policy: SegmentReceipts) {
        let is_delivered = matches!(ending.state, State::Delivered | State::Accepted);
        self.delivered += usize::from(is_delivered);
        if !is_delivered || policy != SegmentReceipts::Each || self.total == Some(self.delivered) {
            self.ending.get_or_insert(ending);
        }
    }

    /// The carrier has all parts, and reports may come of so many.
    pub fn all(&mut self, total: usize) {
        self.total = Some(total);
        if total > 0 && self.delivered >= total {
            self.ending.get_or_insert(Ending::of(State::Delivered));
        }
    }

    /// What the whole has come to, if that is known.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for a carrier to be bound.
    Parked,
    /// It waits for its time.
    Resting,
    /// It waits for its turn, behind another message.
    Behind,
    /// It waits for this carrier, or has been sent to it and not been answered.
    With(CarrierId),
    /// Its sender takes it back: it waits nowhere, and for the journal alone. Which
    /// carrier it waited for before, or none.
    Cancelling(CarrierId),
    /// Whether a carrier has it is not known.
    Held(CarrierId),
    /// This carrier has it; its report is awaited.
    Taken(CarrierId),
}

/// What an entry begins with.
pub struct Opened {
    /// The connection that submitted it.
    pub seat: Arc<Seat>,
    /// The PDU as received.
    pub content: Content,
    /// When its sender is told that it is accepted.
    pub ack: AckMode,
    /// Where it is.
    pub stage: Stage,
    /// It does not leave then, nor later.
    pub until: Moment,
    /// Carriers that may carry it, in the order to try them.
    pub via: Via,
}

impl Entry {
    /// A message of which nothing has been tried, and which is answered already unless it waits
    /// for the verdict of a carrier.
    pub fn new(opened: Opened) -> Self {
        let Opened {
            seat,
            content,
            ack,
            stage,
            until,
            via,
        } = opened;
        Self {
            seat,
            content,
            ordinal: 0,
            sequence: 0,
            ack,
            on_unknown: OnUnknown::default(),
            answered: ack == AckMode::Stored,
            is_kept: false,
            has_room: true,
            stage,
            until,
            unknown: UnknownOutcome::Hold,
            via,
            ordered: false,
            taken_after: 0,
            tries: None,
            ties: None,
        }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.seat.account
    }

    /// What ties it to others, or its parts to it, to be changed.
    pub fn ties_mut(&mut self) -> &mut Ties {
        self.ties.get_or_insert_default()
    }

    /// The submit_multi that it is one destination of.
    pub fn multi(&self) -> Option<&Arc<Multi>> {
        self.ties.as_ref()?.multi.as_ref()
    }

    /// Its place among those of its two numbers, if it is ordered.
    pub fn turn(&self) -> Option<&Turn> {
        self.ties.as_ref()?.turn.as_ref()
    }

    /// What has been reported of its parts, if it leaves in several.
    pub fn parts(&self) -> Option<&Parts> {
        self.ties.as_ref()?.parts.as_ref()
    }

    /// Where it is, and what has been reported of its parts, to be added to.
    pub fn stage_and_parts(&mut self) -> Option<(Stage, &mut Parts)> {
        Some((self.stage, self.ties.as_mut()?.parts.as_mut()?))
    }

    /// The messages that it left as one with.
    pub fn together(&self) -> Option<&Arc<[MessageId]>> {
        self.ties.as_ref()?.together.as_ref()
    }

    /// Those behind it may go.
    pub fn give_up_turn(&mut self) {
        if let Some(ties) = &mut self.ties {
            ties.turn = None;
        }
    }

    /// What was reported of its parts, if it left in several: that does not count any more.
    pub fn give_up_parts(&mut self) -> Option<Parts> {
        self.ties.as_mut()?.parts.take()
    }

    /// It stands alone again.
    pub fn part_company(&mut self) {
        if let Some(ties) = &mut self.ties {
            ties.together = None;
        }
    }

    /// Whether its sender wants to hear anything of what becomes of it.
    pub fn wants_report(&self) -> bool {
        self.content.registered_delivery().0 & 0x13 != 0
    }

    /// A carrier has taken it, which is ours under this id.
    pub fn taken(&mut self, id: MessageId, carrier: CarrierId, at: Moment) {
        let after = at.millis().saturating_sub(id.accepted().millis());
        self.taken_after = u32::try_from(after).unwrap_or(u32::MAX);
        self.stage = Stage::Taken(carrier);
        if let Some(tries) = &mut self.tries {
            tries.add(Attempt {
                carrier,
                at,
                status: Some(Status::ESME_ROK),
            });
        }
    }

    /// What has been tried, unless the first carrier has taken it.
    pub fn tries(&self) -> &Tries {
        static NONE: Tries = Tries::NONE;
        self.tries.as_deref().unwrap_or(&NONE)
    }

    /// The same, to be added to.
    pub fn tries_mut(&mut self) -> &mut Tries {
        self.tries.get_or_insert_default()
    }

    /// What has been tried of what is ours under this id, the last of it.
    pub fn attempts(&self, id: MessageId) -> Vec<Attempt> {
        match (&self.tries, self.stage) {
            (Some(tries), _) => tries.attempts().to_vec(),
            (None, Stage::Taken(carrier)) => vec![Attempt {
                carrier,
                at: id.accepted() + Duration::from_millis(self.taken_after.into()),
                status: Some(Status::ESME_ROK),
            }],
            (None, _) => Vec::new(),
        }
    }

    /// Whether it is sent once more though a carrier may have it. What has left in parts, or as a
    /// part of another message, is held: a carrier may have some of it, and reports of that would
    /// speak for the whole.
    pub fn may_be_resent(&self) -> bool {
        match self.unknown {
            _ if self.parts().is_some() || self.together().is_some() => false,
            UnknownOutcome::Hold => false,
            UnknownOutcome::ResendOnce => self.tries().unknowns <= 1,
            UnknownOutcome::Resend => self.tries().unknowns <= RESENT_MAX,
        }
    }

    /// Whether it leaves only once it is durable that it does: after a crash nobody would know else
    /// that it must not leave again.
    pub fn is_noted_first(&self) -> bool {
        self.unknown == UnknownOutcome::Hold
    }

    /// Whether it waits for nothing but one report, and nothing but what is kept of it is needed
    /// then.
    pub fn may_be_laid_down(&self) -> bool {
        matches!(self.stage, Stage::Taken(_))
            && self.answered
            && self.parts().is_none()
            && self.together().is_none()
            && !self.is_in_doubt()
    }

    /// Whether it has been sent somewhere, and it is not known what has become of that.
    pub fn is_in_doubt(&self) -> bool {
        self.tries().doubts > 0
    }

    /// Who may be given it next, of those for whom this holds: the carrier of the other segments
    /// of its message, if it is one, else the first that has not been tried.
    pub fn next_carrier(&self, mut may: impl FnMut(CarrierId) -> bool) -> Option<CarrierId> {
        let way = self.ties.as_ref().and_then(|ties| ties.way.as_ref());
        let taken = way.map(|way| way.carrier());
        let same = self.untried().find(|carrier| Some(*carrier) == taken);
        let next = same
            .filter(|carrier| may(*carrier))
            .or_else(|| self.untried().find(|carrier| may(*carrier)))?;
        if let Some(way) = way {
            way.take(next);
        }
        Some(next)
    }

    /// The id that its sender knows it by.
    pub fn shown(&self, id: MessageId) -> MessageId {
        self.multi().map_or(id, |multi| multi.id)
    }

    /// What its receipts wait for.
    pub fn promise(&self) -> Promise {
        let promises = self.seat.promises.clone();
        match self.multi() {
            None => Promise::so_far(promises),
            Some(multi) => Promise::of_multi(promises, multi.clone()),
        }
    }

    /// The carriers that have not been tried yet, in order.
    pub fn untried(&self) -> impl Iterator<Item = CarrierId> {
        let tries = self.tries();
        let is_tried = |carrier| self.stage == Stage::Taken(carrier) || tries.holds(carrier);
        let via = self.via.iter().copied();
        via.filter(move |carrier| !is_tried(*carrier))
    }
}

/// All messages under way.
#[derive(Debug)]
pub struct Ledger {
    shards: [Mutex<Shelf<Entry>>; SHARDS],
    count: AtomicUsize,
    places: AtomicUsize,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            count: AtomicUsize::new(0),
            places: AtomicUsize::new(0),
        }
    }
}

impl Ledger {
    /// Messages under way.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places that the messages under way take.
    pub fn places(&self) -> usize {
        self.places.load(Ordering::Relaxed)
    }

    /// Adds messages.
    pub fn open(&self, entries: impl IntoIterator<Item = (MessageId, Entry)>) {
        let mut hand = Hand::new(self);
        for (id, entry) in entries {
            // Counted before it can be found: whoever takes it out counts it off again.
            let places = entry.content.places();
            self.count.fetch_add(1, Ordering::Relaxed);
            self.places.fetch_add(places, Ordering::Relaxed);
            entry.seat.under_way.fetch_add(places, Ordering::Relaxed);
            hand.shard(id).insert(id, entry);
        }
    }

    /// A hand that goes from one message to the next and holds one shard at a time.
    pub fn hand(&self) -> Hand<'_> {
        Hand::new(self)
    }

    /// Walks through one shard; `keep` says which entries stay. For housekeeping.
    pub fn walk(
        &self,
        shard: usize,
        mut gone: impl FnMut(&MessageId, &Entry) -> bool,
    ) -> Vec<(MessageId, Entry)> {
        let mut shard = self.shards[shard % SHARDS].lock();
        let mut removed = shard.take_out(|id, entry| gone(&id, entry));
        drop(shard);
        // The oldest come first.
        removed.sort_unstable_by_key(|(id, _)| *id);
        let places = removed.iter().map(|(_, entry)| give_back(entry)).sum();
        self.count.fetch_sub(removed.len(), Ordering::Relaxed);
        self.places.fetch_sub(places, Ordering::Relaxed);
        removed
    }

    /// The messages for which this holds; all are looked at, one shard after the other.
    pub fn find(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<MessageId> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let wanted = shard.iter().filter(|(_, entry)| is_wanted(entry));
            found.extend(wanted.map(|(id, _)| id));
        }
        found.sort_unstable();
        found
    }

    /// A message of this connection takes another number of places than before.
    pub fn resize(&self, seat: &Seat, before: usize, after: usize) {
        seat.under_way.fetch_add(after, Ordering::Relaxed);
        seat.under_way.fetch_sub(before, Ordering::Relaxed);
        self.places.fetch_add(after, Ordering::Relaxed);
        self.places.fetch_sub(before, Ordering::Relaxed);
    }

    /// How many shards [`Ledger::walk`] has to go through.
    pub fn shards(&self) -> usize {
        SHARDS
    }
}

/// Gives the places of a message back to its account. How many they were.
fn give_back(entry: &Entry) -> usize {
    let places = entry.content.places();
    entry.seat.under_way.fetch_sub(places, Ordering::Relaxed);
    places
}

/// Holds the lock of the shard of the message that was looked up last.
pub struct Hand<'a> {
    ledger: &'a Ledger,
    held: Option<(usize, MutexGuard<'a, Shelf<Entry>>)>,
    removed: usize,
    removed_places: usize,
}

impl<'a> Hand<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            held: None,
            removed: 0,
            removed_places: 0,
        }
    }

    fn shard(&mut self, id: MessageId) -> &mut Shelf<Entry> {
        let wanted = id.spread() as usize % SHARDS;
        let ledger = self.ledger;
        // The lock that is held goes before the next is taken: no order of locks to keep.
        let held = match self.held.take() {
            Some((at, guard)) if at == wanted => (at, guard),
            other => {
                drop(other);
                (wanted, ledger.shards[wanted].lock())
            }
        };
        &mut self.held.insert(held).1
    }

    /// The message, if it is under way.
    pub fn entry(&mut self, id: MessageId) -> Option<&mut Entry> {
        self.shard(id).held(id)
    }

    /// Takes the message out: it has come to its end.
    pub fn remove(&mut self, id: MessageId) -> Option<Entry> {
        let removed = self.shard(id).remove(id);
        if let Some(entry) = &removed {
            self.removed += 1;
            self.removed_places += give_back(entry);
        }
        removed
    }
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        let Ledger { count, places, .. } = self.ledger;
        if self.removed > 0 {
            count.fetch_sub(self.removed, Ordering::Relaxed);
            places.fetch_sub(self.removed_places, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_millions_of_messages() {
        assert_eq!(size_of::<Entry>(), 120);
    }
}
