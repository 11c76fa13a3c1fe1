//! The whole file: reads the text, goes through its tables, and answers with settings or findings.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::account::account;
use super::admin::{Admin, admin};
use super::carrier::carrier;
use super::check;
use super::finding::{Finding, Report, Severity, Spot};
use super::gateway::{Gateway, gateway};
use super::habit;
use super::inbound::{Inbound, inbound};
use super::listener::{Listener, listener};
use super::names::{Carriers, Names};
use super::route::{Route, route};
use super::section::Section;
use super::surroundings::{Context, Process, Surroundings};
use crate::carrier::{Carrier, Group};
use crate::esme::Account;
use crate::message::{AccountId, CarrierId};
use crate::route::{InboundRule, Rule};

/// The checked settings of every part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The process itself.
    pub gateway: Gateway,
    /// Where ESMEs connect.
    pub listeners: Vec<Listener>,
    /// Metrics and health, if they are wanted.
    pub admin: Option<Admin>,
    /// ESMEs that may bind; each system_id is there once.
    pub accounts: Vec<Account>,
    /// Binds that we open; each name is there once.
    pub carriers: Vec<Carrier>,
    /// The bounds of groups of carriers; each name is there once.
    pub groups: Vec<Group>,
    /// Where messages go, in the order of the file. What they name exists.
    pub routes: Vec<Route>,
    /// Who gets messages from phones, in the order of the file. What they name exists.
    pub inbound: Vec<Inbound>,
    /// What is doubtful.
    pub warnings: Vec<Finding>,
}

impl Config {
    /// Reads and checks a file. Of a file with errors, every finding comes at once.
    pub fn load(path: &Path) -> Result<Self, Vec<Finding>> {
        let unreadable = |message: String| {
            vec![Finding {
                file: path.display().to_string(),
                line: 0,
                column: 0,
                severity: Severity::Error,
                key: String::new(),
                message,
            }]
        };
        let octets = Process
            .file(path)
            .map_err(|error| unreadable(format!("failed to read the file: {error}")))?;
        let text = String::from_utf8(octets)
            .map_err(|_| unreadable("is no UTF-8; save it as UTF-8".to_owned()))?;
        Self::parse(&text, path, &Process)
    }

    /// Checks a text that was read from this path. Relative paths in it start at the folder of the
    /// file.
    pub fn parse(
        text: &str,
        path: &Path,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, Vec<Finding>> {
        let context = Context {
            folder: path.parent().unwrap_or(Path::new("")),
            surroundings,
        };
        let report = Report::new(path, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            report.syntax(at, error.message());
        }
        let root = Section::new(table.get_ref(), Spot::default(), &report);
        let mut config = tables(root, &report, &context);
        let findings = report.into_findings();
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            return Err(findings);
        }
        config.warnings = findings;
        Ok(config)
    }

    /// The rules for the routing table. Names become numbers, which must stay the same when the
    /// file is read again.
    pub fn rules(
        &self,
        account_id: impl Fn(&str) -> AccountId,
        carrier_id: impl Fn(&str) -> CarrierId,
    ) -> Vec<Rule> {
        self.routes
            .iter()
            .map(|route| route.rule(&account_id, &carrier_id))
            .collect()
    }

    /// The rules for the inbound table, likewise.
    pub fn inbound_rules(
        &self,
        account_id: impl Fn(&str) -> AccountId,
        carrier_id: impl Fn(&str) -> CarrierId,
    ) -> Vec<InboundRule> {
        self.inbound
            .iter()
            .map(|inbound| inbound.rule(&account_id, &carrier_id))
            .collect()
    }
}

/// Goes through the tables; those that are named before those that name them.
fn tables(mut root: Section<'_>, report: &Report<'_>, context: &Context<'_>) -> Config {
    let gateway = one(&mut root, "gateway").map(|section| gateway(section, context));
    if !root.has("gateway") {
        root.absent(
            "gateway",
            "is missing; write [gateway] with data_dir = \"data\"",
        );
    }
    let listeners = listeners(&mut root, context);
    let admin = one(&mut root, "admin").and_then(|section| admin(section, context));

    let (account_names, accounts) = accounts(&mut root, context);
    let (carrier_names, carriers, places) = carriers(&mut root, &account_names, context);
    let groups = groups(&mut root, &carriers);
    let routes = routes(&mut root, &account_names, &carrier_names, context);
    let inbound = many(&mut root, "inbound")
        .into_iter()
        .filter_map(|section| inbound(section, &account_names, &carrier_names))
        .collect();
    empty(&root, report);
    root.planned("cluster", None);
    root.finish();

    let placed: Vec<_> = places.iter().zip(&carriers).collect();
    check::addresses(&listeners, admin.as_ref(), &placed, report);
    check::families(&placed, report);
    check::receivers(&placed, report);
    check::answer_times(&accounts, &carriers, report);
    check::reachable(&routes, report);
    Config {
        gateway: gateway.unwrap_or_default(),
        listeners: values(listeners),
        admin,
        accounts: values(accounts),
        carriers,
        groups,
        routes: values(routes),
        inbound,
        warnings: Vec::new(),
    }
}

