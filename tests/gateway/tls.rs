//! Encrypted connections on either side, and certificates that change.

use crate::support::{Authority, Esme, House, Smsc, account, route, with_one_carrier};
use rcgen::{CertificateParams, date_time_ymd};
use smppgate::config::{Config, Process};
use smppgate_codec::code::{Command, Status};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const TRX: Command = Command::BIND_TRANSCEIVER;
const TLS12: &rustls::SupportedProtocolVersion = &rustls::version::TLS12;
const TLS13: &rustls::SupportedProtocolVersion = &rustls::version::TLS13;

fn authority() -> Authority {
    let authority = Authority::new();
    authority.issue("gw");
    authority.issue("acme");
    authority
}

#[test]
fn a_customer_submits_over_tls_of_either_version() {
    let authority = authority();
    let (house, _smsc, mut north) = with_one_carrier(&authority.listener(""), "window = 400", "");
    for version in [TLS12, TLS13] {
        let mut acme = Esme::dial_tls(house.address(), authority.client(version, None));
        let answer = acme.bind(TRX, "acme", "secret");
        assert_eq!(answer.status(), Status::ESME_ROK);
        // Many at once: several records, of which one read brings more than is handed up at once.
        let sequences: Vec<u32> = (0..300).map(|_| acme.submit("33612345678")).collect();
        for _ in &sequences {
            north.takes("n");
        }
        for sequence in sequences {
            acme.accepted(sequence);
        }
        acme.unbind();
        assert!(acme.closed().is_empty());
    }
}

