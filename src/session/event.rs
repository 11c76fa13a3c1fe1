//! What a session is told and what it answers.

/// The three ways to bind (SMPP 3.4 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindKind {
    /// Submits only.
    Transmitter,
    /// Receives only.
    Receiver,
    /// Does both.
    Transceiver,
}
