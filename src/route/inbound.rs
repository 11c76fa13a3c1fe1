//! The way back: which account gets a message from a phone.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::message::{AccountId, CarrierId, digits};

/// One inbound rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundRule {
    /// Numbers that phones write to, each whole; none is any number.
    pub to: Vec<Vec<u8>>,
    /// The carrier that the message comes from; none is any carrier.
    pub carrier: Option<CarrierId>,
    /// The first word of the message, in lower case; none is any word.
    pub keyword: Option<String>,
    /// Who gets the message.
    pub account: AccountId,
}

/// All inbound rules.
///
/// A rule that names the number comes before one that does not; then one that names the keyword
/// before one that does not; then one that names the carrier before one that does not; then the
/// order of the file counts.
#[derive(Debug, Default)]
pub struct InboundTable {
    numbers: HashMap<Box<[u8]>, ByKeyword, FixedState>,
    any: ByKeyword,
}

/// The accounts of one number by the word that a message begins with.
#[derive(Debug, Default)]
struct ByKeyword {
    named: HashMap<Box<str>, ByCarrier, FixedState>,
    any: ByCarrier,
}

/// The accounts of one number and word: the first rule for each carrier, and the first for all carriers.
#[derive(Debug, Default)]
struct ByCarrier {
    named: Vec<(CarrierId, AccountId)>,
    any: Option<AccountId>,
}

impl InboundTable {
    /// A table of these rules, in the order of the file.
    pub fn build(rules: &[InboundRule]) -> Self {
        let mut table = Self::default();
        for rule in rules {
            if rule.to.is_empty() {
                table.any.add(rule);
            }
            for number in &rule.to {
                table
                    .numbers
                    .entry(digits(number).into())
                    .or_default()
                    .add(rule);
            }
        }
        table
    }

    /// Whether the first word of a message for this number matters.
    pub fn asks_for_keyword(&self, destination: &[u8]) -> bool {
        let has_named = |by: &ByKeyword| !by.named.is_empty();
        has_named(&self.any) || self.numbers.get(digits(destination)).is_some_and(has_named)
    }

    /// Who gets a message that this carrier brings for this number and that begins with this word,
    /// which is in lower case. None: nobody was named for it.
    pub fn choose(
        &self,
        carrier: CarrierId,
        destination: &[u8],
        keyword: Option<&str>,
    ) -> Option<AccountId> {
        self.numbers
            .get(digits(destination))
            .and_then(|number| number.choose(carrier, keyword))
            .or_else(|| self.any.choose(carrier, keyword))
    }
}

impl ByKeyword {
    fn add(&mut self, rule: &InboundRule) {
        match &rule.keyword {
            None => self.any.add(rule),
            Some(word) => {
                let word = word.as_str().into();
                self.named.entry(word).or_default().add(rule);
            }
        }
    }

    fn choose(&self, carrier: CarrierId, keyword: Option<&str>) -> Option<AccountId> {
        let named = keyword.and_then(|word| self.named.get(word));
        named
            .and_then(|by| by.choose(carrier))
            .or_else(|| self.any.choose(carrier))
    }
}

impl ByCarrier {
    fn add(&mut self, rule: &InboundRule) {
        match rule.carrier {
            None => self.any = self.any.or(Some(rule.account)),
            Some(carrier) => {
                if !self.named.iter().any(|(known, _)| *known == carrier) {
                    self.named.push((carrier, rule.account));
                }
            }
        }
    }

    fn choose(&self, carrier: CarrierId) -> Option<AccountId> {
        self.named
            .iter()
            .find(|(known, _)| *known == carrier)
            .map(|(_, account)| *account)
            .or(self.any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORTH: CarrierId = CarrierId(1);
    const SOUTH: CarrierId = CarrierId(2);

    fn rule(to: &[&str], carrier: Option<CarrierId>, account: u32) -> InboundRule {
        InboundRule {
            to: to.iter().map(|number| number.as_bytes().to_vec()).collect(),
            carrier,
            keyword: None,
            account: AccountId(account),
        }
    }

    #[test]
    fn number_and_carrier_beat_the_number_and_that_beats_the_carrier() {
        let table = InboundTable::build(&[
            rule(&[], None, 1),
            rule(&[], Some(NORTH), 2),
            rule(&["36034"], None, 3),
            rule(&["36034", "+33600000000"], Some(NORTH), 4),
            rule(&["36034"], Some(NORTH), 5),
        ]);
        let choose = |carrier, number: &str| table.choose(carrier, number.as_bytes(), None);
        assert_eq!(choose(NORTH, "36034"), Some(AccountId(4)));
        assert_eq!(choose(SOUTH, "36034"), Some(AccountId(3)));
        assert_eq!(choose(NORTH, "36035"), Some(AccountId(2)));
        assert_eq!(choose(SOUTH, "36035"), Some(AccountId(1)));
        assert_eq!(choose(NORTH, "0033600000000"), Some(AccountId(4)));
        assert_eq!(choose(SOUTH, "33600000000"), Some(AccountId(1)));
    }

    #[test]
    fn without_a_match_nobody_gets_the_message() {
        let table = InboundTable::build(&[rule(&["36034"], Some(NORTH), 1)]);
        assert_eq!(table.choose(SOUTH, b"36034", None), None);
        assert_eq!(table.choose(NORTH, b"3603", None), None);
        assert_eq!(table.choose(NORTH, b"", None), None);
    }

    #[test]
    fn the_number_beats_the_keyword_and_that_beats_the_carrier() {
        let keyword = |rule: InboundRule, word: &str| InboundRule {
            keyword: Some(word.to_owned()),
            ..rule
        };
        let table = InboundTable::build(&[
            rule(&["36034"], Some(NORTH), 1),
            keyword(rule(&["36034"], None, 2), "stop"),
            keyword(rule(&["36034"], Some(SOUTH), 3), "stop"),
            keyword(rule(&[], None, 4), "join"),
            rule(&["36035"], None, 5),
        ]);
        for (carrier, number, word, account) in [
            (NORTH, "36034", None, Some(1)),
            (NORTH, "36034", Some("stop"), Some(2)),
            (SOUTH, "36034", Some("stop"), Some(3)),
            (NORTH, "36034", Some("join"), Some(1)),
            (SOUTH, "36034", Some("join"), Some(4)),
            (SOUTH, "36034", Some("hello"), None),
            (NORTH, "36035", Some("join"), Some(5)),
            (NORTH, "36036", Some("join"), Some(4)),
        ] {
            let chosen = table.choose(carrier, number.as_bytes(), word);
            assert_eq!(chosen, account.map(AccountId), "{number} {word:?}");
        }
        assert!(table.asks_for_keyword(b"36036"));
    }
}
