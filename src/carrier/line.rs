//! A bind with a carrier as others see it: whether it has room, and boxes for late replies and for
//! messages that may leave now.

use super::arrival::Reply;
use super::row::Waiting;
use crate::link::Bell;
use crate::session::BindKind;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// One bind with a carrier.
#[derive(Debug)]
pub struct Line {
    /// Its number among all connections to carriers, never given out again.
    pub number: u64,
    /// Which ways it carries messages.
    pub kind: BindKind,
    bell: Arc<Bell>,
    /// Free slots of its window as it last said.
    room: AtomicUsize,
    /// Requests that have not been answered, as it last said.
    in_flight: AtomicUsize,
    replies: Mutex<Vec<Reply>>,
    /// `None` once it carries nothing any more.
    settled: Mutex<Option<Vec<Waiting>>>,
    unbind: AtomicBool,
}

impl Line {
    /// A line with no room yet.
    pub fn new(number: u64, kind: BindKind, bell: Arc<Bell>) -> Self {
        Self {
            number,
            kind,
            bell,
            room: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            replies: Mutex::default(),
            settled: Mutex::new(Some(Vec::new())),
            unbind: AtomicBool::new(false),
        }
    }

    /// Something waits that this line could carry.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Says how many more messages this line could carry now, and how many it carries.
    pub fn has_room(&self, room: usize, in_flight: usize) {
        self.in_flight.store(in_flight, Ordering::SeqCst);
        self.room.store(room, Ordering::SeqCst);
    }

    /// Messages that have been sent and not been answered, as it last said.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// How many more messages it could carry when it last said so.
    pub fn room(&self) -> usize {
        self.room.load(Ordering::SeqCst)
    }

    /// Leaves replies that have become due.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().extend(replies);
        self.bell.ring();
    }

    /// Takes the replies that were left; `into` gives its emptied room in exchange.
    pub fn collect(&self, into: &mut Vec<Reply>) {
        into.clear();
        std::mem::swap(&mut *self.replies.lock(), into);
    }

    /// Leaves messages for which it is settled whether they are kept as sent. If the line carries
    /// nothing any more, they come back.
    pub fn settle(&self, batch: Vec<Waiting>) -> Vec<Waiting> {
        let mut settled = self.settled.lock();
        let Some(waiting) = &mut *settled else {
            return batch;
        };
        waiting.extend(batch);
        drop(settled);
        self.bell.ring();
        Vec::new()
    }

    /// Takes those that were left.
    pub fn settled(&self) -> Vec<Waiting> {
        let mut settled = self.settled.lock();
        settled.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// It carries nothing any more: takes those that were left, and whoever comes with more of them
    /// keeps them.
    pub fn close(&self) -> Vec<Waiting> {
        self.settled.lock().take().unwrap_or_default()
    }

    /// Asks the connection to unbind.
    pub fn unbind(&self) {
        self.unbind.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Whether the connection has been asked to unbind since the last look.
    pub fn is_to_unbind(&self) -> bool {
        self.unbind.swap(false, Ordering::AcqRel)
    }
}
