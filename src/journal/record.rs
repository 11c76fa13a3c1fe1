//! What is written: facts in the life of a message, each under our id of it.
//!
//! A life begins with a *main* record, which holds what cannot be had again: the PDU. *Facts* follow
//! under the same id, and a *last* record ends it: of a life that has ended nothing is kept. What is
//! read back is the same whether a record is read once or twice, and a fact may stand before the
//! main record of its life: what is kept for long is carried on to where the newest records are. An id
//! stands for one life: none begins again under the id of one that has ended.

use crate::message::{AccountId, AckMode, CarrierId, GroupId, MessageId};
use crate::moment::Moment;
use smppgate_codec::text::DefaultAlphabet;

/// One fact, as it is handed to the journal; it borrows, so that writing copies once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// Main: an ESME's message is accepted. One that comes under the same id again takes the place
    /// of the first: its sender has written the message anew.
    Accepted(Accepted<'a>),
    /// Main: a message from a phone is taken over from a carrier.
    Inbound(Inbound<'a>),
    /// Main: a carrier has reported something that has not found its message yet; it has an id of
    /// its own.
    Reported(Reported<'a>),
    /// It is about to be sent to this carrier, or was in this moment.
    Attempted {
        /// Our id of the message.
        id: MessageId,
        /// To whom.
        carrier: CarrierId,
        /// When.
        at: Moment,
    },
    /// It was not sent to this carrier after all.
    Returned {
        /// Our id of the message.
        id: MessageId,
        /// To whom not.
        carrier: CarrierId,
        /// Since when that is known.
        at: Moment,
    },
    /// A carrier has refused it, and that is not the end of it.
    Refused {
        /// Our id of the message.
        id: MessageId,
        /// Who has refused it.
        carrier: CarrierId,
        /// command_status of the refusal.
        status: u32,
        /// Whether that sending had been given up: it may have been sent there again since.
        is_late: bool,
        /// When.
        at: Moment,
    },
    /// Whether a carrier has it is not known.
    Unknown {
        /// Our id of the message.
        id: MessageId,
        /// Who may have it.
        carrier: CarrierId,
        /// Since when.
        at: Moment,
    },
    /// A carrier has it, and has given it an id: receipts find it by that.
    Correlated {
        /// Our id of the message.
        id: MessageId,
        /// Who has it.
        carrier: CarrierId,
        /// Whose ids these are.
        group: GroupId,
        /// The carrier's id; empty if it gave none.
        carrier_message_id: &'a [u8],
        /// Of which part of it this is said.
        part: Part,
        /// When the response came.
        at: Moment,
    },
    /// It has come to its end, and its sender is to be told.
    Ended {
        /// Our id of the message.
        id: MessageId,
        /// message_state of the specification.
        state: u8,
        /// The error that came with it, 0 for none.
        error: u16,
        /// network_error_code, type and code, if one came.
        network_error: Option<(u8, u16)>,
        /// When.
        at: Moment,
    },
    /// Nobody takes it: it is a dead letter, which is kept to be looked at and perhaps delivered
    /// again.
    Dead {
        /// Our id of it.
        id: MessageId,
        /// Why, as a number that flow gives a meaning.
        reason: u8,
        /// When.
        at: Moment,
    },
    /// It is a dead letter no longer: somebody has asked to deliver it again.
    Revived {
        /// Our id of it.
        id: MessageId,
        /// When.
        at: Moment,
    },
    /// The ESME has confirmed that nothing is known of it; what is reported later is told as well.
    Doubted {
        /// Our id of it.
        id: MessageId,
        /// When.
        at: Moment,
    },
    /// Last: the ESME has confirmed what was to be delivered to it under this id.
    Told {
        /// Our id of it.
        id: MessageId,
        /// When.
        at: Moment,
    },
    /// Last: it has come to its end, and nobody has to be told.
    Closed {
        /// Our id of it.
        id: MessageId,
        /// message_state of the specification, 0 for what has none.
        state: u8,
        /// The error that came with it, 0 for none.
        error: u16,
        /// When.
        at: Moment,
    },
}

/// A message that an ESME has submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// Our id of it.
    pub id: MessageId,
    /// The id that its sender is told: one for all destinations of a submit_multi.
    pub shown: MessageId,
    /// Whose it is.
    pub account: AccountId,
    /// When its sender is told that it is accepted. One that waits for the verdict of a carrier is
    /// not accepted before a fact says what the verdict was.
    pub ack: AckMode,
    /// When we read it.
    pub at: Moment,
    /// It does not leave before.
    pub due: Moment,
    /// It does not leave later.
    pub until: Moment,
    /// What data_coding 0 means in it.
    pub alphabet: DefaultAlphabet,
    /// The whole PDU, header included.
    pub pdu: &'a [u8],
    /// TON, NPI and address of the source that its sender wrote, if the PDU bears another one;
    /// receipts and queries need it.
    pub written_source: Option<&'a [u8]>,
}

/// A message from a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inbound<'a> {
    /// Our id of it.
    pub id: MessageId,
    /// Who it is for; nobody, if no rule says that.
    pub account: Option<AccountId>,
    /// Whose network it came from.
    pub carrier: CarrierId,
    /// When we read it.
    pub at: Moment,
    /// What data_coding 0 means in it.
    pub alphabet: DefaultAlphabet,
    /// The whole PDU, header included.
    pub pdu: &'a [u8],
}

