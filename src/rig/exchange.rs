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
use smppgate_codec::code::{Command as Id, MessageState, Status, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Header, Sm, Tlv, Tlvs};
use smppgate_codec::wire::{PduWriter, put_c_octet_string};

use super::agenda::{Agenda, What};
use super::behaviour::{Behaviour, Counts, Inbound, Settings, Shared};
use super::binds::{Binds, Bound, Parcel, Side};
use super::chance::Dice;
use super::outstanding::{Answered, Outstanding};
use super::pipe::{Filled, OUT_MAX, Pipe};
use super::poll::{Poll, Ready};
use super::report::{IdText, Receipt, date};
use super::submitted::Message;

/// Token of the listener; connections are numbered from 0.
const LISTENER: u64 = u64::MAX - 2;

/// Connections served at once; further ones are closed as they come.
const CONNECTIONS_MAX: usize = 4_096;

/// Times that a refused deliver_sm is sent, a second apart.
const TRIES_MAX: u8 = 10;
const TRY_AGAIN_NS: u64 = 1_000_000_000;

/// Buffers that are kept for the next deliver_sm.
const SPARE_MAX: usize = 4_096;

/// Orders from the handle.
pub(super) enum Command {
    Change(Box<dyn FnOnce(&mut Behaviour) + Send>),
    Deliver(Inbound),
    DropConnections,
    Stop,
}

