//! Messages that leave in several PDUs: what is sent of each, and what its answers make of the whole.
//!
//! A message is accepted when all its parts are. What a carrier has accepted is not sent to it
//! again: a part that is throttled leaves once more by itself, and if the bind is lost, the parts
//! that had not left go on with another bind ([`Begun`]). If a part is refused, the rest is not
//! sent and the message is refused. One part whose outcome is unknown makes it unknown.

use super::begun::Begun;
use super::maps::Refusal;
use super::outcome::{Verdict, Verdicts};
use super::row::Waiting;
use crate::message::MessageId;
use crate::moment::Moment;
use smallvec::smallvec;
use smppgate_codec::code::Command;
use std::collections::{HashMap, VecDeque};

/// What comes back with the answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The message.
    pub id: MessageId,
    /// Which part of it, from 0, if it leaves in several.
    pub part: Option<u8>,
}

/// The long messages of one connection.
#[derive(Debug, Default)]
pub struct Parts {
    going: HashMap<MessageId, Going>,
    /// Parts that are to be sent, in order: nothing else is drawn before.
    unsent: VecDeque<Token>,
}

/// A part that is to be sent.
#[derive(Debug)]
pub struct Part<'a> {
    /// What comes back with its answer.
    pub token: Token,
    /// Its command.
    pub command: Command,
    /// Its body.
    pub body: &'a [u8],
}

#[derive(Debug)]
struct Going {
    waiting: Waiting,
    begun: Box<Begun>,
    in_flight: usize,
    /// Those of them that were not answered in time.
    overdue: usize,
    unsent: usize,
    refused: Option<Refusal>,
    /// A part was throttled: nothing more leaves until those on the way are answered.
    throttled: Option<Refusal>,
}

impl Parts {
    /// A message that leaves in parts, none of which has left yet on this bind.
    pub fn begin(&mut self, mut waiting: Waiting, begun: Box<Begun>) {
        let id = waiting.id;
        waiting.begun = None;
        let before = self.unsent.len();
        let unsent = begun.unsent();
        self.unsent.extend(unsent.map(|part| Token {
            id,
            part: Some(part),
        }));
        let going = Going {
            waiting,
            begun,
            in_flight: 0,
            overdue: 0,
            unsent: self.unsent.len() - before,
            refused: None,
            throttled: None,
        };
        self.going.insert(id, going);
    }