/// A report of a carrier about some message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported<'a> {
    /// Our id of the report.
    pub id: MessageId,
    /// Who has reported.
    pub carrier: CarrierId,
    /// When we read it.
    pub at: Moment,
    /// The whole PDU, header included.
    pub pdu: &'a [u8],
}

/// Of which part of a message something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It left as one.
    Whole,
    /// It left as one with others; the reports of one of those are about it, too. That one bears
    /// the same carrier's id, and the same time.
    With,
    /// One part of it, whose reports count.
    Speaking,
    /// One part of it, whose reports do not count.
    Silent,
    /// All parts are there, and reports may come of so many.
    All(u8),
}

/// What a record is to the life that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It holds what cannot be had again.
    Main,
    /// It says what has happened.
    Fact,
    /// Nothing of that life has to be kept any longer.
    Last,
}

impl Record<'_> {
    /// Nothing of this life has to be kept any longer, and there is no more to say of it.
    pub fn over(id: MessageId, at: Moment) -> Self {
        Self::Closed {
            id,
            state: 0,
            error: 0,
            at,
        }
    }

    /// Whose life it belongs to.
    pub fn id(&self) -> MessageId {
        match self {
            Self::Accepted(accepted) => accepted.id,
            Self::Inbound(inbound) => inbound.id,
            Self::Reported(reported) => reported.id,
            Self::Attempted { id, .. }
            | Self::Returned { id, .. }
            | Self::Refused { id, .. }
            | Self::Unknown { id, .. }
            | Self::Correlated { id, .. }
            | Self::Ended { id, .. }
            | Self::Dead { id, .. }
            | Self::Revived { id, .. }
            | Self::Doubted { id, .. }
            | Self::Told { id, .. }
            | Self::Closed { id, .. } => *id,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Moment {
        match self {
            Self::Accepted(accepted) => accepted.at,
            Self::Inbound(inbound) => inbound.at,
            Self::Reported(reported) => reported.at,
            Self::Attempted { at, .. }
            | Self::Returned { at, .. }
            | Self::Refused { at, .. }
            | Self::Unknown { at, .. }
            | Self::Correlated { at, .. }
            | Self::Ended { at, .. }
            | Self::Dead { at, .. }
            | Self::Revived { at, .. }
            | Self::Doubted { at, .. }
            | Self::Told { at, .. }
            | Self::Closed { at, .. } => *at,
        }
    }

    /// What it is to its life.
    pub fn role(&self) -> Role {
        match self {
            Self::Accepted(_) | Self::Inbound(_) | Self::Reported(_) => Role::Main,
            Self::Told { .. } | Self::Closed { .. } => Role::Last,
            _ => Role::Fact,
        }
    }

    /// Whether this begins something. When room runs low, what has begun may still come to its
    /// end, and nothing new begins.
    pub fn is_new_work(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Inbound(_))
    }
}
