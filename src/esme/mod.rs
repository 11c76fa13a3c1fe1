//! Those who submit: accounts, their connections, and what they need from above.
//!
//! * `account`: the settings of an ESME that may bind; `password`: what it must show;
//! * `verified`: passwords that were verified; `guesses`: who has shown wrong ones; `waiting_room`:
//!   whose is verified next; `door`: where a connection waits for that;
//! * `submission`: a message of its own; `multi`: several that share one answer; `translate`: from
//!   PDUs to them;
//! * `delivery`: receipts and messages for it; `promise`: what must leave before them;
//! * `terms`: what an account may submit; `allowance`: how much of it; `held`: what came too fast;
//! * `seat`: a bound connection as others see it; `roster`: all of them, by account;
//! * `outbox`, `unanswered`, `unread`: what a connection has to deliver, to answer, and to write;
//! * `intake`: what its connections need from above; `standing`: where a message stands; `manage`:
//!   requests about it;
//! * `connection`: one connection; `bind`, `submit`: what it is asked for; `crowd`: how many there
//!   may be; `place`: the place of one among them; `server`: takes them in.

mod password;
mod account;
mod verified;
mod door;
mod multi;
mod submission;
mod translate;
mod terms;
mod allowance;
mod held;
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
mod crowd;
mod guesses;
mod waiting_room;
mod place;
mod connection;
mod bind;
mod submit;
mod server;

pub use account::{Account, ForcedSource, ReceiptBind};
pub use connection::Connection;
pub use crowd::{Bounds, Full};
pub use delivery::{Delivered, Delivery, Parcel, Receipt, Verdict};
pub use door::{Admission, Decision, Door, Refused};
pub use guesses::{Guesses, Turn};
pub use intake::Intake;
pub use multi::Multi;
pub use password::{Hash, HashError, Password};
pub use place::{Place, Places};
pub use promise::{Promise, Promises};
pub use roster::{Desk, OPEN_MAX, Roster};
pub use seat::{Occupant, Seat};
pub use server::{CONNECTIONS_MAX, Listener, Server};
pub use standing::Standing;
pub use submission::{Answer, Submission};
pub use terms::{Admitted, held_to, is_too_long};
pub use translate::submission;
pub use verified::{Asked, Mark, Verified};
pub use waiting_room::WaitingRoom;
