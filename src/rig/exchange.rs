//! The thread behind a simulated carrier: takes messages, answers them, sends receipts.
//!
//! The ordinary path is short: all PDUs of a read are taken, and responses and receipts leave with
//! one write. What is late by settings waits in a heap, what the peer's window does not take waits
//! in the queue of its system_id; both hold only what was accepted before.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use smppgate_codec::code::{Command as Id, Status, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Header, Sm, Tlv, Tlvs};
use smppgate_codec::wire::PduWriter;

use super::admission::Admission;
use super::agenda::{Agenda, What};
use super::behaviour::{Behaviour, Counts, Settings, Shared};
use super::binds::{Binds, Bound, Parcel, Side};
use super::chance::Dice;
use super::memory::Memory;
use super::outstanding::Outstanding;
use super::phone::Inbound;
use super::pipe::{Filled, OUT_MAX, Pipe};
use super::poll::{Poll, Ready};
use super::submitted::Message;
use super::timeline::Action;
use super::wire::Wire;

/// Token of the listener; connections are numbered from 0.
const LISTENER: u64 = u64::MAX - 2;

/// Connections served at once; further ones are closed as they come.
const CONNECTIONS_MAX: usize = 4_096;

/// Buffers that are kept for the next deliver_sm.
const SPARE_MAX: usize = 4_096;

/// Sequence number of our unbind.
const UNBIND_SEQUENCE: u32 = 0x7FFF_FFFF;

/// Orders from the handle.
pub(super) enum Command {
    Change(Box<dyn FnOnce(&mut Behaviour) + Send>),
    Deliver(Inbound),
    DropConnections,
    Stop,
}

pub(super) struct Exchange {
    pub(super) settings: Settings,
    pub(super) dice: Dice,
    listener: TcpListener,
    poll: Poll,
    orders: Receiver<Command>,
    pub(super) shared: Arc<Shared>,
    connections: Vec<Option<Box<Connection>>>,
    pub(super) binds: Binds,
    pub(super) memory: Memory,
    pub(super) agenda: Agenda,
    pub(super) spare: Vec<BytesMut>,
    pub(super) counts: Counts,
    pub(super) next_id: u64,
    generation: u64,
    /// Time of this turn on the poll's clock.
    pub(super) now: u64,
    /// Unix time at which the poll's clock began.
    pub(super) epoch: Duration,
    /// Messages that the rate still allows, and when that was counted.
    pub(super) allowance: (f64, u64),
    admission: Admission,
    /// The connection of our own call, and its generation.
    pub(super) called: Option<(usize, u64)>,
}

struct Connection {
    pipe: Pipe,
    side: Side,
}

