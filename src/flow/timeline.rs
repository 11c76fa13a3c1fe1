//! What has happened to one message, from its acceptance to the last that its sender heard of it.
//!
//! A timeline is made of the records of a life, in whichever order and how often they are read, or
//! of what is known of it in memory.

use super::deadletter::Reason;
use super::ledger::Ending;
use super::tries::Attempt;
use crate::journal::{Accepted, Inbound, Part, Record, Reported};
use crate::message::{AccountId, AckMode, CarrierId, Content, MessageId};
use crate::moment::Moment;
use crate::receipt::CarrierMessageId;
use smppgate_codec::code::{MessageState, Status};
use smppgate_codec::pdu::NetworkErrorCode;
use smppgate_codec::receipt::State;
use smppgate_codec::text::DefaultAlphabet;

/// What has happened to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Our id of it.
    pub id: MessageId,
    /// The id that its sender knows it by.
    pub shown: MessageId,
    /// What it is, where that is known still.
    pub kind: Option<Kind>,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// The carrier that it has come from, if it came from one.
    pub from: Option<CarrierId>,
    /// The source that its sender wrote, where it is known still.
    pub source: Option<Box<[u8]>>,
    /// Its destination, likewise.
    pub destination: Option<Box<[u8]>>,
    /// When we read it.
    pub accepted: Moment,
    /// It does not leave before, if its sender said so.
    pub due: Option<Moment>,
    /// It does not leave later.
    pub until: Option<Moment>,
    /// When its sender was told that it is accepted.
    pub ack: Option<AckMode>,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// Its sendings, the first one first.
    pub attempts: Vec<Attempt>,
    /// The ids that carriers have given it or its parts; `None` where nobody has looked for them.
    pub carrier_ids: Option<Vec<(CarrierId, CarrierMessageId)>>,
    /// What it has come to, and when.
    pub ended: Option<(Ending, Moment)>,
    /// Why it is a dead letter, and since when, if it is one.
    pub dead: Option<(Reason, Moment)>,
    /// When its receiver has confirmed the last that was to be told of it.
    pub told: Option<Moment>,
    /// How much of the journal was read for it, if any was.
    pub searched: Option<Searched>,
}

/// How much of the journal was read for a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searched {
    /// All that can tell of it.
    Whole,
    /// A part of that: something may be missing.
    InPart,
}

/// What a life is the life of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message that an ESME has submitted.
    Submitted,
    /// A message from a phone.
    FromPhone,
    /// A report that had not found its message when it came.
    Report,
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// It waits for a carrier to be bound.
    Waits,
    /// It waits for its time: to be sent for the first time, or once more.
    Rests,
    /// It waits for its turn, behind another message.
    Behind,
    /// It waits for this carrier, or has been sent to it and not been answered.
    With(CarrierId),
    /// Its sender takes it back.
    TakenBack,
    /// Whether this carrier has it is not known.
    Unknown(CarrierId),
    /// This carrier has it; its report is awaited.
    Taken(CarrierId),
    /// A carrier has it; its report is awaited, and what else is known of it lies in the journal.
    LaidDown,
    /// It is a report, and looks for its message.
    Seeks,
    /// It waits to be delivered, or its end to be told.
    ToBeTold,
    /// Nobody has taken it.
    Dead,
    /// It has come to its end.
    Ended,
    /// Its receiver has confirmed the last that was to be told.
    Told,
}

impl Timeline {
    /// A life of which nothing has happened yet.
    pub fn begin(id: MessageId, kind: Option<Kind>, whereabouts: Whereabouts) -> Self {
        Self {
            id,
            shown: id,
            kind,
            account: None,
            from: None,
            source: None,
            destination: None,
            accepted: id.accepted(),
            due: None,
            until: None,
            ack: None,
            whereabouts,
            attempts: Vec::new(),
            carrier_ids: None,
            ended: None,
            dead: None,
            told: None,
            searched: None,
        }
    }

