//! The command line: one file a command.

pub mod check;
pub mod load;
pub mod run;
pub mod sim;
