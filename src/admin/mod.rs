//! Looks in: metrics and health over HTTP.
//!
//! * `certificate`: until when what we show is valid;
//! * `metrics`: what has been counted, in the text format of Prometheus;
//! * `server`: the HTTP side.

mod certificate;
mod metrics;
mod server;

pub use certificate::Certificate;
pub use server::{State, serve};
