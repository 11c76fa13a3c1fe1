//! A session on a socket: what is read in one go is handed up as one batch, what is answered goes
//! out in one write.
//!
//! * [`clock`] is where time comes from;
//! * [`bell`] wakes a connection that has been handed something;
//! * [`stream`] is a connected socket and what each is set to; [`tls`] is what may lie on it,
//!   [`validity`] until when its certificates are good;
//! * [`conversation`] is what is held over a link; [`relay`] hands octets up and down between the two;
//! * [`driver`] turns readiness into batches: the one place where a machine meets a socket;
//! * [`frames`] walks through the whole PDUs of what has been read;
//! * [`accept`] takes connections in, [`dial`] makes them;
//! * [`network`] says where a peer is, [`proxy`] what a balancer says of it;
//! * [`workshop`] does what takes long, off the threads that drive sockets.

pub mod clock;
pub mod bell;
pub mod stream;
pub mod validity;
pub mod tls;
pub mod conversation;
pub mod relay;
pub mod driver;
pub mod frames;
pub mod accept;
pub mod dial;
pub mod network;
pub mod proxy;
pub mod workshop;

pub use bell::Bell;
pub use clock::Clock;
pub use conversation::{Conversation, End, WRITE_HIGH};
pub use driver::drive;
pub use network::{Network, NetworkError};
pub use relay::Relay;
pub use stream::Stream;
pub use workshop::Workshop;