    /// What is known of it in memory, and what the journal tells of it besides: in memory stands where
    /// it is now, and in the journal what happened before the last start.
    pub fn with(self, history: Self) -> Self {
        let attempts = match self.attempts.len() < history.attempts.len() {
            true => history.attempts,
            false => self.attempts,
        };
        let few = |ids: &Option<Vec<_>>| ids.as_ref().map_or(0, Vec::len);
        let carrier_ids = match few(&self.carrier_ids) < few(&history.carrier_ids) {
            true => history.carrier_ids,
            false => self.carrier_ids,
        };
        Self {
            kind: self.kind.or(history.kind),
            account: self.account.or(history.account),
            from: self.from.or(history.from),
            source: self.source.or(history.source),
            destination: self.destination.or(history.destination),
            due: self.due.or(history.due),
            until: self.until.or(history.until),
            ack: self.ack.or(history.ack),
            ended: self.ended.or(history.ended),
            dead: self.dead.or(history.dead),
            told: self.told.or(history.told),
            searched: history.searched,
            attempts,
            carrier_ids,
            ..self
        }
    }

    /// The timeline of these records, all of one life; `None` if its main record is not among them.
    pub fn of<'a>(records: impl IntoIterator<Item = Record<'a>>) -> Option<Self> {
        let mut timeline = None;
        let mut facts: Vec<Record<'a>> = Vec::new();
        for record in records {
            match record {
                // The last one counts: its sender may have written it anew.
                Record::Accepted(accepted) => timeline = Some(Self::submitted(&accepted)),
                Record::Inbound(inbound) => timeline = Some(Self::from_phone(&inbound)),
                Record::Reported(reported) => timeline = Some(Self::report(&reported)),
                // What was carried on may be read twice.
                fact if facts.contains(&fact) => {}
                fact => facts.push(fact),
            }
        }
        let mut timeline = timeline?;
        // What was carried on stands behind what came later; of one time, the order stays.
        facts.sort_by_key(Record::at);
        timeline.carrier_ids = Some(Vec::new());
        facts.iter().for_each(|fact| timeline.goes_on(fact));
        Some(timeline)
    }

    fn submitted(accepted: &Accepted<'_>) -> Self {
        let begun = Self::begin(accepted.id, Some(Kind::Submitted), Whereabouts::Waits);
        Self {
            shown: accepted.shown,
            account: Some(accepted.account),
            accepted: accepted.at,
            due: Some(accepted.due).filter(|due| *due > accepted.at),
            until: Some(accepted.until),
            ack: Some(accepted.ack),
            ..begun.between(accepted.pdu, accepted.alphabet, accepted.written_source)
        }
    }

    fn from_phone(inbound: &Inbound<'_>) -> Self {
        let begun = Self::begin(inbound.id, Some(Kind::FromPhone), Whereabouts::ToBeTold);
        Self {
            account: inbound.account,
            from: Some(inbound.carrier).filter(|carrier| *carrier != CarrierId::NONE),
            accepted: inbound.at,
            ..begun.between(inbound.pdu, inbound.alphabet, None)
        }
    }

    fn report(reported: &Reported<'_>) -> Self {
        let begun = Self::begin(reported.id, Some(Kind::Report), Whereabouts::Seeks);
        Self {
            from: Some(reported.carrier),
            accepted: reported.at,
            ..begun.between(reported.pdu, DefaultAlphabet::Gsm, None)
        }
    }

    /// The numbers that its PDU is from and for.
    fn between(self, pdu: &[u8], alphabet: DefaultAlphabet, written_source: Option<&[u8]>) -> Self {
        let content = Content::kept(pdu, alphabet, written_source);
        let content = content.as_ref();
        Self {
            source: content.map(|content| content.written_source().digits.into()),
            destination: content.map(|content| content.destination().digits.into()),
            ..self
        }
    }

    fn goes_on(&mut self, fact: &Record<'_>) {
        match *fact {
            Record::Attempted { carrier, at, .. } => {
                self.attempts.push(Attempt {
                    carrier,
                    at,
                    status: None,
                });
                self.whereabouts = Whereabouts::With(carrier);
            }
            Record::Returned { carrier, .. } => {
                if let Some(at) = self.open_attempt(carrier) {
                    self.attempts.remove(at);
                }
                self.whereabouts = Whereabouts::Waits;
            }
            Record::Refused {
                carrier,
                status,
                is_late,
                at,
                ..
            } => {
                match is_late {
                    true => self.refused_late(carrier, Status(status), at),
                    false => self.answered(carrier, Some(Status(status)), at),
                }
                // Where else it has been sent since is where it is.
                let mut tried = self.attempts.iter();
                if !is_late || tried.all(|one| one.status.is_some()) {
                    self.whereabouts = Whereabouts::Waits;
                }
            }
            Record::Unknown { carrier, at, .. } => {
                self.answered(carrier, None, at);
                self.whereabouts = Whereabouts::Unknown(carrier);
            }
            Record::Correlated {
                carrier,
                carrier_message_id,
                part,
                at,
                ..
            } => {
                let known = CarrierMessageId::new(carrier_message_id).map(|id| (carrier, id));
                self.carrier_ids.get_or_insert_default().extend(known);
                if !matches!(part, Part::Speaking | Part::Silent) {
                    self.answered(carrier, Some(Status::ESME_ROK), at);
                    self.whereabouts = Whereabouts::Taken(carrier);
                }
            }
            Record::Ended {
                state,
                error,
                network_error,
                at,
                ..
            } => {
                self.ends(ending(state, error, network_error), at);
                self.whereabouts = Whereabouts::ToBeTold;
            }
            Record::Dead { reason, at, .. } => {
                let reason = Reason::of_number(reason).unwrap_or(Reason::NobodyBound);
                self.dead = Some((reason, at));
                self.whereabouts = Whereabouts::Dead;
            }
            Record::Revived { .. } => {
                self.dead = None;
                self.whereabouts = Whereabouts::ToBeTold;
            }
            Record::Told { at, .. } | Record::Doubted { at, .. } => {
                self.told = Some(at);
                self.whereabouts = Whereabouts::Told;
            }
            Record::Closed {
                state, error, at, ..
            } => {
                if state > 0 {
                    self.ends(ending(state, error, None), at);
                }
                self.whereabouts = Whereabouts::Ended;
            }
            Record::Accepted(_) | Record::Inbound(_) | Record::Reported(_) => {}
        }
    }

    /// The first end that is known counts, but for that nothing is known.
    fn ends(&mut self, ending: Ending, at: Moment) {
        let known = |(ended, _): &(Ending, Moment)| ended.state != State::Unknown;
        if !self.ended.as_ref().is_some_and(known) {
            self.ended = Some((ending, at));
        }
    }

    /// The last sending to this carrier that was not answered.
    fn open_attempt(&self, carrier: CarrierId) -> Option<usize> {
        let is_open = |one: &Attempt| one.carrier == carrier && one.status.is_none();
        self.attempts.iter().rposition(is_open)
    }

    fn answered(&mut self, carrier: CarrierId, status: Option<Status>, at: Moment) {
        let attempt = Attempt {
            carrier,
            at,
            status,
        };
        match self.open_attempt(carrier) {
            Some(open) => self.attempts[open] = attempt,
            None => self.attempts.push(attempt),
        }
    }

    /// The first sending to this carrier that was not answered has been refused after it was given up:
    /// one that was sent there since may still be answered.
    fn refused_late(&mut self, carrier: CarrierId, status: Status, at: Moment) {
        let is_open = |one: &&mut Attempt| one.carrier == carrier && one.status.is_none();
        match self.attempts.iter_mut().find(is_open) {
            Some(open) => (open.status, open.at) = (Some(status), at),
            None => self.answered(carrier, Some(status), at),
        }
    }
}

