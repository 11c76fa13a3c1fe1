//! The binds of each system_id at a simulated carrier, and the deliver_sm that wait for them.
//!
//! A deliver_sm stays with its bind until it is answered; if the bind is lost before that, it goes
//! back to the front of the queue, as at any carrier.

use std::collections::VecDeque;

use bytes::{BufMut, BytesMut};

use super::ledger::Witness;
use super::outstanding::Outstanding;

/// All binds by system_id.
pub(super) struct Binds {
    groups: Vec<Group>,
    /// Messages from phones for whoever binds first.
    unplaced: VecDeque<Parcel>,
    /// deliver_sm that may be unanswered per bind.
    window: usize,
    witness: Option<Witness>,
}

/// The binds of one system_id that can receive, and what waits for them.
struct Group {
    system_id: Vec<u8>,
    receivers: Vec<usize>,
    waiting: VecDeque<Parcel>,
}

/// A connection but for its socket.
pub(super) struct Side {
    pub token: usize,
    pub generation: u64,
    pub bound: Option<Bound>,
    pub deliveries: Outstanding<Parcel>,
    /// Messages whose response is planned.
    pub unanswered: usize,
    pub closing: bool,
}

/// As what a connection is bound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub group: usize,
    pub submits: bool,
    pub receives: bool,
}

/// A deliver_sm that is to be sent, or was sent and not answered.
pub(super) struct Parcel {
    pub pdu: BytesMut,
    pub group: usize,
    pub is_receipt: bool,
    /// The message that a receipt is for.
    pub number: u64,
    /// The connection that its message came on.
    pub origin: usize,
    /// It leaves on another connection if there is one.
    pub elsewhere: bool,
    pub tries: u8,
}

impl Side {
    /// Whether it is bound with the system_id of this group.
    pub fn is_in(&self, group: usize) -> bool {
        self.bound.is_some_and(|bound| bound.group == group)
    }
}

impl Binds {
    pub fn new(window: usize, witness: Option<Witness>) -> Self {
        Self {
            groups: Vec::new(),
            unplaced: VecDeque::new(),
            window: window.max(1),
            witness,
        }
    }

    /// The group of a system_id.
    pub fn group(&mut self, system_id: &[u8]) -> usize {
        if let Some(group) = self
            .groups
            .iter()
            .position(|group| group.system_id == system_id)
        {
            return group;
        }
        self.groups.push(Group {
            system_id: system_id.to_vec(),
            receivers: Vec::new(),
            waiting: VecDeque::new(),
        });
        self.groups.len() - 1
    }

    /// How many groups there are; they are numbered from 0.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The first group that has somebody to receive.
    pub fn any_group(&self) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| !group.receivers.is_empty())
    }

    /// The connections of a group that can receive.
    pub fn receivers(&self, group: usize) -> &[usize] {
        &self.groups[group].receivers
    }

    /// Whether something waits for a bind of this group.
    pub fn is_waiting(&self, group: usize) -> bool {
        !self.groups[group].waiting.is_empty()
    }

    /// A connection is bound.
    pub fn join(&mut self, side: &mut Side, bound: Bound) {
        side.bound = Some(bound);
        if !bound.receives {
            return;
        }
        let group = &mut self.groups[bound.group];
        group.receivers.push(side.token);
        for mut parcel in self.unplaced.drain(..) {
            parcel.group = bound.group;
            group.waiting.push_back(parcel);
        }
    }

    /// A bound connection is gone; how many deliver_sm it had not answered.
    pub fn leave(&mut self, side: &mut Side, bound: Bound) -> usize {
        let group = &mut self.groups[bound.group];
        group.receivers.retain(|&token| token != side.token);
        let mut back: Vec<Parcel> = side.deliveries.drain().collect();
        let unanswered = back.len();
        while let Some(parcel) = back.pop() {
            group.waiting.push_front(parcel);
        }
        unanswered
    }

    /// Sends at once if nothing waits before it and the window is open; else it waits.
    #[inline]
    pub fn offer(&mut self, side: &mut Side, out: &mut BytesMut, parcel: Parcel) {
        if !self.is_waiting(parcel.group) && self.may_take(side, &parcel) {
            self.send(side, out, parcel);
        } else {
            self.push(parcel);
        }
    }

    /// Puts a parcel at the end of its queue.
    pub fn push(&mut self, parcel: Parcel) {
        self.groups[parcel.group].waiting.push_back(parcel);
    }

    /// Keeps a message from a phone for whoever binds first.
    pub fn keep(&mut self, parcel: Parcel) {
        self.unplaced.push_back(parcel);
    }

    /// Moves what waits for a bind into its window; how many.
    pub fn feed(&mut self, side: &mut Side, out: &mut BytesMut) -> usize {
        let Some(Bound { group, .. }) = side.bound else {
            return 0;
        };
        let mut fed = 0;
        while let Some(parcel) = self.groups[group].waiting.front() {
            if !self.may_take(side, parcel) {
                break;
            }
            let Some(parcel) = self.groups[group].waiting.pop_front() else {
                break;
            };
            self.send(side, out, parcel);
            fed += 1;
        }
        fed
    }

    #[inline]
    fn may_take(&self, side: &Side, parcel: &Parcel) -> bool {
        let Some(bound) = side.bound else {
            return false;
        };
        let avoided = parcel.elsewhere
            && parcel.origin == side.token
            && self.groups[bound.group]
                .receivers
                .iter()
                .any(|&token| token != side.token);
        bound.receives
            && !side.closing
            && !avoided
            && side.deliveries.len() < self.window
            && side.deliveries.has_room()
    }

    /// Writes a deliver_sm under the next sequence number of its bind.
    #[inline]
    fn send(&self, side: &mut Side, out: &mut BytesMut, mut parcel: Parcel) {
        let sequence = side.deliveries.next_sequence();
        parcel.pdu[12..16].copy_from_slice(&sequence.to_be_bytes());
        out.put_slice(&parcel.pdu);
        if let Some(witness) = &self.witness {
            witness.delivers(&parcel.pdu);
        }
        side.deliveries.push(parcel);
    }
}
