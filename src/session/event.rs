//! What a session tells whoever drives it, and the words for its two sides and three binds.

use smppgate_codec::code::{Command, Status};

/// Which side of the session we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The message centre: ESMEs bind to us.
    Smsc,
    /// The ESME: we bind to a carrier.
    Esme,
}

/// The three kinds of bind (SMPP 3.4 §2.1), named from the ESME's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindKind {
    /// The ESME submits.
    Transmitter,
    /// The ESME takes deliveries.
    Receiver,
    /// Both over one session.
    Transceiver,
}

impl BindKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Transmitter, Self::Receiver, Self::Transceiver];

    /// The request that asks for it.
    pub fn command(self) -> Command {
        match self {
            Self::Transmitter => Command::BIND_TRANSMITTER,
            Self::Receiver => Command::BIND_RECEIVER,
            Self::Transceiver => Command::BIND_TRANSCEIVER,
        }
    }

    /// The response that settles it.
    pub fn response(self) -> Command {
        match self {
            Self::Transmitter => Command::BIND_TRANSMITTER_RESP,
            Self::Receiver => Command::BIND_RECEIVER_RESP,
            Self::Transceiver => Command::BIND_TRANSCEIVER_RESP,
        }
    }

    /// The kind that a bind request asks for; `None` for every other command.
    pub fn from_command(command: Command) -> Option<Self> {
        match command {
            Command::BIND_TRANSMITTER => Some(Self::Transmitter),
            Command::BIND_RECEIVER => Some(Self::Receiver),
            Command::BIND_TRANSCEIVER => Some(Self::Transceiver),
            _ => None,
        }
    }

    /// Whether the ESME may submit on it.
    pub fn sends(self) -> bool {
        matches!(self, Self::Transmitter | Self::Transceiver)
    }

    /// Whether the message centre may deliver on it.
    pub fn receives(self) -> bool {
        matches!(self, Self::Receiver | Self::Transceiver)
    }
}

/// What an arriving PDU means to whoever drives the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<T> {
    /// Nothing is left to do: it was answered, or there is nothing to answer.
    Settled,
    /// Message centre only: a bind waits for [`accept_bind`](super::Machine::accept_bind) or
    /// [`refuse_bind`](super::Machine::refuse_bind). What the peer sent behind it stays unread
    /// until then.
    Bind(BindKind),
    /// ESME only: our bind was accepted; the body of the response is the caller's to read.
    Bound(BindKind),
    /// ESME only: our bind was refused. The session is open and may try again.
    Refused(Status),
    /// A request to carry out. It counts as unanswered until
    /// [`answered`](super::Machine::answered) says otherwise.
    Request {
        /// False for a delivery on a transmitter bind: some carriers do it, and losing the message
        /// helps nobody, but it is worth a line in the log.
        in_place: bool,
    },
    /// A request beyond twice the peer's window: it was answered `ESME_RTHROTTLED` and is not to
    /// be carried out.
    Overflow,
    /// The answer to a request of ours.
    Response {
        /// What was handed in with the request.
        token: T,
        /// The status of the answer. A generic_nack or a response to another command is never a
        /// success: status 0 in one of them is told as `ESME_RUNKNOWNERR`.
        status: Status,
        /// The command of the answer: the response to the request, or what came in its place.
        command: Command,
        /// Whether it came before the request was told as [`Tick::Expired`].
        in_time: bool,
    },
    /// ESME only: an outbind or alert_notification, which has no answer.
    Notice,
    /// A response that belongs to nothing we wait for: to be counted, and left unanswered.
    Stray,
    /// The session is over: write what is left to write, then close the connection.
    Close(Reason),
}

/// What the passing of time means to whoever drives the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick<T> {
    /// Nothing more until [`deadline`](super::Machine::deadline).
    Idle,
    /// A request of ours was not answered in time: its outcome is unknown. It keeps its slot, and
    /// a late answer still comes as [`Received::Response`].
    Expired(T),
    /// The session is over: write what is left to write, then close the connection.
    Close(Reason),
}

/// A request of ours that the end of the connection left without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost<T> {
    /// What was handed in with the request.
    pub token: T,
    /// Whether it had already been told as [`Tick::Expired`].
    pub expired: bool,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No bind was completed in time.
    BindTimeout,
    /// Too many binds were refused, or one that could not be read.
    BindRefused,
    /// The peer asked for things that need a bind first.
    NotBound,
    /// The peer did not answer enquire_link, and nothing else came from it either.
    Silent,
    /// The peer is there and does not answer our requests.
    Unresponsive,
    /// Nothing was asked by either side for as long as the setting allows.
    Idle,
    /// We unbound.
    Unbound,
    /// The peer unbound.
    PeerUnbound,
}

impl Reason {
    /// The reason in words, as who is no particular side of the session would put it.
    pub fn text(self) -> &'static str {
        match self {
            Self::BindTimeout => "no bind was completed in time",
            Self::BindRefused => "the bind was refused",
            Self::NotBound => "requests came before a bind",
            Self::Silent => "enquire_link was not answered",
            Self::Unresponsive => "our requests were not answered",
            Self::Idle => "nothing was asked for too long",
            Self::Unbound => "we unbound",
            Self::PeerUnbound => "the peer unbound",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}
