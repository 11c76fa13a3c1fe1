//! Binds as the configuration says, sends test messages, and notes everything that comes back.

use std::io;
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, MessageResp, Pdu as Read, Sm};
use smppgate_codec::receipt::{self, Kind, Report, State};
use smppgate_codec::text::split::{Segments, Unit, Way};
use smppgate_codec::text::{DefaultAlphabet, encode_auto};

use crate::carrier::{Binding, Carrier, Numbering};
use crate::rig::esme::{Esme, Login, Pdu};
use crate::rig::tls::ClientTls;

/// One look at a bind, so that the other gets its turn.
const LOOK: Duration = Duration::from_millis(20);

/// The longest wait for a connection or a response.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The first text: a character of the extension table, and one that is the octet 0.
pub const GSM_TEXT: &str = "@ 5€ smppgate probe";

/// One test message, and what became of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Which segment it is, and of how many.
    pub part: (u8, u8),
    /// What it was answered.
    pub status: Option<Status>,
    /// The id that it was given.
    pub id: String,
    /// Messages without an answer when it left, itself among them.
    pub unanswered: usize,
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
    pub repeated: Option<Vec<u8>>,
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
}

/// What is sent to whom.
pub struct Order<'a> {
    /// The carrier.
    pub carrier: &'a Carrier,
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
        binds: bind(order.carrier)?,
        seen: Seen::default(),
        open: Vec::new(),
    };
    tell("bound");
    asking.enquire()?;
    let messages = messages(order);
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

impl Receipt {
    /// Whether nothing follows it.
    pub fn is_final(&self) -> bool {
        self.state.is_some_and(State::is_final)
    }
}

fn bind(carrier: &Carrier) -> io::Result<Vec<Esme>> {
    let kinds: &[Command] = match carrier.bind {
        Binding::Transceiver => &[Command::BIND_TRANSCEIVER],
        Binding::Pair => &[Command::BIND_TRANSMITTER, Command::BIND_RECEIVER],
        Binding::Transmitter => &[Command::BIND_TRANSMITTER],
        Binding::Receiver => return Err(io::Error::other("it is bound as a receiver alone")),
    };
    if carrier.outbind.is_some() {
        let told = "it calls us, and we can only ask a carrier that we call";
        return Err(io::Error::other(told));
    }
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let tls = carrier.tls.as_ref().map(|tls| {
        let (config, name) = tls.agreed();
        ClientTls::agreed(config, name)
    });
    let mut last = io::Error::other("it has no address");
    for address in &carrier.addresses {
        for address in address.to_socket_addrs().into_iter().flatten() {
            let dial = |&bind: &Command| {
                let login = Login {
                    system_id: carrier.system_id.clone(),
                    password: text(&carrier.password.0),
                    system_type: carrier.system_type.clone(),
                    version: carrier.interface_version,
                    bind,
                    tls: tls.clone(),
                };
                Esme::dial(address, &login, ANSWER_TIMEOUT).map_err(io::Error::from)
            };
            match kinds.iter().map(dial).collect() {
                Ok(binds) => return Ok(binds),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

/// The bodies of the messages, each with its part.
fn messages(order: &Order<'_>) -> Vec<((u8, u8), BytesMut)> {
    let mut texts = vec![
        GSM_TEXT.to_owned(),
        "Проба smppgate".to_owned(),
        format!("{:200}.", "A probe in two parts."),
    ];
    texts.extend((5..=order.count).map(|number| format!("smppgate probe {number}")));
    let mut all = Vec::new();
    for text in texts {
        let encoded = encode_auto(&text);
        let unit = Unit::of(encoded.coding, DefaultAlphabet::Gsm);
        let Ok(segments) = Segments::new(&encoded.octets, unit, Way::Udh8, &[], 0x5A, 2) else {
            continue;
        };
        for segment in segments.iter() {
            let mut user_data = Vec::new();
            segment.put_user_data(&mut user_data);
            all.push((
                (segment.part.seqnum, segment.part.total),
                body(order, encoded.coding, segment.has_udh(), &user_data),
            ));
        }
    }
    all.truncate(order.count);
    all
}

fn body(order: &Order<'_>, data_coding: DataCoding, has_udh: bool, user_data: &[u8]) -> BytesMut {
    let carrier = order.carrier;
    let set = |numbering, usual| match numbering {
        Numbering::Set(value) => value,
        Numbering::Keep => usual,
    };
    let is_number = order.from.bytes().all(|octet| octet.is_ascii_digit());
    let (ton, npi) = if is_number { (1, 1) } else { (5, 0) };
    let sm = Sm {
        service_type: carrier.service_type.as_bytes(),
        source: Address::new(
            set(carrier.source_ton, ton),
            set(carrier.source_npi, npi),
            order.from.as_bytes(),
        ),
        destination: Address::new(
            set(carrier.destination_ton, 1),
            set(carrier.destination_npi, 1),
            order.to.as_bytes(),
        ),
        esm_class: EsmClass(if has_udh { EsmClass::UDHI } else { 0 }),
        registered_delivery: RegisteredDelivery::FINAL,
        data_coding,
        short_message: user_data,
        ..Sm::default()
    };
    let mut body = BytesMut::new();
    sm.put(&mut body);
    body
}

impl Asking {
    fn submit(&mut self, messages: &[((u8, u8), BytesMut)]) -> io::Result<()> {
        for (part, body) in messages {
            let sequence = self.binds[0].request(Command::SUBMIT_SM, body)?;
            self.open.push((sequence, self.seen.sent.len()));
            self.seen.sent.push(Sent {
                part: *part,
                status: None,
                id: String::new(),
                unanswered: self.open.len(),
            });
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
        let (_, place) = self.open.swap_remove(at);
        let sent = &mut self.seen.sent[place];
        sent.status = Some(pdu.header.status);
        if let Ok(response) = MessageResp::decode(&pdu.frame()) {
            sent.id = String::from_utf8_lossy(response.message_id).into_owned();
        }
    }

    /// Notes a receipt; `false` if it is something else.
    fn receipt(&mut self, pdu: &Pdu) -> bool {
        let (class, coding, short, tlvs) = match Read::decode(&pdu.frame()) {
            Ok(Read::DeliverSm(sm)) => (sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
            Ok(Read::DataSm(data)) => (data.esm_class, data.data_coding, &[][..], data.tlvs),
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
        self.seen.receipts.push(Receipt {
            ids: report.ids().map(text).collect(),
            state: report.state,
            text: text(&octets),
            submit_date: report.text.submit_date.map(<[u8]>::to_vec),
            repeated: report.text.text.map(<[u8]>::to_vec),
            coding,
            is_data_sm: pdu.header.command == Command::DATA_SM,
            is_payload: short.is_empty() && payload.is_some(),
            has_id_parameter: report.tlv_id.is_some(),
            esm_class: class.0,
        });
        true
    }
}
