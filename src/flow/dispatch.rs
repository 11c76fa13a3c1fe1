//! Messages go to the queues of their carriers, or wait until one of those is bound.

use super::ledger::Stage;
use super::switchboard::Clerk;
use crate::carrier::Waiting;
use crate::message::{CarrierId, Content, MessageId};
use crate::moment::Moment;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Messages parked that are looked at in one go.
const RETRIED_AT_ONCE: usize = 10_000;

/// Messages that are ready to go, by carrier.
#[derive(Debug, Default)]
pub(super) struct Dispatch {
    ready: SmallVec<[(CarrierId, Vec<Waiting>); 2]>,
    parked: Vec<(CarrierId, MessageId)>,
}

impl Dispatch {
    /// This message goes to this carrier.
    pub fn add(&mut self, carrier: CarrierId, id: MessageId, content: Content) {
        let waiting = Waiting { id, content };
        match self.ready.iter_mut().find(|(other, _)| *other == carrier) {
            Some((_, batch)) => batch.push(waiting),
            None => self.ready.push((carrier, vec![waiting])),
        }
    }

    /// This message waits until a carrier is bound; `first` is the one that it would go to first.
    pub fn park(&mut self, first: CarrierId, id: MessageId) {
        self.parked.push((first, id));
    }
}

impl Clerk {
    pub(super) fn dispatch(&mut self, dispatch: Dispatch, _now: Moment) {
        let Dispatch { ready, mut parked } = dispatch;
        for (carrier, mut batch) in ready {
            if let Some(slot) = self.carriers.table().slot(carrier) {
                slot.queue.push(&mut batch);
            }
            // The queue has filled up since it was looked at.
            if !batch.is_empty() {
                let mut hand = self.board.ledger.hand();
                for waiting in &batch {
                    if let Some(entry) = hand.entry(waiting.id) {
                        entry.stage = Stage::Parked;
                    }
                }
                parked.extend(batch.iter().map(|waiting| (carrier, waiting.id)));
            }
        }
        if !parked.is_empty() {
            let mut waiting = self.board.parked.lock();
            parked
                .into_iter()
                .for_each(|(first, id)| waiting.push(first, id));
        }
    }

    /// Looks at those who wait for a carrier to be bound: whoever can go, goes.
    pub fn retry(&mut self, now: Moment) {
        let waiting = self.board.parked.lock().take();
        let carriers = self.carriers.table().clone();
        let board = self.board.clone();
        let mut dispatch = Dispatch::default();
        let mut room: SmallVec<[(CarrierId, usize); 4]> = SmallVec::new();
        for (first, mut ids) in waiting {
            let mut left = VecDeque::new();
            let mut hand = board.ledger.hand();
            for id in ids.drain(..ids.len().min(RETRIED_AT_ONCE)) {
                let Some(entry) = hand.entry(id) else {
                    continue;
                };
                let next = entry.untried().find(|carrier| {
                    carriers.is_bound(*carrier) && take_room(&mut room, &carriers, *carrier)
                });
                match next {
                    Some(carrier) => {
                        entry.stage = Stage::With(carrier);
                        dispatch.add(carrier, id, entry.content.clone());
                    }
                    None => left.push_back(id),
                }
            }
            drop(hand);
            left.append(&mut ids);
            board.parked.lock().put_back(first, left);
        }
        self.dispatch(dispatch, now);
    }
}

/// Takes one place in the queue of a carrier, as it was when first looked at.
fn take_room(
    room: &mut SmallVec<[(CarrierId, usize); 4]>,
    carriers: &super::switchboard::Carriers,
    carrier: CarrierId,
) -> bool {
    if !room.iter().any(|(other, _)| *other == carrier) {
        let free = carriers.slot(carrier).map_or(0, |slot| {
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
