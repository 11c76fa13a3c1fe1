//! The simulated carrier: a message centre that answers, reports, errs and hangs as it is told.
//!
//! One thread serves any number of binds. What it does by chance follows from its seed.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

pub use super::admission::BindHabits;
use super::behaviour::Shared;
pub use super::behaviour::{
    Accepted, Behaviour, Counts, ResponseShape, SegmentReceipts, Settings, Throttle,
};
use super::exchange::{Command, Exchange};
pub use super::id_form::IdForm;
pub use super::phone::{Inbound, Phones};
use super::poll::{Poll, Waker};
pub use super::shape::{Carriage, Dates, Parameters, ReceiptAlphabet, Repeats, Shape, Wording};
pub use super::timeline::{Action, Alert, Call, Planned};

/// Orders from outside that may wait for the carrier's thread.
const COMMANDS_MAX: usize = 65_536;

/// A running simulated carrier; it stops when this is dropped.
pub struct Carrier {
    address: SocketAddr,
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Carrier {
    /// Opens the port and starts the thread.
    pub fn spawn(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let mut poll = Poll::new()?;
        let waker = poll.waker()?;
        let (commands, orders) = sync_channel(COMMANDS_MAX);
        let exchange = Exchange::new(settings, listener, poll, orders, Arc::clone(&shared))?;
        let thread = std::thread::Builder::new()
            .name("sim".into())
            .spawn(move || exchange.run())?;
        Ok(Self {
            address,
            shared,
            commands,
            waker,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen and done up to its last turn.
    pub fn counts(&self) -> Counts {
        self.shared.counts.lock().clone()
    }

    /// The accepted messages in the order of acceptance, as many as the settings asked for.
    pub fn ledger(&self) -> Vec<Accepted> {
        self.shared.ledger.lock().clone()
    }

    /// Changes what it does from its next turn on; `false` if it no longer runs.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour) + Send + 'static) -> bool {
        let sent = self
            .commands
            .send(Command::Change(Box::new(change)))
            .is_ok();
        self.waker.wake();
        sent
    }

    /// Sends a message from a phone; `false` if too many wait already or it no longer runs.
    pub fn deliver(&self, message: Inbound) -> bool {
        let sent = match self.commands.try_send(Command::Deliver(message)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        };
        self.waker.wake();
        sent
    }

    /// Closes every connection without an unbind.
    pub fn drop_connections(&self) {
        // If it no longer runs, its connections are closed.
        let _ = self.commands.send(Command::DropConnections);
        self.waker.wake();
    }

    /// Closes everything; the last counts.
    pub fn stop(mut self) -> io::Result<Counts> {
        self.end()?;
        Ok(self.counts())
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        // If it no longer runs, there is nothing to stop.
        let _ = self.commands.send(Command::Stop);
        self.waker.wake();
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the simulated carrier panicked")))
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
