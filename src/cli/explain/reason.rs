//! Why a rule was chosen or passed over, in words.

use crate::message::{AccountId, digits};
use crate::route::{Action, Query, Rule, Verdict};

/// Prefixes or sources that are named; further ones are counted.
const NAMED_MAX: usize = 4;

/// What a rule asks of a message, and what follows.
pub fn conditions<'n>(rule: &Rule, account: impl Fn(AccountId) -> &'n str) -> String {
    let mut all = Vec::new();
    if let Some(id) = rule.account {
        all.push(format!("account {}", account(id)));
    }
    all.push(match rule.to.as_slice() {
        [] => "any destination".into(),
        to => format!("to {}", some_of(to)),
    });
    if !rule.from.is_empty() {
        all.push(format!("from {}", some_of(&rule.from)));
    }
    if rule.priority != 0 {
        all.push(format!("priority {}", rule.priority));
    }
    if let Action::Reject(status) = &rule.action {
        all.push(format!("refuses with {status}"));
    }
    all.join(", ")
}

/// Why this became of a rule.
pub fn why<'n>(
    rule: &Rule,
    verdict: Verdict,
    chosen: Option<&Rule>,
    query: &Query<'_>,
    account: impl Fn(AccountId) -> &'n str,
) -> String {
    let shown = |address: &[u8]| digits(address).escape_ascii().to_string();
    match verdict {
        Verdict::Chosen => "everything that it asks holds, and it counts first".into(),
        Verdict::Outranked => match chosen {
            Some(chosen) => outranked(rule, chosen, query),
            None => "another rule counts before it".into(),
        },
        Verdict::OtherAccount => {
            let name = rule.account.map_or("another", account);
            format!("it is for account {name}")
        }
        Verdict::OtherDestination => format!(
            "{} begins with none of {}",
            shown(query.destination),
            some_of(&rule.to)
        ),
        Verdict::OtherSource if query.source.is_empty() => {
            format!(
                "it is for sources {}, and there is none",
                some_of(&rule.from)
            )
        }
        Verdict::OtherSource => {
            format!("{} is none of {}", shown(query.source), some_of(&rule.from))
        }
    }
}

/// The first thing in which the chosen rule comes before this one.
fn outranked(rule: &Rule, chosen: &Rule, query: &Query<'_>) -> String {
    let name = &chosen.name;
    let length = |rule: &Rule| longest(rule, query.destination);
    if chosen.priority != rule.priority {
        format!("{name} has the higher priority, {}", chosen.priority)
    } else if chosen.account.is_some() && rule.account.is_none() {
        format!("{name} names the account")
    } else if length(chosen) != length(rule) {
        format!(
            "{name} has the longer prefix, {} digits against {}",
            length(chosen),
            length(rule)
        )
    } else if !chosen.from.is_empty() && rule.from.is_empty() {
        format!("{name} names a source")
    } else {
        format!("{name} stands before it in the file")
    }
}

/// Digits of the rule's longest prefix of this destination.
fn longest(rule: &Rule, destination: &[u8]) -> usize {
    let destination = digits(destination);
    rule.to
        .iter()
        .filter(|prefix| destination.starts_with(prefix.to_string().as_bytes()))
        .map(|prefix| prefix.digits_count())
        .max()
        .unwrap_or(0)
}

fn some_of<T: ToString>(all: &[T]) -> String {
    let named: Vec<_> = all
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    let rest = match all.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    named.join(", ") + &rest
}
