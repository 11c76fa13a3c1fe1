//! What time brings: those who waited in vain, and those who can go on.

use super::ledger::Stage;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Outcome, Verdict};
use crate::message::CarrierId;
use crate::moment::Moment;
use smppgate_codec::receipt::State;
use std::time::Duration;

/// From the acceptance of a message to the receipt that says that nothing is known of it: validity
/// of a day, and another day for the carrier to report.
const REPORT_TIMEOUT: Duration = Duration::from_secs(48 * 3_600);

impl Clerk {
    /// Called several times a second.
    pub fn housekeep(&mut self, now: Moment) {
        self.recall();
        self.retry(now);
    }

    /// Called once a second; `turn` counts the calls and spreads the work over them.
    pub fn sweep(&mut self, turn: usize, now: Moment) {
        self.sweep_deliveries(now);
        self.sweep_reports(now);
        self.sweep_ledger(turn, now);
    }

    /// A message that was handed to a carrier in the moment in which its last bind went waits in a
    /// queue that nobody draws from: it is taken back.
    fn recall(&mut self) {
        let carriers = self.carriers.table().clone();
        for (carrier, slot) in carriers.iter() {
            if !carriers.is_bound(carrier) && !slot.queue.is_empty() {
                let recalled = slot.queue.clear().into_iter();
                let outcomes = recalled
                    .map(|waiting| Outcome {
                        id: waiting.id,
                        verdict: Verdict::Returned,
                    })
                    .collect();
                self.settled(carrier, outcomes, Moment::default());
            }
        }
    }

    fn sweep_reports(&mut self, now: Moment) {
        let carriers = self.carriers.table().clone();
        let mut swept: Vec<(CarrierId, Vec<_>)> = Vec::new();
        for (carrier, slot) in carriers.iter() {
            let mut unmatched = Vec::new();
            slot.correlator.lock().sweep(now, &mut unmatched);
            if !unmatched.is_empty() {
                swept.push((carrier, unmatched));
            }
        }
        for (carrier, unmatched) in swept {
            self.unmatched(carrier, unmatched, now);
        }
    }

    /// Messages of which nothing was ever reported come to their end as unknown.
    fn sweep_ledger(&mut self, turn: usize, now: Moment) {
        let board = self.board.clone();
        let silent = board.ledger.walk(turn, |id, entry| {
            let with_carrier = matches!(entry.stage, Stage::Held(_) | Stage::Taken(_));
            with_carrier && entry.answered && id.accepted() + REPORT_TIMEOUT <= now
        });
        let mut telling = Telling::default();
        for (id, entry) in silent {
            telling.end(id, entry, State::Unknown, 0, None, now);
        }
        self.tell(telling);
    }
}
