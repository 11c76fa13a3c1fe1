//! Segments of an ESME that leave as one message, for a carrier that wants long messages whole.
//!
//! Each of them was accepted by itself, has its own id and gets its own receipt. What the carrier
//! says about the one that it gets is said about all of them.

use super::gathering::Gathered;
use super::switchboard::{Clerk, Switchboard};
use crate::carrier::{Note, Outcome, Verdict, Waiting};
use crate::message::{AckMode, CarrierId, MessageId, SegmentOf, joined};
use crate::moment::Moment;
use std::sync::Arc;

impl Clerk {
    /// What of these messages leaves for this carrier now: the segments of a long one wait until
    /// all are there. In carrier mode their ESME waits for a verdict about each, so they leave as
    /// they are.
    pub(super) fn gathered(&mut self, carrier: CarrierId, batch: Vec<Waiting>) -> Vec<Waiting> {
        let carriers = self.carriers.table();
        let slot = carriers.slot(carrier).filter(|slot| slot.wants_whole);
        let Some(gathering) = slot.and_then(|slot| slot.gathering.as_ref()) else {
            return batch;
        };
        let mut leaving = Vec::with_capacity(batch.len());
        for waiting in batch {
            let mut hand = self.board.ledger.hand();
            let is_stored = hand
                .entry(waiting.id)
                .is_some_and(|entry| entry.ack == AckMode::Stored);
            drop(hand);
            let segment = SegmentOf::read(&waiting.content);
            let Some(of) = segment.filter(|of| is_stored && of.total > 1) else {
                leaving.push(waiting);
                continue;
            };
            match gathering.lock().add(of, waiting) {
                Gathered::Waiting => {}
                Gathered::Alone(waiting) => leaving.push(waiting),
                Gathered::Whole(segments) => {
                    let whole = joined(segments.iter().map(|one| &one.content));
                    let until = segments.iter().map(|one| one.until).min();
                    if let (Some(first), Some(until), Some(whole)) =
                        (segments.first(), until, whole)
                    {
                        let ids: Vec<MessageId> = segments.iter().map(|one| one.id).collect();
                        self.board.leave_together(&ids);
                        let note = match segments.iter().any(|one| one.note == Note::Before) {
                            true => Note::Before,
                            false => first.note,
                        };
                        leaving.push(Waiting {
                            note,
                            ..Waiting::new(first.id, first.account, whole, until)
                        });
                    } else {
                        // It is too long to be one.
                        leaving.extend(segments);
                    }
                }
            }
        }
        leaving
    }

    /// Segments that have waited too long for the others leave as they are. Called once a second.
    pub(super) fn sweep_gatherings(&mut self, now: Moment) {
        let carriers = self.carriers.table().clone();
        for (carrier, slot) in carriers.iter() {
            let Some(gathering) = &slot.gathering else {
                continue;
            };
            let mut batch = gathering.lock().look();
            slot.queue.push(&mut batch);
            // For those that there is no room for another carrier may have some.
            let left = batch.into_iter().map(|waiting| Outcome {
                id: waiting.id,
                verdict: Verdict::Returned,
            });
            let mut left: Vec<Outcome> = left.collect();
            if !left.is_empty() {
                self.outcomes_read(carrier, &mut left, now);
            }
        }
    }
}

impl Switchboard {
    /// What is said about one message is said about all that left together with it. Those that did
    /// not come to a carrier go on each by itself.
    pub(super) fn said_of_all(&self, batch: Vec<Outcome>) -> Vec<Outcome> {
        let mut said = Vec::with_capacity(batch.len());
        let mut hand = self.ledger.hand();
        for outcome in batch {
            let together = hand
                .entry(outcome.id)
                .and_then(|entry| entry.together().cloned());
            let Some(all) = together else {
                said.push(outcome);
                continue;
            };
            if let Verdict::Accepted(carrier_id) = outcome.verdict {
                // Reports find the first whose sender wants to hear of them.
                let mut speaker = None;
                for id in all.iter() {
                    if hand.entry(*id).is_some_and(|entry| entry.wants_report()) {
                        speaker = speaker.or(Some(*id));
                    }
                }
                let speaker = speaker.unwrap_or(outcome.id);
                said.extend(all.iter().map(|id| Outcome {
                    id: *id,
                    verdict: match *id == speaker {
                        true => Verdict::Accepted(carrier_id.clone()),
                        false => Verdict::AcceptedWith(carrier_id.clone()),
                    },
                }));
                continue;
            }
            for id in all.iter() {
                if !outcome.verdict.is_unknown()
                    && let Some(entry) = hand.entry(*id)
                {
                    entry.part_company();
                }
                said.push(Outcome {
                    id: *id,
                    verdict: outcome.verdict.clone(),
                });
            }
        }
        said
    }

    /// These messages, and those that were to leave together with one of them: each goes on by
    /// itself.
    pub(super) fn all_of(&self, ids: impl Iterator<Item = MessageId>) -> Vec<MessageId> {
        let mut all = Vec::new();
        let mut hand = self.ledger.hand();
        for id in ids {
            match hand.entry(id).and_then(|entry| entry.together().cloned()) {
                None => all.push(id),
                Some(together) => {
                    for id in together.iter() {
                        if let Some(entry) = hand.entry(*id) {
                            entry.part_company();
                        }
                        all.push(*id);
                    }
                }
            }
        }
        all
    }

    /// These messages, and those that leave together with one of them.
    pub(super) fn leaving_with(&self, ids: impl Iterator<Item = MessageId>) -> Vec<MessageId> {
        let mut all = Vec::new();
        let mut hand = self.ledger.hand();
        for id in ids {
            match hand.entry(id).and_then(|entry| entry.together().cloned()) {
                None => all.push(id),
                Some(together) => all.extend_from_slice(&together),
            }
        }
        all
    }

    fn leave_together(&self, ids: &[MessageId]) {
        let together: Arc<[MessageId]> = ids.into();
        let mut hand = self.ledger.hand();
        for id in ids {
            if let Some(entry) = hand.entry(*id) {
                entry.ties_mut().together = Some(together.clone());
            }
        }
    }
}
