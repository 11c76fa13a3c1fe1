//! What the journal knows of one message, but for the message itself: facts, and what they come to.

use super::super::deadletter::Reason;
use super::super::ledger::Ending;
use crate::journal::{Laid, Part};
use crate::message::{CarrierId, GroupId};
use crate::moment::Moment;
use crate::receipt::CarrierMessageId;
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;

/// What is known of one life, but for its main record.
///
/// What is kept for long was carried on to where the newest records are: so facts come in any order,
/// and some of them twice.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// It does not leave later. The beginning of time, unless it is a submitted message whose main
    /// record has been read.
    pub until: Moment,
    /// Most lives have none yet.
    known: Option<Box<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    facts: SmallVec<[(Moment, Fact); 2]>,
    /// How it lay down when it ended.
    laid: Option<Laid>,
    /// When its sender confirmed that nothing is known of it.
    doubted: Option<Moment>,
}

/// What has happened. Of what happened at the same time, the first of these came first.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Attempted(CarrierId),
    Returned(CarrierId),
    Refused(CarrierId, Status),
    Unknown(CarrierId),
    /// A sending that had been given up before.
    RefusedLate(CarrierId, Status),
    Taken(Taken),
    Ended(Ending),
    Dead(Reason),
    Revived,
}

/// A carrier has a message, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    pub carrier: CarrierId,
    pub group: GroupId,
    pub id: Option<CarrierMessageId>,
    pub part: Part,
    pub at: Moment,
}

/// One sending; without a status nothing is known of its outcome.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    pub carrier: CarrierId,
    pub at: Moment,
    pub status: Option<Status>,
    /// Whether it was given up before that was said.
    pub was_given_up: bool,
}

/// What all facts of one life come to.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub tried: SmallVec<[Tried; 1]>,
    pub taken: SmallVec<[Taken; 1]>,
    pub ended: Option<(Ending, Moment)>,
    pub dead: Option<(Reason, Moment)>,
}

impl Fact {
    fn rank(&self) -> u8 {
        match self {
            Self::Attempted(_) => 0,
            Self::Returned(_) => 1,
            Self::Refused(..) => 2,
            Self::Unknown(_) => 3,
            Self::RefusedLate(..) => 4,
            Self::Taken(_) => 5,
            Self::Ended(_) => 6,
            Self::Dead(_) => 7,
            Self::Revived => 8,
        }
    }
}

impl Life {
    pub fn add(&mut self, at: Moment, fact: Fact) {
        let is_same = |(then, other): &(Moment, Fact)| *then == at && *other == fact;
        let facts = &mut self.known.get_or_insert_default().facts;
        if !facts.iter().any(is_same) {
            facts.push((at, fact));
        }
    }

    /// Whether nothing is known but its main record.
    pub fn is_new(&self) -> bool {
        self.known.is_none()
    }

    /// How it lay down when it ended.
    pub fn laid(&self) -> Option<Laid> {
        self.known.as_ref()?.laid
    }

    /// It lay down like that.
    pub fn lay(&mut self, laid: Laid) {
        self.known.get_or_insert_default().laid = Some(laid);
    }

    /// Its sender has confirmed that nothing is known of it.
    pub fn doubt(&mut self, at: Moment) {
        let doubted = &mut self.known.get_or_insert_default().doubted;
        *doubted = (*doubted).max(Some(at));
    }

    /// Whether it is known what has become of it.
    pub fn has_ended(&self) -> bool {
        let is_end =
            |fact: &Fact| matches!(fact, Fact::Ended(ending) if ending.state != State::Unknown);
        let mut facts = self.known.iter().flat_map(|known| &known.facts);
        facts.any(|(_, fact)| is_end(fact))
    }

    /// When its sender confirmed that nothing is known of it.
    pub fn doubted(&self) -> Option<Moment> {
        self.known.as_ref()?.doubted
    }

