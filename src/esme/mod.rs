//! Those who submit: accounts, their connections, and what they need from above.

mod account;

pub use account::{Account, Password};
