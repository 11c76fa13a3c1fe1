//! Accounts of whose passwords only hashes are known, and who may bind from where.

use crate::support::{Esme, House, account, message};
use smppgate::esme::Hash;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Bind, Pdu};

const TRX: Command = Command::BIND_TRANSCEIVER;

pub fn hashed(system_id: &str, password: &str, keys: &str) -> String {
    let hash = Hash::of(password.as_bytes(), &[7; 16]).unwrap().text();
    format!("[[account]]\nsystem_id = \"{system_id}\"\npassword_hash = \"{hash}\"\n{keys}\n")
}

fn asks(house: &House, system_id: &str, password: &str) -> Status {
    house.dial().bind(TRX, system_id, password).status()
}

#[test]
fn a_password_is_compared_with_its_hash_and_the_connection_bears_a_mistake() {
    let house = House::open(&[hashed("acme", "secret", "")]);
    let mut acme = house.dial();
    assert_eq!(
        acme.bind(TRX, "acme", "guess").status(),
        Status::ESME_RINVPASWD
    );
    let answer = acme.bind(TRX, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    assert!(answer.body().starts_with(b"smppgate\0"));
    acme.alive();
}

#[test]
fn many_binds_of_one_account_cost_one_verification() {
    let house = House::open(&[hashed("acme", "secret", "binds = 100")]);
    let mut customers: Vec<Esme> = (0..60).map(|_| house.dial()).collect();
    for customer in &mut customers {
        customer.send(&Pdu::BindTransceiver(Bind {
            system_id: b"acme",
            password: b"secret",
            interface_version: 0x34,
            ..Bind::default()
        }));
    }
    for customer in &mut customers {
        let answer = customer.expect(Command::BIND_TRANSCEIVER_RESP);
        assert_eq!(answer.status(), Status::ESME_ROK);
    }
    assert_eq!(asks(&house, "acme", "secret"), Status::ESME_ROK);
    assert_eq!(house.metric("passwords_verified_total"), 1);
}

#[test]
fn a_name_that_does_not_exist_is_verified_like_a_wrong_password() {
    let house = House::open(&[hashed("acme", "secret", ""), account("beta", "")]);
    for (name, password) in [("acme", "guess"), ("nobody", "secret"), ("beta", "guess")] {
        let before = house.metric("passwords_verified_total");
        assert_eq!(asks(&house, name, password), Status::ESME_RINVPASWD);
        assert_eq!(
            house.metric("passwords_verified_total"),
            before + 1,
            "{name}"
        );
    }
    assert_eq!(asks(&house, "beta", "secret"), Status::ESME_ROK);
}

#[test]
fn what_is_sent_behind_a_bind_waits_for_its_decision() {
    let house = House::open(&[hashed("acme", "secret", "")]);
    let mut acme = house.dial();
    acme.send(&Pdu::BindTransceiver(Bind {
        system_id: b"acme",
        password: b"secret",
        interface_version: 0x34,
        ..Bind::default()
    }));
    let sequence = acme.submit_sm(message("33612345678"));
    assert_eq!(acme.next().command(), Command::BIND_TRANSCEIVER_RESP);
    // There is no route in this house; without a bind it would be ESME_RINVBNDSTS.
    assert_eq!(acme.refused(sequence), Status::ESME_RINVDSTADR);
}

#[test]
fn two_passwords_count_while_one_follows_the_other() {
    let next = Hash::of(b"third", &[9; 16]).unwrap().text();
    let house = House::open(&[
        account("plain", "password_next = \"second\""),
        hashed("mixed", "first", "password_next = \"second\""),
        hashed("hashed", "first", &format!("password_next = \"{next}\"")),
    ]);
    for (name, password, right) in [
        ("plain", "secret", true),
        ("plain", "second", true),
        ("plain", "third", false),
        ("mixed", "first", true),
        ("mixed", "second", true),
        ("hashed", "first", true),
        ("hashed", "third", true),
        ("hashed", "second", false),
    ] {
        let expected = match right {
            true => Status::ESME_ROK,
            false => Status::ESME_RINVPASWD,
        };
        assert_eq!(asks(&house, name, password), expected, "{name} {password}");
    }
}

#[test]
fn a_changed_hash_counts_at_once_and_what_was_verified_is_forgotten() {
    let mut house = House::open(&[hashed("acme", "secret", "")]);
    let mut bound = house.trx("acme");
    house.reload(&[hashed("acme", "changed", "")]);
    assert_eq!(asks(&house, "acme", "secret"), Status::ESME_RINVPASWD);
    assert_eq!(asks(&house, "acme", "changed"), Status::ESME_ROK);
    bound.alive();
}

#[test]
fn an_account_binds_from_its_networks_alone() {
    let house = House::open(&[
        account("here", "allow = [\"127.0.0.0/8\"]"),
        account("there", "allow = [\"192.0.2.0/24\", \"2001:db8::/32\"]"),
        hashed("hidden", "secret", "allow = [\"192.0.2.0/24\"]"),
    ]);
    assert_eq!(asks(&house, "here", "secret"), Status::ESME_ROK);
    for name in ["there", "hidden"] {
        assert_eq!(asks(&house, name, "secret"), Status::ESME_RBINDFAIL);
        // Who does not know the password does not learn that there is such an account.
        assert_eq!(asks(&house, name, "guess"), Status::ESME_RINVPASWD);
    }
}

#[test]
fn who_hangs_up_while_its_password_is_verified_leaves_no_bind_behind() {
    let house = House::open(&[hashed("acme", "secret", "binds = 1")]);
    for _ in 0..3 {
        let mut gone = house.dial();
        gone.send(&Pdu::BindTransceiver(Bind {
            system_id: b"acme",
            password: b"secret",
            ..Bind::default()
        }));
        gone.hang_up();
    }
    crate::support::until("the binds have gone", || {
        asks(&house, "acme", "secret") == Status::ESME_ROK
    });
}
