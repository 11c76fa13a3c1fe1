//! Where a message stands, for those who ask.

use crate::moment::Moment;
use smppgate_codec::receipt::State;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// When it came to that state, if that is its end.
    pub ended: Option<Moment>,
    /// The error that its receipt names, 0 for none.
    pub error: u16,
}
