//! Our own test peers: a simulated carrier, a load client, and what they find out.
//!
//! They judge the gateway, so they are not made of it: they stand on the codec alone, with a lean
//! loop of their own, and are faster than what they measure. In reading order:
//!
//! * [`carrier`] is the simulated carrier, `behaviour` what it is told to do; `exchange` is the
//!   thread behind it, `binds` who is bound to it, `agenda` what it does later, `submitted` what it
//!   reads of a message, `report` the receipts that it writes;
//! * [`esme`] is one bind of an ESME;
//! * [`tally`] notes what was sent, answered and reported, and finds what is lost, double, foreign;
//! * `marked` puts a number into each message and finds it again in the receipt;
//! * [`load`] sends over many binds what its settings in `plan` say, and
//!   returns a [`stats::Report`];
//! * [`stats`] is that report, as text and as JSON;
//! * [`chance`] is seeded chance; `poll`, `pipe` and `outstanding` are the loop's parts;
//! * [`middle`] starts what stands between client and carrier and watches its CPU and memory,
//!   [`trial`] is one measured run.

mod poll;
mod pipe;
mod outstanding;
pub mod chance;
mod report;
mod submitted;
mod behaviour;
pub mod carrier;
mod agenda;
mod binds;
mod exchange;
pub mod esme;
pub mod tally;
mod marked;
pub mod stats;
mod plan;
pub mod load;
pub mod middle;
pub mod trial;

#[cfg(test)]
mod tests;
