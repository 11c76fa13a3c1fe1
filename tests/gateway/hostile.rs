//! Whoever comes to the port with anything but SMPP.

use crate::support::{Carrier, Esme, House, PATIENCE, Town, message, octets, one_carrier, until};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::Pdu;
use std::thread;
use std::time::{Duration, Instant};

/// Everything is as it was before.
fn all_is_well(house: &House, north: &mut Carrier, acme: &mut Esme) {
    until("who was hostile has gone", || {
        house.metric("connections") == 1
    });
    let sequence = acme.submit("33612345678");
    north.takes("n");
    acme.accepted(sequence);
}

#[test]
fn who_speaks_http_or_tls_or_ssh_is_closed() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    for greeting in [
        &b"GET / HTTP/1.1\r\nhost: gate\r\n\r\n"[..],
        b"POST /v1/messages HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03aaaaaaaaaaaaaaaa",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HEAD / HTTP/1.0\r\n\r\n",
    ] {
        let mut someone = house.dial();
        someone.write(greeting);
        for got in someone.closed() {
            assert_eq!(got.command(), Command::GENERIC_NACK);
            assert_eq!(got.status(), Status::ESME_RINVCMDLEN);
        }
    }
    all_is_well(&house, &mut north, &mut acme);
}

#[test]
fn an_impossible_length_is_nacked_and_ends_the_connection() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    // Before a bind no PDU is longer than 1,024 octets, after it none than 70,000.
    for (length, sequence, bound) in [
        (0, 0, false),
        (0, 0, true),
        (1, 0, true),
        (15, 0, false),
        (15, 0, true),
        (1_025, 7, false),
        (70_001, 7, true),
        (0x7FFF_FFFF, 7, true),
        (0x8000_0009, 7, true),
        (0xFFFF_FFFF, 7, false),
    ] {
        let mut someone = if bound {
            house.trx("acme")
        } else {
            house.dial()
        };
        let mut header = u32::to_be_bytes(length).to_vec();
        header.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7]);
        someone.write(&header);
        let got = someone.closed();
        assert_eq!(got.len(), 1, "length {length:#x}");
        assert_eq!(got[0].command(), Command::GENERIC_NACK);
        assert_eq!(got[0].status(), Status::ESME_RINVCMDLEN);
        assert_eq!(got[0].sequence(), sequence, "length {length:#x}");
    }
    all_is_well(&house, &mut north, &mut acme);
}

#[test]
fn what_came_before_framing_was_lost_is_answered() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut someone = house.trx("acme");
    let mut pdus = octets(&Pdu::SubmitSm(message("33600000001")), Status::ESME_ROK, 5);
    pdus.extend_from_slice(&[0, 0, 0, 3, 0, 0, 0, 4]);
    someone.write(&pdus);
    assert_eq!(north.takes("n1").sm(), message("33600000001"));
    let got = someone.closed();
    let commands: Vec<Command> = got.iter().map(|got| got.command()).collect();
    assert!(commands.contains(&Command::SUBMIT_SM_RESP), "{commands:?}");
    assert!(commands.contains(&Command::GENERIC_NACK), "{commands:?}");
    all_is_well(&house, &mut north, &mut acme);
}

#[test]
fn any_octets_get_an_answer_or_a_closed_connection_and_harm_nobody_else() {
    let (house, _smsc, mut north, mut acme) = one_carrier("binds = 100", "");
    let mut dice = 0x2545_F491_4F6C_DD1D_u64;
    let mut roll = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    for round in 0..40 {
        let mut someone = if round % 2 == 0 {
            house.dial()
        } else {
            house.trx("acme")
        };
        let mut noise = Vec::new();
        for _ in 0..30 {
            // Some of it is framed, so that it is read as PDUs of every command.
            let length = (roll() % 80) as usize;
            if roll() % 4 != 0 {
                let commands = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0B, 0x15, 0x21, 0x102, 0x103];
                let command = commands[(roll() % 14) as usize] | (roll() as u32 % 2) << 31;
                noise.extend_from_slice(&(length as u32 + 16).to_be_bytes());
                noise.extend_from_slice(&u32::to_be_bytes(command));
                noise.extend_from_slice(&[0; 4]);
                noise.extend_from_slice(&(roll() as u32).to_be_bytes());
            }
            noise.extend((0..length).map(|_| match roll() % 3 {
                0 => 0,
                _ => roll() as u8,
            }));
        }
        someone.write_some(&noise, Duration::from_millis(200));
        someone.hang_up();
    }
    until("who was hostile has gone", || {
        house.metric("connections") == 1
    });
    acme.alive();
    // What happened to be a message was one; this is the last of them.
    let sequence = acme.submit("33699999999");
    acme.accepted(sequence);
    loop {
        let request = north.request();
        north.accept(&request, "n");
        if request.command() == Command::SUBMIT_SM
            && request.sm().destination.digits == b"33699999999"
        {
            break;
        }
    }
}

