//! A message comes in: where it may go, whether there is room, and the first step of its way.

use super::after::{After, Routed};
use super::ledger::{Entry, Stage, UNDER_WAY_MAX};
use super::parked::PARKED_MAX;
use super::switchboard::Clerk;
use crate::carrier::WAITING_MAX;
use crate::esme::{Account, Answer, Seat, Submission};
use crate::journal::{Record, Refusal};
use crate::message::{AccountId, AckMode, CarrierId};
use crate::moment::Moment;
use crate::route::{Choice, Query};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use std::sync::Arc;

impl Clerk {
    pub(super) fn submitted(
        &mut self,
        seat: &Arc<Seat>,
        batch: &mut Vec<Submission>,
        now: Moment,
        answers: &mut Vec<Answer>,
    ) {
        let board = self.board.clone();
        board.counters.submitted.add(batch.len());
        let account_id = seat.account;
        let Some(account) = self.accounts.table().account(account_id).cloned() else {
            // The account was taken out of the config while its connection was up.
            return refuse_all(batch, Status::ESME_RSYSERR, answers);
        };
        if board.has_failed() {
            return refuse_all(batch, Status::ESME_RSYSERR, answers);
        }
        let before = answers.len();
        let routed = self.routed(account_id, &account, batch, answers);
        let routed = self.with_room(account_id, routed, answers);
        board.counters.refused.add(answers.len() - before);
        if routed.is_empty() {
            return;
        }
        match account.ack {
            AckMode::Carrier => self.open(seat, &account, routed, now),
            AckMode::Stored => self.store(seat, account_id, routed, now, answers),
        }
    }

