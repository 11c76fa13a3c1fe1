//! Builds the parts, starts them, changes them while they run, and lets them end in order.

mod directory;
mod start_error;
mod store;

use self::directory::Directory;
pub use self::start_error::StartError;
use self::store::{Opened, Store};
use crate::admin;
use crate::carrier::{self, Carrier, Keeper, Long, Unmatched};
use crate::config::{self, Config};
use crate::esme::{self, Listener, Roster};
use crate::flow::{Accounts, After, CarrierSlot, Carriers, Recovery, Switchboard};
use crate::journal::Completion;
use crate::journal::Completions;
use crate::journal::memory::Trouble;
use crate::link::Clock;
use crate::link::accept::{self, Entrance};
use crate::message::CarrierId;
use crate::receipt::Marks;
use crate::route::{InboundTable, Table};
use crate::session::Pace;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often those who wait are looked at.
const HOUSEKEEPING: Duration = Duration::from_millis(100);

/// How many of these make a second.
const SWEEP_EVERY: usize = 10;

/// After the request to end: how long what is under way has to come to its end.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Descriptors that are left for files, the runtime and those who look in over HTTP; a caller more
/// is there for a moment.
const DESCRIPTORS_OWN: usize = 64;
const _: () = assert!(admin::CALLERS_MAX < DESCRIPTORS_OWN / 2);

/// Descriptors of a bind with a carrier: its socket, and what it takes to look a name up before.
const DESCRIPTORS_OF_BIND: usize = 2;

/// Descriptors of a place where others connect: its socket, and its spare one.
const DESCRIPTORS_OF_ENTRANCE: usize = 2;

/// A running gateway.
pub struct Gateway {
    clock: Clock,
    board: Arc<Switchboard>,
    admin: Arc<admin::State>,
    directory: Directory,
    keepers: HashMap<CarrierId, (Arc<Carrier>, Keeper)>,
    listeners: Vec<watch::Sender<Arc<Listener>>>,
    process: config::Gateway,
    admin_settings: Option<config::Admin>,
    addresses: Vec<SocketAddr>,
    admin_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
}

