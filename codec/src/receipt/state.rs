//! The state of a message, as receipts spell it: a word in the text, a number beside it.

use crate::code::MessageState;

/// The state of a message (SMPP 3.4 §5.2.28 and Appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// On its way, or waiting at the message centre.
    EnRoute,
    /// Delivered to the phone.
    Delivered,
    /// Its validity ended first.
    Expired,
    /// Taken back.
    Deleted,
    /// It cannot be delivered.
    Undeliverable,
    /// Accepted on behalf of the subscriber: final by the specification, but many message centres
    /// report it when they have merely taken the message.
    Accepted,
    /// The message centre does not know what became of it.
    Unknown,
    /// Refused on the way.
    Rejected,
}

impl State {
    /// Every state, in the order of message_state.
    pub const ALL: [Self; 8] = [
        Self::EnRoute,
        Self::Delivered,
        Self::Expired,
        Self::Deleted,
        Self::Undeliverable,
        Self::Accepted,
        Self::Unknown,
        Self::Rejected,
    ];

    /// The state that message_state names; `None` for 0 and 9, which peers use in ways of their
    /// own, and for what no version defines.
    pub fn from_message_state(state: MessageState) -> Option<Self> {
        match state.0 {
            number @ 1..=8 => Some(Self::ALL[usize::from(number) - 1]),
            _ => None,
        }
    }

    /// The state that a word after `stat:` means, in any case; `None` for a word that is not in
    /// use, which says that delivery failed in a way of the message centre's own.
    pub fn from_stat(word: &[u8]) -> Option<Self> {
        let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
        if is(b"DELIVRD") {
            return Some(Self::Delivered);
        }
        STATS
            .iter()
            .find(|(known, _)| is(known))
            .map(|&(_, state)| state)
    }

    /// The number for the optional parameter message_state.
    pub fn message_state(self) -> MessageState {
        match self {
            Self::EnRoute => MessageState::ENROUTE,
            Self::Delivered => MessageState::DELIVERED,
            Self::Expired => MessageState::EXPIRED,
            Self::Deleted => MessageState::DELETED,
            Self::Undeliverable => MessageState::UNDELIVERABLE,
            Self::Accepted => MessageState::ACCEPTED,
            Self::Unknown => MessageState::UNKNOWN,
            Self::Rejected => MessageState::REJECTED,
        }
    }

    /// The word of seven letters for the text.
    pub fn stat(self) -> &'static str {
        match self {
            Self::EnRoute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
        }
    }

    /// Whether nothing comes after it. [`State::Accepted`] counts as not final, since more often
    /// than not a receipt follows; who knows better of a carrier asks for it by name.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::EnRoute | Self::Accepted)
    }
}

/// Words after `stat:` that are in use, besides DELIVRD.
const STATS: [(&[u8], State); 15] = [
    (b"UNDELIV", State::Undeliverable),
    (b"EXPIRED", State::Expired),
    (b"REJECTD", State::Rejected),
    (b"ACCEPTD", State::Accepted),
    (b"ENROUTE", State::EnRoute),
    (b"UNKNOWN", State::Unknown),
    (b"DELETED", State::Deleted),
    (b"BUFFRED", State::EnRoute),
    (b"BUFFERD", State::EnRoute),
    (b"ACKED", State::EnRoute),
    (b"DELIVERED", State::Delivered),
    (b"UNDELIVERABLE", State::Undeliverable),
    (b"REJECTED", State::Rejected),
    (b"ACCEPTED", State::Accepted),
    (b"FAILED", State::Undeliverable),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_word_of_a_state_lead_back_to_it() {
        for state in State::ALL {
            assert_eq!(
                State::from_message_state(state.message_state()),
                Some(state)
            );
            assert_eq!(State::from_stat(state.stat().as_bytes()), Some(state));
            assert_eq!(state.stat().len(), 7);
        }
        assert_eq!(State::from_message_state(MessageState::SCHEDULED), None);
        assert_eq!(State::from_message_state(MessageState::SKIPPED), None);
    }

    #[test]
    fn what_is_on_its_way_or_accepted_is_not_final() {
        let open: Vec<_> = State::ALL
            .into_iter()
            .filter(|state| !state.is_final())
            .collect();
        assert_eq!(open, [State::EnRoute, State::Accepted]);
    }

    #[test]
    fn words_of_peers_are_understood_in_any_case() {
        for (word, state) in [
            ("delivrd", Some(State::Delivered)),
            ("Delivered", Some(State::Delivered)),
            ("BUFFRED", Some(State::EnRoute)),
            ("BUFFERD", Some(State::EnRoute)),
            ("ACKED", Some(State::EnRoute)),
            ("FAILED", Some(State::Undeliverable)),
            ("SKIPPED", None),
            ("", None),
        ] {
            assert_eq!(State::from_stat(word.as_bytes()), state, "{word}");
        }
    }
}
