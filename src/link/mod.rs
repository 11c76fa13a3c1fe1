//! A session on a socket: what is read in one go is handed up as one batch, what is answered goes
//! out in one write.
//!
//! * [`clock`] is where time comes from;
//! * [`bell`] wakes a connection that has been handed something;
//! * [`stream`] opens sockets and sets what they need;
//! * [`driver`] turns readiness into batches: the one place where a machine meets a socket;
//! * [`accept`] takes connections in, [`dial`] makes them.

pub mod clock;
pub mod bell;
pub mod stream;
pub mod driver;
pub mod accept;
pub mod dial;

pub use bell::Bell;
pub use clock::Clock;
pub use driver::{Conversation, End, WRITE_HIGH, drive};
