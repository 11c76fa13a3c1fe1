//! An operator: the carriers that are one account with it share ids and receipts. It answers,
//! reports and lets phones write, and does all of it badly at times.

use super::agenda::{CarrierTask, Event};
use super::book::{Answered, PhoneMessage, PhoneSegment};
use super::delivery::{self, Parcel, What};
use super::faults::{Ill, Trouble};
use super::plan::{Order, Plan, Wish};
use super::scene::{Owner, Scene, Side};
use super::session::{Heard, Session, frame_of};
use super::tale::About;
use super::verdict;
use super::wire::End;
use bytes::BytesMut;
use smppgate::session::BindKind;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{BindResp, Header, MessageResp};
use smppgate_codec::wire::PduWriter;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// From one look at a link to the next.
const PULSE: Duration = Duration::from_secs(25);

/// After it has unbound it waits so long for the response.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Operator {
    pub number: usize,
    pub plan: Rc<Plan>,
    pub sessions: Vec<Bound>,
    /// What it is going to answer.
    pub answers: Vec<PlannedAnswer>,
    pub parcels: Vec<Parcel>,
    /// Parcels for which there is no bind.
    waiting: Vec<usize>,
    /// Its carriers that are down or refuse binds, by their number among all carriers.
    pub down: Vec<bool>,
    pub refusing: Vec<bool>,
    /// What each of its carriers has taken in which second.
    pub taken: Vec<(u64, u32)>,
    pub next_id: u64,
}

/// A connection of the gateway to one of its carriers.
pub struct Bound {
    pub carrier: usize,
    pub kind: BindKind,
    name: String,
    pub session: Option<Session>,
    pub is_bound: bool,
    is_leaving: bool,
    /// Deliveries that were not answered, by their sequence_number.
    open: BTreeMap<u32, usize>,
}

/// An answer to a request of the gateway.
#[derive(Debug)]
pub struct PlannedAnswer {
    pub command: Command,
    pub status: Status,
    pub sequence: u32,
    pub id: Option<String>,
    pub about: Vec<About>,
    /// What it is the first answer to.
    pub sending: Option<usize>,
}

impl Operator {
    pub fn new(number: usize, plan: Rc<Plan>) -> Self {
        let carriers = plan.carriers.len();
        Self {
            number,
            plan,
            sessions: Vec::new(),
            answers: Vec::new(),
            parcels: Vec::new(),
            waiting: Vec::new(),
            down: vec![false; carriers],
            refusing: vec![false; carriers],
            taken: vec![(0, 0); carriers],
            next_id: 0x1000_0000,
        }
    }

    /// The gateway calls one of its carriers. The wire, unless it is down.
    pub fn called(
        &mut self,
        carrier: usize,
        kind: BindKind,
        keeper: usize,
        scene: &mut Scene,
    ) -> Option<usize> {
        if self.down[carrier] || scene.is_night {
            return None;
        }
        let session = self.sessions.len();
        let owner = Owner::Carrier {
            operator: self.number,
            session,
        };
        let wire = scene.lay(owner, Side::Carrier { carrier, keeper });
        let latency = scene.wires[wire].latency();
        scene.later(latency * 2, Event::Connects { wire });
        self.sessions.push(Bound {
            carrier,
            kind,
            name: self.plan.carriers[carrier].settings.name.clone(),
            session: Some(Session::new(wire)),
            is_bound: false,
            is_leaving: false,
            open: BTreeMap::new(),
        });
        let pause = PULSE + scene.chance.millis(0, 5_000);
        self.plan_task(session, pause, CarrierTask::Pulse, scene);
        Some(wire)
    }

    pub fn plan_task(&self, session: usize, pause: Duration, what: CarrierTask, scene: &mut Scene) {
        let event = Event::Carrier {
            operator: self.number,
            session,
            what,
        };
        scene.later(pause, event);
    }

