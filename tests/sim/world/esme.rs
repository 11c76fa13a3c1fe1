//! An ESME: it binds, submits, takes deliveries, and does all of it badly at times.

use super::agenda::{EsmeTask, Event};
use super::book::{Answer, Answered, Book, Change, Message, Request, Shape};
use super::plan::{Order, Plan, Wish};
use super::scene::{Owner, Scene, Side};
use super::session::{Heard, Session, frame_of};
use super::submission;
use super::tale::About;
use super::wire::End;
use bytes::BytesMut;
use smppgate::session::BindKind;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::Bind as BindPdu;
use smppgate_codec::wire::PduWriter;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// From one look at a link to the next.
const PULSE: Duration = Duration::from_secs(25);

pub struct Esme {
    pub number: usize,
    name: String,
    plan: Rc<Plan>,
    pub binds: Vec<Bind>,
    /// What it wants to submit and could not yet.
    wishes: VecDeque<Order>,
    /// Messages that it knows an id of.
    pub known: Vec<usize>,
    pub is_away: bool,
}

pub struct Bind {
    pub kind: BindKind,
    /// How often it has connected.
    era: u32,
    pub session: Option<Session>,
    is_bound: bool,
    is_leaving: bool,
    /// Its requests that were not answered.
    open: BTreeMap<u32, Asked>,
    /// Deliveries that it has read and not answered.
    pub held: usize,
    /// Those that it is going to answer, by their sequence_number.
    unanswered: BTreeMap<u32, About>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Bind,
    Unbind,
    /// Messages: the first of them.
    Submit {
        message: usize,
    },
    /// Something about one of them.
    About,
}

impl Esme {
    pub fn new(number: usize, plan: Rc<Plan>) -> Self {
        let binds = plan.accounts[number].binds.iter();
        let binds = binds.map(|kind| Bind {
            kind: *kind,
            era: 0,
            session: None,
            is_bound: false,
            is_leaving: false,
            open: BTreeMap::new(),
            held: 0,
            unanswered: BTreeMap::new(),
        });
        Self {
            number,
            name: plan.accounts[number].settings.system_id.clone(),
            binds: binds.collect(),
            plan: plan.clone(),
            wishes: VecDeque::new(),
            known: Vec::new(),
            is_away: false,
        }
    }

    /// Connects every bind that is not connected, each after a moment.
    pub fn come(&mut self, scene: &mut Scene) {
        for bind in 0..self.binds.len() {
            if self.binds[bind].session.is_none() {
                let pause = scene.chance.millis(0, 1_500);
                self.plan_task(bind, pause, EsmeTask::Connect, scene);
            }
        }
    }

    fn plan_task(&self, bind: usize, pause: Duration, what: EsmeTask, scene: &mut Scene) {
        let event = Event::Esme {
            esme: self.number,
            bind,
            era: self.binds[bind].era,
            what,
        };
        scene.later(pause, event);
    }

    pub fn task(&mut self, bind: usize, era: u32, what: EsmeTask, scene: &mut Scene) {
        if self.binds[bind].era != era {
            return;
        }
        match what {
            EsmeTask::Connect => self.connect(bind, scene),
            EsmeTask::Pulse => self.pulse(bind, scene),
            EsmeTask::Answer {
                sequence,
                command,
                status,
            } => self.answer_later(bind, sequence, Command(command), Status(status), scene),
            EsmeTask::Leave { in_order } => self.leave(bind, in_order, scene),
        }
    }

    fn connect(&mut self, at: usize, scene: &mut Scene) {
        if self.is_away || scene.is_night || self.binds[at].session.is_some() {
            return;
        }
        let bind = &mut self.binds[at];
        bind.era += 1;
        let esme = self.number;
        let owner = Owner::Esme { esme, bind: at };
        let wire = scene.lay(owner, Side::Esme { esme });
        let latency = scene.wires[wire].latency();
        scene.later(latency, Event::Connects { wire });
        let mut session = Session::new(wire);
        let sequence = session.number();
        let mut out = BytesMut::new();
        let mut writer =
            PduWriter::begin(&mut out, bind.kind.command(), Status::ESME_ROK, sequence);
        BindPdu {
            system_id: self.name.as_bytes(),
            password: b"secret",
            system_type: b"",
            interface_version: 0x34,
            addr_ton: 0,
            addr_npi: 0,
            address_range: b"",
        }
        .put(writer.body());
        drop(writer);
        session.write(&out, &[About::World], &self.name, scene);
        bind.open.insert(sequence, Asked::Bind);
        bind.session = Some(session);
        let pause = PULSE + scene.chance.millis(0, 5_000);
        self.plan_task(at, pause, EsmeTask::Pulse, scene);
    }

