//! Looks in: metrics and health over HTTP.
//!
//! * `token`: what callers must show;
//! * `certificate`: until when what we show is valid;
//! * `metrics`: what has been counted, in the text format of Prometheus;
//! * `callers`: who looks in, a few at a time;
//! * `server`: the HTTP side.

mod token;
mod certificate;
mod metrics;
mod callers;
mod server;

pub use callers::CALLERS_MAX;
pub use certificate::Certificate;
pub use server::{State, serve};
pub use token::{Token, TokenError};
