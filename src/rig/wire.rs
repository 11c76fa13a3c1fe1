//! The connection of a test peer: a socket, plain or with TLS on it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use rustls::Connection;

/// A connected socket, perhaps with TLS. Whether it blocks is the socket's own affair.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

/// TLS on a socket, from either end; hands are shaken as octets come and go.
pub(super) struct Tls {
    connection: Connection,
    socket: TcpStream,
}

impl Wire {
    pub fn tls(connection: impl Into<Connection>, socket: TcpStream) -> Self {
        Self::Tls(Box::new(Tls {
            connection: connection.into(),
            socket,
        }))
    }

    /// The socket below.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => &tls.socket,
        }
    }

    /// Whether octets that were taken have not left yet.
    pub fn has_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.connection.wants_write(),
        }
    }
}

impl Tls {
    /// Whether the peer's octets are no TLS at all.
    pub fn is_answered_plainly(&self, error: &io::Error) -> bool {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        self.is_shaking_hands() && matches!(cause, Some(rustls::Error::InvalidMessage(_)))
    }

    /// Whether nothing but the handshake was exchanged yet.
    pub fn is_shaking_hands(&self) -> bool {
        self.connection.is_handshaking()
    }

    fn send(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let tls = match self {
            Self::Plain(socket) => return socket.read(into),
            Self::Tls(tls) => tls,
        };
        loop {
            match tls.connection.reader().read(into) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The peer has gone without a word of TLS; so do many.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) => return Err(error),
            }
            match tls.send() {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                // What does not leave now leaves with the next write.
                _ => {}
            }
            if tls.connection.read_tls(&mut tls.socket)? == 0 {
                return Ok(0);
            }
            if let Err(error) = tls.connection.process_new_packets() {
                // The alert tells the peer why, if it still listens.
                let _ = tls.send();
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(octets),
            Self::Tls(tls) => {
                tls.send()?;
                let count = tls.connection.writer().write(octets)?;
                match tls.send() {
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
                    _ => Ok(count),
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.send(),
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}
