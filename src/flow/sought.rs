//! A message that somebody looks for.

use crate::message::{CarrierId, MessageId};
use crate::receipt::CarrierMessageId;

/// A message that is looked for.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Our id of it.
    pub id: MessageId,
    /// A carrier's id that it was found by.
    pub known_as: Option<(CarrierId, CarrierMessageId)>,
}

impl From<MessageId> for Sought {
    fn from(id: MessageId) -> Self {
        Self { id, known_as: None }
    }
}
