//! A peer in a process of its own: it takes orders and tells what happens, a line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::install;

/// Within this time everything that is waited for has happened.
const SOON: Duration = Duration::from_secs(20);

/// An ESME or a carrier on a library that we have not written; it ends when this is dropped.
pub struct Peer {
    name: &'static str,
    child: Child,
    orders: ChildStdin,
    events: Receiver<Value>,
    /// What has happened and nobody has asked for yet.
    untold: Vec<Value>,
}

impl Peer {
    /// An ESME on the npm library smpp.
    pub fn node_esme() -> Self {
        Self::start("esme.js", Self::node("esme.js", &[]))
    }

    /// A carrier on the npm library smpp, and the port that it listens on.
    pub fn node_smsc(password: &str) -> (Self, u16) {
        Self::node_smsc_on(password, 0)
    }

    /// The same on this port; 0 is any.
    pub fn node_smsc_on(password: &str, port: u16) -> (Self, u16) {
        let script = Self::node("smsc.js", &[password, &port.to_string()]);
        let mut peer = Self::start("smsc.js", script);
        let listening = peer.await_event("listening");
        let port = listening["port"].as_u64().expect("a port");
        (peer, port as u16)
    }

    /// An ESME on the Python library smpplib.
    pub fn python_esme() -> Self {
        Self::start("esme.py", Self::python("esme.py"))
    }

    /// An ESME on the Python package smpp34.
    pub fn smpp34_esme() -> Self {
        Self::start("esme34.py", Self::python("esme34.py"))
    }

    /// A carrier on the Python package smpp34, and the port that it listens on.
    pub fn smpp34_smsc() -> (Self, u16) {
        let mut peer = Self::start("smsc34.py", Self::python("smsc34.py"));
        let listening = peer.await_event("listening");
        let port = listening["port"].as_u64().expect("a port");
        (peer, port as u16)
    }

    fn python(script: &str) -> Command {
        let mut python = Command::new("python3");
        python
            .arg(install::here().join(script))
            .env("PYTHONPATH", install::python_path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }

    fn node(script: &str, arguments: &[&str]) -> Command {
        let mut node = Command::new("node");
        node.arg(install::here().join(script))
            .args(arguments)
            .env("NODE_PATH", install::node_path());
        node
    }

    fn start(name: &'static str, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}; ./test installs what is missing"));
        let orders = child.stdin.take().expect("was asked for");
        let output = BufReader::new(child.stdout.take().expect("was asked for"));
        let (tell, events) = channel();
        thread::spawn(move || {
            let events = output.lines().map_while(Result::ok);
            for event in events.map_while(|line| serde_json::from_str(&line).ok()) {
                if tell.send(event).is_err() {
                    break;
                }
            }
        });
        Self {
            name,
            child,
            orders,
            events,
            untold: Vec::new(),
        }
    }

    /// Gives an order.
    pub fn order(&mut self, order: Value) {
        writeln!(self.orders, "{order}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The next event of this kind; others keep until they are asked for.
    #[track_caller]
    pub fn await_event(&mut self, kind: &str) -> Value {
        let is_meant = |event: &Value| event["event"] == kind;
        if let Some(at) = self.untold.iter().position(is_meant) {
            return self.untold.remove(at);
        }
        let ended = Instant::now() + SOON;
        loop {
            let left = ended.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) if is_meant(&event) => return event,
                Ok(event) => self.untold.push(event),
                Err(error) => {
                    let why = match error {
                        RecvTimeoutError::Timeout => "did not happen",
                        RecvTimeoutError::Disconnected => "the peer has ended",
                    };
                    panic!("{}: {kind}: {why}; untold: {:?}", self.name, self.untold)
                }
            }
        }
    }

    /// Binds an ESME; returns the status that it was answered.
    #[track_caller]
    pub fn bind(&mut self, port: u16, system_id: &str, password: &str) -> u64 {
        self.order(json!({
            "do": "bind", "host": "127.0.0.1", "port": port,
            "system_id": system_id, "password": password,
        }));
        self.await_event("bind_resp")["status"]
            .as_u64()
            .expect("a status")
    }

    /// Submits a text; returns the response.
    #[track_caller]
    pub fn submit(&mut self, to: &str, text: &str, alphabet: &str) -> Value {
        self.order(json!({
            "do": "submit", "from": "MyBrand", "to": to, "text": text, "alphabet": alphabet,
        }));
        self.await_event("submit_resp")
    }

    /// Gives an order without details.
    pub fn tell_to(&mut self, order: &str) {
        self.order(json!({ "do": order }));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself, then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
