//! Binds, submits one segment after the other, waits for the receipts, and unbinds.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{MessageResp, Pdu as Read};
use smppgate_codec::receipt::{self, Kind, Report, State};

use crate::rig::esme::{DialError, Esme, Login, Pdu};

/// deliver_sm that may wait unanswered for our response: receipts may come before it.
const EARLY_MAX: usize = 100;

/// How long we wait for unbind_resp.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(1);

/// One segment that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The peer's id; empty if it gave none.
    pub id: String,
    /// When its response came, after its submission.
    pub response: Duration,
    /// The last state that was reported and when, after its submission.
    pub state: Option<(State, Duration)>,
    /// `err` of the receipt.
    pub err: Option<String>,
    submitted: Instant,
}

/// What happens, for those who watch.
pub enum Event<'a> {
    /// The bind stands.
    Bound,
    /// This segment was accepted.
    Accepted(usize, &'a Sent),
    /// This segment was reported about.
    Reported(usize, &'a Sent),
}

/// Why a message was not sent or not delivered, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no connection or no bind.
    #[error("failed to connect: {0}")]
    Connect(io::Error),
    /// The bind was refused.
    #[error("the bind was refused: {0}{hint}", hint = hint(.0))]
    Bind(Status),
    /// The connection ended.
    #[error("the connection was lost: {0}")]
    Lost(io::Error),
    /// A segment was refused.
    #[error("{}was refused: {status}", of(.part))]
    Refused {
        /// Which one, and of how many.
        part: (usize, usize),
        /// By what.
        status: Status,
    },
    /// No response came.
    #[error("no answer came within {0:?}")]
    NoAnswer(Duration),
    /// Not every receipt came.
    #[error("no final receipt came within {0:?}: the message may still be delivered")]
    NoReceipt(Duration),
    /// The message was accepted without an id, so that no receipt can be told to be its own.
    #[error("the message was accepted without an id: no receipt can match")]
    NoId,
    /// It came to another end than delivery.
    #[error("the message was not delivered: {0}")]
    NotDelivered(&'static str),
}

fn hint(status: &Status) -> &'static str {
    match *status {
        Status::ESME_RINVPASWD | Status::ESME_RINVSYSID => " (system_id or password are wrong)",
        Status::ESME_RBINDFAIL => " (the account may not bind like this, or has too many binds)",
        Status::ESME_RALYBND => " (the account is bound already)",
        _ => "",
    }
}

fn of((part, parts): &(usize, usize)) -> String {
    match parts {
        1 => "the message ".to_owned(),
        parts => format!("segment {} of {parts} ", part + 1),
    }
}

/// A message under way.
pub struct Sending<'a> {
    /// The segments that were accepted, in order.
    pub sent: Vec<Sent>,
    esme: Esme,
    ended: Instant,
    timeout: Duration,
    early: VecDeque<Pdu>,
    see: &'a mut dyn FnMut(Event<'_>),
}

