//! One bind of an ESME: dials, binds, then sends and receives PDUs one after the other.
//!
//! Scripts use it as it is; the load client takes its socket over after the bind.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::Header;
use smppgate_codec::wire::PduWriter;
use socket2::{Domain, Socket, Type};

use super::pipe::{Inbox, Pipe};
use super::tls::{self, ClientTls};
use super::wire::Wire;

/// Pause between two attempts of [`Esme::dial_until`].
const PAUSE: Duration = Duration::from_millis(20);

/// Who binds, as what, and over what.
#[derive(Debug, Clone)]
pub struct Login {
    /// system_id, 15 characters at most.
    pub system_id: String,
    /// password, 8 characters at most by the specification.
    pub password: String,
    /// bind_transceiver, bind_transmitter or bind_receiver.
    pub bind: Command,
    /// interface_version.
    pub version: u8,
    /// system_type, 12 characters at most.
    pub system_type: String,
    /// addr_ton, addr_npi and address_range.
    pub range: (u8, u8, String),
    /// The address that it connects from; `None` is the system's choice.
    pub local: Option<IpAddr>,
    /// TLS; `None` is plain.
    pub tls: Option<ClientTls>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            system_id: "esme".into(),
            password: "secret".into(),
            bind: Command::BIND_TRANSCEIVER,
            version: 0x34,
            system_type: String::new(),
            range: (0, 0, String::new()),
            local: None,
            tls: None,
        }
    }
}

/// A bound ESME.
pub struct Esme {
    stream: Wire,
    inbox: Inbox,
    sequence: u32,
}

/// A PDU that was received, with octets of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Its header.
    pub header: Header,
    /// All of its octets, header included.
    pub octets: Vec<u8>,
}

impl Pdu {
    /// The PDU as the codec's decoders take it.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            header: self.header,
            octets: &self.octets,
        }
    }
}

/// Why there is no bind.
#[derive(Debug)]
pub enum DialError {
    /// The connection failed or ended, or nothing came in time.
    Io(io::Error),
    /// The bind was answered with this status.
    Refused(Status),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Refused(status) => write!(f, "the bind was refused: {status}"),
        }
    }
}

impl std::error::Error for DialError {}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Io(error) => error,
            refused => io::Error::new(io::ErrorKind::PermissionDenied, refused.to_string()),
        }
    }
}

impl Esme {
    /// Connects and binds; both together take at most about twice `patience`.
    pub fn dial(address: SocketAddr, login: &Login, patience: Duration) -> Result<Self, DialError> {
        let stream = connect(address, login.local, patience)?;
        stream.set_nodelay(true)?;
        let stream = match &login.tls {
            Some(tls) => Wire::tls(tls.connection()?, stream),
            None => Wire::Plain(stream),
        };
        stream.socket().set_read_timeout(Some(patience))?;
        let mut esme = Self {
            stream,
            inbox: Inbox::new(),
            sequence: 0,
        };
        match esme.bind(login, patience) {
            Ok(()) => Ok(esme),
            Err(DialError::Io(error)) => Err(esme.plainly(error).into()),
            Err(refused) => Err(refused),
        }
    }

    fn bind(&mut self, login: &Login, patience: Duration) -> Result<(), DialError> {
        let mut body = Vec::new();
        for field in [&login.system_id, &login.password, &login.system_type] {
            body.extend_from_slice(field.as_bytes());
            body.push(0);
        }
        let (ton, npi, range) = &login.range;
        body.extend_from_slice(&[login.version, *ton, *npi]);
        body.extend_from_slice(range.as_bytes());
        body.push(0);
        let sequence = self.request(login.bind, &body)?;
        let ended = Instant::now() + patience;
        loop {
            let left = ended.saturating_duration_since(Instant::now());
            let Some(pdu) = self.next(left)? else {
                return Err(io::Error::from(io::ErrorKind::TimedOut).into());
            };
            let Header {
                command,
                status,
                sequence: of,
                ..
            } = pdu.header;
            if of == sequence && command.is_response() {
                return match status {
                    Status::ESME_ROK => Ok(()),
                    status => Err(DialError::Refused(status)),
                };
            }
        }
    }

