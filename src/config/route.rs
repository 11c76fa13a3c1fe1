//! `[[route]]`: where messages go.

use smppgate_codec::code::{Class, Status};
use toml::de::DeValue;

use super::account::unknown_outcome;
use super::finding::shown;
use super::names::{Carriers, Names};
use super::nearest::did_you_mean;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;
use crate::message::{AccountId, CarrierId, UnknownOutcome};
use crate::route::{Action, Candidate, Pattern, Prefix, Rule};

/// Bad lines that are told of one file of prefixes; more would bury the first.
const BAD_LINES_MAX: usize = 20;

/// A route, with accounts and carriers by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Destinations; none is any.
    pub to: Vec<Prefix>,
    /// The system_id of the account that it is for; none is any.
    pub account: Option<String>,
    /// Sources; none is any.
    pub from: Vec<Pattern>,
    /// Higher counts first.
    pub priority: i32,
    /// What becomes of its messages whose outcome is unknown, if it decides that.
    pub unknown_outcome: Option<UnknownOutcome>,
    /// What follows.
    pub verdict: Verdict,
}

/// What follows when a route is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// These carriers, in this order.
    Via(Vec<String>),
    /// A refusal.
    Reject(Status),
}

impl Route {
    /// The rule for the routing table, with the numbers of the accounts and carriers.
    pub fn rule(
        &self,
        account_id: &impl Fn(&str) -> AccountId,
        carrier_id: &impl Fn(&str) -> CarrierId,
    ) -> Rule {
        let candidate = |name: &String| Candidate {
            carrier: carrier_id(name),
        };
        Rule {
            name: self.name.clone(),
            to: self.to.clone(),
            account: self.account.as_deref().map(account_id),
            from: self.from.clone(),
            priority: self.priority,
            unknown_outcome: self.unknown_outcome,
            action: match &self.verdict {
                Verdict::Via(carriers) => Action::Via(carriers.iter().map(candidate).collect()),
                Verdict::Reject(status) => Action::Reject(*status),
            },
        }
    }
}

/// Keys that are planned.
const PLANNED: [&str; 7] = [
    "class",
    "tlv",
    "time",
    "country",
    "mccmnc",
    "retry",
    "on_negative_receipt",
];

pub(super) fn route(
    mut section: Section<'_>,
    accounts: &Names,
    known: &Carriers,
    context: &Context<'_>,
) -> Option<Route> {
    let name = section
        .required("name", "name = \"france\"")
        .and_then(|value| value.name())
        .unwrap_or_default()
        .to_owned();
    let to = destinations(&mut section, context);
    let account = section
        .key("account")
        .and_then(|value| accounts.reference(&value));
    let from = section
        .key("from")
        .and_then(|value| sources(&value))
        .unwrap_or_default();
    let priority = section
        .key("priority")
        .and_then(|value| value.number(-1_000_000..=1_000_000))
        .unwrap_or(0);
    if let Some(value) = section.key("strategy") {
        value.choice(&[("failover", ())], &["weighted", "cheapest", "quality"]);
    }
    let unknown_outcome = section.key("unknown_outcome").and_then(|value| {
        if section.has("reject") {
            value.error("stands beside `reject`; what is refused is never sent, so leave it out");
        }
        unknown_outcome(&value)
    });
    let verdict = verdict(&mut section, known);
    for key in PLANNED {
        section.planned(key, None);
    }
    section.finish();
    Some(Route {
        name,
        to,
        account,
        from,
        priority,
        unknown_outcome,
        verdict: verdict?,
    })
}

fn verdict(section: &mut Section<'_>, known: &Carriers) -> Option<Verdict> {
    let via = section.key("via");
    let reject = section.key("reject");
    match (via, reject) {
        (Some(via), None) => carriers(&via, known).map(Verdict::Via),
        (None, Some(reject)) => status(&reject).map(Verdict::Reject),
        (Some(_), Some(reject)) => {
            reject.error("stands beside `via`; write `via` or `reject`");
            None
        }
        (None, None) => {
            section.absent(
                "via",
                "is missing; write for example via = [\"north\"], or reject = \"ESME_RINVDSTADR\"",
            );
            None
        }
    }
}

