//! What a simulated carrier is told to do, and what it has done.

use std::net::SocketAddr;

use parking_lot::Mutex;
use serde::Serialize;
use smppgate_codec::code::{MessageState, Status};

use super::chance::Law;

/// What a simulated carrier is, for as long as it runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The system_id in its bind responses.
    pub system_id: String,
    /// The password that binds must bring; `None` lets everybody in.
    pub password: Option<String>,
    /// Its deliver_sm that may be unanswered per bind; 1 or more.
    pub deliver_window: usize,
    /// The first message id; the next ones count up.
    pub first_id: u64,
    /// Accepted messages that it remembers for [`Carrier::ledger`]; 0 = none.
    pub ledger: usize,
    /// Where its chance begins.
    pub seed: u64,
    /// What it does with messages.
    pub behaviour: Behaviour,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            system_id: "carrier".into(),
            password: None,
            deliver_window: 100,
            first_id: 1_000_000_001,
            ledger: 0,
            seed: 1,
            behaviour: Behaviour::default(),
        }
    }
}

/// What a simulated carrier does with messages; it may be changed while it runs.
///
/// Shares are between 0 and 1. The default accepts everything at once and reports it delivered in
/// the same write.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// Time from a request to its response.
    pub latency: Law,
    /// Time from the response to a message to its receipt.
    pub receipt_delay: Law,
    /// Refusals by chance: the status and the share of messages that get it.
    pub errors: Vec<(Status, f64)>,
    /// Refusals by destination: the first prefix that fits decides.
    pub refused: Vec<(String, Status)>,
    /// Messages per second that it takes, with bursts of a tenth of a second; above that they get
    /// `ESME_RTHROTTLED`. 0 = no limit.
    pub rate: f64,
    /// Share of accepted messages that it never answers: their outcome is unknown to the sender.
    pub unanswered: f64,
    /// Share of responses that come twice.
    pub answered_twice: f64,
    /// Final states other than DELIVERED, each with its share.
    pub states: Vec<(MessageState, f64)>,
    /// Share of receipts that it never sends.
    pub receipts_lost: f64,
    /// Share of receipts that it sends twice.
    pub receipts_doubled: f64,
    /// Share of receipts that bear an id that it never gave.
    pub receipts_foreign: f64,
    /// Share of receipts that leave as soon as the message has come, before its response.
    pub receipts_early: f64,
    /// Receipts leave on another bind of the same system_id if there is one that can receive.
    pub receipts_elsewhere: bool,
    /// How ids are written in responses.
    pub response_id: IdForm,
    /// How ids are written in receipts.
    pub receipt_id: IdForm,
    /// It reads and does nothing at all: no message is accepted, no request answered.
    pub hang: bool,
}

/// How a carrier writes its message ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdForm {
    /// Decimal digits.
    #[default]
    Decimal,
    /// Lower-case hexadecimal digits.
    Hex,
}

/// What a simulated carrier has seen and done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Binds that stand now.
    pub bound: u64,
    /// Binds that were refused.
    pub binds_refused: u64,
    /// Messages that came, by submit_sm or data_sm.
    pub messages: u64,
    /// Messages that it accepted.
    pub accepted: u64,
    /// Messages that it refused.
    pub refused: u64,
    /// Accepted messages that it did not answer on purpose.
    pub unanswered: u64,
    /// Receipts that it owes: asked for and not lost on purpose, doubles counted.
    pub receipts: u64,
    /// Receipts that it lost on purpose.
    pub receipts_lost: u64,
    /// Receipts that were answered with status 0.
    pub receipts_taken: u64,
    /// deliver_sm that were answered with another status; each is sent again after a second.
    pub deliveries_refused: u64,
    /// deliver_sm that were refused ten times and given up.
    pub deliveries_abandoned: u64,
    /// deliver_sm that were sent again since their bind was lost before an answer came.
    pub deliveries_repeated: u64,
    /// Messages from phones that were answered with status 0.
    pub inbound_taken: u64,
    /// Responses that answer nothing that was sent.
    pub strange_responses: u64,
    /// enquire_link requests.
    pub enquire_links: u64,
    /// unbind requests.
    pub unbinds: u64,
    /// PDUs that could not be read or that it does not serve.
    pub nacks: u64,
}

/// A message that a simulated carrier accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// The id that the response gave, as it was written there.
    pub id: String,
    /// source_addr.
    pub source: String,
    /// destination_addr.
    pub destination: String,
    /// user_message_reference, if it was set.
    pub reference: Option<u32>,
    /// The first 32 octets of the user data.
    pub body: Vec<u8>,
}

/// A message from a phone, for [`Carrier::deliver`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inbound {
    /// The system_id whose binds get it; `None`: the first that can receive.
    pub system_id: Option<String>,
    /// The phone.
    pub source: String,
    /// The number that it wrote to.
    pub destination: String,
    /// esm_class.
    pub esm_class: u8,
    /// data_coding.
    pub data_coding: u8,
    /// short_message, 254 octets at most.
    pub body: Vec<u8>,
    /// Optional parameters as they stand on the wire.
    pub tlvs: Vec<u8>,
}

/// What the carrier's thread shows to the outside.
#[derive(Default)]
pub(super) struct Shared {
    pub counts: Mutex<Counts>,
    pub ledger: Mutex<Vec<Accepted>>,
}
