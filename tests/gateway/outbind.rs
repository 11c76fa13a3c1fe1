//! A carrier that calls us: it shows who it is, and we bind on its connection.

use crate::support::{Authority, Carrier, House, PATIENCE, Told, account, message, octets, route};
use rustls::version::{TLS12, TLS13};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Outbind, Pdu};
use std::fs;
use std::net::{SocketAddr, TcpListener};

/// A house whose carrier calls us at the address that is returned.
fn called(keys: &str) -> (House, SocketAddr) {
    let address = free_address();
    (House::open(&parts(address, "", keys)), address)
}

fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// The config with these keys inside `outbind`, and these beside it.
fn parts(address: SocketAddr, inside: &str, keys: &str) -> [String; 3] {
    [
        account("acme", ""),
        format!(
            "[[carrier]]\nname = \"north\"\nsystem_id = \"gate\"\npassword = \"key\"\n\
             outbind = {{ address = \"{address}\", system_id = \"smsc\", password = \"knock\"{inside} }}\n\
             reconnect = {{ first = \"100ms\", most = \"100ms\" }}\n{keys}\n"
        ),
        route("all", "via = [\"north\"]"),
    ]
}

fn outbind(system_id: &str, password: &str) -> Vec<u8> {
    let outbind = Pdu::Outbind(Outbind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
    });
    octets(&outbind, Status::ESME_ROK, 1).to_vec()
}

/// The carrier calls, and the gateway binds.
fn bound(address: SocketAddr) -> Carrier {
    let mut north = Carrier::calls(address);
    binds_with(&mut north);
    north
}

fn binds_with(north: &mut Carrier) {
    north.write(&outbind("smsc", "knock"));
    let bind = north.next();
    assert_eq!(bind.command(), Command::BIND_TRANSCEIVER);
    north.accept_bind(&bind);
}

#[test]
fn we_bind_on_the_connection_of_a_carrier_that_shows_who_it_is() {
    let (house, address) = called("");
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    let mut north = bound(address);
    assert_eq!(north.takes("n1").sm(), message("33612345678"));
    north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt(), Told::new(&id, "DELIVRD", "000"));
    // It may call again when it has hung up.
    north.hang_up();
    let mut north = bound(address);
    acme.submit("33612345678");
    north.takes("n2");
}

#[test]
fn a_carrier_may_call_as_often_as_there_are_binds_with_it() {
    let (_house, address) = called("binds = 2");
    let _one = bound(address);
    let _two = bound(address);
}

#[test]
fn a_carrier_may_make_all_its_calls_at_once() {
    let (_house, address) = called("binds = 2");
    let mut calls = [Carrier::calls(address), Carrier::calls(address)];
    for north in &mut calls {
        binds_with(north);
    }
    for north in &mut calls {
        north.alive();
    }
}

#[test]
fn a_caller_that_shows_anything_else_is_closed_without_a_word() {
    let (_house, address) = called("");
    let strangers = [
        outbind("smsc", "wrong"),
        outbind("mmsc", "knock"),
        octets(&Pdu::EnquireLink, Status::ESME_ROK, 1).to_vec(),
        b"GET / HTTP/1.1\r\nhost: gate\r\n\r\n".to_vec(),
        [outbind("smsc", "knock"), outbind("smsc", "knock")].concat(),
    ];
    // Who says nothing does not keep out those who come behind.
    let _silent = Carrier::calls(address);
    for octets in strangers {
        let mut stranger = Carrier::calls(address);
        stranger.write(&octets);
        assert!(stranger.closed().is_empty());
    }
    bound(address);
}

#[test]
fn a_carrier_may_call_over_tls_and_show_a_certificate_of_its_own() {
    let authority = Authority::new();
    authority.issue("gw");
    authority.issue("smsc");
    let ca = authority.named("ca.pem");
    let tls = authority.listener(&format!(", client_ca = {ca}"));
    let address = free_address();
    let house = House::open(&parts(address, &format!(", {tls}"), ""));
    for version in [&TLS12, &TLS13] {
        let own = authority.client(version, Some("smsc"));
        let mut north = Carrier::calls_tls(address, own);
        binds_with(&mut north);
        let mut acme = house.trx("acme");
        let sequence = acme.submit("33612345678");
        north.takes("n1");
        acme.accepted(sequence);
        north.hang_up();
    }
    // Who has no certificate does not come to show a password.
    let mut stranger = Carrier::calls_tls(address, authority.client(&TLS13, None));
    stranger.write_some(&outbind("smsc", "knock"), PATIENCE);
    assert!(stranger.closed().is_empty());
    let mut plain = Carrier::calls(address);
    plain.write(&outbind("smsc", "knock"));
    plain.is_gone();
}

#[test]
fn a_caller_that_does_not_finish_its_handshake_is_closed_and_keeps_nobody_out() {
    let authority = Authority::new();
    authority.issue("gw");
    let address = free_address();
    let tls = authority.listener("");
    let _house = House::open(&parts(address, &format!(", {tls}"), ""));
    let mut silent = Carrier::calls(address);
    let mut north = Carrier::calls_tls(address, authority.client(&TLS13, None));
    binds_with(&mut north);
    // The door is watched only while a bind is wanted.
    north.hang_up();
    let mut talker = Carrier::calls(address);
    // The head of a record that is longer than what follows.
    talker.write(b"\x16\x03\x01\x02\x00\x01");
    talker.is_gone();
    silent.is_gone();
}

#[test]
fn new_certificates_for_calls_are_used_from_the_next_one_on_and_no_bind_is_dropped() {
    let authority = Authority::new();
    authority.issue("gw");
    let address = free_address();
    let tls = format!(", {}", authority.listener(""));
    let parts = parts(address, &tls, "binds = 2");
    let mut house = House::open(&parts);
    let mut one = Carrier::calls_tls(address, authority.client(&TLS13, None));
    binds_with(&mut one);
    let next = Authority::new();
    next.issue("gw");
    for file in ["gw.pem", "gw.key"] {
        fs::copy(next.file(file), authority.file(file)).unwrap();
    }
    house.reload(&parts);
    let mut two = Carrier::calls_tls(address, next.client(&TLS13, None));
    binds_with(&mut two);
    one.alive();
}