pub(super) struct Exchange {
    settings: Settings,
    dice: Dice,
    listener: TcpListener,
    poll: Poll,
    orders: Receiver<Command>,
    shared: Arc<Shared>,
    connections: Vec<Option<Box<Connection>>>,
    binds: Binds,
    agenda: Agenda,
    spare: Vec<BytesMut>,
    counts: Counts,
    next_id: u64,
    generation: u64,
    /// Time of this turn on the poll's clock.
    now: u64,
    /// Unix time at which the poll's clock began.
    epoch: Duration,
    /// Messages that the rate still allows, and when that was counted.
    allowance: (f64, u64),
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
            binds: Binds::new(settings.deliver_window),
            agenda: Agenda::default(),
            spare: Vec::new(),
            counts: Counts::default(),
            generation: 0,
            now: 0,
            epoch,
            allowance: (0.0, 0),
            settings,
        })
    }

    /// Serves until it is told to stop.
    pub fn run(mut self) -> io::Result<()> {
        let mut ready: Vec<Ready> = Vec::new();
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
            let free = self.connections.iter().position(Option::is_none);
            let token = free.unwrap_or(self.connections.len());
            if token >= CONNECTIONS_MAX {
                continue;
            }
            let Ok(pipe) = Pipe::new(stream) else {
                continue;
            };
            self.poll.add(&pipe.stream, token as u64, false)?;
            self.generation += 1;
            let side = Side {
                token,
                generation: self.generation,
                bound: None,
                deliveries: Outstanding::new(1),
                closing: false,
            };
            if token == self.connections.len() {
                self.connections.push(None);
            }
            self.connections[token] = Some(Box::new(Connection { pipe, side }));
            self.counts.connections += 1;
            self.counts.open += 1;
        }
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
            let (wait, pause) = (!pipe.out.is_empty(), pipe.out.len() > OUT_MAX);
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
            Id::ENQUIRE_LINK => {
                self.counts.enquire_links += 1;
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

    fn nack(&mut self, status: Status, sequence: u32, out: &mut BytesMut) {
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
        let expected = self.settings.password.as_deref();
        let status = if side.bound.is_some() {
            Status::ESME_RALYBND
        } else if expected.is_some_and(|expected| expected.as_bytes() != password) {
            Status::ESME_RINVPASWD
        } else {
            Status::ESME_ROK
        };
        if !status.is_ok() {
            self.counts.binds_refused += 1;
            Header::bare(response, status, sequence).put(out);
            return;
        }
        let group = self.binds.group(system_id);
        let receives = command != Id::BIND_TRANSMITTER;
        self.binds.join(
            side,
            Bound {
                group,
                submits: command != Id::BIND_RECEIVER,
                receives,
            },
        );
        self.counts.bound += 1;
        let mut pdu = PduWriter::begin(out, response, status, sequence);
        pdu.c_octet_string(self.settings.system_id.as_bytes());
        if version >= 0x34 {
            Tlv {
                tag: Tag::SC_INTERFACE_VERSION,
                value: &[0x34],
            }
            .put(pdu.body());
        }
    }

    /// Accepts or refuses one message, and writes or plans its response and its receipt.
    #[inline]
    fn message(
        &mut self,
        message: &Message<'_>,
        sequence: u32,
        side: &mut Side,
        out: &mut BytesMut,
    ) {
        self.counts.messages += 1;
        let verdict = match side.bound {
            Some(bound) if bound.submits => self.verdict(message),
            _ => Status::ESME_RINVBNDSTS,
        };
        let response = message.response;
        let latency = self.settings.behaviour.latency.draw(&mut self.dice);
        if !verdict.is_ok() {
            self.counts.refused += 1;
            let put = |out: &mut BytesMut| Header::bare(response, verdict, sequence).put(out);
            return self.respond(latency, side, out, put);
        }
        self.counts.accepted += 1;
        let number = self.next_id;
        self.next_id += 1;
        let id = IdText::new(number, self.settings.behaviour.response_id);
        if self.settings.ledger > 0 {
            self.note(message, &id);
        }
        let reports = message.registered.0 & 0x03 != 0;
        let early = self.dice.happens(self.settings.behaviour.receipts_early);
        if reports && early {
            self.report(message, number, Duration::ZERO, side, out);
        }
        if self.dice.happens(self.settings.behaviour.unanswered) {
            self.counts.unanswered += 1;
        } else {
            let twice = self.dice.happens(self.settings.behaviour.answered_twice);
            for _ in 0..1 + u32::from(twice) {
                self.respond(latency, side, out, |out| {
                    let mut pdu = PduWriter::begin(out, response, Status::ESME_ROK, sequence);
                    put_c_octet_string(pdu.body(), id.octets());
                });
            }
        }
        if reports && !early {
            self.report(message, number, latency, side, out);
        }
    }

    #[inline]
    fn verdict(&mut self, message: &Message<'_>) -> Status {
        let behaviour = &self.settings.behaviour;
        for (prefix, status) in &behaviour.refused {
            if message.destination.digits.starts_with(prefix.as_bytes()) {
                return *status;
            }
        }
        if behaviour.rate > 0.0 {
            let (left, counted) = self.allowance;
            let since = self.now.saturating_sub(counted) as f64 / 1e9;
            let left = (left + since * behaviour.rate).min((behaviour.rate / 10.0).max(1.0));
            let takes = left >= 1.0;
            self.allowance = (if takes { left - 1.0 } else { left }, self.now);
            if !takes {
                return Status::ESME_RTHROTTLED;
            }
        }
        self.dice
            .pick(&behaviour.errors)
            .unwrap_or(Status::ESME_ROK)
    }

    #[inline]
    fn respond(
        &mut self,
        latency: Duration,
        side: &Side,
        out: &mut BytesMut,
        put: impl Fn(&mut BytesMut),
    ) {
        if latency.is_zero() {
            return put(out);
        }
        let mut pdu = self.spare.pop().unwrap_or_default();
        put(&mut pdu);
        let Side {
            token, generation, ..
        } = *side;
        self.plan(
            latency,
            What::Answer {
                token,
                generation,
                pdu,
            },
        );
    }

    /// Writes or plans the receipt of a message, `latency` and its own delay from now.
    #[inline]
    fn report(
        &mut self,
        message: &Message<'_>,
        number: u64,
        latency: Duration,
        side: &mut Side,
        out: &mut BytesMut,
    ) {
        let behaviour = &self.settings.behaviour;
        let state = self
            .dice
            .pick(&behaviour.states)
            .unwrap_or(MessageState::DELIVERED);
        if !message
            .registered
            .wants_final(state == MessageState::DELIVERED)
        {
            return;
        }
        if self.dice.happens(behaviour.receipts_lost) {
            self.counts.receipts_lost += 1;
            return;
        }
        let foreign = self.dice.happens(behaviour.receipts_foreign);
        // Ids that were never given lie as far below the first one as the true ones above it.
        let shown = if foreign {
            !number & (u64::MAX >> 1)
        } else {
            number
        };
        let id = IdText::new(shown, behaviour.receipt_id);
        let delay = latency + behaviour.receipt_delay.draw(&mut self.dice);
        let times = 1 + u32::from(self.dice.happens(behaviour.receipts_doubled));
        let unix = self.epoch.as_secs() + self.now / 1_000_000_000;
        let receipt = Receipt {
            id: id.octets(),
            source: message.source,
            destination: message.destination,
            state,
            submit_date: date(unix),
            done_date: date(unix + delay.as_secs()),
            user_message_reference: message.tlvs.number(Tag::USER_MESSAGE_REFERENCE),
            user_data: message.user_data,
        };
        let group = side.bound.map_or(0, |bound| bound.group);
        for _ in 0..times {
            self.counts.receipts += 1;
            let mut pdu = self.spare.pop().unwrap_or_default();
            receipt.put(&mut pdu);
            let elsewhere = self.settings.behaviour.receipts_elsewhere;
            let parcel = Parcel {
                pdu,
                group,
                is_receipt: true,
                origin: side.token,
                elsewhere,
                tries: 0,
            };
            if !delay.is_zero() {
                self.plan(delay, What::Delivery(parcel));
            } else {
                self.binds.offer(side, out, parcel);
            }
        }
    }

    fn plan(&mut self, wait: Duration, what: What) {
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

    /// A deliver_sm was answered.
    fn taken(&mut self, side: &mut Side, sequence: u32, status: Status) {
        let mut parcel = match side.deliveries.take(sequence) {
            Answered::Waiting(parcel) => parcel,
            Answered::Twice | Answered::Never => {
                self.counts.strange_responses += 1;
                return;
            }
        };
        if status.is_ok() {
            match parcel.is_receipt {
                true => self.counts.receipts_taken += 1,
                false => self.counts.inbound_taken += 1,
            }
            self.recycle(parcel.pdu);
            return;
        }
        self.counts.deliveries_refused += 1;
        parcel.tries += 1;
        if parcel.tries < TRIES_MAX {
            self.plan(Duration::from_nanos(TRY_AGAIN_NS), What::Delivery(parcel));
        } else {
            self.counts.deliveries_abandoned += 1;
        }
    }

    fn recycle(&mut self, mut pdu: BytesMut) {
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
                } => {
                    if let Some(Some(connection)) = self.connections.get_mut(token)
                        && connection.side.generation == generation
                        && !hang
                    {
                        connection.pipe.out.extend_from_slice(&pdu);
                        touched.push(token);
                    }
                    self.recycle(pdu);
                }
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

    #[cold]
    fn note(&mut self, message: &Message<'_>, id: &IdText) {
        let mut ledger = self.shared.ledger.lock();
        if ledger.len() < self.settings.ledger {
            ledger.push(message.accepted(id.octets()));
        }
    }
}
