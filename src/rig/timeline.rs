//! What happens to a simulated carrier by itself, at set times.

use std::net::SocketAddr;
use std::time::Duration;

use smppgate_codec::code::Status;

use super::tls::ClientTls;

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// When, after the carrier has started.
    pub at: Duration,
    /// And again after each of these; zero is once.
    pub every: Duration,
    /// What.
    pub action: Action,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Every connection is closed without an unbind.
    Drop,
    /// It reads and does nothing.
    Hang,
    /// It goes on after it hung.
    Unhang,
    /// Binds are refused with this status.
    RefuseBinds(Status),
    /// Binds are taken again.
    TakeBinds,
    /// It unbinds from everybody.
    Unbind,
    /// Somebody who receives is told that a phone can be reached again.
    Alert(Alert),
}

/// An alert_notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The phone.
    pub from: String,
    /// Who asked to be told: esme_addr.
    pub to: String,
}

/// Whom a carrier calls, and what it shows.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where it calls.
    pub address: SocketAddr,
    /// system_id of the outbind.
    pub system_id: String,
    /// password of the outbind.
    pub password: String,
    /// TLS of the call; `None` is plain.
    pub tls: Option<ClientTls>,
}