    pub fn task(&mut self, session: usize, what: CarrierTask, scene: &mut Scene) {
        match what {
            CarrierTask::Answer { answer } => self.answer(session, answer, scene),
            CarrierTask::Deliver { parcel } => self.deliver(parcel, scene),
            CarrierTask::Pulse => self.pulse(session, scene),
            CarrierTask::Close => self.close(session, scene),
            CarrierTask::ReadOn => {
                if let Some(session) = &mut self.sessions[session].session {
                    session.is_stalled = false;
                }
                self.read(session, scene);
            }
        }
    }

    fn pulse(&mut self, at: usize, scene: &mut Scene) {
        let bound = &mut self.sessions[at];
        let Some(session) = &mut bound.session else {
            return;
        };
        let wire = session.wire;
        if !bound.is_bound || session.pulse(&bound.name, scene) {
            let pause = PULSE + scene.chance.millis(0, 5_000);
            return self.plan_task(at, pause, CarrierTask::Pulse, scene);
        }
        let name = &bound.name;
        scene.note(About::World, || {
            format!("{name} hears nothing on wire {wire}")
        });
        self.close(at, scene);
    }

    /// Closes a connection without a word.
    pub fn close(&mut self, at: usize, scene: &mut Scene) {
        let bound = &mut self.sessions[at];
        let Some(session) = bound.session.take() else {
            return;
        };
        let (name, wire) = (&bound.name, session.wire);
        scene.note(About::World, || format!("{name} closes wire {wire}"));
        scene.hold(wire).close(End::Peer);
        scene.owners[wire] = Owner::Nobody;
        bound.is_bound = false;
        // What was not taken is delivered again.
        for parcel in std::mem::take(&mut bound.open).into_values() {
            self.parcels[parcel].is_out = false;
            let pause = scene.chance.millis(100, 2_000);
            self.plan_task(at, pause, CarrierTask::Deliver { parcel }, scene);
        }
    }

    pub fn unbind(&mut self, at: usize, scene: &mut Scene) {
        let bound = &mut self.sessions[at];
        let Some(session) = bound.session.as_mut().filter(|_| bound.is_bound) else {
            return;
        };
        if !bound.is_leaving {
            bound.is_leaving = true;
            let sequence = session.number();
            let about = [About::World];
            let command = Command::UNBIND;
            session.write_bare(
                command,
                Status::ESME_ROK,
                sequence,
                &about,
                &bound.name,
                scene,
            );
            self.plan_task(at, UNBIND_TIMEOUT, CarrierTask::Close, scene);
        }
    }

    /// Reads what has come.
    pub fn read(&mut self, at: usize, scene: &mut Scene) {
        while let Some(session) = &mut self.sessions[at].session {
            match session.next(scene) {
                Heard::Pdu(pdu) => self.hear(at, &pdu, scene),
                Heard::Nothing => break,
                Heard::Closed => self.close(at, scene),
            }
        }
    }

    fn hear(&mut self, at: usize, pdu: &BytesMut, scene: &mut Scene) {
        let frame = frame_of(pdu);
        let header = frame.header;
        let bound = &mut self.sessions[at];
        let Some(session) = &mut bound.session else {
            return;
        };
        let wire = session.wire;
        let delivered = match header.command {
            Command::DELIVER_SM_RESP | Command::DATA_SM_RESP => bound.open.remove(&header.sequence),
            _ => None,
        };
        let about = match delivered {
            Some(parcel) => delivery::about(&self.parcels[parcel], &scene.book),
            None => verdict::about(&frame, &scene.book),
        };
        let name = &bound.name;
        scene.tale.pdu(scene.now, &frame, &about, || {
            format!("{name} on wire {wire} reads")
        });
        match header.command {
            Command::SUBMIT_SM | Command::DATA_SM if bound.is_bound => {
                self.submitted(at, &header, about, scene);
            }
            Command::BIND_TRANSCEIVER | Command::BIND_TRANSMITTER | Command::BIND_RECEIVER => {
                self.bind(at, header.command, header.sequence, scene);
            }
            Command::ENQUIRE_LINK => {
                let command = Command::ENQUIRE_LINK_RESP;
                let (status, sequence) = (Status::ESME_ROK, header.sequence);
                session.write_bare(command, status, sequence, &[], name, scene);
            }
            Command::UNBIND => {
                let command = Command::UNBIND_RESP;
                let (status, sequence) = (Status::ESME_ROK, header.sequence);
                session.write_bare(command, status, sequence, &about, name, scene);
                self.close(at, scene);
            }
            Command::UNBIND_RESP => self.close(at, scene),
            Command::ENQUIRE_LINK_RESP => {}
            Command::DELIVER_SM_RESP | Command::DATA_SM_RESP if delivered.is_some() => {
                self.taken(at, delivered.unwrap_or_default(), header.status, scene);
            }
            command => {
                let what = format!("{name} reads {command}, which has no place there");
                scene.book.wrong(About::World, what);
            }
        }
    }