impl Exchange {
    pub fn new(
        settings: Settings,
        listener: TcpListener,
        poll: Poll,
        orders: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        poll.add(&listener, LISTENER, false)?;
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Self {
            dice: Dice::new(settings.seed),
            next_id: settings.first_id,
            listener,
            poll,
            orders,
            shared,
            connections: Vec::new(),
            binds: Binds::new(settings.deliver_window, settings.witness.clone()),
            memory: Memory::new(settings.first_id, settings.remember),
            agenda: Agenda::default(),
            spare: Vec::new(),
            counts: Counts::default(),
            generation: 0,
            now: 0,
            epoch,
            allowance: (0.0, 0),
            admission: Admission::default(),
            called: None,
            settings,
        })
    }

    /// Serves until it is told to stop.
    pub fn run(mut self) -> io::Result<()> {
        let mut ready: Vec<Ready> = Vec::new();
        self.begin();
        loop {
            let deadline = self.agenda.first();
            self.poll.wait(&mut ready, deadline)?;
            self.now = self.poll.now();
            for event in &ready {
                match event.token {
                    LISTENER => self.accept()?,
                    token => self.serve(token as usize, *event)?,
                }
            }
            if deadline.is_some() {
                self.do_what_is_due()?;
            }
            while let Ok(order) = self.orders.try_recv() {
                match order {
                    Command::Change(change) => {
                        change(&mut self.settings.behaviour);
                        // What waited while it hung is nobody's answer: it has to be begun here.
                        for group in 0..self.binds.groups() {
                            self.feed_group(group)?;
                        }
                    }
                    Command::Deliver(message) => self.deliver(&message)?,
                    Command::DropConnections => self.drop_connections()?,
                    Command::Stop => {
                        self.drop_connections()?;
                        self.publish();
                        return Ok(());
                    }
                }
            }
            self.publish();
        }
    }

    /// Plans what happens by itself.
    fn begin(&mut self) {
        for (place, planned) in self.settings.timeline.iter().enumerate() {
            let at = u64::try_from(planned.at.as_nanos()).unwrap_or(u64::MAX);
            self.agenda.plan(at, What::Act(place));
        }
        if self.settings.call.is_some() {
            self.agenda.plan(0, What::Call);
        }
        for (place, phones) in self.settings.phones.iter().enumerate() {
            self.agenda.plan(phones.pause(), What::Phone(place));
        }
    }

    /// Does what the timeline says, and plans it again if it comes again.
    fn act(&mut self, place: usize) -> io::Result<()> {
        let Some(planned) = self.settings.timeline.get(place) else {
            return Ok(());
        };
        let (action, every) = (planned.action.clone(), planned.every);
        if !every.is_zero() {
            self.plan(every, What::Act(place));
        }
        let behaviour = &mut self.settings.behaviour;
        match action {
            Action::Drop => self.drop_connections()?,
            Action::Hang => behaviour.hang = true,
            Action::Unhang => {
                behaviour.hang = false;
                for group in 0..self.binds.groups() {
                    self.feed_group(group)?;
                }
            }
            Action::RefuseBinds(status) => behaviour.refuse_binds = Some(status),
            Action::TakeBinds => behaviour.refuse_binds = None,
            Action::Unbind => self.unbind_all()?,
            Action::Alert(alert) => self.alert(&alert)?,
        }
        Ok(())
    }

    /// Asks every bind to leave.
    fn unbind_all(&mut self) -> io::Result<()> {
        for token in 0..self.connections.len() {
            let Some(mut connection) = self.connections[token].take() else {
                continue;
            };
            let Connection { pipe, side } = &mut *connection;
            if side.bound.is_some() {
                // A number that no deliver_sm has: its answer closes the connection.
                Header::bare(Id::UNBIND, Status::ESME_ROK, UNBIND_SEQUENCE).put(&mut pipe.out);
            }
            self.settle(connection, true)?;
        }
        Ok(())
    }

    /// Sends the next message of these phones, and plans the one after it.
    fn phone(&mut self, place: usize) -> io::Result<()> {
        let Some(phones) = self.settings.phones.get(place) else {
            return Ok(());
        };
        let (messages, pause) = (phones.message(self.counts.phones), phones.pause());
        self.counts.phones += 1;
        self.plan(Duration::from_nanos(pause), What::Phone(place));
        for message in messages {
            self.deliver(&message)?;
        }
        Ok(())
    }

    fn publish(&self) {
        self.shared.counts.lock().clone_from(&self.counts);
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                // Nobody waits, or the one who did has gone.
                Err(_) => return Ok(()),
            };
            let wire = match &self.settings.tls {
                Some(tls) => tls.connection().map(|tls| Wire::tls(tls, stream)),
                None => Ok(Wire::Plain(stream)),
            };
            if let Ok(wire) = wire {
                self.take_in(wire)?;
            }
        }
    }

    /// Serves a connection from now on; the token of it unless there are too many.
    pub(super) fn take_in(&mut self, wire: Wire) -> io::Result<Option<usize>> {
        let free = self.connections.iter().position(Option::is_none);
        let token = free.unwrap_or(self.connections.len());
        if token >= CONNECTIONS_MAX {
            return Ok(None);
        }
        let Ok(pipe) = Pipe::new(wire) else {
            return Ok(None);
        };
        self.poll.add(&pipe.stream, token as u64, false)?;
        self.generation += 1;
        let side = Side {
            token,
            generation: self.generation,
            bound: None,
            deliveries: Outstanding::new(1),
            unanswered: 0,
            closing: false,
        };
        if token == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[token] = Some(Box::new(Connection { pipe, side }));
        self.counts.connections += 1;
        self.counts.open += 1;
        Ok(Some(token))
    }

    /// What tells this connection from a later one in its place.
    pub(super) fn standing(&self, token: usize) -> Option<(usize, u64)> {
        let connection = self.connections.get(token)?.as_ref()?;
        Some((token, connection.side.generation))
    }

    /// Whether this very connection stands.
    pub(super) fn is_open(&self, of: (usize, u64)) -> bool {
        self.standing(of.0) == Some(of)
    }

    /// Writes something to a connection by ourselves.
    pub(super) fn write(
        &mut self,
        token: usize,
        put: impl FnOnce(&mut BytesMut),
    ) -> io::Result<()> {
        let Some(mut connection) = self.connections.get_mut(token).and_then(Option::take) else {
            return Ok(());
        };
        put(&mut connection.pipe.out);
        self.settle(connection, true)
    }

    /// Takes what a connection has sent, and writes what is for it.
    fn serve(&mut self, token: usize, event: Ready) -> io::Result<()> {
        let Some(mut connection) = self.connections.get_mut(token).and_then(Option::take) else {
            return Ok(());
        };
        let mut open = true;
        if event.readable {
            open = match connection.pipe.fill() {
                Ok(Filled::Some) => self.take(&mut connection),
                Ok(Filled::Nothing) => true,
                Ok(Filled::Closed) | Err(_) => false,
            };
        }
        self.settle(connection, open)?;
        Ok(())
    }

    /// Feeds, flushes and puts back a connection, or closes it.
    fn settle(&mut self, mut connection: Box<Connection>, mut open: bool) -> io::Result<()> {
        let Connection { pipe, side } = &mut *connection;
        let group = side.bound.map(|bound| bound.group);
        if open {
            self.feed(side, &mut pipe.out);
            open = match pipe.flush() {
                Ok(done) => !(done && side.closing),
                Err(_) => false,
            };
        }
        if open {
            let (wait, pause) = (pipe.has_unwritten(), pipe.out.len() > OUT_MAX);
            if (wait, pause) != (pipe.waits_to_write, pipe.paused) {
                self.poll
                    .change(&pipe.stream, side.token as u64, !pause, wait)?;
                (pipe.waits_to_write, pipe.paused) = (wait, pause);
            }
            let token = side.token;
            self.connections[token] = Some(connection);
        } else {
            self.close(&mut connection);
        }
        // What this bind leaves in the queue may be for its neighbours.
        match group {
            Some(group) if self.binds.is_waiting(group) => self.feed_group(group),
            _ => Ok(()),
        }
    }

    fn feed_group(&mut self, group: usize) -> io::Result<()> {
        for at in 0..self.binds.receivers(group).len() {
            let Some(&token) = self.binds.receivers(group).get(at) else {
                break;
            };
            let Some(mut connection) = self.connections[token].take() else {
                continue;
            };
            let Connection { pipe, side } = &mut *connection;
            if self.feed(side, &mut pipe.out) > 0 && !pipe.waits_to_write {
                // A write that fails shows itself again by reading.
                let done = pipe.flush().unwrap_or(true);
                if !done {
                    self.poll.change(&pipe.stream, token as u64, true, true)?;
                    pipe.waits_to_write = true;
                }
            }
            self.connections[token] = Some(connection);
        }
        Ok(())
    }

    fn close(&mut self, connection: &mut Connection) {
        self.counts.open -= 1;
        let side = &mut connection.side;
        let Some(bound) = side.bound else { return };
        self.counts.bound -= 1;
        let once = self.settings.behaviour.binds.once;
        // Who has unbound is not bound; who is lost may come back for all we know.
        let kept = once.filter(|_| !side.closing).unwrap_or_default();
        let span = u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX);
        self.admission.let_go(bound, self.now.saturating_add(span));
        self.counts.deliveries_repeated += self.binds.leave(side, bound) as u64;
    }

    fn drop_connections(&mut self) -> io::Result<()> {
        for token in 0..self.connections.len() {
            if let Some(mut connection) = self.connections[token].take() {
                self.close(&mut connection);
            }
        }
        Ok(())
    }

    /// Takes every whole PDU of the inbox; `false` if the connection is to be closed.
    fn take(&mut self, connection: &mut Connection) -> bool {
        let Connection { pipe, side } = connection;
        loop {
            let frame = match pipe.inbox.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return true,
                Err(error) => {
                    self.counts.nacks += 1;
                    error.nack().put(&mut pipe.out);
                    side.closing = true;
                    return true;
                }
            };
            if self.settings.behaviour.hang {
                continue;
            }
            self.answer(&frame, side, &mut pipe.out);
            if side.closing {
                return true;
            }
        }
    }

    #[inline]
    fn answer(&mut self, frame: &Frame<'_>, side: &mut Side, out: &mut BytesMut) {
        let Header {
            command,
            sequence,
            status,
            ..
        } = frame.header;
        match command {
            Id::SUBMIT_SM | Id::DATA_SM => match Message::read(frame) {
                Ok(message) => self.message(&message, sequence, side, out),
                Err(error) => self.nack(error.status(), sequence, out),
            },
            Id::DELIVER_SM_RESP | Id::DATA_SM_RESP => self.taken(side, sequence, status),
            Id::QUERY_SM | Id::CANCEL_SM | Id::REPLACE_SM => self.asked(frame, side, out),
            Id::SUBMIT_MULTI => self.multi(frame, side, out),
            Id::UNBIND_RESP => side.closing = true,
            Id::ENQUIRE_LINK => {
                self.counts.enquire_links += 1;
                if self.settings.behaviour.ignore_enquire_link {
                    return;
                }
                Header::bare(Id::ENQUIRE_LINK_RESP, Status::ESME_ROK, sequence).put(out);
            }
            Id::UNBIND => {
                self.counts.unbinds += 1;
                Header::bare(Id::UNBIND_RESP, Status::ESME_ROK, sequence).put(out);
                side.closing = true;
            }
            bind if bind.is_bind() => self.bind(frame, side, out),
            response if response.is_response() => self.counts.strange_responses += 1,
            _ => self.nack(Status::ESME_RINVCMDID, sequence, out),
        }
    }

    pub(super) fn nack(&mut self, status: Status, sequence: u32, out: &mut BytesMut) {
        self.counts.nacks += 1;
        Header::bare(Id::GENERIC_NACK, status, sequence).put(out);
    }

    fn bind(&mut self, frame: &Frame<'_>, side: &mut Side, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        let response = Id(command.0 | 0x8000_0000);
        let mut fields = frame.body().splitn(4, |&octet| octet == 0);
        let system_id = fields.next().unwrap_or_default();
        let password = fields.next().unwrap_or_default();
        let version = fields
            .nth(1)
            .and_then(|rest| rest.first().copied())
            .unwrap_or(0);
        let bound = Bound {
            group: self.binds.group(system_id),
            submits: command != Id::BIND_RECEIVER,
            receives: command != Id::BIND_TRANSMITTER,
        };
        let habits = self.settings.behaviour.binds;
        let expected = self.settings.password.as_deref();
        let status = if side.bound.is_some() {
            Status::ESME_RALYBND
        } else if let Some(status) = habits.refuse(command) {
            status
        } else if let Some(status) = self.settings.behaviour.refuse_binds {
            status
        } else if expected.is_some_and(|expected| expected.as_bytes() != password) {
            Status::ESME_RINVPASWD
        } else if habits.once.is_some() && self.admission.is_bound(bound, self.now) {
            Status::ESME_RALYBND
        } else {
            Status::ESME_ROK
        };
        if !status.is_ok() {
            self.counts.binds_refused += 1;
            Header::bare(response, status, sequence).put(out);
            return;
        }
        if habits.once.is_some() {
            self.admission.hold(bound);
        }
        self.binds.join(side, bound);
        self.counts.bound += 1;
        let mut pdu = PduWriter::begin(out, response, status, sequence);
        pdu.c_octet_string(self.settings.system_id.as_bytes());
        if version >= 0x34 && !habits.without_version {
            Tlv {
                tag: Tag::SC_INTERFACE_VERSION,
                value: &[0x34],
            }
            .put(pdu.body());
        }
    }

    pub(super) fn plan(&mut self, wait: Duration, what: What) {
        let span = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.agenda.plan(self.now.saturating_add(span), what);
    }

    fn feed(&mut self, side: &mut Side, out: &mut BytesMut) -> usize {
        if self.settings.behaviour.hang {
            0
        } else {
            self.binds.feed(side, out)
        }
    }

    pub(super) fn recycle(&mut self, mut pdu: BytesMut) {
        if self.spare.len() < SPARE_MAX {
            pdu.clear();
            self.spare.push(pdu);
        }
    }

    fn do_what_is_due(&mut self) -> io::Result<()> {
        let mut touched: Vec<usize> = Vec::new();
        let hang = self.settings.behaviour.hang;
        while let Some(what) = self.agenda.due(self.now) {
            match what {
                What::Answer {
                    token,
                    generation,
                    pdu,
                    witnessed,
                } => {
                    if let Some(Some(connection)) = self.connections.get_mut(token)
                        && connection.side.generation == generation
                    {
                        let side = &mut connection.side;
                        side.unanswered = side.unanswered.saturating_sub(1);
                        if !hang {
                            connection.pipe.out.extend_from_slice(&pdu);
                            self.settings.note_response(witnessed);
                            touched.push(token);
                        }
                    }
                    self.recycle(pdu);
                }
                What::Act(place) => self.act(place)?,
                What::Phone(place) => self.phone(place)?,
                What::Call => self.call()?,
                What::Delivery(parcel) if self.is_off(&parcel) => self.recycle(parcel.pdu),
                What::Delivery(parcel) => {
                    match self.connections.get_mut(parcel.origin) {
                        // On the bind of its message it cannot overtake the response.
                        Some(Some(origin)) if origin.side.is_in(parcel.group) && !hang => {
                            let Connection { pipe, side } = &mut **origin;
                            touched.push(side.token);
                            self.binds.offer(side, &mut pipe.out, parcel);
                        }
                        _ => {
                            touched.extend_from_slice(self.binds.receivers(parcel.group));
                            self.binds.push(parcel);
                        }
                    }
                }
            }
            // A long backlog is worked off in portions, so that a list of tokens stays a list.
            if touched.len() > 4_096 {
                self.settle_all(&mut touched)?;
            }
        }
        self.settle_all(&mut touched)
    }

    fn settle_all(&mut self, touched: &mut Vec<usize>) -> io::Result<()> {
        touched.sort_unstable();
        touched.dedup();
        for token in touched.drain(..) {
            if let Some(connection) = self.connections[token].take() {
                self.settle(connection, true)?;
            }
        }
        Ok(())
    }

    /// Sends a message from a phone.
    fn deliver(&mut self, message: &Inbound) -> io::Result<()> {
        let mut pdu = self.spare.pop().unwrap_or_default();
        let sm = Sm {
            source: Address::new(1, 1, message.source.as_bytes()),
            destination: Address::new(1, 1, message.destination.as_bytes()),
            esm_class: smppgate_codec::code::EsmClass(message.esm_class),
            data_coding: smppgate_codec::code::DataCoding(message.data_coding),
            short_message: &message.body[..message.body.len().min(254)],
            tlvs: Tlvs::new(&message.tlvs),
            ..Sm::default()
        };
        let mut writer = PduWriter::begin(&mut pdu, Id::DELIVER_SM, Status::ESME_ROK, 0);
        sm.put(writer.body());
        drop(writer);
        let group = match &message.system_id {
            Some(system_id) => Some(self.binds.group(system_id.as_bytes())),
            None => self.binds.any_group(),
        };
        let mut parcel = Parcel {
            pdu,
            group: 0,
            is_receipt: false,
            number: 0,
            origin: usize::MAX,
            elsewhere: false,
            tries: 0,
        };
        let Some(group) = group else {
            self.binds.keep(parcel);
            return Ok(());
        };
        parcel.group = group;
        self.binds.push(parcel);
        self.feed_group(group)
    }
}
