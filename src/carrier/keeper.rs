//! Keeps the binds with one carrier up: one task for each, which dials, binds, and begins again.

use super::account::Carrier;
use super::backoff::Backoff;
use super::connection::Connection;
use super::intake::Intake;
use super::line::Line;
use super::outbind::Door;
use super::queue::Queue;
use crate::link::tls::{ClientTls, ServerTls};
use crate::link::{self, Bell, Clock, End, Stream, dial};
use crate::message::CarrierId;
use crate::session::BindKind;
use smppgate_codec::code::Status;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// After we asked a connection to unbind: how long we wait for it before it is dropped.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(12);

/// After a panic, before the next attempt.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// Numbers connections to carriers.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The tasks that keep one carrier's binds up.
pub struct Keeper {
    stop: watch::Sender<bool>,
    tls: watch::Sender<Option<ClientTls>>,
    door_tls: watch::Sender<Option<ServerTls>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Keeper {
    /// Starts to keep the binds up, each with an intake of its own. If there was a keeper
    /// `before`, its binds go first: a carrier allows us only so many.
    pub fn start<I: Intake>(
        id: CarrierId,
        settings: Arc<Carrier>,
        queue: Arc<Queue>,
        clock: Clock,
        before: Option<Self>,
        intake: impl FnMut() -> I + Clone + Send + 'static,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (begin, begun) = watch::channel(false);
        let (tls, tls_in_force) = watch::channel(settings.tls.clone());
        let (door_tls, door_tls_in_force) = watch::channel(door_tls(&settings));
        tokio::spawn(async move {
            if let Some(before) = before {
                before.stop().await;
            }
            begin.send_replace(true);
        });
        let outbind = settings.outbind.clone();
        let door = outbind.map(|it| Arc::new(Door::new(it, door_tls_in_force)));
        let slot = |number, kind| Slot {
            door: door.clone(),
            id,
            number,
            kind,
            settings: settings.clone(),
            tls: tls_in_force.clone(),
            queue: queue.clone(),
            clock,
            stopped: stopped.clone(),
        };
        let kinds = settings.bind.kinds();
        let binds =
            (0..settings.binds).flat_map(|number| kinds.iter().map(move |kind| (number, *kind)));
        let tasks = binds
            .map(|(number, kind)| {
                tokio::spawn(watch_over(
                    slot(number, kind),
                    begun.clone(),
                    intake.clone(),
                ))
            })
            .collect();
        Self {
            stop,
            tls,
            door_tls,
            tasks,
        }
    }

    /// The next dial or call uses these certificates. Binds stay as they are.
    pub fn renew(&self, settings: &Carrier) {
        self.tls.send_replace(settings.tls.clone());
        self.door_tls.send_replace(door_tls(settings));
    }

    /// Unbinds and waits until every bind is gone.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for mut task in self.tasks {
            if tokio::time::timeout(UNBIND_TIMEOUT, &mut task)
                .await
                .is_err()
            {
                task.abort();
                let _ = task.await;
            }
        }
    }
}

/// The TLS of a carrier that calls us.
fn door_tls(settings: &Carrier) -> Option<ServerTls> {
    settings.outbind.as_ref()?.tls.clone()
}

/// Keeps one bind up until it is to stop. A panic costs one connection, not the bind for good.
async fn watch_over<I: Intake>(
    slot: Slot,
    mut begun: watch::Receiver<bool>,
    intake: impl FnMut() -> I + Clone + Send + 'static,
) {
    let mut stopped = slot.stopped.clone();
    tokio::select! {
        _ = begun.wait_for(|begun| *begun) => {}
        () = stop(&mut stopped) => return,
    }
    loop {
        let mut keeping = Ended(tokio::spawn(slot.clone().keep(intake.clone())));
        match (&mut keeping.0).await {
            Err(error) if error.is_panic() => {
                tracing::error!(carrier = %slot.settings.name, "a connection panicked");
                tokio::time::sleep(PANIC_PAUSE).await;
            }
            _ => return,
        }
    }
}

/// A task that ends with whoever waits for it.
struct Ended(JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One bind that is kept up.
#[derive(Clone)]
struct Slot {
    id: CarrierId,
    number: u32,
    kind: BindKind,
    /// Where the carrier calls us, if it does.
    door: Option<Arc<Door>>,
    settings: Arc<Carrier>,
    tls: watch::Receiver<Option<ClientTls>>,
    queue: Arc<Queue>,
    clock: Clock,
    stopped: watch::Receiver<bool>,
}

/// How one attempt to bind ended.
struct Attempt {
    was_bound: bool,
    was_refused: bool,
}

impl Slot {
    async fn keep<I: Intake>(mut self, mut intake: impl FnMut() -> I) {
        let mut backoff = Backoff::new(self.settings.reconnect);
        let mut turn = self.number as usize;
        while !*self.stopped.borrow() {
            let address = &self.settings.addresses[turn % self.settings.addresses.len()];
            turn += 1;
            let attempt = self.attempt(address, intake()).await;
            if attempt.was_bound {
                backoff.reset();
            }
            let pause = backoff.next(attempt.was_refused, chance());
            let _ = tokio::time::timeout(pause, stop(&mut self.stopped)).await;
        }
    }

    /// A connection with the carrier: one that we make, or one that it makes.
    async fn reach(&self, address: &str) -> io::Result<Stream> {
        let tls = self.tls.borrow().clone();
        match &self.door {
            None => dial::dial(address, self.settings.local_address, tls.as_ref()).await,
            Some(door) => door.next().await,
        }
    }

    async fn attempt(&self, address: &str, intake: impl Intake) -> Attempt {
        let failed = Attempt {
            was_bound: false,
            was_refused: false,
        };
        let name = &self.settings.name;
        let mut stopped = self.stopped.clone();
        let mut stream = tokio::select! {
            dialled = self.reach(address) => match dialled {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(carrier = %name, address, %error, "carrier cannot be reached");
                    return failed;
                }
            },
            () = stop(&mut stopped) => return failed,
        };
        let bell = Arc::new(Bell::default());
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line::new(number, self.kind, bell.clone()));
        let mut connection = Connection::new(
            self.id,
            self.settings.clone(),
            self.queue.clone(),
            intake,
            line.clone(),
            self.clock.now(),
        );
        let end = {
            let driving = link::drive(&mut stream, &mut connection, &bell, self.clock);
            tokio::pin!(driving);
            tokio::select! {
                end = &mut driving => end,
                () = stop(&mut stopped) => {
                    line.unbind();
                    let unbound = tokio::time::timeout(UNBIND_TIMEOUT, driving).await;
                    unbound.unwrap_or(End::Ended("the carrier did not let us unbind in time"))
                }
            }
        };
        match connection.refused() {
            Some(status) => tracing::error!(
                carrier = %name, address, %status, "the carrier refused our bind"
            ),
            None if *self.stopped.borrow() => tracing::info!(
                carrier = %name, address, connection = number, reason = %end, "bind ended"
            ),
            None => tracing::warn!(
                carrier = %name, address, connection = number, reason = %end, "bind ended"
            ),
        }
        Attempt {
            was_bound: connection.was_bound(),
            // "Already bound" is about a bind of ours that the carrier has not let go yet.
            was_refused: connection
                .refused()
                .is_some_and(|status| status != Status::ESME_RALYBND),
        }
    }
}

/// Returns once the keeper is to stop.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A number from 0 to 1 that differs between binds and attempts: the seed that the standard
/// library draws for its hash maps is random enough to spread pauses.
fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}
