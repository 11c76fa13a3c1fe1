//! The ledger outside: what peers have seen of every message. It shares nothing with the gateway's.

use super::plan::PREFIXES;
use smppgate::message::AckMode;
use smppgate::moment::Moment;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;
use std::collections::HashMap;
use std::time::Duration;

/// A place in the order in which octets were written, over all wires.
pub type Order = (u64, usize);

/// Everything that peers have seen.
#[derive(Debug, Default)]
pub struct Book {
    pub messages: Vec<Message>,
    pub sendings: Vec<Sending>,
    pub phones: Vec<PhoneMessage>,
    /// Ids that ESMEs were told, and the first message of each.
    pub ids: HashMap<Box<str>, usize>,
    /// Requests of ESMEs that the gateway has not answered, by their wire and sequence_number.
    pub requests: HashMap<(usize, u32), Request>,
    /// What carriers were given, by its wire and sequence_number.
    pub given: HashMap<(usize, u32), usize>,
    /// When the gateway let go of each wire, by the number of the wire.
    pub let_go: Vec<Option<Moment>>,
    /// When it last listened to it, if it does not any more.
    pub ended: HashMap<usize, Moment>,
    /// When the gateway has died.
    pub crashes: Vec<Crash>,
    /// Promises that were seen to be broken while the world went on.
    pub wrong: Vec<Wrong>,
}

/// An end of the gateway without any order.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    pub at: Moment,
    /// What it had heard since then may be forgotten.
    pub since: Moment,
}

impl Crash {
    /// Whether what happened then may be forgotten.
    pub fn forgets(&self, at: Moment) -> bool {
        self.since <= at + SETTLING && at <= self.at
    }
}

/// From what the gateway hears or does to the record of it.
const SETTLING: Duration = Duration::from_secs(1);

/// A promise that was broken.
#[derive(Debug, Clone)]
pub struct Wrong {
    pub about: super::tale::About,
    pub what: String,
}

/// What an ESME has asked for.
#[derive(Debug, Clone, Copy)]
pub enum Request {
    /// To send these messages, which share one answer.
    Submit { first: usize, count: usize },
    /// Where a message stands.
    Query { message: usize, asked: Moment },
    /// To take it back: the change of this number.
    Cancel { message: usize, at: usize },
    /// To write it anew.
    Replace { message: usize, at: usize },
}

/// One message of an ESME: a PDU, or one destination of a submit_multi.
#[derive(Debug)]
pub struct Message {
    pub account: usize,
    pub ack: AckMode,
    /// The connection that it was submitted on.
    pub wire: usize,
    pub asked: Moment,
    pub shape: Shape,
    /// As its ESME has written it.
    pub destination: String,
    /// Which country it goes to.
    pub prefix: usize,
    pub registered: u8,
    pub valid_seconds: Option<u64>,
    pub text: Vec<u8>,
    /// How far the wire was written with it.
    pub place: u64,
    /// What the gateway has answered, whether its ESME has read that or not.
    pub answer: Answer,
    /// What carriers were given of it, in that order.
    pub sendings: Vec<usize>,
    /// What its ESME was told, in that order.
    pub told: Vec<Told>,
    /// When it was asked to be taken back, and what that was answered.
    pub cancels: Vec<Change>,
    /// The same for being written anew, with the text.
    pub replaces: Vec<(Vec<u8>, Change)>,
    /// When it was asked where it stands, when that was answered, and how.
    pub queried: Vec<(Moment, Moment, Option<State>)>,
}

/// What a message is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    One,
    /// A segment that its ESME has cut; the first of them has the number `of`.
    Segment {
        of: usize,
        total: u8,
    },
    /// A destination of a submit_multi, whose first has the number `of`.
    Multi {
        of: usize,
        count: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// None was written.
    None,
    Accepted {
        id: Box<str>,
        at: Moment,
        order: Order,
    },
    Refused(Status, Moment),
}

/// A request to change a message.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// What it was answered, and when that was written.
    pub answer: Option<(Status, Moment)>,
}

