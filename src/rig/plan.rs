//! What a load client is to send, where and how fast, and how far it has come.

use std::net::SocketAddr;
use std::time::Duration;

use super::esme::Login;
use super::tally::MESSAGES_MAX;

/// Messages that one run can send: nine digits stand in each destination.
pub const COUNT_MAX: u64 = MESSAGES_MAX;

/// What to send, where, and how fast.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The peer.
    pub connect: SocketAddr,
    /// Who binds. Receipts come only to transceivers.
    pub login: Login,
    /// Binds; 1 or more.
    pub binds: usize,
    /// Unanswered messages per bind; 1 or more.
    pub window: usize,
    /// How much.
    pub amount: Amount,
    /// Messages per second over all binds; 0 = as fast as answers come.
    pub rate: f64,
    /// Octets of short_message, 254 at most.
    pub body: usize,
    /// Destinations are one of these and nine digits, in turn; eleven digits each at most.
    pub to: Vec<String>,
    /// source_addr.
    pub from: String,
    /// Whether to ask for receipts, and wait for them.
    pub receipts: bool,
    /// Time without any answer or receipt after which the rest is lost.
    pub patience: Duration,
    /// Time from the start that is not measured.
    pub warmup: Duration,
    /// Messages that may lack their answer or receipt, over all binds; 0 = no limit. For a peer
    /// that accepts faster than it delivers.
    pub open_max: u64,
    /// Remember every id, to find one that is given twice.
    pub unique_ids: bool,
    /// Open lost binds again. What was unanswered on them is not sent again.
    pub reconnect: bool,
    /// Time between two looks at the progress.
    pub observe_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: SocketAddr::from(([127, 0, 0, 1], 2775)),
            login: Login::default(),
            binds: 1,
            window: 10,
            amount: Amount::Count(1_000),
            rate: 0.0,
            body: 160,
            to: vec!["33".into()],
            from: "smppgate".into(),
            receipts: true,
            patience: Duration::from_secs(10),
            warmup: Duration::ZERO,
            open_max: 0,
            unique_ids: true,
            reconnect: false,
            observe_every: Duration::from_secs(1),
        }
    }
}

/// How much is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many messages.
    Count(u64),
    /// As many as leave in this time, warm-up included.
    For(Duration),
}

/// Where a run stands; told once a second, or as set, and at each change of phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Since the first message.
    pub elapsed: Duration,
    /// Messages sent.
    pub sent: u64,
    /// Messages answered.
    pub answered: u64,
    /// Receipts.
    pub receipts: u64,
    /// Messages without answer or receipt.
    pub open: u64,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Sends, not measured.
    Warmup,
    /// Sends, measured.
    Measure,
    /// Sends no more and waits for the rest.
    Drain,
    /// Is over.
    Done,
}
