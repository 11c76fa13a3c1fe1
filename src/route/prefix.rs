//! The head of a number, and a table that finds every known head of a number with one search.
//!
//! A number becomes a key of sixteen half-octets, the first digit in the highest: the digits 0 to 9
//! are 1 to 10, and 0 stands after the end. A prefix then is an interval of keys, intervals nest or
//! lie apart, and the table is the sorted list of their borders. Nothing in it changes once built.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::message::digits;

/// Digits that a key holds; what follows in a longer number cannot matter to any prefix.
const KEY_DIGITS: usize = 16;

/// From this many borders on, a first step by leading digits pays for its memory (16 KiB).
const INDEX_FROM: usize = 64;

/// From this many borders on, four leading digits are used instead of three (256 KiB).
const WIDE_INDEX_FROM: usize = 16_384;

/// The first digits of numbers, for example `33` or `447700`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    // The order of the fields is the order that the table needs: by first key, the wider one first.
    key: u64,
    length: u8,
}

/// Why a text is not a prefix. The texts read after "`…` ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// Nothing is left without the leading `+` or `00`.
    #[error("holds no digits")]
    Empty,
    /// Something else than digits.
    #[error("holds something else than digits")]
    NotDigits,
    /// More digits than a number has.
    #[error("is longer than the {} digits of a number", Prefix::DIGITS_MAX)]
    TooLong,
}

impl Prefix {
    /// The prefix of every destination, also of one without digits.
    pub const ANY: Self = Self { key: 0, length: 0 };

    /// Digits of the longest number of E.164.
    pub const DIGITS_MAX: usize = 15;

    /// Number of digits.
    pub fn digits_count(self) -> usize {
        usize::from(self.length)
    }

    /// Whether the number begins with this prefix.
    pub(super) fn covers(self, key: u64) -> bool {
        self.key <= key && key <= self.last()
    }

    /// The last key that the prefix covers.
    fn last(self) -> u64 {
        match self.length {
            0 => u64::MAX,
            length => self.key | (u64::MAX >> (4 * u32::from(length))),
        }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// A leading `+` or `00` is dropped, as it is from a destination.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let octets = digits(text.as_bytes());
        if octets.is_empty() {
            return Err(PrefixError::Empty);
        }
        if !octets.iter().all(u8::is_ascii_digit) {
            return Err(PrefixError::NotDigits);
        }
        if octets.len() > Self::DIGITS_MAX {
            return Err(PrefixError::TooLong);
        }
        Ok(Self {
            key: key(octets),
            length: octets.len() as u8,
        })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..u32::from(self.length)).try_for_each(|at| {
            let half = (self.key >> (60 - 4 * at)) & 0xF;
            write!(f, "{}", half.saturating_sub(1))
        })
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({self})")
    }
}

/// The key of a number without `+` or `00`. What follows a character that is no digit is left out.
#[inline]
pub(super) fn key(number: &[u8]) -> u64 {
    let mut key = 0;
    let mut shift = 64;
    for octet in number.iter().take(KEY_DIGITS) {
        if !octet.is_ascii_digit() {
            break;
        }
        shift -= 4;
        key |= u64::from(octet - b'0' + 1) << shift;
    }
    key
}

/// A prefix in a [`PrefixTable`], by its place in [`PrefixTable::prefixes`].
pub(super) type Node = u32;

/// Finds the longest prefix of a number; the shorter ones follow by [`PrefixTable::parent`].
#[derive(Debug)]
pub(super) struct PrefixTable {
    /// The keys at which the longest prefix changes, ascending; the first is 0.
    borders: Vec<u64>,
    /// The longest prefix from that key on.
    longest: Vec<Node>,
    /// For each value of the leading digits, the first border that is not below them.
    index: Vec<u32>,
    /// Half-octets that are not part of the index, as bits.
    index_shift: u32,
    /// Each prefix once, [`Prefix::ANY`] first.
    prefixes: Vec<Prefix>,
    /// The next shorter prefix that covers the same numbers; that of `ANY` is `ANY`.
    parents: Vec<Node>,
}

impl PrefixTable {
    /// The node of [`Prefix::ANY`], which each table has.
    pub const ANY: Node = 0;

    /// A table of these prefixes, in any order.
    pub fn build(mut prefixes: Vec<Prefix>) -> Self {
        prefixes.push(Prefix::ANY);
        prefixes.sort_unstable();
        prefixes.dedup();
        let mut table = Self {
            parents: vec![Self::ANY; prefixes.len()],
            borders: Vec::with_capacity(2 * prefixes.len()),
            longest: Vec::with_capacity(2 * prefixes.len()),
            index: Vec::new(),
            index_shift: 0,
            prefixes,
        };
        table.sweep();
        table.index();
        table
    }

    /// Every prefix of the table; the node of one is its place here.
    pub fn prefixes(&self) -> &[Prefix] {
        &self.prefixes
    }

    /// The longest prefix of the number that has this key.
    #[inline]
    pub fn longest(&self, key: u64) -> Node {
        let (from, to) = if self.index.is_empty() {
            (0, self.borders.len())
        } else {
            let at = (key >> self.index_shift) as usize;
            (self.index[at] as usize, self.index[at + 1] as usize)
        };
        let place = from + self.borders[from..to].partition_point(|border| *border <= key);
        // The first border is 0, so that some border is never above the key.
        self.longest[place.saturating_sub(1)]
    }

    /// The next shorter prefix.
    #[inline]
    pub fn parent(&self, node: Node) -> Node {
        self.parents[node as usize]
    }

