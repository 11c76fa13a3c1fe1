//! What time brings: those who waited in vain, and those who can go on.

use super::dispatch::Dispatch;
use super::doubt::hold;
use super::ledger::{Ending, Stage};
use super::parked::Waits;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Outcome, Verdict};
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use crate::receipt::Report;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;
use std::time::Duration;

/// Messages whose time has come that are looked at in one go.
const DUE_AT_ONCE: usize = 10_000;

/// From the end of its validity: how long a report is waited for of a message whose carrier is not
/// known any more.
const REPORT_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// When a carrier's id is forgotten whose message has come to its end without a report: no message
/// is valid for longer than a week, nor waited for for longer than another.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 24 * 3_600);

/// Sweeps from one look for such ids to the next.
const AGED_EVERY: usize = 600;

impl Clerk {
    /// Called several times a second.
    pub fn housekeep(&mut self, now: Moment) {
        self.recall(now);
        self.wake(now);
        self.next_in_order();
        self.retry();
    }

    /// Called once a second; `turn` counts the calls and spreads the work over them.
    pub fn sweep(&mut self, turn: usize, now: Moment) {
        self.sweep_deliveries(now);
        self.sweep_segments(now);
        self.sweep_gatherings(now);
        self.sweep_reports(turn, now);
        self.sweep_ledger(turn, now);
        self.sweep_waiting(now);
        self.lay_down(now);
        self.sweep_laid(now);
        self.sweep_dead_letters(now);
        self.board.look_for_room();
    }

    /// Those whose time has come may go: they wait for a carrier like all others. Those who wait for
    /// one and were given less time come to their end.
    fn wake(&mut self, now: Moment) {
        let board = self.board.clone();
        let due = board.agenda.lock().take(now, DUE_AT_ONCE);
        let mut dispatch = Dispatch::default();
        let mut behind = Vec::new();
        let mut over: Vec<(Stage, MessageId)> = Vec::new();
        let mut hand = board.ledger.hand();
        for id in due {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            if entry.stage == Stage::Parked && entry.until <= now {
                over.push((Stage::Parked, id));
            }
            if entry.stage != Stage::Resting {
                continue;
            }
            if entry.ordered {
                entry.stage = Stage::Behind;
                behind.push(id);
            } else if let Some(first) = entry.via.first() {
                dispatch.park(*first, id, Status::ESME_RSYSERR);
            }
        }
        drop(hand);
        self.dispatch(dispatch);
        self.line_up(&behind);
        self.expire(over, now);
    }

    /// What no carrier has and whose time is over comes to its end as expired.
    fn sweep_waiting(&mut self, now: Moment) {
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let mut over: Vec<(Stage, MessageId)> = Vec::new();
        for (carrier, slot) in carriers.iter() {
            let expired = slot.queue.expired(now).into_iter();
            // Segments that were to leave as one are over with the one that stands for them.
            let expired = board.all_of(expired.map(|waiting| waiting.id)).into_iter();
            over.extend(expired.map(|id| (Stage::With(carrier), id)));
        }
        let parked = board.parked.lock().expired(now);
        over.extend(parked.into_iter().map(|id| (Stage::Parked, id)));
        let behind = board.ordered.expired(now).into_iter();
        over.extend(behind.map(|id| (Stage::Behind, id)));
        self.expire(over, now);
    }

    /// These come to their end as expired if they are where they were, and their time is over.
    fn expire(&mut self, over: Vec<(Stage, MessageId)>, now: Moment) {
        if over.is_empty() {
            return;
        }
        let board = self.board.clone();
        let mut waits_on: Vec<(CarrierId, Waits)> = Vec::new();
        let mut goes_on: Vec<(CarrierId, MessageId)> = Vec::new();
        let mut telling = Telling::default();
        let mut hand = board.ledger.hand();
        for (stage, id) in over {
            let entry = hand.entry(id);
            let Some(entry) = entry.filter(|entry| entry.stage == stage) else {
                continue;
            };
            if entry.until > now {
                // It was written anew, and has got more time, or was to leave with another that is over.
                match stage {
                    Stage::Parked => {
                        let first = entry.untried().next().unwrap_or(entry.via[0]);
                        waits_on.push((first, (id, entry.until)));
                    }
                    Stage::With(carrier) => goes_on.push((carrier, id)),
                    _ => {}
                }
                continue;
            }
            if entry.is_in_doubt() {
                // A carrier may have it all the same.
                hold(entry);
                continue;
            }
            let Some(mut entry) = hand.remove(id) else {
                continue;
            };
            if entry.answered {
                telling.end(id, entry, Ending::of(State::Expired), now);
            } else {
                telling.deny(id, &mut entry, Status::ESME_RINVEXPIRY, now);
            }
        }
        drop(hand);
        let mut parked = board.parked.lock();
        waits_on
            .into_iter()
            .for_each(|(first, waits)| parked.push(first, waits));
        drop(parked);
        self.tell(telling);
        for (carrier, id) in goes_on {
            let verdict = Verdict::Returned;
            self.outcomes_read(carrier, &mut vec![Outcome { id, verdict }], now);
        }
    }

