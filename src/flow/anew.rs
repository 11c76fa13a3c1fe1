//! A message as its sender wants it from now on.

use crate::journal::{Accepted, Record};
use crate::message::{AccountId, AckMode, Content, MessageId, Times};

/// A message as it is to be from now on.
#[derive(Debug, Clone)]
pub struct Anew {
    /// Our id of it.
    pub id: MessageId,
    /// The id that its sender was told.
    pub shown: MessageId,
    /// When its sender is told that it is accepted.
    pub ack: AckMode,
    /// The message.
    pub content: Content,
    /// When it may leave.
    pub times: Times,
}

impl Anew {
    /// What the journal keeps of it.
    pub fn record(&self, account: AccountId) -> Record<'_> {
        Record::Accepted(Accepted {
            id: self.id,
            shown: self.shown,
            account,
            ack: self.ack,
            at: self.id.accepted(),
            due: self.times.due,
            until: self.times.until,
            alphabet: self.content.alphabet(),
            pdu: self.content.pdu(),
            written_source: self.content.written_octets(),
        })
    }
}
