//! A world from its first event to its last: a day with its troubles, then calm, then the days that it
//! takes until nothing is under way.

use super::agenda::Event;
use super::audit;
use super::book::{Crash, Wrong};
use super::chance::Chance;
use super::esme::Esme;
use super::faults::{Faults, Ill};
use super::gateway::Gateway;
use super::leftovers;
use super::operator::Operator;
use super::paper::{Keeping, Paper};
use super::plan::{Plan, Wish};
use super::sabotage::{Sabotage, Saboteur};
use super::scene::{Owner, Scene, Side};
use super::tale::{About, Tale};
use super::tally::Tally;
use super::vault::{self, Opened, Vault};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the world has come to rest.
const LOOK: Duration = Duration::from_secs(5);

/// After the last message was sent: its answer has come or does not come in time, and a report that
/// waits for its message has waited long enough.
const PATIENCE: Duration = Duration::from_secs(70);

/// Looks after which it goes on whether it has or not.
const LOOKS_MAX: usize = 720;

/// A message of which nothing is reported is told as unknown after two days, and its carrier's id is
/// forgotten an hour later.
const NIGHT: Duration = Duration::from_secs(50 * 3_600);

/// Now and then the night is longer than what is to be delivered is kept.
const LONG_NIGHT: Duration = Duration::from_secs(130 * 3_600);

/// After the end of all messages: ids of carriers are forgotten after fifteen days, which is looked at
/// every ten minutes.
const FORGOTTEN: Duration = Duration::from_secs(15 * 24 * 3_600 + 1_200);

/// Looks in which what is over is forgotten.
const FORGETTING_MAX: usize = 20;

/// How often the gateway keeps house after the day.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How often the gateway keeps house when nothing else happens.
const NIGHT_HOUSEKEEPING: Duration = Duration::from_secs(1_800);

/// Events after which a world is thought to go on for ever.
const EVENTS_MAX: u64 = 20_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Day,
    Calm,
    Night,
    Morning,
    /// Everything has been told: ESMEs ask once more.
    Asking,
    Over,
}

pub struct World {
    pub scene: Scene,
    pub gateway: Gateway,
    pub esmes: Vec<Esme>,
    pub operators: Vec<Operator>,
    /// Where the journal lies, if it is on a disk.
    pub vault: Option<Arc<Vault>>,
    /// Binds that are called for again in the morning.
    asleep: Vec<usize>,
    phase: Phase,
    looks: usize,
    events: u64,
}

/// What has become of one seed.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    pub hash: u64,
    pub events: u64,
    pub pdus: u64,
    /// Time that has passed in the world.
    pub span: Duration,
    pub tally: Tally,
    pub wrong: Vec<Wrong>,
    /// The story of the first message that went wrong, if it was to be told.
    pub story: String,
}

/// Lets one world happen.
pub fn run(seed: u64, is_told: bool) -> Outcome {
    let mut world = World::new(seed, is_told);
    world.go();
    world.outcome(seed)
}

/// Lets one world happen in which the gateway breaks a promise. What became of it, if that could be
/// done.
pub fn run_sabotaged(seed: u64, sabotage: Sabotage) -> Option<Outcome> {
    let mut world = World::new(seed, false);
    world.scene.saboteur = Some(Saboteur::new(sabotage));
    world.go();
    let saboteur = world.scene.saboteur.as_ref();
    let is_done = saboteur.is_some_and(Saboteur::is_done);
    is_done.then(|| world.outcome(seed))
}

