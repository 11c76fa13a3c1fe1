//! Who sends, who carries, and the ways in which an account is told.

/// An account (an ESME that may bind), numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// A carrier, numbered once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierId(pub u16);

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
