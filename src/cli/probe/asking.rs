//! Binds as the configuration says, sends test messages, and notes everything that comes back.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use smppgate_codec::code::{Command, DataCoding, Status, Tag};
use smppgate_codec::pdu::{Address, MessageResp, Pdu as Read};
use smppgate_codec::receipt::{self, Kind, Report, State};

use super::bound::bind;
use super::id_form;
use super::message::{Message, messages};
use super::pace::{Notes, is_throttled, may_be_throttled};
use crate::carrier::{Binding, Carrier};
use crate::message::digits;
use crate::rig::esme::{Esme, Pdu};

/// One look at a bind, so that the other gets its turn.
const LOOK: Duration = Duration::from_millis(20);

/// The longest wait for a response.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause before what was throttled is sent again: a carrier that counts by the second has forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(1);

/// First and longest pause before what was throttled alone is sent again.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(4);

/// How long what was throttled is sent again and again.
const PATIENCE: Duration = Duration::from_secs(60);

/// One test message, and what became of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Which segment it is, and of how many.
    pub part: (u8, u8),
    /// What it was answered.
    pub status: Option<Status>,
    /// The id that it was given.
    pub id: String,
    /// Messages without an answer when it left, itself among them; `None` once it was sent again.
    pub unanswered: Option<usize>,
    /// Its text has octets above 127 beside data_coding 0.
    pub is_above: bool,
}

/// One receipt.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its ids: that of the parameter first.
    pub ids: Vec<String>,
    /// What it reports.
    pub state: Option<State>,
    /// Its text.
    pub text: String,
    /// Its dates as they stand there.
    pub submit_date: Option<Vec<u8>>,
    /// The beginning of the message, if it is repeated.
    pub repeated: Vec<u8>,
    /// data_coding.
    pub coding: DataCoding,
    /// It came as data_sm.
    pub is_data_sm: bool,
    /// Its text lies in message_payload.
    pub is_payload: bool,
    /// It has receipted_message_id.
    pub has_id_parameter: bool,
    /// It came on the receiver.
    pub esm_class: u8,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether one of the binds receives.
    pub hears: bool,
    /// What throttling has shown.
    pub notes: Notes,
    /// The messages in their order.
    pub sent: Vec<Sent>,
    /// The receipts as they came.
    pub receipts: Vec<Receipt>,
    /// Seconds since the Unix epoch when the first message left.
    pub started: i64,
    /// How long the answer to our enquire_link took; `None`: there was none.
    pub enquire_link: Option<Duration>,
    /// enquire_link of the carrier.
    pub asked: u32,
}

struct Asking {
    /// The one that sends, and perhaps one that receives beside it.
    binds: Vec<Esme>,
    seen: Seen,
    /// Sequence numbers of messages without an answer, with their place.
    open: Vec<(u32, usize)>,
    /// The phone.
    to: String,
    /// For each message that was throttled, those that were sent before it and had no answer yet.
    beside: Vec<Vec<usize>>,
}

/// What is sent to whom.
pub struct Order<'a> {
    /// The carrier.
    pub carrier: &'a Carrier,
    /// The one of its group that receives, if it does not.
    pub receiver: Option<&'a Carrier>,
    /// Destination, digits.
    pub to: &'a str,
    /// Source.
    pub from: &'a str,
    /// Messages in all.
    pub count: usize,
    /// How long receipts are awaited.
    pub wait: Duration,
}

/// Sends the messages and returns what was seen; `tell` hears how far it has come.
pub fn ask(order: &Order<'_>, tell: &mut dyn FnMut(&str)) -> io::Result<Seen> {
    let mut asking = Asking {
        binds: bind(order.carrier, order.receiver)?,
        seen: Seen::default(),
        open: Vec::new(),
        to: order.to.to_owned(),
        beside: Vec::new(),
    };
    asking.seen.hears = order.carrier.bind != Binding::Transmitter || asking.binds.len() > 1;
    tell("bound");
    asking.enquire()?;
    let messages = messages(order.carrier, order.from, order.to, order.count);
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    asking.seen.started = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    // The first goes alone; the others at once, which shows how many may be unanswered.
    let (first, rest) = messages.split_at(1);
    asking.submit(first)?;
    asking.take_until(ANSWER_TIMEOUT, |asking| asking.open.is_empty())?;
    asking.submit(rest)?;
    asking.take_until(ANSWER_TIMEOUT, |asking| asking.open.is_empty())?;
    asking.note_throttled();
    if asking.seen.sent.iter().any(Sent::may_be_throttled) {
        tell("throttled, sending one after the other");
        asking.slow_down(&messages)?;
    }
    tell("sent, waiting for receipts");
    asking.take_until(order.wait, |asking| {
        let accepted = asking.seen.sent.iter();
        let accepted = accepted
            .filter(|sent| sent.status == Some(Status::ESME_ROK))
            .count();
        asking
            .seen
            .receipts
            .iter()
            .filter(|one| one.is_final())
            .count()
            >= accepted
    })?;
    for bind in &mut asking.binds {
        // Whether it arrives makes no difference to what was found.
        let _ = bind.request(Command::UNBIND, &[]);
    }
    Ok(asking.seen)
}

