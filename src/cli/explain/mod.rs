//! `smppgate explain`: where a message would go, and why.
//!
//! * `command` reads the configuration and asks its routes;
//! * `terms` holds the message to what its account may send;
//! * `reason` says in words why a rule was chosen or passed over;
//! * `shown` writes it for people and for programs.

mod reason;
mod shown;
mod terms;
mod command;

pub use command::{Args, run};