    fn bind(&mut self, at: usize, command: Command, sequence: u32, scene: &mut Scene) {
        let bound = &mut self.sessions[at];
        let Some(session) = &mut bound.session else {
            return;
        };
        let status = match self.refusing[bound.carrier] {
            true => scene.chance.pick(&[
                Status::ESME_RBINDFAIL,
                Status::ESME_RALYBND,
                Status::ESME_RSYSERR,
            ]),
            false => Status::ESME_ROK,
        };
        let response = command.response().unwrap_or(Command::GENERIC_NACK);
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, response, status, sequence);
        BindResp {
            system_id: b"operator",
            ..BindResp::default()
        }
        .put(writer.body());
        drop(writer);
        session.write(&out, &[About::World], &bound.name, scene);
        bound.is_bound = status.is_ok();
        if bound.is_bound && bound.kind.receives() {
            for parcel in std::mem::take(&mut self.waiting) {
                let pause = scene.chance.millis(0, 500);
                self.plan_task(at, pause, CarrierTask::Deliver { parcel }, scene);
            }
        }
    }

    fn submitted(&mut self, at: usize, header: &Header, about: Vec<About>, scene: &mut Scene) {
        let Some(session) = &self.sessions[at].session else {
            return;
        };
        let given = scene.book.given.get(&(session.wire, header.sequence));
        let Some(sending) = given.copied() else {
            return;
        };
        scene.book.sendings[sending].read = Some(scene.now);
        verdict::decide(self, at, sending, header, about, scene);
    }

    fn answer(&mut self, at: usize, answer: usize, scene: &mut Scene) {
        let bound = &mut self.sessions[at];
        let Some(session) = &mut bound.session else {
            return;
        };
        let answer = &self.answers[answer];
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, answer.command, answer.status, answer.sequence);
        if let Some(id) = &answer.id {
            MessageResp::new(id.as_bytes()).put(writer.body());
        }
        drop(writer);
        let place = session.write(&out, &answer.about, &bound.name, scene);
        if let Some(sending) = answer.sending {
            let answered = Answered {
                status: answer.status,
                at: scene.now,
                place,
            };
            // A success in the response to another command says nothing.
            let is_about_it = matches!(
                answer.command,
                Command::SUBMIT_SM_RESP | Command::DATA_SM_RESP | Command::GENERIC_NACK
            );
            let sending = &mut scene.book.sendings[sending];
            sending.settled = Some(answered);
            sending.answered = is_about_it.then_some(answered);
        }
    }

    /// A phone writes.
    pub fn phone_writes(&mut self, order: &Order, scene: &mut Scene) {
        let Wish::Phone { account, segments } = order.wish else {
            return;
        };
        let number = scene.book.phones.len();
        let texts = (1..=segments).map(|seqnum| PhoneSegment {
            text: format!("phone {number} writes, {seqnum}").into_bytes(),
            ..PhoneSegment::default()
        });
        scene.book.phones.push(PhoneMessage {
            account,
            segments: texts.collect(),
        });
        for segment in 0..usize::from(segments) {
            let parcel = self.parcel(What::Phone { number, segment }, None);
            let pause = scene.chance.millis(0, 1_000);
            self.plan_task(0, pause, CarrierTask::Deliver { parcel }, scene);
        }
    }

    /// Something is to be delivered, on this session if that can.
    pub fn parcel(&mut self, what: What, on: Option<usize>) -> usize {
        self.parcels.push(Parcel {
            what,
            on,
            is_out: false,
            is_taken: false,
        });
        self.parcels.len() - 1
    }

    fn deliver(&mut self, parcel: usize, scene: &mut Scene) {
        let Parcel {
            what,
            on,
            is_out,
            is_taken,
        } = self.parcels[parcel];
        if is_out || is_taken {
            return;
        }
        let can = |at: &usize| {
            let bound = &self.sessions[*at];
            bound.is_bound && !bound.is_leaving && bound.kind.receives()
        };
        let able: Vec<usize> = (0..self.sessions.len()).filter(can).collect();
        let at = match on {
            Some(on) if able.contains(&on) => on,
            _ if able.is_empty() => return self.waiting.push(parcel),
            _ => scene.chance.pick(&able),
        };
        let bound = &mut self.sessions[at];
        let Some(session) = &mut bound.session else {
            return;
        };
        let sequence = session.number();
        let octets = delivery::pdu(&what, sequence, &self.plan.operators[self.number], scene);
        let about = delivery::about(&self.parcels[parcel], &scene.book);
        let place = session.write(&octets, &about, &bound.name, scene);
        delivery::is_written(&what, session.wire, place, scene);
        bound.open.insert(sequence, parcel);
        self.parcels[parcel].is_out = true;
    }

    /// The gateway has answered a delivery.
    fn taken(&mut self, at: usize, parcel: usize, status: Status, scene: &mut Scene) {
        self.parcels[parcel].is_out = false;
        if status.is_ok() {
            self.parcels[parcel].is_taken = true;
            return delivery::is_taken(&self.parcels[parcel].what, scene);
        }
        if status != Status::ESME_RX_T_APPN {
            let about = delivery::about(&self.parcels[parcel], &scene.book)[0];
            let what = format!("the gateway refused a delivery with {status}");
            scene.book.wrong(about, what);
        }
        let pause = scene.chance.millis(500, 3_000);
        self.plan_task(at, pause, CarrierTask::Deliver { parcel }, scene);
    }

    /// Sessions with one of its carriers that are up.
    pub fn bound_to(&self, carrier: usize) -> Vec<usize> {
        let is_its = |at: &usize| {
            self.sessions[*at].carrier == carrier && self.sessions[*at].session.is_some()
        };
        (0..self.sessions.len()).filter(is_its).collect()
    }

    /// Something goes wrong with one of its sessions.
    pub fn suffer(&mut self, at: usize, trouble: Trouble, scene: &mut Scene) {
        let Some(session) = &mut self.sessions[at].session else {
            return;
        };
        match trouble.what {
            Ill::CarrierBreaks { .. } => scene.hold(session.wire).cut(),
            Ill::CarrierFallsSilent { .. } => scene.hold(session.wire).fall_silent(),
            Ill::CarrierStalls { .. } => {
                session.is_stalled = true;
                let pause = trouble.until.since(scene.now);
                self.plan_task(at, pause, CarrierTask::ReadOn, scene);
            }
            _ => self.unbind(at, scene),
        }
    }

    /// All of its sessions read again.
    pub fn read_on(&mut self, scene: &mut Scene) {
        for at in 0..self.sessions.len() {
            if let Some(session) = &mut self.sessions[at].session {
                session.is_stalled = false;
            }
            self.read(at, scene);
        }
    }

    /// Whether nothing is out that the gateway has not answered.
    pub fn is_at_rest(&self) -> bool {
        self.waiting.is_empty() && self.parcels.iter().all(|parcel| !parcel.is_out)
    }

    /// Parcels that the gateway has not taken.
    pub fn untaken(&self) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter().filter(|parcel| !parcel.is_taken)
    }
}
