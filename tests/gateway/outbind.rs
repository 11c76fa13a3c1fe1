//! A carrier that calls us: it shows who it is, and we bind on its connection.

use crate::support::{Carrier, House, Told, account, message, octets, route};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Outbind, Pdu};
use std::net::{SocketAddr, TcpListener};

/// A house whose carrier calls us at the address that is returned.
fn called(keys: &str) -> (House, SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let house = House::open(&[
        account("acme", ""),
        format!(
            "[[carrier]]\nname = \"north\"\nsystem_id = \"gate\"\npassword = \"key\"\n\
             outbind = {{ address = \"{address}\", system_id = \"smsc\", password = \"knock\" }}\n\
             reconnect = {{ first = \"100ms\", most = \"100ms\" }}\n{keys}\n"
        ),
        route("all", "via = [\"north\"]"),
    ]);
    (house, address)
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
    north.write(&outbind("smsc", "knock"));
    let bind = north.next();
    assert_eq!(bind.command(), Command::BIND_TRANSCEIVER);
    north.accept_bind(&bind);
    north
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
