//! `smppgate probe`: sends a handful of messages through a configured carrier and finds out its habits.
//!
//! * `command` is the command itself and what it prints;
//! * `asking` binds, sends and notes what comes back;
//! * `id_form` tells how ids are written on either side, `finding` everything else.

mod id_form;
mod finding;
mod asking;
mod command;

pub use command::{Args, run};
