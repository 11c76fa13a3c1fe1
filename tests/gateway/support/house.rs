//! A gateway in this process, its config, and what it shows of itself.

use super::carrier::{Carrier, Smsc};
use super::esme::Esme;
use super::peer::PATIENCE;
use smppgate::config::{Config, Process};
use smppgate::gateway::Gateway;
use smppgate::journal::memory::Trouble;
use smppgate_codec::code::{Command, Status};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// A gateway and what it runs on.
pub struct House {
    runtime: Option<Runtime>,
    gateway: Option<Gateway>,
    listener: String,
    address: SocketAddr,
    admin: SocketAddr,
    /// What ails the journal.
    pub trouble: Arc<Trouble>,
}

/// An account whose password is "secret", and what else the config says of it.
pub fn account(system_id: &str, keys: &str) -> String {
    format!("[[account]]\nsystem_id = \"{system_id}\"\npassword = \"secret\"\n{keys}\n")
}

/// A route for everything that these keys do not exclude.
pub fn route(name: &str, keys: &str) -> String {
    format!("[[route]]\nname = \"{name}\"\n{keys}\n")
}

/// The simplest house: the account acme, the carrier north, and one route; both are bound.
pub fn one_carrier(account_keys: &str, carrier_keys: &str) -> (House, Smsc, Carrier, Esme) {
    let (house, smsc, north) = with_one_carrier("", account_keys, carrier_keys);
    let acme = house.trx("acme");
    (house, smsc, north, acme)
}

/// The same with these keys for its listener; the account is not bound.
pub fn with_one_carrier(
    listener: &str,
    account_keys: &str,
    carrier_keys: &str,
) -> (House, Smsc, Carrier) {
    let smsc = Smsc::open();
    let parts = [
        account("acme", account_keys),
        smsc.settings("north", carrier_keys),
        route("all", "via = [\"north\"]"),
        "[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned(),
    ];
    let house = House::behind(listener, &parts);
    let north = smsc.bound();
    (house, smsc, north)
}

/// Waits until this holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

fn config(listener: &str, parts: &[String]) -> Config {
    let text = format!(
        "[gateway]\ndata_dir = \"data\"\njournal = \"memory\"\n\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:0\"\nbind_timeout = \"1s\"\n{listener}\n\
         [admin]\naddress = \"127.0.0.1:0\"\n{}",
        parts.concat()
    );
    match Config::parse(&text, Path::new("story.toml"), &Process) {
        Ok(config) => config,
        Err(findings) => panic!("the config of this story is wrong: {findings:#?}"),
    }
}

impl House {
    /// A gateway with these tables in its config.
    pub fn open(parts: &[String]) -> Self {
        Self::behind("", parts)
    }

    /// The same with these keys for its listener.
    pub fn behind(listener: &str, parts: &[String]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let trouble = Arc::new(Trouble::default());
        let gateway = runtime
            .block_on(Gateway::start(&config(listener, parts), trouble.clone()))
            .expect("the gateway starts");
        Self {
            listener: listener.to_owned(),
            address: gateway.addresses()[0],
            admin: gateway.admin_address().unwrap(),
            runtime: Some(runtime),
            gateway: Some(gateway),
            trouble,
        }
    }

    /// Puts another config in force.
    pub fn reload(&mut self, parts: &[String]) {
        let gateway = self.gateway.as_mut().unwrap();
        let config = config(&self.listener, parts);
        let runtime = self.runtime.as_ref().unwrap();
        runtime.block_on(gateway.reload(&config)).unwrap();
    }

    /// Asks the gateway to end in order.
    pub fn drain(&mut self) -> JoinHandle<()> {
        let gateway = self.gateway.take().unwrap();
        self.runtime.as_ref().unwrap().spawn(gateway.drain())
    }

    /// Waits until the gateway has ended.
    pub fn ended(&self, drain: JoinHandle<()>) {
        let runtime = self.runtime.as_ref().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(PATIENCE, drain).await })
            .expect("the gateway ends")
            .unwrap();
    }

    /// Whether nobody is let in any more.
    pub fn is_shut(&self) -> bool {
        TcpStream::connect(self.address).is_err()
    }

    pub fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    /// Where ESMEs connect.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("HTTP");
        let status = head.split(' ').nth(1).expect("a status");
        (status.parse().unwrap(), body.to_owned())
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

impl Drop for House {
    fn drop(&mut self) {
        drop(self.gateway.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
