//! Looks in: metrics and health over HTTP.
//!
//! * `metrics`: what has been counted, in the text format of Prometheus;
//! * `server`: the HTTP side.

mod metrics;
mod server;

pub use server::{State, serve};
