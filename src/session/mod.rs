//! An SMPP session as a value, for both of its sides.

mod event;

pub use event::BindKind;
