//! Those who deliver: carriers, the binds that we keep up with them, and what they need from above.

mod account;

pub use account::{AddressRange, Carrier, Numbering, Password, Receipts, Reconnect};