    /// Parts that have not left.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// The part that is to be sent next, if it may leave now.
    pub fn next(&self) -> Option<Part<'_>> {
        let token = *self.unsent.front()?;
        let going = self.going.get(&token.id)?;
        let body = going.begun.body(token.part?)?;
        going.throttled.is_none().then_some(Part {
            token,
            command: going.begun.command,
            body,
        })
    }

    /// That part has been sent. Its message comes back if it has not been noted that any of it has.
    pub fn sent(&mut self) -> Option<MessageId> {
        let Token { id, .. } = self.unsent.pop_front()?;
        let going = self.going.get_mut(&id)?;
        going.unsent -= 1;
        going.in_flight += 1;
        let is_first = !std::mem::replace(&mut going.begun.is_noted, true);
        is_first.then_some(id)
    }

    /// What must not leave any more, since the time of its message is over.
    pub fn stale(&mut self, now: Moment) -> Option<(MessageId, Verdicts)> {
        let id = self.unsent.front()?.id;
        let going = self.going.get_mut(&id)?;
        if now < going.begun.until {
            return None;
        }
        going.begun.is_stale = true;
        self.keep_here(id);
        Some((id, self.settled(id)))
    }

    /// A part was answered, `in_time` or late: what that says about it and the whole.
    pub fn answered(
        &mut self,
        id: MessageId,
        part: u8,
        verdict: Verdict,
        in_time: bool,
    ) -> Verdicts {
        let Some(going) = self.going.get_mut(&id) else {
            return Verdicts::new();
        };
        going.in_flight = going.in_flight.saturating_sub(1);
        going.overdue = going.overdue.saturating_sub(usize::from(!in_time));
        let mut verdicts = Verdicts::new();
        match verdict {
            Verdict::Accepted(carrier_id) => {
                let is_last = going.begun.accepted(part, carrier_id.clone());
                verdicts.push(Verdict::PartAccepted {
                    carrier_id,
                    is_last,
                });
            }
            Verdict::Refused(refusal) if refusal.throttles() && going.refused.is_none() => {
                going.throttled.get_or_insert(refusal);
                going.unsent += 1;
                let again = Token {
                    id,
                    part: Some(part),
                };
                let later =
                    |token: &Token| token.id > id || token.id == id && token.part > again.part;
                let at = self.unsent.iter().position(later);
                self.unsent.insert(at.unwrap_or(self.unsent.len()), again);
            }
            Verdict::Refused(refusal) => {
                going.begun.is_over(part);
                going.refused.get_or_insert(refusal);
                self.keep_here(id);
            }
            _ => going.begun.is_unknown(part),
        }
        verdicts.extend(self.settled(id));
        verdicts
    }

    /// A part was not answered in time; its answer may still come.
    pub fn expired(&mut self, id: MessageId) -> Option<Verdict> {
        let going = self.going.get_mut(&id)?;
        going.overdue += 1;
        let is_first = !going.begun.is_told;
        going.begun.is_told = true;
        if going.overdue >= going.in_flight {
            // Nobody knows whether they will ever be answered: the others do not wait for them.
            going.throttled = None;
        }
        is_first.then_some(Verdict::Unknown)
    }

    /// The connection is gone: what is said about each message, and those of which parts go on with
    /// another bind.
    pub fn end(&mut self, now: Moment) -> (Vec<(MessageId, Verdicts)>, Vec<Waiting>) {
        let mut over = Vec::new();
        let mut go_on = Vec::new();
        let lost: Vec<Token> = self.unsent.drain(..).collect();
        for (id, mut going) in self.going.drain() {
            let is_here = |part| {
                let part = Some(part);
                lost.contains(&Token { id, part })
            };
            going.begun.lost(is_here);
            if going.refused.is_none() && going.unsent > 0 {
                going.begun.since = now;
                going.waiting.begun = Some(going.begun);
                go_on.push(going.waiting);
            } else {
                over.push((id, going.begun.end(going.refused)));
            }
        }
        // The first one in front again.
        go_on.sort_by_key(|waiting| waiting.id);
        over.sort_by_key(|(id, _)| *id);
        (over, go_on)
    }

    /// What has not left of a message stays here.
    fn keep_here(&mut self, id: MessageId) {
        self.unsent.retain(|token| token.id != id);
        if let Some(going) = self.going.get_mut(&id) {
            going.unsent = 0;
        }
    }

    /// What is to be said about the whole, if that is decided.
    fn settled(&mut self, id: MessageId) -> Verdicts {
        let Some(going) = self.going.get_mut(&id) else {
            return Verdicts::new();
        };
        if going.overdue >= going.in_flight && going.overdue > 0 {
            going.throttled = None;
        }
        if going.in_flight > 0 {
            return Verdicts::new();
        }
        let throttled = going.throttled.take();
        if let Some(refusal) = throttled
            && going.refused.is_none()
            && going.begun.is_untouched()
        {
            // Nothing of it is with the carrier: it may go elsewhere as a whole.
            self.keep_here(id);
            self.going.remove(&id);
            return smallvec![Verdict::Refused(refusal)];
        }
        if going.unsent > 0 {
            return Verdicts::new();
        }
        match self.going.remove(&id) {
            Some(going) => going.begun.end(going.refused),
            None => Verdicts::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{AccountId, Content};
    use crate::receipt::CarrierMessageId;
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};

    const ID: MessageId = MessageId(7);
    const THROTTLED: Refusal = Refusal {
        status: Status::ESME_RTHROTTLED,
        told: None,
        reaction: None,
    };

    fn waiting(id: MessageId) -> Waiting {
        let mut out = bytes::BytesMut::new();
        Pdu::SubmitSm(Sm::default()).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Waiting::new(
            id,
            AccountId(1),
            Content::of_sm(&frame, &Sm::default()),
            Moment::NEVER,
        )
    }

    fn begin(parts: &mut Parts, id: MessageId) {
        let bodies = vec![vec![1], vec![2], vec![3]];
        let begun = Begun::new(Command::SUBMIT_SM, bodies, Moment::NEVER);
        parts.begin(waiting(id), Box::new(begun));
    }

    fn begun() -> Parts {
        let mut parts = Parts::default();
        begin(&mut parts, ID);
        parts
    }

    /// Sends what may leave; what it was.
    fn send(parts: &mut Parts) -> Vec<u8> {
        let mut sent = Vec::new();
        while let Some(part) = parts.next() {
            sent.extend(part.body);
            parts.sent();
        }
        sent
    }

    fn accepted(number: u8) -> Verdict {
        Verdict::Accepted(CarrierMessageId::new(&[b'0' + number]))
    }

    fn ids(numbers: &[u8]) -> Vec<CarrierMessageId> {
        let id = |number: &u8| CarrierMessageId::new(&[b'0' + number]);
        numbers.iter().filter_map(id).collect()
    }

    fn part_accepted(number: u8, is_last: bool) -> Verdict {
        Verdict::PartAccepted {
            carrier_id: CarrierMessageId::new(&[b'0' + number]),
            is_last,
        }
    }

    #[test]
    fn each_part_is_told_when_it_is_accepted_and_the_whole_when_all_are() {
        let mut parts = begun();
        assert_eq!(send(&mut parts), [1, 2, 3]);
        let told = parts.answered(ID, 2, accepted(3), true);
        assert_eq!(told[..], [part_accepted(3, true)]);
        let told = parts.answered(ID, 0, accepted(1), true);
        assert_eq!(told[..], [part_accepted(1, false)]);
        let told = parts.answered(ID, 1, accepted(2), true);
        let whole = Verdict::AcceptedInParts(ids(&[3, 1, 2]));
        assert_eq!(told[..], [part_accepted(2, false), whole]);
        assert!(parts.end(Moment(0)).0.is_empty());
    }

    #[test]
    fn what_is_not_sent_stays_here_once_a_part_is_refused_and_what_was_accepted_is_given_up() {
        let mut parts = begun();
        parts.sent();
        parts.sent();
        let refusal = Refusal::plain(Status::ESME_RINVDSTADR);
        assert!(
            parts
                .answered(ID, 0, Verdict::Refused(refusal), true)
                .is_empty()
        );
        assert_eq!(parts.unsent(), 0);
        let told = parts.answered(ID, 1, accepted(2), true);
        assert_eq!(
            told[..],
            [
                part_accepted(2, false),
                Verdict::GivenUp(ids(&[2])),
                Verdict::Refused(refusal)
            ]
        );
    }

    #[test]
    fn a_part_that_is_throttled_leaves_again_and_the_accepted_ones_do_not() {
        let mut parts = begun();
        send(&mut parts);
        parts.answered(ID, 0, accepted(1), true);
        parts.answered(ID, 2, Verdict::Refused(THROTTLED), true);
        assert!(parts.next().is_none(), "one is still on its way");
        parts.answered(ID, 1, Verdict::Refused(THROTTLED), true);
        assert_eq!(send(&mut parts), [2, 3]);
        parts.answered(ID, 1, accepted(2), true);
        let told = parts.answered(ID, 2, accepted(3), true);
        assert_eq!(
            told[1],
            Verdict::AcceptedInParts(ids(&[1, 2, 3])),
            "{told:?}"
        );
    }

    #[test]
    fn a_message_of_which_all_was_throttled_may_go_elsewhere_as_a_whole() {
        let mut parts = begun();
        parts.sent();
        parts.sent();
        parts.answered(ID, 0, Verdict::Refused(THROTTLED), true);
        let told = parts.answered(ID, 1, Verdict::Refused(THROTTLED), true);
        assert_eq!(told[..], [Verdict::Refused(THROTTLED)]);
        assert_eq!(parts.unsent(), 0);
    }

    #[test]
    fn a_refusal_for_good_counts_whatever_was_throttled_beside_it() {
        let mut parts = begun();
        send(&mut parts);
        let refusal = Refusal::plain(Status::ESME_RINVDSTADR);
        parts.answered(ID, 0, Verdict::Refused(THROTTLED), true);
        parts.answered(ID, 1, Verdict::Refused(refusal), true);
        let told = parts.answered(ID, 2, Verdict::Refused(THROTTLED), true);
        assert_eq!(told[..], [Verdict::Refused(refusal)]);
    }

    #[test]
    fn a_throttled_part_leaves_before_the_messages_that_came_later() {
        let mut parts = begun();
        send(&mut parts);
        begin(&mut parts, MessageId(8));
        parts.sent();
        parts.answered(ID, 0, accepted(1), true);
        parts.answered(ID, 1, accepted(2), true);
        parts.answered(ID, 2, Verdict::Refused(THROTTLED), true);
        assert_eq!(send(&mut parts), [3, 2, 3]);
    }

    #[test]
    fn one_unknown_part_makes_it_unknown_and_a_late_answer_settles_it() {
        let mut parts = begun();
        send(&mut parts);
        assert_eq!(parts.expired(ID), Some(Verdict::Unknown));
        assert_eq!(parts.expired(ID), None);
        parts.answered(ID, 0, accepted(1), true);
        parts.answered(ID, 1, accepted(2), true);
        let late = parts.answered(ID, 2, accepted(3), true);
        assert!(matches!(late[1], Verdict::AcceptedInParts(_)));
        let mut parts = begun();
        send(&mut parts);
        let (over, go_on) = parts.end(Moment(0));
        assert_eq!(over, [(ID, smallvec![Verdict::Unknown])]);
        assert!(go_on.is_empty());
    }

    #[test]
    fn a_part_that_is_never_answered_does_not_hold_up_those_that_were_throttled() {
        let mut parts = begun();
        send(&mut parts);
        parts.answered(ID, 0, accepted(1), true);
        assert_eq!(parts.expired(ID), Some(Verdict::Unknown));
        parts.answered(ID, 2, Verdict::Refused(THROTTLED), true);
        assert_eq!(send(&mut parts), [3]);
        parts.answered(ID, 2, accepted(3), true);
        // The other way round.
        let mut parts = begun();
        send(&mut parts);
        parts.answered(ID, 0, Verdict::Refused(THROTTLED), true);
        parts.answered(ID, 1, accepted(2), true);
        assert!(parts.next().is_none());
        parts.expired(ID);
        assert_eq!(send(&mut parts), [1]);
        // And its late answer settles all.
        parts.answered(ID, 0, accepted(1), true);
        let late = parts.answered(ID, 2, accepted(3), false);
        assert_eq!(late[1], Verdict::AcceptedInParts(ids(&[2, 1, 3])));
    }

    #[test]
    fn what_had_not_left_goes_on_with_another_bind() {
        let mut parts = begun();
        parts.sent();
        parts.answered(ID, 0, accepted(1), true);
        let (over, mut go_on) = parts.end(Moment(0));
        assert!(over.is_empty());
        let mut waiting = go_on.remove(0);
        let begun = waiting.begun.take().unwrap();
        let mut parts = Parts::default();
        parts.begin(waiting, begun);
        assert_eq!(send(&mut parts), [2, 3]);
        parts.answered(ID, 1, accepted(2), true);
        let told = parts.answered(ID, 2, accepted(3), true);
        assert_eq!(told[1], Verdict::AcceptedInParts(ids(&[1, 2, 3])));
    }

    #[test]
    fn parts_whose_time_is_over_do_not_leave() {
        let mut parts = Parts::default();
        let begun = Begun::new(Command::SUBMIT_SM, vec![vec![1], vec![2]], Moment(5));
        parts.begin(waiting(ID), Box::new(begun));
        assert!(parts.stale(Moment(4)).is_none());
        parts.sent();
        assert_eq!(parts.stale(Moment(5)).unwrap().1.len(), 0);
        let told = parts.answered(ID, 0, accepted(1), true);
        let over = Verdict::Unfit(Status::ESME_RINVEXPIRY);
        assert_eq!(told[1..], [Verdict::GivenUp(ids(&[1])), over]);
    }
}
