//! Goes on with a step once the journal has settled its batch, and undoes it if it never will be.

use super::after::After;
use super::switchboard::Clerk;
use crate::carrier::Outcome;
use crate::journal::{Appended, Completion, Record, Refusal};
use crate::message::CarrierId;
use crate::moment::Moment;

impl Clerk {
    /// Hands records to the journal. The rest of the step comes back if it can be done now;
    /// otherwise it is done when the journal says so.
    pub(super) fn journal(
        &self,
        records: &[Record<'_>],
        then: After,
    ) -> Result<Option<After>, (After, Refusal)> {
        if self.board.has_failed() {
            return Err((then, Refusal::Failed));
        }
        if records.is_empty() && matches!(then, After::Nothing) {
            return Ok(Some(then));
        }
        match self.board.journal().append(records, then) {
            Appended::Durable(then) => Ok(Some(then)),
            Appended::Pending => Ok(None),
            Appended::Refused(then, refusal) => {
                if refusal == Refusal::Failed {
                    self.board.fail();
                }
                Err((then, refusal))
            }
        }
    }

    /// The journal has settled what a carrier has answered.
    pub(super) fn outcomes_settled(
        &mut self,
        carrier: CarrierId,
        batch: Vec<Outcome>,
        at: Moment,
        outcome: Result<(), Refusal>,
    ) {
        match outcome {
            Ok(()) => self.settled(carrier, batch, at),
            Err(_) => self.not_settled(batch),
        }
        self.board.unsettled.end();
    }

    /// Does the rest of steps whose batches the journal has settled.
    pub fn settle(&mut self, completions: Vec<Completion<After>>) {
        for completion in completions {
            let (then, outcome) = match completion {
                Completion::Written(then, outcome) => (then, outcome),
                Completion::Fetched(then, kept) => {
                    self.fetched(then, kept);
                    continue;
                }
                Completion::Gathered(then, history) => {
                    self.looked_into(then, &history);
                    continue;
                }
            };
            if outcome == Err(Refusal::Failed) {
                self.board.fail();
            }
            match then {
                After::Stored {
                    seat,
                    account,
                    messages,
                    at,
                } => {
                    // Responses are left before the messages move on: a receipt that comes in
                    // this moment finds them in front of it.
                    match outcome {
                        Ok(()) => {
                            seat.answer(self.stored_answers(&messages));
                            self.stored(&seat, account, messages, at);
                        }
                        Err(refusal) => seat.answer(self.not_stored(account, messages, refusal)),
                    }
                }
                After::Attempted {
                    carrier,
                    line,
                    batch,
                    at,
                } => self.may_leave(carrier, &line, batch, outcome, at),
                After::Outcomes { carrier, batch, at } => {
                    self.outcomes_settled(carrier, batch, at, outcome);
                    self.board.unsettled.expected().remove_oldest();
                }
                After::Arrivals {
                    carrier,
                    line,
                    batch,
                    at,
                } => {
                    let mut replies = Vec::with_capacity(batch.len());
                    match outcome {
                        Ok(()) => self.arrived(carrier, batch, at, &mut replies),
                        Err(_) => self.not_arrived(batch, &mut replies),
                    }
                    line.reply(replies);
                }
                then @ (After::Cancelled { .. } | After::Replaced { .. }) => {
                    self.managed_later(then, outcome);
                }
                then @ (After::Revived { .. } | After::LetGo { .. }) => self.revived(then, outcome),
                After::Ended { deliveries } if outcome.is_ok() => self.hand_out(deliveries),
                After::Ended { .. }
                | After::Reported { .. }
                | After::Over { .. }
                | After::Unearthed { .. }
                | After::Looked { .. }
                | After::LookedInto { .. }
                | After::Nothing => {}
            }
        }
    }
}
