//! `smppgate explain`: where a message would go, and why.
//!
//! * `command` reads the configuration and asks its routes;
//! * `reason` says in words why a rule was chosen or passed over;
//! * `shown` writes it for people and for programs.

mod reason;
mod shown;
mod command;

pub use command::{Args, run};
