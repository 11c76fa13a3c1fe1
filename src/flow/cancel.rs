//! An ESME takes messages back, as long as no carrier has been sent them.

use super::after::{After, Request};
use super::dispatch::Dispatch;
use super::ledger::{Ending, Entry, Stage};
use super::manage::{is_of, known_by};
use super::switchboard::Clerk;
use super::tell::{Telling, ending_record};
use crate::esme::Seat;
use crate::journal::Record;
use crate::message::{AccountId, CarrierId, MessageId, Times};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use smallvec::SmallVec;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Address, CancelSm};
use smppgate_codec::receipt::State;
use std::sync::Arc;
use std::time::Duration;

/// Messages under way that may be searched through for a sender and a recipient at any time; where
/// there are more, one connection may do so once in [`SEARCH_PAUSE`].
pub(super) const SEARCHED_FREELY: usize = 10_000;

/// See [`SEARCHED_FREELY`].
pub(super) const SEARCH_PAUSE: Duration = Duration::from_secs(1);

impl Clerk {
    /// Takes back one message, all under one id, or all between two numbers: those that no carrier
    /// has been sent. They come to their end as deleted once that is durable. `None` says that the
    /// answer comes later.
    pub(super) fn cancelled(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: Option<MessageId>,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>> {
        let board = self.board.clone();
        if board.has_failed() {
            return Some(Err(Status::ESME_RSYSERR));
        }
        let account = seat.account;
        let found = match id {
            Some(id) => {
                let mut hand = board.ledger.hand();
                known_by(&mut hand, id).into_vec()
            }
            None => match self.between(account, cancel, now) {
                Ok(found) => found,
                Err(status) => return Some(Err(status)),
            },
        };
        let source = NumberMark::of(cancel.source.digits);
        let destination = cancel.destination.digits;
        let destination = (!destination.is_empty()).then(|| NumberMark::of(destination));
        let mut ids: Vec<MessageId> = Vec::new();
        let mut queued: SmallVec<[(CarrierId, Vec<MessageId>); 2]> = SmallVec::new();
        let mut hand = board.ledger.hand();
        for id in found {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            let to = NumberMark::of(entry.content.destination().digits);
            if !is_of(entry, account, source) || destination.is_some_and(|wanted| wanted != to) {
                continue;
            }
            if entry.together().is_some() {
                // It waits as a part of another message, which is not torn apart for it.
                continue;
            }
            match entry.stage {
                Stage::Parked | Stage::Resting | Stage::Behind if !entry.is_in_doubt() => {
                    entry.stage = Stage::Cancelling(CarrierId::NONE);
                    ids.push(id);
                }
                Stage::With(carrier) if !entry.is_in_doubt() => {
                    match queued.iter_mut().find(|(at, _)| *at == carrier) {
                        Some((_, ids)) => ids.push(id),
                        None => queued.push((carrier, vec![id])),
                    }
                }
                _ => {}
            }
        }
        drop(hand);
        for (carrier, waiting) in queued {
            let Some(slot) = self.carriers.table().slot(carrier) else {
                continue;
            };
            // Whoever takes a message out of the queue first has it: this, or a bind that sends it.
            let withdrawn = slot.queue.withdraw(account, &waiting);
            let mut hand = board.ledger.hand();
            for id in waiting.into_iter().filter(|id| withdrawn.contains(id)) {
                if let Some(entry) = hand.entry(id) {
                    entry.stage = Stage::Cancelling(carrier);
                    ids.push(id);
                }
            }
        }
        if ids.is_empty() {
            return Some(Err(Status::ESME_RCANCELFAIL));
        }
        let at = now;
        let deleted = Ending::of(State::Deleted);
        let mut hand = board.ledger.hand();
        let cancelled = ids.iter().map(|id| {
            let entry = hand.entry(*id);
            let asked = entry.map(|entry| entry.content.registered_delivery());
            let told = asked.is_some_and(|asked| asked.wants_final(false));
            ending_record(*id, &deleted, told, at)
        });
        let records: SmallVec<[Record<'_>; 4]> = cancelled.collect();
        drop(hand);
        let request = Request {
            seat: seat.clone(),
            command: Command::CANCEL_SM,
            sequence,
            at,
        };
        self.carried_out(&records, After::Cancelled { request, ids })
    }

    /// It is durable that these are taken back: they come to their end.
    pub(super) fn gone(&mut self, ids: Vec<MessageId>, now: Moment) -> Result<(), Status> {
        let board = self.board.clone();
        let mut telling = Telling::default();
        let mut hand = board.ledger.hand();
        let mut count = 0;
        for id in ids {
            let is_cancelled = |entry: &&mut Entry| matches!(entry.stage, Stage::Cancelling(_));
            if hand.entry(id).filter(is_cancelled).is_some()
                && let Some(entry) = hand.remove(id)
            {
                telling.ended(id, entry, Ending::of(State::Deleted), now);
                count += 1;
            }
        }
        drop(hand);
        board.counters.cancelled.add(count);
        self.tell(telling);
        self.next_in_order();
        Ok(())
    }

    /// It cannot be made durable that these are taken back: they go on.
    pub(super) fn not_gone(&mut self, ids: Vec<MessageId>) -> Result<(), Status> {
        let board = self.board.clone();
        let mut dispatch = Dispatch::default();
        let mut behind = Vec::new();
        let mut hand = board.ledger.hand();
        for id in ids {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            match entry.stage {
                Stage::Cancelling(CarrierId::NONE) => {
                    let day = Duration::from_secs(24 * 3_600);
                    let times = Times::of(&entry.content, id.accepted(), day, day);
                    let due = times.map_or(Moment::default(), |times| times.due);
                    if due > Moment::default() {
                        entry.stage = Stage::Resting;
                        board.agenda.lock().note(due, id);
                        continue;
                    }
                    if entry.ordered {
                        entry.stage = Stage::Behind;
                        behind.push(id);
                        continue;
                    }
                    entry.stage = Stage::Parked;
                    let first = entry.untried().next().unwrap_or(entry.via[0]);
                    dispatch.park(first, id, Status::ESME_RSYSERR);
                }
                Stage::Cancelling(carrier) => {
                    entry.stage = Stage::With(carrier);
                    dispatch.add(carrier, id, entry);
                }
                _ => {}
            }
        }
        drop(hand);
        self.dispatch(dispatch);
        self.line_up(&behind);
        Err(Status::ESME_RSYSERR)
    }

    /// The messages under way of this account between these two numbers. All of the ledger is
    /// looked through for them.
    fn between(
        &mut self,
        account: AccountId,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Result<Vec<MessageId>, Status> {
        if cancel.destination.digits.is_empty() {
            return Err(Status::ESME_RINVDSTADR);
        }
        if self.board.ledger.len() > SEARCHED_FREELY {
            if now < self.searched + SEARCH_PAUSE {
                return Err(Status::ESME_RTHROTTLED);
            }
            self.searched = now;
        }
        let is_between = |entry: &Entry| {
            let content = &entry.content;
            entry.account() == account
                && same(content.written_source(), cancel.source)
                && same(content.destination(), cancel.destination)
                && (cancel.service_type.is_empty() || content.service_type() == cancel.service_type)
        };
        Ok(self.board.ledger.find(is_between))
    }
}

fn same(one: Address<'_>, other: Address<'_>) -> bool {
    NumberMark::of(one.digits) == NumberMark::of(other.digits)
}