    /// The link is gone, whoever ended it.
    pub fn lose(&mut self, at: usize, scene: &mut Scene) {
        let bind = &mut self.binds[at];
        let Some(session) = bind.session.take() else {
            return;
        };
        scene.owners[session.wire] = Owner::Nobody;
        (bind.is_bound, bind.is_leaving, bind.held) = (false, false, 0);
        bind.open.clear();
        bind.unanswered.clear();
        bind.era += 1;
        let pause = scene.chance.millis(100, 5_000);
        self.plan_task(at, pause, EsmeTask::Connect, scene);
    }

    fn pulse(&mut self, at: usize, scene: &mut Scene) {
        let Some(session) = &mut self.binds[at].session else {
            return;
        };
        let wire = session.wire;
        if session.pulse(&self.name, scene) {
            let pause = PULSE + scene.chance.millis(0, 5_000);
            return self.plan_task(at, pause, EsmeTask::Pulse, scene);
        }
        let name = &self.name;
        scene.note(About::World, || {
            format!("{name} hears nothing on wire {wire}")
        });
        scene.hold(wire).close(End::Peer);
        self.lose(at, scene);
    }

    pub fn leave(&mut self, at: usize, in_order: bool, scene: &mut Scene) {
        let bind = &mut self.binds[at];
        let Some(session) = &mut bind.session else {
            return;
        };
        let wire = session.wire;
        if in_order && bind.is_bound {
            if !bind.is_leaving {
                bind.is_leaving = true;
                let sequence = session.number();
                bind.open.insert(sequence, Asked::Unbind);
                let command = Command::UNBIND;
                let about = [About::World];
                session.write_bare(
                    command,
                    Status::ESME_ROK,
                    sequence,
                    &about,
                    &self.name,
                    scene,
                );
            }
            return;
        }
        let name = &self.name;
        scene.note(About::World, || format!("{name} closes wire {wire}"));
        scene.hold(wire).close(End::Peer);
        self.lose(at, scene);
    }

    /// Reads what has come.
    pub fn read(&mut self, at: usize, scene: &mut Scene) {
        while let Some(session) = &mut self.binds[at].session {
            match session.next(scene) {
                Heard::Pdu(pdu) => self.hear(at, &pdu, scene),
                Heard::Nothing => break,
                Heard::Closed => {
                    let (name, wire) = (&self.name, session.wire);
                    scene.note(About::World, || format!("{name} finds wire {wire} closed"));
                    scene.hold(wire).close(End::Peer);
                    self.lose(at, scene);
                }
            }
        }
        self.submit(scene);
    }

    fn hear(&mut self, at: usize, pdu: &BytesMut, scene: &mut Scene) {
        let frame = frame_of(pdu);
        let bind = &mut self.binds[at];
        let Some(session) = &mut bind.session else {
            return;
        };
        let (command, sequence, wire) = (frame.header.command, frame.header.sequence, session.wire);
        let asked = match command.is_response() {
            true => bind.open.remove(&sequence),
            false => None,
        };
        let about = match asked {
            Some(Asked::Submit { message }) => vec![About::Message(message)],
            Some(Asked::Bind | Asked::Unbind) => vec![About::World],
            _ => submission::about(&frame, &scene.book),
        };
        let name = &self.name;
        scene.tale.pdu(scene.now, &frame, &about, || {
            format!("{name} on wire {wire} reads")
        });
        match (command, asked) {
            (Command::DELIVER_SM | Command::DATA_SM, _) => {
                self.delivered(at, &frame, &about, scene)
            }
            (Command::ENQUIRE_LINK, _) => {
                let command = Command::ENQUIRE_LINK_RESP;
                session.write_bare(command, Status::ESME_ROK, sequence, &[], name, scene);
            }
            (Command::UNBIND, _) => {
                let command = Command::UNBIND_RESP;
                let about = [About::World];
                session.write_bare(command, Status::ESME_ROK, sequence, &about, name, scene);
                bind.is_leaving = true;
            }
            (Command::UNBIND_RESP, Some(Asked::Unbind)) => {
                scene.hold(wire).close(End::Peer);
                self.lose(at, scene);
            }
            (_, Some(Asked::Bind)) => {
                bind.is_bound = frame.header.status.is_ok();
                if !bind.is_bound {
                    scene.hold(wire).close(End::Peer);
                    self.lose(at, scene);
                }
            }
            (_, Some(Asked::Submit { message })) => {
                if frame.header.status.is_ok() {
                    self.known.push(message);
                }
            }
            (_, Some(Asked::About | Asked::Unbind)) => {}
            (Command::ENQUIRE_LINK_RESP, None) => {}
            (_, None) => {
                let what = format!("{name} reads {command} #{sequence} that it has not asked for");
                scene.book.wrong(About::World, what);
            }
        }
    }