/// Tells of what works, and does nothing.
fn empty(root: &Section<'_>, report: &Report<'_>) {
    if !root.has("account") {
        let message = "there is none, so that no ESME can bind";
        report.warning(&root.spot_of("account"), message);
    }
    if !root.has("route") {
        let message = "there is none, so that every message is refused with ESME_RINVDSTADR";
        report.warning(&root.spot_of("route"), message);
    }
}

/// The listeners, each with the place of its address.
fn listeners(root: &mut Section<'_>, context: &Context<'_>) -> Vec<(Spot, Listener)> {
    let sections = many(root, "listener");
    if !root.has("listener") {
        root.absent(
            "listener",
            "is missing; write [[listener]] with name = \"esme\" and address = \"127.0.0.1:2775\"",
        );
    }
    let mut names = Names::new("listener");
    let mut listeners = Vec::new();
    for section in sections {
        let name = section.spot_of("name");
        let address = section.spot_of("address");
        if let Some(listener) = listener(section, context) {
            names.add(&listener.name, &name, root.report);
            listeners.push((address, listener));
        }
    }
    listeners
}

/// The accounts, each with the place of its respond_within.
fn accounts(root: &mut Section<'_>, context: &Context<'_>) -> (Names, Vec<(Spot, Account)>) {
    let mut names = Names::new("account");
    let mut accounts = Vec::new();
    for section in many(root, "account") {
        let name = section.spot_of("system_id");
        let respond_within = section.spot_of("respond_within");
        let account = account(section, context);
        names.add(&account.system_id, &name, root.report);
        accounts.push((respond_within, account));
    }
    (names, accounts)
}

/// The carriers, and where they say what is held against other parts.
fn carriers(
    root: &mut Section<'_>,
    accounts: &Names,
    context: &Context<'_>,
) -> (Carriers, Vec<Carrier>, Vec<check::Places>) {
    let mut names = Carriers::new();
    let (mut carriers, mut places) = (Vec::new(), Vec::new());
    for section in many(root, "carrier") {
        let name = section.spot_of("name");
        places.push(check::Places {
            bind: section.spot_of("bind"),
            local_address: section.spot_of("local_address"),
            outbind: section.spot_of("outbind"),
        });
        let carrier = carrier(section, accounts, context);
        names.add(&carrier, &name, root.report);
        carriers.push(carrier);
    }
    (names, carriers, places)
}

/// The bounds of groups; each group has a carrier.
fn groups(root: &mut Section<'_>, carriers: &[Carrier]) -> Vec<Group> {
    let mut names = Names::new("group");
    let mut groups = Vec::new();
    for section in many(root, "group") {
        let name = section.spot_of("name");
        let group = habit::group(section);
        names.add(&group.name, &name, root.report);
        let is_known = carriers.iter().any(|carrier| carrier.group == group.name);
        if !is_known && !group.name.is_empty() {
            root.report.warning(&name, "no carrier is of this group");
        }
        groups.push(group);
    }
    groups
}

/// The routes, each with its place.
fn routes(
    root: &mut Section<'_>,
    accounts: &Names,
    carriers: &Carriers,
    context: &Context<'_>,
) -> Vec<(Spot, Route)> {
    let mut names = Names::new("route");
    let mut routes = Vec::new();
    for section in many(root, "route") {
        let (spot, name) = (section.spot.clone(), section.spot_of("name"));
        if let Some(route) = route(section, accounts, carriers, context) {
            names.add(&route.name, &name, root.report);
            routes.push((spot, route));
        }
    }
    routes
}

fn values<T>(spotted: Vec<(Spot, T)>) -> Vec<T> {
    spotted.into_iter().map(|(_, value)| value).collect()
}

/// A table that stands in the file once.
fn one<'a>(root: &mut Section<'a>, key: &'static str) -> Option<Section<'a>> {
    Section::of(
        &root.key(key)?,
        &format!("[{key}] with one pair of brackets"),
    )
}

/// Tables of which there may be several.
fn many<'a>(root: &mut Section<'a>, key: &'static str) -> Vec<Section<'a>> {
    let Some(value) = root.key(key) else {
        return Vec::new();
    };
    let right = format!("[[{key}]] with two pairs of brackets");
    let DeValue::Array(_) = value.raw else {
        return value.wrong_type(&right).unwrap_or_default();
    };
    value
        .items(&right)
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Section::of(item, &right))
        .collect()
}