impl World {
    fn new(seed: u64, is_told: bool) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Rc::new(Plan::of(&mut chance));
        let mut scene = Scene::new(plan.clone(), chance, Tale::new(is_told));
        scene.note(About::World, || format!("{plan:#?}"));
        let (journal, opened, vault): (Arc<dyn Keeping>, Opened, _) = match plan.is_on_disk {
            true => {
                let (vault, opened) = Vault::open(Vault::empty(), &plan, &mut scene.chance);
                (vault.clone(), opened, Some(vault))
            }
            false => {
                let paper = Arc::new(Paper::default());
                (paper.clone(), Opened::in_memory(paper.pen()), None)
            }
        };
        let gateway = Gateway::new(&plan, journal, opened, plan.start);
        let esmes = (0..plan.accounts.len()).map(|at| Esme::new(at, plan.clone()));
        let operators = (0..plan.operators.len()).map(|at| Operator::new(at, plan.clone()));
        Self {
            scene,
            gateway,
            esmes: esmes.collect(),
            operators: operators.collect(),
            vault,
            asleep: Vec::new(),
            phase: Phase::Day,
            looks: 0,
            events: 0,
        }
    }

    fn go(&mut self) {
        let plan = self.scene.plan.clone();
        self.gateway.start(&mut self.scene);
        for esme in &mut self.esmes {
            esme.come(&mut self.scene);
        }
        for (at, order) in plan.load.iter().enumerate() {
            self.scene.agenda.add(order.at, Event::Load { at });
        }
        for (at, trouble) in plan.troubles.iter().enumerate() {
            let begins = Event::Trouble { at, is_over: false };
            self.scene.agenda.add(trouble.from, begins);
            let ends = Event::Trouble { at, is_over: true };
            self.scene.agenda.add(trouble.until, ends);
        }
        self.scene.agenda.add(plan.start + plan.day, Event::Phase);
        while self.phase != Phase::Over
            && let Some((at, event)) = self.scene.agenda.next()
        {
            self.events += 1;
            assert!(self.events < EVENTS_MAX, "the world goes on for ever");
            self.scene.now = self.scene.now.max(at);
            self.gateway.journal.at(self.scene.now);
            self.happen(event);
            self.gateway.listen(&mut self.scene);
        }
    }

    fn happen(&mut self, event: Event) {
        let Self {
            scene,
            gateway,
            esmes,
            operators,
            ..
        } = self;
        match event {
            Event::Arrives {
                wire,
                at_gateway: true,
            } => gateway.arrives(wire, scene),
            Event::Arrives { wire, .. } => match scene.owners[wire] {
                Owner::Esme { esme, bind } => esmes[esme].read(bind, scene),
                Owner::Carrier { operator, session } => operators[operator].read(session, scene),
                Owner::Nobody => {}
            },
            Event::Turn {
                connection,
                is_alarm,
            } => gateway.turn(connection, is_alarm, scene),
            Event::Gone { connection } => gateway.gone(connection, scene),
            Event::Housekeep => {
                gateway.housekeep(scene);
                let pause = match self.phase {
                    Phase::Day => scene.plan.housekeeping,
                    _ if scene.is_night => NIGHT_HOUSEKEEPING,
                    _ => HOUSEKEEPING,
                };
                scene.later(pause, Event::Housekeep);
            }
            Event::Retry => gateway.retry(),
            Event::Journal => gateway.look_at_journal(scene),
            Event::Settle => gateway.settle(),
            // What a night of calls in vain would bring is known.
            Event::Call { keeper } if scene.is_night => self.asleep.push(keeper),
            Event::Call { keeper } => {
                let Some((carrier, kind)) = gateway.keeper(keeper) else {
                    return;
                };
                let operator = scene.plan.carriers[carrier].operator;
                if operators[operator]
                    .called(carrier, kind, keeper, scene)
                    .is_none()
                {
                    gateway.call_again(keeper, false, false, scene);
                }
            }
            // If the peer has gone meanwhile, the gateway will see that.
            Event::Connects { wire } => match scene.sides[wire] {
                Side::Carrier { keeper, .. } => gateway.reached(keeper, wire, scene),
                Side::Esme { .. } => gateway.accept(wire, scene),
            },
            Event::Esme {
                esme,
                bind,
                era,
                what,
            } => esmes[esme].task(bind, era, what, scene),
            Event::Carrier {
                operator,
                session,
                what,
            } => operators[operator].task(session, what, scene),
            Event::Load { at } => {
                let order = scene.plan.load[at];
                match order.wish {
                    Wish::Phone { .. } => operators[order.of].phone_writes(&order, scene),
                    _ => esmes[order.of].wish(order, scene),
                }
            }
            Event::Trouble { at, is_over } => {
                if self.phase == Phase::Day {
                    self.trouble(at, is_over);
                }
            }
            Event::Phase => self.next_phase(),
        }
    }

    /// The gateway ends from one moment to the next, and another one goes on.
    fn crash(&mut self, end: vault::End) {
        let Some(vault) = self.vault.take() else {
            return;
        };
        let scene = &mut self.scene;
        scene.note(About::World, || format!("the gateway ends: {end:?}"));
        let now = scene.now;
        let since = vault.since().unwrap_or(now);
        scene.book.crashes.push(Crash { at: now, since });
        let disk = vault.end(end, &mut scene.chance);
        self.gateway.die(end == vault::End::PowerCut, scene);
        let plan = scene.plan.clone();
        let (vault, opened) = Vault::open(disk, &plan, &mut scene.chance);
        vault.at(now);
        self.gateway = self.gateway.again(vault.clone(), opened, scene);
        self.vault = Some(vault);
    }

    fn trouble(&mut self, at: usize, is_over: bool) {
        if let Ill::GatewayEnds { end } = self.scene.plan.troubles[at].what {
            return match is_over {
                true => {}
                false => self.crash(end),
            };
        }
        let Self {
            scene,
            gateway,
            esmes,
            operators,
            ..
        } = self;
        let trouble = scene.plan.troubles[at];
        scene.note(About::World, || {
            let turn = if is_over { "ends" } else { "begins" };
            format!("trouble {turn}: {:?}", trouble.what)
        });
        let wire_of_esme = |esmes: &[Esme], esme: usize, bind: usize| {
            let session: &Option<_> = &esmes[esme].binds[bind].session;
            session.as_ref().map(|session| session.wire)
        };
        match trouble.what {
            Ill::EsmeBreaks { esme, bind } if !is_over => {
                if let Some(wire) = wire_of_esme(esmes, esme, bind) {
                    scene.hold(wire).cut();
                }
            }
            Ill::EsmeFallsSilent { esme, bind } if !is_over => {
                if let Some(wire) = wire_of_esme(esmes, esme, bind) {
                    scene.hold(wire).fall_silent();
                }
            }
            Ill::EsmeStalls { esme, bind } => esmes[esme].stall(bind, !is_over, scene),
            Ill::EsmeUnbinds { esme, bind } if !is_over => esmes[esme].leave(bind, true, scene),
            Ill::EsmeAway { esme } => {
                let esme = &mut esmes[esme];
                esme.is_away = !is_over;
                if is_over {
                    return esme.come(scene);
                }
                let in_order = scene.chance.one_in(2);
                (0..esme.binds.len()).for_each(|bind| esme.leave(bind, in_order, scene));
            }
            Ill::CarrierDown { carrier } | Ill::CarrierRefusesBinds { carrier } => {
                let operator = &mut operators[scene.plan.carriers[carrier].operator];
                match trouble.what {
                    Ill::CarrierDown { .. } => operator.down[carrier] = !is_over,
                    _ => operator.refusing[carrier] = !is_over,
                }
                if !is_over {
                    for session in operator.bound_to(carrier) {
                        operator.close(session, scene);
                    }
                }
            }
            Ill::CarrierBreaks { carrier }
            | Ill::CarrierFallsSilent { carrier }
            | Ill::CarrierStalls { carrier }
            | Ill::CarrierUnbinds { carrier } => {
                let operator = &mut operators[scene.plan.carriers[carrier].operator];
                let bound = operator.bound_to(carrier);
                if is_over || bound.is_empty() {
                    return;
                }
                let session = scene.chance.pick(&bound);
                operator.suffer(session, trouble, scene);
            }
            Ill::JournalSlow { delay } => {
                let delay = if is_over { Duration::ZERO } else { delay };
                gateway.journal.set_delay(delay);
            }
            Ill::JournalFull => gateway.journal.set_full(!is_over),
            _ => {}
        }
    }

    fn next_phase(&mut self) {
        self.looks += 1;
        if self.looks > LOOKS_MAX && self.phase != Phase::Night {
            let what = format!("the world does not come to rest: {:?}", self.phase);
            self.scene.book.wrong(About::World, what);
        }
        let is_at_rest = self.is_at_rest() || self.looks > LOOKS_MAX;
        let next = match self.phase {
            Phase::Day => {
                self.become_well();
                Phase::Calm
            }
            Phase::Calm if is_at_rest && self.is_told() && !self.waits() => Phase::Asking,
            Phase::Calm if is_at_rest => Phase::Night,
            Phase::Night => Phase::Morning,
            Phase::Morning if is_at_rest && self.is_told() => Phase::Asking,
            Phase::Morning if self.looks > LOOKS_MAX => Phase::Asking,
            Phase::Asking if self.esmes.iter().all(Esme::is_at_rest) => Phase::Over,
            same => same,
        };
        if next != self.phase {
            self.looks = 0;
            self.scene.note(About::World, || format!("{next:?} begins"));
        }
        let scene = &mut self.scene;
        let until = match next {
            Phase::Night if self.phase != Phase::Night => {
                self.fall_asleep();
                let last = self.scene.book.messages.last();
                let since =
                    last.map_or(self.scene.now, |message| message.asked.max(self.scene.now));
                since
                    + match self.scene.chance.one_in(8) {
                        true => LONG_NIGHT,
                        false => NIGHT,
                    }
            }
            Phase::Morning if self.phase != Phase::Morning => {
                scene.is_night = false;
                for esme in &mut self.esmes {
                    esme.come(scene);
                }
                for keeper in self.asleep.drain(..) {
                    let pause = scene.chance.millis(1_000, 10_000);
                    scene.later(pause, Event::Call { keeper });
                }
                // The gateway looks again before anybody is there.
                scene.agenda.add(scene.now, Event::Housekeep);
                scene.now + LOOK
            }
            Phase::Asking if self.phase != Phase::Asking => {
                for esme in &mut self.esmes {
                    esme.ask_for_all(20, scene);
                }
                scene.now + LOOK
            }
            _ => scene.now + LOOK,
        };
        self.phase = next;
        self.scene.agenda.add(until, Event::Phase);
    }

    /// From now on nothing goes wrong any more.
    fn become_well(&mut self) {
        let Self {
            scene,
            gateway,
            esmes,
            operators,
            ..
        } = self;
        scene.faults = Faults {
            delivered: 1_000,
            latency_ms: 5,
            room: usize::MAX,
            ..Faults::default()
        };
        gateway.journal.set_delay(Duration::ZERO);
        gateway.journal.set_full(false);
        for esme in esmes.iter_mut() {
            esme.is_away = false;
            for bind in 0..esme.binds.len() {
                esme.stall(bind, false, scene);
            }
            esme.come(scene);
        }
        for operator in operators.iter_mut() {
            operator.down.fill(false);
            operator.refusing.fill(false);
            operator.read_on(scene);
        }
    }

    /// All peers go away for the night.
    fn fall_asleep(&mut self) {
        let Self {
            scene,
            esmes,
            operators,
            ..
        } = self;
        scene.is_night = true;
        for esme in esmes.iter_mut() {
            (0..esme.binds.len()).for_each(|bind| esme.leave(bind, true, scene));
        }
        for operator in operators.iter_mut() {
            for session in 0..operator.sessions.len() {
                operator.unbind(session, scene);
            }
        }
    }

    /// Whether nobody has anything to do but wait.
    fn is_at_rest(&self) -> bool {
        let esmes = self.esmes.iter().all(|esme| esme.is_at_rest());
        let operators = self.operators.iter().all(|operator| operator.is_at_rest());
        let is_answered = self.scene.busy_at + PATIENCE <= self.scene.now;
        esmes && operators && is_answered && !self.gateway.is_busy()
    }

    /// Whether the journal alone knows of some, or reports wait for messages that nobody knows.
    fn waits(&self) -> bool {
        let vault = self.vault.as_ref();
        let carriers = self.gateway.board.carriers.current();
        let mut slots = carriers.iter().map(|(_, slot)| slot);
        vault.is_some_and(|vault| vault.laid_down() > 0)
            || slots.any(|slot| slot.correlator.lock().parked() > 0)
    }

    /// Whether nothing is left to be told, not even late.
    fn is_told(&self) -> bool {
        let (under_way, untold) = self.gateway.under_way();
        let mut untaken = self.operators.iter().flat_map(Operator::untaken);
        under_way + untold == 0 && untaken.next().is_none()
    }

    fn outcome(mut self, seed: u64) -> Outcome {
        let tally = audit::audit(&mut self);
        self.scene.now = self.scene.now + FORGOTTEN;
        for _ in 0..FORGETTING_MAX {
            self.gateway.journal.at(self.scene.now);
            self.gateway.housekeep(&mut self.scene);
            self.scene.now = self.scene.now + Duration::from_secs(10);
            self.gateway.look_at_journal(&mut self.scene);
            self.gateway.settle();
            if self.vault.as_ref().is_none_or(|vault| vault.held() == 0) {
                break;
            }
        }
        leftovers::judge_late(&mut self);
        let Self { scene, events, .. } = self;
        let wrong = scene.book.wrong;
        let story = match wrong.first() {
            Some(first) if scene.tale.is_told() => scene.tale.story(first.about, scene.plan.start),
            _ => String::new(),
        };
        Outcome {
            seed,
            hash: scene.tale.hash(),
            events,
            pdus: scene.tale.pdus(),
            span: scene.now.since(scene.plan.start),
            tally,
            wrong,
            story,
        }
    }
}