    /// Walks the prefixes in order of their first keys, with a stack of those that are open, and
    /// writes down each key at which the longest open one changes.
    fn sweep(&mut self) {
        let mut open: Vec<Node> = Vec::with_capacity(KEY_DIGITS);
        for node in 0..self.prefixes.len() {
            let prefix = self.prefixes[node];
            while let Some(&inner) = open.last() {
                let last = self.prefixes[inner as usize].last();
                if last >= prefix.key {
                    break;
                }
                open.pop();
                self.close(last, open.last().copied());
            }
            self.parents[node] = open.last().copied().unwrap_or(Self::ANY);
            self.border(prefix.key, node as Node);
            open.push(node as Node);
        }
        while let Some(inner) = open.pop() {
            let last = self.prefixes[inner as usize].last();
            self.close(last, open.last().copied());
        }
    }

    /// After the last key of a prefix, the one around it is the longest again.
    fn close(&mut self, last: u64, outer: Option<Node>) {
        if let (Some(next), Some(outer)) = (last.checked_add(1), outer) {
            self.border(next, outer);
        }
    }

    fn border(&mut self, key: u64, node: Node) {
        if self.borders.last() == Some(&key) {
            self.borders.pop();
            self.longest.pop();
        }
        self.borders.push(key);
        self.longest.push(node);
    }

    fn index(&mut self) {
        let digits = match self.borders.len() {
            0..INDEX_FROM => return,
            INDEX_FROM..WIDE_INDEX_FROM => 3,
            _ => 4,
        };
        self.index_shift = 64 - 4 * digits;
        let values = 1_u64 << (4 * digits);
        let mut place = 0;
        self.index = (0..values)
            .map(|value| {
                let first = value << self.index_shift;
                while self.borders.get(place).is_some_and(|key| *key < first) {
                    place += 1;
                }
                place as u32
            })
            .collect();
        self.index.push(self.borders.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    fn longest(table: &PrefixTable, number: &str) -> String {
        table.prefixes()[table.longest(key(number.as_bytes())) as usize].to_string()
    }

    #[test]
    fn a_prefix_is_read_as_peers_write_numbers() {
        assert_eq!(prefix("+33"), prefix("33"));
        assert_eq!(prefix("0033"), prefix("33"));
        assert_eq!(prefix("0033").to_string(), "33");
        assert_eq!(prefix("0").to_string(), "0");
        assert_eq!("+".parse::<Prefix>(), Err(PrefixError::Empty));
        assert_eq!("33x".parse::<Prefix>(), Err(PrefixError::NotDigits));
        assert_eq!(
            "1234567890123456".parse::<Prefix>(),
            Err(PrefixError::TooLong)
        );
        assert_eq!(prefix("123456789012345").to_string(), "123456789012345");
    }

    #[test]
    fn the_longest_prefix_is_found_and_the_shorter_ones_behind_it() {
        let table = PrefixTable::build(
            ["33", "336", "3361", "34", "0"]
                .into_iter()
                .map(prefix)
                .collect(),
        );
        assert_eq!(longest(&table, "33612345678"), "3361");
        assert_eq!(longest(&table, "33622345678"), "336");
        assert_eq!(longest(&table, "33712345678"), "33");
        assert_eq!(longest(&table, "34"), "34");
        assert_eq!(longest(&table, "35"), "");
        assert_eq!(longest(&table, "07"), "0");
        let node = table.longest(key(b"33612345678"));
        let parent = table.parent(node);
        assert_eq!(table.prefixes()[parent as usize], prefix("336"));
        assert_eq!(table.parent(PrefixTable::ANY), PrefixTable::ANY);
    }

    #[test]
    fn a_number_shorter_than_a_prefix_does_not_have_it() {
        let table = PrefixTable::build(vec![prefix("3360"), prefix("999")]);
        assert_eq!(longest(&table, "336"), "");
        assert_eq!(longest(&table, "99"), "");
        assert_eq!(longest(&table, "999999999999999999999"), "999");
    }

    #[test]
    fn a_destination_without_digits_has_no_prefix() {
        let table = PrefixTable::build(vec![prefix("33")]);
        assert_eq!(longest(&table, "ACME"), "");
        assert_eq!(longest(&table, ""), "");
        assert_eq!(longest(&table, "33ACME"), "33");
    }

    proptest! {
        // The three sizes reach the three kinds of index.
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_table_agrees_with_looking_at_every_prefix(
            prefixes in prop_oneof![
                prop::collection::vec("[0-3]{1,5}", 0..20),
                prop::collection::vec("[0-9]{1,8}", 100..400),
                prop::collection::vec("[1-9][0-9]{4,8}", 12_000..13_000),
            ],
            numbers in prop::collection::vec("[0-9]{0,18}|[0-3]{3}[a-z]", 50),
        ) {
            let known: Vec<Prefix> = prefixes.iter().filter_map(|text| text.parse().ok()).collect();
            let table = PrefixTable::build(known.clone());
            let texts: Vec<String> = known.iter().map(Prefix::to_string).collect();
            let heads = texts.iter().map(|text| format!("{text}7"));
            for number in numbers.iter().cloned().chain(heads.take(100)) {
                let held = texts.iter().filter(|text| number.starts_with(text.as_str()));
                let expected = held.max_by_key(|text| text.len()).map_or("", String::as_str);
                prop_assert_eq!(longest(&table, &number), expected);
            }
        }
    }
}
