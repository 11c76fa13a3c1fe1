//! The gateway: all of its logic, assembled as the program assembles it, on the clock of the world.
//!
//! What the runtime does there is done here by events: a connection has its turn when octets have
//! come, its bell was rung or its deadline is there.

use super::agenda::Event;
use super::paper::Keeping;
use super::plan::{PREFIXES, Plan};
use super::scene::Scene;
use super::tale::About;
use super::talk::{Connection, Rung, Talk};
use super::vault::Opened;
use super::witness;
use smppgate::carrier::{self, Backoff, Carrier, Line, Long, Queue, Share};
use smppgate::esme::{self, Bounds, Places, Roster};
use smppgate::flow::{Accounts, After, CarrierSlot, Carriers, Clerk, Switchboard};
use smppgate::journal::Completion;
use smppgate::link::{Bell, End as LinkEnd};
use smppgate::message::{AccountId, CarrierId, GroupId};
use smppgate::moment::Moment;
use smppgate::receipt::Correlator;
use smppgate::route::{Action, Candidate, InboundRule, InboundTable, Rule, Table};
use smppgate::session::{BindKind, Pace};
use smppgate_codec::code::Status;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

/// From the connection to the whole bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);

/// After its last word a connection waits so long at most for its peer to close.
const LINGER_US: u64 = 1_000_000;

/// The number that phones write to in order to reach an account.
pub fn short_code(account: usize) -> String {
    format!("3600{account}")
}

pub struct Gateway {
    pub board: Arc<Switchboard>,
    clerk: Clerk,
    carriers: Vec<(Arc<Carrier>, Arc<Queue>)>,
    keepers: Vec<Keeper>,
    /// Keepers of gateways that were here before.
    keepers_before: usize,
    connections: Vec<Option<Connection>>,
    /// The connection on each wire.
    on_wire: Vec<Option<usize>>,
    rung: Arc<Rung>,
    retry: Waker,
    pub journal: Arc<dyn Keeping>,
    /// What the journal has settled and nobody has looked at.
    settled: Vec<Completion<After>>,
    journal_due: Option<Moment>,
    places: Arc<Places>,
    swept: Moment,
    sweeps: usize,
    numbers: u64,
}

/// One bind with a carrier that is kept up.
struct Keeper {
    carrier: usize,
    kind: BindKind,
    backoff: Backoff,
}

impl Gateway {
    pub fn new(plan: &Plan, journal: Arc<dyn Keeping>, opened: Opened, now: Moment) -> Self {
        let roster = Arc::new(Roster::default());
        let Opened {
            ids,
            marks,
            pen,
            recovery,
        } = opened;
        let board = Switchboard::new(ids, marks, [7; 32], roster, pen);
        let board = Arc::new(board);
        let rung = Arc::new(Rung::default());
        let mut gateway = Self {
            clerk: board.clerk(),
            board,
            carriers: Vec::new(),
            keepers: Vec::new(),
            keepers_before: 0,
            connections: Vec::new(),
            on_wire: Vec::new(),
            retry: rung.waker(Rung::RETRY),
            rung,
            journal,
            settled: Vec::new(),
            journal_due: None,
            places: Places::new(Bounds {
                open: 10_000,
                unbound: 1_000,
                unbound_per_address: 1_000,
            }),
            swept: now,
            sweeps: 0,
            numbers: 0,
        };
        gateway.assemble(plan, now);
        if let Some(recovery) = recovery {
            let reread = |carrier: CarrierId, pdu: &[u8], at| {
                carrier::reread(&plan.carriers[usize::from(carrier.0)].settings, pdu, at)
            };
            gateway.clerk.take_up(recovery, &reread, now);
        }
        gateway.look_for_retry();
        gateway
    }

    /// Another gateway begins in the place of this one, which has died.
    pub fn again(&self, journal: Arc<dyn Keeping>, opened: Opened, scene: &mut Scene) -> Self {
        let mut next = Self::new(&scene.plan, journal, opened, scene.now);
        next.connections = self.connections.iter().map(|_| None).collect();
        next.on_wire = vec![None; self.on_wire.len()];
        next.keepers_before = self.keepers_before + self.keepers.len();
        next.swept = self.swept;
        next.sweeps = self.sweeps;
        next.call(scene);
        next
    }

