//! Our own test peers: a simulated carrier, a load client, and what they find out.
//!
//! They judge the gateway, so they are not made of it: they stand on the codec alone, with a lean
//! loop of their own, and are faster than what they measure. In reading order:
//!
//! * [`carrier`] is the simulated carrier, `behaviour` what it is told to do, `id_form` how it writes
//!   ids, `timeline` what happens to it by itself, `phone` who writes to it; `exchange` is the thread
//!   behind it, `messages` and `queries` what it does with requests, `binds` who is bound to it,
//!   `agenda` what it does later, `memory` what it remembers, `submitted` what it reads of a message,
//!   `report` the receipts that it writes, `shape` how others write them; `admission` is how it takes
//!   binds, `caller` how it calls by itself;
//! * [`esme`] is one bind of an ESME, [`crowd`] are very many that only stay;
//! * [`tally`] notes what was sent, answered and reported, and finds what is lost, double, foreign;
//! * `mix` says which messages there are and how often each, `marked` puts a number into each and
//!   finds it again in the receipt;
//! * [`ledger`] is what all peers see of each message over crashes, and judges it; [`steadfast`] are ESMEs
//!   that write it and stay whatever happens;
//! * [`load`] sends over many binds what its settings in `plan` say, and
//!   returns a [`stats::Report`];
//! * [`stats`] is that report, as text and as JSON, `series` its tables;
//! * [`chance`] is seeded chance, [`named`] are choices by name; `poll`, `wire`, `pipe` and
//!   `outstanding` are the loop's parts, [`tls`] is what may lie on the wire;
//! * [`middle`] starts what stands between client and carrier and watches its CPU and memory,
//!   [`trial`] is one measured run, [`syncs`] how long the disk takes below it.

mod poll;
pub mod tls;
mod wire;
mod pipe;
mod outstanding;
pub mod chance;
pub mod named;
mod id_form;
mod report;
mod shape;
mod timeline;
mod phone;
mod binds;
mod admission;
mod behaviour;
mod submitted;
pub mod carrier;
mod agenda;
mod memory;
mod exchange;
mod caller;
mod messages;
mod queries;
pub mod esme;
pub mod crowd;
pub mod tally;
mod mix;
mod marked;
mod series;
pub mod ledger;
pub mod steadfast;
pub mod stats;
mod plan;
pub mod load;
pub mod middle;
pub mod trial;
pub mod syncs;

#[cfg(test)]
mod tests;
