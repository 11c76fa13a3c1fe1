//! ESMEs that stay: whatever happens to the gateway, they bind again at once and go on sending at
//! their rate. What they did and saw of each message is in the ledger; nothing is sent twice.
//!
//! The last nine digits of a destination are the number of the message, which stands at the start of
//! its text too. `account` is who they are, `message` what they write, `crew` the thread that serves all
//! of them.

mod account;
mod message;
mod crew;

#[cfg(test)]
mod tests;

pub use account::{Account, Settings};
pub use crew::{Binds, Steadfast};
