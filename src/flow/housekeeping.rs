//! What time brings: those who waited in vain, and those who can go on.

use super::ledger::{Ending, Stage};
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Outcome, Verdict};
use crate::message::CarrierId;
use crate::moment::Moment;
use smppgate_codec::receipt::State;
use std::time::Duration;

/// How long a message may wait for a carrier.
pub(super) const VALIDITY: Duration = Duration::from_secs(24 * 3_600);

/// From the acceptance of a message to the receipt that says that nothing is known of it: validity
/// of a day, and another day for the carrier to report.
const REPORT_TIMEOUT: Duration = Duration::from_secs(48 * 3_600);

/// When a carrier's id is forgotten whose message has come to its end without a report.
const FORGET_AFTER: Duration = Duration::from_secs(49 * 3_600);

/// Sweeps from one look for such ids to the next.
const AGED_EVERY: usize = 600;

impl Clerk {
    /// Called several times a second.
    pub fn housekeep(&mut self, now: Moment) {
        self.recall(now);
        self.retry();
    }

    /// Called once a second; `turn` counts the calls and spreads the work over them.
    pub fn sweep(&mut self, turn: usize, now: Moment) {
        self.sweep_deliveries(now);
        self.sweep_segments(now);
        self.sweep_gatherings(now);
        self.sweep_reports(turn, now);
        self.sweep_ledger(turn, now);
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
            let segments = segments.into_iter().flatten().map(|(_, (id, _))| id);
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
        let mut swept: Vec<(CarrierId, Vec<_>)> = Vec::new();
        for (carrier, slot) in carriers.iter() {
            let mut unmatched = Vec::new();
            let mut correlator = slot.correlator.lock();
            correlator.sweep(now, &mut unmatched);
            if turn.is_multiple_of(AGED_EVERY) {
                correlator.forget_before(now - FORGET_AFTER);
            }
            drop(correlator);
            if !unmatched.is_empty() {
                swept.push((carrier, unmatched));
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
        let over = board.ledger.walk(turn, |id, entry| match entry.stage {
            Stage::Held(_) | Stage::Taken(_) => {
                entry.answered && id.accepted() + REPORT_TIMEOUT <= now
            }
            Stage::Parked => id.accepted() + VALIDITY <= now,
            Stage::With(_) | Stage::Cancelling(_) => false,
        });
        let mut telling = Telling::default();
        for (id, entry) in over {
            let state = match entry.stage {
                Stage::Parked => State::Expired,
                _ => State::Unknown,
            };
            telling.end(id, entry, Ending::of(state), now);
        }
        self.tell(telling);
    }
}
