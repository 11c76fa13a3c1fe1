//! Those who deliver: carriers, the binds that we keep up with them, and what they need from above.
//!
//! * `account`: the settings of a carrier;
//! * `intake`: what its connections need from above;
//! * `translate`: from a message to its PDU, and from its PDU to what it is;
//! * `line`: a bind as others see it; `queue`: what waits for the binds of one carrier;
//! * `connection`: one connection; `backoff`, `keeper`: how binds are kept up.

mod account;
mod intake;
mod translate;
mod line;
mod queue;
mod connection;
mod backoff;
mod keeper;

pub use account::{AddressRange, Carrier, Numbering, Password, Receipts, Reconnect};
pub use intake::{Arrival, Intake, Outcome, Parcel, Reply, Verdict};
pub use keeper::Keeper;
pub use line::Line;
pub use queue::{Queue, WAITING_MAX, Waiting};
