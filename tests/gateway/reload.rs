//! The config is read again while everything runs.

use crate::support::{House, Smsc, Told, account, message, route};
use smppgate::config::{Config, Process};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::Pdu;
use std::path::Path;

#[test]
fn a_new_route_is_in_force_and_the_binds_stay() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let carriers = [north.settings("north", ""), south.settings("south", "")].concat();
    let tables = |routes: &str| [account("acme", ""), carriers.clone(), routes.to_owned()];
    let mut house = House::open(&tables(&route("all", "via = [\"north\"]")));
    let (mut to_north, mut to_south) = (north.bound(), south.bound());
    let mut acme = house.trx("acme");
    acme.submit("33612345678");
    to_north.takes("n1");
    let routes = [
        route("france", "to = [\"33\"]\nvia = [\"south\"]"),
        route("barred", "to = [\"44\"]\nreject = \"ESME_RPROHIBITED\""),
    ];
    house.reload(&tables(&routes.concat()));
    let sequence = acme.submit("33612345678");
    to_south.takes("s1");
    acme.accepted(sequence);
    let sequence = acme.submit("447700900123");
    assert_eq!(acme.refused(sequence), Status(0x0101));
    let sequence = acme.submit("4915112345678");
    assert_eq!(acme.refused(sequence), Status::ESME_RINVDSTADR);
    // What was under way before finds its sender.
    to_north.reports("n1", "DELIVRD", "000");
    assert_eq!(acme.receipt().stat, "DELIVRD");
    assert!(!north.is_dialled() && !south.is_dialled());
}

#[test]
fn a_bad_file_changes_nothing() {
    let north = Smsc::open();
    let tables = [
        account("acme", ""),
        north.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ];
    let house = House::open(&tables);
    let mut to_north = north.bound();
    let mut acme = house.trx("acme");
    // Half of the file is good, and none of it comes into force.
    let bad = [
        &tables[..2].concat(),
        "[[route]]\nname = \"all\"\nvia = [\"nowhere\"]\n",
    ]
    .concat();
    assert!(Config::parse(&bad, Path::new("bad.toml"), &Process).is_err());
    let sequence = acme.submit("33612345678");
    to_north.takes("n1");
    acme.accepted(sequence);
}

#[test]
fn an_account_that_was_taken_out_is_unbound_and_cannot_come_back() {
    let north = Smsc::open();
    let carrier = [
        north.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]
    .concat();
    let (acme, beta) = (account("acme", ""), account("beta", ""));
    let mut house = House::open(&[acme.clone(), beta, carrier.clone()]);
    let mut to_north = north.bound();
    let (mut stays, mut goes) = (house.trx("acme"), house.trx("beta"));
    house.reload(&[acme, carrier]);
    let unbind = goes.expect(Command::UNBIND);
    goes.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    goes.closed();
    let mut again = house.dial();
    let answer = again.bind(Command::BIND_TRANSCEIVER, "beta", "secret");
    assert_eq!(answer.status(), Status::ESME_RINVPASWD);
    let sequence = stays.submit("33612345678");
    to_north.takes("n1");
    stays.accepted(sequence);
}

#[test]
fn a_new_account_may_bind_and_a_new_password_counts_at_once() {
    let mut house = House::open(&[account("acme", "")]);
    let mut old = house.trx("acme");
    let changed = "[[account]]\nsystem_id = \"acme\"\npassword = \"changed\"\n".to_owned();
    house.reload(&[changed, account("beta", "")]);
    house.trx("beta").alive();
    let mut acme = house.dial();
    let refused = acme.bind(Command::BIND_TRANSCEIVER, "acme", "secret");
    assert_eq!(refused.status(), Status::ESME_RINVPASWD);
    let accepted = acme.bind(Command::BIND_TRANSCEIVER, "acme", "changed");
    assert_eq!(accepted.status(), Status::ESME_ROK);
    // Who is bound already stays so.
    old.alive();
}

