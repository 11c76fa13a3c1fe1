//! All rules, compiled: chooses the first whose conditions hold, for a batch of messages at a time.
//!
//! Each pair of a rule and one of its prefixes is an entry, and all entries stand in one order:
//! higher priority, then account named, then longer prefix, then source named, then order of the
//! file. The place in that order is the entry's rank. An entry lies at its prefix, so a look-up finds
//! the longest prefix with one search, walks to the shorter ones, and keeps the lowest rank that
//! holds; each prefix knows the lowest rank from there on, which ends the walk early. Rules that
//! name an account lie apart, by account: a thousand customers with rules of their own do not make
//! the look-up of any one of them longer.

use std::cmp::Reverse;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use smppgate_codec::code::Status;
use thiserror::Error;

use super::prefix::{self, Node, PrefixTable};
use super::source::Sources;
use super::{Action, Candidate, Prefix, Rule};
use crate::message::{AccountId, UnknownOutcome, digits};

/// What is known of a message when its way is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Who submitted it.
    pub account: AccountId,
    /// Its source as the ESME wrote it.
    pub source: &'a [u8],
    /// Its destination as the ESME wrote it.
    pub destination: &'a [u8],
}

/// What was chosen for a message. It names rules of the table that chose it, and of no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It goes to the candidates of this rule; see [`Table::candidates`].
    Via(RuleIndex),
    /// This rule refuses it with this status.
    Reject(RuleIndex, Status),
    /// No rule is for it.
    NoRoute,
}

/// A rule, by its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIndex(pub u32);

/// Why rules make no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Flaw {
    /// A rule names no carrier and refuses nothing.
    #[error("rule {0} has no candidates")]
    NoCandidates(usize),
    /// More rules and prefixes than places in their order.
    #[error("there are more than {} rules and prefixes", Table::ENTRIES_MAX)]
    TooMany,
}

/// All rules, compiled.
#[derive(Debug, Default)]
pub struct Table {
    rules: Vec<Rule>,
    /// The sources of each rule, beside the rules because the look-up needs nothing else of them.
    sources: Vec<Sources>,
    /// Rules that name an account.
    by_account: HashMap<AccountId, Scope, FixedState>,
    /// Rules that name none.
    for_all: Scope,
}

/// The entries of one account, or of all.
#[derive(Debug)]
struct Scope {
    prefixes: PrefixTable,
    /// What lies at each prefix; same places as the nodes of `prefixes`.
    places: Vec<Place>,
    entries: Vec<Entry>,
    /// The lowest rank of all; [`UNRANKED`] if there are no entries.
    lowest: u32,
}

/// What lies at one prefix.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its entries, in order of rank.
    first: u32,
    end: u32,
    /// The lowest rank here or at a shorter prefix.
    lowest: u32,
}

/// A rule at one of its prefixes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    rank: u32,
    rule: u32,
    /// Whether the rule names sources. Kept here so that most look-ups never touch the rule.
    names_source: bool,
    choice: Choice,
}

/// The best entry so far.
struct Best {
    rank: u32,
    choice: Choice,
}

/// Above all ranks.
const UNRANKED: u32 = u32::MAX;

impl Table {
    /// Ranks are numbers of 32 bits.
    pub const ENTRIES_MAX: usize = UNRANKED as usize - 1;

    /// A table of these rules, in the order of the file.
    pub fn build(rules: Vec<Rule>) -> Result<Self, Vec<Flaw>> {
        let mut flaws: Vec<Flaw> = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| matches!(&rule.action, Action::Via(via) if via.is_empty()))
            .map(|(place, _)| Flaw::NoCandidates(place))
            .collect();
        let count: usize = rules.iter().map(|rule| rule.to.len().max(1)).sum();
        if count > Self::ENTRIES_MAX {
            flaws.push(Flaw::TooMany);
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }

