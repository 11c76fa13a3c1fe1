//! The file becomes checked settings of every part.
//!
//! In reading order:
//!
//! * `file` reads the text and goes through its tables;
//! * `section` is one table: it hands out keys and tells of those that nobody asked for;
//! * `value` reads one value as what it should be;
//! * `finding` is what is wrong, where, and what would be right;
//! * `nearest` finds the word that was probably meant;
//! * `secret` finds a password, `tls` certificates and keys, `surroundings` are the files and
//!   variables that they may lie in;
//! * `credentials` are what an account must show to bind;
//! * `gateway`, `listener`, `admin`, `account`, `carrier`, `route` and `inbound` read one part each;
//!   `habit` reads how a carrier wants its messages, `map` what it means by its statuses and errors;
//! * `names` knows what is named and whether a reference leads anywhere;
//! * `check` holds settings of different parts against each other.

mod file;
mod section;
mod value;
mod finding;
mod nearest;
mod secret;
mod tls;
mod credentials;
mod surroundings;
mod gateway;
mod listener;
mod admin;
mod account;
mod map;
mod habit;
mod carrier;
mod route;
mod inbound;
mod names;
mod check;

pub use admin::Admin;
pub use file::Config;
pub use finding::{Finding, Severity};
pub use gateway::{Gateway, JournalKind};
pub use inbound::Inbound;
pub use listener::Listener;
pub use route::{Route, Verdict};
pub use surroundings::{Process, Surroundings};
