//! Who is bound: for each account its connections, and what waits while there is none.

use super::account::ReceiptBind;
use super::allowance::Allowance;
use super::delivery::Delivery;
use super::seat::Seat;
use crate::message::AccountId;
use crate::moment::Moment;
use dashmap::DashMap;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Places of one account, for its messages that no carrier has yet and for what is to be delivered
/// to it. Beyond that it is refused more: an account that does not take its receipts uses up its
/// own room and nobody else's.
pub const OPEN_MAX: usize = 250_000;

/// Deliveries left in the box of one connection, as a multiple of its window; what comes on top
/// waits for any connection of the account.
const BOX_WINDOWS: usize = 4;

/// The bound connections of all accounts.
#[derive(Debug, Default)]
pub struct Roster {
    desks: DashMap<AccountId, Arc<Desk>, foldhash::fast::RandomState>,
}

/// The connections of one account, and what waits for them.
#[derive(Debug, Default)]
pub struct Desk {
    seats: Mutex<Seats>,
    /// What no connection has room for, the oldest first.
    backlog: Mutex<VecDeque<Delivery>>,
    backlog_count: AtomicUsize,
    /// What is tried again, and when.
    later: Mutex<Vec<(Moment, Delivery)>>,
    /// What its binds together may still submit.
    allowance: Mutex<Allowance>,
    open: AtomicUsize,
    under_way: Arc<AtomicUsize>,
    /// In place of connections that were there before this process.
    gone: OnceLock<Arc<Seat>>,
}

#[derive(Debug, Default)]
struct Seats {
    all: Vec<Arc<Seat>>,
    /// Whose turn it is to be given something that no connection has a claim on.
    turn: usize,
}

impl Roster {
    /// The desk of an account; it is set up at first use.
    pub fn desk(&self, account: AccountId) -> Arc<Desk> {
        if let Some(desk) = self.desks.get(&account) {
            return desk.clone();
        }
        self.desks.entry(account).or_default().clone()
    }

    /// All desks in the order of their accounts, for counting and housekeeping.
    pub fn desks(&self) -> Vec<(AccountId, Arc<Desk>)> {
        let desks = self.desks.iter();
        let mut desks: Vec<_> = desks
            .map(|entry| (*entry.key(), entry.value().clone()))
            .collect();
        desks.sort_unstable_by_key(|(account, _)| *account);
        desks
    }

    /// Every bound connection.
    pub fn seats(&self) -> Vec<Arc<Seat>> {
        let desks = self.desks();
        desks
            .iter()
            .flat_map(|(_, desk)| desk.seats.lock().all.clone())
            .collect()
    }
}

impl Desk {
    /// A connection has bound. False if the account holds as many binds as it may.
    pub fn sit(&self, seat: &Arc<Seat>, binds_max: usize) -> bool {
        let mut seats = self.seats.lock();
        if seats.all.len() >= binds_max {
            return false;
        }
        seats.all.push(seat.clone());
        true
    }

    /// A connection is about to go: another may have its seat.
    pub fn free(&self, seat: &Seat) {
        self.seats
            .lock()
            .all
            .retain(|other| other.number != seat.number);
    }

    /// A connection has gone. What was left for it and not delivered goes first in the backlog, but
    /// for notifications on the way: those are news or nothing.
    pub fn leave(&self, seat: &Seat, mut undelivered: Vec<Delivery>) {
        self.free(seat);
        undelivered.extend(seat.leave());
        undelivered.retain(Delivery::ends);
        self.put_back(undelivered);
    }