impl Gateway {
    /// Starts everything that the config names. `trouble` lets tests make the journal slow or
    /// broken.
    pub async fn start(config: &Config, trouble: Arc<Trouble>) -> Result<Self, StartError> {
        let sockets = listen(config)?;
        let roster = Arc::new(Roster::default());
        let (settle, settled) = mpsc::unbounded_channel();
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(StartError::Random)?;
        // The journal's thread hands over and goes on; what waits there is bounded by what may be
        // under way.
        let completions: Completions<After> = Box::new(move |group| {
            let _ = settle.send(group);
        });
        let marks = Marks::default();
        let (store, directory) = Store::open(config, marks.clone())?;
        let clock = Clock::not_before(store.latest());
        let Opened {
            ids,
            journal,
            recovery,
        } = store.start(config, trouble, completions)?;
        let board = Arc::new(Switchboard::new(ids, marks, key, roster.clone(), journal));
        let server = Arc::new(esme::Server::new(roster, clock, connections(config)));
        let admin = Arc::new(admin::State {
            clock,
            board: board.clone(),
            server: server.clone(),
            certificates: ArcSwap::default(),
            carriers: ArcSwap::default(),
            guard: config
                .admin
                .as_ref()
                .map(config::Admin::guard)
                .unwrap_or_default(),
            draining: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let mut gateway = Self {
            clock,
            board: board.clone(),
            admin: admin.clone(),
            directory,
            keepers: HashMap::new(),
            listeners: Vec::new(),
            process: config.gateway.clone(),
            admin_settings: config.admin.clone(),
            addresses: Vec::new(),
            admin_address: None,
            stop,
        };
        gateway.put_in_force(config)?;
        if let Some(recovery) = recovery {
            gateway.take_up(config, recovery);
        }
        gateway.keep_binds(config);
        tokio::spawn(settle_batches(board.clone(), settled));
        tokio::spawn(keep_house(board.clone(), clock));
        for (settings, socket) in config.listeners.iter().zip(sockets.listeners) {
            let address = socket.local_addr().unwrap_or(settings.address);
            tracing::info!(listener = %settings.name, %address, "listening");
            gateway.addresses.push(address);
            let (in_force, settings) = watch::channel(Arc::new(listener(settings)));
            gateway.listeners.push(in_force);
            let board = board.clone();
            tokio::spawn(server.clone().serve(
                socket,
                settings,
                move || board.clerk(),
                stopped.clone(),
            ));
        }
        gateway.tell_admin();
        if let Some(socket) = sockets.admin {
            gateway.admin_address = socket.local_addr().ok();
            tokio::spawn(admin::serve(socket, admin));
        }
        Ok(gateway)
    }

    /// Where ESMEs connect, in the order of the config.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where metrics and health are.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// What the parts share.
    pub fn board(&self) -> &Arc<Switchboard> {
        &self.board
    }

    /// Puts another config in force: accounts, carriers and routes. Binds that it does not concern
    /// stay as they are.
    pub async fn reload(&mut self, config: &Config) -> Result<(), StartError> {
        let address = |admin: &Option<config::Admin>| admin.as_ref().map(|admin| admin.address);
        let is_admin_moved = address(&config.admin) != address(&self.admin_settings);
        if config.gateway != self.process || is_admin_moved {
            tracing::warn!(
                "changed keys of [gateway] and the address of [admin] take effect at the next start"
            );
        }
        self.put_in_force(config)?;
        self.keep_binds(config);
        // Another token may be none, for another address: here it counts with this one only.
        if !is_admin_moved {
            let token = config.admin.as_ref().and_then(|admin| admin.token.clone());
            self.admin.guard.renew(token);
        }
        // Other carriers take another number of descriptors.
        self.admin.server.hold_to(connections(config));
        self.apply_listeners(config);
        self.tell_admin();
        let accounts = self.board.accounts.current();
        for seat in self.board.roster.seats() {
            match accounts.account(seat.account) {
                Some(account) => seat.renew(account.clone()),
                None => seat.unbind(),
            }
        }
        Ok(())
    }

    /// Ends in order: nobody new comes in, what is under way gets its answers, then all unbind.
    pub async fn drain(self) {
        self.admin.draining.store(true, Ordering::Release);
        self.stop.send_replace(true);
        self.board.close();
        let quiet = async {
            // Who binds in this moment is asked as well; later nobody binds any more.
            while !self.is_quiet() {
                sleep(HOUSEKEEPING / 5).await;
            }
        };
        if timeout(DRAIN_TIMEOUT, quiet).await.is_err() {
            tracing::warn!("not everything under way came to its end in time");
        }
        let stopping: Vec<_> = self
            .keepers
            .into_values()
            .map(|(_, keeper)| tokio::spawn(keeper.stop()))
            .collect();
        for keeper in stopping {
            let _ = keeper.await;
        }
        let board = self.board.clone();
        // It waits for the disk: that is all that is left to be done.
        let _ = tokio::task::spawn_blocking(move || board.flush()).await;
        if self.board.keeps() {
            return;
        }
        let left = self.board.ledger.len();
        let untold: usize = self
            .board
            .roster
            .desks()
            .iter()
            .map(|(_, desk)| desk.backlog())
            .sum();
        if left + untold > 0 {
            tracing::warn!(
                messages = left,
                deliveries = untold,
                "ended with messages under way: a journal in memory does not keep them"
            );
        }
    }

    /// Asks every ESME to unbind. Whether all have gone and nothing waits for a carrier or its
    /// answer.
    fn is_quiet(&self) -> bool {
        let seats = self.board.roster.seats();
        seats.iter().for_each(|seat| seat.unbind());
        if self.board.keeps() {
            // What waits for a carrier is kept, and binds that are ended wait for their answers.
            return seats.is_empty();
        }
        let carriers = self.board.carriers.current();
        let waiting: usize = carriers.iter().map(|(_, slot)| slot.waiting()).sum();
        let in_flight: usize = carriers
            .iter()
            .map(|(_, slot)| slot.queue.in_flight())
            .sum();
        seats.is_empty() && waiting == 0 && in_flight == 0
    }

    /// Gives the listeners what has changed but where they listen. Who is connected stays.
    fn apply_listeners(&self, config: &Config) {
        let mut unknown = config.listeners.len();
        for in_force in &self.listeners {
            let is_same = |one: &&crate::config::Listener| {
                let now = in_force.borrow();
                one.name == now.name && one.address == now.address
            };
            if let Some(settings) = config.listeners.iter().find(is_same) {
                in_force.send_replace(Arc::new(listener(settings)));
                unknown -= 1;
            } else {
                unknown = usize::MAX;
                break;
            }
        }
        if unknown > 0 {
            tracing::warn!(
                "listeners that were added, removed, renamed or moved take effect at the next start"
            );
        }
    }

    /// Puts up the carriers, and what the next connections are shown, for those who look in.
    fn tell_admin(&self) {
        let carriers = self.keepers.values().map(|(carrier, _)| carrier.clone());
        self.admin.carriers.store(Arc::new(carriers.collect()));
        let listeners = self.listeners.iter().filter_map(|in_force| {
            let listener = in_force.borrow();
            Some(admin::Certificate {
                expires: listener.tls.as_ref()?.expires()?,
                listener: listener.name.clone(),
                carrier: String::new(),
            })
        });
        let carriers = self.keepers.values().filter_map(|(carrier, _)| {
            Some(admin::Certificate {
                expires: carrier.certificate_expires()?,
                listener: String::new(),
                carrier: carrier.name.clone(),
            })
        });
        let certificates = Arc::new(listeners.chain(carriers).collect());
        self.admin.certificates.store(certificates);
    }

    /// Puts accounts, carriers and routes in force.
    fn put_in_force(&mut self, config: &Config) -> Result<(), StartError> {
        self.directory.number(config)?;
        let account = |name: &str| self.directory.account(name);
        let carrier = |name: &str| self.directory.carrier(name);
        let table = Table::build(config.rules(account, carrier)).map_err(|flaws| {
            let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            StartError::Routes(flaws.join("; "))
        })?;
        let inbound = InboundTable::build(&config.inbound_rules(account, carrier));
        let accounts = Accounts::new(
            config
                .accounts
                .iter()
                .map(|one| (account(&one.system_id), Arc::new(one.clone()))),
        );
        // From here on nothing can fail: all of it comes into force.
        self.board.accounts.store(Arc::new(accounts));
        self.put_carriers(config);
        self.board.routes.store(Arc::new(table));
        self.board.inbound.store(Arc::new(inbound));
        Ok(())
    }

    /// Takes up what was under way when the process ended the last time.
    fn take_up(&self, config: &Config, recovery: Recovery) {
        let carriers: HashMap<CarrierId, &Carrier> = config
            .carriers
            .iter()
            .map(|carrier| (self.directory.carrier(&carrier.name), carrier))
            .collect();
        let reread = |carrier, pdu: &[u8], at| {
            let settings = carriers.get(&carrier)?;
            carrier::reread(settings, pdu, at)
        };
        let count = recovery.len();
        let mut clerk = self.board.clerk();
        clerk.take_up(recovery, &reread, self.clock.now());
        if count > 0 {
            tracing::info!(lives = count, "taken up again");
        }
    }

    /// Puts the carriers in force. Nothing binds by that.
    fn put_carriers(&mut self, config: &Config) {
        let now = self.clock.now();
        let before = self.board.carriers.current();
        let mut slots: Vec<Option<CarrierSlot>> = Vec::new();
        let mut put = |id: CarrierId, slot: CarrierSlot| {
            let at = usize::from(id.0);
            if slots.len() <= at {
                slots.resize(at + 1, None);
            }
            slots[at] = Some(slot);
        };
        for (id, slot) in before.iter() {
            put(
                id,
                CarrierSlot {
                    open: false,
                    ..slot.clone()
                },
            );
        }
        for settings in &config.carriers {
            let id = self.directory.carrier(&settings.name);
            let (group, correlator) = self.directory.group_of(id, &settings.group);
            let queue = self.directory.queue(id);
            let bounds = config.groups.iter().find(|one| one.name == settings.group);
            self.directory.share(&settings.group, &queue, bounds, now);
            let pace = (settings.rate > 0).then(|| Pace::new(settings.rate, settings.rate, now));
            let unchanged = self
                .keepers
                .get(&id)
                .is_some_and(|(old, _)| old.binds_like(settings));
            if !unchanged {
                queue.set_pace(pace);
            }
            // One carrier of a group that has not said how it writes ids is enough to try.
            let group_is_auto = config
                .carriers
                .iter()
                .any(|other| other.group == settings.group && other.message_id.is_auto());
            correlator.lock().set_auto(group_is_auto);
            put(
                id,
                CarrierSlot {
                    name: settings.name.clone(),
                    group,
                    correlator,
                    queue,
                    receipts: settings.receipts,
                    receipt_timeout: settings.receipt_timeout,
                    unmatched: match &settings.unmatched {
                        Unmatched::DeadLetter => None,
                        Unmatched::Forward(name) => Some(self.directory.account(name)),
                    },
                    segment_receipts: settings.segment_receipts,
                    wants_whole: settings.long == Long::Payload,
                    gathering: self.directory.gathering(id, settings.long),
                    open: true,
                },
            );
        }
        self.board.carriers.store(Arc::new(Carriers::new(slots)));
    }

    /// Starts binds with carriers that are new or have changed, and ends those with carriers that
    /// are gone.
    fn keep_binds(&mut self, config: &Config) {
        let wanted = config.carriers.iter().map(|settings| {
            let id = self.directory.carrier(&settings.name);
            (id, Arc::new(settings.clone()))
        });
        let wanted: Vec<(CarrierId, Arc<Carrier>)> = wanted.collect();
        let mut old = std::mem::take(&mut self.keepers);
        for (id, settings) in wanted {
            let before = match old.remove(&id) {
                Some((before, keeper)) if before.binds_like(&settings) => {
                    // What is alike may have other certificates.
                    keeper.renew(&settings);
                    self.keepers.insert(id, (settings, keeper));
                    continue;
                }
                before => before.map(|(_, keeper)| keeper),
            };
            let board = self.board.clone();
            let queue = self.directory.queue(id);
            let keeper =
                Keeper::start(id, settings.clone(), queue, self.clock, before, move || {
                    board.clerk()
                });
            self.keepers.insert(id, (settings, keeper));
        }
        for (_, keeper) in old.into_values() {
            tokio::spawn(keeper.stop());
        }
    }
}

struct Sockets {
    listeners: Vec<Entrance>,
    admin: Option<Entrance>,
}

/// Opens every socket first: a gateway either starts whole or says why not.
fn listen(config: &Config) -> Result<Sockets, StartError> {
    let open = |name: &str, address: SocketAddr| {
        accept::listen(address).map_err(|source| StartError::Listen {
            name: name.to_owned(),
            address,
            hint: match source.kind() {
                io::ErrorKind::AddrInUse => "; another process listens there",
                io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
                io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
                _ => "",
            },
            source,
        })
    };
    let listeners = config
        .listeners
        .iter()
        .map(|one| open(&one.name, one.address));
    Ok(Sockets {
        listeners: listeners.collect::<Result<_, _>>()?,
        admin: config
            .admin
            .as_ref()
            .map(|admin| open("admin", admin.address))
            .transpose()?,
    })
}

fn listener(settings: &crate::config::Listener) -> Listener {
    Listener {
        name: settings.name.clone(),
        address: settings.address,
        bind_timeout: settings.bind_timeout,
        connections_per_address: settings.connections_per_address,
        tls: settings.tls.clone(),
        proxies: settings.proxies.clone(),
    }
}

/// Connections of ESMEs that there are descriptors for, when ours are taken away: those of binds
/// with carriers, of places where others connect, of files and of whoever looks in.
fn connections(config: &Config) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let of_carriers = config.carriers.iter().map(|carrier| {
        let binds = carrier.binds as usize * carrier.bind.kinds().len();
        let door = match carrier.outbind {
            Some(_) => DESCRIPTORS_OF_ENTRANCE + carrier::CALLERS_MAX,
            None => 0,
        };
        binds * DESCRIPTORS_OF_BIND + door
    });
    let own = DESCRIPTORS_OWN
        + of_carriers.sum::<usize>()
        + (config.listeners.len() + 1) * DESCRIPTORS_OF_ENTRANCE;
    limit.map_or(usize::MAX, |limit| limit.saturating_sub(own).max(1))
}

/// Goes on with steps whose batches the journal has settled.
async fn settle_batches(
    board: Arc<Switchboard>,
    mut settled: mpsc::UnboundedReceiver<Vec<Completion<After>>>,
) {
    let mut clerk = board.clerk();
    while let Some(group) = settled.recv().await {
        unharmed("settling", || clerk.settle(group));
    }
}

/// Looks at those who wait, at once when a carrier is up and else several times a second.
async fn keep_house(board: Arc<Switchboard>, clock: Clock) {
    let mut clerk = board.clerk();
    let mut ticks = interval(HOUSEKEEPING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    loop {
        let rung = poll_fn(|cx| {
            if board.retry.look(cx) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        });
        tokio::select! {
            () = rung => unharmed("retrying", || clerk.retry()),
            _ = ticks.tick() => unharmed("housekeeping", || {
                clerk.housekeep(clock.now());
                turn += 1;
                if turn % SWEEP_EVERY == 0 {
                    clerk.sweep(turn / SWEEP_EVERY, clock.now());
                }
            }),
        }
    }
}

/// A broken promise of our own costs one step of the work that all share, not the gateway.
fn unharmed(what: &'static str, work: impl FnOnce()) {
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
        tracing::error!(what, "a step of the work that all share panicked");
    }
}
