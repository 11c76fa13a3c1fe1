//! Those who submit: accounts, their connections, and what they need from above.
//!
//! * `account`: the settings of an ESME that may bind;
//! * `submission`: a message of its own; `multi`: several that share one answer; `translate`: from
//!   PDUs to them;
//! * `delivery`: receipts and messages for it; `promise`: what must leave before them;
//! * `seat`: a bound connection as others see it; `roster`: all of them, by account;
//! * `outbox`, `unanswered`, `unread`: what a connection has to deliver, to answer, and to write;
//! * `intake`: what its connections need from above; `standing`: where a message stands; `manage`:
//!   requests about it;
//! * `connection`: one connection; `crowd`: how many there may be; `place`: the place of one
//!   among them; `server`: takes them in.

mod account;
mod multi;
mod submission;
mod translate;
mod promise;
mod delivery;
mod seat;
mod roster;
mod outbox;
mod unanswered;
mod unread;
mod standing;
mod intake;
mod manage;
mod connection;
mod crowd;
mod place;
mod server;

pub use account::{Account, Password};
pub use delivery::{Delivered, Delivery, Parcel, Receipt, Verdict};
pub use intake::Intake;
pub use multi::Multi;
pub use promise::{Promise, Promises};
pub use roster::{Desk, OPEN_MAX, Roster};
pub use seat::Seat;
pub use server::{CONNECTIONS_MAX, Listener, Server};
pub use standing::Standing;
pub use submission::{Answer, Submission};
