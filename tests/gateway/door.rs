//! Who comes to the port: through a balancer, from where, and how many at once.

use crate::support::{Authority, Esme, House, account, until};
use smppgate_codec::code::{Command, Status};
use std::io::Write;
use std::net::TcpStream;

const TRX: Command = Command::BIND_TRANSCEIVER;

fn behind_a_balancer(header: &[u8], house: &House) -> Esme {
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.write_all(header).unwrap();
    Esme::over(stream)
}

fn v2(source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(source);
    header.extend([10, 0, 0, 1, 0x13, 0x88, 0x0A, 0xD7]);
    header
}

#[test]
fn a_balancer_announces_whose_connection_it_passes_on() {
    let house = House::behind(
        "proxy_protocol = [\"127.0.0.0/8\"]\nconnections_per_address = 1",
        &[account("acme", "")],
    );
    let text = b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 2775\r\n";
    let mut first = behind_a_balancer(text, &house);
    assert_eq!(first.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    // It is the announced address that has as many connections as it may.
    let mut second = behind_a_balancer(&v2([203, 0, 113, 7]), &house);
    second.is_gone();
    let mut third = behind_a_balancer(&v2([203, 0, 113, 8]), &house);
    assert_eq!(third.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    first.unbind();
    first.closed();
    until("the first has left", || house.metric("connections") == 1);
    let mut again = behind_a_balancer(text, &house);
    assert_eq!(again.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
}

#[test]
fn a_balancer_that_announces_nothing_is_closed_and_so_is_another_that_announces() {
    let balanced = House::behind("proxy_protocol = [\"127.0.0.0/8\"]", &[account("acme", "")]);
    let mut plain = balanced.dial();
    plain.write_some(
        &[0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1],
        crate::support::PATIENCE,
    );
    plain.is_gone();
    let mut half = behind_a_balancer(b"PROXY TCP4 203.0.113.7 ", &balanced);
    half.is_gone();
    let direct = House::behind("proxy_protocol = [\"10.0.0.0/8\"]", &[account("acme", "")]);
    let mut announcing = behind_a_balancer(&v2([203, 0, 113, 7]), &direct);
    announcing.is_gone();
    let mut acme = direct.trx("acme");
    acme.alive();
}

#[test]
fn tls_comes_behind_what_the_balancer_announces() {
    let authority = Authority::new();
    authority.issue("gw");
    let keys = format!(
        "proxy_protocol = [\"127.0.0.1\"]\n{}",
        authority.listener("")
    );
    let house = House::behind(&keys, &[account("acme", "")]);
    let mut stream = TcpStream::connect(house.address()).unwrap();
    stream.write_all(&v2([203, 0, 113, 7])).unwrap();
    let tls = authority.client(&rustls::version::TLS13, None);
    let mut acme = Esme::speak_tls(stream, tls);
    assert_eq!(acme.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let house = House::behind("connections_per_address = 2", &[account("acme", "")]);
    let mut first = house.trx("acme");
    let mut second = house.trx("acme");
    let mut third = house.dial();
    third.is_gone();
    first.unbind();
    first.closed();
    until("the first has left", || house.metric("connections") == 1);
    house.trx("acme").alive();
    second.alive();
}

#[test]
fn who_has_not_bound_gives_way_to_those_who_come_later() {
    let house = House::open(&[account("acme", "")]);
    let mut acme = house.trx("acme");
    // More than an address may have unbound at one time; the oldest go first, long before the
    // deadline of the bind could have closed the last of them.
    let mut silent: Vec<Esme> = (0..1_002).map(|_| house.dial()).collect();
    silent[0].is_gone();
    silent[1].is_gone();
    acme.alive();
    house.trx("acme").alive();
}

#[test]
fn several_listeners_serve_the_same_accounts() {
    let authority = Authority::new();
    authority.issue("gw");
    let house = House::open(&[
        account("acme", ""),
        format!(
            "[[listener]]\nname = \"tls\"\naddress = \"127.0.0.1:0\"\n{}\n",
            authority.listener("")
        ),
    ]);
    let addresses = house.gateway().addresses().to_vec();
    assert_eq!(addresses.len(), 2);
    let mut plain = house.trx("acme");
    let tls = authority.client(&rustls::version::TLS13, None);
    let mut encrypted = Esme::dial_tls(addresses[1], tls);
    let answer = encrypted.bind(TRX, "acme", "secret");
    assert_eq!(answer.status(), Status::ESME_ROK);
    plain.alive();
    encrypted.alive();
    assert_eq!(house.metric("connections"), 2);
}
