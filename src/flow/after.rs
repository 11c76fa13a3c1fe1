//! The rest of a step: what is to be done once a batch is durable.

use super::anew::Anew;
use super::asker::Asker;
use super::deadletter::{DeadLetter, Reason};
use super::redelivery::{Obstacle, Redelivery};
use super::sought::Sought;
use super::timeline::Timeline;
use super::via::Via;
use crate::carrier::{Line, Outcome, Reply, Waiting};
use crate::esme::{Delivery, Seat, Submission};
use crate::message::{AccountId, CarrierId, Content, MessageId, Times, UnknownOutcome};
use crate::moment::Moment;
use crate::receipt::Report;
use smppgate_codec::code::Command;
use std::sync::Arc;

/// The rest of a step, which waits for its batch to be durable.
#[derive(Debug)]
pub enum After {
    /// Messages in stored mode: they are answered and go to their carriers.
    Stored {
        /// The connection that submitted them.
        seat: Arc<Seat>,
        /// Whose they are.
        account: AccountId,
        /// The messages.
        messages: Vec<Routed>,
        /// When they were read.
        at: Moment,
    },
    /// Messages that leave for a carrier once it is durable that they do.
    Attempted {
        /// To whom.
        carrier: CarrierId,
        /// The bind that sends them.
        line: Arc<Line>,
        /// The messages.
        batch: Vec<Waiting>,
        /// When they were drawn.
        at: Moment,
    },
    /// What has become of messages that a carrier was given.
    Outcomes {
        /// Who.
        carrier: CarrierId,
        /// What.
        batch: Vec<Outcome>,
        /// When it was read.
        at: Moment,
    },
    /// What a carrier has delivered.
    Arrivals {
        /// Who.
        carrier: CarrierId,
        /// The bind that is to be told.
        line: Arc<Line>,
        /// What.
        batch: Vec<Landed>,
        /// When it was read.
        at: Moment,
    },
    /// Messages have come to their end: their senders are told.
    Ended {
        /// What they are told.
        deliveries: Vec<Delivery>,
    },
    /// Messages that their sender takes back.
    Cancelled {
        /// What is to be answered, and to whom.
        request: Request,
        /// The messages: none of them can leave any more.
        ids: Vec<MessageId>,
    },
    /// Messages that their sender writes anew.
    Replaced {
        /// What is to be answered, and to whom.
        request: Request,
        /// The messages as they are to be.
        contents: Vec<Anew>,
    },
    /// Messages that were laid down and that a carrier has reported about: they are taken up again.
    Reported {
        /// Who has reported.
        carrier: CarrierId,
        /// What, each with the message that it may be about.
        batch: Vec<(MessageId, Report)>,
        /// When it was read.
        at: Moment,
    },
    /// Messages that were laid down and that nothing was reported about in time: they come to
    /// their end.
    Over {
        /// The messages.
        ids: Vec<MessageId>,
        /// When that was found.
        at: Moment,
    },
    /// A dead letter is to be delivered again, once what was kept of it has been read.
    Unearthed {
        /// The letter; it is among the others no more.
        letter: Box<DeadLetter>,
        /// Who gets it, and who waits to hear that.
        redelivery: Redelivery,
        /// When somebody asked for it.
        at: Moment,
    },
    /// It is delivered again.
    Revived {
        /// The letter that it was.
        letter: Box<DeadLetter>,
        /// What it is now.
        delivery: Box<Delivery>,
        /// Who waits to hear who gets it.
        asker: Asker<Result<AccountId, Obstacle>>,
        /// When somebody asked for it.
        at: Moment,
    },
    /// A dead letter is let go, since somebody has asked for it.
    LetGo {
        /// The letter; it is among the others no more.
        letter: Box<DeadLetter>,
        /// Who waits to hear that.
        asker: Asker<Result<DeadLetter, Obstacle>>,
        /// When somebody asked for it.
        at: Moment,
    },
    /// Somebody asks for messages, of some of which the journal has to be read.
    Looked {
        /// Those.
        sought: Vec<Sought>,
        /// What is known of the others.
        found: Vec<Timeline>,
        /// Who asks.
        asker: Asker<Vec<Timeline>>,
    },
    /// Somebody asks for all that has happened to a message.
    LookedInto {
        /// The message.
        id: MessageId,
        /// What is known of it in memory.
        known: Option<Box<Timeline>>,
        /// Who asks.
        asker: Asker<Option<Timeline>>,
    },
    /// Nothing is left to be done.
    Nothing,
}

/// A request about messages, which is answered once the journal has taken what follows from it.
#[derive(Debug)]
pub struct Request {
    /// The connection that asks.
    pub seat: Arc<Seat>,
    /// Its command.
    pub command: Command,
    /// Its sequence_number.
    pub sequence: u32,
    /// When it was read.
    pub at: Moment,
}

/// A message whose way has been chosen.
#[derive(Debug)]
pub struct Routed {
    /// The message.
    pub submission: Submission,
    /// When it may leave.
    pub times: Times,
    /// What becomes of it when the outcome of its sending is unknown.
    pub unknown: UnknownOutcome,
    /// Its carriers in the order to try them.
    pub via: Via,
}

/// A delivery of a carrier, and where it belongs.
#[derive(Debug)]
pub struct Landed {
    /// What the carrier is told if all goes well.
    pub reply: Reply,
    /// Our id of it, if it has a life of its own.
    pub id: Option<MessageId>,
    /// Where it belongs.
    pub place: Place,
}

impl Landed {
    /// Whether a life begins with it that nobody has accepted yet.
    pub fn begins(&self) -> bool {
        match self.place {
            Place::Account(..) => true,
            Place::Nowhere(reason, _) => reason != Reason::NamesNothing,
            Place::End { .. } | Place::Report(_) | Place::Full => false,
        }
    }
}

/// Where a delivery belongs.
#[derive(Debug)]
pub enum Place {
    /// It is the end of one message and of nothing else, and its sender is told or has not asked.
    End {
        /// The message.
        id: MessageId,
        /// Whether its sender is told.
        told: bool,
        /// The report.
        report: Report,
    },
    /// It is about one of our messages.
    Report(Report),
    /// It is from a phone, for this account.
    Account(AccountId, Content),
    /// It is from a phone, for an account that has no room: the carrier is to keep it.
    Full,
    /// It belongs nowhere, for this reason.
    Nowhere(Reason, Arc<[u8]>),
}
