//! Those who deliver: carriers, the binds that we keep up with them, and what they need from above.
//!
//! * `account`: the settings of a carrier; `habit`: which binds it takes and how it wants its messages;
//!   `maps`: what it means by its statuses and errors;
//! * `arrival`, `outcome`: what it delivers, and what has become of what it was handed;
//! * `translate`: from a message to its PDU, and from its PDU to what it is; `rewrite`: a message whose
//!   fields it wants otherwise;
//! * `long`: its text in the alphabet and the number of PDUs that it wants; `parts`: those on their way,
//!   `begun`: those that go on with another bind;
//! * `noting`: what does not leave before that is durable; `line`: a bind as others see it; `queue`: what waits for the binds of one carrier;
//!   `share`: what the carriers of a group share, `loan`: what one bind takes of it;
//!   `throttle`: how one is spared that has throttled us;
//! * `intake`: what its connections need from above;
//! * `connection`: one connection; `sending`: what leaves on it; `backoff`, `outbind`, `keeper`: how binds are
//!   kept up.

mod maps;
mod habit;
mod account;
mod arrival;
mod outcome;
mod long;
mod rewrite;
mod translate;
mod begun;
mod row;
mod parts;
mod noting;
mod line;
mod share;
mod loan;
mod throttle;
mod queue;
mod intake;
mod connection;
mod sending;
mod backoff;
mod outbind;
mod keeper;

pub use account::{
    AddressRange, Carrier, Numbering, Outbind, Password, Receipts, Reconnect, Unmatched,
};
pub use arrival::{Arrival, Parcel, Reply};
pub use backoff::Backoff;
pub use connection::Connection;
pub use habit::{Binding, Long, SegmentReceipts, TlvChanges, Validity};
pub use intake::Intake;
pub use keeper::Keeper;
pub use line::Line;
pub use maps::{ErrorMap, Reaction, Refusal, StatusMap};
pub use outbind::CALLERS_MAX;
pub use outcome::{Outcome, Verdict};
pub use queue::{Queue, WAITING_MAX};
pub use rewrite::bodies;
pub use row::{Company, Note, Waiting};
pub use share::{Group, Share};
pub use translate::reread;