    fn delivered(&mut self, at: usize, frame: &Frame<'_>, about: &[About], scene: &mut Scene) {
        let bind = &mut self.binds[at];
        bind.held += 1;
        let settings = &self.plan.accounts[self.number].settings;
        if !bind.kind.receives() || bind.held > settings.deliver_window as usize {
            let what = format!(
                "{} has {} deliveries to answer on a {:?} with a window of {}",
                self.name, bind.held, bind.kind, settings.deliver_window
            );
            scene.book.wrong(about[0], what);
        }
        let Some(session) = &bind.session else { return };
        submission::read(about[0], session.wire, frame.header.sequence, scene);
        let faults = &scene.faults;
        let (slow, none, later, never, leaves) = (
            faults.slow_taker,
            faults.no_taker,
            faults.taken_later,
            faults.never_taken,
            faults.taker_leaves,
        );
        let mut status = Status::ESME_ROK;
        let mut pause = scene.chance.micros(0, 5_000);
        let mut leave = None;
        if scene.chance.permille(leaves) {
            let in_order = scene.chance.one_in(2);
            let pause = scene.chance.millis(0, 200);
            leave = Some((pause, EsmeTask::Leave { in_order }));
        }
        if let Some((pause, leave)) = leave {
            self.plan_task(at, pause, leave, scene);
        }
        if scene.chance.permille(none) {
            return;
        }
        if scene.chance.permille(slow) {
            pause = settings
                .deliver_timeout
                .mul_f64(0.5 + 2.0 * scene.chance.unit());
        }
        if scene.chance.permille(later) {
            status = scene.chance.pick(&[
                Status::ESME_RX_T_APPN,
                Status::ESME_RSYSERR,
                Status::ESME_RMSGQFUL,
            ]);
        } else if scene.chance.permille(never) {
            status = scene
                .chance
                .pick(&[Status::ESME_RX_P_APPN, Status::ESME_RX_R_APPN]);
        }
        let answer = EsmeTask::Answer {
            sequence: frame.header.sequence,
            command: frame.header.command.0,
            status: status.0,
        };
        let unanswered = &mut self.binds[at].unanswered;
        unanswered.insert(frame.header.sequence, about[0]);
        self.plan_task(at, pause, answer, scene);
    }

