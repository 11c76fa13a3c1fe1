//! Our ids of messages, and how they are written.

use crate::moment::Moment;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Our id of an accepted PDU: 63 bits, unique for the life of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

/// Makes message ids: milliseconds since 2020, a count within them, and the node.
///
/// `ms: 41 bits | count: 16 bits | node: 6 bits`. Milliseconds and count together are one number
/// that only grows: more than 65,536 ids in a millisecond borrow from the next one, and a clock
/// that is set back makes the count go on from the highest number that was ever reached.
#[derive(Debug)]
pub struct IdSource {
    next: AtomicU64,
    node: u64,
}

/// Bits of an id that hold the count within a millisecond.
const COUNT_BITS: u32 = 16;

/// Milliseconds from the Unix epoch to 2020-01-01, from where ids count: 41 bits last to 2089.
const EPOCH_MS: u64 = 1_577_836_800_000;

impl IdSource {
    /// Ids of this node, 0 to 63, all of them higher than `above`.
    pub fn new(node: u8, above: u64) -> Self {
        let next = (above >> MessageId::NODE_BITS) + 1;
        Self {
            next: AtomicU64::new(next),
            node: u64::from(node) & ((1 << MessageId::NODE_BITS) - 1),
        }
    }

    /// No id that was given out is higher.
    pub fn highest(&self) -> u64 {
        let next = self.next.load(Ordering::Relaxed);
        next.saturating_sub(1) << MessageId::NODE_BITS | self.node
    }

    /// As many ids as asked for, in rising order.
    pub fn take(&self, count: usize, now: Moment) -> MessageIds {
        let floor = now.millis().saturating_sub(EPOCH_MS) << COUNT_BITS;
        let count = count as u64;
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            let first = next.max(floor);
            match self.next.compare_exchange_weak(
                next,
                first + count,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    return MessageIds {
                        next: first,
                        end: first + count,
                        node: self.node,
                    };
                }
                Err(other) => next = other,
            }
        }
    }
}

/// Message ids that have been taken from their source.
#[derive(Debug, Clone)]
pub struct MessageIds {
    next: u64,
    end: u64,
    node: u64,
}

impl Iterator for MessageIds {
    type Item = MessageId;

    fn next(&mut self) -> Option<MessageId> {
        if self.next == self.end {
            return None;
        }
        let id = self.next << MessageId::NODE_BITS | self.node;
        self.next += 1;
        Some(MessageId(id & (u64::MAX >> 1)))
    }
}

/// How an account wants to see message ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IdForm {
    /// Decimal digits without leading zeros, 19 at most.
    #[default]
    Decimal,
    /// Sixteen lower-case hexadecimal digits.
    Hex,
}

/// A message id as text, without an allocation.
#[derive(Clone, Copy)]
pub struct IdText {
    octets: [u8; IdText::MAX],
    start: u8,
}

impl IdText {
    const MAX: usize = 20;

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[usize::from(self.start)..]
    }
}

impl MessageId {
    /// Bits of an id that hold the node.
    const NODE_BITS: u32 = 6;

    /// When the message was accepted, to the millisecond: the id tells.
    pub fn accepted(self) -> Moment {
        Moment(((self.0 >> (Self::NODE_BITS + COUNT_BITS)) + EPOCH_MS) * 1_000)
    }

    /// This id and those that were taken after it in one go.
    pub fn following(self, count: usize) -> impl Iterator<Item = Self> {
        (0..count as u64).map(move |at| Self(self.0.saturating_add(at << Self::NODE_BITS)))
    }

    /// A number that is equal for ids taken together and spreads those that are not.
    pub fn spread(self) -> u64 {
        self.0 >> (Self::NODE_BITS + 4)
    }

    /// A hash that is the same for ids that follow each other, in blocks of sixteen, but for their
    /// place there: that is in the lowest bits, by which a table chooses where to look first, and in
    /// the highest, by which it tells what lies there apart. So what is looked for together lies in
    /// the same few lines of memory.
    pub fn hashed(self) -> u64 {
        const BLOCK: u64 = 1 << 4;
        let place = (self.0 >> Self::NODE_BITS) % BLOCK;
        let block = mix(self.0 - (place << Self::NODE_BITS));
        (block & !(BLOCK - 1) | place) ^ place << (u64::BITS - BLOCK.ilog2())
    }

