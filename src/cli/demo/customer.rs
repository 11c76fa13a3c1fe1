//! An ESME that sends a message now and then, waits for each receipt, and tells what it sees.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use smppgate_codec::code::{Command, RegisteredDelivery, Status};
use smppgate_codec::pdu::{Address, MessageResp, Pdu as Read, Sm};
use smppgate_codec::receipt::{self, Kind, Report, State};
use smppgate_codec::text::{self, DefaultAlphabet};
use tokio::sync::mpsc::Sender;

use crate::flow::{Stage, Switchboard};
use crate::message::{CarrierId, MessageId};
use crate::rig::chance::Dice;
use crate::rig::esme::{Esme, Login, Pdu};

use super::{scene, texts};

/// How long a bind may take.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long answers and receipts may take after the last message.
const WAIT: Duration = Duration::from_secs(15);

/// How often the gateway is asked where messages are.
const LOOK: Duration = Duration::from_millis(10);

/// Messages under way per customer; above that none is sent.
const UNDER_WAY_MAX: usize = 1_000;

/// What all customers share.
pub struct Shared {
    /// Messages that may still be sent.
    pub left: AtomicU64,
    /// Messages that were sent.
    pub sent: AtomicU64,
    /// Set when no more are to be sent.
    pub stop: AtomicBool,
    /// Where to look which carrier a message took.
    pub board: Arc<Switchboard>,
}

/// A message that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub text: String,
    /// Who sent it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The carrier that had it last, if one was seen.
    pub carrier: Option<String>,
    /// The carriers that refused it before.
    pub refusals: Vec<(String, Status)>,
    /// The gateway's answer.
    pub answer: Option<Answer>,
    /// The final state, and when it was reported after the message was sent.
    pub receipt: Option<(State, Duration)>,
}

/// The response to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: Status,
    /// The message id.
    pub id: String,
    /// When it came after the message was sent.
    pub after: Duration,
}

/// A message from a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// What it says.
    pub text: String,
    /// The phone.
    pub from: String,
    /// The number that it wrote to.
    pub to: String,
    /// Who has taken it.
    pub customer: String,
}

/// What a customer tells.
pub enum Event {
    /// A message came to its end.
    Ended(Message),
    /// A phone has written.
    Phone(Phone),
    /// It cannot go on.
    Failed(String),
}

/// One customer with its bind.
pub struct Customer {
    /// Its name on phones.
    pub name: &'static str,
    /// Its system_id and password.
    pub system_id: &'static str,
    /// Time between two of its messages.
    pub pause: Duration,
    /// Time before the first one.
    pub delay: Duration,
    /// Where its chance begins.
    pub seed: u64,
    /// What it shares with the others.
    pub shared: Arc<Shared>,
    /// Where it tells what happens.
    pub events: Sender<Event>,
}

struct UnderWay {
    message: Message,
    sent: Instant,
}

impl Customer {
    /// Binds and sends until it is told to stop or all messages are sent; then waits for what is
    /// due and unbinds.
    pub fn run(self, address: SocketAddr) {
        if let Err(error) = self.work(address) {
            let told = format!("customer {} cannot go on: {error}", self.system_id);
            // If nobody listens any more, the demo is over.
            let _ = self.events.blocking_send(Event::Failed(told));
        }
    }

    fn work(&self, address: SocketAddr) -> io::Result<()> {
        let login = Login {
            system_id: self.system_id.into(),
            password: self.system_id.into(),
            ..Login::default()
        };
        let mut esme = Esme::dial(address, &login, BIND_TIMEOUT)?;
        let mut dice = Dice::new(self.seed);
        let mut under_way: HashMap<u32, UnderWay> = HashMap::new();
        let mut due = Instant::now() + self.delay;
        let mut sending = true;
        let mut give_up = None;
        loop {
            let now = Instant::now();
            if sending && self.shared.stop.load(Ordering::Relaxed) {
                sending = false;
            }
            if sending && now >= due && under_way.len() < UNDER_WAY_MAX {
                due += self.pause;
                match self.take_turn() {
                    true => {
                        let (sequence, one) = self.submit(&mut esme, &mut dice)?;
                        under_way.insert(sequence, one);
                    }
                    false => sending = false,
                }
            }
            if !sending && under_way.is_empty() {
                break;
            }
            if !sending && now >= *give_up.get_or_insert(now + WAIT) {
                break;
            }
            if let Some(pdu) = esme.next(LOOK)? {
                self.take(&mut esme, pdu, &mut under_way)?;
            }
            under_way.values_mut().for_each(|one| self.look_up(one));
        }
        for (_, one) in under_way {
            self.tell(Event::Ended(one.message));
        }
        esme.request(Command::UNBIND, &[])?;
        let ended = Instant::now() + Duration::from_secs(1);
        while let Some(pdu) = esme.next(ended.saturating_duration_since(Instant::now()))? {
            if pdu.header.command == Command::UNBIND_RESP {
                break;
            }
        }
        Ok(())
    }

