//! The session told as tables and stories; here are the words that they are told in.

mod table;
mod binding;
mod asking;
mod ending;
mod model;
mod golden;

use super::*;
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Bind, Header};
use std::time::Duration;

/// A session with its clock, in seconds, and what it has written.
struct Scene {
    machine: Machine<char>,
    now: Moment,
    out: BytesMut,
}

fn seconds(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000)
}

/// A window of 2 each way; the other times are 5 s to bind, 30 s to decide, 60 s to answer,
/// 30 s of silence, 10 s to break it, 5 s for each step of an unbind.
fn settings(role: Role) -> Settings {
    Settings {
        window: 2,
        peer_window: 2,
        bind_timeout: Duration::from_secs(5),
        response_timeout: Duration::from_secs(60),
        ..Settings::new(role)
    }
}

impl Scene {
    fn with(settings: Settings) -> Self {
        let now = seconds(0);
        Self {
            machine: Machine::new(settings, now),
            now,
            out: BytesMut::new(),
        }
    }

    fn open(role: Role) -> Self {
        Self::with(settings(role))
    }

    fn bound(role: Role, kind: BindKind) -> Self {
        Self::open(role).bind(kind)
    }

    /// Goes through a bind that the other side asks for or accepts.
    fn bind(mut self, kind: BindKind) -> Self {
        match self.machine.settings().role {
            Role::Smsc => {
                assert_eq!(self.hear(kind.command(), 900), Received::Bind(kind));
                assert!(self.machine.accept_bind(
                    kind,
                    900,
                    b"smppgate",
                    0x34,
                    self.now,
                    &mut self.out
                ));
            }
            Role::Esme => {
                assert!(
                    self.machine
                        .bind(kind, &Bind::default(), self.now, &mut self.out)
                );
                assert_eq!(self.hear(kind.response(), 1), Received::Bound(kind));
            }
        }
        assert_eq!(self.machine.state(), State::Bound(kind));
        self.out.clear();
        self
    }

    /// A PDU with status 0 arrives.
    fn hear(&mut self, command: Command, sequence: u32) -> Received<char> {
        self.hear_status(command, Status::ESME_ROK, sequence)
    }

    fn hear_status(&mut self, command: Command, status: Status, sequence: u32) -> Received<char> {
        self.machine.receive(
            &Header::bare(command, status, sequence),
            self.now,
            &mut self.out,
        )
    }

    fn ask(&mut self, token: char) -> Option<u32> {
        let command = match self.machine.settings().role {
            Role::Smsc => Command::DELIVER_SM,
            Role::Esme => Command::SUBMIT_SM,
        };
        self.machine.request(command, token, self.now)
    }

    /// The clock shows this many seconds.
    fn at(&mut self, at: u64) -> Tick<char> {
        self.now = seconds(at);
        self.machine.tick(self.now, &mut self.out)
    }

    fn unbind(&mut self) {
        self.machine.unbind(self.now, &mut self.out);
    }

    /// What was written since the last look: command, status, sequence number of each PDU.
    fn said(&mut self) -> Vec<(Command, Status, u32)> {
        let written = self.out.split();
        let mut rest = &written[..];
        let mut said = Vec::new();
        while let Some(frame) = frame::next(rest, frame::LENGTH_MAX).unwrap() {
            let Header {
                command,
                status,
                sequence,
                ..
            } = frame.header;
            said.push((command, status, sequence));
            rest = &rest[frame.octets.len()..];
        }
        assert!(rest.is_empty(), "half a PDU was written");
        said
    }

    /// The commands that were written since the last look.
    fn commands(&mut self) -> Vec<Command> {
        self.said()
            .into_iter()
            .map(|(command, ..)| command)
            .collect()
    }

    fn lost(&mut self) -> Vec<(char, bool)> {
        self.machine
            .outstanding()
            .map(|lost| (lost.token, lost.expired))
            .collect()
    }
}