    /// What a carrier has taken as a whole, if nothing has happened since, but for what its sender has
    /// confirmed: that nothing is known. Which sendings were not
    /// answered before does not matter: their binds are gone, and no answer comes any more.
    pub fn waits_for_its_report(&self) -> Option<&Taken> {
        let mut taken = None;
        let doubted = self.doubted();
        for (at, fact) in self.known.iter().flat_map(|known| &known.facts) {
            match fact {
                Fact::Attempted(_)
                | Fact::Returned(_)
                | Fact::Refused(..)
                | Fact::Unknown(_)
                | Fact::RefusedLate(..) => {}
                Fact::Ended(ending) if ending.state == State::Unknown && doubted >= Some(*at) => {}
                Fact::Taken(one) if taken.is_none() && one.part == Part::Whole => taken = Some(one),
                _ => return None,
            }
        }
        taken
    }

    /// What has happened, in its order.
    pub fn told(self) -> Story {
        let mut facts = self.known.map(|known| known.facts).unwrap_or_default();
        facts.sort_by_key(|(at, fact)| (*at, fact.rank()));
        let mut story = Story::default();
        for (at, fact) in facts {
            match fact {
                Fact::Attempted(carrier) => story.tried.push(Tried {
                    carrier,
                    at,
                    status: None,
                    was_given_up: false,
                }),
                Fact::Returned(carrier) => {
                    if let Some(open) = story.open(carrier) {
                        story.tried.remove(open);
                    }
                }
                Fact::Refused(carrier, status) => story.outcome(carrier, at, Some(status)),
                Fact::Unknown(carrier) => story.outcome(carrier, at, None),
                Fact::RefusedLate(carrier, status) => match story.given_up(carrier) {
                    Some(given_up) => story.tried[given_up].status = Some(status),
                    None => story.outcome(carrier, at, Some(status)),
                },
                Fact::Taken(taken) => story.taken.push(taken),
                // The first that was said of it counts, but for that nothing is known.
                Fact::Ended(ending) => {
                    let known = |(ended, _): &(Ending, Moment)| ended.state != State::Unknown;
                    if !story.ended.as_ref().is_some_and(known) {
                        story.ended = Some((ending, at));
                    }
                }
                Fact::Dead(reason) => story.dead = Some((reason, at)),
                Fact::Revived => story.dead = None,
            }
        }
        story
    }
}

impl Story {
    /// The last sending to this carrier whose outcome was not told.
    fn open(&self, carrier: CarrierId) -> Option<usize> {
        let is_open = |one: &Tried| one.carrier == carrier && one.status.is_none();
        self.tried.iter().rposition(is_open)
    }

    /// The first sending to this carrier that was given up and not refused. One that was sent there
    /// since may still be answered.
    fn given_up(&self, carrier: CarrierId) -> Option<usize> {
        let is_it = |one: &Tried| one.carrier == carrier && one.status.is_none();
        let mut tried = self.tried.iter();
        tried.position(|one| is_it(one) && one.was_given_up)
    }

    fn outcome(&mut self, carrier: CarrierId, at: Moment, status: Option<Status>) {
        match self.open(carrier) {
            Some(open) => {
                self.tried[open].status = status;
                self.tried[open].was_given_up |= status.is_none();
            }
            None => self.tried.push(Tried {
                carrier,
                at,
                status,
                was_given_up: status.is_none(),
            }),
        }
    }

    /// Sendings of which nobody knew in time what had become of them.
    pub fn unknown(&self) -> usize {
        let is_unknown = |one: &&Tried| one.was_given_up || one.status.is_none();
        self.tried.iter().filter(is_unknown).count()
    }

    /// The status that a carrier has refused it with, if that is the last that was said of it.
    pub fn last_refusal(&self) -> Option<Status> {
        self.tried.last()?.status
    }

    /// Sendings of which nobody knows what has become.
    pub fn in_doubt(&self) -> usize {
        self.tried.iter().filter(|one| one.status.is_none()).count()
    }
}
