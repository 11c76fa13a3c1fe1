//! Addresses by pattern, sorted so that a long list costs no more than a few comparisons.

use super::Pattern;
use crate::message::digits;

/// Addresses by pattern; none is no address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Whole addresses, ascending.
    exact: Vec<Box<[u8]>>,
    /// Heads of addresses, ascending, none of them the head of another.
    heads: Vec<Box<[u8]>>,
}

impl Sources {
    /// The addresses that these patterns mean.
    pub fn new(patterns: &[Pattern]) -> Self {
        let mut sources = Self::default();
        for pattern in patterns {
            match pattern {
                Pattern::Exact(whole) => sources.exact.push(whole.clone()),
                Pattern::Head(head) => sources.heads.push(head.clone()),
            }
        }
        sources.exact.sort_unstable();
        sources.heads.sort_unstable();
        // A head stands right before the longer heads that it makes superfluous.
        sources
            .heads
            .dedup_by(|later, kept| later.starts_with(kept));
        sources
    }

    /// Whether there is no pattern at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.heads.is_empty()
    }

    /// Whether one of the patterns means this address.
    ///
    /// What lies between a head and an address that begins with it begins with that head too. So
    /// the greatest head that is not above the address is the only one that it can begin with.
    #[inline]
    pub fn contain(&self, address: &[u8]) -> bool {
        let address = digits(address);
        let above = self.heads.partition_point(|head| **head <= *address);
        above
            .checked_sub(1)
            .is_some_and(|below| address.starts_with(&self.heads[below]))
            || self
                .exact
                .binary_search_by(|whole| (**whole).cmp(address))
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_agrees_with_its_patterns_one_by_one(
            patterns in prop::collection::vec("[AB+0]{0,4}\\*?", 0..12),
            addresses in prop::collection::vec("[AB+0]{0,6}", 40),
        ) {
            let patterns: Vec<Pattern> =
                patterns.iter().filter_map(|text| text.parse().ok()).collect();
            let sources = Sources::new(&patterns);
            for address in addresses {
                let address = address.as_bytes();
                let expected = patterns.iter().any(|pattern| pattern.matches(address));
                prop_assert_eq!(sources.contain(address), expected);
            }
        }
    }
}
