//! The states of a session, and what each request means in each of them.
//!
//! ```text
//!            bind            accepted            unbind()              answers are in
//!   OPEN ───────────▶ BINDING ───────▶ BOUND ───────────▶ DRAINING ───────────────┐
//!     ▲                  │            TX·RX·TRX              │ time is up           ▼
//!     └──────────────────┘               │                  └───────────────▶ UNBINDING
//!            refused                     │ the peer unbinds                        │ unbind_resp,
//!                                        ▼                                         ▼ time is up
//!                                     LEAVING ──── what we owe is answered ────▶ CLOSED
//! ```
//!
//! SMPP 3.4 §2.2 names OPEN, BOUND_TX, BOUND_RX, BOUND_TRX and CLOSED; the others are the time
//! that it takes to go from one to the next.

use super::event::{BindKind, Reason, Role};
use smppgate_codec::code::{Command, Status};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Connected, no bind.
    Open,
    /// A bind was asked for and is not decided yet.
    Binding(BindKind),
    /// Bound: requests flow.
    Bound(BindKind),
    /// We are about to unbind: no new requests of ours, answers to the old ones are waited for.
    Draining(BindKind),
    /// Our unbind was sent; what arrives before its response is still served.
    Unbinding(BindKind),
    /// Both sides know that it is over; what the peer asked for before is still answered.
    Leaving,
    /// Over.
    Closed,
}

impl State {
    /// The bind that is in force, from its acceptance to the unbind_resp.
    pub fn bound(self) -> Option<BindKind> {
        match self {
            Self::Bound(kind) | Self::Draining(kind) | Self::Unbinding(kind) => Some(kind),
            Self::Open | Self::Binding(_) | Self::Leaving | Self::Closed => None,
        }
    }

    /// Whether the bind is yet to come.
    pub fn is_before_bind(self) -> bool {
        matches!(self, Self::Open | Self::Binding(_))
    }
}

/// A [`State`] with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    Binding {
        kind: BindKind,
        sequence: u32,
    },
    Bound(BindKind),
    Draining {
        kind: BindKind,
        why: Reason,
    },
    Unbinding {
        kind: BindKind,
        why: Reason,
        sequence: u32,
    },
    /// `unbind` is the peer's unbind, if it still waits for its response.
    Leaving {
        why: Reason,
        unbind: Option<u32>,
    },
    Closed,
}

impl Stage {
    /// Its state.
    #[inline]
    pub fn state(self) -> State {
        match self {
            Self::Open => State::Open,
            Self::Binding { kind, .. } => State::Binding(kind),
            Self::Bound(kind) => State::Bound(kind),
            Self::Draining { kind, .. } => State::Draining(kind),
            Self::Unbinding { kind, .. } => State::Unbinding(kind),
            Self::Leaving { .. } => State::Leaving,
            Self::Closed => State::Closed,
        }
    }
}

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Somebody has to decide about this bind.
    Bind(BindKind),
    /// Somebody has to carry it out.
    HandUp {
        /// Whether the specification has it there.
        in_place: bool,
    },
    /// Somebody wants to know; there is no answer.
    Notice,
    /// We are here: enquire_link_resp.
    Alive,
    /// The peer ends the session: answered with this status.
    End(Status),
    /// Its own response, or generic_nack if it has none, with this status.
    Refuse(Status),
    /// Nothing.
    Ignore,
}

/// What a request means where the session stands (SMPP 3.4 §2.3); responses are not asked about.
///
/// A PDU in the wrong place gets its own response with `ESME_RINVBNDSTS`, so that the sender can
/// tell which request it was; a command that has no response gets generic_nack.
#[inline]
pub(super) fn rule(role: Role, state: State, command: Command) -> Rule {
    const WRONG_STATE: Rule = Rule::Refuse(Status::ESME_RINVBNDSTS);
    const UNKNOWN: Rule = Rule::Refuse(Status::ESME_RINVCMDID);

    match command {
        _ if state == State::Closed => Rule::Ignore,

        Command::SUBMIT_SM
        | Command::SUBMIT_MULTI
        | Command::QUERY_SM
        | Command::CANCEL_SM
        | Command::REPLACE_SM => match (role, state.bound()) {
            (Role::Smsc, Some(kind)) if kind.sends() => Rule::HandUp { in_place: true },
            _ => WRONG_STATE,
        },

        Command::DELIVER_SM => match (role, state.bound()) {
            (Role::Esme, Some(kind)) => Rule::HandUp {
                in_place: kind.receives(),
            },
            _ => WRONG_STATE,
        },

        // The table of the specification lets either side send it in every bound state. An ESME
        // that is bound to receive has nothing to submit; a carrier is heard on every bind.
        Command::DATA_SM => match (role, state.bound()) {
            (Role::Smsc, Some(kind)) if kind.sends() => Rule::HandUp { in_place: true },
            (Role::Esme, Some(_)) => Rule::HandUp { in_place: true },
            _ => WRONG_STATE,
        },

        // Also before a bind: peers that probe an open connection only want to know that it lives.
        Command::ENQUIRE_LINK => Rule::Alive,

        Command::UNBIND if state.is_before_bind() => Rule::End(Status::ESME_RINVBNDSTS),
        Command::UNBIND => Rule::End(Status::ESME_ROK),

        Command::BIND_TRANSMITTER | Command::BIND_RECEIVER | Command::BIND_TRANSCEIVER => {
            match (role, state, BindKind::from_command(command)) {
                (Role::Smsc, State::Open, Some(kind)) => Rule::Bind(kind),
                (Role::Smsc, State::Binding(_), _) => Rule::Refuse(Status::ESME_RALYBND),
                _ if state.bound().is_some() => Rule::Refuse(Status::ESME_RALYBND),
                _ => WRONG_STATE,
            }
        }

        Command::OUTBIND => match (role, state) {
            (Role::Esme, State::Open) => Rule::Notice,
            (Role::Esme, _) => Rule::Ignore,
            (Role::Smsc, _) => UNKNOWN,
        },

        Command::ALERT_NOTIFICATION => match (role, state.bound()) {
            (Role::Esme, Some(_)) => Rule::Notice,
            (Role::Esme, None) => Rule::Ignore,
            (Role::Smsc, _) => UNKNOWN,
        },

        _ => UNKNOWN,
    }
}
