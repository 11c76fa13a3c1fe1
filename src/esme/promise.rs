//! Responses that a connection has been promised, and how many of them it has written: a receipt
//! must not leave before the response to its message.

use super::multi::Multi;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The responses of one connection, counted.
#[derive(Debug)]
pub struct Promises {
    /// The number of the connection.
    pub connection: u64,
    made: AtomicU64,
    written: AtomicU64,
    left: AtomicBool,
}

impl Promises {
    /// None yet, for the connection of this number.
    pub fn new(connection: u64) -> Self {
        Self {
            connection,
            made: AtomicU64::new(0),
            written: AtomicU64::new(0),
            left: AtomicBool::new(false),
        }
    }

    /// More responses will be given to this connection.
    pub fn make(&self, count: usize) {
        self.made.fetch_add(count as u64, Ordering::AcqRel);
    }

    /// How many it has been promised.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Acquire)
    }

    /// More responses have reached the socket.
    pub fn wrote(&self, count: u64) {
        self.written.fetch_add(count, Ordering::AcqRel);
    }

    /// The connection has gone: what it has not written it never will.
    pub fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }
}

/// All responses that had been promised to one connection at one time.
#[derive(Debug, Clone)]
pub struct Promise {
    promises: Arc<Promises>,
    count: u64,
    multi: Option<Arc<Multi>>,
}

impl Promise {
    /// All that have been made so far.
    pub fn so_far(promises: Arc<Promises>) -> Self {
        let count = promises.made();
        Self {
            promises,
            count,
            multi: None,
        }
    }

    /// The same, and so many more that are about to be made.
    pub fn and(mut self, more: usize) -> Self {
        self.count += more as u64;
        self
    }

    /// The response to this submit_multi, which may have to wait for other verdicts yet.
    pub fn of_multi(promises: Arc<Promises>, multi: Arc<Multi>) -> Self {
        Self {
            promises,
            count: 0,
            multi: Some(multi),
        }
    }

    /// Whether the response has been left where it is written, if it is not written yet.
    pub fn is_left(&self) -> bool {
        self.multi.is_none()
    }

    /// The number of the connection.
    pub fn connection(&self) -> u64 {
        self.promises.connection
    }

    /// Whether they have been written, or never will be.
    pub fn is_kept(&self) -> bool {
        let Promises { written, left, .. } = &*self.promises;
        let count = self
            .multi
            .as_ref()
            .map_or(self.count, |multi| multi.answered());
        left.load(Ordering::Acquire) || written.load(Ordering::Acquire) >= count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_once_all_responses_that_were_due_then_are_written() {
        let promises = Arc::new(Promises::new(1));
        promises.make(3);
        let promise = Promise::so_far(promises.clone());
        promises.make(2);
        promises.wrote(2);
        assert!(!promise.is_kept());
        promises.wrote(1);
        assert!(promise.is_kept());
    }

    #[test]
    fn a_promise_that_is_about_to_be_made_is_waited_for_as_well() {
        let promises = Arc::new(Promises::new(1));
        let promise = Promise::so_far(promises.clone()).and(1);
        assert!(!promise.is_kept());
        promises.make(1);
        promises.wrote(1);
        assert!(promise.is_kept());
    }

    #[test]
    fn nobody_waits_for_a_connection_that_has_gone() {
        let promises = Arc::new(Promises::new(1));
        promises.make(1);
        let promise = Promise::so_far(promises.clone());
        promises.leave();
        assert!(promise.is_kept());
    }
}
