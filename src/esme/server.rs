//! Takes ESMEs in: one task for each connection.

use super::connection::Connection;
use super::crowd::Bounds;
use super::intake::Intake;
use super::place::{Place, Places};
use super::roster::Roster;
use crate::link::accept::Entrance;
use crate::link::network::Network;
use crate::link::tls::ServerTls;
use crate::link::{self, Bell, Clock, Stream, accept};
use crate::moment::Moment;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout_at;

/// Connections of the process at one time, bound or not; more are closed at once. A descriptor and
/// a few kilobytes each: this is what a small machine bears.
pub const CONNECTIONS_MAX: usize = 20_000;

/// Connections at one time that have not bound yet. In the middle of a TLS handshake each costs
/// some fifty kilobytes.
const UNBOUND_MAX: usize = 4_000;

/// The same for each address: enough for a balancer that says nothing of whose connections it
/// passes on, while a flood from one place leaves room for all others.
const UNBOUND_PER_ADDRESS_MAX: usize = 1_000;

/// A place where ESMEs connect.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its name in logs.
    pub name: String,
    /// Address and port.
    pub address: SocketAddr,
    /// From the connection to the whole bind PDU, with all handshakes.
    pub bind_timeout: Duration,
    /// Connections that one address may have at one time.
    pub connections_per_address: usize,
    /// How connections are encrypted, if they are.
    pub tls: Option<ServerTls>,
    /// Where those are that begin with a PROXY header.
    pub proxies: Vec<Network>,
}

/// What all listeners share.
pub struct Server {
    roster: Arc<Roster>,
    clock: Clock,
    numbers: AtomicU64,
    places: Arc<Places>,
}

impl Server {
    /// Connections are put on this roster; there are [`CONNECTIONS_MAX`] at most, and no more than
    /// `connections`.
    pub fn new(roster: Arc<Roster>, clock: Clock, connections: usize) -> Self {
        Self {
            roster,
            clock,
            numbers: AtomicU64::new(1),
            places: Places::new(bounds(connections)),
        }
    }

    /// From now on there are no more than `connections`.
    pub fn hold_to(&self, connections: usize) {
        self.places.hold_to(bounds(connections));
    }

    /// Connections at this time, bound or not.
    pub fn open(&self) -> usize {
        self.places.open()
    }

    /// Takes connections until `stop` says so; each has an intake of its own. What `settings` says
    /// counts for those who come from then on.
    pub async fn serve<I: Intake>(
        self: Arc<Self>,
        mut entrance: Entrance,
        settings: watch::Receiver<Arc<Listener>>,
        mut intake: impl FnMut() -> I,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let (stream, peer) = tokio::select! {
                accepted = entrance.next() => accepted,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let visitor = Visitor {
                server: self.clone(),
                listener: settings.borrow().clone(),
                peer,
                number: self.numbers.fetch_add(1, Ordering::Relaxed),
                since: self.clock.now(),
            };
            self.enter(visitor, stream, intake());
        }
    }

    fn enter<I: Intake>(self: &Arc<Self>, visitor: Visitor, stream: TcpStream, intake: I) {
        let (peer, number) = (visitor.peer, visitor.number);
        let place = match self.places.take(number, peer.ip()) {
            Ok(place) => place,
            Err(full) => {
                tracing::warn!(%peer, listener = %visitor.listener.name, "{full}: closed");
                return;
            }
        };
        let task = tokio::spawn(visitor.stay(stream, place, intake));
        let task = task.abort_handle();
        self.places.attend(number, Box::new(move || task.abort()));
    }
}

/// Where descriptors are few, those who have not bound leave half of them to those who have, and one
/// address half of the rest to others.
fn bounds(connections: usize) -> Bounds {
    let open = connections.min(CONNECTIONS_MAX);
    let unbound = UNBOUND_MAX.min(open / 2).max(1);
    Bounds {
        open,
        unbound,
        unbound_per_address: UNBOUND_PER_ADDRESS_MAX.min(unbound / 2).max(1),
    }
}

/// Somebody who has connected.
struct Visitor {
    server: Arc<Server>,
    listener: Arc<Listener>,
    peer: SocketAddr,
    number: u64,
    since: Moment,
}

impl Visitor {
    async fn stay<I: Intake>(self, stream: TcpStream, place: Place, intake: I) {
        let welcome = if self.listener.tls.is_some() || !self.listener.proxies.is_empty() {
            // What handshakes need is given back when they are over.
            let (deadline, clock) = (self.since + self.listener.bind_timeout, self.server.clock);
            let welcome = Box::pin(welcome(self.listener.clone(), self.peer, stream, place));
            match timeout_at(clock.instant(deadline), welcome).await {
                Ok(welcome) => welcome,
                Err(_) => Err("it did not come to its bind in time".to_owned()),
            }
        } else {
            let mut place = place;
            match place.announce(self.peer.ip(), self.listener.connections_per_address) {
                Ok(()) => Ok((Stream::Plain(stream), self.peer, place)),
                Err(full) => Err(full.to_string()),
            }
        };
        let Self {
            server,
            listener,
            peer,
            number,
            since,
        } = self;
        let (mut stream, peer, place) = match welcome {
            Ok(welcome) => welcome,
            Err(reason) => {
                tracing::warn!(%peer, listener = %listener.name, reason, "closed at the door");
                return;
            }
        };
        tracing::debug!(%peer, listener = %listener.name, connection = number, "connected");
        let bell = Arc::new(Bell::default());
        let mut connection = Connection::new(
            intake,
            server.roster.clone(),
            bell.clone(),
            place,
            listener.bind_timeout,
            since,
        );
        let clock = server.clock;
        drop((listener, server));
        let end = link::drive(&mut stream, &mut connection, &bell, clock).await;
        let system_id = connection.system_id().unwrap_or_default().to_owned();
        drop(connection);
        if system_id.is_empty() {
            tracing::debug!(%peer, connection = number, reason = %end, "closed unbound");
        } else {
            tracing::info!(%peer, system_id, connection = number, reason = %end, "closed");
        }
    }
}

/// What comes before the first PDU: whose connection it is, and the TLS handshake.
async fn welcome(
    listener: Arc<Listener>,
    mut peer: SocketAddr,
    mut stream: TcpStream,
    mut place: Place,
) -> Result<(Stream, SocketAddr, Place), String> {
    let is_in = |network: &Network| network.contains(peer.ip());
    if listener.proxies.iter().any(is_in) {
        let announced = accept::announced(&mut stream).await;
        peer = announced
            .map_err(|error| error.to_string())?
            .unwrap_or(peer);
    }
    place
        .announce(peer.ip(), listener.connections_per_address)
        .map_err(|full| full.to_string())?;
    let stream = match &listener.tls {
        None => Stream::Plain(stream),
        Some(tls) => tls
            .accept(stream)
            .await
            .map_err(|error| error.to_string())?,
    };
    Ok((stream, peer, place))
}
