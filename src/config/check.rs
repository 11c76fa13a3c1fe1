//! Holds settings of different parts against each other.

use std::collections::HashMap;

use super::finding::{Report, Spot};
use super::listener::{Admin, Listener};
use super::route::Route;
use super::value::show_duration;
use crate::carrier::Carrier;
use crate::esme::Account;
use crate::message::AckMode;
use crate::route::Prefix;

/// No two sockets on one address. Port 0 is a new port each time.
pub(super) fn addresses(
    listeners: &[(Spot, Listener)],
    admin: Option<&Admin>,
    report: &Report<'_>,
) {
    let mut taken = HashMap::new();
    if let Some(admin) = admin {
        taken.insert(admin.address, "[admin]");
    }
    for (spot, listener) in listeners {
        if listener.address.port() == 0 {
            continue;
        }
        if let Some(by) = taken.insert(listener.address, &listener.name) {
            let address = listener.address;
            report.error(spot, format!("{address} is the address of {by} already"));
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