    /// It dies: its connections are lost, and their peers find out at once or not.
    pub fn die(&mut self, is_silent: bool, scene: &mut Scene) {
        for connection in &mut self.connections {
            let Some(connection) = connection.take() else {
                continue;
            };
            let wire = connection.wire;
            match is_silent {
                true => scene.hold(wire).fall_silent(),
                false => scene.hold(wire).close(super::wire::End::Gateway),
            }
            scene.book.has_ended(wire, scene.now);
            scene.book.let_go[wire] = Some(scene.now);
        }
    }

    fn assemble(&mut self, plan: &Plan, now: Moment) {
        let accounts = plan.accounts.iter().enumerate();
        let accounts =
            accounts.map(|(at, esme)| (AccountId(at as u32), Arc::new(esme.settings.clone())));
        self.board.accounts.store(Arc::new(Accounts::new(accounts)));
        let groups: Vec<_> = plan
            .operators
            .iter()
            .map(|operator| {
                let correlator = Correlator::default();
                let share = operator.bounds.as_ref().map(|bounds| {
                    let share = Arc::new(Share::default());
                    share.set(Some(bounds), now);
                    share
                });
                (Arc::new(parking_lot::Mutex::new(correlator)), share)
            })
            .collect();
        let mut slots = Vec::new();
        for one in &plan.carriers {
            let settings = Arc::new(one.settings.clone());
            let pace = (settings.rate > 0).then(|| Pace::new(settings.rate, settings.rate, now));
            let queue = Arc::new(Queue::new(pace));
            let (correlator, share) = &groups[one.operator];
            if let Some(share) = share {
                share.join(&queue);
                queue.set_share(Some(share.clone()));
            }
            correlator.lock().set_auto(settings.message_id.is_auto());
            slots.push(Some(CarrierSlot {
                name: settings.name.clone(),
                group: GroupId(one.operator as u16),
                correlator: correlator.clone(),
                queue: queue.clone(),
                receipts: settings.receipts,
                receipt_timeout: settings.receipt_timeout,
                unmatched: None,
                segment_receipts: settings.segment_receipts,
                wants_whole: settings.long == Long::Payload,
                gathering: (settings.long == Long::Payload).then(Arc::default),
                open: true,
            }));
            for _ in 0..settings.binds {
                for kind in settings.bind.kinds() {
                    self.keepers.push(Keeper {
                        carrier: self.carriers.len(),
                        kind: *kind,
                        backoff: Backoff::new(settings.reconnect),
                    });
                }
            }
            self.carriers.push((settings, queue));
        }
        self.board.carriers.store(Arc::new(Carriers::new(slots)));
        let rules = plan.routes.iter().enumerate();
        let rules = rules.filter(|(_, via)| !via.is_empty());
        let rules = rules.map(|(at, via)| Rule {
            name: PREFIXES[at].to_owned(),
            to: vec![PREFIXES[at].parse().unwrap()],
            account: None,
            from: Vec::new(),
            priority: 0,
            unknown_outcome: plan.unknown_outcomes[at],
            action: Action::Via(
                via.iter()
                    .map(|carrier| Candidate {
                        carrier: CarrierId(*carrier as u16),
                    })
                    .collect(),
            ),
        });
        self.board
            .routes
            .store(Arc::new(Table::build(rules.collect()).unwrap()));
        let inbound: Vec<_> = (0..plan.accounts.len())
            .map(|account| InboundRule {
                to: vec![short_code(account).into_bytes()],
                carrier: None,
                keyword: None,
                account: AccountId(account as u32),
            })
            .collect();
        self.board
            .inbound
            .store(Arc::new(InboundTable::build(&inbound)));
    }

    /// It begins to call its carriers and to keep house.
    pub fn start(&mut self, scene: &mut Scene) {
        self.call(scene);
        scene.later(scene.plan.housekeeping, Event::Housekeep);
    }

    fn call(&mut self, scene: &mut Scene) {
        for keeper in 0..self.keepers.len() {
            let keeper = self.keepers_before + keeper;
            scene.agenda.add(scene.now, Event::Call { keeper });
        }
    }

