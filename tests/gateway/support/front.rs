//! A gateway as it is seen from outside: where ESMEs connect, and what it shows over HTTP.

use super::esme::Esme;
use super::peer::PATIENCE;
use smppgate_codec::code::{Command, Status};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The two addresses of a gateway.
pub struct Front {
    address: SocketAddr,
    admin: SocketAddr,
}

/// What HTTP has answered.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub head: String,
    pub body: String,
}

impl Front {
    pub fn new(address: SocketAddr, admin: SocketAddr) -> Self {
        Self { address, admin }
    }

    /// Where ESMEs connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics and health are.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// A connection to the gateway, not bound.
    pub fn dial(&self) -> Esme {
        Esme::dial(self.address)
    }

    /// The same with little room for what is not read.
    pub fn dial_narrow(&self) -> Esme {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.set_send_buffer_size(4_096).unwrap();
        socket.connect(&self.address.into()).unwrap();
        Esme::over(socket.into())
    }

    /// A connection to the gateway from this loopback address, not bound.
    pub fn dial_from(&self, address: [u8; 4]) -> Esme {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        Esme::over(socket.into())
    }

    /// A customer that is bound to send and receive.
    pub fn trx(&self, system_id: &str) -> Esme {
        self.bound(Command::BIND_TRANSCEIVER, system_id)
    }

    pub fn tx(&self, system_id: &str) -> Esme {
        self.bound(Command::BIND_TRANSMITTER, system_id)
    }

    pub fn rx(&self, system_id: &str) -> Esme {
        self.bound(Command::BIND_RECEIVER, system_id)
    }

    fn bound(&self, kind: Command, system_id: &str) -> Esme {
        let mut esme = self.dial();
        let answer = esme.bind(kind, system_id, "secret");
        assert_eq!(answer.status(), Status::ESME_ROK);
        esme
    }

    /// What HTTP answers: the status and the body.
    pub fn http(&self, path: &str) -> (u16, String) {
        let page = self.asked(&format!("GET {path}"), "");
        (page.status, page.body)
    }

    /// What HTTP answers to this method and path, with these header lines beside ours.
    pub fn asked(&self, request: &str, headers: &str) -> Page {
        self.sent(request, headers, "")
    }

    /// The same with a body.
    pub fn sent(&self, request: &str, headers: &str, body: &str) -> Page {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = match headers.contains("host: ") {
            true => "",
            false => "host: gate\r\n",
        };
        write!(
            stream,
            "{request} HTTP/1.1\r\n{host}connection: close\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("HTTP");
        let status = head.split(' ').nth(1).expect("a status");
        Page {
            status: status.parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// What `/metrics` says of this metric, with its labels if it has some.
    pub fn metric(&self, name: &str) -> u64 {
        let (status, text) = self.http("/metrics");
        assert_eq!(status, 200);
        let name = format!("smppgate_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("no {name}in {text}"))
            .parse()
            .unwrap()
    }
}
