//! Any rules and any messages: the table chooses the rule that the explanation names, which looks
//! at every rule without the table's help.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate::message::{AccountId, CarrierId};
use smppgate::route::{Action, Candidate, Choice, Query, Rule, Table, Verdict};

/// Account, priority, prefixes and sources of a rule; the texts are lists with spaces between.
type Wish<'a> = (Option<u8>, i8, &'a str, &'a str);

fuzz_target!(|input: (Vec<Wish<'_>>, Vec<(u8, &[u8], &[u8])>)| {
    let (wishes, messages) = input;
    let Ok(table) = Table::build(wishes.iter().map(rule).collect()) else {
        unreachable!("each rule has a candidate");
    };
    for (account, source, destination) in messages {
        let query = Query {
            account: AccountId(u32::from(account)),
            source,
            destination,
        };
        let explained = table.explain(&query);
        let chosen = explained
            .iter()
            .find(|tried| tried.verdict == Verdict::Chosen)
            .map_or(Choice::NoRoute, |tried| Choice::Via(tried.rule));
        assert_eq!(table.choose_one(&query), chosen);
    }
});

fn rule((account, priority, to, from): &Wish<'_>) -> Rule {
    Rule {
        name: String::new(),
        to: to.split(' ').filter_map(|text| text.parse().ok()).collect(),
        account: account.map(|account| AccountId(u32::from(account))),
        from: from
            .split(' ')
            .filter_map(|text| text.parse().ok())
            .collect(),
        priority: i32::from(*priority),
        unknown_outcome: None,
        action: Action::Via(vec![Candidate {
            carrier: CarrierId(1),
        }]),
    }
}
