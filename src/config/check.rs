//! Holds settings of different parts against each other.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::admin::Admin;
use super::finding::{Report, Spot};
use super::listener::Listener;
use super::route::Route;
use super::value::show_duration;
use crate::carrier::{Binding, Carrier, Receipts};
use crate::esme::Account;
use crate::message::AckMode;
use crate::route::Prefix;

/// Where a carrier says what is held against other parts.
pub(super) struct Places {
    pub bind: Spot,
    pub local_address: Spot,
    pub outbind: Spot,
}

/// No two sockets on one address. Port 0 is a new port each time.
pub(super) fn addresses(
    listeners: &[(Spot, Listener)],
    admin: Option<&Admin>,
    carriers: &[(&Places, &Carrier)],
    report: &Report<'_>,
) {
    let mut taken = HashMap::new();
    if let Some(admin) = admin {
        taken.insert(admin.address, "[admin]");
    }
    let listeners = listeners
        .iter()
        .map(|(spot, listener)| (spot, listener.address, listener.name.as_str()));
    let called = carriers.iter().filter_map(|(places, carrier)| {
        let outbind = carrier.outbind.as_ref()?;
        Some((&places.outbind, outbind.address, carrier.name.as_str()))
    });
    for (spot, address, name) in listeners.chain(called) {
        if address.port() == 0 {
            continue;
        }
        if let Some(by) = taken.insert(address, name) {
            report.error(spot, format!("{address} is the address of {by} already"));
        }
    }
}

/// From an address of one family nothing of the other can be reached. What a name resolves to is
/// found out at each dial, so only addresses that are written as numbers are looked at.
pub(super) fn families(carriers: &[(&Places, &Carrier)], report: &Report<'_>) {
    for (places, carrier) in carriers {
        let Some(local) = carrier.local_address else {
            continue;
        };
        let literal = carrier.addresses.iter().map(|address| address.parse());
        let mut literal = literal.filter_map(|address: Result<SocketAddr, _>| address.ok());
        if let Some(other) = literal.find(|address| address.is_ipv4() != local.is_ipv4()) {
            let family = |is_ipv4| if is_ipv4 { "IPv4" } else { "IPv6" };
            report.warning(
                &places.local_address,
                format!(
                    "{local} is {} and cannot reach {other}, which is {}",
                    family(local.is_ipv4()),
                    family(other.is_ipv4())
                ),
            );
        }
    }
}

/// Receipts come to those who receive: to a carrier's own binds, or to another of its group.
pub(super) fn receivers(carriers: &[(&Places, &Carrier)], report: &Report<'_>) {
    let hears = |carrier: &Carrier| carrier.bind != Binding::Transmitter;
    for (places, carrier) in carriers {
        let group = &carrier.group;
        let is_deaf = !carriers
            .iter()
            .any(|(_, one)| one.group == *group && hears(one));
        if is_deaf && carrier.receipts == Receipts::Always {
            report.warning(
                &places.bind,
                format!(
                    "with receipts = \"always\" each message waits for a receipt, and no bind of group \
                     `{group}` receives any; write bind = \"pair\", or add a [[carrier]] of the group \
                     with bind = \"receiver\""
                ),
            );
        }
    }
}

/// In carrier mode, a verdict that the account does not wait for is an outcome that it never hears.
/// Said only where it was written down: with the defaults it is so on purpose.
pub(super) fn answer_times(
    accounts: &[(Spot, Account)],
    carriers: &[Carrier],
    report: &Report<'_>,
) {
    let default = Account::default().respond_within;
    let slowest = carriers
        .iter()
        .max_by_key(|carrier| carrier.response_timeout);
    let Some(slowest) = slowest else {
        return;
    };
    for (spot, account) in accounts {
        if account.ack == AckMode::Carrier
            && account.respond_within != default
            && account.respond_within < slowest.response_timeout
        {
            report.warning(
                spot,
                format!(
                    "with ack = \"carrier\" a verdict counts as unknown after respond_within ({}), \
                     but carrier `{}` has response_timeout ({}) to give it",
                    show_duration(account.respond_within),
                    slowest.name,
                    show_duration(slowest.response_timeout)
                ),
            );
        }
    }
}

/// A route is never chosen if one before it has the same conditions. In a file with errors a
/// condition may be missing that could not be read, so nothing is said then.
pub(super) fn reachable(routes: &[(Spot, Route)], report: &Report<'_>) {
    if report.has_errors() {
        return;
    }
    let mut first = HashMap::new();
    for (spot, route) in routes {
        let any = [Prefix::ANY];
        let prefixes = if route.to.is_empty() {
            any.as_slice()
        } else {
            &route.to
        };
        let mut before = None;
        let mut is_reachable = false;
        for prefix in prefixes {
            let conditions = (route.priority, &route.account, &route.from, *prefix);
            match first.get(&conditions) {
                Some(name) => before = Some(*name),
                None => {
                    is_reachable = true;
                    first.insert(conditions, &route.name);
                }
            }
        }
        if let (false, Some(before)) = (is_reachable, before) {
            report.warning(
                spot,
                format!("never chosen: `{before}` has the same conditions and comes first"),
            );
        }
    }
}
