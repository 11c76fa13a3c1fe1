//! Two customers, each with a carrier of its own: while one misbehaves, the other goes on working.

use super::carrier::{Carrier, Smsc};
use super::esme::Esme;
use super::front::Front;
use super::house::{account, route, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest that a message of who goes on working may take, from the submission to its receipt:
/// a thousand times what it takes on a machine that does nothing else.
const UNDISTURBED: Duration = Duration::from_secs(5);

/// Messages after which it is believed that work goes on.
const SOME: u64 = 5;

/// The carriers of acme, of whom nothing good is to be expected, and of beta, which works.
pub struct Town {
    pub north: Smsc,
    pub south: Smsc,
}

/// Beta and its carrier at work.
pub struct Working {
    through: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    work: JoinHandle<Duration>,
}

impl Town {
    pub fn open() -> Self {
        Self {
            north: Smsc::open(),
            south: Smsc::open(),
        }
    }

    /// The tables of a config for both, with these keys for acme and for its carrier.
    pub fn parts(&self, acme: &str, north: &str) -> Vec<String> {
        vec![
            account("acme", acme),
            account("beta", ""),
            self.north.settings("north", north),
            self.south.settings("south", ""),
            route("of-acme", "account = \"acme\"\nvia = [\"north\"]"),
            route("of-beta", "account = \"beta\"\nvia = [\"south\"]"),
            "[[inbound]]\naccount = \"acme\"\n".to_owned(),
        ]
    }

    /// Beta binds and begins to work.
    pub fn works(&self, gate: &Front) -> Working {
        Working::begin(self.south.bound(), gate.trx("beta"))
    }
}

impl Working {
    /// They submit, accept and report one message after the other.
    pub fn begin(mut carrier: Carrier, mut esme: Esme) -> Self {
        let (through, stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (counted, stopped) = (through.clone(), stop.clone());
        let work = thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let before = Instant::now();
                let number = counted.load(Ordering::Relaxed);
                let sequence = esme.submit("33612345678");
                carrier.takes(&format!("w{number}"));
                let id = esme.accepted(sequence);
                carrier.reports(&format!("w{number}"), "DELIVRD", "000");
                assert_eq!(esme.receipt().id, id);
                slowest = slowest.max(before.elapsed());
                counted.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(2));
            }
            slowest
        });
        Self {
            through,
            stop,
            work,
        }
    }

    /// Waits until some more messages have gone the whole way.
    pub fn goes_on(&self) {
        let before = self.through.load(Ordering::Relaxed);
        until("beta goes on", || {
            assert!(!self.work.is_finished(), "beta could not go on");
            self.through.load(Ordering::Relaxed) >= before + SOME
        });
    }

    /// It goes on to the end, and was not held up at any time.
    pub fn was_undisturbed(self) {
        self.goes_on();
        self.stop.store(true, Ordering::Relaxed);
        let slowest = self.work.join().expect("beta works");
        assert!(slowest < UNDISTURBED, "a message took {slowest:?}");
    }
}
