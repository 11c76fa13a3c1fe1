//! An SMPP session as a plain value, for both sides of it: PDUs and the time go in, what is to be
//! answered and what is to be done come out.
//!
//! It opens no socket and asks no clock; who drives it calls [`Machine::receive`] for each whole
//! PDU and [`Machine::tick`] whenever [`Machine::deadline`] has come. In reading order:
//!
//! * `event`: what comes out, and the words for it;
//! * `oddities`: what a peer does against the rules and is not refused for;
//! * `settings`: what a session may hold and how long it waits;
//! * `state`: the states of the specification, and what each PDU means in each of them;
//! * `window`: our requests that wait for an answer, and the numbers they bear;
//! * `timers`: the deadlines of a session;
//! * `pace`: how many requests a second may leave;
//! * `machine`: the session itself.

mod event;
mod oddities;
mod settings;
mod state;
mod window;
mod timers;
mod pace;
mod machine;

#[cfg(test)]
mod tests;

pub use event::{BindKind, Lost, Reason, Received, Role, Tick};
pub use machine::Machine;
pub use oddities::Oddities;
pub use pace::Pace;
pub use settings::Settings;
pub use state::State;
pub use window::{SEQUENCE_MAX, WINDOW_MAX};