fn carriers(via: &Value<'_>, known: &Carriers) -> Option<Vec<String>> {
    let mut carriers: Vec<String> = Vec::new();
    for item in via.items("[\"north\", \"south\"]")? {
        match candidate(&item, known) {
            Some(name) if carriers.contains(&name) => {
                item.error(format!("`{name}` stands in the list twice"));
            }
            Some(name) => carriers.push(name),
            None => {}
        }
    }
    Some(carriers)
}

/// A carrier by its name, or a table with its name.
fn candidate(item: &Value<'_>, known: &Carriers) -> Option<String> {
    if let DeValue::String(_) = item.raw {
        return known.sender(item);
    }
    let mut section = Section::of(item, "the name of a carrier, for example \"north\"")?;
    let name = section
        .required("carrier", "carrier = \"north\"")
        .and_then(|value| known.sender(&value));
    section.planned("weight", None);
    section.planned("price", None);
    section.finish();
    name
}

fn status(value: &Value<'_>) -> Option<Status> {
    let name = value.text()?;
    let refusals = || {
        Status::KNOWN.iter().filter(|(status, _)| {
            !matches!(status.class(), Class::Ok | Class::Bind | Class::Session)
        })
    };
    let found = refusals().find(|(_, known)| *known == name);
    if found.is_none() {
        let told = shown(name);
        let meant = did_you_mean(name, refusals().map(|(_, known)| *known));
        let meant = match meant.as_str() {
            "" => "; write for example \"ESME_RINVDSTADR\"",
            meant => meant,
        };
        value.error(format!(
            "`{told}` is not a status that refuses a message{meant}"
        ));
    }
    found.map(|(status, _)| *status)
}

fn sources(value: &Value<'_>) -> Option<Vec<Pattern>> {
    let items = value.items("[\"ACME\", \"4477*\"]")?;
    Some(items.iter().filter_map(Value::parsed::<Pattern>).collect())
}

fn destinations(section: &mut Section<'_>, context: &Context<'_>) -> Vec<Prefix> {
    let mut prefixes: Vec<Prefix> = section
        .key("to")
        .and_then(|value| value.items("[\"33\", \"4477\"]"))
        .unwrap_or_default()
        .iter()
        .filter_map(Value::parsed::<Prefix>)
        .collect();
    if let Some(value) = section.key("to_file") {
        prefixes.extend(prefixes_of_file(&value, context).unwrap_or_default());
    }
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

/// One prefix a line; what follows a `#` is for people.
fn prefixes_of_file(value: &Value<'_>, context: &Context<'_>) -> Option<Vec<Prefix>> {
    let path = context.path(value.text()?);
    let content = match context.surroundings.file(&path) {
        Ok(content) => String::from_utf8_lossy(&content).into_owned(),
        Err(error) => {
            value.error(format!(
                "failed to read {}: {error}",
                shown(&path.to_string_lossy())
            ));
            return None;
        }
    };
    let mut prefixes = Vec::new();
    let mut bad_lines = 0;
    for (line, text) in content.lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        match text.parse::<Prefix>() {
            Ok(prefix) => prefixes.push(prefix),
            Err(error) => {
                bad_lines += 1;
                if bad_lines <= BAD_LINES_MAX {
                    let message = format!("`{}` {error}", shown(text));
                    value
                        .report
                        .elsewhere(&path, line + 1, &value.spot, message);
                }
            }
        }
    }
    if bad_lines > BAD_LINES_MAX {
        let more = bad_lines - BAD_LINES_MAX;
        value.error(format!("{more} more lines of this file are no prefixes"));
    }
    if prefixes.is_empty() && bad_lines == 0 {
        // Without prefixes the route would be for any destination, which nobody meant.
        value.error("holds no prefixes; write one a line");
    }
    Some(prefixes)
}
