//! What a peer notes of a message at one moment.

use std::fmt;

use smppgate_codec::code::{MessageState, Status};

use crate::rig::report::stat;

/// Something that a peer saw or did, with the time at which it noted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rig) struct Entry {
    /// Nanoseconds since the ledger was opened.
    pub at: u64,
    /// What.
    pub event: Event,
}

/// What was seen or done. Accounts and carriers are places in the terms of the ledger, a bind is the
/// number of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rig) enum Event {
    /// An ESME is about to write its submit_sm.
    Submitted {
        account: u8,
        bind: u32,
        registered: u8,
    },
    /// It read the response; `id` is `None` where status 0 came with an id of another form than
    /// promised.
    Answered {
        bind: u32,
        status: Status,
        id: Option<u64>,
    },
    /// The id in that response had been given to another message.
    GivenBefore { number: u64 },
    /// Its bind was lost before a response came.
    Unanswered { bind: u32 },
    /// It read a receipt and is about to answer it with `answer`.
    Told {
        account: u8,
        bind: u32,
        id: Option<u64>,
        reported: ReportedState,
        answer: Status,
    },
    /// A carrier accepted the message.
    Taken { carrier: u8, id: u64 },
    /// A carrier refused it.
    Refused { carrier: u8, status: Status },
    /// The carrier wrote the response to what it had accepted.
    Responded { carrier: u8 },
    /// The carrier wrote a receipt.
    Reported {
        carrier: u8,
        reported: ReportedState,
    },
    /// The gateway answered that receipt.
    ReportAnswered {
        carrier: u8,
        reported: ReportedState,
        status: Status,
    },
    /// A carrier wrote a message from a phone.
    Phoned { carrier: u8 },
    /// The gateway answered it.
    PhoneAnswered { carrier: u8, status: Status },
    /// An ESME read a message from a phone and is about to answer it with `answer`.
    Arrived {
        account: u8,
        bind: u32,
        answer: Status,
    },
    /// Its text is not that of the message with its number.
    Garbled,
}

/// What a receipt says of the end: the state, and the number behind `err:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::rig) struct ReportedState {
    /// stat and message_state, which agree.
    pub state: MessageState,
    /// The three digits behind `err:`; `None` if there are none.
    pub err: Option<u16>,
}

impl fmt::Display for ReportedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stat = String::from_utf8_lossy(stat(self.state));
        match self.err {
            Some(err) => write!(f, "{stat} err:{err:03}"),
            None => write!(f, "{stat} without err"),
        }
    }
}
