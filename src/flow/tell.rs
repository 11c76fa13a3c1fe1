//! What ESMEs are told: responses, and the end of their messages.

use super::ledger::{Ending, Entry};
use super::remembered::Memory;
use super::switchboard::Clerk;
use crate::esme::{Answer, Delivery, Parcel, Receipt, Seat};
use crate::message::{AccountId, MessageId};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;
use std::sync::Arc;

/// What a batch of steps has to tell, gathered while the ledger is held and told afterwards.
#[derive(Debug, Default)]
pub(super) struct Telling {
    seats: SmallVec<[(Arc<Seat>, Vec<Answer>); 4]>,
    deliveries: SmallVec<[(AccountId, Vec<Delivery>); 2]>,
    closed: SmallVec<[(AccountId, usize); 2]>,
    opened: SmallVec<[(AccountId, usize); 2]>,
    remembered: SmallVec<[(MessageId, Memory); 4]>,
    learned: SmallVec<[(MessageId, State, u16, Moment); 4]>,
    accepted: usize,
    refused: usize,
    delivered: usize,
    undelivered: usize,
}

impl Telling {
    /// The ESME is told the verdict about a message.
    pub fn answer(&mut self, id: MessageId, entry: &mut Entry, status: Status) {
        entry.answered = true;
        if status.is_ok() {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        let numbers = (entry.ordinal, entry.sequence);
        let answer = Answer::new(entry.multi.as_deref(), numbers, &entry.content, status, id);
        let Some(answer) = answer else { return };
        match self
            .seats
            .iter_mut()
            .find(|(seat, _)| Arc::ptr_eq(seat, &entry.seat))
        {
            Some((_, answers)) => answers.push(answer),
            None => self.seats.push((entry.seat.clone(), vec![answer])),
        }
    }

    /// A message has come to its end, and its sender gets the receipt that it asked for.
    pub fn end(&mut self, id: MessageId, entry: Entry, ending: Ending, now: Moment) {
        let Ending {
            state,
            error,
            network_error,
        } = ending;
        // Accepted on behalf of the subscriber is as good as it gets where it is the last word.
        self.remember(id, &entry, state, error, Some(now));
        let delivered = matches!(state, State::Delivered | State::Accepted);
        if delivered {
            self.delivered += 1;
        } else {
            self.undelivered += 1;
        }
        if !entry.content.registered_delivery().wants_final(delivered) {
            return self.forget(&entry);
        }
        if !entry.has_room {
            self.take_again(entry.account, entry.content.places());
        }
        let after = Some(entry.promise());
        let receipt = Receipt {
            shown: entry.shown(id),
            content: entry.content,
            done: now,
            state,
            last: true,
            error,
            network_error,
        };
        self.deliver(Delivery {
            id,
            account: entry.account,
            parcel: Parcel::Receipt(receipt),
            since: now,
            after,
            tries: 0,
        });
    }

    /// A message leaves the ledger; its sender may still ask for it.
    pub fn remember(
        &mut self,
        id: MessageId,
        entry: &Entry,
        state: State,
        error: u16,
        ended: Option<Moment>,
    ) {
        let memory = Memory {
            account: entry.account,
            shown: entry.shown(id),
            source: NumberMark::of(entry.content.written_source().digits),
            state,
            error,
            ended,
        };
        self.remembered.push((id, memory));
    }

    /// A carrier has reported about a message that has left the ledger.
    pub fn learn(&mut self, id: MessageId, state: State, error: u16, now: Moment) {
        self.learned.push((id, state, error, now));
    }

    /// A message is on its way, and its sender asked to be told that, too.
    pub fn on_the_way(&mut self, id: MessageId, entry: &Entry, state: State, now: Moment) {
        if !entry.content.registered_delivery().wants_intermediate() {
            return;
        }
        let receipt = Receipt {
            content: entry.content.clone(),
            shown: entry.shown(id),
            done: now,
            state,
            last: false,
            error: 0,
            network_error: None,
        };
        self.deliver(Delivery {
            id,
            account: entry.account,
            parcel: Parcel::Receipt(receipt),
            since: now,
            after: Some(entry.promise()),
            tries: 0,
        });
    }

    /// Something is to be delivered.
    pub fn deliver(&mut self, delivery: Delivery) {
        let account = delivery.account;
        match self
            .deliveries
            .iter_mut()
            .find(|(other, _)| *other == account)
        {
            Some((_, batch)) => batch.push(delivery),
            None => self.deliveries.push((account, vec![delivery])),
        }
    }

    /// Nothing more will be told about a message: its room is free.
    pub fn forget(&mut self, entry: &Entry) {
        if entry.has_room {
            self.give_back(entry.account, entry.content.places());
        }
    }

    /// A carrier has the message: until its report comes it takes no room of its account.
    pub fn taken(&mut self, entry: &mut Entry) {
        self.forget(entry);
        entry.has_room = false;
    }

    /// Places of an account are free.
    pub fn give_back(&mut self, account: AccountId, places: usize) {
        count(&mut self.closed, account, places);
    }

    fn take_again(&mut self, account: AccountId, places: usize) {
        count(&mut self.opened, account, places);
    }
}

fn count(sums: &mut SmallVec<[(AccountId, usize); 2]>, account: AccountId, places: usize) {
    match sums.iter_mut().find(|(other, _)| *other == account) {
        Some((_, sum)) => *sum += places,
        None => sums.push((account, places)),
    }
}

impl Clerk {
    /// Tells all of it; responses go before receipts.
    pub(super) fn tell(&mut self, telling: Telling) {
        let counters = &self.board.counters;
        counters.accepted.add(telling.accepted);
        counters.refused.add(telling.refused);
        counters.delivered.add(telling.delivered);
        counters.undelivered.add(telling.undelivered);
        if !telling.remembered.is_empty() || !telling.learned.is_empty() {
            let mut remembered = self.board.remembered.lock();
            for (id, memory) in telling.remembered {
                remembered.keep(id, memory);
            }
            for (id, state, error, at) in telling.learned {
                remembered.learn(id, state, error, at);
            }
        }
        for (seat, answers) in telling.seats {
            seat.answer(answers);
        }
        for (account, places) in telling.opened {
            self.board.roster.desk(account).open_anyway(places);
        }
        for (account, deliveries) in telling.deliveries {
            let (window, bind) = self.delivered_to(account);
            let desk = self.board.roster.desk(account);
            desk.deliver(deliveries, window, bind);
        }
        for (account, count) in telling.closed {
            self.board.roster.desk(account).close(count);
        }
    }
}