#[test]
fn half_a_pdu_and_then_the_end_is_nothing() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let whole = octets(&Pdu::SubmitSm(message("33600000001")), Status::ESME_ROK, 5);
    for length in [1, 3, 4, 15, 16, 17, whole.len() - 1] {
        let mut someone = house.trx("acme");
        someone.write(&whole[..length]);
        someone.hang_up();
        let mut someone = house.trx("acme");
        someone.write(&whole[..length]);
        someone.half_close();
        assert!(someone.closed().is_empty());
    }
    until("all have gone", || house.metric("connections") == 1);
    acme.alive();
    let sequence = acme.submit("33612345678");
    assert_eq!(north.takes("n1").sm(), message("33612345678"), "only this");
    acme.accepted(sequence);
}

#[test]
fn half_a_bind_and_then_silence_is_closed_at_the_deadline_of_the_bind() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut someone = house.dial();
    someone.write(&[0, 0, 0, 40, 0, 0, 0, 9, 0]);
    assert!(someone.closed().is_empty());
    all_is_well(&house, &mut north, &mut acme);
}

#[test]
fn a_pdu_that_does_not_come_to_its_end_stops_nobody_else() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut dripping = house.trx("acme");
    dripping.write(&[0, 0, 0, 60, 0, 0, 0, 4]);
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
    assert_eq!(house.metric("connections"), 2);
    assert!(dripping.within(Duration::from_millis(20)).is_none());
}

#[test]
fn many_who_drip_octets_are_closed_in_time_and_disturb_nobody() {
    const EACH: u64 = 100;
    let town = Town::open();
    let house = House::open(&town.parts("binds = 200", ""));
    let working = town.works(&house);
    let before = Instant::now();
    let mut unbound: Vec<Esme> = (0..EACH).map(|_| house.dial()).collect();
    let mut bound: Vec<Esme> = (0..EACH).map(|_| house.trx("acme")).collect();
    unbound.iter_mut().for_each(|one| one.write(&[0, 0, 1, 0]));
    bound.iter_mut().for_each(|one| one.write(&[0, 0, 9, 0]));
    let all_bound = Instant::now();
    let drip = |some: &mut Vec<Esme>| {
        for one in some {
            // It may have been closed by now.
            one.write_some(&[0], Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(200));
    };
    // Octets now and then put nothing off: neither what a bind is given, one second here, nor the
    // ten seconds of a PDU.
    while house.metric("connections") > EACH + 1 {
        assert!(
            before.elapsed() < PATIENCE,
            "they stay as long as they drip"
        );
        drip(&mut unbound);
    }
    assert!(
        all_bound.elapsed() < Duration::from_secs(8),
        "{:?}",
        all_bound.elapsed()
    );
    assert_eq!(house.metric("account_binds{account=\"acme\"}"), EACH);
    while house.metric("connections") > 1 {
        assert!(
            all_bound.elapsed() < PATIENCE,
            "they stay as long as they drip"
        );
        drip(&mut bound);
    }
    assert!(
        before.elapsed() > Duration::from_secs(9),
        "{:?}",
        before.elapsed()
    );
    working.was_undisturbed();
}

#[test]
fn many_who_connect_and_say_nothing_are_closed_and_stop_nobody() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let mut silent: Vec<Esme> = (0..200).map(|_| house.dial()).collect();
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
    for someone in &mut silent {
        assert!(someone.closed().is_empty());
    }
    all_is_well(&house, &mut north, &mut acme);
}

#[test]
fn a_carrier_that_loses_its_framing_is_left_and_bound_again() {
    let (_house, smsc, mut north, mut acme) = one_carrier("", "");
    north.write(&[0, 0, 0, 5, 0, 0, 0, 5]);
    let got = north.closed();
    assert_eq!(got[0].command(), Command::GENERIC_NACK);
    assert_eq!(got[0].status(), Status::ESME_RINVCMDLEN);
    let mut north = smsc.bound();
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
}
