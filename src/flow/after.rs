//! What is to be done once a batch is durable, and what if it never is.

use super::report::Landed;
use super::switchboard::Clerk;
use crate::carrier::{Line, Outcome};
use crate::esme::{Answer, Seat, Submission};
use crate::journal::{Appended, Completion, Record, Refusal};
use crate::message::{AccountId, CarrierId};
use crate::moment::Moment;
use smallvec::SmallVec;
use std::sync::Arc;

/// The rest of a step, which waits for its batch to be durable.
#[derive(Debug)]
pub enum After {
    /// Messages in stored mode: they are answered and go to their carriers.
    Stored {
        /// The connection that submitted them.
        seat: Arc<Seat>,
        /// Whose they are.
        account: AccountId,
        /// The messages.
        messages: Vec<Routed>,
    },
    /// What has become of messages that a carrier was given.
    Outcomes {
        /// Who.
        carrier: CarrierId,
        /// What.
        batch: Vec<Outcome>,
        /// When it was read.
        at: Moment,
    },
    /// What a carrier has delivered.
    Arrivals {
        /// Who.
        carrier: CarrierId,
        /// The bind that is to be told.
        line: Arc<Line>,
        /// What.
        batch: Vec<Landed>,
        /// When it was read.
        at: Moment,
    },
    /// Nothing is left to be done.
    Nothing,
}

/// A message whose way has been chosen.
#[derive(Debug)]
pub struct Routed {
    /// The message.
    pub submission: Submission,
    /// Its carriers in the order to try them.
    pub via: SmallVec<[CarrierId; 4]>,
}

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

    /// Does the rest of steps whose batches the journal has settled.
    pub fn settle(&mut self, completions: Vec<Completion<After>>, now: Moment) {
        for (then, outcome) in completions {
            if outcome == Err(Refusal::Failed) {
                self.board.fail();
            }
            match then {
                After::Stored {
                    seat,
                    account,
                    messages,
                } => {
                    let mut answers: Vec<Answer> = Vec::with_capacity(messages.len());
                    match outcome {
                        Ok(()) => self.stored(&seat, account, messages, now, &mut answers),
                        Err(refusal) => self.not_stored(account, messages, refusal, &mut answers),
                    }
                    seat.answer(answers);
                }
                After::Outcomes { carrier, batch, at } => match outcome {
                    Ok(()) => self.settled(carrier, batch, at),
                    Err(_) => self.not_settled(batch),
                },
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
                After::Nothing => {}
            }
        }
    }
}
