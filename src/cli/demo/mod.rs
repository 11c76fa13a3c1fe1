//! `smppgate demo`: everything in one process, to watch and to try.
//!
//! * `command` is the command itself: it starts all parts, shows what happens and ends them;
//! * `scene` is the gateway's configuration and the two simulated carriers;
//! * `customer` is an ESME that sends a message now and then and waits for its receipt;
//! * `texts` is what customers and phones write;
//! * `view` writes one line for each message.

mod command;
mod scene;
mod customer;
mod texts;
mod view;

pub use command::{Args, run};
