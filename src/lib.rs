//! smppgate: an SMPP 3.4 gateway. ESMEs bind to it, it binds to carriers, and what it has accepted
//! is not lost.
//!
//! A file uses what lies below it and has never heard of what lies above:
//!
//! ```text
//! main
//! cli                     run check explain demo decode send load probe sim
//! gateway                 builds the parts, starts, reloads, drains
//! config                  the file becomes checked settings of every part
//! admin                   looks in: metrics, health and an API
//! flow                    decides: the life of a message, one file a step
//! esme   carrier   rig    speak: those who submit, those who deliver, our own test peers
//! link journal route receipt    drive a socket, keep, where to, match reports
//! session  message        an SMPP session as a value, the one noun that all share
//! moment  lately          a point in time as a plain number, what was kept last
//! smppgate-codec          bytes and PDUs
//! ```

pub mod admin;
pub mod carrier;
pub mod cli;
pub mod config;
pub mod esme;
pub mod flow;
pub mod gateway;
pub mod journal;
pub mod link;
pub mod message;
pub mod lately;
pub mod moment;
pub mod receipt;
pub mod sabotage;
pub mod rig;
pub mod route;
pub mod session;
