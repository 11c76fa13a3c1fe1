//! `smppgate sim`: simulated carriers that accept, report and err as they are told.
//!
//! * `command` is the command itself: one carrier by its options, or all of a file;
//! * `file` reads the file;
//! * `choice` reads single values of both.

mod choice;
mod file;
mod command;

pub use command::{Args, run};
pub use file::read;
