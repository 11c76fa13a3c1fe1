//! What may be expected of whom in a run.

use std::time::Duration;

/// The accounts and carriers of a run, and what the gateway may do with their messages.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Who submits.
    pub accounts: Vec<Account>,
    /// The names of the carriers.
    pub carriers: Vec<String>,
    /// The unanswered requests that the gateway may have at all carriers together: as many messages
    /// may go out again after one crash.
    pub windows: u64,
    /// What was answered so long before a crash is known to the gateway after it. What was answered
    /// later may have been lost on the way or not yet be durable, so it may come again.
    pub settled_after: Duration,
    /// Messages may still be on their way when the ledger is closed.
    pub may_be_queued: bool,
}

/// An account as far as its messages are judged.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Its system_id.
    pub name: String,
    /// Its message ids are 16 hexadecimal digits, otherwise decimal ones.
    pub is_hex: bool,
    /// No message of it is ever sent to a carrier that may have it: `ack = "carrier"`.
    pub never_again: bool,
}

impl Account {
    /// The number that a message id stands for; `None` if it is not written as promised: decimal
    /// without a leading zero, or 16 lower-case hexadecimal digits, and 63 bits.
    pub fn id(&self, octets: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(octets).ok()?;
        let id = match self.is_hex {
            true if text.len() == 16 => u64::from_str_radix(text, 16).ok()?,
            true => return None,
            false => text.parse().ok()?,
        };
        let is_promised = match self.is_hex {
            true => text
                .bytes()
                .all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')),
            false => !text.starts_with(['0', '+']),
        };
        (is_promised && id <= i64::MAX as u64).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_only_in_the_promised_form() {
        let (decimal, hex) = (
            Account::default(),
            Account {
                is_hex: true,
                ..Account::default()
            },
        );
        assert_eq!(decimal.id(b"4711"), Some(4_711));
        assert_eq!(hex.id(b"0000000000001267"), Some(4_711));
        for wrong in ["", "04711", "+4711", "4711 ", "9223372036854775808", "12ab"] {
            assert_eq!(decimal.id(wrong.as_bytes()), None, "{wrong}");
        }
        for wrong in [
            "4711",
            "000000000000ABCD",
            "ffffffffffffffff",
            "+00000000000001f",
        ] {
            assert_eq!(hex.id(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
