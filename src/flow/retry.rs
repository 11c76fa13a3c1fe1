//! When a message is tried again that all its carriers have refused for now.

use crate::carrier::{Reaction, Refusal};
use crate::message::MessageId;
use smppgate_codec::code::Class;
use std::time::Duration;

/// The first pause; each that follows is twice as long.
const FIRST: Duration = Duration::from_secs(5);

/// The longest pause.
const MOST: Duration = Duration::from_secs(15 * 60);

/// The pause after so many rounds. A quarter of it depends on the message, so that those that were
/// refused together do not come back together.
pub fn pause(rounds: u8, id: MessageId) -> Duration {
    let whole = FIRST.saturating_mul(1 << rounds.min(16)).min(MOST);
    // A multiplication spreads ids that follow each other; its high bits are the best mixed.
    let spread = (id.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u32;
    whole - (whole / 4).mul_f64(f64::from(spread) / f64::from(u16::MAX))
}

/// Whether the same may be accepted later, by this carrier or by another.
pub fn is_temporary(refusal: &Refusal) -> bool {
    match refusal.reaction {
        Some(reaction) => matches!(reaction, Reaction::Temporary | Reaction::Throttled),
        None => matches!(refusal.status.class(), Class::Temporary | Class::Throttled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour_and_differ_from_message_to_message() {
        let mut last = Duration::ZERO;
        for rounds in 0..20 {
            let pauses: Vec<Duration> = (0..100)
                .map(|id| pause(rounds, MessageId(id << 6)))
                .collect();
            let whole = FIRST.saturating_mul(1 << rounds.min(16)).min(MOST);
            assert!(
                pauses
                    .iter()
                    .all(|one| *one <= whole && *one >= whole * 3 / 4)
            );
            let longest = pauses.iter().max().copied().unwrap_or_default();
            let shortest = pauses.iter().min().copied().unwrap_or_default();
            assert!(longest - shortest > whole / 5, "they come together");
            assert!(longest >= last);
            last = longest;
        }
        assert!(last <= MOST);
    }
}
