//! What somebody who looks in is told about a dead letter that is to be delivered again or let go.

use super::asker::Asker;
use crate::message::AccountId;
use thiserror::Error;

/// Why a dead letter stays where it is. The texts are sentences that say what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// There is no such letter.
    #[error("no dead letter has this id; GET /v1/dead-letters shows those that are kept")]
    Unknown,
    /// Only a journal on disk keeps what was to be delivered.
    #[error(
        "journal = \"memory\" keeps no bodies, so that nothing is there to be delivered again; \
         with journal = \"file\" in [gateway] what comes from then on is kept"
    )]
    Memory,
    /// What was to be delivered cannot be read.
    #[error("what was to be delivered is not kept any more; DELETE lets the letter go")]
    Gone,
    /// It is the receipt of a message of another account.
    #[error("it is the receipt of a message of another account; leave `account` out")]
    NotIts,
    /// Its account was taken out of the configuration.
    #[error("its account is not in the configuration any more; put it back, and try again")]
    NoAccount,
    /// No rule says who gets it.
    #[error(
        "no [[inbound]] rule is for its number; write one, or say who gets it, \
         for example {{\"account\": \"acme\"}}"
    )]
    NoRule,
    /// Nothing says who gets it.
    #[error("it matches nothing of ours; say who gets it, for example {{\"account\": \"acme\"}}")]
    Nobody,
    /// Its account takes nothing more.
    #[error("its account has no room for it; try again once it has taken what waits for it")]
    NoRoom,
    /// It could not be written down.
    #[error("the journal takes nothing now; the letter stays, try again once there is room")]
    Journal,
}

/// Who was named to get a dead letter, and who waits to hear who gets it.
#[derive(Debug)]
pub struct Redelivery {
    /// Who was named, if somebody was.
    pub to: Option<AccountId>,
    /// Who waits to hear that.
    pub asker: Asker<Result<AccountId, Obstacle>>,
}