/// A submit_sm that the gateway has written to a carrier.
#[derive(Debug)]
pub struct Sending {
    /// The messages that it is about: one, or all that left as one.
    pub of: Vec<usize>,
    pub carrier: usize,
    pub wire: usize,
    /// When the gateway wrote it.
    pub written: Moment,
    /// When the carrier read it.
    pub read: Option<Moment>,
    /// Which part of how many it is, if it is one that the gateway has cut.
    pub part: Option<Part>,
    /// The number that it goes to, as the gateway has written it.
    pub destination: Vec<u8>,
    /// Its text, without the header that numbers segments.
    pub text: Vec<u8>,
    /// registered_delivery as the carrier read it.
    pub registered: u8,
    /// Whether the carrier has taken it, whatever it answers.
    pub is_taken: bool,
    /// Its number in the carrier's ids.
    pub number: Option<u64>,
    /// The first answer, whatever it was.
    pub settled: Option<Answered>,
    /// The same, if it says what has become of the message.
    pub answered: Option<Answered>,
    pub reports: Vec<Reported>,
}

/// One part of a message that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub reference: u16,
    pub total: u8,
    pub seqnum: u8,
}

/// What a peer has answered, and where on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    pub status: Status,
    pub at: Moment,
    /// Octets that had been written with it.
    pub place: u64,
}

/// A report of a carrier that was written, perhaps several times.
#[derive(Debug)]
pub struct Reported {
    pub state: State,
    pub is_final: bool,
    /// When it was first written.
    pub first: Option<Moment>,
    /// On which wire, and how far that was written with it.
    pub tries: Vec<(usize, u64)>,
    /// When the gateway had taken it: its response with status 0 was read.
    pub taken: Option<Moment>,
}

/// A receipt that the gateway has written to an ESME.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: Box<str>,
    pub state: State,
    pub is_final: bool,
    pub wire: usize,
    pub sequence: u32,
    pub written: Moment,
    pub order: Order,
    pub is_read: bool,
    pub answered: Option<Answered>,
}

/// A message from a phone.
#[derive(Debug)]
pub struct PhoneMessage {
    pub account: usize,
    pub segments: Vec<PhoneSegment>,
}

#[derive(Debug, Default)]
pub struct PhoneSegment {
    pub text: Vec<u8>,
    pub tries: Vec<(usize, u64)>,
    /// When the gateway had taken it.
    pub taken: Option<Moment>,
    /// Each time that the gateway has written it to an ESME, alone or in the whole.
    pub delivered: Vec<PhoneDelivered>,
}

#[derive(Debug, Clone)]
pub struct PhoneDelivered {
    pub wire: usize,
    pub sequence: u32,
    pub written: Moment,
    pub is_read: bool,
    pub answered: Option<Answered>,
}

impl Book {
    /// The number that a message goes to: no other has the same.
    pub fn destination(prefix: usize, number: usize) -> String {
        format!("{}{number:08}", PREFIXES[prefix])
    }

    /// The message that goes to this number.
    pub fn by_destination(&self, digits: &[u8]) -> Option<usize> {
        let digits = std::str::from_utf8(digits).ok()?;
        let digits = digits.trim_start_matches('+').trim_start_matches("00");
        let prefix = PREFIXES.iter().find(|one| digits.starts_with(**one))?;
        let number: usize = digits.get(prefix.len()..)?.parse().ok()?;
        (number < self.messages.len()).then_some(number)
    }

    /// The number of a phone that has written.
    pub fn phone(number: usize) -> String {
        format!("9{number:08}")
    }

    pub fn by_phone(&self, digits: &[u8]) -> Option<usize> {
        let digits = std::str::from_utf8(digits).ok()?;
        let number: usize = digits.strip_prefix('9')?.parse().ok()?;
        (number < self.phones.len()).then_some(number)
    }

    /// All messages that are shown under one id with this one.
    pub fn shown_with(&self, message: usize) -> Vec<usize> {
        match self.messages[message].shape {
            Shape::Multi { of, count } => (of..of + count).collect(),
            _ => vec![message],
        }
    }

    pub fn wrong(&mut self, about: super::tale::About, what: String) {
        self.wrong.push(Wrong { about, what });
    }

    /// The gateway does not listen to this wire any more.
    pub fn has_ended(&mut self, wire: usize, now: Moment) {
        self.ended.entry(wire).or_insert(now);
    }

    /// When the gateway let go of a wire; never, if it has not.
    pub fn let_go(&self, wire: usize) -> Moment {
        self.let_go
            .get(wire)
            .copied()
            .flatten()
            .unwrap_or(Moment::NEVER)
    }
}

impl Message {
    /// Whether it was answered.
    pub fn is_answered(&self) -> bool {
        self.answer != Answer::None
    }

    /// Whether it was given this id.
    pub fn has_id(&self, wanted: &[u8]) -> bool {
        matches!(&self.answer, Answer::Accepted { id, .. } if id.as_bytes() == wanted)
    }
}