#[test]
fn what_waits_for_a_carrier_that_was_taken_out_goes_elsewhere() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let acme = account("acme", "");
    let both = route("all", "via = [\"north\", \"south\"]");
    let mut house = House::open(&[
        acme.clone(),
        north.settings("north", "window = 1"),
        south.settings("south", ""),
        both,
    ]);
    let (mut to_north, mut to_south) = (north.bound(), south.bound());
    let mut customer = house.trx("acme");
    let sequences: Vec<u32> = (0..10).map(|_| customer.submit("33612345678")).collect();
    let ids: Vec<String> = sequences
        .iter()
        .map(|sequence| customer.accepted(*sequence))
        .collect();
    let first = to_north.request();
    let only_south = route("all", "via = [\"south\"]");
    house.reload(&[acme, south.settings("south", ""), only_south]);
    for at in 1..10 {
        let request = to_south.takes(&format!("s{at}"));
        assert_eq!(request.sm(), message("33612345678"));
    }
    // The one that north has is north's; it is answered before the bind ends.
    to_north.accept(&first, "n0");
    let unbind = to_north.expect(Command::UNBIND);
    to_north.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    assert!(to_north.closed().is_empty());
    for (at, id) in ids.iter().enumerate().skip(1) {
        to_south.reports(&format!("s{at}"), "DELIVRD", "000");
        assert_eq!(customer.receipt(), Told::new(id, "DELIVRD", "000"));
    }
    assert!(to_south.so_far().is_empty());
    assert!(!north.is_dialled());
}

#[test]
fn a_carrier_whose_settings_have_changed_is_bound_anew() {
    let north = Smsc::open();
    let acme = account("acme", "");
    let all = route("all", "via = [\"north\"]");
    let mut house = House::open(&[acme.clone(), north.settings("north", ""), all.clone()]);
    let mut before = north.bound();
    let mut customer = house.trx("acme");
    house.reload(&[acme, north.settings("north", "system_type = \"new\""), all]);
    let (mut after, bind) = north.dialled();
    let Pdu::BindTransceiver(fields) = bind.pdu() else {
        panic!("no bind_transceiver");
    };
    assert_eq!(fields.system_type, b"new");
    after.accept_bind(&bind);
    let unbind = before.expect(Command::UNBIND);
    before.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    before.closed();
    let sequence = customer.submit("33612345678");
    after.takes("n1");
    customer.accepted(sequence);
}

#[test]
fn a_carrier_whose_reports_are_treated_otherwise_keeps_its_binds() {
    let north = Smsc::open();
    let acme = account("acme", "");
    let all = route("all", "via = [\"north\"]");
    let mut house = House::open(&[acme.clone(), north.settings("north", ""), all.clone()]);
    let mut bound = north.bound();
    let mut customer = house.trx("acme");
    let changed = "receipt_timeout = \"1h\"\nunmatched = { forward = \"acme\" }";
    house.reload(&[acme, north.settings("north", changed), all]);
    let sequence = customer.submit("33612345678");
    bound.takes("n1");
    customer.accepted(sequence);
    assert!(!north.is_dialled());
}

#[test]
fn a_carrier_is_not_bound_twice_while_its_settings_change() {
    let north = Smsc::open();
    let acme = account("acme", "");
    let all = route("all", "via = [\"north\"]");
    let mut house = House::open(&[acme.clone(), north.settings("north", ""), all.clone()]);
    let mut before = north.bound();
    house.reload(&[acme, north.settings("north", "rate = 100"), all]);
    // Some carriers refuse a second bind: the new one waits until the old one is gone.
    let unbind = before.expect(Command::UNBIND);
    assert!(!north.is_dialled());
    before.answer(&unbind, &Pdu::UnbindResp, Status::ESME_ROK);
    before.closed();
    north.bound();
}

#[test]
fn what_waits_while_its_carrier_is_down_goes_by_the_routes_in_force() {
    let (north, south) = (Smsc::open(), Smsc::open());
    let acme = account("acme", "");
    // North is not there: nothing listens where the config says.
    let nowhere = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap()
    };
    let away = north
        .settings("north", "")
        .replace(&north.address().to_string(), &nowhere.to_string());
    let tables = |via: &str| {
        let routes = route("all", &format!("via = [\"{via}\"]"));
        [
            acme.clone(),
            away.clone(),
            south.settings("south", ""),
            routes,
        ]
    };
    let mut house = House::open(&tables("north"));
    let mut to_south = south.bound();
    let mut customer = house.trx("acme");
    let sequence = customer.submit("33612345678");
    let id = customer.accepted(sequence);
    assert_eq!(house.metric("messages_parked"), 1);
    house.reload(&tables("south"));
    to_south.takes("s1");
    to_south.reports("s1", "DELIVRD", "000");
    assert_eq!(customer.receipt(), Told::new(&id, "DELIVRD", "000"));
}