impl Sent {
    fn may_be_throttled(&self) -> bool {
        self.status.is_some_and(may_be_throttled)
    }
}

impl Receipt {
    /// Whether nothing follows it.
    pub fn is_final(&self) -> bool {
        self.state.is_some_and(State::is_final)
    }
}

impl Asking {
    fn submit(&mut self, messages: &[Message]) -> io::Result<()> {
        for message in messages {
            let sequence = self.binds[0].request(Command::SUBMIT_SM, &message.body)?;
            self.open.push((sequence, self.seen.sent.len()));
            self.seen.sent.push(Sent {
                part: message.part,
                is_above: message.is_above,
                status: None,
                id: String::new(),
                unanswered: Some(self.open.len()),
            });
        }
        Ok(())
    }

    /// Notes which messages were throttled when several were sent at once, and beside which others.
    fn note_throttled(&mut self) {
        let sent = &self.seen.sent;
        let is_taken = |&place: &usize| sent[place].status == Some(Status::ESME_ROK);
        let is_beside = self.beside.iter().flatten().any(is_taken);
        let throttled = sent.iter().filter(|sent| sent.may_be_throttled()).count();
        self.seen.notes.is_beside = is_beside;
        self.seen.notes.throttled = throttled;
    }

    /// Sends what was throttled again, one after the other, until it is taken: a window has room for
    /// that, a rate perhaps only after a pause.
    fn slow_down(&mut self, messages: &[Message]) -> io::Result<()> {
        let ended = Instant::now() + PATIENCE;
        self.take_until(FORGOTTEN_AFTER, |_| false)?;
        for (place, message) in messages.iter().enumerate() {
            if !self.seen.sent[place].may_be_throttled() {
                continue;
            }
            let mut pause = PAUSE_FIRST;
            while Instant::now() < ended {
                let sequence = self.binds[0].request(Command::SUBMIT_SM, &message.body)?;
                self.open.push((sequence, place));
                let sent = &mut self.seen.sent[place];
                (sent.status, sent.unanswered) = (None, None);
                self.take_until(ANSWER_TIMEOUT, |asking| asking.open.is_empty())?;
                match self.seen.sent[place].status {
                    Some(Status::ESME_ROK) => {
                        self.seen.notes.taken.push(Instant::now());
                        break;
                    }
                    Some(status) if is_throttled(status) => self.seen.notes.alone += 1,
                    // It means something else, or nothing came.
                    _ => break,
                }
                self.take_until(pause, |_| false)?;
                pause = (pause * 3 / 2).min(PAUSE_MOST);
            }
        }
        Ok(())
    }

    /// Asks whether the carrier is there.
    fn enquire(&mut self) -> io::Result<()> {
        let started = Instant::now();
        self.binds[0].request(Command::ENQUIRE_LINK, &[])?;
        let patience = ANSWER_TIMEOUT / 5;
        while self.seen.enquire_link.is_none() && started.elapsed() < patience {
            if let Some(pdu) = self.binds[0].next(LOOK)? {
                if pdu.header.command == Command::ENQUIRE_LINK_RESP {
                    self.seen.enquire_link = Some(started.elapsed());
                } else {
                    self.take(0, &pdu)?;
                }
            }
        }
        Ok(())
    }

