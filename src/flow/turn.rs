//! Messages of ordered accounts take their turns.

use super::dispatch::Dispatch;
use super::ledger::{Entry, Stage};
use super::ordered::{BEHIND_MAX, Pair};
use super::switchboard::{Carriers, Clerk, Switchboard};
use super::way::long_of;
use crate::message::{AccountId, Content, MessageId};
use crate::receipt::NumberMark;
use smppgate_codec::code::Status;

impl Switchboard {
    /// Whether one more message between the same two numbers may wait behind the one that goes, and
    /// behind those of its batch. What is on its way into the journal is within the window of its
    /// connection.
    pub(super) fn may_line_up(&self, pair: Pair, batch: &mut Vec<Pair>) -> Result<(), Status> {
        let before = batch.iter().filter(|other| **other == pair).count();
        if self.ordered.len_of(&pair) + before >= BEHIND_MAX {
            return Err(Status::ESME_RMSGQFUL);
        }
        batch.push(pair);
        Ok(())
    }
}

impl Clerk {
    /// These take their turns: those before whom nobody goes leave, the others wait.
    pub(super) fn line_up(&mut self, ids: &[MessageId]) {
        if ids.is_empty() {
            return;
        }
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let mut dispatch = Dispatch::default();
        let mut hand = board.ledger.hand();
        for id in ids {
            let entry = hand.entry(*id);
            let Some(entry) = entry.filter(|entry| entry.stage == Stage::Behind) else {
                continue;
            };
            let goes = match entry.turn() {
                Some(turn) => board.ordered.goes(turn),
                None => {
                    let pair = pair(entry.account(), &entry.content);
                    let long = long_of(&entry.content);
                    let (turn, goes) = board.ordered.enter(pair, *id, entry.until, long);
                    entry.ties_mut().turn = Some(turn);
                    goes
                }
            };
            if goes {
                set_out(*id, entry, &carriers, &mut dispatch);
            }
        }
        drop(hand);
        self.dispatch(dispatch);
    }

    /// Those go whose turn has come.
    pub(super) fn next_in_order(&mut self) {
        loop {
            let ids = self.board.ordered.next();
            if ids.is_empty() {
                break;
            }
            // Whoever has no carrier and waits for a verdict is answered, and the next one goes.
            self.line_up(&ids);
        }
    }
}

fn set_out(id: MessageId, entry: &mut Entry, carriers: &Carriers, dispatch: &mut Dispatch) {
    match entry.next_carrier(|carrier| carriers.is_bound(carrier)) {
        Some(carrier) => {
            entry.stage = Stage::With(carrier);
            dispatch.add(carrier, id, entry);
        }
        None => {
            let first = entry.untried().next().unwrap_or(entry.via[0]);
            dispatch.park(first, id, Status::ESME_RSYSERR);
        }
    }
}

/// Among which messages this one has its turn.
pub(super) fn pair(account: AccountId, content: &Content) -> Pair {
    let source = NumberMark::of(content.source().digits);
    let destination = NumberMark::of(content.destination().digits);
    (account, source, destination)
}
