//! The outside ledger: what ESMEs and carriers saw of each message themselves, and whether the
//! gateway kept its promise of it.
//!
//! It asks the gateway nothing. Whatever happens between a submit_sm and its receipt, over however
//! many crashes, an accepted message comes to exactly one end that its sender is told, and a message
//! from a phone that was taken arrives. In reading order:
//!
//! * `entry` is what a peer notes, `story` all that was noted of one message;
//! * `breaks` are the moments at which the gateway was killed, ended, or came back;
//! * `terms` say what may be expected of whom, `offence` what may be broken;
//! * `judge` looks at a message from an ESME, `phone` at one from a phone, `again` at what came twice;
//! * `book` keeps the stories that are not over, `audit` is what it found;
//! * `witness` is the book as the peers hold it.

mod entry;
mod story;
mod breaks;
mod terms;
mod offence;
mod again;
mod judge;
mod phone;
mod audit;
mod book;
mod witness;

#[cfg(test)]
mod tests;

pub use audit::{Audit, Counts};
pub use book::Standing;
pub use breaks::BreakKind;
pub(super) use entry::Event;
pub use offence::Offence;
pub use terms::{Account, Terms};
pub use witness::{Ledger, Witness};