    /// An ESME has connected.
    pub fn accept(&mut self, wire: usize, scene: &mut Scene) {
        self.numbers += 1;
        let peer = IpAddr::from([10, 0, 0, 1]);
        let mut place = self.places.take(self.numbers, peer).unwrap();
        place.announce(peer, 1_000).unwrap();
        let bell = Arc::new(Bell::default());
        let connection = esme::Connection::new(
            self.board.clerk(),
            self.board.roster.clone(),
            bell.clone(),
            place,
            BIND_TIMEOUT,
            scene.now,
        );
        self.connect(wire, Talk::Esme(Box::new(connection)), bell, scene);
    }

    /// Which carrier a bind is for, and how it is to be bound; `None` if who wanted it has died.
    pub fn keeper(&self, keeper: usize) -> Option<(usize, BindKind)> {
        let keeper = self.keepers.get(keeper.checked_sub(self.keepers_before)?)?;
        Some((keeper.carrier, keeper.kind))
    }

    /// A carrier has taken a call.
    pub fn reached(&mut self, keeper: usize, wire: usize, scene: &mut Scene) {
        let Some((carrier, kind)) = self.keeper(keeper) else {
            scene.book.let_go[wire] = Some(scene.now);
            return scene.hold(wire).close(super::wire::End::Gateway);
        };
        self.numbers += 1;
        let (settings, queue) = &self.carriers[carrier];
        let bell = Arc::new(Bell::default());
        let line = Arc::new(Line::new(self.numbers, kind, bell.clone()));
        let connection = carrier::Connection::new(
            CarrierId(carrier as u16),
            settings.clone(),
            queue.clone(),
            self.board.clerk(),
            line,
            scene.now,
        );
        let talk = Talk::Carrier {
            connection: Box::new(connection),
            keeper,
        };
        self.connect(wire, talk, bell, scene);
    }

    fn connect(&mut self, wire: usize, talk: Talk, bell: Arc<Bell>, scene: &mut Scene) {
        let number = self.connections.len();
        let waker = self.rung.waker(number);
        self.connections
            .push(Some(Connection::new(wire, talk, bell, waker, scene.now)));
        self.on_wire.resize(scene.wires.len(), None);
        self.on_wire[wire] = Some(number);
        self.turn(number, false, scene);
    }

    /// A carrier could not be reached, or a bind with it has ended.
    pub fn call_again(
        &mut self,
        keeper: usize,
        was_bound: bool,
        was_refused: bool,
        scene: &mut Scene,
    ) {
        let backoff = &mut self.keepers[keeper - self.keepers_before].backoff;
        if was_bound {
            backoff.reset();
        }
        let pause = backoff.next(was_refused, scene.chance.unit());
        scene.later(pause, Event::Call { keeper });
    }

    /// Octets have come on this wire, or there is room for more.
    pub fn arrives(&mut self, wire: usize, scene: &mut Scene) {
        if let Some(number) = self.on_wire.get(wire).copied().flatten() {
            self.turn(number, false, scene);
        }
    }

    /// A connection has its turn: it reads, listens to its bell, looks at the clock and writes until
    /// nothing is left to be done.
    pub fn turn(&mut self, number: usize, is_alarm: bool, scene: &mut Scene) {
        let Some(connection) = &mut self.connections[number] else {
            return;
        };
        if connection.is_parting || is_alarm && scene.now < connection.alarm_at {
            return;
        }
        let now = scene.now;
        let waker = connection.waker.clone();
        let mut cx = Context::from_waker(&waker);
        let mut turns = 0;
        let end = loop {
            let mut held = scene.hold(connection.wire);
            let Connection {
                relay, talk, bell, ..
            } = connection;
            match relay.turn(&mut cx, &mut held, talk, bell, now) {
                Ok(true) => {
                    turns += 1;
                    assert!(turns < 10_000, "a connection of the gateway turns for ever");
                }
                Ok(false) => break relay.overdue(now),
                Err(end) => break Some(end),
            }
        };
        witness::look(connection.wire, scene);
        match end {
            None => connection.set_alarm(number, scene),
            Some(end) => self.end(number, end, scene),
        }
    }

