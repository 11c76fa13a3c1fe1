//! Who guesses passwords loses time by it; who knows them does not.

use crate::passwords::hashed;
use crate::support::{Esme, House, account, one_carrier, route};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Bind, Pdu};
use std::time::{Duration, Instant};

const TRX: Command = Command::BIND_TRANSCEIVER;
const HERE: [u8; 4] = [127, 0, 0, 1];
const ELSEWHERE: [u8; 4] = [127, 0, 0, 7];

fn asks(house: &House, from: [u8; 4], system_id: &str, password: &str) -> Status {
    let mut esme = house.dial_from(from);
    esme.bind(TRX, system_id, password).status()
}

fn guess(esme: &mut Esme, system_id: &str, number: usize) {
    esme.send(&Pdu::BindTransceiver(Bind {
        system_id: system_id.as_bytes(),
        password: format!("guess{number}").as_bytes(),
        ..Bind::default()
    }));
}

#[test]
fn after_three_wrong_passwords_an_address_waits_for_its_turn_whether_the_name_exists_or_not() {
    for kind in [account("acme", ""), hashed("acme", "secret", "")] {
        let house = House::open(&[kind, account("beta", "")]);
        for name in ["acme", "nobody"] {
            for _ in 0..3 {
                assert_eq!(asks(&house, HERE, name, "guess"), Status::ESME_RINVPASWD);
            }
            let before = Instant::now();
            assert_eq!(asks(&house, HERE, name, "guess"), Status::ESME_RINVPASWD);
            assert!(before.elapsed() > Duration::from_millis(900), "{name}");
        }
        assert_eq!(house.metric("binds_slowed_total"), 2);
        // Others at the same address, and the same customer elsewhere, do not wait.
        assert_eq!(asks(&house, HERE, "beta", "secret"), Status::ESME_ROK);
        assert_eq!(asks(&house, ELSEWHERE, "acme", "secret"), Status::ESME_ROK);
        assert_eq!(house.metric("binds_slowed_total"), 2);
        // The right password is taken in its turn, and then counts for the future.
        assert_eq!(asks(&house, HERE, "acme", "secret"), Status::ESME_ROK);
        assert_eq!(house.metric("binds_slowed_total"), 3);
        assert_eq!(asks(&house, HERE, "acme", "secret"), Status::ESME_ROK);
        assert_eq!(house.metric("binds_slowed_total"), 3);
        assert_eq!(house.metric("binds_wrong_total"), 8);
    }
}

#[test]
fn a_customer_that_has_been_bound_from_here_binds_again_at_once_however_many_guess_beside_it() {
    let house = House::open(&[account("acme", "binds = 100")]);
    assert_eq!(asks(&house, HERE, "acme", "secret"), Status::ESME_ROK);
    // An application of the same customer with an old password, that never gives up.
    let mut others: Vec<Esme> = (0..8).map(|_| house.dial()).collect();
    let before = Instant::now();
    for (number, other) in others.iter_mut().enumerate() {
        guess(other, "acme", number);
    }
    for _ in 0..10 {
        assert_eq!(asks(&house, HERE, "acme", "secret"), Status::ESME_ROK);
    }
    for other in &mut others {
        let answer = other.expect(Command::BIND_TRANSCEIVER_RESP);
        assert_eq!(answer.status(), Status::ESME_RINVPASWD);
    }
    // All were compared at once, and the last ones were told so late.
    assert!(before.elapsed() > Duration::from_secs(1));
    assert_eq!(house.metric("binds_slowed_total"), 0);
    assert_eq!(house.metric("binds_turned_away_total"), 0);
}

#[test]
fn a_thousand_guesses_at_once_are_turned_away_and_messages_go_on() {
    let (mut house, smsc, mut north, mut acme) = one_carrier("", "");
    let parts = [
        account("acme", ""),
        hashed("beta", "secret", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ];
    house.reload(&parts);
    let mut guessers: Vec<Esme> = (0..600).map(|_| house.dial_from(ELSEWHERE)).collect();
    for (number, guesser) in guessers.iter_mut().enumerate() {
        guess(guesser, "beta", number);
    }
    for number in 0..50 {
        let sequence = acme.submit("33612345678");
        north.takes(&format!("n{number}"));
        acme.accepted(sequence);
    }
    for guesser in &mut guessers {
        let answer = guesser.expect(Command::BIND_TRANSCEIVER_RESP);
        assert!(
            [Status::ESME_RINVPASWD, Status::ESME_RTHROTTLED].contains(&answer.status()),
            "{}",
            answer.status()
        );
    }
    // Six have their turn within ten seconds, one or two more if it took long to ask.
    let verified = house.metric("passwords_verified_total");
    assert!((6..9).contains(&verified), "{verified} were compared");
    assert_eq!(house.metric("binds_turned_away_total"), 600 - verified);
    assert_eq!(asks(&house, HERE, "beta", "secret"), Status::ESME_ROK);
}

#[test]
fn who_hangs_up_while_it_waits_for_its_turn_leaves_nothing_behind() {
    let house = House::open(&[account("acme", "binds = 1")]);
    for number in 0..3 {
        let mut esme = house.dial();
        guess(&mut esme, "acme", number);
        esme.expect(Command::BIND_TRANSCEIVER_RESP);
    }
    let mut gone = house.dial();
    gone.send(&Pdu::BindTransceiver(Bind {
        system_id: b"acme",
        password: b"secret",
        ..Bind::default()
    }));
    gone.hang_up();
    assert_eq!(asks(&house, ELSEWHERE, "acme", "secret"), Status::ESME_ROK);
}

#[test]
fn a_flood_of_names_keeps_no_customer_out_whose_password_is_a_hash() {
    let house = House::open(&[
        hashed("acme", "secret", ""),
        hashed("beta", "secret", "allow = [\"127.0.0.0/16\"]"),
    ]);
    // They knock and hang up at once: nobody waits for what they have left.
    for at in 0..1_500_u16 {
        let [high, low] = at.to_be_bytes();
        let mut guesser = house.dial_from([127, 1 + high, low, 1 + low % 200]);
        guess(&mut guesser, &format!("name{at}"), 0);
    }
    // And these wait for an answer.
    let mut guessers: Vec<Esme> = (0..200)
        .map(|at| house.dial_from([127, 9, 9, 1 + (at % 4) as u8]))
        .collect();
    for (at, guesser) in guessers.iter_mut().enumerate() {
        guess(guesser, &format!("other{at}"), 0);
    }
    let before = Instant::now();
    for (from, name) in [(HERE, "acme"), (ELSEWHERE, "beta")] {
        assert_eq!(asks(&house, from, name, "secret"), Status::ESME_ROK);
    }
    // Two hundred verifications take longer than that, be it on a fast machine.
    assert!(before.elapsed() < Duration::from_secs(10));
    let mut refused = 0;
    for guesser in &mut guessers {
        let answer = guesser.expect(Command::BIND_TRANSCEIVER_RESP);
        assert_ne!(answer.status(), Status::ESME_ROK);
        refused += 1;
    }
    assert_eq!(refused, 200);
}
