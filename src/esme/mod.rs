//! Those who submit: accounts, their connections, and what they need from above.
//!
//! * `account`: the settings of an ESME that may bind;
//! * `intake`: what its connections need from above;
//! * `translate`: from its PDU to a submission;
//! * `delivery`: receipts and messages for it;
//! * `seat`: a bound connection as others see it; `roster`: all of them, by account;
//! * `outbox`, `unanswered`: what a connection owes its peer, and what it is owed;
//! * `connection`: one connection; `server`: takes them in.

mod account;
mod intake;
mod translate;
mod delivery;
mod seat;
mod roster;
mod outbox;
mod unanswered;
mod connection;
mod server;

pub use account::{Account, Password};
pub use delivery::{Delivery, Parcel, Promise, Receipt};
pub use intake::{Answer, Delivered, Intake, Submission, Verdict};
pub use roster::{Desk, OPEN_MAX, Roster};
pub use seat::Seat;
pub use server::{Listener, Server};
