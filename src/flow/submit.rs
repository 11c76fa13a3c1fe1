//! A message comes in: where it may go, whether there is room, and the first step of its way.

use super::after::{After, Routed};
use super::ledger::{Entry, Opened, Stage, UNDER_WAY_MAX};
use super::parked::PARKED_MAX;
use super::switchboard::Clerk;
use super::turn::pair;
use super::via::Via;
use crate::esme::{Account, Answer, Seat, Submission};
use crate::journal::{Accepted, Record, Refusal};
use crate::message::{AccountId, AckMode, MessageId, Times};
use crate::moment::Moment;
use crate::route::{Choice, Query};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
        let (before, count) = (answers.len(), batch.len());
        let Some(account) = self.accounts.table().account(account_id).cloned() else {
            // The account was taken out of the config while its connection was up.
            return self.refuse_all(seat, batch, Status::ESME_RSYSERR, answers);
        };
        if board.has_failed() {
            return self.refuse_all(seat, batch, Status::ESME_RSYSERR, answers);
        }
        if account.ack == AckMode::Carrier && !board.journal().has_room() {
            board.counters.queue_full.add(batch.len());
            return self.refuse_all(seat, batch, Status::ESME_RMSGQFUL, answers);
        }
        let routed = self.routed(account_id, &account, batch, now, answers);
        let routed = self.with_room(account_id, routed, answers);
        board.counters.refused.add(count - routed.len());
        seat.promises.make(answers.len() - before);
        if routed.is_empty() {
            return;
        }
        match account.ack {
            AckMode::Carrier => self.open(seat, AckMode::Carrier, &account, routed, now),
            AckMode::Stored => self.store(seat, account_id, routed, now, answers),
        }
    }

    fn refuse_all(
        &self,
        seat: &Seat,
        batch: &mut Vec<Submission>,
        status: Status,
        answers: &mut Vec<Answer>,
    ) {
        let before = answers.len();
        self.board.counters.refused.add(batch.len());
        answers.extend(batch.drain(..).filter_map(|one| answer(&one, status)));
        seat.promises.make(answers.len() - before);
    }

    /// Chooses the way of each message; those without one are refused at once.
    fn routed(
        &mut self,
        account_id: AccountId,
        account: &Account,
        batch: &mut Vec<Submission>,
        now: Moment,
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
        let board = self.board.clone();
        let carriers = self.carriers.table();
        let mut routed = Vec::with_capacity(batch.len());
        let mut pairs = Vec::new();
        let mut queue_full = 0;
        let mut no_route = 0;
        for (submission, choice) in batch.drain(..).zip(choices) {
            let via: Via = table
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
                        Some(slot) if slot.queue.has_room(account_id) => Ok(()),
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
            let status = status.and_then(|()| match account.ordered {
                true => board.may_line_up(pair(account_id, &submission.content), &mut pairs),
                false => Ok(()),
            });
            let times = status.and_then(|()| times(&submission, account, now));
            match times {
                Ok(times) => routed.push(Routed {
                    submission,
                    times,
                    unknown: account.when_unknown(table.unknown_outcome(choice)),
                    via,
                }),
                Err(status) => {
                    queue_full += usize::from(status == Status::ESME_RMSGQFUL);
                    answers.extend(answer(&submission, status));
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
        let wanted = routed.iter().map(places).sum();
        let desk = self.board.roster.desk(account);
        // An account may take as many places as it leaves to all others: one whose carrier never
        // reports does not stop those whose carriers do.
        let left = UNDER_WAY_MAX
            .saturating_sub(self.board.ledger.places())
            .saturating_sub(desk.under_way().load(Ordering::Relaxed));
        let mut free = desk.open_up(left.min(wanted));
        if free == wanted {
            return routed;
        }
        let fits = routed.iter().take_while(|one| {
            let fits = places(one) <= free;
            free -= if fits { places(one) } else { 0 };
            fits
        });
        let count = fits.count();
        desk.close(free);
        self.board.counters.queue_full.add(routed.len() - count);
        for without in routed.drain(count..) {
            answers.extend(answer(&without.submission, Status::ESME_RMSGQFUL));
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
            .map(|one| {
                let Submission {
                    id, multi, content, ..
                } = &one.submission;
                let shown = multi.as_ref().map_or(*id, |multi| multi.id);
                (*id, shown, content.clone(), one.times)
            })
            .collect();
        let records: SmallVec<[Record<'_>; 32]> = contents
            .iter()
            .map(|(id, shown, content, times)| {
                Record::Accepted(Accepted {
                    id: *id,
                    shown: *shown,
                    account,
                    ack: AckMode::Stored,
                    at: now,
                    due: times.due,
                    until: times.until,
                    alphabet: content.alphabet(),
                    pdu: content.pdu(),
                    written_source: content.written_octets(),
                })
            })
            .collect();
        let then = After::Stored {
            seat: seat.clone(),
            account,
            messages,
            at: now,
        };
        match self.journal(&records, then) {
            Ok(Some(After::Stored { messages, .. })) => {
                let before = answers.len();
                answers.extend(self.stored_answers(&messages));
                seat.promises.make(answers.len() - before);
                self.stored(seat, account, messages, now);
            }
            Err((After::Stored { messages, .. }, refusal)) => {
                let before = answers.len();
                answers.extend(self.not_stored(account, messages, refusal));
                seat.promises.make(answers.len() - before);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// What is said about messages that are durable.
    pub(super) fn stored_answers(&self, messages: &[Routed]) -> Vec<Answer> {
        self.board.counters.accepted.add(messages.len());
        messages
            .iter()
            .filter_map(|one| answer(&one.submission, Status::ESME_ROK))
            .collect()
    }

    /// The messages are durable and answered: they go to their carriers.
    pub(super) fn stored(
        &mut self,
        seat: &Arc<Seat>,
        account: AccountId,
        messages: Vec<Routed>,
        now: Moment,
    ) {
        // They were taken in stored mode, whatever the account's mode is by now.
        let account = self
            .accounts
            .table()
            .account(account)
            .cloned()
            .unwrap_or_default();
        self.open(seat, AckMode::Stored, &account, messages, now);
    }

    pub(super) fn not_stored(
        &mut self,
        account: AccountId,
        messages: Vec<Routed>,
        refusal: Refusal,
    ) -> Vec<Answer> {
        let status = match refusal {
            Refusal::Full => Status::ESME_RMSGQFUL,
            Refusal::Failed => Status::ESME_RSYSERR,
        };
        self.board
            .roster
            .desk(account)
            .close(messages.iter().map(places).sum());
        self.board.counters.refused.add(messages.len());
        if refusal == Refusal::Full {
            self.board.counters.queue_full.add(messages.len());
        }
        messages
            .iter()
            .filter_map(|one| answer(&one.submission, status))
            .collect()
    }

    /// Enters messages in the ledger and hands them to their first carrier.
    fn open(
        &mut self,
        seat: &Arc<Seat>,
        ack: AckMode,
        account: &Account,
        messages: Vec<Routed>,
        now: Moment,
    ) {
        let stored = ack == AckMode::Stored;
        let mut resting: Vec<(Moment, MessageId)> = Vec::new();
        let mut behind: Vec<MessageId> = Vec::new();
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let mut dispatch = super::dispatch::Dispatch::default();
        let entries = messages.into_iter().map(|routed| {
            let Routed {
                submission,
                times,
                unknown,
                via,
            } = routed;
            let Submission {
                content,
                id,
                ordinal,
                sequence,
                multi,
            } = submission;
            let way = match content.may_be_segment() {
                true => board.ways.lock().of(seat.account, &content, now),
                false => None,
            };
            let mut entry = Entry {
                ordinal,
                sequence,
                on_unknown: account.on_unknown,
                answered: stored,
                unknown,
                ordered: account.ordered,
                ..Entry::new(Opened {
                    seat: seat.clone(),
                    content,
                    ack,
                    stage: Stage::Resting,
                    until: times.until,
                    via,
                })
            };
            if multi.is_some() || way.is_some() {
                let ties = entry.ties_mut();
                (ties.multi, ties.way) = (multi, way);
            }
            if times.due > now {
                resting.push((times.due, id));
            } else if entry.ordered {
                entry.stage = Stage::Behind;
                behind.push(id);
            } else if let Some(carrier) = entry.next_carrier(|carrier| carriers.is_bound(carrier)) {
                entry.stage = Stage::With(carrier);
                dispatch.add(carrier, id, &entry);
            } else {
                entry.stage = Stage::Parked;
                dispatch.park(entry.via[0], id, Status::ESME_RSYSERR);
            }
            (id, entry)
        });
        board.ledger.open(entries);
        if !resting.is_empty() {
            let mut agenda = self.board.agenda.lock();
            resting
                .into_iter()
                .for_each(|(due, id)| agenda.note(due, id));
        }
        self.dispatch(dispatch);
        self.line_up(&behind);
    }
}

/// When a message may leave. In carrier mode its carrier keeps it until then.
fn times(submission: &Submission, account: &Account, now: Moment) -> Result<Times, Status> {
    let Account {
        validity,
        max_validity,
        ..
    } = account;
    let times = Times::of(&submission.content, now, *validity, *max_validity)?;
    Ok(match account.ack {
        AckMode::Stored => times,
        AckMode::Carrier => Times {
            due: Moment::default(),
            ..times
        },
    })
}

fn places(routed: &Routed) -> usize {
    routed.submission.content.places()
}

fn answer(submission: &Submission, status: Status) -> Option<Answer> {
    let Submission {
        content,
        id,
        ordinal,
        sequence,
        multi,
    } = submission;
    Answer::new(
        multi.as_deref(),
        (*ordinal, *sequence),
        content,
        status,
        *id,
    )
}