    /// Whether one more message may be sent.
    fn take_turn(&self) -> bool {
        let left = &self.shared.left;
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if taken.is_ok() {
            self.shared.sent.fetch_add(1, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn submit(&self, esme: &mut Esme, dice: &mut Dice) -> io::Result<(u32, UnderWay)> {
        let prefix = scene::PREFIXES[dice.bits() as usize % scene::PREFIXES.len()];
        let to = texts::phone(prefix, dice);
        let text = texts::from_customer(self.name, dice);
        let encoded = text::encode_auto(&text);
        let sm = Sm {
            source: Address::new(5, 0, self.name.as_bytes()),
            destination: Address::new(1, 1, to.as_bytes()),
            registered_delivery: RegisteredDelivery::FINAL,
            data_coding: encoded.coding,
            short_message: &encoded.octets,
            ..Sm::default()
        };
        let mut body = BytesMut::new();
        sm.put(&mut body);
        let sequence = esme.request(Command::SUBMIT_SM, &body)?;
        let message = Message {
            text,
            from: self.name.into(),
            to,
            carrier: None,
            refusals: Vec::new(),
            answer: None,
            receipt: None,
        };
        let sent = Instant::now();
        Ok((sequence, UnderWay { message, sent }))
    }

    /// Takes a PDU of the gateway.
    fn take(
        &self,
        esme: &mut Esme,
        pdu: Pdu,
        under_way: &mut HashMap<u32, UnderWay>,
    ) -> io::Result<()> {
        let header = pdu.header;
        match header.command {
            Command::SUBMIT_SM_RESP | Command::GENERIC_NACK => {
                let Some(one) = under_way.get_mut(&header.sequence) else {
                    return Ok(());
                };
                let id = MessageResp::decode(&pdu.frame())
                    .map(|resp| String::from_utf8_lossy(resp.message_id).into_owned())
                    .unwrap_or_default();
                one.message.answer = Some(Answer {
                    status: header.status,
                    id,
                    after: one.sent.elapsed(),
                });
                if !header.status.is_ok()
                    && let Some(one) = under_way.remove(&header.sequence)
                {
                    self.tell(Event::Ended(one.message));
                }
                Ok(())
            }
            Command::DELIVER_SM => {
                if let Ok(Read::DeliverSm(sm)) = Read::decode(&pdu.frame()) {
                    self.deliver(&sm, under_way);
                }
                let status = Status::ESME_ROK;
                esme.send(Command::DELIVER_SM_RESP, status, header.sequence, &[0])
            }
            Command::UNBIND => Err(io::Error::other("the gateway has unbound")),
            command => match command.response() {
                Some(response) => esme.send(response, Status::ESME_ROK, header.sequence, &[]),
                None => Ok(()),
            },
        }
    }

    /// A receipt, or a message from a phone.
    fn deliver(&self, sm: &Sm<'_>, under_way: &mut HashMap<u32, UnderWay>) {
        let octets = receipt::octets(sm.esm_class, sm.data_coding, sm.user_data());
        let kind = receipt::classify(sm.esm_class, &octets, sm.tlvs, false);
        if kind != Kind::Receipt {
            let latin1 = |octets| text::latin1::decode(octets).into_owned();
            let body = text::decode(sm.data_coding, DefaultAlphabet::Gsm, sm.user_data());
            return self.tell(Event::Phone(Phone {
                text: body.unwrap_or_default().into_owned(),
                from: latin1(sm.source.digits),
                to: latin1(sm.destination.digits),
                customer: self.system_id.into(),
            }));
        }
        let report = Report::read(kind, &octets, sm.tlvs);
        let is_its = |one: &UnderWay| match &one.message.answer {
            Some(answer) => report.ids().any(|id| id == answer.id.as_bytes()),
            None => false,
        };
        let found = under_way.iter().find(|(_, one)| is_its(one));
        let Some(sequence) = found.map(|(sequence, _)| *sequence) else {
            return;
        };
        if let Some(state) = report.state
            && let Some(mut one) = under_way.remove(&sequence)
        {
            one.message.receipt = Some((state, one.sent.elapsed()));
            self.tell(Event::Ended(one.message));
        }
    }

    /// Asks the gateway which carrier has the message, and which refused it.
    fn look_up(&self, one: &mut UnderWay) {
        let Some(id) = one
            .message
            .answer
            .as_ref()
            .and_then(|answer| answer.id.parse().ok())
            .map(MessageId)
        else {
            return;
        };
        let board = &self.shared.board;
        let carriers = board.carriers.current();
        let name = |id: CarrierId| carriers.slot(id).map(|slot| slot.name.clone());
        let mut hand = board.ledger.hand();
        let Some(entry) = hand.entry(id) else { return };
        if let Stage::With(carrier) | Stage::Held(carrier) | Stage::Taken(carrier) = entry.stage {
            one.message.carrier = name(carrier);
        }
        let refused = entry.attempts(id).into_iter().filter_map(|attempt| {
            let status = attempt.status.filter(|status| !status.is_ok())?;
            Some((name(attempt.carrier)?, status))
        });
        one.message.refusals = refused.collect();
    }

    fn tell(&self, event: Event) {
        // If nobody listens any more, the demo is over.
        let _ = self.events.blocking_send(event);
    }
}
