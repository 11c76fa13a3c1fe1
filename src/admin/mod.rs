//! Looks in: metrics, health and the API over HTTP.
//!
//! * `token`: what callers must show; `guard`: who may ask;
//! * `certificate`: until when what we show is valid;
//! * `state`: what can be looked at;
//! * `metrics`: what has been counted, in the text format of Prometheus;
//! * `answer`: JSON, also when it is a no; `query`: what stands behind the `?`;
//! * `v1`: the API, one file a resource;
//! * `callers`: who looks in, a few at a time;
//! * `server`: the HTTP side.

mod token;
mod guard;
mod certificate;
mod state;
mod metrics;
mod answer;
mod query;
mod v1;
mod callers;
mod server;

pub use callers::CALLERS_MAX;
pub use certificate::Certificate;
pub use guard::Guard;
pub use server::serve;
pub use state::State;
pub use token::{Token, TokenError};
