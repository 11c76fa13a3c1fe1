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
    /// Who gets the message.
    pub account: AccountId,
}

/// All inbound rules.
///
/// A rule that names number and carrier comes before one that names the number, that before one
/// that names the carrier, and that before one that names neither; then the order of the file counts.
#[derive(Debug, Default)]
pub struct InboundTable {
    numbers: HashMap<Box<[u8]>, ByCarrier, FixedState>,
    any: ByCarrier,
}

/// The accounts of one number: the first rule for each carrier, and the first for all carriers.
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

    /// Who gets a message that this carrier brings for this number. None: nobody was named for it.
    pub fn choose(&self, carrier: CarrierId, destination: &[u8]) -> Option<AccountId> {
        self.numbers
            .get(digits(destination))
            .and_then(|number| number.choose(carrier))
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
        let choose = |carrier, number: &str| table.choose(carrier, number.as_bytes());
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
        assert_eq!(table.choose(SOUTH, b"36034"), None);
        assert_eq!(table.choose(NORTH, b"3603"), None);
        assert_eq!(table.choose(NORTH, b""), None);
    }
}
