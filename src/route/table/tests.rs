//! Which rule is chosen, said in rules and messages, and held against looking at every rule.

use proptest::prelude::*;

use super::*;
use crate::message::CarrierId;
use crate::route::{Pattern, Verdict};

const ACME: AccountId = AccountId(1);
const OTHER: AccountId = AccountId(2);

fn rule(name: &str, to: &[&str]) -> Rule {
    Rule {
        name: name.to_owned(),
        to: to.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        account: None,
        from: Vec::new(),
        priority: 0,
        unknown_outcome: None,
        action: Action::Via(vec![Candidate {
            carrier: CarrierId(1),
        }]),
    }
}

fn table(rules: Vec<Rule>) -> Table {
    Table::build(rules).unwrap()
}

fn query<'a>(account: AccountId, source: &'a str, destination: &'a str) -> Query<'a> {
    Query {
        account,
        source: source.as_bytes(),
        destination: destination.as_bytes(),
    }
}

/// The name of the rule that takes the message.
fn taken_by<'a>(table: &'a Table, account: AccountId, source: &str, to: &str) -> &'a str {
    match table.choose_one(&query(account, source, to)) {
        Choice::Via(rule) | Choice::Reject(rule, _) => &table.rule(rule).name,
        Choice::NoRoute => "(none)",
    }
}

#[test]
fn the_longest_prefix_takes_the_message() {
    let table = table(vec![
        rule("any", &[]),
        rule("france", &["33"]),
        rule("orange", &["33607", "33608"]),
    ]);
    assert_eq!(taken_by(&table, ACME, "", "+33607123456"), "orange");
    assert_eq!(taken_by(&table, ACME, "", "0033612345678"), "france");
    assert_eq!(taken_by(&table, ACME, "", "447700900123"), "any");
    assert_eq!(taken_by(&table, ACME, "", "ACME"), "any");
}

#[test]
fn priority_beats_the_account_and_that_beats_the_prefix() {
    let mut urgent = rule("urgent", &[]);
    urgent.priority = 1;
    urgent.from = vec!["ALERT".parse().unwrap()];
    let mut own = rule("own", &["3"]);
    own.account = Some(ACME);
    let table = table(vec![rule("long", &["336071"]), own, urgent]);
    assert_eq!(taken_by(&table, ACME, "ALERT", "33607123456"), "urgent");
    assert_eq!(taken_by(&table, ACME, "INFO", "33607123456"), "own");
    assert_eq!(taken_by(&table, OTHER, "INFO", "33607123456"), "long");
}

#[test]
fn of_equal_prefixes_the_one_with_a_source_and_then_the_first_in_the_file_counts() {
    let mut from = rule("from", &["33"]);
    from.from = vec!["AC*".parse().unwrap()];
    let table = table(vec![rule("first", &["33"]), rule("second", &["33"]), from]);
    assert_eq!(taken_by(&table, ACME, "ACME", "336"), "from");
    assert_eq!(taken_by(&table, ACME, "BETA", "336"), "first");
}

#[test]
fn where_the_source_does_not_fit_the_shorter_prefix_counts() {
    let mut narrow = rule("narrow", &["33607"]);
    narrow.from = vec!["ACME".parse().unwrap()];
    let table = table(vec![narrow, rule("wide", &["33"])]);
    assert_eq!(taken_by(&table, ACME, "BETA", "33607123456"), "wide");
    assert_eq!(taken_by(&table, ACME, "ACME", "33607123456"), "narrow");
}

#[test]
fn a_message_may_be_refused_or_have_no_route() {
    let mut barred = rule("barred", &["1900"]);
    barred.action = Action::Reject(Status::ESME_RINVDSTADR);
    let table = table(vec![barred, rule("us", &["1"])]);
    let mut choices = vec![Choice::NoRoute; 9];
    let batch = ["19005550100", "12125550100", "33612345678"].map(|to| query(ACME, "", to));
    table.choose(&batch, &mut choices);
    let refused = Choice::Reject(RuleIndex(0), Status::ESME_RINVDSTADR);
    let sent = Choice::Via(RuleIndex(1));
    assert_eq!(choices, [refused, sent, Choice::NoRoute]);
    assert_eq!(table.candidates(refused), []);
    let carriers: Vec<CarrierId> = table.candidates(sent).iter().map(|c| c.carrier).collect();
    assert_eq!(carriers, [CarrierId(1)]);
}

#[test]
fn an_empty_table_routes_nothing() {
    assert_eq!(taken_by(&table(Vec::new()), ACME, "A", "33"), "(none)");
    assert_eq!(taken_by(&Table::default(), ACME, "A", "33"), "(none)");
}

#[test]
fn a_rule_without_candidates_makes_no_table() {
    let mut empty = rule("empty", &["33"]);
    empty.action = Action::Via(Vec::new());
    assert_eq!(
        Table::build(vec![rule("any", &[]), empty]).unwrap_err(),
        [Flaw::NoCandidates(1)]
    );
}