    fn answer_later(
        &mut self,
        at: usize,
        sequence: u32,
        command: Command,
        status: Status,
        scene: &mut Scene,
    ) {
        let bind = &mut self.binds[at];
        let Some(session) = &mut bind.session else {
            return;
        };
        let about = bind.unanswered.remove(&sequence).unwrap_or(About::World);
        bind.held -= 1;
        let command = command.response().unwrap_or(Command::GENERIC_NACK);
        let wire = session.wire;
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, command, status, sequence);
        writer.u8(0);
        drop(writer);
        let place = session.write(&out, &[about], &self.name, scene);
        let answered = Answered {
            status,
            at: scene.now,
            place,
        };
        submission::answered(about, wire, sequence, answered, scene);
    }

    /// The next message of the load.
    pub fn wish(&mut self, order: Order, scene: &mut Scene) {
        self.wishes.push_back(order);
        self.submit(scene);
    }

    /// Whether it has submitted all that it wants to and has an answer to all that it has asked.
    pub fn is_at_rest(&self) -> bool {
        self.wishes.is_empty() && self.binds.iter().all(|bind| bind.open.is_empty())
    }

    /// It stops to read, or reads on.
    pub fn stall(&mut self, at: usize, is_stalled: bool, scene: &mut Scene) {
        if let Some(session) = &mut self.binds[at].session {
            session.is_stalled = is_stalled;
        }
        if !is_stalled {
            self.read(at, scene);
        }
    }

    fn submit(&mut self, scene: &mut Scene) {
        while let Some(order) = self.wishes.front().copied() {
            let Some(at) = self.bind_for(&order) else {
                return;
            };
            self.wishes.pop_front();
            self.ask(at, &order, scene);
        }
    }

    fn bind_for(&self, order: &Order) -> Option<usize> {
        let window = self.plan.accounts[self.number].window;
        let can = |at: &usize| {
            let bind = &self.binds[*at];
            bind.kind.sends() && bind.is_bound && !bind.is_leaving && bind.open.len() < window
        };
        let count = self.binds.len();
        (0..count).map(|step| (order.bind + step) % count).find(can)
    }

    fn ask(&mut self, at: usize, order: &Order, scene: &mut Scene) {
        match order.wish {
            Wish::Query | Wish::Cancel | Wish::Replace => self.manage(at, order.wish, scene),
            _ => self.send(at, order, scene),
        }
    }

    /// Submits one message, all of its segments, or one to several destinations.
    fn send(&mut self, at: usize, order: &Order, scene: &mut Scene) {
        let first = scene.book.messages.len();
        let count = match order.wish {
            Wish::Segments { total } => usize::from(total),
            Wish::Multi { count } => count,
            _ => 1,
        };
        let Some(session) = &mut self.binds[at].session else {
            return;
        };
        for number in first..first + count {
            let shape = match order.wish {
                Wish::Segments { total } => Shape::Segment { of: first, total },
                Wish::Multi { count } => Shape::Multi { of: first, count },
                _ => Shape::One,
            };
            let to = match shape {
                Shape::Segment { of, .. } => of,
                _ => number,
            };
            let destination =
                submission::written(Book::destination(order.prefix, to), order.written);
            scene.book.messages.push(Message {
                account: self.number,
                ack: self.plan.accounts[self.number].settings.ack,
                wire: session.wire,
                asked: scene.now,
                shape,
                destination,
                prefix: order.prefix,
                registered: order.registered,
                valid_seconds: order.valid_seconds.filter(|_| order.wish != Wish::Data),
                text: match shape {
                    Shape::Multi { of, .. } => submission::text(of, order.wish),
                    _ => submission::text(number, order.wish),
                },
                answer: Answer::None,
                place: 0,
                sendings: Vec::new(),
                told: Vec::new(),
                cancels: Vec::new(),
                replaces: Vec::new(),
                queried: Vec::new(),
            });
        }
        let bind = &mut self.binds[at];
        let Some(session) = &mut bind.session else {
            return;
        };
        let all: Vec<usize> = (first..first + count).collect();
        let requests = match order.wish {
            Wish::Multi { .. } => vec![all],
            _ => all.into_iter().map(|one| vec![one]).collect(),
        };
        for of in requests {
            let sequence = session.number();
            let octets = submission::pdu(&scene.book, &of, order.wish, sequence);
            let about: Vec<About> = of.iter().map(|number| About::Message(*number)).collect();
            let place = session.write(&octets, &about, &self.name, scene);
            of.iter()
                .for_each(|number| scene.book.messages[*number].place = place);
            let request = Request::Submit {
                first: of[0],
                count: of.len(),
            };
            let wire = session.wire;
            scene.book.requests.insert((wire, sequence), request);
            bind.open.insert(sequence, Asked::Submit { message: of[0] });
        }
    }

    /// Asks for something about a message that it knows.
    fn manage(&mut self, at: usize, wish: Wish, scene: &mut Scene) {
        if self.known.is_empty() {
            return;
        }
        // Most of the time about one of the last: others have left long ago.
        let among = self.known.len().min(5);
        let message = self.known[self.known.len() - 1 - scene.chance.below(among)];
        self.ask_about(at, wish, message, scene);
    }

    fn ask_about(&mut self, at: usize, wish: Wish, message: usize, scene: &mut Scene) {
        let bind = &mut self.binds[at];
        let Some(session) = &mut bind.session else {
            return;
        };
        let sequence = session.number();
        let all = scene.book.shown_with(message);
        let change = Change { answer: None };
        let text = submission::new_text(message, sequence);
        let request = match wish {
            Wish::Cancel => {
                for one in &all {
                    scene.book.messages[*one].cancels.push(change);
                }
                let at = scene.book.messages[message].cancels.len() - 1;
                Request::Cancel { message, at }
            }
            Wish::Replace => {
                for one in &all {
                    scene.book.messages[*one]
                        .replaces
                        .push((text.clone(), change));
                }
                let at = scene.book.messages[message].replaces.len() - 1;
                Request::Replace { message, at }
            }
            _ => Request::Query {
                message,
                asked: scene.now,
            },
        };
        let octets = submission::request(&scene.book, message, wish, &text, sequence);
        let about: Vec<About> = all.iter().map(|number| About::Message(*number)).collect();
        session.write(&octets, &about, &self.name, scene);
        let wire = session.wire;
        scene.book.requests.insert((wire, sequence), request);
        bind.open.insert(sequence, Asked::About);
    }

    /// Asks where each message stands that it knows an id of, as far as there is room.
    pub fn ask_for_all(&mut self, most: usize, scene: &mut Scene) {
        let order = Order {
            at: scene.now,
            of: self.number,
            bind: 0,
            wish: Wish::Query,
            registered: 0,
            valid_seconds: None,
            prefix: 0,
            written: 0,
        };
        for message in self
            .known
            .iter()
            .rev()
            .take(most)
            .copied()
            .collect::<Vec<_>>()
        {
            if let Some(at) = self.bind_for(&order) {
                self.ask_about(at, Wish::Query, message, scene);
            }
        }
    }
}
