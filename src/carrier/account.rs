//! The settings of a carrier: where we bind and how it wants its messages.

use super::habit::{Binding, Long, SegmentReceipts, TlvChanges, Validity};
use super::maps::{ErrorMap, StatusMap};
use crate::link::tls::{ClientTls, ServerTls};
use crate::message::Zone;
use crate::receipt::IdForms;
use smppgate_codec::text::DefaultAlphabet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What we show to the carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// TON or NPI towards a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// As the ESME wrote it.
    Keep,
    /// This value, whatever the ESME wrote.
    Set(u8),
}

/// address_range of our bind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRange {
    /// addr_ton.
    pub ton: u8,
    /// addr_npi.
    pub npi: u8,
    /// address_range, 40 octets at most.
    pub range: String,
}

/// Which messages leave with a request for a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipts {
    /// All of them: each message then has a known end.
    Always,
    /// Those whose ESME asked for one.
    AsAsked,
}

/// What becomes of a receipt that matches nothing of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// It is kept as a dead letter.
    #[default]
    DeadLetter,
    /// It is passed on unchanged to the account of this system_id: another gateway beside us may
    /// have sent its message.
    Forward(String),
}

/// Pauses between attempts to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnect {
    /// The first pause; each that follows is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

/// A carrier that calls us, instead of being called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbind {
    /// Where it calls us.
    pub address: SocketAddr,
    /// The name that it must show.
    pub system_id: String,
    /// The password that it must show.
    pub password: Password,
    /// How its connections are encrypted, if they are. What is read anew counts from its next call
    /// on.
    pub tls: Option<ServerTls>,
}

/// A carrier that we bind to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// Its name in routes, metrics and logs.
    pub name: String,
    /// Host and port, tried in turn; names are resolved at every dial.
    pub addresses: Vec<String>,
    /// Where it calls us: we then bind on the connection that it has made, and dial nothing.
    pub outbind: Option<Outbind>,
    /// The address that we connect from; none is the system's choice.
    pub local_address: Option<IpAddr>,
    /// How connections that we make are encrypted, if they are. What is read anew counts from the
    /// next dial on.
    pub tls: Option<ClientTls>,
    /// The name that we bind with.
    pub system_id: String,
    /// The password that we bind with.
    pub password: Password,
    /// Carriers of one group share ids and receipts; by default the carrier's own name.
    pub group: String,
    /// Which binds make one.
    pub bind: Binding,
    /// Binds (or pairs of them) that are kept up.
    pub binds: u32,
    /// Requests per bind that we may have unanswered.
    pub window: u32,
    /// Messages per second over all binds; zero is no limit.
    pub rate: u32,
    /// system_type of the bind.
    pub system_type: String,
    /// interface_version of the bind.
    pub interface_version: u8,
    /// addr_ton, addr_npi and address_range of the bind.
    pub address_range: AddressRange,
    /// source_addr_ton of our messages.
    pub source_ton: Numbering,
    /// source_addr_npi of our messages.
    pub source_npi: Numbering,
    /// dest_addr_ton of our messages.
    pub destination_ton: Numbering,
    /// dest_addr_npi of our messages.
    pub destination_npi: Numbering,
    /// Silence after which we send enquire_link; zero is never.
    pub enquire_link: Duration,
    /// How long we wait for a response before its outcome is unknown.
    pub response_timeout: Duration,
    /// Pauses between attempts to bind.
    pub reconnect: Reconnect,
    /// Which messages leave with a request for a receipt.
    pub receipts: Receipts,
    /// After the end of a message's validity: how long its final report may take until its sender is
    /// told that the end is unknown.
    pub receipt_timeout: Duration,
    /// What becomes of its receipts that match nothing of ours.
    pub unmatched: Unmatched,
    /// service_type of our messages, 5 octets at most; empty is as the ESME wrote it.
    pub service_type: String,
    /// Optional parameters that are added or left out.
    pub tlvs: TlvChanges,
    /// The form in which times leave.
    pub validity: Validity,
    /// Whether it is told how long a message is good for whose sender has not said it.
    pub tells_validity: bool,
    /// What its clock shows: points in time are written so.
    pub timezone: Zone,
    /// Whether a receipt with stat:ACCEPTD is the last one.
    pub acceptd_final: bool,
    /// What it means by data_coding 0.
    pub alphabet: DefaultAlphabet,
    /// What becomes of long messages.
    pub long: Long,
    /// What the receipts of segments make of the whole.
    pub segment_receipts: SegmentReceipts,
    /// How it writes its ids.
    pub message_id: IdForms,
    /// What it means by its statuses.
    pub status_map: StatusMap,
    /// What it means by the errors of its receipts.
    pub error_map: ErrorMap,
}

impl Carrier {
    /// When the certificate expires that we show it, in seconds since the Unix epoch.
    pub fn certificate_expires(&self) -> Option<i64> {
        match &self.outbind {
            None => self.tls.as_ref()?.expires(),
            Some(outbind) => outbind.tls.as_ref()?.expires(),
        }
    }
}

impl Carrier {
    /// Whether a bind with these settings is as good as one with the others: they differ in nothing
    /// but in what becomes of reports, which is decided elsewhere.
    pub fn binds_like(&self, other: &Self) -> bool {
        let with_ours = Self {
            receipt_timeout: self.receipt_timeout,
            unmatched: self.unmatched.clone(),
            ..other.clone()
        };
        with_ours == *self
    }

    /// Whether it speaks a version before 3.4: it knows neither optional parameters nor data_sm.
    pub fn is_old(&self) -> bool {
        self.interface_version < 0x34
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self {
            name: String::new(),
            addresses: Vec::new(),
            outbind: None,
            local_address: None,
            tls: None,
            system_id: String::new(),
            password: Password(Vec::new()),
            group: String::new(),
            bind: Binding::Transceiver,
            binds: 1,
            window: 10,
            rate: 0,
            system_type: String::new(),
            interface_version: 0x34,
            address_range: AddressRange::default(),
            source_ton: Numbering::Keep,
            source_npi: Numbering::Keep,
            destination_ton: Numbering::Set(1),
            destination_npi: Numbering::Set(1),
            enquire_link: Duration::from_secs(30),
            response_timeout: Duration::from_secs(60),
            reconnect: Reconnect {
                first: Duration::from_secs(1),
                most: Duration::from_secs(60),
            },
            receipts: Receipts::Always,
            receipt_timeout: Duration::from_secs(24 * 3_600),
            unmatched: Unmatched::default(),
            service_type: String::new(),
            tlvs: TlvChanges::default(),
            validity: Validity::Relative,
            timezone: Zone::UTC,
            tells_validity: false,
            acceptd_final: false,
            alphabet: DefaultAlphabet::Gsm,
            long: Long::Pass,
            segment_receipts: SegmentReceipts::Each,
            message_id: IdForms::Auto,
            status_map: StatusMap::default(),
            error_map: ErrorMap::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_reports_is_no_reason_to_bind_anew() {
        let before = Carrier::default();
        let after = Carrier {
            receipt_timeout: Duration::from_secs(1),
            unmatched: Unmatched::Forward("acme".to_owned()),
            ..before.clone()
        };
        assert!(after.binds_like(&before));
        let wider = Carrier {
            window: 11,
            ..after
        };
        assert!(!wider.binds_like(&before));
    }
}