    /// Says what an error before the bind means if the port is of the other kind: the octets of TLS
    /// make a strange PDU, and those of a PDU a strange record of TLS.
    fn plainly(&self, error: io::Error) -> io::Error {
        let words = match &self.stream {
            Wire::Plain(_) if tls::is_record(self.inbox.unread()) => {
                "the port speaks TLS: bind with it (--tls, or tls of the carrier)"
            }
            Wire::Tls(tls) if tls.is_answered_plainly(&error) => {
                "the port speaks no TLS: bind without it (no --tls, or no tls of the carrier)"
            }
            Wire::Tls(tls) if tls.is_shaking_hands() && is_silence(&error) => {
                "no word of TLS came: perhaps the port speaks none (no --tls, or no tls of the carrier)"
            }
            Wire::Plain(_) | Wire::Tls(_) => return error,
        };
        io::Error::new(io::ErrorKind::InvalidData, words)
    }

    /// Dials again and again until a bind stands or `patience` is over; then the last error.
    pub fn dial_until(
        address: SocketAddr,
        login: &Login,
        patience: Duration,
    ) -> Result<Self, DialError> {
        let ended = Instant::now() + patience;
        loop {
            match Self::dial(address, login, patience) {
                Ok(esme) => return Ok(esme),
                Err(error) if Instant::now() >= ended => return Err(error),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Sends a request under the next sequence number; that number.
    pub fn request(&mut self, command: Command, body: &[u8]) -> io::Result<u32> {
        self.sequence += 1;
        self.send(command, Status::ESME_ROK, self.sequence, body)?;
        Ok(self.sequence)
    }

    /// Sends a PDU.
    pub fn send(
        &mut self,
        command: Command,
        status: Status,
        sequence: u32,
        body: &[u8],
    ) -> io::Result<()> {
        let mut out = BytesMut::new();
        PduWriter::begin(&mut out, command, status, sequence).octets(body);
        self.send_octets(&out)
    }

    /// Sends octets as they are, also such as no PDU has.
    pub fn send_octets(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)?;
        self.stream.flush()
    }

    /// The next PDU, `None` if none comes within `patience`. The end of the connection is
    /// [`io::ErrorKind::UnexpectedEof`].
    pub fn next(&mut self, patience: Duration) -> io::Result<Option<Pdu>> {
        let ended = Instant::now() + patience;
        loop {
            match self.inbox.next() {
                Ok(Some(frame)) => {
                    let Frame { header, octets } = frame;
                    return Ok(Some(Pdu {
                        header,
                        octets: octets.to_vec(),
                    }));
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        error.to_string(),
                    ));
                }
            }
            let left = ended.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.socket().set_read_timeout(Some(left))?;
            match self.stream.read(self.inbox.room()) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.inbox.filled(count),
                Err(error) if super::pipe::is_momentary(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands the socket over to a loop; the next sequence number with it.
    pub(super) fn into_pipe(self) -> io::Result<(Pipe, u32)> {
        self.stream.socket().set_read_timeout(None)?;
        let mut pipe = Pipe::new(self.stream)?;
        pipe.inbox = self.inbox;
        Ok((pipe, self.sequence + 1))
    }
}

fn connect(
    address: SocketAddr,
    local: Option<IpAddr>,
    patience: Duration,
) -> io::Result<TcpStream> {
    let Some(local) = local else {
        return TcpStream::connect_timeout(&address, patience);
    };
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(local, 0).into())?;
    socket.connect_timeout(&address.into(), patience)?;
    Ok(socket.into())
}

/// Whether the peer said nothing more, rather than something wrong.
fn is_silence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock
    )
}