#[test]
fn a_customer_shows_a_certificate_where_one_is_asked_for() {
    let authority = authority();
    let keys = format!(", client_ca = {}", authority.named("ca.pem"));
    let house = House::behind(&authority.listener(&keys), &[account("acme", "")]);
    let mut acme = Esme::dial_tls(house.address(), authority.client(TLS13, Some("acme")));
    assert_eq!(acme.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    let stranger = self::authority();
    stranger.issue("acme");
    for version in [TLS12, TLS13] {
        let mut nobody = Esme::dial_tls(house.address(), authority.client(version, None));
        nobody.write_some(&[0; 64], Duration::from_secs(1));
        assert!(nobody.closed().is_empty());
    }
    acme.alive();
}

#[test]
fn who_does_not_speak_tls_or_does_not_finish_its_handshake_is_closed_and_stops_nobody() {
    let authority = authority();
    let house = House::behind(&authority.listener(""), &[account("acme", "")]);
    let mut silent: Vec<Esme> = (0..100).map(|_| house.dial()).collect();
    let mut acme = Esme::dial_tls(house.address(), authority.client(TLS13, None));
    assert_eq!(acme.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    for greeting in [
        &b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01"[..],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut plain = Esme::over(TcpStream::connect(house.address()).unwrap());
        plain.write(greeting);
        plain.is_gone();
    }
    for someone in &mut silent {
        someone.is_gone();
    }
    acme.alive();
}

#[test]
fn new_certificates_are_used_from_the_next_connection_on_and_no_bind_is_dropped() {
    let authority = authority();
    let parts = [account("acme", "")];
    let mut house = House::behind(&authority.listener(""), &parts);
    let mut old = Esme::dial_tls(house.address(), authority.client(TLS13, None));
    assert_eq!(old.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    let next = Authority::new();
    next.issue("gw");
    for file in ["gw.pem", "gw.key"] {
        fs::copy(next.file(file), authority.file(file)).unwrap();
    }
    house.reload(&parts);
    let mut new = Esme::dial_tls(house.address(), next.client(TLS13, None));
    assert_eq!(new.bind(TRX, "acme", "secret").status(), Status::ESME_ROK);
    old.alive();
}

#[test]
fn a_pair_that_does_not_match_is_told_with_its_file_and_key() {
    let authority = authority();
    fs::copy(authority.file("acme.key"), authority.file("gw.key")).unwrap();
    let text = format!(
        "[gateway]\ndata_dir = \"data\"\njournal = \"memory\"\n\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:0\"\n{}",
        authority.listener("")
    );
    let findings = Config::parse(&text, Path::new("gate.toml"), &Process).unwrap_err();
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    assert!(told.contains("listener[0].tls.key: "), "{told}");
    assert!(
        told.contains("gw.key holds a private key that does not belong to the certificate"),
        "{told}"
    );
}

#[test]
fn a_carrier_is_bound_over_tls_with_our_certificate() {
    let authority = authority();
    authority.issue("smsc");
    let smsc = Smsc::open_tls(authority.server("smsc"));
    let tls = format!(
        "local_address = \"127.0.0.5\"\n\
         tls = {{ server_name = \"localhost\", ca = {}, certificate = {}, key = {} }}",
        authority.named("ca.pem"),
        authority.named("gw.pem"),
        authority.named("gw.key"),
    );
    let parts = [
        account("acme", ""),
        smsc.settings("north", &tls),
        route("all", "via = [\"north\"]"),
    ];
    let mut house = House::open(&parts);
    let mut north = smsc.bound();
    assert_eq!(north.dialled_from().ip().to_string(), "127.0.0.5");
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    north.takes("n1");
    acme.accepted(sequence);
    // Certificates that are read again drop no bind.
    authority.issue("gw");
    house.reload(&parts);
    north.alive();
    let sequence = acme.submit("33612345678");
    north.takes("n2");
    acme.accepted(sequence);
}

#[test]
fn when_our_certificates_expire_is_a_metric() {
    let authority = Authority::new();
    let until = |name: &str, year| {
        let change = |params: &mut CertificateParams| params.not_after = date_time_ymd(year, 1, 1);
        authority.issue_with(name, &["localhost"], change);
    };
    until("gw", 2040);
    until("us", 2041);
    until("called", 2042);
    let of = |name: &str| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let (certificate, key) = (authority.named(&certificate), authority.named(&key));
        format!("certificate = {certificate}, key = {key}")
    };
    let smsc = Smsc::open();
    let ca = authority.named("ca.pem");
    let north = format!(
        "tls = {{ server_name = \"localhost\", ca = {ca}, {} }}",
        of("us")
    );
    let parts = [
        smsc.settings("north", &north),
        smsc.settings("plain", ""),
        format!(
            "[[carrier]]\nname = \"south\"\nsystem_id = \"gate\"\npassword = \"key\"\n\
             outbind = {{ address = \"127.0.0.1:0\", system_id = \"smsc\", password = \"knock\", \
             tls = {{ {} }} }}\n",
            of("called")
        ),
        route("all", "via = [\"north\", \"south\", \"plain\"]"),
    ];
    let mut house = House::behind(&authority.listener(""), &parts);
    let expires = |house: &House, carrier: &str, listener: &str| {
        let labels = format!("{{carrier=\"{carrier}\",listener=\"{listener}\"}}");
        house.metric(&format!("certificate_expires_timestamp_seconds{labels}"))
    };
    assert_eq!(expires(&house, "", "esme"), 2_208_988_800);
    assert_eq!(expires(&house, "north", ""), 2_240_611_200);
    assert_eq!(expires(&house, "south", ""), 2_272_147_200);
    assert!(
        !house
            .http("/metrics")
            .1
            .contains("expires_timestamp_seconds{carrier=\"plain\"")
    );
    until("gw", 2043);
    until("us", 2043);
    until("called", 2043);
    house.reload(&parts);
    for (carrier, listener) in [("", "esme"), ("north", ""), ("south", "")] {
        assert_eq!(expires(&house, carrier, listener), 2_303_683_200);
    }
}

#[test]
fn a_carrier_with_the_certificate_of_another_is_not_bound() {
    let authority = authority();
    authority.issue_for("smsc", &["smsc.example"]);
    let smsc = Smsc::open_tls(authority.server("smsc"));
    let tls = format!(
        "tls = {{ server_name = \"localhost\", ca = {}, certificate = {}, key = {} }}",
        authority.named("ca.pem"),
        authority.named("gw.pem"),
        authority.named("gw.key"),
    );
    let _house = House::open(&[
        account("acme", ""),
        smsc.settings("north", &tls),
        route("all", "via = [\"north\"]"),
    ]);
    let mut refused = smsc.connected();
    assert!(refused.closed().is_empty(), "no bind, no password");
    smsc.connected();
}
