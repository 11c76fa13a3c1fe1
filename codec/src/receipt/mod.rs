//! Delivery receipts: the text of SMPP 3.4 Appendix B and the optional parameters beside it.
//!
//! * `text` reads the text, whatever peers have made of it, without allocating;
//! * `state` names the state of a message in both spellings, number and word;
//! * `kind` tells a receipt from a message that a phone has sent;
//! * `report` says what a receipt reports: text and optional parameters taken together;
//! * `outgoing` writes the receipts that we send.

mod text;
mod state;
mod kind;
mod report;
mod outgoing;

pub use kind::{Kind, classify};
pub use outgoing::{Outgoing, TEXT_CHARACTERS_MAX};
pub use report::Report;
pub use state::State;
pub use text::{ReceiptText, date, octets, parse};