    /// Takes what comes until all is there, or the time is over.
    fn take_until(
        &mut self,
        patience: Duration,
        is_done: impl Fn(&Self) -> bool,
    ) -> io::Result<()> {
        let ended = Instant::now() + patience;
        while !is_done(self) && Instant::now() < ended {
            for at in 0..self.binds.len() {
                if let Some(pdu) = self.binds[at].next(LOOK)? {
                    self.take(at, &pdu)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, at: usize, pdu: &Pdu) -> io::Result<()> {
        let header = pdu.header;
        match header.command {
            Command::SUBMIT_SM_RESP | Command::GENERIC_NACK => self.answered(pdu),
            Command::DELIVER_SM | Command::DATA_SM => {
                let status = match self.receipt(pdu) {
                    true => Status::ESME_ROK,
                    // It is for the gateway, which will bind again.
                    false => Status::ESME_RX_T_APPN,
                };
                let command = Command(header.command.0 | 0x8000_0000);
                let body: &[u8] = if status.is_ok() { &[0] } else { &[] };
                return self.binds[at].send(command, status, header.sequence, body);
            }
            Command::ENQUIRE_LINK => {
                self.seen.asked += 1;
                let command = Command::ENQUIRE_LINK_RESP;
                return self.binds[at].send(command, Status::ESME_ROK, header.sequence, &[]);
            }
            Command::UNBIND => return Err(io::Error::other("the carrier has unbound")),
            _ => {}
        }
        Ok(())
    }

    fn answered(&mut self, pdu: &Pdu) {
        let sequence = pdu.header.sequence;
        let Some(at) = self.open.iter().position(|(of, _)| *of == sequence) else {
            return;
        };
        let (_, place) = self.open.remove(at);
        let sent = &mut self.seen.sent[place];
        sent.status = Some(pdu.header.status);
        if sent.may_be_throttled() {
            let before = self.open.iter().map(|(_, other)| *other);
            self.beside
                .push(before.filter(|other| *other < place).collect());
        }
        if let Ok(response) = MessageResp::decode(&pdu.frame()) {
            sent.id = String::from_utf8_lossy(response.message_id).into_owned();
        }
    }

    /// Whether one of these ids is that of a message of ours, in whatever form.
    fn has_sent(&self, ids: &[String]) -> bool {
        let sent: Vec<&str> = self.seen.sent.iter().map(|sent| sent.id.as_str()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        id_form::find(&sent, &ids).is_some()
    }

    /// Notes a receipt of ours; `false` if it is something else.
    fn receipt(&mut self, pdu: &Pdu) -> bool {
        let (class, coding, short, tlvs, parties) = match Read::decode(&pdu.frame()) {
            Ok(Read::DeliverSm(sm)) => {
                let parties = [sm.source, sm.destination];
                (
                    sm.esm_class,
                    sm.data_coding,
                    sm.short_message,
                    sm.tlvs,
                    parties,
                )
            }
            Ok(Read::DataSm(data)) => {
                let parties = [data.source, data.destination];
                (
                    data.esm_class,
                    data.data_coding,
                    &[][..],
                    data.tlvs,
                    parties,
                )
            }
            _ => return false,
        };
        let payload = tlvs.find(Tag::MESSAGE_PAYLOAD);
        let user_data = match short {
            [] => payload.unwrap_or_default(),
            short => short,
        };
        let octets = receipt::octets(class, coding, user_data);
        let kind = receipt::classify(class, &octets, tlvs, true);
        if !matches!(kind, Kind::Receipt | Kind::Intermediate) {
            return false;
        }
        let report = Report::read(kind, &octets, tlvs);
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let ids: Vec<String> = report.ids().map(text).collect();
        // Receipts about other phones are for the gateway. Some carriers leave the addresses as they
        // were, so either may be the phone; with others neither is, and the id has to say it.
        let is_phone = |party: &Address<'_>| digits(party.digits) == self.to.as_bytes();
        if !parties.iter().any(is_phone) && !self.has_sent(&ids) {
            return false;
        }
        self.seen.receipts.push(Receipt {
            ids,
            state: report.state,
            text: text(&octets),
            submit_date: report.text.submit_date.map(<[u8]>::to_vec),
            repeated: repeated(&octets).to_vec(),
            coding,
            is_data_sm: pdu.header.command == Command::DATA_SM,
            is_payload: short.is_empty() && payload.is_some(),
            has_id_parameter: report.tlv_id.is_some(),
            esm_class: class.0,
        });
        true
    }
}

/// What stands behind `text:`, as it is: the octets of another alphabet are no words to be tidied up.
fn repeated(octets: &[u8]) -> &[u8] {
    const LABEL: &[u8] = b"text:";
    let found = octets
        .windows(LABEL.len())
        .position(|some| some.eq_ignore_ascii_case(LABEL));
    found.map_or(&[], |at| &octets[at + LABEL.len()..])
}
