//! The people of these stories: a house with a gateway in it, ESMEs, and carriers.
//!
//! * `house`: a gateway in this process, its config, and what it shows of itself;
//! * `peer`: PDUs over a socket, with deadlines instead of pauses; `tls`: what may lie on it;
//! * `authority`: certificates, and who signs them;
//! * `esme`: a customer that binds, submits, and takes what is delivered;
//! * `carrier`: a carrier that takes our binds and does what the story says.

#[path = "../../shared/authority.rs"]
mod authority;
mod house;
mod peer;
mod tls;
mod esme;
mod carrier;

pub use authority::Authority;
pub use carrier::{Carrier, Smsc, parameters, put_tlv, text};
pub use esme::{Esme, Told, message};
pub use house::{House, account, one_carrier, route, until, with_one_carrier};
pub use peer::{Got, PATIENCE, octets};
