//! What carriers have answered goes to the journal before anything follows from it.

use super::after::After;
use super::facts::{Records, begin_with, ends_by_report, facts};
use super::ledger::Stage;
use super::switchboard::{CarrierSlot, Clerk};
use super::tell::Telling;
use crate::carrier::{Outcome, Verdict};
use crate::journal::Refusal;
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use smppgate_codec::code::Status;
use std::collections::HashSet;

impl Clerk {
    pub(super) fn outcomes_read(
        &mut self,
        carrier: CarrierId,
        batch: &mut Vec<Outcome>,
        now: Moment,
    ) {
        let carriers = self.carriers.table().clone();
        let Some(slot) = carriers.slot(carrier) else {
            return batch.clear();
        };
        #[expect(
            clippy::drain_collect,
            reason = "the caller keeps the room of its batch"
        )]
        let mut batch: Vec<Outcome> = batch.drain(..).collect();
        if slot.gathering.is_some() {
            batch = self.board.said_of_all(batch);
        }
        let unsent = never_left(&mut batch);
        if !unsent.is_empty() {
            self.settled(carrier, unsent, now);
        }
        if batch.is_empty() {
            return;
        }
        self.keep_outcomes(carrier, slot, batch, now);
    }

    /// Hands outcomes to the journal. A journal that is full still has room for what is about messages
    /// that have begun: of those that would begin with it, and of no others, nothing is kept.
    fn keep_outcomes(
        &mut self,
        carrier: CarrierId,
        slot: &CarrierSlot,
        batch: Vec<Outcome>,
        now: Moment,
    ) {
        let facts = match self.board.keeps() {
            true => facts(&batch, &self.board.ledger, slot),
            false => Vec::new(),
        };
        let mut records = Records::new();
        facts
            .iter()
            .for_each(|fact| fact.put(carrier, slot.group, now, &mut records));
        let (at, group) = (now, slot.group);
        let then = After::Outcomes { carrier, batch, at };
        let mut expected = self.board.unsettled.begin();
        let outcome = self.journal(&records, then);
        if matches!(outcome, Ok(None)) {
            expected.add(group, ends_by_report(&facts));
        }
        drop(expected);
        match outcome {
            Ok(Some(After::Outcomes { batch, .. })) => {
                self.outcomes_settled(carrier, batch, now, Ok(()));
            }
            Err((After::Outcomes { batch, .. }, refusal)) => {
                let begin: HashSet<MessageId> = begin_with(&facts).collect();
                let mut hand = self.board.ledger.hand();
                for id in &begin {
                    if let Some(entry) = hand.entry(*id) {
                        entry.is_kept = false;
                    }
                }
                drop(hand);
                let goes_on = |outcome: &Outcome| {
                    refusal == Refusal::Full && !begin.is_empty() && !begin.contains(&outcome.id)
                };
                // These are fewer than before, or there are none.
                let (on, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(goes_on);
                self.outcomes_settled(carrier, others, now, Err(refusal));
                if !on.is_empty() {
                    self.keep_outcomes(carrier, slot, on, now);
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// The outcomes cannot be made durable: nothing is acknowledged, and what a carrier has
    /// accepted is held, never sent again.
    pub(super) fn not_settled(&mut self, batch: Vec<Outcome>) {
        let board = self.board.clone();
        let mut telling = Telling::default();
        let mut hand = board.ledger.hand();
        for Outcome { id, .. } in batch {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            if entry.answered {
                if let Stage::With(carrier) = entry.stage {
                    entry.stage = Stage::Held(carrier);
                    entry.give_up_turn();
                }
            } else if entry.is_kept && !board.has_failed() {
                // An earlier verdict is on its way through the journal: its sender hears that one.
            } else if let Some(mut entry) = hand.remove(id) {
                telling.answer(id, &mut entry, Status::ESME_RSYSERR);
                telling.forget(&entry);
            }
        }
        drop(hand);
        self.tell(telling);
        self.next_in_order();
    }
}

/// Takes out of a batch what comes back from a queue, and of which nothing else is said: of that
/// nothing is kept. If it waited for the journal, it would be in no queue when the time of its sender
/// is over, and be taken for sent.
fn never_left(batch: &mut Vec<Outcome>) -> Vec<Outcome> {
    let is_back = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Returned);
    if !batch.iter().any(is_back) {
        return Vec::new();
    }
    let others: HashSet<MessageId> = batch
        .iter()
        .filter(|outcome| !is_back(outcome))
        .map(|outcome| outcome.id)
        .collect();
    batch
        .extract_if(.., |outcome| {
            is_back(outcome) && !others.contains(&outcome.id)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::ledger::{Entry, Opened};
    use super::super::switchboard::{Carriers, Switchboard};
    use super::super::via::Via;
    use super::*;
    use crate::carrier::{Queue, Receipts, SegmentReceipts};
    use crate::esme::{Roster, Seat};
    use crate::journal::{Appended, Holdings, Journal, Record};
    use crate::message::{AccountId, AckMode, Content, GroupId, IdSource};
    use crate::receipt::{CarrierMessageId, Correlator, Marks};
    use parking_lot::Mutex;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};
    use std::sync::Arc;
    use std::time::Duration;

    const NORTH: CarrierId = CarrierId(0);
    const STORED: MessageId = MessageId(7 << 30);
    const WAITING: MessageId = MessageId(8 << 30);

    type Kept = Arc<Mutex<Vec<MessageId>>>;

    /// Has no room for anything new, and says of what it has taken records.
    struct Full(Kept, Holdings);

    impl Journal<After> for Full {
        fn append(&self, records: &[Record<'_>], then: After) -> Appended<After> {
            if records.iter().any(Record::is_new_work) {
                return Appended::Refused(then, Refusal::Full);
            }
            self.0.lock().extend(records.iter().map(Record::id));
            Appended::Durable(then)
        }

        fn has_room(&self) -> bool {
            false
        }

        fn holdings(&self) -> Option<&Holdings> {
            Some(&self.1)
        }
    }

    fn slot(correlator: Arc<Mutex<Correlator>>) -> CarrierSlot {
        CarrierSlot {
            name: "north".to_owned(),
            group: GroupId(1),
            correlator,
            queue: Arc::new(Queue::new(None)),
            receipts: Receipts::Always,
            receipt_timeout: Duration::from_secs(24 * 3_600),
            unmatched: None,
            segment_receipts: SegmentReceipts::Each,
            wants_whole: false,
            gathering: None,
            open: true,
        }
    }

    /// A message that north has been sent. In stored mode its sender was told that it is accepted.
    fn sent(ack: AckMode) -> Entry {
        let mut octets = bytes::BytesMut::new();
        Pdu::SubmitSm(Sm::default()).encode(&mut octets, Status::ESME_ROK, 1);
        let frame = frame::next(&octets, frame::LENGTH_MAX).unwrap().unwrap();
        let opened = Opened {
            seat: Arc::new(Seat::gone(AccountId(1), Arc::default())),
            content: Content::of_sm(&frame, &Sm::default()),
            ack,
            stage: Stage::With(NORTH),
            until: Moment::NEVER,
            via: Via::from_iter([NORTH]),
        };
        Entry {
            answered: ack == AckMode::Stored,
            ..Entry::new(opened)
        }
    }

    #[test]
    fn what_a_carrier_had_taken_was_forgotten_where_a_full_journal_was_told_of_a_new_message_with_it()
     {
        let (kept, correlator) = (Kept::default(), Arc::<Mutex<Correlator>>::default());
        let board = Arc::new(Switchboard::new(
            Arc::new(IdSource::new(1, 0)),
            Marks::default(),
            [0; 32],
            Arc::new(Roster::default()),
            Box::new(Full(kept.clone(), Holdings::default())),
        ));
        let carriers = Carriers::new(vec![Some(slot(correlator.clone()))]);
        board.carriers.store(Arc::new(carriers));
        let entries = [
            (WAITING, sent(AckMode::Carrier)),
            (STORED, sent(AckMode::Stored)),
        ];
        board.ledger.open(entries);
        // Both are answered in one go.
        let accepted = |(number, id)| Outcome {
            id,
            verdict: Verdict::Accepted(Some(CarrierMessageId::of_number(number))),
        };
        let mut batch: Vec<Outcome> = [(1, WAITING), (2, STORED)].map(accepted).into();
        board
            .clerk()
            .outcomes_read(NORTH, &mut batch, Moment(1_000_000));
        assert_eq!(*kept.lock(), [STORED]);
        let whose = |number| {
            let correlator = correlator.lock();
            correlator.whose(&CarrierMessageId::of_number(number))
        };
        assert_eq!([whose(1), whose(2)], [None, Some(STORED)]);
        let mut hand = board.ledger.hand();
        let stage = |entry: &mut Entry| entry.stage;
        assert_eq!(hand.entry(STORED).map(stage), Some(Stage::Taken(NORTH)));
        assert!(hand.entry(WAITING).is_none(), "its sender is told no");
        drop(hand);
        assert!(board.unsettled.is_none(), "both are settled");
    }
}