    /// Hands over deliveries of this account: to the connection that submitted, if it may receive
    /// and has room, else to each of the others in turn, else to the backlog.
    ///
    /// With [`ReceiptBind::Same`] the connection that submitted always has room; how much that
    /// can become is bounded by the places of the account.
    pub fn deliver(&self, deliveries: Vec<Delivery>, deliver_window: usize, bind: ReceiptBind) {
        let room = deliver_window * BOX_WINDOWS;
        let mut rest: VecDeque<Delivery> = deliveries.into();
        let mut hand = Vec::new();
        while let Some(first) = rest.front() {
            let from = first.after.as_ref().map(|promise| promise.connection());
            let same = rest
                .iter()
                .take_while(|other| other.after.as_ref().map(|p| p.connection()) == from)
                .count();
            let room_of_same = match bind {
                ReceiptBind::Any => room,
                ReceiptBind::Same => usize::MAX,
            };
            let Some(seat) = self.seat_for(from, room_of_same, room) else {
                break;
            };
            let room = match Some(seat.number) == from {
                true => room_of_same,
                false => room,
            };
            let count = same.min(room.saturating_sub(seat.waiting()).max(1));
            hand.extend(rest.drain(..count));
            if Some(seat.number) == from {
                // Responses and deliveries of one connection are written in the order in which
                // they were left: there is nothing to wait for.
                hand.iter_mut().for_each(|delivery| {
                    delivery.after.take_if(|promise| promise.is_left());
                });
            }
            if !seat.deliver(&mut hand) {
                // It has gone in this moment: the next look will not find it.
                self.seats
                    .lock()
                    .all
                    .retain(|other| other.number != seat.number);
                hand.drain(..)
                    .rev()
                    .for_each(|delivery| rest.push_front(delivery));
            }
        }
        // A notification on the way is news or nothing: it waits for nobody.
        rest.retain(Delivery::ends);
        if !rest.is_empty() {
            let mut backlog = self.backlog.lock();
            backlog.extend(rest);
            self.backlog_count.store(backlog.len(), Ordering::Release);
            drop(backlog);
            self.ring();
        }
    }

    /// Leaves an alert_notification with one of the connections that can take it, each in its turn.
    /// False if there is none.
    pub fn notify(&self, pdu: &Arc<[u8]>) -> bool {
        let mut seats = self.seats.lock();
        let (turn, count) = (seats.turn, seats.all.len());
        let mut in_turn = (0..count).map(|step| (turn + step) % count);
        let Some(at) = in_turn.find(|&at| seats.all[at].notify(pdu)) else {
            return false;
        };
        seats.turn = at + 1;
        true
    }

