//! Which message a carrier's report is about.
//!
//! * `carrier_id`: the carrier's own id of a message;
//! * `id_form`: how a carrier writes it, and what else may mean the same;
//! * `marks`: the id in eight octets;
//! * `number_mark`: whether two numbers are the same;
//! * `report`: what a carrier says has become of one;
//! * `correlate`: finds our message by the carrier's id, however early the report comes.

mod carrier_id;
mod id_form;
mod marks;
mod number_mark;
mod report;
mod correlate;

pub use carrier_id::CarrierMessageId;
pub use correlate::{Correlator, Found, Unmatched};
pub use id_form::{IdForms, Likeness, Written, alike};
pub use marks::Marks;
pub use number_mark::NumberMark;
pub use report::Report;
