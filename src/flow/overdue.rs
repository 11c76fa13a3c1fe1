//! A verdict that an ESME waits for does not come in time.

use super::ledger::Stage;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Outcome, Verdict};
use crate::message::{AccountId, CarrierId, MessageId};
use crate::moment::Moment;
use smallvec::SmallVec;
use smppgate_codec::code::Status;

impl Clerk {
    /// These were not answered within their account's time.
    pub(super) fn not_answered(&mut self, batch: &[MessageId], now: Moment) {
        let board = self.board.clone();
        let mut waiting: SmallVec<[(CarrierId, AccountId, Vec<MessageId>); 2]> = SmallVec::new();
        let mut telling = Telling::default();
        let mut withdrawn_count = 0;
        let mut hand = board.ledger.hand();
        for id in batch {
            let Some(entry) = hand.entry(*id) else {
                continue;
            };
            if let Stage::With(carrier) = entry.stage
                && !entry.answered
            {
                let account = entry.account();
                let same = |(other, of, _): &&mut (_, _, _)| *other == carrier && *of == account;
                match waiting.iter_mut().find(same) {
                    Some((.., ids)) => ids.push(*id),
                    None => waiting.push((carrier, account, vec![*id])),
                }
            } else if entry.stage == Stage::Behind
                && !entry.answered
                && let Some(mut entry) = hand.remove(*id)
            {
                telling.deny(*id, &mut entry, Status::ESME_RTHROTTLED, now);
                withdrawn_count += 1;
            }
        }
        drop(hand);
        let carriers = self.carriers.table().clone();
        for (carrier, account, ids) in waiting {
            let Some(slot) = carriers.slot(carrier) else {
                continue;
            };
            // What still waits is taken out of the queue by whoever finds it there first: this, or
            // the bind that sends it.
            let withdrawn = slot.queue.withdraw(account, &ids);
            withdrawn_count += withdrawn.len();
            let mut hand = board.ledger.hand();
            for id in ids.iter().filter(|id| withdrawn.contains(id)) {
                if let Some(mut entry) = hand.remove(*id) {
                    telling.deny(*id, &mut entry, Status::ESME_RTHROTTLED, now);
                }
            }
            drop(hand);
            let sent = ids.into_iter().filter(|id| !withdrawn.contains(id));
            let mut unknown: Vec<Outcome> = sent
                .map(|id| Outcome {
                    id,
                    verdict: Verdict::Unknown,
                })
                .collect();
            if !unknown.is_empty() {
                self.outcomes_read(carrier, &mut unknown, now);
            }
        }
        board.counters.withdrawn.add(withdrawn_count);
        self.tell(telling);
        self.next_in_order();
    }
}
