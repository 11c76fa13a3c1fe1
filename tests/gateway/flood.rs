//! Many who come, and go, and come again: nothing of them stays, and others do not feel it.

use crate::support::{Esme, Program, Start, Town, until};
use smppgate_codec::code::{Command, Status};
use socket2::{Domain, Socket, Type};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

fn program(town: &Town, acme: &str) -> Program {
    Program::start(&Start {
        listener: "bind_timeout = \"60s\"",
        parts: &town.parts(acme, ""),
        ..Start::default()
    })
}

/// A connection from another address of this machine.
fn call_from(last: u8, gate: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let own = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(&own.into()).unwrap();
    socket.connect(&gate.into()).unwrap();
    socket.into()
}

#[test]
fn a_flood_of_callers_who_never_bind_gives_way_and_disturbs_nobody() {
    /// As many as an address may have without a bind.
    const UNBOUND: u64 = 1_000;
    /// As many as would like to stay.
    const HELD: usize = 1_500;
    let town = Town::open();
    let gate = program(&town, "");
    let working = town.works(&gate);
    let end = Instant::now() + Duration::from_secs(3);
    let address = gate.address();
    thread::scope(|scope| {
        for last in [2, 3] {
            scope.spawn(move || {
                let mut callers = VecDeque::new();
                for count in 0.. {
                    callers.push_back(call_from(last, address));
                    if callers.len() > HELD {
                        callers.pop_front();
                    }
                    if count >= 4 * HELD || count > 2 * HELD && Instant::now() > end {
                        break;
                    }
                }
            });
        }
        // Who comes from elsewhere in the middle of it finds room and time.
        for _ in 0..10 {
            let mut acme = Esme::over(call_from(9, address));
            let answer = acme.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
            assert_eq!(answer.status(), Status::ESME_ROK);
            acme.unbind();
            acme.closed();
            working.goes_on();
            let open = gate.metric("connections");
            // Of those who have to go, some may not have gone yet.
            assert!(open <= 2 * UNBOUND + UNBOUND / 2, "{open}");
        }
    });
    until("the flood is over", || gate.metric("connections") == 1);
    working.was_undisturbed();
}

#[test]
fn a_customer_that_binds_and_unbinds_without_end_leaves_nothing_behind() {
    const ROUNDS: usize = 1_000;
    let town = Town::open();
    let gate = program(&town, "binds = 3");
    let mut north = town.north.bound();
    let working = town.works(&gate);
    // With a message now and then; who hangs up has its seat until we have noticed.
    let comes_and_goes = |rounds: usize| {
        for round in 0..rounds {
            let mut acme = gate.dial();
            until("there is a seat", || {
                acme = gate.dial();
                let answer = acme.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
                answer.status() == Status::ESME_ROK
            });
            if round % 10 == 0 {
                let sequence = acme.submit("33600000001");
                acme.accepted(sequence);
            }
            match round % 3 {
                0 => acme.hang_up(),
                _ => acme.unbind(),
            }
        }
    };
    comes_and_goes(200);
    let settled = |gate: &Program| {
        until("all have gone", || {
            gate.metric("connections") == 1 && gate.metric("account_binds{account=\"acme\"}") == 0
        });
        (gate.memory(), gate.descriptors())
    };
    let (memory, descriptors) = settled(&gate);
    comes_and_goes(ROUNDS);
    settled(&gate);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    // There are three seats, and who has been told that it is unbound has left.
                    gate.trx("acme").unbind();
                }
            });
        }
    });
    working.goes_on();
    let (memory_after, descriptors_after) = settled(&gate);
    let grown = memory_after.saturating_sub(memory);
    assert!(grown < 8 * MIB, "{grown} octets");
    assert!(descriptors_after <= descriptors + 5);
    let _ = north.so_far();
    working.was_undisturbed();
}
