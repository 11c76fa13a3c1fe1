//! Who wants memory of us gets what it needs and no more: lengths that are only announced, answers
//! and deliveries that nobody reads.

use crate::support::{Esme, Program, Start, Town, put_tlv, until, widely_spread};
use smppgate_codec::code::{Command, Status, Tag};
use std::thread;
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// More addresses than this are not to be had: who sets 4 GiB aside is ended by its allocator.
const LIMIT: &str = "ulimit -v 3000000";

fn header(length: u32) -> Vec<u8> {
    let mut header = length.to_be_bytes().to_vec();
    header.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7]);
    header
}

fn program(town: &Town, acme: &str) -> Program {
    Program::start(&Start {
        before: LIMIT,
        listener: "bind_timeout = \"60s\"",
        parts: &town.parts(acme, ""),
        ..Start::default()
    })
}

#[test]
fn a_length_that_cannot_be_is_refused_before_any_memory_is_set_aside() {
    let town = Town::open();
    let gate = program(&town, "");
    let working = town.works(&gate);
    let before = gate.memory_peak();
    for length in (0..16).chain([70_001, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]) {
        for bound in [false, true] {
            for _ in 0..5 {
                let mut someone = if bound { gate.trx("acme") } else { gate.dial() };
                someone.write(&header(length));
                let got = someone.closed();
                assert_eq!(got.len(), 1, "length {length:#x}");
                assert_eq!(got[0].command(), Command::GENERIC_NACK);
                assert_eq!(got[0].status(), Status::ESME_RINVCMDLEN);
            }
        }
    }
    working.was_undisturbed();
    let grown = gate.memory_peak() - before;
    assert!(grown < 16 * MIB, "{grown} octets");
}

#[test]
fn a_length_that_is_only_announced_takes_no_memory() {
    const BINDS: u64 = 400;
    let town = Town::open();
    let gate = program(&town, "binds = 500\nenquire_link = \"0s\"");
    let working = town.works(&gate);
    let mut begun: Vec<Esme> = (0..BINDS).map(|_| gate.trx("acme")).collect();
    let before = gate.memory();
    for someone in &mut begun {
        someone.write(&header(70_000));
    }
    working.goes_on();
    thread::sleep(Duration::from_millis(200));
    working.was_undisturbed();
    let grown = gate.memory().saturating_sub(before);
    assert!(grown / BINDS < 16 * 1_024, "{grown} octets");
    assert_eq!(gate.metric("account_binds{account=\"acme\"}"), BINDS);
}

#[test]
fn many_who_submit_and_read_no_answer_take_bounded_memory() {
    const BINDS: u64 = 24;
    let town = Town::open();
    let gate = program(&town, "binds = 100\ndestinations = [\"44*\"]");
    let working = town.works(&gate);
    let before = gate.memory();
    let mut deaf: Vec<Esme> = (0..BINDS).map(|_| gate.dial_narrow()).collect();
    for someone in &mut deaf {
        let answer = someone.bind(Command::BIND_TRANSMITTER, "acme", "secret");
        assert_eq!(answer.status(), Status::ESME_ROK);
    }
    let some = widely_spread(100);
    thread::scope(|scope| {
        for few in deaf.chunks_mut(2) {
            scope.spawn(|| {
                for someone in few {
                    let mut written = 0;
                    while someone.write_some(&some, Duration::from_millis(200)) == some.len() {
                        written += some.len() as u64;
                        assert!(written < 64 * MIB, "what nobody reads is answered for ever");
                    }
                }
            });
        }
    });
    working.goes_on();
    let grown = gate.memory_peak() - before;

    assert!(grown / BINDS < 4 * MIB, "{grown} octets");
    working.was_undisturbed();
}

#[test]
fn many_who_are_delivered_to_and_read_nothing_take_bounded_memory() {
    const BINDS: u64 = 40;
    /// More than an account may have waiting, at some sixty places each.
    const DELIVERIES: u32 = 6_000;
    let town = Town::open();
    let gate = program(&town, "binds = 100\ndeliver_window = 1000");
    let mut north = town.north.bound();
    let working = town.works(&gate);
    let before = gate.memory();
    let mut deaf: Vec<Esme> = (0..BINDS).map(|_| gate.dial_narrow()).collect();
    for someone in &mut deaf {
        let answer = someone.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
        assert_eq!(answer.status(), Status::ESME_ROK);
    }
    let mut payload = Vec::new();
    put_tlv(&mut payload, Tag::MESSAGE_PAYLOAD, &[b'x'; 60_000]);
    let mut refused = 0;
    for _ in 0..DELIVERIES {
        let sequence = north.deliver(0, b"", &payload);
        match north.answered(sequence) {
            Status::ESME_ROK => assert_eq!(refused, 0, "there is room again"),
            status => {
                assert_eq!(status, Status::ESME_RX_T_APPN);
                refused += 1;
            }
        }
        if refused > 10 {
            break;
        }
    }
    assert!(refused > 0, "all of it found room");
    working.goes_on();
    let grown = gate.memory_peak() - before;
    assert!(grown < 400 * MIB, "{grown} octets");
    working.was_undisturbed();
    drop(deaf);
    until("they have gone", || {
        gate.metric("account_binds{account=\"acme\"}") == 0
    });
}