impl<'a> Sending<'a> {
    /// Connects to the first address that answers, and binds.
    pub fn bind(
        addresses: &[SocketAddr],
        login: &Login,
        timeout: Duration,
        see: &'a mut dyn FnMut(Event<'_>),
    ) -> Result<Self, Failure> {
        let ended = Instant::now() + timeout;
        let mut failure = Failure::Connect(io::Error::other("the name has no address"));
        for address in addresses {
            match Esme::dial(*address, login, ended - Instant::now().min(ended)) {
                Ok(esme) => {
                    see(Event::Bound);
                    return Ok(Self {
                        sent: Vec::new(),
                        esme,
                        ended,
                        timeout,
                        early: VecDeque::new(),
                        see,
                    });
                }
                Err(DialError::Refused(status)) => return Err(Failure::Bind(status)),
                Err(DialError::Io(error)) => failure = Failure::Connect(plainer(error)),
            }
        }
        Err(failure)
    }

    /// Submits every segment, each when the one before was accepted; then waits for the receipts.
    pub fn send(&mut self, bodies: &[BytesMut], receipts: bool) -> Result<(), Failure> {
        for (at, body) in bodies.iter().enumerate() {
            self.submit((at, bodies.len()), body)?;
        }
        if receipts {
            self.wait_for_receipts()?;
        }
        Ok(())
    }

    /// Says goodbye; whether the peer answers changes nothing.
    pub fn unbind(mut self) {
        let Ok(sequence) = self.esme.request(Command::UNBIND, &[]) else {
            return;
        };
        let ended = Instant::now() + UNBIND_TIMEOUT;
        while let Ok(Some(pdu)) = self.esme.next(ended - Instant::now().min(ended)) {
            if pdu.header.command == Command::UNBIND_RESP && pdu.header.sequence == sequence {
                return;
            }
        }
    }

    fn submit(&mut self, part: (usize, usize), body: &[u8]) -> Result<(), Failure> {
        let submitted = Instant::now();
        let sequence = self
            .esme
            .request(Command::SUBMIT_SM, body)
            .map_err(Failure::Lost)?;
        loop {
            let Some(pdu) = self.next()? else {
                return Err(Failure::NoAnswer(self.timeout));
            };
            let header = pdu.header;
            if !header.command.is_response() {
                self.answer(pdu, true)?;
                continue;
            }
            if header.sequence != sequence {
                continue;
            }
            let status = header.status;
            if header.command != Command::SUBMIT_SM_RESP || !status.is_ok() {
                return Err(Failure::Refused { part, status });
            }
            let id = MessageResp::decode(&pdu.frame())
                .map(|resp| String::from_utf8_lossy(resp.message_id).into_owned())
                .unwrap_or_default();
            self.sent.push(Sent {
                id,
                response: submitted.elapsed(),
                state: None,
                err: None,
                submitted,
            });
            (self.see)(Event::Accepted(part.0, &self.sent[part.0]));
            for pdu in std::mem::take(&mut self.early) {
                self.answer(pdu, true)?;
            }
            return Ok(());
        }
    }

    fn wait_for_receipts(&mut self) -> Result<(), Failure> {
        if self.sent.iter().any(|sent| sent.id.is_empty()) {
            return Err(Failure::NoId);
        }
        for pdu in std::mem::take(&mut self.early) {
            self.answer(pdu, false)?;
        }
        let finals = |state: &Option<(State, Duration)>| match state {
            // Many message centres report it when they have merely taken the message.
            Some((State::Accepted, _)) | None => None,
            Some((state, _)) => state.is_final().then_some(*state),
        };
        while self.sent.iter().any(|sent| finals(&sent.state).is_none()) {
            let Some(pdu) = self.next()? else {
                return Err(Failure::NoReceipt(self.timeout));
            };
            if !pdu.header.command.is_response() {
                self.answer(pdu, false)?;
            }
        }
        let failed = self.sent.iter().filter_map(|sent| finals(&sent.state));
        match failed.into_iter().find(|state| *state != State::Delivered) {
            Some(state) => Err(Failure::NotDelivered(state.stat())),
            None => Ok(()),
        }
    }

    /// The next PDU; `None` when the time is over.
    fn next(&mut self) -> Result<Option<Pdu>, Failure> {
        let left = self.ended - Instant::now().min(self.ended);
        self.esme
            .next(left)
            .map_err(|error| Failure::Lost(plainer(error)))
    }

    /// Answers a request of the peer. While a response is due, what is not ours yet waits for it.
    fn answer(&mut self, pdu: Pdu, may_wait: bool) -> Result<(), Failure> {
        let header = pdu.header;
        let status = match header.command {
            Command::DELIVER_SM | Command::DATA_SM => match self.take_receipt(&pdu) {
                true => Status::ESME_ROK,
                false if may_wait && self.early.len() < EARLY_MAX => {
                    self.early.push_back(pdu);
                    return Ok(());
                }
                // It belongs to somebody else of this account, who is to get it.
                false => Status::ESME_RX_T_APPN,
            },
            Command::UNBIND => {
                let _ = self.reply(Command::UNBIND_RESP, Status::ESME_ROK, header.sequence, &[]);
                return Err(Failure::Lost(io::Error::other("the peer has unbound")));
            }
            Command::ENQUIRE_LINK => Status::ESME_ROK,
            Command::ALERT_NOTIFICATION => return Ok(()),
            _ => Status::ESME_RINVCMDID,
        };
        let command = header.command.response().unwrap_or(Command::GENERIC_NACK);
        let body: &[u8] = match command {
            Command::DELIVER_SM_RESP | Command::DATA_SM_RESP if status.is_ok() => &[0],
            _ => &[],
        };
        self.reply(command, status, header.sequence, body)
    }

    fn reply(
        &mut self,
        command: Command,
        status: Status,
        sequence: u32,
        body: &[u8],
    ) -> Result<(), Failure> {
        self.esme
            .send(command, status, sequence, body)
            .map_err(Failure::Lost)
    }

    /// Notes what a receipt reports; `false` if it is none of ours.
    fn take_receipt(&mut self, pdu: &Pdu) -> bool {
        let (class, coding, user_data, tlvs) = match Read::decode(&pdu.frame()) {
            Ok(Read::DeliverSm(sm)) => (sm.esm_class, sm.data_coding, sm.user_data(), sm.tlvs),
            Ok(Read::DataSm(data)) => {
                let payload = data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
                (data.esm_class, data.data_coding, payload, data.tlvs)
            }
            _ => return false,
        };
        let octets = receipt::octets(class, coding, user_data);
        let kind = receipt::classify(class, &octets, tlvs, false);
        if !matches!(kind, Kind::Receipt | Kind::Intermediate) {
            return false;
        }
        let report = Report::read(kind, &octets, tlvs);
        let ours = |sent: &Sent| report.ids().any(|id| is_same(&sent.id, id));
        let Some(at) = self.sent.iter().position(ours) else {
            return false;
        };
        let sent = &mut self.sent[at];
        let before = sent.state.map(|(state, _)| state);
        if let Some(state) = report.state
            && !before.is_some_and(|before| before.is_final() && before != State::Accepted)
        {
            sent.state = Some((state, sent.submitted.elapsed()));
            sent.err = report
                .err
                .map(|err| String::from_utf8_lossy(err).into_owned());
            (self.see)(Event::Reported(at, &self.sent[at]));
        }
        true
    }
}

/// The same error in words for those who do not know the system's.
fn plainer(error: io::Error) -> io::Error {
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there",
        io::ErrorKind::UnexpectedEof => "the peer has closed it",
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer came in time",
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

/// Whether a receipt's id is the one that the response gave: some message centres write one of
/// them in hexadecimal and the other in decimal.
fn is_same(given: &str, reported: &[u8]) -> bool {
    let Ok(reported) = std::str::from_utf8(reported) else {
        return false;
    };
    let decimal = |id: &str| id.parse::<u64>().ok();
    let hex = |id: &str| u64::from_str_radix(id, 16).ok();
    let crossed = |one: Option<u64>, other: Option<u64>| one.is_some() && one == other;
    !given.is_empty()
        && (given.eq_ignore_ascii_case(reported)
            || crossed(hex(given), decimal(reported))
            || crossed(decimal(given), hex(reported)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_match_as_written_and_between_hexadecimal_and_decimal() {
        assert!(is_same("4711", b"4711"));
        assert!(is_same("1F", b"31"));
        assert!(is_same("31", b"1f"));
        assert!(is_same("abc-7", b"ABC-7"));
        assert!(!is_same("4711", b"4712"));
        assert!(!is_same("", b""));
    }
}
