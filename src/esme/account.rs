//! The settings of an account: an ESME that may bind.

use super::allowance::Quota;
use super::password::Password;
use crate::link::Network;
use crate::message::{AckMode, Class, IdForm, LateReport, OnUnknown, UnknownOutcome, Zone};
use crate::moment::Moment;
use crate::route::Sources;
use crate::session::BindKind;
use smppgate_codec::text::DefaultAlphabet;
use std::net::IpAddr;
use std::time::Duration;

/// An ESME that may bind, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name it binds with, 15 octets by the specification and 64 at most here.
    pub system_id: String,
    /// The password it binds with.
    pub password: Password,
    /// Another one that counts as well, while it changes from one to the other.
    pub password_next: Option<Password>,
    /// Networks that it may bind from.
    pub allow: Vec<Network>,
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
    /// What kind of messages it sends.
    pub class: Class,
    /// How long its messages are valid that do not say so themselves.
    pub validity: Duration,
    /// The longest that any of its messages is valid.
    pub max_validity: Duration,
    /// Whether its messages between the same two numbers go one after the other.
    pub ordered: bool,
    /// What becomes of a message in stored mode whose outcome is unknown; none is what its class
    /// decides.
    pub unknown_outcome: Option<UnknownOutcome>,
    /// What it hears of a final report that comes too late.
    pub late_report: LateReport,
    /// How it wants to see message ids.
    pub message_id: IdForm,
    /// Whether it gets long messages from phones whole, not in their segments.
    pub reassemble: bool,
    /// Which of its binds gets a receipt.
    pub receipt_bind: ReceiptBind,
    /// What its clock shows: the dates of receipts, and when its day begins.
    pub timezone: Zone,
    /// What its messages mean by data_coding 0.
    pub alphabet: DefaultAlphabet,
    /// Segments a second over all its binds, with bursts of one second; 0 is no limit.
    pub rate: u32,
    /// Segments a day over all its binds; 0 is no limit.
    pub daily_segments: u64,
    /// Segments that one message may become; 0 is no limit.
    pub max_segments: u8,
    /// Sources that it may write; empty is any.
    pub senders: Sources,
    /// Destinations that it may write; empty is any.
    pub destinations: Sources,
    /// The source that all its messages bear, whatever it writes.
    pub force_source: Option<ForcedSource>,
}

/// Which bind of an account gets the receipt of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceiptBind {
    /// The one that submitted if it may receive and has room, else any other.
    #[default]
    Any,
    /// The one that submitted, as long as it is bound and may receive, be it slow.
    Same,
}

/// A source that is put in the place of what the ESME writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedSource {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// Numbering plan (SMPP 3.4 §5.2.6).
    pub npi: u8,
    /// The address, 20 octets at most.
    pub address: Box<[u8]>,
}

/// Digits of the longest number that has its meaning only within one network.
const SHORT_CODE_MAX: usize = 6;

impl ForcedSource {
    /// The source of this text. Letters make it alphanumeric, a few digits a number of one
    /// network (a short code), more of them an international number.
    pub fn new(text: &str) -> Self {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        let (ton, npi, address) = match is_number {
            false => (5, 0, text),
            true if digits.len() <= SHORT_CODE_MAX && digits.len() == text.len() => (3, 0, text),
            true => (1, 1, digits),
        };
        Self {
            ton,
            npi,
            address: address.as_bytes().into(),
        }
    }
}

