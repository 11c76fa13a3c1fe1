//! Who stays, and how each behaves.

use std::net::SocketAddr;

use smppgate_codec::code::Command;

use crate::rig::ledger::Ledger;

/// Who stays.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the gateway listens.
    pub connect: SocketAddr,
    /// The accounts, in the order of the ledger's terms.
    pub accounts: Vec<Account>,
    /// Where everything is written down.
    pub ledger: Ledger,
    /// Where chance begins.
    pub seed: u64,
}

/// An account and how it behaves.
#[derive(Debug, Clone)]
pub struct Account {
    /// system_id of its binds.
    pub system_id: String,
    /// password of its binds.
    pub password: String,
    /// bind_transceiver, bind_transmitter or bind_receiver of each.
    pub binds: Vec<Command>,
    /// source_addr of its messages.
    pub source: String,
    /// Prefixes of its destinations, each as often; nine digits follow.
    pub to: Vec<String>,
    /// Messages per second.
    pub rate: f64,
    /// Unanswered messages per bind.
    pub window: usize,
    /// registered_delivery other than 1, each with its share.
    pub registered: Vec<(u8, f64)>,
    /// Share of the deliver_sm that it cannot take now: they are answered ESME_RX_T_APPN.
    pub not_now: f64,
}
