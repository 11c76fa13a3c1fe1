//! Any sequence of PDUs, requests and waits at one session: no panic, no bound passed, and every
//! token comes back exactly once.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smppgate::moment::Moment;
use smppgate::session::{
    BindKind, Machine, Received, Role, SEQUENCE_MAX, Settings, State, Tick,
};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Bind, Header};
use std::collections::HashMap;
use std::time::Duration;

/// Octets that describe one step.
const STEP: usize = 6;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (sizes, spans, steps) = input;
    let role = if sizes & 1 == 0 { Role::Smsc } else { Role::Esme };
    let settings = Settings {
        window: u32::from(sizes >> 1 & 7),
        peer_window: u32::from(sizes >> 4 & 7),
        enquire_link: Duration::from_secs(u64::from(spans & 31)),
        idle_timeout: Duration::from_secs(u64::from(spans >> 5) * 20),
        ..Settings::new(role)
    };
    let mut history = History {
        machine: Machine::new(settings.clone(), Moment(0)),
        settings,
        now: Moment(0),
        out: BytesMut::new(),
        waiting: HashMap::new(),
        asked: 0,
        bind: None,
        over: false,
    };
    for step in steps.as_chunks::<STEP>().0 {
        history.step(*step);
        history.check();
    }
    history.end();
});

struct History {
    machine: Machine<u32>,
    settings: Settings,
    now: Moment,
    out: BytesMut,
    /// Our unanswered requests by token: the number each bears, and whether it has expired.
    waiting: HashMap<u32, (u32, bool)>,
    asked: u32,
    /// The bind that waits for our decision.
    bind: Option<(BindKind, u32)>,
    over: bool,
}

impl History {
    fn step(&mut self, [what, command, status, a, b, c]: [u8; STEP]) {
        let number = u32::from_be_bytes([0, a, b, c]);
        let kind = BindKind::ALL[usize::from(command) % 3];
        let (now, out) = (self.now, &mut self.out);
        match what % 12 {
            0..4 => {
                let command = match Command::KNOWN.get(usize::from(command) % 32) {
                    Some((known, _)) => *known,
                    None => Command(number | u32::from(command) << 24),
                };
                self.hear(Header::bare(command, Status(u32::from(status)), number));
            }
            4 => {
                // The answer to a request that waits, right or wrong.
                let chosen = self.waiting.values().min().map(|&(sequence, _)| sequence);
                let right = match self.settings.role {
                    Role::Smsc => Command::DELIVER_SM_RESP,
                    Role::Esme => Command::SUBMIT_SM_RESP,
                };
                let command = if command & 3 == 0 { Command::GENERIC_NACK } else { right };
                self.hear(Header::bare(
                    command,
                    Status(u32::from(status)),
                    chosen.unwrap_or(number),
                ));
            }
            5 | 6 => {
                let room = self.machine.room();
                let sequence = self.machine.request(Command::SUBMIT_SM, self.asked, now);
                assert_eq!(sequence.is_some(), room > 0);
                if let Some(sequence) = sequence {
                    assert!((1..=SEQUENCE_MAX).contains(&sequence));
                    assert!(self.waiting.values().all(|&(used, _)| used != sequence));
                    self.waiting.insert(self.asked, (sequence, false));
                    self.asked += 1;
                }
            }
            7 => {
                let most = self.machine.unanswered();
                self.machine.answered(usize::from(status).min(most));
            }
            8 => self.now = now + Duration::from_millis(u64::from(number % 100_000)),
            9 => {
                self.machine.bind(kind, &Bind::default(), now, out);
            }
            10 => match self.bind.take() {
                Some((kind, sequence)) if status & 3 != 0 => {
                    self.machine.accept_bind(kind, sequence, b"gate", command, now, out);
                }
                Some((kind, sequence)) => {
                    let status = Status::ESME_RINVPASWD;
                    let refused = self.machine.refuse_bind(kind, sequence, status, out);
                    self.over |= refused.is_some();
                }
                None => {
                    assert!(!self.machine.accept_bind(kind, number, b"", command, now, out));
                }
            },
            _ if status < 16 => self.machine.unbind(now, out),
            _ => self.machine.heard(now),
        }
    }

    fn hear(&mut self, header: Header) {
        match self.machine.receive(&header, self.now, &mut self.out) {
            Received::Response { token, in_time, .. } => {
                let (sequence, expired) = self.waiting.remove(&token).expect("a token that waits");
                assert_eq!((header.sequence, in_time), (sequence, !expired));
            }
            Received::Bind(kind) => self.bind = Some((kind, header.sequence)),
            Received::Close(_) => {
                assert!(!self.over, "closed twice");
                self.over = true;
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        while self.machine.deadline() <= self.now {
            match self.machine.tick(self.now, &mut self.out) {
                Tick::Idle => assert!(self.machine.deadline() > self.now),
                Tick::Expired(token) => {
                    let (_, expired) = self.waiting.get_mut(&token).expect("a token that waits");
                    assert!(!std::mem::replace(expired, true), "expired twice");
                }
                Tick::Close(_) => {
                    assert!(!self.over, "closed twice");
                    self.over = true;
                }
            }
        }
        assert_eq!(self.over, self.machine.state() == State::Closed);
        assert_eq!(self.machine.in_flight(), self.waiting.len());
        assert!(self.machine.in_flight() <= self.settings.window as usize);
        assert!(self.machine.unanswered() <= 2 * self.settings.peer_window.max(1) as usize);
        // What it says by itself is always whole PDUs.
        while let Some(frame) = frame::next(&self.out, frame::LENGTH_MAX).expect("a sound frame") {
            let length = frame.octets.len();
            let _ = self.out.split_to(length);
        }
        assert!(self.out.is_empty());
    }

    fn end(&mut self) {
        for lost in self.machine.outstanding() {
            let known = self.waiting.remove(&lost.token).map(|(_, expired)| expired);
            assert_eq!(known, Some(lost.expired));
        }
        assert!(self.waiting.is_empty(), "a token never came back");
    }
}
