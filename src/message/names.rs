//! Who sends, who carries, what kind of messages an account sends, and the ways in which it is told.

/// An account (an ESME that may bind), numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// A carrier, numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierId(pub u16);

impl CarrierId {
    /// No carrier at all.
    pub const NONE: Self = Self(u16::MAX);
}

/// Carriers that are one account at the same operator: they share ids and receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u16);

/// When an ESME is told that its message is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AckMode {
    /// Once the message is durable with us.
    #[default]
    Stored,
    /// Once a carrier has given its verdict.
    Carrier,
}

/// What an ESME in carrier mode hears when the carrier's verdict does not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnUnknown {
    /// Status 0: the message is held as unknown and never sent again.
    #[default]
    Accept,
    /// ESME_RSYSERR: many ESMEs then send the message again.
    Refuse,
}

/// What kind of messages an account sends: it decides what nobody has decided otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Class {
    /// Passwords for one use: too late is as bad as never.
    Otp,
    /// What its receiver waits for.
    #[default]
    Transactional,
    /// What its receiver can do without, and must not get twice.
    Marketing,
}

/// What becomes of a message in stored mode whose outcome at a carrier is unknown: it was sent, and
/// its bind was lost or its answer did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownOutcome {
    /// It is sent once more.
    ResendOnce,
    /// It is held, never sent again, until a report settles it or its time is over.
    Hold,
    /// It is sent again each time, up to the limit of attempts.
    Resend,
}

/// What an ESME hears of a final report that comes after it was told that the end is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LateReport {
    /// The report, as a correction.
    #[default]
    Send,
    /// Nothing.
    Drop,
}

impl Class {
    /// All of them, by the words that stand for them.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("otp", Self::Otp),
        ("transactional", Self::Transactional),
        ("marketing", Self::Marketing),
    ];

    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize].0
    }

    /// What becomes of a message of this class whose outcome is unknown.
    pub fn unknown_outcome(self) -> UnknownOutcome {
        match self {
            Self::Otp | Self::Transactional => UnknownOutcome::ResendOnce,
            Self::Marketing => UnknownOutcome::Hold,
        }
    }
}

impl UnknownOutcome {
    /// All of them, by the words that stand for them.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("resend-once", Self::ResendOnce),
        ("hold", Self::Hold),
        ("resend", Self::Resend),
    ];

    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_word_that_stands_for_it() {
        for (word, class) in Class::WORDS {
            assert_eq!(class.word(), word);
        }
        for (word, outcome) in UnknownOutcome::WORDS {
            assert_eq!(outcome.word(), word);
        }
    }
}
