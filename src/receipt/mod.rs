//! Which message a carrier's report is about.
//!
//! * `carrier_id`: the carrier's own id of a message;
//! * `number_mark`: whether two numbers are the same;
//! * `report`: what a carrier says has become of one;
//! * `correlate`: finds our message by the carrier's id, however early the report comes.

mod carrier_id;
mod number_mark;
mod report;
mod correlate;

pub use carrier_id::CarrierMessageId;
pub use correlate::{Correlator, Found, Unmatched};
pub use number_mark::NumberMark;
pub use report::Report;
