//! What a simulated carrier is told to do, and what it has done.

use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use smppgate_codec::code::{MessageState, Status};

use super::admission::BindHabits;
use super::chance::Law;
use super::id_form::IdForm;
use super::ledger::Witness;
use super::named::Named;
use super::phone::Phones;
use super::shape::Shape;
use super::timeline::{Call, Planned};
use super::tls::ServerTls;

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
    /// The latest messages that query_sm, cancel_sm and replace_sm find; 0 = they find none.
    pub remember: usize,
    /// What happens to it by itself.
    pub timeline: Vec<Planned>,
    /// Whom it calls, beside those who call it; `None` calls nobody.
    pub call: Option<Call>,
    /// Phones that write by themselves.
    pub phones: Vec<Phones>,
    /// TLS on its port; `None` is plain.
    pub tls: Option<ServerTls>,
    /// Where its chance begins.
    pub seed: u64,
    /// Who writes down what it sees of messages; `None` is nobody.
    pub witness: Option<Witness>,
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
            remember: 0,
            timeline: Vec::new(),
            call: None,
            phones: Vec::new(),
            tls: None,
            seed: 1,
            witness: None,
            behaviour: Behaviour::default(),
        }
    }
}

impl Settings {
    /// Notes that the response to an accepted message was written.
    #[inline]
    pub(super) fn note_response(&self, witnessed: Option<u64>) {
        if let (Some(witness), Some(number)) = (&self.witness, witnessed) {
            witness.responded(number);
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
    /// Share of messages that are not delivered and reported as delivered all the same.
    pub receipts_fake: f64,
    /// Each receipt leaves at a chance moment of this time after it is due: their order is lost.
    pub receipts_shuffled: Duration,
    /// Which segments of a long message are reported.
    pub segment_receipts: SegmentReceipts,
    /// How receipts look.
    pub receipt: Shape,
    /// How responses look.
    pub response: ResponseShape,
    /// How ids are written in responses.
    pub response_id: IdForm,
    /// How ids are written in receipts.
    pub receipt_id: IdForm,
    /// Unanswered messages that a bind may have; above that they are throttled. 0 = no limit.
    pub window: usize,
    /// How it throttles.
    pub throttle: Throttle,
    /// How it takes binds.
    pub binds: BindHabits,
    /// Binds are refused with this status.
    pub refuse_binds: Option<Status>,
    /// It leaves enquire_link unanswered.
    pub ignore_enquire_link: bool,
    /// It reads and does nothing at all: no message is accepted, no request answered.
    pub hang: bool,
}

/// Which segments of a long message are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SegmentReceipts {
    /// Each of them.
    #[default]
    Each,
    /// The last one alone.
    Last,
    /// The first one alone.
    First,
}

/// How the response to a message looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseShape {
    /// As the specification has it: an id beside status 0, nothing beside an error.
    #[default]
    Usual,
    /// Nothing beside status 0 either: receipts have no id to be found by.
    Bare,
    /// The id lacks its NUL.
    WithoutNul,
    /// An error bears a NUL, as after an empty id.
    ErrorWithBody,
    /// The id and its NUL are left out; receipted_message_id has it.
    ParameterFirst,
}

impl Named for SegmentReceipts {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("each", Self::Each),
        ("last", Self::Last),
        ("first", Self::First),
    ];
}

impl Named for ResponseShape {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("usual", Self::Usual),
        ("bare", Self::Bare),
        ("without-nul", Self::WithoutNul),
        ("error-with-body", Self::ErrorWithBody),
        ("parameter-first", Self::ParameterFirst),
    ];
}

/// What a message gets that is too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// The status.
    pub status: Status,
    /// It stands in a generic_nack.
    pub by_nack: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            status: Status::ESME_RTHROTTLED,
            by_nack: false,
        }
    }
}

/// What a simulated carrier has seen and done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Calls of our own, each with an outbind.
    pub calls: u64,
    /// alert_notification that were sent.
    pub alerts: u64,
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
    /// Receipts that it wrote for messages that it did not deliver, as if it had.
    pub receipts_fake: u64,
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
    /// Messages that were throttled: above the rate or the window.
    pub throttled: u64,
    /// query_sm, cancel_sm and replace_sm that were answered with status 0.
    pub asked: u64,
    /// Messages from phones that it sent by itself.
    pub phones: u64,
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
    /// How it ended, whatever its receipt says.
    pub state: MessageState,
    /// The first 32 octets of the user data.
    pub body: Vec<u8>,
}

/// What the carrier's thread shows to the outside.
#[derive(Default)]
pub(super) struct Shared {
    pub counts: Mutex<Counts>,
    pub ledger: Mutex<Vec<Accepted>>,
}
