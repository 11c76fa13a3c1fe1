//! The settings of an account: an ESME that may bind.

use crate::message::{AckMode, IdForm, OnUnknown};
use crate::session::BindKind;
use std::fmt;
use std::time::Duration;

/// What an ESME must show to bind.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An ESME that may bind, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name it binds with, 15 octets by the specification and 64 at most here.
    pub system_id: String,
    /// The password it binds with, 64 octets at most.
    pub password: Password,
    /// Bind types that it may use.
    pub bind_types: Vec<BindKind>,
    /// Binds that it may hold at one time.
    pub binds: u32,
    /// Requests per bind that it may have unanswered.
    pub window: u32,
    /// Requests per bind that we may have unanswered.
    pub deliver_window: u32,
    /// How long we wait for a deliver_sm_resp.
    pub deliver_timeout: Duration,
    /// Silence after which we send enquire_link; zero is never.
    pub enquire_link: Duration,
    /// Time without a request but enquire_link after which we unbind; zero is never.
    pub idle_timeout: Duration,
    /// When it is told that a message is accepted.
    pub ack: AckMode,
    /// What it hears when a carrier's verdict does not come in time.
    pub on_unknown: OnUnknown,
    /// Longest time from its request to our response in carrier mode.
    pub respond_within: Duration,
    /// How it wants to see message ids.
    pub message_id: IdForm,
    /// Whether it gets long messages from phones whole, not in their segments.
    pub reassemble: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            system_id: String::new(),
            password: Password(Vec::new()),
            bind_types: vec![
                BindKind::Transmitter,
                BindKind::Receiver,
                BindKind::Transceiver,
            ],
            binds: 8,
            window: 100,
            deliver_window: 10,
            deliver_timeout: Duration::from_secs(30),
            enquire_link: Duration::from_secs(30),
            idle_timeout: Duration::ZERO,
            ack: AckMode::Stored,
            on_unknown: OnUnknown::Accept,
            respond_within: Duration::from_secs(10),
            message_id: IdForm::Decimal,
            reassemble: false,
        }
    }
}
