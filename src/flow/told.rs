//! What has become of deliveries: an ESME has taken them, refused them, or could not take them.

use super::deadletter::{DeadLetter, Reason};
use super::ledger::Ending;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::esme::{Delivered, Delivery, Parcel, Verdict};
use crate::journal::Record;
use crate::moment::Moment;
use smallvec::SmallVec;
use smppgate_codec::receipt::State;
use std::time::Duration;

/// How long something is tried to be delivered before it is a dead letter.
pub const DELIVER_FOR: Duration = Duration::from_secs(72 * 3_600);

/// The pause before a delivery that an ESME could not take is tried again: it doubles each time.
const AGAIN_FIRST: Duration = Duration::from_secs(1);

/// The longest of these pauses.
const AGAIN_MOST: Duration = Duration::from_secs(300);

impl Clerk {
    pub(super) fn deliveries_settled(&mut self, batch: &mut Vec<Delivered>, now: Moment) {
        let taken: SmallVec<[Record<'_>; 32]> = batch
            .iter()
            .filter(|one| one.verdict == Verdict::Taken && one.delivery.ends())
            .map(|one| self.told_record(&one.delivery, now))
            .collect();
        // Whether this is durable changes nothing for anybody but us: at worst it is told again.
        let _ = self.journal(&taken, super::after::After::Nothing);
        let mut telling = Telling::default();
        let mut letters = Vec::new();
        let mut lost: SmallVec<[Vec<Delivery>; 1]> = SmallVec::new();
        let (mut receipts, mut messages, mut again) = (0, 0, 0);
        for Delivered {
            mut delivery,
            verdict,
        } in batch.drain(..)
        {
            match verdict {
                Verdict::Taken => {
                    match delivery.parcel {
                        Parcel::Receipt(ref receipt) if receipt.last => receipts += 1,
                        Parcel::Receipt(_) => continue,
                        Parcel::Message(_) => messages += 1,
                    }
                    telling.give_back(delivery.account, delivery.places());
                }
                Verdict::Refused(status) => {
                    tracing::debug!(message = %delivery.id, %status, "delivery refused");
                    if delivery.ends() {
                        letters.push(letter(&delivery, Reason::Refused, now));
                        telling.give_back(delivery.account, delivery.places());
                    }
                }
                // A notification on the way is news or nothing.
                Verdict::Later(_) | Verdict::Lost if !delivery.ends() => {}
                Verdict::Later(_) => {
                    again += 1;
                    let pause = AGAIN_FIRST.saturating_mul(1 << delivery.tries.min(10));
                    delivery.tries = delivery.tries.saturating_add(1);
                    delivery.after = None;
                    let desk = self.board.roster.desk(delivery.account);
                    desk.deliver_later(now + pause.min(AGAIN_MOST), delivery);
                }
                Verdict::Lost => {
                    delivery.after = None;
                    match lost
                        .iter_mut()
                        .find(|one| one[0].account == delivery.account)
                    {
                        Some(one) => one.push(delivery),
                        None => lost.push(vec![delivery]),
                    }
                }
            }
        }
        for one in lost {
            self.board.roster.desk(one[0].account).put_back(one);
        }
        let counters = &self.board.counters;
        counters.receipts_told.add(receipts);
        counters.messages_told.add(messages);
        counters.deliveries_again.add(again);
        self.tell(telling);
        self.give_up(letters);
    }

    /// What the journal keeps of a delivery that its ESME has confirmed.
    fn told_record(&self, delivery: &Delivery, at: Moment) -> Record<'static> {
        let id = delivery.id;
        let is_unknown = matches!(
            &delivery.parcel,
            Parcel::Receipt(receipt) if receipt.state == State::Unknown
        );
        // What is reported after all is told as well.
        match is_unknown && self.board.is_laid_down(id) {
            true => Record::Doubted { id, at },
            false => Record::Told { id, at },
        }
    }

    /// Gives up what could not be delivered in time, and brings back what was to be tried later.
    pub(super) fn sweep_deliveries(&mut self, now: Moment) {
        let mut letters = Vec::new();
        for (_, desk) in self.board.roster.desks() {
            desk.bring_back(now);
            let expired = desk.expire(|delivery| delivery.since + DELIVER_FOR <= now);
            desk.close(expired.iter().map(Delivery::places).sum());
            letters.extend(
                expired
                    .iter()
                    .map(|one| letter(one, Reason::NobodyBound, now)),
            );
        }
        self.give_up(letters);
    }
}

fn letter(delivery: &Delivery, reason: Reason, now: Moment) -> DeadLetter {
    let (number, ended) = match &delivery.parcel {
        Parcel::Receipt(receipt) => {
            let ending = Ending {
                state: receipt.state,
                error: receipt.error,
                network_error: receipt.network_error,
            };
            let number = receipt.content.destination().digits;
            (number, Some((ending, receipt.done)))
        }
        Parcel::Message(content) => (content.source().digits, None),
    };
    DeadLetter {
        at: now,
        reason,
        id: delivery.id,
        account: Some(delivery.account),
        carrier: None,
        number: number.into(),
        carrier_message_id: None,
        ended,
    }
}
