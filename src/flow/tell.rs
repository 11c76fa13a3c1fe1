//! What ESMEs are told: responses, and the end of their messages.

use super::after::After;
use super::ledger::{Ending, Entry};
use super::remembered::Memory;
use super::switchboard::Clerk;
use crate::esme::{Answer, Delivery, Parcel, Receipt, Seat};
use crate::journal::Record;
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
    deliveries: Vec<Delivery>,
    /// Ends that the journal does not know yet: nobody hears of them before it does.
    ends: Vec<End>,
    /// Lives of which nothing has to be kept any longer.
    over: SmallVec<[(MessageId, Moment); 4]>,
    closed: SmallVec<[(AccountId, usize); 2]>,
    opened: SmallVec<[(AccountId, usize); 2]>,
    denied: SmallVec<[(MessageId, Moment); 4]>,
    remembered: SmallVec<[(MessageId, Memory); 4]>,
    learned: SmallVec<[(MessageId, State, u16, Moment); 4]>,
    accepted: usize,
    refused: usize,
    delivered: usize,
    undelivered: usize,
}

/// The end of a message, and what its sender is told of it.
#[derive(Debug)]
struct End {
    id: MessageId,
    ending: Ending,
    at: Moment,
    delivery: Option<Delivery>,
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
        let answer = Answer::new(
            entry.multi().map(|multi| &**multi),
            numbers,
            &entry.content,
            status,
            id,
        );
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

    /// The ESME is told that a message is not accepted: nothing more is told about it. If a part of
    /// it had left, the journal has kept it for that, and is not to keep it any longer.
    pub fn deny(&mut self, id: MessageId, entry: &mut Entry, status: Status, now: Moment) {
        self.answer(id, entry, status);
        self.forget(entry);
        self.close_reports(entry, now);
        self.denied.push((id, now));
    }

    /// A message has come to its end. Once that is durable its sender gets the receipt that it
    /// asked for.
    pub fn end(&mut self, id: MessageId, entry: Entry, ending: Ending, now: Moment) {
        let delivery = self.last_word(id, entry, ending, now);
        self.ends.push(End {
            id,
            ending,
            at: now,
            delivery,
        });
    }

    /// The same where that is durable already.
    pub fn ended(&mut self, id: MessageId, entry: Entry, ending: Ending, now: Moment) {
        let delivery = self.last_word(id, entry, ending, now);
        self.deliveries.extend(delivery);
    }

    /// Nothing more has to be kept of this life.
    pub fn close(&mut self, id: MessageId, now: Moment) {
        self.over.push((id, now));
    }

    /// The receipt of a message that has come to its end, if its sender wants one.
    fn last_word(
        &mut self,
        id: MessageId,
        entry: Entry,
        ending: Ending,
        now: Moment,
    ) -> Option<Delivery> {
        let Ending {
            state,
            error,
            network_error,
        } = ending;
        self.close_reports(&entry, now);
        // Accepted on behalf of the subscriber is as good as it gets where it is the last word.
        self.remember(id, &entry, state, error, Some(now));
        let delivered = matches!(state, State::Delivered | State::Accepted);
        if delivered {
            self.delivered += 1;
        } else {
            self.undelivered += 1;
        }
        if !entry.content.registered_delivery().wants_final(delivered) {
            self.forget(&entry);
            return None;
        }
        if !entry.has_room {
            self.take_again(entry.account(), entry.content.places());
        }
        // What is answered here is left before its receipt, but not promised yet.
        let mut answered = self.seats.iter();
        let its = answered.find(|(seat, _)| Arc::ptr_eq(seat, &entry.seat));
        let about_to_be = its.map_or(0, |(_, answers)| answers.len());
        let after = Some(entry.promise().and(about_to_be));
        let account = entry.account();
        let receipt = Receipt {
            shown: entry.shown(id),
            content: entry.content,
            done: now,
            state,
            last: true,
            error,
            network_error,
        };
        Some(Delivery {
            id,
            account,
            parcel: Parcel::Receipt(receipt),
            since: now,
            after,
            tries: 0,
        })
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
            account: entry.account(),
            shown: entry.shown(id),
            source: NumberMark::of(entry.content.written_source().digits),
            destination: NumberMark::of(entry.content.destination().digits),
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

    /// A message is on its way, and its sender asked to be told that, too. One that is not answered
    /// yet, since not all of it has left, has no id that its sender could know.
    pub fn on_the_way(&mut self, id: MessageId, entry: &Entry, state: State, now: Moment) {
        if !entry.answered || !entry.content.registered_delivery().wants_intermediate() {
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
            account: entry.account(),
            parcel: Parcel::Receipt(receipt),
            since: now,
            after: Some(entry.promise()),
            tries: 0,
        });
    }