    /// A message that was handed to a carrier in the moment in which its last bind went waits in a
    /// queue that nobody draws from: it is taken back.
    fn recall(&mut self, now: Moment) {
        let carriers = self.carriers.table().clone();
        for (carrier, slot) in carriers.iter() {
            if carriers.is_bound(carrier) || slot.waiting() == 0 {
                continue;
            }
            let gathering = slot.gathering.as_ref();
            let segments = gathering.map(|gathering| gathering.lock().clear());
            let segments = segments.into_iter().flatten().map(|waiting| waiting.id);
            let recalled = slot.queue.clear().into_iter().map(|waiting| waiting.id);
            let mut outcomes: Vec<Outcome> = recalled
                .chain(segments)
                .map(|id| Outcome {
                    id,
                    verdict: Verdict::Returned,
                })
                .collect();
            for (id, verdicts) in slot.queue.forsaken(!slot.open, now) {
                outcomes.extend(verdicts.into_iter().map(|verdict| Outcome { id, verdict }));
            }
            if !outcomes.is_empty() {
                self.outcomes_read(carrier, &mut outcomes, now);
            }
        }
    }

    fn sweep_reports(&mut self, turn: usize, now: Moment) {
        let carriers = self.carriers.table().clone();
        let mut swept: Vec<(CarrierId, Vec<Report>)> = Vec::new();
        for (_, slot) in carriers.iter() {
            let mut unmatched = Vec::new();
            let is_vain = slot.unmatched.is_some() && self.board.is_quiet(&carriers, slot.group);
            let mut correlator = slot.correlator.lock();
            match is_vain {
                true => correlator.release(now, &mut unmatched),
                false => correlator.sweep(now, &mut unmatched),
            }
            if turn.is_multiple_of(AGED_EVERY) {
                correlator.forget_before(now - FORGET_AFTER);
            }
            drop(correlator);
            // Carriers of one group have what waits in common.
            for report in unmatched {
                match swept.iter_mut().find(|(by, _)| *by == report.by) {
                    Some((_, reports)) => reports.push(report),
                    None => swept.push((report.by, vec![report])),
                }
            }
        }
        for (carrier, unmatched) in swept {
            self.unmatched(carrier, unmatched, now);
        }
    }

    /// Messages of which nothing was ever reported come to their end as unknown, and those that no
    /// carrier could be given as expired.
    fn sweep_ledger(&mut self, turn: usize, now: Moment) {
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let timeout = |carrier| {
            let slot = carriers.slot(carrier);
            slot.map_or(REPORT_TIMEOUT, |slot| slot.receipt_timeout)
        };
        let over = board.ledger.walk(turn, |_, entry| match entry.stage {
            Stage::Held(carrier) | Stage::Taken(carrier) => {
                entry.answered && entry.until + timeout(carrier) <= now
            }
            // One that rests has its next time before its end, and the others are looked at when
            // their time is over, unless they were written anew and have got less of it.
            Stage::Resting | Stage::Parked | Stage::Behind => {
                entry.answered && !entry.is_in_doubt() && entry.until <= now
            }
            Stage::With(_) | Stage::Cancelling(_) => false,
        });
        let mut telling = Telling::default();
        for (id, entry) in over {
            let state = match entry.stage {
                Stage::Held(_) | Stage::Taken(_) => State::Unknown,
                _ => State::Expired,
            };
            telling.end(id, entry, Ending::of(state), now);
        }
        self.tell(telling);
    }
}
