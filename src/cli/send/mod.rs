//! `smppgate send`: one message, and what becomes of it.
//!
//! * `command` is the command itself and what it prints;
//! * `writing` makes submit_sm of what is to be sent;
//! * `sending` binds, submits, waits for the receipts and unbinds.

mod command;
mod writing;
mod sending;

pub use command::{Args, run};
