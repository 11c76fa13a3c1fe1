//! PDUs over a socket, with deadlines instead of pauses.

use bytes::{Bytes, BytesMut};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame::{self, OwnedFrame};
use smppgate_codec::pdu::{Data, HEADER_LEN, Header, MessageResp, Pdu, Sm, SubmitMultiResp};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a story waits for what must come: much longer than it takes, so that a busy machine
/// fails no test.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What PDUs are written to and read from, encrypted or not.
pub trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// One end of a connection with the gateway.
pub struct Peer {
    stream: TcpStream,
    wire: Box<dyn Wire>,
    input: BytesMut,
    /// What has arrived and nobody has asked for.
    inbox: VecDeque<Got>,
    sequence: u32,
}

/// A PDU that has arrived.
#[derive(Debug, Clone)]
pub struct Got(OwnedFrame);

impl Peer {
    pub fn new(stream: TcpStream) -> Self {
        let wire = stream.try_clone().unwrap();
        Self::over(stream, Box::new(wire))
    }

    /// What is written to `wire` leaves by `stream`.
    pub fn over(stream: TcpStream, wire: Box<dyn Wire>) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            wire,
            input: BytesMut::new(),
            inbox: VecDeque::new(),
            sequence: 0,
        }
    }

    pub fn dial(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).expect("the gateway listens"))
    }

    /// The other end's address.
    pub fn peer_address(&self) -> SocketAddr {
        self.stream.peer_addr().unwrap()
    }

    /// A number for the next request.
    pub fn number(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    pub fn write(&mut self, octets: &[u8]) {
        self.wire.write_all(octets).expect("the gateway reads");
    }

    /// As much of these octets as the gateway takes within this time.
    pub fn write_some(&mut self, octets: &[u8], patience: Duration) -> usize {
        self.stream.set_write_timeout(Some(patience)).unwrap();
        let mut written = 0;
        while written < octets.len() {
            match self.wire.write(&octets[written..]) {
                Ok(count) if count > 0 => written += count,
                _ => break,
            }
        }
        self.stream.set_write_timeout(Some(PATIENCE)).unwrap();
        written
    }

    /// Writes while others read.
    pub fn write_behind(&self, octets: BytesMut) -> JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        thread::spawn(move || stream.write_all(&octets).expect("the gateway reads"))
    }

    /// Reads whatever comes, and throws it away.
    pub fn discard_behind(&self) -> JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        thread::spawn(move || while matches!(stream.read(&mut [0; 16 * 1_024]), Ok(1..)) {})
    }

    /// Sends a request under a number of its own, which is returned.
    pub fn send(&mut self, pdu: &Pdu<'_>) -> u32 {
        let sequence = self.number();
        self.write(&octets(pdu, Status::ESME_ROK, sequence));
        sequence
    }

    /// Answers a request with this PDU.
    pub fn answer(&mut self, request: &Got, pdu: &Pdu<'_>, status: Status) {
        self.write(&octets(pdu, status, request.sequence()));
    }

    /// Answers a request with its own response, which has no body.
    pub fn answer_bare(&mut self, request: &Got, status: Status) {
        let command = request.command().response().expect("it has a response");
        self.write(&Header::bare(command, status, request.sequence()).to_octets());
    }

    /// The next PDU, whatever it is.
    pub fn next(&mut self) -> Got {
        match self.within(PATIENCE) {
            Some(got) => got,
            None => panic!("nothing came"),
        }
    }

    /// The next PDU if one comes within this time.
    pub fn within(&mut self, patience: Duration) -> Option<Got> {
        match self.inbox.pop_front() {
            Some(got) => Some(got),
            None => self.read(Instant::now() + patience),
        }
    }

    /// The first PDU of this command; others keep their places.
    pub fn expect(&mut self, command: Command) -> Got {
        self.find(&format!("a {command}"), |got| got.command() == command)
    }

    /// The first PDU for which this holds; others keep their places.
    pub fn find(&mut self, what: &str, is_it: impl Fn(&Got) -> bool) -> Got {
        if let Some(at) = self.inbox.iter().position(&is_it) {
            return self.inbox.remove(at).unwrap();
        }
        let deadline = Instant::now() + PATIENCE;
        while let Some(got) = self.read(deadline) {
            if is_it(&got) {
                return got;
            }
            self.inbox.push_back(got);
        }
        let others: Vec<Command> = self.inbox.iter().map(Got::command).collect();
        panic!("{what} did not come, but {others:?}");
    }

    /// Whether a PDU of this command has arrived by now; it stays where it is.
    pub fn has(&mut self, command: Command) -> bool {
        while let Some(got) = self.read(Instant::now() + Duration::from_millis(1)) {
            self.inbox.push_back(got);
        }
        self.inbox.iter().any(|got| got.command() == command)
    }

    /// Asks whether the gateway is there, and waits until it says so: what was sent before has
    /// been read by it.
    pub fn alive(&mut self) {
        let sequence = self.send(&Pdu::EnquireLink);
        self.find("an enquire_link_resp", |got| {
            got.command() == Command::ENQUIRE_LINK_RESP && got.sequence() == sequence
        });
    }

    /// Everything that has arrived before the gateway says that it is there.
    pub fn so_far(&mut self) -> Vec<Got> {
        self.alive();
        self.inbox.drain(..).collect()
    }

    /// Waits until the gateway closes the connection, does the same, and returns what came before.
    pub fn closed(&mut self) -> Vec<Got> {
        let deadline = Instant::now() + PATIENCE;
        while let Some(got) = self.read(deadline) {
            self.inbox.push_back(got);
        }
        assert!(Instant::now() < deadline, "the connection was not closed");
        self.hang_up();
        self.inbox.drain(..).collect()
    }

    /// Waits until the gateway has closed the connection, whatever it is that it says before.
    pub fn is_gone(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        while matches!(self.stream.read(&mut [0; 1_024]), Ok(1..)) {}
        assert!(Instant::now() < deadline, "the connection was not closed");
        self.hang_up();
    }

    /// Closes the connection without a word.
    pub fn hang_up(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Has nothing more to say, and listens on.
    pub fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next PDU from the socket; `None` at the end of the connection and after the deadline.
    fn read(&mut self, deadline: Instant) -> Option<Got> {
        let mut tried = false;
        loop {
            let whole = frame::next(&self.input, u32::MAX)
                .expect("the gateway keeps to its framing")
                .map(|frame| frame.octets.len());
            if let Some(length) = whole {
                let octets: Bytes = self.input.split_to(length).freeze();
                return OwnedFrame::new(octets).map(Got);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() && tried {
                return None;
            }
            tried = true;
            let left = left.max(Duration::from_millis(1));
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut piece = [0; 16 * 1_024];
            match self.wire.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => self.input.extend_from_slice(&piece[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return None,
                },
            }
        }
    }
}

/// A PDU as octets.
pub fn octets(pdu: &Pdu<'_>, status: Status, sequence: u32) -> BytesMut {
    let mut octets = BytesMut::new();
    pdu.encode(&mut octets, status, sequence);
    octets
}

impl Got {
    pub fn command(&self) -> Command {
        self.0.header().command
    }

    pub fn status(&self) -> Status {
        self.0.header().status
    }

    pub fn sequence(&self) -> u32 {
        self.0.header().sequence
    }

    pub fn body(&self) -> &[u8] {
        &self.0.octets()[HEADER_LEN..]
    }

    pub fn pdu(&self) -> Pdu<'_> {
        self.0.pdu().expect("the gateway writes sound PDUs")
    }

    /// It is a submit_sm or deliver_sm.
    pub fn sm(&self) -> Sm<'_> {
        match self.pdu() {
            Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => sm,
            other => panic!("a {} instead of a message", other.command()),
        }
    }

    /// It is a data_sm.
    pub fn data(&self) -> Data<'_> {
        match self.pdu() {
            Pdu::DataSm(data) => data,
            other => panic!("a {} instead of a data_sm", other.command()),
        }
    }

    /// It is a response with a message_id.
    pub fn id(&self) -> String {
        match self.pdu() {
            Pdu::SubmitSmResp(MessageResp { message_id, .. })
            | Pdu::SubmitMultiResp(SubmitMultiResp { message_id, .. })
            | Pdu::DataSmResp(MessageResp { message_id, .. }) => {
                String::from_utf8(message_id.to_vec()).unwrap()
            }
            other => panic!("a {} instead of a response with an id", other.command()),
        }
    }

    /// An optional parameter.
    pub fn tlv(&self, tag: Tag) -> Option<Vec<u8>> {
        self.pdu().tlvs().find(tag).map(<[u8]>::to_vec)
    }
}