impl Account {
    /// Whether it may bind from this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(address))
    }

    /// Whether it may bind from a few addresses only, and this is one of them.
    pub fn expects(&self, address: IpAddr) -> bool {
        let is_any = |network: &Network| [Network::ANY_IPV4, Network::ANY_IPV6].contains(network);
        let mut named = self.allow.iter().filter(|network| !is_any(network));
        named.any(|network| network.contains(address))
    }

    /// Whether the segments of its messages are counted.
    #[inline]
    pub fn is_counted(&self) -> bool {
        self.rate > 0 || self.daily_segments > 0
    }

    /// What it may submit, at this time.
    pub fn quota(&self, now: Moment) -> Quota {
        let unix = i64::try_from(now.millis() / 1_000).unwrap_or(i64::MAX);
        Quota {
            rate: self.rate,
            daily: self.daily_segments,
            day: match self.daily_segments {
                0 => 0,
                _ => self.timezone.day(unix),
            },
        }
    }

    /// What becomes of a message in stored mode whose outcome is unknown: as its route says, else as
    /// the account, else as its class.
    pub fn when_unknown(&self, by_route: Option<UnknownOutcome>) -> UnknownOutcome {
        by_route
            .or(self.unknown_outcome)
            .unwrap_or(self.class.unknown_outcome())
    }

    /// The settings of a connection that is bound with these when those of its account change:
    /// what bounds and rewrites its messages counts at once, what its session was agreed on at its
    /// next bind.
    pub fn renewed(&self, changed: &Self) -> Self {
        Self {
            class: changed.class,
            validity: changed.validity,
            max_validity: changed.max_validity,
            ordered: changed.ordered,
            unknown_outcome: changed.unknown_outcome,
            late_report: changed.late_report,
            receipt_bind: changed.receipt_bind,
            rate: changed.rate,
            daily_segments: changed.daily_segments,
            max_segments: changed.max_segments,
            senders: changed.senders.clone(),
            destinations: changed.destinations.clone(),
            force_source: changed.force_source.clone(),
            ..self.clone()
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            system_id: String::new(),
            password: Password::default(),
            password_next: None,
            allow: vec![Network::ANY_IPV4, Network::ANY_IPV6],
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
            class: Class::Transactional,
            validity: Duration::from_secs(24 * 3_600),
            max_validity: Duration::from_secs(72 * 3_600),
            ordered: false,
            unknown_outcome: None,
            late_report: LateReport::Send,
            message_id: IdForm::Decimal,
            reassemble: false,
            receipt_bind: ReceiptBind::Any,
            timezone: Zone::UTC,
            alphabet: DefaultAlphabet::Gsm,
            rate: 0,
            daily_segments: 0,
            max_segments: 10,
            senders: Sources::default(),
            destinations: Sources::default(),
            force_source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_an_unknown_outcome_the_route_decides_then_the_account_then_the_class() {
        use UnknownOutcome::{Hold, Resend, ResendOnce};
        let account = |class, unknown_outcome| Account {
            class,
            unknown_outcome,
            ..Account::default()
        };
        for (class, by_account, by_route, decided) in [
            (Class::Otp, None, None, ResendOnce),
            (Class::Transactional, None, None, ResendOnce),
            (Class::Marketing, None, None, Hold),
            (Class::Marketing, Some(Resend), None, Resend),
            (Class::Otp, Some(Hold), None, Hold),
            (Class::Otp, Some(Hold), Some(Resend), Resend),
            (Class::Marketing, None, Some(ResendOnce), ResendOnce),
        ] {
            let account = account(class, by_account);
            assert_eq!(
                account.when_unknown(by_route),
                decided,
                "{class:?} {by_account:?} {by_route:?}"
            );
        }
    }

    #[test]
    fn what_decides_over_messages_counts_at_once_and_what_was_agreed_at_the_next_bind() {
        let changed = Account {
            class: Class::Marketing,
            validity: Duration::from_secs(60),
            max_validity: Duration::from_secs(120),
            unknown_outcome: Some(UnknownOutcome::Resend),
            late_report: LateReport::Drop,
            ordered: true,
            window: 7,
            ..Account::default()
        };
        let renewed = Account::default().renewed(&changed);
        let expected = Account {
            window: 100,
            ..changed
        };
        assert_eq!(renewed, expected);
    }

    #[test]
    fn a_forced_source_says_what_kind_of_address_it_is() {
        for (text, ton, npi, address) in [
            ("ACME", 5, 0, "ACME"),
            ("4Sure", 5, 0, "4Sure"),
            ("36034", 3, 0, "36034"),
            ("+36034", 1, 1, "36034"),
            ("447700900123", 1, 1, "447700900123"),
            ("+447700900123", 1, 1, "447700900123"),
        ] {
            let forced = ForcedSource::new(text);
            assert_eq!((forced.ton, forced.npi), (ton, npi), "{text}");
            assert_eq!(&*forced.address, address.as_bytes());
        }
    }
}
