//! The command line: one file a command.

pub mod check;
pub mod decode;
pub mod demo;
pub mod explain;
pub mod load;
pub mod run;
pub mod send;
pub mod sim;
