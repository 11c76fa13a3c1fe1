//! A peer in a process of its own: it takes orders and tells what happens, a line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::install;

/// Within this time everything that is waited for has happened.
const SOON: Duration = Duration::from_secs(20);

/// A library that we have not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// npm `smpp`.
    Npm,
    /// PyPI `smpplib`.
    Smpplib,
    /// PyPI `smpp34`. It answers enquire_link and unbind and says nothing about it, and asks neither
    /// when it is told to.
    Smpp34,
}

/// An ESME or a carrier on a library that we have not written; it ends when this is dropped.
pub struct Peer {
    name: &'static str,
    /// What it stands on.
    pub library: Library,
    child: Child,
    orders: ChildStdin,
    events: Receiver<Value>,
    /// What has happened and nobody has asked for yet.
    untold: Vec<Value>,
}

impl Peer {
    /// An ESME on this library.
    pub fn esme(library: Library) -> Self {
        let (name, script) = match library {
            Library::Npm => ("esme.js", Self::node("esme.js")),
            Library::Smpplib => ("esme.py", Self::python("esme.py")),
            Library::Smpp34 => ("esme34.py", Self::python("esme34.py")),
        };
        Self::start(name, library, script)
    }

    /// A carrier on npm smpp, and the port that it listens on: this one, or any if that is 0. With a
    /// folder of certificates it speaks TLS.
    pub fn npm_smsc(password: &str, port: u16, certificates: Option<&Path>) -> (Self, u16) {
        let mut script = Self::node("smsc.js");
        script
            .args([password, &port.to_string()])
            .args(certificates);
        Self::listening(Self::start("smsc.js", Library::Npm, script))
    }

    /// A carrier on smpp34, likewise.
    pub fn smpp34_smsc(port: u16) -> (Self, u16) {
        let mut script = Self::python("smsc34.py");
        script.arg(port.to_string());
        Self::listening(Self::start("smsc34.py", Library::Smpp34, script))
    }

    fn listening(mut smsc: Self) -> (Self, u16) {
        let listening = smsc.await_event("listening");
        let port = listening["port"].as_u64().expect("a port");
        (smsc, port as u16)
    }

    fn python(script: &str) -> Command {
        let mut python = Command::new("python3");
        python
            .arg(install::here().join(script))
            .env("PYTHONPATH", install::python_path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }

    fn node(script: &str) -> Command {
        let mut node = Command::new("node");
        node.arg(install::here().join(script))
            .env("NODE_PATH", install::node_path());
        node
    }

    fn start(name: &'static str, library: Library, mut command: Command) -> Self {
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
            library,
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

    /// Whether this has happened and nobody has asked for it yet.
    pub fn has_told(&mut self, kind: &str) -> bool {
        self.untold.extend(self.events.try_iter());
        self.untold.iter().any(|event| event["event"] == kind)
    }

    /// Submits a text, by this way if it is long.
    pub fn submit_by(&mut self, way: &str, to: &str, text: &str, alphabet: &str) {
        self.order(json!({
            "do": "submit", "from": "MyBrand", "to": to, "text": text, "alphabet": alphabet, "way": way,
        }));
    }

    /// Submits a text that fits into one PDU; returns the response.
    #[track_caller]
    pub fn submit(&mut self, to: &str, text: &str, alphabet: &str) -> Value {
        self.submit_by("udh", to, text, alphabet);
        self.await_event("submit_resp")
    }

    /// As a carrier: a phone writes to a short code.
    pub fn phone(&mut self, text: &str, alphabet: &str) {
        self.order(json!({
            "do": "phone", "from": "33698765432", "to": "36034", "text": text, "alphabet": alphabet,
            "way": "udh",
        }));
    }

    /// As an ESME: unbinds, and waits until the connection is closed.
    #[track_caller]
    pub fn unbind(&mut self) {
        self.tell_to("unbind");
        assert_eq!(self.await_event("unbind_resp")["status"], 0);
        self.await_event("closed");
    }

    /// Ends the process without a word to anybody.
    pub fn kill(&mut self) {
        // It may have ended by itself, then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Gives an order without details.
    pub fn tell_to(&mut self, order: &str) {
        self.order(json!({ "do": order }));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}
