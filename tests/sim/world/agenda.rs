//! What is going to happen, in the order of time: the clock of the world jumps from one event to
//! the next.

use smppgate::moment::Moment;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that happens at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Octets, or the end of them, have come to the gateway or to its peer.
    Arrives { wire: usize, at_gateway: bool },
    /// The bell of a connection of the gateway was rung, or its deadline has come.
    Turn { connection: usize, is_alarm: bool },
    /// A connection that has said its last word is dropped.
    Gone { connection: usize },
    /// The gateway looks at those who wait.
    Housekeep,
    /// The bell rang that tells the gateway of a carrier that is up.
    Retry,
    /// The journal is through with something.
    Journal,
    /// The gateway goes on with what the journal has settled.
    Settle,
    /// The gateway calls a carrier.
    Call { keeper: usize },
    /// A connection that was asked for comes about.
    Connects { wire: usize },
    /// An ESME does what it had planned for this time.
    Esme {
        esme: usize,
        bind: usize,
        era: u32,
        what: EsmeTask,
    },
    /// A carrier does what it had planned for this time.
    Carrier {
        operator: usize,
        session: usize,
        what: CarrierTask,
    },
    /// The next message of the load is due.
    Load { at: usize },
    /// A trouble begins, or ends.
    Trouble { at: usize, is_over: bool },
    /// The next part of the day begins.
    Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EsmeTask {
    /// It connects.
    Connect,
    /// It looks whether the gateway is there.
    Pulse,
    /// It answers a delivery.
    Answer {
        sequence: u32,
        command: u32,
        status: u32,
    },
    /// It closes the connection, with an unbind or without.
    Leave { in_order: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CarrierTask {
    /// It answers a request: the answer of this number.
    Answer { answer: usize },
    /// Something is to be delivered: the parcel of this number.
    Deliver { parcel: usize },
    /// It looks whether the gateway is there.
    Pulse,
    /// It goes on reading.
    ReadOn,
    /// It closes the connection.
    Close,
}

/// Events to come.
#[derive(Debug, Default)]
pub struct Agenda {
    events: BinaryHeap<Reverse<(Moment, u64, Event)>>,
    count: u64,
}

impl Agenda {
    /// This happens then; what is due at the same time happens in the order in which it was added.
    pub fn add(&mut self, at: Moment, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    pub fn next(&mut self) -> Option<(Moment, Event)> {
        self.events.pop().map(|Reverse((at, _, event))| (at, event))
    }
}
