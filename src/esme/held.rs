//! What one connection submits faster than its account may: each waits for its turn, or for its
//! refusal.

use super::allowance::DELAY_MAX;
use super::multi::Verdicts;
use super::submission::Submission;
use crate::message::Content;
use crate::moment::Moment;
use smppgate_codec::code::Command;
use std::collections::VecDeque;

/// Octets that wait on one connection; what comes on top is refused. That a connection has no more
/// than twice its window of requests unanswered bounds their number.
const OCTETS_MAX: usize = 4 * 1_024 * 1_024;

/// What one request asks to have sent.
#[derive(Debug)]
pub enum Request {
    /// The message of a submit_sm or data_sm.
    One(Submission),
    /// The messages of a submit_multi, which have no ids yet.
    Multi {
        /// The messages.
        contents: Vec<Content>,
        /// Destinations that became none.
        refused: Verdicts,
        /// The sequence_number of the submit_multi.
        sequence: u32,
    },
}

impl Request {
    /// Octets that it takes while it waits.
    fn octets(&self) -> usize {
        match self {
            Self::One(submission) => submission.content.pdu().len(),
            Self::Multi { contents, .. } => contents.iter().map(|one| one.pdu().len()).sum(),
        }
    }
}

/// Messages that wait for their turn, and requests that wait to be refused.
#[derive(Debug, Default)]
pub struct Held {
    turns: VecDeque<(Moment, Request)>,
    octets: usize,
    refused: VecDeque<(Moment, Command, u32)>,
}

impl Held {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.refused.is_empty()
    }

    /// Whether there is room for a message.
    pub fn has_room(&self) -> bool {
        self.octets < OCTETS_MAX
    }

    /// Keeps what is asked for until its turn.
    pub fn keep(&mut self, turn: Moment, request: Request) {
        self.octets += request.octets();
        self.turns.push_back((turn, request));
    }

    /// Keeps in mind to refuse a request: its sender is slowed down by that.
    pub fn refuse(&mut self, request: &Request, now: Moment) {
        let (command, sequence) = match request {
            Request::One(one) => (one.content.command(), one.sequence),
            Request::Multi { sequence, .. } => (Command::SUBMIT_MULTI, *sequence),
        };
        self.refused.push_back((now + DELAY_MAX, command, sequence));
    }

    /// What has its turn now.
    pub fn take_turns(&mut self, now: Moment, into: &mut Vec<Request>) {
        while let Some((_, request)) = self.turns.pop_front_if(|(turn, _)| *turn <= now) {
            self.octets -= request.octets();
            into.push(request);
        }
    }

    /// The next request that is to be refused now.
    pub fn take_refused(&mut self, now: Moment) -> Option<(Command, u32)> {
        let due = self.refused.pop_front_if(|(due, _, _)| *due <= now);
        due.map(|(_, command, sequence)| (command, sequence))
    }

    /// When something is due next.
    pub fn deadline(&self) -> Moment {
        let turn = self.turns.front().map_or(Moment::NEVER, |(turn, _)| *turn);
        let refusal = self.refused.front().map_or(Moment::NEVER, |(due, ..)| *due);
        turn.min(refusal)
    }
}
