//! An ESME asks where a message stands, or for something to be done about it.

use super::after::{After, Request};
use super::ledger::{Entry, Hand, Stage};
use super::switchboard::Clerk;
use crate::esme::{Answer, Standing};
use crate::journal::{Record, Refusal};
use crate::message::{AccountId, MessageId};
use crate::receipt::NumberMark;
use smallvec::{SmallVec, smallvec};
use smppgate_codec::code::Status;
use smppgate_codec::pdu::DESTINATIONS_MAX;
use smppgate_codec::receipt::State;

impl Clerk {
    /// Where the message of this id stands; of several under one id, the first that is under way,
    /// else the first that is remembered.
    pub(super) fn standing(
        &mut self,
        account: AccountId,
        id: MessageId,
        source: &[u8],
    ) -> Option<Standing> {
        let source = NumberMark::of(source);
        let mut hand = self.board.ledger.hand();
        for each in known_by(&mut hand, id) {
            if hand
                .entry(each)
                .is_some_and(|entry| is_of(entry, account, source))
            {
                return Some(Standing {
                    state: State::EnRoute,
                    ended: None,
                    error: 0,
                });
            }
        }
        drop(hand);
        let remembered = self.board.remembered.lock();
        let memory = id.following(DESTINATIONS_MAX).find_map(|each| {
            remembered.find(each).copied().filter(|memory| {
                memory.shown == id && memory.account == account && memory.source == source
            })
        });
        drop(remembered);
        match memory {
            Some(memory) => Some(Standing {
                state: memory.state,
                ended: memory.ended,
                error: memory.error,
            }),
            None => self.standing_of_laid(account, id, source),
        }
    }

    /// The same of what waits for nothing but the report of its carrier. Whose it is stands on the disk: it
    /// is read at once, since that is asked seldom, and what was accepted lately is in memory there too.
    fn standing_of_laid(
        &mut self,
        account: AccountId,
        id: MessageId,
        source: NumberMark,
    ) -> Option<Standing> {
        let board = self.board.clone();
        let each = id
            .following(DESTINATIONS_MAX)
            .find(|each| board.is_laid_down(*each))?;
        let kept = board.journal().read(each)?;
        let Record::Accepted(accepted) = kept.record() else {
            return None;
        };
        let is_told = board.is_told(each, accepted.until);
        let entry = board.kept_entry(&accepted, Stage::Parked)?;
        let is_it = accepted.shown == id && is_of(&entry, account, source);
        is_it.then_some(Standing {
            state: match is_told {
                true => State::Unknown,
                false => State::EnRoute,
            },
            ended: None,
            error: 0,
        })
    }

    /// Hands over what follows from a request about messages. If that takes its time, the answer
    /// comes to the seat.
    pub(super) fn carried_out(
        &mut self,
        records: &[Record<'_>],
        then: After,
    ) -> Option<Result<(), Status>> {
        match self.journal(records, then) {
            Ok(then) => self.managed(then?, Ok(())),
            Err((then, refusal)) => self.managed(then, Err(refusal)),
        }
        .map(|(_, result)| result)
    }

    /// The journal has settled a request about messages: what it is answered.
    pub(super) fn managed(
        &mut self,
        then: After,
        outcome: Result<(), Refusal>,
    ) -> Option<(Request, Result<(), Status>)> {
        match then {
            After::Cancelled { request, ids } => {
                let result = match outcome {
                    Ok(()) => self.gone(ids, request.at),
                    Err(_) => self.not_gone(ids),
                };
                Some((request, result))
            }
            After::Replaced { request, contents } => {
                let result = match outcome {
                    Ok(()) => self.written_anew(contents, request.at),
                    Err(_) => Err(Status::ESME_RSYSERR),
                };
                Some((request, result))
            }
            _ => None,
        }
    }

    /// The same, later: the answer is left with the connection that has asked.
    pub(super) fn managed_later(&mut self, then: After, outcome: Result<(), Refusal>) {
        let Some((request, result)) = self.managed(then, outcome) else {
            return;
        };
        request.seat.answer(vec![Answer {
            // It is no message of this connection.
            ordinal: u64::MAX,
            sequence: request.sequence,
            command: request.command,
            status: result.err().unwrap_or_default(),
            id: None,
        }]);
    }
}

/// The messages under way that are shown under this id: one, or the destinations of a submit_multi.
pub(super) fn known_by(hand: &mut Hand<'_>, id: MessageId) -> SmallVec<[MessageId; 1]> {
    if hand.entry(id).is_some_and(|entry| entry.multi().is_none()) {
        return smallvec![id];
    }
    // The first of several may have come to its end before the others.
    id.following(DESTINATIONS_MAX)
        .filter(|each| {
            let entry = hand.entry(*each);
            entry.is_some_and(|entry| entry.shown(*each) == id)
        })
        .collect()
}

/// Whether this message was accepted from this account and source. One whose submission is not
/// answered yet has no id that its sender could know.
pub(super) fn is_of(entry: &Entry, account: AccountId, source: NumberMark) -> bool {
    entry.account() == account
        && entry.answered
        && NumberMark::of(entry.content.written_source().digits) == source
}
