//! `smppgate probe`: sends a handful of messages through a configured carrier and finds out its habits.
//!
//! * `command` is the command itself and what it prints;
//! * `asking` sends and notes what comes back: on binds as `bound` makes them, with what `message`
//!   writes;
//! * `id_form` tells how ids are written on either side, `alphabet` what data_coding 0 means, `pace`
//!   how much is taken; `finding` everything else.

mod id_form;
mod alphabet;
mod pace;
mod bound;
mod message;
mod finding;
mod asking;
mod command;

pub use command::{Args, run};
