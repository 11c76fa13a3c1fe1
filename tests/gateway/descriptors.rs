//! More connections than descriptors: who is there goes on, and who comes is not left hanging.

use crate::support::{Esme, PATIENCE, Program, Start, Town, message, until};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Bind, Pdu};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LIMIT: usize = 256;

/// Carriers whose names are looked up and dialled several times a second, in vain.
fn unreachable(count: u16) -> impl Iterator<Item = String> {
    (1..=count).map(|port| {
        format!(
            "[[carrier]]\nname = \"gone-{port}\"\naddress = \"localhost:{port}\"\n\
             system_id = \"gate\"\npassword = \"key\"\n\
             reconnect = {{ first = \"100ms\", most = \"100ms\" }}\n"
        )
    })
}

fn program(town: &Town, others: impl Iterator<Item = String>) -> Program {
    let parts = town.parts("binds = 1000", "").into_iter().chain(others);
    Program::start(&Start {
        before: &format!("ulimit -n {LIMIT}"),
        listener: "bind_timeout = \"60s\"",
        parts: &parts.collect::<Vec<_>>(),
        ..Start::default()
    })
}

fn calls(count: usize, address: SocketAddr) -> Vec<TcpStream> {
    let call = |_| TcpStream::connect(address).expect("there is room in the kernel");
    (0..count).map(call).collect()
}

/// How many of them have been closed within this time.
fn closed(callers: &[TcpStream], patience: Duration) -> usize {
    let is_closed = |mut caller: &TcpStream| {
        caller.set_read_timeout(Some(patience)).unwrap();
        matches!(caller.read(&mut [0]), Ok(0))
    };
    callers.iter().filter(|caller| is_closed(caller)).count()
}

fn shortages(log: &str) -> usize {
    log.matches("connections could not be accepted").count()
}

/// Binds of acme, as many as there is room for. It is we who close, while there are descriptors
/// left.
fn binds_until_full(gate: &Program) -> Vec<Esme> {
    let mut bound = Vec::new();
    loop {
        let mut acme = gate.dial();
        acme.send(&Pdu::BindTransceiver(Bind {
            system_id: b"acme",
            password: b"secret",
            ..Bind::default()
        }));
        match acme.within(PATIENCE) {
            Some(answer) => assert_eq!(answer.status(), Status::ESME_ROK),
            None => return bound,
        }
        bound.push(acme);
    }
}

#[test]
fn callers_who_do_not_bind_leave_descriptors_to_those_who_do() {
    let town = Town::open();
    let gate = program(&town, unreachable(20));
    let working = town.works(&gate);
    let callers = calls(400, gate.address());
    until("the first have given way", || {
        closed(&callers[..300], Duration::from_millis(10)) == 300
    });
    // None of the others has gone yet, and there is room all the same.
    let mut acme = gate.trx("acme");
    acme.alive();
    assert_eq!(gate.http("/livez").0, 200);
    assert!(gate.descriptors() < LIMIT);
    drop(callers);
    until("the callers have gone", || gate.metric("connections") == 2);
    working.was_undisturbed();
    assert_eq!(shortages(&gate.log()), 0);
}

#[test]
fn more_binds_than_descriptors_are_closed_and_those_who_were_there_go_on() {
    let town = Town::open();
    let gate = program(&town, unreachable(20));
    let working = town.works(&gate);
    let mut bound = binds_until_full(&gate);
    let full = bound.len();
    assert!((LIMIT / 3..LIMIT).contains(&full), "{full} found room");
    working.goes_on();
    assert_eq!(gate.http("/livez").0, 200);
    assert!(gate.descriptors() < LIMIT);
    for acme in &mut bound {
        acme.alive();
    }
    bound.truncate(full / 2);
    until("half of them have gone", || {
        gate.metric("connections") == full as u64 / 2 + 1
    });
    gate.trx("acme").alive();
    working.was_undisturbed();
    assert_eq!(shortages(&gate.log()), 0);
}

#[test]
fn descriptors_of_carriers_that_are_added_are_kept_from_those_who_come_then() {
    let town = Town::open();
    let gate = program(&town, unreachable(0));
    let working = town.works(&gate);
    let before = binds_until_full(&gate).len();
    until("they have gone", || gate.metric("connections") == 1);
    let with_others: Vec<String> = town
        .parts("binds = 1000", "")
        .into_iter()
        .chain(unreachable(40))
        .collect();
    gate.reload(&with_others);
    let bound = binds_until_full(&gate);
    assert!(bound.len() + 40 <= before, "{} after {before}", bound.len());
    working.was_undisturbed();
    assert_eq!(shortages(&gate.log()), 0);
}

#[test]
fn who_looks_in_and_says_nothing_uses_up_no_descriptors_and_stops_nobody() {
    let town = Town::open();
    let gate = program(&town, unreachable(0));
    let working = town.works(&gate);
    let callers = calls(300, gate.admin());
    until("the first have given way", || {
        closed(&callers[..250], Duration::from_millis(10)) == 250
    });
    assert!(gate.descriptors() < LIMIT / 2, "{}", gate.descriptors());
    assert_eq!(gate.http("/livez").0, 200);
    let mut customers: Vec<_> = (0..50).map(|_| gate.trx("acme")).collect();
    working.goes_on();
    customers.iter_mut().for_each(|customer| customer.alive());
    drop(callers);
    assert_eq!(gate.http("/livez").0, 200);
    working.was_undisturbed();
    assert_eq!(shortages(&gate.log()), 0);
}

#[test]
fn who_calls_while_there_is_no_descriptor_is_closed_at_once_and_told_of_now_and_then() {
    let town = Town::open();
    let gate = program(&town, unreachable(0));
    let working = town.works(&gate);
    let mut north = town.north.bound();
    let mut acme = gate.trx("acme");
    let pid = Pid::from_raw(gate.id() as i32);
    let limit = |current: usize| {
        let current = Some(current as u64);
        let maximum = Some(LIMIT as u64);
        prlimit(pid, Resource::Nofile, Rlimit { current, maximum }).unwrap();
    };
    limit(gate.descriptors() + 5);
    for _ in 0..5 {
        let callers = calls(100, gate.address());
        until("all are closed but the few who were let in", || {
            closed(&callers, Duration::from_millis(1)) >= 90
        });
        working.goes_on();
    }
    let sequence = acme.submit_sm(message("33600000001"));
    north.takes("n1");
    acme.accepted(sequence);
    limit(LIMIT);
    until("those who were let in have gone", || {
        gate.metric("connections") == 2
    });
    let mut newcomer = gate.dial();
    newcomer.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
    newcomer.alive();
    working.was_undisturbed();
    let log = gate.log();
    assert!((1..=5).contains(&shortages(&log)), "{log}");
}
