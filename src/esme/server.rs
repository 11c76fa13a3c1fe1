//! Takes ESMEs in: one task for each connection.

use super::connection::Connection;
use super::intake::Intake;
use super::roster::Roster;
use crate::link::{self, Bell, Clock, accept};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Connections of one listener at one time, bound or not; more are closed at once. A descriptor
/// and a few kilobytes each: this is what a small machine bears.
const CONNECTIONS_MAX: usize = 20_000;

/// A place where ESMEs connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name in logs.
    pub name: String,
    /// Address and port.
    pub address: std::net::SocketAddr,
    /// From the connection to the whole bind PDU.
    pub bind_timeout: Duration,
}

/// What all listeners share.
pub struct Server {
    roster: Arc<Roster>,
    clock: Clock,
    numbers: AtomicU64,
    open: AtomicUsize,
}

impl Server {
    /// Connections are put on this roster.
    pub fn new(roster: Arc<Roster>, clock: Clock) -> Self {
        Self {
            roster,
            clock,
            numbers: AtomicU64::new(1),
            open: AtomicUsize::new(0),
        }
    }

    /// Connections at this time, bound or not.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Takes connections until `stop` says so; each has an intake of its own.
    pub async fn serve<I: Intake>(
        self: Arc<Self>,
        socket: TcpListener,
        listener: Listener,
        mut intake: impl FnMut() -> I,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let (mut stream, peer) = tokio::select! {
                accepted = accept::next(&socket) => accepted,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let place = Place::take(self.clone());
            if self.open() > CONNECTIONS_MAX {
                tracing::warn!(%peer, listener = %listener.name, "too many connections: closed");
                continue;
            }
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let bell = Arc::new(Bell::default());
            let mut connection = Connection::new(
                intake(),
                self.roster.clone(),
                bell.clone(),
                number,
                listener.bind_timeout,
                self.clock.now(),
            );
            let (server, name) = (self.clone(), listener.name.clone());
            tokio::spawn(async move {
                let _place = place;
                tracing::debug!(%peer, listener = %name, connection = number, "connected");
                let end = link::drive(&mut stream, &mut connection, &bell, server.clock).await;
                let system_id = connection.system_id().unwrap_or_default().to_owned();
                drop(connection);
                if system_id.is_empty() {
                    tracing::debug!(%peer, connection = number, reason = %end, "closed unbound");
                } else {
                    tracing::info!(%peer, system_id, connection = number, reason = %end, "closed");
                }
            });
        }
    }
}

/// The place of one connection among those that are open, given back however it ends.
struct Place(Arc<Server>);

impl Place {
    fn take(server: Arc<Server>) -> Self {
        server.open.fetch_add(1, Ordering::Relaxed);
        Self(server)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