    fn end(&mut self, number: usize, end: LinkEnd, scene: &mut Scene) {
        let Some(connection) = &mut self.connections[number] else {
            return;
        };
        let wire = connection.wire;
        scene.note(About::World, || format!("gateway ends wire {wire}: {end}"));
        scene.book.has_ended(wire, scene.now);
        if let LinkEnd::Ended(_) = end {
            connection.say_last_words(scene);
            witness::look(wire, scene);
            let pause = scene.chance.micros(0, LINGER_US);
            scene.later(pause, Event::Gone { connection: number });
        } else {
            self.gone(number, scene);
        }
    }

    /// A connection is let go.
    pub fn gone(&mut self, number: usize, scene: &mut Scene) {
        let Some(connection) = self.connections[number].take() else {
            return;
        };
        let wire = connection.wire;
        scene.hold(wire).close(super::wire::End::Gateway);
        scene.book.let_go[wire] = Some(scene.now);
        self.on_wire[wire] = None;
        let attempt = match &connection.talk {
            Talk::Esme(_) => None,
            Talk::Carrier { connection, keeper } => {
                let refused = connection.refused();
                let was_refused = refused.is_some_and(|status| status != Status::ESME_RALYBND);
                Some((*keeper, connection.was_bound(), was_refused))
            }
        };
        drop(connection);
        if let Some((keeper, was_bound, was_refused)) = attempt {
            self.call_again(keeper, was_bound, was_refused, scene);
        }
    }

    /// After every event: whoever was rung has a turn soon, and the journal its time.
    pub fn listen(&mut self, scene: &mut Scene) {
        for number in self.rung.take() {
            let pause = match scene.chance.one_in(4) {
                true => scene.chance.micros(0, 500),
                false => Duration::ZERO,
            };
            let event = match number {
                Rung::RETRY => Event::Retry,
                connection => Event::Turn {
                    connection,
                    is_alarm: false,
                },
            };
            scene.later(pause, event);
        }
        let due = self.journal.next_due();
        if due != self.journal_due {
            self.journal_due = due;
            if let Some(due) = due {
                scene.agenda.add(due, Event::Journal);
            }
        }
    }

    /// The journal may be through with something.
    pub fn look_at_journal(&mut self, scene: &mut Scene) {
        let settled = self.journal.settled(scene.now);
        if settled.is_empty() {
            return;
        }
        self.settled.extend(settled);
        let pause = scene.chance.micros(0, 200);
        scene.later(pause, Event::Settle);
    }

    pub fn settle(&mut self) {
        let settled = std::mem::take(&mut self.settled);
        self.clerk.settle(settled);
    }

    pub fn retry(&mut self) {
        self.clerk.retry();
        self.look_for_retry();
    }

    fn look_for_retry(&mut self) {
        let cx = Context::from_waker(&self.retry);
        while self.board.retry.look(&cx) {
            self.clerk.retry();
        }
    }

    /// Looks at those who wait. At night, when nothing else happens, it looks seldom: what a second
    /// brings is made up for then.
    pub fn housekeep(&mut self, scene: &mut Scene) {
        let now = scene.now;
        self.clerk.housekeep(now);
        let seconds = now.since(self.swept).as_secs() as usize;
        if seconds > 0 {
            self.swept = self.swept + Duration::from_secs(seconds as u64);
            let (first, to) = (self.sweeps + 1, self.sweeps + seconds);
            // Every shard once, and before them the turns on which old correlations are looked for.
            let last = first.max((to + 1).saturating_sub(self.board.ledger.shards()));
            let before = (first.next_multiple_of(600)..last).step_by(600);
            for turn in before.chain(last..=to) {
                self.clerk.sweep(turn, now);
            }
            self.sweeps = to;
        }
    }

    /// Messages that have not come to their end, and what has not been told yet.
    pub fn under_way(&self) -> (usize, usize) {
        let desks = self.board.roster.desks();
        let open = desks.iter().map(|(_, desk)| desk.open()).sum();
        (self.board.ledger.len(), open)
    }

    /// Whether something waits for a carrier, for an ESME or for the journal.
    pub fn is_busy(&self) -> bool {
        let carriers = self.board.carriers.current();
        let for_carriers: usize = carriers.iter().map(|(_, slot)| slot.waiting()).sum();
        let desks = self.board.roster.desks();
        let for_esmes: usize = desks
            .iter()
            .map(|(_, desk)| desk.backlog() + desk.tried_later())
            .sum();
        for_carriers + for_esmes + self.board.parked.lock().total() > 0 || !self.journal.is_idle()
    }
}