    /// Chooses the way of each message; those without one are refused at once.
    fn routed(
        &mut self,
        account_id: AccountId,
        account: &Account,
        batch: &mut Vec<Submission>,
        answers: &mut Vec<Answer>,
    ) -> Vec<Routed> {
        let queries: SmallVec<[Query<'_>; 32]> = batch
            .iter()
            .map(|one| Query {
                account: account_id,
                source: one.content.source().digits,
                destination: one.content.destination().digits,
            })
            .collect();
        let table = self.routes.table().clone();
        let mut choices = Vec::with_capacity(batch.len());
        table.choose(&queries, &mut choices);
        drop(queries);
        let carriers = self.carriers.table();
        let mut routed = Vec::with_capacity(batch.len());
        let mut queue_full = 0;
        let mut no_route = 0;
        for (submission, choice) in batch.drain(..).zip(choices) {
            let via: SmallVec<[CarrierId; 4]> = table
                .candidates(choice)
                .iter()
                .map(|candidate| candidate.carrier)
                .collect();
            let status = match choice {
                Choice::Reject(_, status) => Err(status),
                Choice::NoRoute => {
                    no_route += 1;
                    Err(Status::ESME_RINVDSTADR)
                }
                Choice::Via(_) => match via.iter().find(|carrier| carriers.is_bound(**carrier)) {
                    Some(carrier) => match carriers.slot(*carrier) {
                        Some(slot) if slot.queue.len() < WAITING_MAX => Ok(()),
                        _ => Err(Status::ESME_RMSGQFUL),
                    },
                    None if account.ack == AckMode::Carrier => Err(Status::ESME_RSYSERR),
                    None => {
                        let waiting = self.board.parked.lock().count(via[0]);
                        if waiting < PARKED_MAX {
                            Ok(())
                        } else {
                            Err(Status::ESME_RMSGQFUL)
                        }
                    }
                },
            };
            match status {
                Ok(()) => routed.push(Routed { submission, via }),
                Err(status) => {
                    queue_full += usize::from(status == Status::ESME_RMSGQFUL);
                    answers.push(answer(&submission, status));
                }
            }
        }
        self.board.counters.no_route.add(no_route);
        self.board.counters.queue_full.add(queue_full);
        routed
    }

    /// Takes room for the messages; those for which there is none are refused.
    fn with_room(
        &mut self,
        account: AccountId,
        mut routed: Vec<Routed>,
        answers: &mut Vec<Answer>,
    ) -> Vec<Routed> {
        let left = UNDER_WAY_MAX
            .saturating_sub(self.board.ledger.len())
            .min(routed.len());
        let granted = self.board.roster.desk(account).open_up(left);
        self.board.counters.queue_full.add(routed.len() - granted);
        for without in routed.drain(granted..) {
            answers.push(answer(&without.submission, Status::ESME_RMSGQFUL));
        }
        routed
    }

    fn store(
        &mut self,
        seat: &Arc<Seat>,
        account: AccountId,
        messages: Vec<Routed>,
        now: Moment,
        answers: &mut Vec<Answer>,
    ) {
        // The records borrow from the messages, which move on behind them.
        let contents: SmallVec<[_; 32]> = messages
            .iter()
            .map(|one| (one.submission.id, one.submission.content.clone()))
            .collect();
        let records: SmallVec<[Record<'_>; 32]> = contents
            .iter()
            .map(|(id, content)| Record::Accepted {
                id: *id,
                account,
                at: now,
                pdu: content.pdu(),
            })
            .collect();
        let then = After::Stored {
            seat: seat.clone(),
            account,
            messages,
        };
        match self.journal(&records, then) {
            Ok(Some(After::Stored { messages, .. })) => {
                self.stored(seat, account, messages, now, answers);
            }
            Err((After::Stored { messages, .. }, refusal)) => {
                self.not_stored(account, messages, refusal, answers);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// The messages are durable: they are answered, and go to their carriers.
    pub(super) fn stored(
        &mut self,
        seat: &Arc<Seat>,
        account_id: AccountId,
        messages: Vec<Routed>,
        now: Moment,
        answers: &mut Vec<Answer>,
    ) {
        for one in &messages {
            answers.push(answer(&one.submission, Status::ESME_ROK));
        }
        self.board.counters.accepted.add(messages.len());
        let account = self
            .accounts
            .table()
            .account(account_id)
            .cloned()
            .unwrap_or_default();
        self.open(seat, &account, messages, now);
    }

    pub(super) fn not_stored(
        &mut self,
        account: AccountId,
        messages: Vec<Routed>,
        refusal: Refusal,
        answers: &mut Vec<Answer>,
    ) {
        let status = match refusal {
            Refusal::Full => Status::ESME_RMSGQFUL,
            Refusal::Failed => Status::ESME_RSYSERR,
        };
        self.board.roster.desk(account).close(messages.len());
        self.board.counters.refused.add(messages.len());
        answers.extend(messages.iter().map(|one| answer(&one.submission, status)));
    }

    /// Enters messages in the ledger and hands them to their first carrier.
    fn open(&mut self, seat: &Arc<Seat>, account: &Account, messages: Vec<Routed>, now: Moment) {
        let stored = account.ack == AckMode::Stored;
        let carriers = self.carriers.table().clone();
        let mut dispatch = super::dispatch::Dispatch::default();
        let entries = messages.into_iter().map(|Routed { submission, via }| {
            let Submission {
                content,
                id,
                ordinal,
                sequence,
            } = submission;
            let first = via
                .iter()
                .copied()
                .find(|carrier| carriers.is_bound(*carrier));
            let stage = match first {
                Some(carrier) => {
                    dispatch.add(carrier, id, content.clone());
                    Stage::With(carrier)
                }
                None => {
                    dispatch.park(via[0], id);
                    Stage::Parked
                }
            };
            let entry = Entry {
                account: seat.account,
                seat: seat.clone(),
                content,
                ordinal,
                sequence,
                ack: account.ack,
                on_unknown: account.on_unknown,
                answered: stored,
                stage,
                via,
                attempts: SmallVec::new(),
            };
            (id, entry)
        });
        self.board.ledger.open(entries);
        self.dispatch(dispatch, now);
    }
}

fn refuse_all(batch: &mut Vec<Submission>, status: Status, answers: &mut Vec<Answer>) {
    answers.extend(batch.drain(..).map(|one| answer(&one, status)));
}

fn answer(submission: &Submission, status: Status) -> Answer {
    Answer {
        ordinal: submission.ordinal,
        sequence: submission.sequence,
        command: submission.content.command(),
        status,
        id: Some(submission.id),
    }
}
