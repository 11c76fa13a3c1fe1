//! The people of these stories: a house with a gateway in it, ESMEs, and carriers.
//!
//! * `house`: a gateway in this process, its config, and what it shows of itself;
//! * `peer`: PDUs over a socket, with deadlines instead of pauses;
//! * `esme`: a customer that binds, submits, and takes what is delivered;
//! * `carrier`: a carrier that takes our binds and does what the story says.

mod house;
mod peer;
mod esme;
mod carrier;

pub use carrier::{Carrier, Smsc, parameters, put_tlv, text};
pub use esme::{Esme, Told, message};
pub use house::{House, account, one_carrier, route, until};
pub use peer::{Got, octets};
