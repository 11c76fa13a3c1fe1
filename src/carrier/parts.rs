//! Messages that leave in several PDUs: what is sent of each, and what its answers make of the whole.
//!
//! A message is refused if one of its parts is: what has not been sent of it then stays here. It is
//! accepted when all parts are. One part whose outcome is unknown makes it unknown.

use super::maps::Refusal;
use super::outcome::Verdict;
use crate::message::MessageId;
use crate::receipt::CarrierMessageId;
use smppgate_codec::code::Command;
use std::collections::{HashMap, VecDeque};

/// What comes back with the answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The message.
    pub id: MessageId,
    /// Whether it is one of several PDUs.
    pub is_part: bool,
}

/// The long messages of one connection.
#[derive(Debug, Default)]
pub struct Parts {
    going: HashMap<MessageId, Going>,
    /// Parts that are to be sent, in order: those of one message at most, since nothing else is
    /// drawn before.
    pub unsent: VecDeque<Part>,
}

/// A part that is to be sent.
#[derive(Debug)]
pub struct Part {
    /// The message.
    pub id: MessageId,
    /// Its command.
    pub command: Command,
    /// Its body.
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Going {
    /// Parts that have not been answered, the unsent ones included.
    open: usize,
    ids: Vec<Option<CarrierMessageId>>,
    refused: Option<Refusal>,
    is_unknown: bool,
    /// It was said that the outcome is unknown.
    is_told: bool,
}

impl Parts {
    /// A message begins whose first body was sent; the others follow.
    pub fn begin(
        &mut self,
        id: MessageId,
        command: Command,
        others: impl Iterator<Item = Vec<u8>>,
    ) {
        let before = self.unsent.len();
        self.unsent
            .extend(others.map(|body| Part { id, command, body }));
        let open = 1 + self.unsent.len() - before;
        let going = Going {
            open,
            ..Going::default()
        };
        self.going.insert(id, going);
    }

    /// A part was answered: the verdict about the whole, if this was the last one missing.
    pub fn answered(&mut self, id: MessageId, verdict: Verdict) -> Option<Verdict> {
        let going = self.going.get_mut(&id)?;
        going.open = going.open.saturating_sub(1);
        match verdict {
            Verdict::Accepted(carrier_id) => going.ids.push(carrier_id),
            Verdict::Refused(refusal) => {
                let before = self.unsent.len();
                self.unsent.retain(|part| part.id != id);
                going.open = going.open.saturating_sub(before - self.unsent.len());
                going.refused.get_or_insert(refusal);
            }
            _ => going.is_unknown = true,
        }
        if going.open > 0 {
            return None;
        }
        let going = self.going.remove(&id)?;
        match going.refused {
            Some(refusal) => Some(Verdict::Refused(refusal)),
            None if going.is_unknown => (!going.is_told).then_some(Verdict::Unknown),
            None => Some(Verdict::AcceptedInParts(going.ids)),
        }
    }

    /// A part was not answered in time; its answer may still come.
    pub fn expired(&mut self, id: MessageId) -> Option<Verdict> {
        let going = self.going.get_mut(&id)?;
        let is_first = !going.is_told;
        going.is_told = true;
        is_first.then_some(Verdict::Unknown)
    }

    /// The connection is gone.
    pub fn end(&mut self) -> Vec<(MessageId, Verdict)> {
        self.unsent.clear();
        let verdict = |going: Going| match going.refused {
            Some(refusal) => Some(Verdict::Refused(refusal)),
            None => (!going.is_told).then_some(Verdict::Unknown),
        };
        self.going
            .drain()
            .filter_map(|(id, going)| Some((id, verdict(going)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::code::Status;

    const ID: MessageId = MessageId(7);

    fn begun() -> Parts {
        let mut parts = Parts::default();
        let others = [vec![2], vec![3]].into_iter();
        parts.begin(ID, Command::SUBMIT_SM, others);
        parts
    }

    #[test]
    fn it_is_accepted_when_all_parts_are() {
        let mut parts = begun();
        assert_eq!(parts.answered(ID, Verdict::Accepted(None)), None);
        assert_eq!(parts.answered(ID, Verdict::Accepted(None)), None);
        let last = parts.answered(ID, Verdict::Accepted(None));
        assert_eq!(last, Some(Verdict::AcceptedInParts(vec![None; 3])));
        assert!(parts.end().is_empty());
    }

    #[test]
    fn what_is_not_sent_stays_here_once_a_part_is_refused() {
        let mut parts = begun();
        parts.unsent.pop_front();
        let refusal = Refusal::plain(Status::ESME_RINVDSTADR);
        assert_eq!(parts.answered(ID, Verdict::Refused(refusal)), None);
        assert!(parts.unsent.is_empty());
        let last = parts.answered(ID, Verdict::Accepted(None));
        assert_eq!(last, Some(Verdict::Refused(refusal)));
    }

    #[test]
    fn one_unknown_part_makes_it_unknown_and_a_late_answer_settles_it() {
        let mut parts = begun();
        assert_eq!(parts.expired(ID), Some(Verdict::Unknown));
        assert_eq!(parts.expired(ID), None);
        parts.answered(ID, Verdict::Accepted(None));
        parts.answered(ID, Verdict::Accepted(None));
        let late = parts.answered(ID, Verdict::Accepted(None));
        assert!(matches!(late, Some(Verdict::AcceptedInParts(_))));
        let mut parts = begun();
        assert_eq!(parts.end(), [(ID, Verdict::Unknown)]);
    }
}