    /// The id in the form that the account asks for.
    pub fn text(self, form: IdForm) -> IdText {
        let (base, least) = match form {
            IdForm::Decimal => (10, 1),
            IdForm::Hex => (16, 16),
        };
        let mut octets = [b'0'; IdText::MAX];
        let mut rest = self.0;
        let mut at = IdText::MAX;
        while rest != 0 || IdText::MAX - at < least {
            at -= 1;
            octets[at] = b"0123456789abcdef"[(rest % base) as usize];
            rest /= base;
        }
        IdText {
            octets,
            start: at as u8,
        }
    }

    /// The id that an ESME wrote, in the form of its account.
    pub fn parse(text: &[u8], form: IdForm) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        match form {
            IdForm::Decimal => u64::from_str(text).ok(),
            IdForm::Hex => u64::from_str_radix(text, 16).ok(),
        }
        .map(Self)
    }

    /// The id that somebody wrote in either form: sixteen hexadecimal digits, else decimal ones. A
    /// decimal id of sixteen digits would be of the first days from which ids count.
    pub fn read(text: &[u8]) -> Option<Self> {
        let form = match text.len() {
            16 => IdForm::Hex,
            _ => IdForm::Decimal,
        };
        let is_digits = text.iter().all(u8::is_ascii_hexdigit);
        Self::parse(text, form).filter(|id| is_digits && id.0 >> 63 == 0)
    }
}

/// A number whose bits all depend on all bits of this one: ids are counted.
pub fn mix(number: u64) -> u64 {
    let wide = u128::from(number ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
    (wide as u64) ^ (wide >> 64) as u64
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_never_repeat_and_only_grow_even_when_the_clock_is_set_back() {
        let source = IdSource::new(5, 0);
        let noon = Moment(1_800_000_000_000_000);
        let mut last = 0;
        for now in [
            noon,
            noon,
            noon + Duration::from_secs(1),
            noon - Duration::from_secs(3_600),
        ] {
            for id in source.take(100_000, now) {
                assert!(id.0 > last && id.0 >> 63 == 0);
                assert_eq!(id.0 & 63, 5);
                last = id.0;
            }
        }
        let restarted = IdSource::new(5, last);
        assert!(
            restarted
                .take(1, noon - Duration::from_secs(9))
                .all(|id| id.0 > last)
        );
    }

    #[test]
    fn ids_that_are_taken_together_follow_each_other() {
        let taken: Vec<MessageId> = IdSource::new(3, 0).take(300, Moment(0)).collect();
        assert!(taken[0].following(300).eq(taken.iter().copied()));
    }

    #[test]
    fn an_id_tells_when_its_message_was_accepted() {
        let now = Moment(1_795_000_123_456_000);
        let id = IdSource::new(1, 0).take(1, now).next().unwrap();
        assert_eq!(id.accepted(), now);
    }

    #[test]
    fn what_is_no_id_in_either_form_is_not_read() {
        for wrong in [
            "",
            "+7",
            "-7",
            "7a",
            "0x7",
            "00000000000000g0",
            "+000000000000007",
            "ffffffffffffffff",
            "9223372036854775808",
            "18446744073709551616",
        ] {
            assert_eq!(MessageId::read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_written_as_the_account_asks_and_read_back() {
        for id in [1, 9, 10, 0x7FFF_FFFF_FFFF_FFFF, 917_504_000_000_000_001] {
            let id = MessageId(id);
            let decimal = id.text(IdForm::Decimal);
            assert_eq!(decimal.as_bytes(), id.0.to_string().as_bytes());
            assert_eq!(
                MessageId::parse(decimal.as_bytes(), IdForm::Decimal),
                Some(id)
            );
            let hex = id.text(IdForm::Hex);
            assert_eq!(hex.as_bytes(), format!("{:016x}", id.0).as_bytes());
            assert_eq!(MessageId::parse(hex.as_bytes(), IdForm::Hex), Some(id));
            assert_eq!(MessageId::read(hex.as_bytes()), Some(id));
            assert_eq!(MessageId::read(decimal.as_bytes()), Some(id));
        }
    }
}
