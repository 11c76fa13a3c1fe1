//! Who comes to an encrypted port and does not want to be let in: handshakes that stall, break, or
//! are made to cost much.

use crate::support::{Authority, Esme, PATIENCE, Program, Start, Town, Working, octets, until};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Bind, Pdu};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

struct Scene {
    gate: Program,
    authority: Authority,
    town: Town,
}

/// An encrypted port with these keys for its TLS. Beta works over it as well.
fn scene(keys: impl Fn(&Authority) -> String) -> (Scene, Working) {
    let (authority, town) = (Authority::new(), Town::open());
    authority.issue("gw");
    authority.issue("beta");
    let tls = authority.listener(&keys(&authority));
    let gate = Program::start(&Start {
        listener: &format!("bind_timeout = \"2s\"\n{tls}"),
        parts: &town.parts("", ""),
        ..Start::default()
    });
    let client = authority.client(&TLS13, Some("beta"));
    let mut beta = Esme::dial_tls(gate.address(), client);
    let answer = beta.bind(Command::BIND_TRANSCEIVER, "beta", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    let working = Working::begin(town.south.bound(), beta);
    let scene = Scene {
        gate,
        authority,
        town,
    };
    (scene, working)
}

impl Scene {
    fn call(&self) -> TcpStream {
        TcpStream::connect(self.gate.address()).unwrap()
    }

    /// Somebody has called, and has said this.
    fn says(&self, octets: &[u8]) -> Esme {
        let mut stream = self.call();
        // Before its end it may have been closed.
        let _ = stream.write_all(octets);
        Esme::over(stream)
    }

    /// The first words of a client.
    fn hello(&self, version: &'static rustls::SupportedProtocolVersion) -> Vec<u8> {
        let mut hello = Vec::new();
        let client = self.authority.client(version, None);
        let mut client = ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
        client.write_tls(&mut hello).unwrap();
        hello
    }

    fn is_let_in(&self, client: Arc<ClientConfig>) -> bool {
        let mut beta = Esme::speak_tls(self.call(), client);
        let bind = Pdu::BindTransceiver(Bind {
            system_id: b"beta",
            password: b"secret",
            ..Bind::default()
        });
        // Who is refused may hear of it while it still speaks.
        beta.write_some(&octets(&bind, Status::ESME_ROK, 1), PATIENCE);
        beta.within(PATIENCE).is_some()
    }
}

#[test]
fn handshakes_that_stall_are_closed_in_time_and_disturb_nobody() {
    const EACH: usize = 100;
    let (scene, working) = scene(|_| String::new());
    let hello = scene.hello(&TLS12);
    let before = (scene.gate.memory(), Instant::now());
    let stalled: Vec<Esme> = [&hello[..0], &hello[..hello.len() / 2], &hello[..]]
        .repeat(EACH)
        .into_iter()
        .map(|octets| scene.says(octets))
        .collect();
    working.goes_on();
    let mut acme = Esme::dial_tls(scene.gate.address(), scene.authority.client(&TLS12, None));
    let answer = acme.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    for mut someone in stalled {
        someone.is_gone();
    }
    let took = before.1.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    let each = (scene.gate.memory_peak().saturating_sub(before.0)) / (3 * EACH as u64);
    assert!(each < MIB / 8, "{each} octets for each");
    acme.alive();
    working.was_undisturbed();
}

#[test]
fn handshakes_that_break_in_the_middle_leave_nothing_behind() {
    let (scene, working) = scene(|_| String::new());
    let before = scene.gate.memory();
    let record = |kind: u8, length: u16, content: &[u8]| {
        let [high, low] = length.to_be_bytes();
        [&[kind, 3, 3, high, low], content].concat()
    };
    // A message of sixteen megabytes, of which the first is on its way.
    let mut endless = record(22, 16_384, &[1, 0xFF, 0xFF, 0xFF]);
    endless.resize(5 + 16_384, 0);
    while endless.len() < MIB as usize {
        endless.extend(record(22, 16_384, &[0; 16_384]));
    }
    for version in [&TLS12, &TLS13] {
        let hello = scene.hello(version);
        let broken = [
            [&hello[..], &[0xFF; 600]].concat(),
            [&hello[..], &record(22, 4, &[20, 0, 0, 0])].concat(),
            [&hello[..], &record(23, 600, &[0; 600])].concat(),
            [&hello[..], &record(21, 2, &[2, 40])].concat(),
            [&hello[..], &hello[..]].concat(),
            record(22, 0xFFFF, &[1; 70_000]),
            record(22, 0, b"").repeat(500),
            record(21, 2, &[1, 90]).repeat(500),
            endless.clone(),
        ];
        for octets in broken.iter().flat_map(|one| std::iter::repeat_n(one, 5)) {
            scene.says(octets).is_gone();
        }
        // And those who hang up without a word, here and there.
        for at in (0..hello.len()).step_by(3) {
            let mut stream = scene.call();
            stream.write_all(&hello[..at]).unwrap();
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
    until("they have gone", || scene.gate.metric("connections") == 1);
    let grown = scene.gate.memory_peak().saturating_sub(before);
    assert!(grown < 32 * MIB, "{grown} octets");
    assert!(scene.is_let_in(scene.authority.client(&TLS13, None)));
    working.was_undisturbed();
}

#[test]
fn a_chain_of_certificates_without_end_is_not_read_to_its_end() {
    let (scene, working) = scene(|authority| {
        let issuers = authority.named("ca.pem");
        format!(", client_ca = {issuers}")
    });
    for version in [&TLS12, &TLS13] {
        let client = |length| scene.authority.client_with_chain(version, "beta", length);
        assert!(scene.is_let_in(client(1)));
        for _ in 0..5 {
            // Sixty-four kilobytes are the most that is read of them.
            assert!(!scene.is_let_in(client(1_000)));
        }
    }
    working.was_undisturbed();
    drop(scene.town);
}
