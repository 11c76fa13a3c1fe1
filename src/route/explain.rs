//! Why each rule was chosen or passed over, in the order in which rules count.

use super::prefix;
use super::table::{Query, RuleIndex, Table, precedence};
use super::{Prefix, Rule};
use crate::message::digits;

/// A rule, and what became of it for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// The rule.
    pub rule: RuleIndex,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a rule for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All its conditions hold, and it is the first of which that is true.
    Chosen,
    /// All its conditions hold, but a rule before it was chosen.
    Outranked,
    /// It is for another account.
    OtherAccount,
    /// No prefix of it is one of the destination.
    OtherDestination,
    /// It is for other sources.
    OtherSource,
}

impl Table {
    /// Every rule, first those that count first. A rule that does not hold stands where it would
    /// count with its longest prefix.
    ///
    /// This looks at every prefix of every rule: it is for people who ask, not for messages.
    pub fn explain(&self, query: &Query<'_>) -> Vec<Tried> {
        let key = prefix::key(digits(query.destination));
        let mut tried: Vec<_> = self
            .rules()
            .iter()
            .enumerate()
            .map(|(place, rule)| {
                let covering = longest(rule, |prefix| prefix.covers(key));
                let counts_by = covering.or_else(|| longest(rule, |_| true)).unwrap_or(0);
                let miss = miss(rule, query, covering.is_some());
                (precedence(rule, counts_by, place), place, miss)
            })
            .collect();
        tried.sort_by(|(left, ..), (right, ..)| left.cmp(right));
        let mut is_chosen = false;
        tried
            .into_iter()
            .map(|(_, place, miss)| Tried {
                rule: RuleIndex(place as u32),
                verdict: miss.unwrap_or_else(|| {
                    if std::mem::replace(&mut is_chosen, true) {
                        Verdict::Outranked
                    } else {
                        Verdict::Chosen
                    }
                }),
            })
            .collect()
    }
}

/// Digits of the rule's longest prefix of this kind; any destination is a prefix without digits.
fn longest(rule: &Rule, is_meant: impl Fn(&Prefix) -> bool) -> Option<usize> {
    if rule.to.is_empty() {
        return Some(0);
    }
    rule.to
        .iter()
        .filter(|prefix| is_meant(prefix))
        .map(|prefix| prefix.digits_count())
        .max()
}

/// The first condition that does not hold.
fn miss(rule: &Rule, query: &Query<'_>, is_covered: bool) -> Option<Verdict> {
    if rule.account.is_some_and(|account| account != query.account) {
        return Some(Verdict::OtherAccount);
    }
    if !is_covered {
        return Some(Verdict::OtherDestination);
    }
    let is_meant = |pattern: &super::Pattern| pattern.matches(query.source);
    if !rule.from.is_empty() && !rule.from.iter().any(is_meant) {
        return Some(Verdict::OtherSource);
    }
    None
}
