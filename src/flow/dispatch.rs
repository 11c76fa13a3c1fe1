//! Messages go to the queues of their carriers, or wait until one of those is bound.

use super::ledger::{Entry, LOSSES_MAX, Stage};
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Company, Note, Waiting};
use crate::message::{AckMode, CarrierId, MessageId};
use crate::route::{Choice, Query};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use std::collections::VecDeque;

/// Messages parked that are looked at in one go.
const RETRIED_AT_ONCE: usize = 10_000;

/// Messages that are ready to go, by carrier.
#[derive(Debug, Default)]
pub(super) struct Dispatch {
    ready: SmallVec<[(CarrierId, Vec<Waiting>); 2]>,
    again: Vec<(CarrierId, Waiting)>,
    parked: Vec<(CarrierId, MessageId, Status)>,
}

impl Dispatch {
    /// This message goes to this carrier.
    pub fn add(&mut self, carrier: CarrierId, id: MessageId, entry: &Entry) {
        let waiting = waiting(id, entry);
        match self.ready.iter_mut().find(|(other, _)| *other == carrier) {
            Some((_, batch)) => batch.push(waiting),
            None => self.ready.push((carrier, vec![waiting])),
        }
    }

    /// This message goes out to the carrier that has throttled it once more, in its old place.
    pub fn again(&mut self, carrier: CarrierId, id: MessageId, entry: &Entry) {
        self.again.push((carrier, waiting(id, entry)));
    }

    /// This message waits until a carrier is bound; `first` is the one that it would go to first.
    /// If its ESME waits for a verdict, this is the verdict instead.
    pub fn park(&mut self, first: CarrierId, id: MessageId, verdict: Status) {
        self.parked.push((first, id, verdict));
    }
}

fn waiting(id: MessageId, entry: &Entry) -> Waiting {
    Waiting {
        note: match entry.ack {
            AckMode::Carrier => Note::Never,
            AckMode::Stored if entry.is_noted_first() => Note::Before,
            AckMode::Stored => Note::Beside,
        },
        company: match entry.tries().losses {
            0 => Company::Any,
            losses if losses + 1 < LOSSES_MAX => Company::Unsuspected,
            _ => Company::Nobody,
        },
        ..Waiting::new(id, entry.account(), entry.content.clone(), entry.until)
    }
}

impl Clerk {
    pub(super) fn dispatch(&mut self, dispatch: Dispatch) {
        let Dispatch {
            ready,
            again,
            mut parked,
        } = dispatch;
        for (carrier, waiting) in again {
            let batch = self.gathered(carrier, vec![waiting]);
            if let Some(slot) = self.carriers.table().slot(carrier) {
                slot.queue.put_in_order(batch);
            }
        }
        for (carrier, batch) in ready {
            let mut batch = self.gathered(carrier, batch);
            if let Some(slot) = self.carriers.table().slot(carrier) {
                slot.queue.push(&mut batch);
            }
            // The queue has filled up since it was looked at.
            let left = self.board.all_of(batch.iter().map(|waiting| waiting.id));
            let left = left.into_iter();
            parked.extend(left.map(|id| (carrier, id, Status::ESME_RMSGQFUL)));
        }
        if !parked.is_empty() {
            self.park(parked);
        }
    }

    /// Lets messages wait until one of their carriers is bound; those whose ESMEs wait for a
    /// verdict are answered instead, and never sent.
    fn park(&mut self, parked: Vec<(CarrierId, MessageId, Status)>) {
        let board = self.board.clone();
        let mut telling = Telling::default();
        let mut waiting = Vec::with_capacity(parked.len());
        let mut hand = board.ledger.hand();
        for (first, id, verdict) in parked {
            match hand.entry(id) {
                // Its sender has taken it back in this moment.
                Some(entry) if matches!(entry.stage, Stage::Cancelling(_)) => {}
                Some(entry) if entry.answered => {
                    entry.stage = Stage::Parked;
                    waiting.push((first, (id, entry.until)));
                }
                Some(_) => {
                    if let Some(mut entry) = hand.remove(id) {
                        telling.answer(id, &mut entry, verdict);
                        telling.forget(&entry);
                    }
                }
                None => {}
            }
        }
        drop(hand);
        let mut parked = board.parked.lock();
        waiting
            .into_iter()
            .for_each(|(first, waits)| parked.push(first, waits));
        drop(parked);
        self.tell(telling);
    }

    /// Looks at those who wait for a carrier to be bound: whoever can go, goes.
    pub fn retry(&mut self) {
        let waiting = self.board.parked.lock().take();
        let carriers = self.carriers.table().clone();
        let routes = self.routes.table().clone();
        let board = self.board.clone();
        let mut dispatch = Dispatch::default();
        let mut room: SmallVec<[(CarrierId, usize); 4]> = SmallVec::new();
        for (first, mut ids) in waiting {
            let mut left = VecDeque::new();
            let mut hand = board.ledger.hand();
            for (id, until) in ids.drain(..ids.len().min(RETRIED_AT_ONCE)) {
                let parked = hand.entry(id).filter(|entry| entry.stage == Stage::Parked);
                let Some(entry) = parked else {
                    continue;
                };
                // It goes where the routes in force now would send it.
                let query = Query {
                    account: entry.account(),
                    source: entry.content.source().digits,
                    destination: entry.content.destination().digits,
                };
                let choice = routes.choose_one(&query);
                if let Choice::Via(_) = choice {
                    entry.via = routes
                        .candidates(choice)
                        .iter()
                        .map(|one| one.carrier)
                        .collect();
                }
                let next = entry.next_carrier(|carrier| take_room(&mut room, &carriers, carrier));
                match next {
                    Some(carrier) => {
                        entry.stage = Stage::With(carrier);
                        dispatch.add(carrier, id, entry);
                    }
                    None => left.push_back((id, until)),
                }
            }
            drop(hand);
            // Those who were looked at in vain go behind the others: a long row that cannot go
            // does not hide who could.
            ids.append(&mut left);
            board.parked.lock().put_back(first, ids);
        }
        self.dispatch(dispatch);
    }
}

/// Takes one place in the queue of a carrier that is bound, both as they were when first looked at:
/// if it is bound in the middle of all this, those at the end do not go before those at the front.
fn take_room(
    room: &mut SmallVec<[(CarrierId, usize); 4]>,
    carriers: &super::switchboard::Carriers,
    carrier: CarrierId,
) -> bool {
    if !room.iter().any(|(other, _)| *other == carrier) {
        let bound = carriers
            .slot(carrier)
            .filter(|_| carriers.is_bound(carrier));
        let free = bound.map_or(0, |slot| {
            crate::carrier::WAITING_MAX.saturating_sub(slot.queue.len())
        });
        room.push((carrier, free));
    }
    match room.iter_mut().find(|(other, _)| *other == carrier) {
        Some((_, free)) if *free > 0 => {
            *free -= 1;
            true
        }
        _ => false,
    }
}