    /// What the binds of the account together may still submit; taken once for a batch.
    pub fn allowance(&self) -> MutexGuard<'_, Allowance> {
        self.allowance.lock()
    }

    /// Puts deliveries at the head of the backlog, in their order.
    pub fn put_back(&self, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let mut backlog = self.backlog.lock();
        deliveries
            .into_iter()
            .rev()
            .for_each(|delivery| backlog.push_front(delivery));
        self.backlog_count.store(backlog.len(), Ordering::Release);
        drop(backlog);
        self.ring();
    }

    /// Keeps a delivery that is to be tried again, but not before `due`.
    pub fn deliver_later(&self, due: Moment, delivery: Delivery) {
        self.later.lock().push((due, delivery));
    }

    /// Puts what is due again into the backlog.
    pub fn bring_back(&self, now: Moment) {
        let mut later = self.later.lock();
        if later.is_empty() {
            return;
        }
        let due = later
            .extract_if(.., |(due, _)| *due <= now)
            .map(|(_, delivery)| delivery);
        let due: Vec<Delivery> = due.collect();
        drop(later);
        self.put_back(due);
    }

    /// Takes up to `count` deliveries from the backlog.
    pub fn fetch(&self, count: usize, into: &mut Vec<Delivery>) {
        if count == 0 || self.backlog_count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut backlog = self.backlog.lock();
        let count = count.min(backlog.len());
        into.extend(backlog.drain(..count));
        self.backlog_count.store(backlog.len(), Ordering::Release);
    }

    /// Takes what has waited too long out of the backlog.
    pub fn expire(&self, mut is_expired: impl FnMut(&Delivery) -> bool) -> Vec<Delivery> {
        let mut backlog = self.backlog.lock();
        let mut expired = Vec::new();
        while let Some(first) = backlog.front()
            && is_expired(first)
        {
            expired.extend(backlog.pop_front());
        }
        self.backlog_count.store(backlog.len(), Ordering::Release);
        expired
    }

    /// Deliveries that wait for a connection.
    pub fn backlog(&self) -> usize {
        self.backlog_count.load(Ordering::Acquire)
    }

    /// Deliveries that are to be tried again, but not yet.
    pub fn tried_later(&self) -> usize {
        self.later.lock().len()
    }

    /// Takes `count` places, or as many as are free.
    pub fn open_up(&self, count: usize) -> usize {
        let before = self.open.fetch_add(count, Ordering::AcqRel);
        let granted = OPEN_MAX.saturating_sub(before).min(count);
        if granted < count {
            self.open.fetch_sub(count - granted, Ordering::AcqRel);
        }
        granted
    }

    /// Takes `count` places, or none if fewer are free. Whether it did.
    pub fn open_whole(&self, count: usize) -> bool {
        let granted = self.open_up(count);
        if granted < count {
            self.close(granted);
        }
        granted == count
    }

    /// Takes `count` places whether they are free or not: what is to be told is told.
    pub fn open_anyway(&self, count: usize) {
        self.open.fetch_add(count, Ordering::AcqRel);
    }

    /// Gives places back.
    pub fn close(&self, count: usize) {
        self.open.fetch_sub(count, Ordering::AcqRel);
    }

    /// Places that are taken.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Places that messages of the account take from acceptance to their end.
    pub fn under_way(&self) -> &Arc<AtomicUsize> {
        &self.under_way
    }

    /// A seat for all messages whose connections were there before this process; `account` is that
    /// of the desk.
    pub fn gone(&self, account: AccountId) -> Arc<Seat> {
        let gone = || Arc::new(Seat::gone(account, self.under_way.clone()));
        self.gone.get_or_init(gone).clone()
    }

    /// Bound connections.
    pub fn bound(&self) -> usize {
        self.seats.lock().all.len()
    }

    fn seat_for(&self, from: Option<u64>, room_of_same: usize, room: usize) -> Option<Arc<Seat>> {
        let mut seats = self.seats.lock();
        let has_room = |seat: &&Arc<Seat>| seat.kind.receives() && seat.waiting() < room;
        if let Some(number) = from
            && let Some(seat) = seats.all.iter().find(|seat| seat.number == number)
            && seat.kind.receives()
            && seat.waiting() < room_of_same
        {
            return Some(seat.clone());
        }
        let count = seats.all.len();
        let turn = seats.turn;
        let found = (0..count)
            .map(|step| (turn + step) % count)
            .find(|&at| has_room(&&seats.all[at]));
        found.map(|at| {
            seats.turn = at + 1;
            seats.all[at].clone()
        })
    }

    /// Tells one connection that may receive that the backlog has something; it looks there
    /// whenever it has room anyway.
    fn ring(&self) {
        let seats = self.seats.lock();
        seats
            .all
            .iter()
            .filter(|seat| seat.kind.receives())
            .for_each(|seat| seat.bell.ring());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esme::Occupant;
    use crate::esme::{Parcel, Receipt};
    use crate::message::{Content, MessageId};
    use crate::session::BindKind;
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};
    use smppgate_codec::receipt::State;
    use std::net::{IpAddr, Ipv4Addr};

    const ACME: AccountId = AccountId(1);

    fn receipt(state: State) -> Delivery {
        let mut out = bytes::BytesMut::new();
        Pdu::SubmitSm(Sm::default()).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let (id, since) = (MessageId(7), Moment(0));
        Delivery {
            id,
            account: ACME,
            parcel: Parcel::Receipt(Receipt {
                content: Content::of_sm(&frame, &Sm::default()),
                shown: id,
                done: since,
                state,
                last: state.is_final(),
                error: 0,
                network_error: None,
            }),
            since,
            after: None,
            tries: 0,
        }
    }

    #[test]
    fn a_notification_that_its_connection_did_not_deliver_is_not_told_after_the_end() {
        let desk = Desk::default();
        let occupant = Occupant {
            number: 1,
            account: ACME,
            kind: BindKind::Transceiver,
            tlvs: true,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            since: Moment(0),
        };
        let seat = Arc::new(Seat::new(occupant, Arc::default(), Arc::default()));
        assert!(desk.sit(&seat, 1));
        let both = vec![receipt(State::EnRoute), receipt(State::Delivered)];
        desk.deliver(both, 1, ReceiptBind::Any);
        desk.leave(&seat, Vec::new());
        let mut left = Vec::new();
        desk.fetch(9, &mut left);
        assert_eq!(left.len(), 1);
        assert!(left[0].ends());
    }
}
