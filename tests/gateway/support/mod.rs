//! The people of these stories: a house with a gateway in it, ESMEs, and carriers.
//!
//! * `front`: a gateway as it is seen from outside;
//! * `house`: a gateway in this process, and its config; `program`: one that runs as a process;
//! * `peer`: PDUs over a socket, with deadlines instead of pauses; `tls`: what may lie on it;
//! * `authority`: certificates, and who signs them;
//! * `esme`: a customer that binds, submits, and takes what is delivered;
//! * `carrier`: a carrier that takes our binds and does what the story says;
//! * `town`: two customers with a carrier each, of whom one goes on working.

#[path = "../../shared/authority.rs"]
mod authority;
mod folder;
mod front;
mod house;
mod program;
mod peer;
mod tls;
mod esme;
mod carrier;
mod town;

pub use authority::Authority;
pub use carrier::{Carrier, Smsc, parameters, put_tlv, text};
pub use esme::{Esme, Told, message, widely_spread};
pub use folder::Folder;
pub use front::Page;
pub use house::{House, account, one_carrier, route, two_carriers, until, with_one_carrier};
pub use peer::{Got, PATIENCE, Peer, octets};
pub use program::{Program, Start};
pub use town::{Town, Working};
