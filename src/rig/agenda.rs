//! What a simulated carrier does later: responses and receipts with the time at which they are due.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use bytes::BytesMut;

use super::binds::Parcel;

/// Things in the order in which they are due; what is due at the same time keeps its order.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Later>>,
    order: u64,
}

impl Agenda {
    /// Plans something for `at`.
    pub fn plan(&mut self, at: u64, what: What) {
        self.order += 1;
        self.heap.push(Reverse(Later {
            at,
            order: self.order,
            what,
        }));
    }

    /// When the first thing is due.
    pub fn first(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(later)| later.at)
    }

    /// Takes the next thing that is due by `now`.
    pub fn due(&mut self, now: u64) -> Option<What> {
        if self.first()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(later)| later.what)
    }
}

/// Something that is due at a time.
struct Later {
    at: u64,
    order: u64,
    what: What,
}

/// What is done later.
pub(super) enum What {
    /// A response, for the connection with this token if it is still the same.
    Answer {
        token: usize,
        generation: u64,
        pdu: BytesMut,
        /// The message that it accepts, as the witness knows it.
        witnessed: Option<u64>,
    },
    /// A deliver_sm joins its queue.
    Delivery(Parcel),
    /// The entry of the timeline with this place.
    Act(usize),
    /// The phones with this place write.
    Phone(usize),
    /// It calls, if no call of its own stands.
    Call,
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Later {}