fn ending(state: u8, error: u16, network_error: Option<(u8, u16)>) -> Ending {
    Ending {
        state: State::from_message_state(MessageState(state)).unwrap_or(State::Unknown),
        error,
        network_error: network_error.map(|(network, code)| NetworkErrorCode { network, code }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::GroupId;
    use bytes::BytesMut;
    use smppgate_codec::pdu::{Address, Pdu, Sm};

    const ID: MessageId = MessageId(7);
    const NORTH: CarrierId = CarrierId(0);
    const SOUTH: CarrierId = CarrierId(1);

    fn pdu() -> BytesMut {
        let mut pdu = BytesMut::new();
        let sm = Sm {
            source: Address::new(5, 0, b"ACME"),
            destination: Address::new(1, 1, b"33612345678"),
            ..Sm::default()
        };
        Pdu::SubmitSm(sm).encode(&mut pdu, Status::ESME_ROK, 1);
        pdu
    }

    fn accepted(pdu: &[u8]) -> Record<'_> {
        Record::Accepted(Accepted {
            id: ID,
            shown: MessageId(6),
            account: AccountId(3),
            ack: AckMode::Stored,
            at: Moment(10),
            due: Moment(0),
            until: Moment(1_000),
            alphabet: DefaultAlphabet::Gsm,
            pdu,
            written_source: None,
        })
    }

    fn from_phone(pdu: &[u8]) -> Record<'_> {
        Record::Inbound(Inbound {
            id: ID,
            account: None,
            carrier: NORTH,
            at: Moment(10),
            alphabet: DefaultAlphabet::Gsm,
            pdu,
        })
    }

    fn attempted(carrier: CarrierId, at: u64) -> Record<'static> {
        Record::Attempted {
            id: ID,
            carrier,
            at: Moment(at),
        }
    }

    fn has(carrier: CarrierId, id: &[u8], part: Part, at: u64) -> Record<'_> {
        Record::Correlated {
            id: ID,
            carrier,
            group: GroupId(0),
            carrier_message_id: id,
            part,
            at: Moment(at),
        }
    }

    fn unknown(carrier: CarrierId, at: u64) -> Record<'static> {
        Record::Unknown {
            id: ID,
            carrier,
            at: Moment(at),
        }
    }

    fn tried(carrier: CarrierId, at: u64, status: Option<Status>) -> Attempt {
        Attempt {
            carrier,
            at: Moment(at),
            status,
        }
    }

    fn known(carrier: CarrierId, id: &str) -> (CarrierId, CarrierMessageId) {
        (carrier, CarrierMessageId::new(id.as_bytes()).unwrap())
    }

    /// Refused by one carrier, taken by the next, undeliverable, and its sender knows it.
    fn whole_life(pdu: &[u8]) -> Vec<Record<'_>> {
        vec![
            accepted(pdu),
            attempted(NORTH, 20),
            Record::Refused {
                id: ID,
                carrier: NORTH,
                status: Status::ESME_RSYSERR.0,
                is_late: false,
                at: Moment(21),
            },
            attempted(SOUTH, 30),
            has(SOUTH, b"s1", Part::Whole, 31),
            Record::Ended {
                id: ID,
                state: State::Undeliverable.message_state().0,
                error: 34,
                network_error: Some((3, 9)),
                at: Moment(40),
            },
            Record::Told {
                id: ID,
                at: Moment(50),
            },
        ]
    }

    #[test]
    fn a_whole_life_is_told() {
        let pdu = pdu();
        let ending = Ending {
            state: State::Undeliverable,
            error: 34,
            network_error: Some(NetworkErrorCode {
                network: 3,
                code: 9,
            }),
        };
        let expected = Timeline {
            shown: MessageId(6),
            account: Some(AccountId(3)),
            source: Some(b"ACME"[..].into()),
            destination: Some(b"33612345678"[..].into()),
            accepted: Moment(10),
            until: Some(Moment(1_000)),
            ack: Some(AckMode::Stored),
            attempts: vec![
                tried(NORTH, 21, Some(Status::ESME_RSYSERR)),
                tried(SOUTH, 31, Some(Status::ESME_ROK)),
            ],
            carrier_ids: Some(vec![known(SOUTH, "s1")]),
            ended: Some((ending, Moment(40))),
            told: Some(Moment(50)),
            ..Timeline::begin(ID, Some(Kind::Submitted), Whereabouts::Told)
        };
        assert_eq!(Timeline::of(whole_life(&pdu)), Some(expected));
    }

    #[test]
    fn it_is_the_same_in_whichever_order_and_how_often_records_are_read() {
        let pdu = pdu();
        let life = whole_life(&pdu);
        let once = Timeline::of(life.iter().copied());
        for turn in 0..life.len() {
            let (before, after) = life.split_at(turn);
            let carried_on = after.iter().chain(before).chain(after).copied();
            assert_eq!(Timeline::of(carried_on), once, "from {turn} on");
        }
        assert_eq!(Timeline::of(life.iter().rev().copied()), once);
    }

    #[test]
    fn where_a_message_is_follows_from_the_last_that_is_known() {
        let pdu = pdu();
        let returned = Record::Returned {
            id: ID,
            carrier: NORTH,
            at: Moment(22),
        };
        let refused = Record::Refused {
            id: ID,
            carrier: NORTH,
            status: 8,
            is_late: false,
            at: Moment(22),
        };
        let late = Record::Refused {
            id: ID,
            carrier: NORTH,
            status: 8,
            is_late: true,
            at: Moment(25),
        };
        let deleted = Record::Closed {
            id: ID,
            state: State::Deleted.message_state().0,
            error: 0,
            at: Moment(22),
        };
        for (facts, expected, attempts) in [
            (&[][..], Whereabouts::Waits, 0),
            (&[attempted(NORTH, 20)], Whereabouts::With(NORTH), 1),
            (&[attempted(NORTH, 20), returned], Whereabouts::Waits, 0),
            (&[attempted(NORTH, 20), refused], Whereabouts::Waits, 1),
            (
                &[attempted(NORTH, 20), unknown(NORTH, 22)],
                Whereabouts::Unknown(NORTH),
                1,
            ),
            (&[unknown(NORTH, 22)], Whereabouts::Unknown(NORTH), 1),
            (&[unknown(NORTH, 22), late], Whereabouts::Waits, 1),
            (
                &[unknown(NORTH, 22), attempted(NORTH, 23), late],
                Whereabouts::With(NORTH),
                2,
            ),
            (
                &[unknown(NORTH, 22), has(NORTH, b"", Part::Whole, 23)],
                Whereabouts::Taken(NORTH),
                1,
            ),
            (&[deleted], Whereabouts::Ended, 0),
        ] {
            let life = std::iter::once(accepted(&pdu)).chain(facts.iter().copied());
            let timeline = Timeline::of(life).unwrap();
            assert_eq!(timeline.whereabouts, expected, "{facts:?}");
            assert_eq!(timeline.attempts.len(), attempts, "{facts:?}");
        }
    }

    #[test]
    fn a_message_in_parts_is_taken_once_all_of_them_are() {
        let pdu = pdu();
        let mut life = vec![
            accepted(&pdu),
            attempted(NORTH, 20),
            has(NORTH, b"p1", Part::Silent, 21),
            has(NORTH, b"p2", Part::Speaking, 22),
        ];
        let timeline = Timeline::of(life.iter().copied()).unwrap();
        assert_eq!(timeline.whereabouts, Whereabouts::With(NORTH));
        life.push(has(NORTH, b"", Part::All(2), 23));
        let timeline = Timeline::of(life).unwrap();
        assert_eq!(timeline.whereabouts, Whereabouts::Taken(NORTH));
        let ids = vec![known(NORTH, "p1"), known(NORTH, "p2")];
        assert_eq!(timeline.carrier_ids, Some(ids));
        let taken = tried(NORTH, 23, Some(Status::ESME_ROK));
        assert_eq!(timeline.attempts, [taken]);
    }

    #[test]
    fn a_dead_letter_is_one_until_it_is_delivered_again() {
        let pdu = pdu();
        let mut life = vec![
            from_phone(&pdu),
            Record::Dead {
                id: ID,
                reason: Reason::NoRule.number(),
                at: Moment(20),
            },
        ];
        let timeline = Timeline::of(life.iter().copied()).unwrap();
        assert_eq!(timeline.kind, Some(Kind::FromPhone));
        assert_eq!(timeline.from, Some(NORTH));
        assert_eq!(timeline.whereabouts, Whereabouts::Dead);
        assert_eq!(timeline.dead, Some((Reason::NoRule, Moment(20))));
        life.push(Record::Revived {
            id: ID,
            at: Moment(30),
        });
        let timeline = Timeline::of(life.iter().copied()).unwrap();
        assert_eq!(timeline.whereabouts, Whereabouts::ToBeTold);
        assert_eq!(timeline.dead, None);
        life.push(Record::Told {
            id: ID,
            at: Moment(40),
        });
        let timeline = Timeline::of(life).unwrap();
        assert_eq!(timeline.whereabouts, Whereabouts::Told);
        assert_eq!(timeline.told, Some(Moment(40)));
    }

    #[test]
    fn a_report_looks_for_its_message_until_it_is_closed() {
        let pdu = pdu();
        let reported = Record::Reported(Reported {
            id: ID,
            carrier: SOUTH,
            at: Moment(10),
            pdu: &pdu,
        });
        let timeline = Timeline::of([reported]).unwrap();
        assert_eq!(timeline.kind, Some(Kind::Report));
        assert_eq!(timeline.whereabouts, Whereabouts::Seeks);
        let closed = Record::Closed {
            id: ID,
            state: 0,
            error: 0,
            at: Moment(20),
        };
        let timeline = Timeline::of([reported, closed]).unwrap();
        assert_eq!(timeline.whereabouts, Whereabouts::Ended);
        assert_eq!(timeline.ended, None);
    }

    #[test]
    fn facts_alone_are_no_timeline() {
        assert_eq!(Timeline::of([attempted(NORTH, 20)]), None);
    }
}