    /// Something is to be delivered.
    pub fn deliver(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    /// What has been reported of its parts was kept until it has come to its end.
    fn close_reports(&mut self, entry: &Entry, now: Moment) {
        let reports = entry.parts().into_iter().flat_map(|parts| &parts.reports);
        reports.for_each(|report| self.close(*report, now));
    }

    /// Nothing more will be told about a message: its room is free.
    pub fn forget(&mut self, entry: &Entry) {
        if entry.has_room {
            self.give_back(entry.account(), entry.content.places());
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
    pub(super) fn tell(&mut self, mut telling: Telling) {
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
        self.hand_out(telling.deliveries);
        for (account, count) in telling.closed {
            self.board.roster.desk(account).close(count);
        }
        if let Some(holdings) = self.board.journal().holdings() {
            let denied = telling.denied.into_iter();
            let kept = denied.filter(|(id, _)| holdings.position(*id).is_some());
            telling.over.extend(kept);
        }
        if !telling.ends.is_empty() || !telling.over.is_empty() {
            self.write_ends(telling.ends, &telling.over);
        }
    }

    /// Tells the journal how messages have ended, and then their senders.
    fn write_ends(&mut self, ends: Vec<End>, over: &[(MessageId, Moment)]) {
        let ended = ends.iter().map(|end| {
            let told = end.delivery.is_some();
            ending_record(end.id, &end.ending, told, end.at)
        });
        let over = over.iter().map(|&(id, at)| Record::over(id, at));
        let records: SmallVec<[Record<'_>; 16]> = ended.chain(over).collect();
        let deliveries: Vec<Delivery> = ends.into_iter().filter_map(|end| end.delivery).collect();
        let then = match deliveries.is_empty() {
            true => After::Nothing,
            false => After::Ended { deliveries },
        };
        // What the journal does not take any more is told after a restart.
        if let Ok(Some(After::Ended { deliveries })) = self.journal(&records, then) {
            self.hand_out(deliveries);
        }
    }

    /// Hands deliveries over to the connections of their accounts.
    pub(super) fn hand_out(&mut self, deliveries: Vec<Delivery>) {
        let mut by_account: SmallVec<[(AccountId, Vec<Delivery>); 2]> = SmallVec::new();
        for delivery in deliveries {
            let account = delivery.account;
            match by_account.iter_mut().find(|(other, _)| *other == account) {
                Some((_, batch)) => batch.push(delivery),
                None => by_account.push((account, vec![delivery])),
            }
        }
        for (account, deliveries) in by_account {
            let (window, bind) = self.delivered_to(account);
            let desk = self.board.roster.desk(account);
            desk.deliver(deliveries, window, bind);
        }
    }
}

/// What the journal keeps of the end of a message, whose sender is `told` of it or has not asked.
pub(super) fn ending_record(
    id: MessageId,
    ending: &Ending,
    told: bool,
    at: Moment,
) -> Record<'static> {
    let state = ending.state.message_state().0;
    let error = ending.error;
    match told {
        true => Record::Ended {
            id,
            state,
            error,
            network_error: ending.network_error.map(|one| (one.network, one.code)),
            at,
        },
        false => Record::Closed {
            id,
            state,
            error,
            at,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esme::Occupant;
    use crate::flow::ledger::{Opened, Stage};
    use crate::flow::via::Via;
    use crate::message::{AckMode, CarrierId, Content};
    use crate::session::BindKind;
    use smppgate_codec::code::RegisteredDelivery;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};
    use std::net::{IpAddr, Ipv4Addr};

    fn entry(registered: RegisteredDelivery) -> Entry {
        let account = AccountId(1);
        let occupant = Occupant {
            number: 1,
            account,
            kind: BindKind::Transmitter,
            tlvs: true,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            since: Moment(0),
        };
        let mut out = bytes::BytesMut::new();
        let sm = Sm {
            registered_delivery: registered,
            ..Sm::default()
        };
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Entry::new(Opened {
            seat: Arc::new(Seat::new(occupant, Arc::default(), Arc::default())),
            content: Content::of_sm(&frame, &sm),
            ack: AckMode::Carrier,
            stage: Stage::Taken(CarrierId(0)),
            until: Moment::NEVER,
            via: Via::from_iter([CarrierId(0)]),
        })
    }

    #[test]
    fn a_receipt_waits_for_the_response_that_is_told_in_the_same_step() {
        let mut entry = entry(RegisteredDelivery::FINAL);
        let seat = entry.seat.clone();
        // The carrier has reported on all parts before it has answered the last of them.
        let (id, now) = (MessageId(7), Moment(1));
        let mut telling = Telling::default();
        telling.answer(id, &mut entry, Status::ESME_ROK);
        telling.ended(id, entry, Ending::of(State::Delivered), now);
        let (_, answers) = telling.seats.pop().unwrap();
        let delivery = telling.deliveries.pop().unwrap();
        seat.answer(answers);
        assert!(!delivery.is_due());
        seat.promises.wrote(1);
        assert!(delivery.is_due());
    }

    #[test]
    fn what_is_on_its_way_is_not_told_before_its_response() {
        let mut entry = entry(RegisteredDelivery(0x11));
        let (id, now) = (MessageId(7), Moment(1));
        let mut telling = Telling::default();
        telling.on_the_way(id, &entry, State::EnRoute, now);
        assert!(telling.deliveries.is_empty());
        telling.answer(id, &mut entry, Status::ESME_ROK);
        telling.on_the_way(id, &entry, State::EnRoute, now);
        assert_eq!(telling.deliveries.len(), 1);
    }
}
