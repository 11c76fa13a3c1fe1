//! The order of steps without a disk.
//!
//! Ordinarily a batch is as good as it gets the moment it is handed over. For tests it can also
//! take its time, be full, or fail: the code above cannot tell it from a disk.

use super::{Appended, Completion, Completions, Journal, Record, Refusal};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// Journals into nothing; see the module.
pub struct Memory<T> {
    trouble: Arc<Trouble>,
    later: OnceLock<Sender<T>>,
    completions: Arc<Completions<T>>,
}

/// What a test injects; all of it may be changed while the gateway runs.
#[derive(Debug, Default)]
pub struct Trouble {
    /// Microseconds that each group of batches takes; zero is none.
    delay_us: AtomicU64,
    /// 0 none, 1 full, 2 failed.
    refusal: AtomicU8,
}

impl Trouble {
    /// Lets each group of batches take this long from now on.
    pub fn delay(&self, delay: Duration) {
        self.delay_us
            .store(delay.as_micros() as u64, Ordering::Release);
    }

    /// Refuses every batch from now on, those that are pending included; `None` ends it.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        let code = match refusal {
            None => 0,
            Some(Refusal::Full) => 1,
            Some(Refusal::Failed) => 2,
        };
        self.refusal.store(code, Ordering::Release);
    }

    fn refusal(&self) -> Option<Refusal> {
        match self.refusal.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Refusal::Full),
            _ => Some(Refusal::Failed),
        }
    }

    fn current_delay(&self) -> Duration {
        Duration::from_micros(self.delay_us.load(Ordering::Acquire))
    }
}

impl<T: Send + 'static> Memory<T> {
    /// A journal without a disk; what was pending comes back through `completions`.
    pub fn new(trouble: Arc<Trouble>, completions: Completions<T>) -> Self {
        Self {
            trouble,
            later: OnceLock::new(),
            completions: Arc::new(completions),
        }
    }

    /// The thread that plays the slow disk; it ends with the journal.
    fn later(&self) -> &Sender<T> {
        self.later.get_or_init(|| {
            let (sender, receiver) = channel();
            let (trouble, completions) = (self.trouble.clone(), self.completions.clone());
            thread::spawn(move || slow_disk(&receiver, &trouble, &completions));
            sender
        })
    }
}

impl<T: Send + 'static> Journal<T> for Memory<T> {
    fn append(&self, records: &[Record<'_>], then: T) -> Appended<T> {
        match self.trouble.refusal() {
            Some(Refusal::Full) if !records.iter().any(Record::is_new_work) => {}
            Some(refusal) => return Appended::Refused(then, refusal),
            None => {}
        }
        // Once something has been pending, all that follows queues behind it: order is kept.
        if self.later.get().is_none() && self.trouble.current_delay().is_zero() {
            return Appended::Durable(then);
        }
        match self.later().send(then) {
            Ok(()) => Appended::Pending,
            Err(unsent) => Appended::Refused(unsent.0, Refusal::Failed),
        }
    }

    fn has_room(&self) -> bool {
        self.trouble.refusal() != Some(Refusal::Full)
    }
}

fn slow_disk<T>(receiver: &Receiver<T>, trouble: &Trouble, completions: &Completions<T>) {
    while let Ok(first) = receiver.recv() {
        thread::sleep(trouble.current_delay());
        // What was let in while there was room has its place.
        let outcome = match trouble.refusal() {
            Some(Refusal::Failed) => Err(Refusal::Failed),
            Some(Refusal::Full) | None => Ok(()),
        };
        let mut group: Vec<Completion<T>> = vec![Completion::Written(first, outcome)];
        while let Ok(next) = receiver.try_recv() {
            group.push(Completion::Written(next, outcome));
        }
        completions(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    type Settled = Arc<Mutex<Vec<(u32, bool)>>>;

    fn journal() -> (Memory<u32>, Arc<Trouble>, Settled) {
        let trouble = Arc::new(Trouble::default());
        let done = Arc::new(Mutex::new(Vec::new()));
        let seen = done.clone();
        let completions: Completions<u32> = Box::new(move |group| {
            let mut seen = seen.lock().unwrap();
            seen.extend(group.into_iter().filter_map(|completion| match completion {
                Completion::Written(then, outcome) => Some((then, outcome.is_ok())),
                Completion::Fetched(..) | Completion::Gathered(..) => None,
            }));
        });
        (Memory::new(trouble.clone(), completions), trouble, done)
    }

    #[test]
    fn without_trouble_a_batch_is_done_at_once() {
        let (journal, _, done) = journal();
        assert!(matches!(journal.append(&[], 7), Appended::Durable(7)));
        assert!(done.lock().unwrap().is_empty());
    }

    #[test]
    fn a_slow_disk_gives_batches_back_in_order_and_none_overtakes() {
        let (journal, trouble, done) = journal();
        trouble.delay(Duration::from_millis(5));
        assert!(matches!(journal.append(&[], 1), Appended::Pending));
        trouble.delay(Duration::ZERO);
        for then in 2..50 {
            assert!(matches!(journal.append(&[], then), Appended::Pending));
        }
        while done.lock().unwrap().len() < 49 {
            thread::yield_now();
        }
        let expected: Vec<_> = (1..50).map(|then| (then, true)).collect();
        assert_eq!(*done.lock().unwrap(), expected);
    }

    #[test]
    fn a_failed_disk_confirms_nothing_that_was_pending() {
        let (journal, trouble, done) = journal();
        trouble.delay(Duration::from_millis(20));
        assert!(matches!(journal.append(&[], 1), Appended::Pending));
        trouble.refuse(Some(Refusal::Failed));
        assert!(matches!(
            journal.append(&[], 2),
            Appended::Refused(2, Refusal::Failed)
        ));
        while done.lock().unwrap().is_empty() {
            thread::yield_now();
        }
        assert_eq!(*done.lock().unwrap(), [(1, false)]);
    }
}