#[test]
fn an_explanation_names_the_condition_that_failed() {
    let mut account = rule("account", &["33"]);
    account.account = Some(OTHER);
    let mut source = rule("source", &["33607", "33"]);
    source.from = vec!["BETA".parse().unwrap()];
    let table = table(vec![
        rule("any", &[]),
        rule("spain", &["34"]),
        rule("france", &["33"]),
        source,
        account,
    ]);
    let explained: Vec<(&str, Verdict)> = table
        .explain(&query(ACME, "ACME", "+33607123456"))
        .iter()
        .map(|tried| (table.rule(tried.rule).name.as_str(), tried.verdict))
        .collect();
    assert_eq!(
        explained,
        [
            ("account", Verdict::OtherAccount),
            ("source", Verdict::OtherSource),
            ("spain", Verdict::OtherDestination),
            ("france", Verdict::Chosen),
            ("any", Verdict::Outranked),
        ]
    );
}

#[test]
fn a_choice_knows_what_its_route_wants_of_unknown_outcomes() {
    let table = table(vec![
        Rule {
            unknown_outcome: Some(UnknownOutcome::Hold),
            ..rule("held", &["33"])
        },
        rule("silent", &["44"]),
        Rule {
            action: Action::Reject(Status::ESME_RINVDSTADR),
            unknown_outcome: Some(UnknownOutcome::Resend),
            ..rule("barred", &["49"])
        },
    ]);
    let wanted = |to| table.unknown_outcome(table.choose_one(&query(ACME, "ACME", to)));
    assert_eq!(wanted("33612345678"), Some(UnknownOutcome::Hold));
    assert_eq!(wanted("447700900123"), None);
    assert_eq!(wanted("491701234567"), None, "nothing is sent");
    assert_eq!(wanted("1"), None, "there is no route");
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let prefixes = prop::collection::vec("[0-2]{1,4}", 0..4);
    let sources = prop::collection::vec("[AB]{1,2}\\*?", 0..3);
    (prefixes, prop::option::of(1..4_u32), sources, -1..2_i32).prop_map(
        |(to, account, from, priority)| Rule {
            to: to.iter().filter_map(|text| text.parse().ok()).collect(),
            account: account.map(AccountId),
            from: from.iter().map(|text| text.parse().unwrap()).collect(),
            priority,
            ..rule("", &[])
        },
    )
}

/// The rule by the letter of the order: all that hold, sorted, the first.
fn by_the_letter(rules: &[Rule], query: &Query<'_>) -> Option<usize> {
    let number = String::from_utf8(digits(query.destination).to_vec()).unwrap();
    let covering = |rule: &Rule| {
        let lengths = rule.to.iter().map(Prefix::to_string);
        let held = lengths.filter(|prefix| number.starts_with(prefix));
        match rule.to.is_empty() {
            true => Some(0),
            false => held.map(|prefix| prefix.len()).max(),
        }
    };
    let meant = |pattern: &Pattern| pattern.matches(query.source);
    let mut holding: Vec<_> = (0..rules.len())
        .filter(|at| rules[*at].account.is_none_or(|id| id == query.account))
        .filter(|at| rules[*at].from.is_empty() || rules[*at].from.iter().any(meant))
        .filter_map(|at| covering(&rules[at]).map(|length| (at, length)))
        .collect();
    holding.sort_by_key(|(at, length)| {
        let rule = &rules[*at];
        let negative = -i64::from(rule.priority);
        let account = u8::from(rule.account.is_none());
        let source = u8::from(rule.from.is_empty());
        (negative, account, -(*length as i64), source, *at)
    });
    holding.first().map(|(at, _)| *at)
}

proptest! {
    #[test]
    fn the_table_agrees_with_the_order_by_the_letter(
        rules in prop::collection::vec(any_rule(), 0..40),
        messages in prop::collection::vec(("[AB]{0,3}", "\\+?[0-2]{0,6}[A]?", 1..5_u32), 60),
    ) {
        let table = table(rules.clone());
        let batch: Vec<Query<'_>> = messages
            .iter()
            .map(|(source, to, account)| query(AccountId(*account), source, to))
            .collect();
        let mut choices = Vec::new();
        table.choose(&batch, &mut choices);
        for (query, choice) in batch.iter().zip(choices) {
            let expected = by_the_letter(&rules, query);
            let taken = match choice {
                Choice::Via(rule) | Choice::Reject(rule, _) => Some(rule.0 as usize),
                Choice::NoRoute => None,
            };
            prop_assert_eq!(taken, expected);
            prop_assert_eq!(table.choose_one(query), choice);
            let explained = table.explain(query);
            let chosen = explained.iter().find(|tried| tried.verdict == Verdict::Chosen);
            prop_assert_eq!(chosen.map(|tried| tried.rule.0 as usize), expected);
            prop_assert_eq!(explained.len(), rules.len());
        }
    }
}