        let mut by_account: HashMap<AccountId, Vec<(Prefix, Entry)>, FixedState> =
            HashMap::default();
        let mut for_all = Vec::new();
        for (prefix, entry) in ranked(&rules) {
            match rules[entry.rule as usize].account {
                Some(account) => by_account.entry(account).or_default().push((prefix, entry)),
                None => for_all.push((prefix, entry)),
            }
        }
        Ok(Self {
            sources: rules.iter().map(|rule| Sources::new(&rule.from)).collect(),
            by_account: by_account
                .into_iter()
                .map(|(account, entries)| (account, Scope::build(entries)))
                .collect(),
            for_all: Scope::build(for_all),
            rules,
        })
    }

    /// Chooses for each message of the batch; `out` is emptied and then holds as many choices.
    pub fn choose(&self, batch: &[Query<'_>], out: &mut Vec<Choice>) {
        out.clear();
        out.reserve(batch.len());
        // A batch mostly comes from one connection, so mostly from one account.
        let mut seen = None;
        for query in batch {
            let own = match seen {
                Some((account, scope)) if account == query.account => scope,
                _ => {
                    let scope = self.by_account.get(&query.account);
                    seen = Some((query.account, scope));
                    scope
                }
            };
            out.push(self.first(own, query));
        }
    }

    /// Chooses for one message.
    pub fn choose_one(&self, query: &Query<'_>) -> Choice {
        self.first(self.by_account.get(&query.account), query)
    }

    /// The carriers that a choice names, in the order to try them; empty if it names none.
    pub fn candidates(&self, choice: Choice) -> &[Candidate] {
        match choice {
            Choice::Via(rule) => match &self.rule(rule).action {
                Action::Via(candidates) => candidates,
                Action::Reject(_) => &[],
            },
            Choice::Reject(..) | Choice::NoRoute => &[],
        }
    }

    /// What the rule of a choice wants to become of a message whose outcome is unknown; none if it
    /// leaves that to others, or names no carrier.
    pub fn unknown_outcome(&self, choice: Choice) -> Option<UnknownOutcome> {
        match choice {
            Choice::Via(rule) => self.rule(rule).unknown_outcome,
            Choice::Reject(..) | Choice::NoRoute => None,
        }
    }

    /// A rule of this table.
    ///
    /// # Panics
    ///
    /// If the index comes from a longer table.
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.0 as usize]
    }

    /// All rules, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    #[inline]
    fn first(&self, own: Option<&Scope>, query: &Query<'_>) -> Choice {
        let key = prefix::key(digits(query.destination));
        let mut best = Best {
            rank: UNRANKED,
            choice: Choice::NoRoute,
        };
        if let Some(own) = own {
            own.improve(&mut best, key, query.source, &self.sources);
        }
        self.for_all
            .improve(&mut best, key, query.source, &self.sources);
        best.choice
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::build(Vec::new())
    }
}

impl Scope {
    /// `entries` come in order of rank.
    fn build(mut entries: Vec<(Prefix, Entry)>) -> Self {
        let prefixes = PrefixTable::build(entries.iter().map(|(prefix, _)| *prefix).collect());
        entries.sort_unstable_by_key(|(prefix, entry)| (*prefix, entry.rank));
        let mut places: Vec<Place> = Vec::with_capacity(prefixes.prefixes().len());
        let mut first = 0;
        for (node, prefix) in prefixes.prefixes().iter().enumerate() {
            let count = entries[first..].partition_point(|(of, _)| of <= prefix);
            let here = entries[first..first + count]
                .first()
                .map_or(UNRANKED, |(_, entry)| entry.rank);
            // A shorter prefix stands before the longer ones, so its place is known already.
            let shorter = places
                .get(prefixes.parent(node as Node) as usize)
                .map_or(UNRANKED, |place| place.lowest);
            places.push(Place {
                first: first as u32,
                end: (first + count) as u32,
                lowest: here.min(shorter),
            });
            first += count;
        }
        Self {
            prefixes,
            places,
            lowest: entries
                .iter()
                .map(|(_, entry)| entry.rank)
                .min()
                .unwrap_or(UNRANKED),
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// Puts the lowest rank that holds into `best`, if it is lower than what is there.
    #[inline]
    fn improve(&self, best: &mut Best, key: u64, source: &[u8], sources: &[Sources]) {
        if self.lowest >= best.rank {
            return;
        }
        let mut node = self.prefixes.longest(key);
        loop {
            let place = self.places[node as usize];
            if place.lowest >= best.rank {
                return;
            }
            for entry in &self.entries[place.first as usize..place.end as usize] {
                if entry.rank >= best.rank {
                    break;
                }
                if !entry.names_source || sources[entry.rule as usize].contain(source) {
                    best.rank = entry.rank;
                    best.choice = entry.choice;
                    break;
                }
            }
            if node == PrefixTable::ANY {
                return;
            }
            node = self.prefixes.parent(node);
        }
    }
}

/// The order between two rules that both hold, one of them by a prefix of so many digits.
pub(super) fn precedence(rule: &Rule, digits_count: usize, place: usize) -> impl Ord + use<> {
    (
        Reverse(rule.priority),
        rule.account.is_none(),
        Reverse(digits_count),
        rule.from.is_empty(),
        place,
    )
}

/// Every rule at each of its prefixes, in order of rank.
fn ranked(rules: &[Rule]) -> Vec<(Prefix, Entry)> {
    let mut entries: Vec<(Prefix, Entry)> = Vec::with_capacity(rules.len());
    for (place, rule) in rules.iter().enumerate() {
        let index = RuleIndex(place as u32);
        let entry = Entry {
            rank: UNRANKED,
            rule: index.0,
            names_source: !rule.from.is_empty(),
            choice: match rule.action {
                Action::Via(_) => Choice::Via(index),
                Action::Reject(status) => Choice::Reject(index, status),
            },
        };
        if rule.to.is_empty() {
            entries.push((Prefix::ANY, entry));
        }
        entries.extend(rule.to.iter().map(|prefix| (*prefix, entry)));
    }
    entries.sort_by_cached_key(|(prefix, entry)| {
        let place = entry.rule as usize;
        precedence(&rules[place], prefix.digits_count(), place)
    });
    for (rank, (_, entry)) in entries.iter_mut().enumerate() {
        entry.rank = rank as u32;
    }
    entries
}

#[cfg(test)]
mod tests;
