//! The command line: one file or folder a command; `peer` is what those have in common that bind,
//! `terminal` how all of them write.

mod terminal;
mod peer;
pub mod check;
pub mod decode;
pub mod demo;
pub mod explain;
pub mod hash_password;
pub mod load;
pub mod probe;
pub mod run;
pub mod send;
pub mod sim;
