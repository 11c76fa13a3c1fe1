//! Our binds with carriers: how they are made, kept up, and kept within their bounds.

use crate::support::{Carrier, House, Smsc, account, message, one_carrier, route, until};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Bind, Header, Pdu};
use std::time::{Duration, Instant};

fn bound_as(keys: &str) -> (Command, House, Smsc) {
    let smsc = Smsc::open();
    let house = House::open(&[smsc.settings("north", keys)]);
    let (_, bind) = smsc.dialled();
    (bind.command(), house, smsc)
}

#[test]
fn a_carrier_is_bound_as_the_config_says() {
    let smsc = Smsc::open();
    let _house = House::open(&[smsc.settings(
        "north",
        "system_type = \"VMA\"\ninterface_version = 0x33\n\
         address_range = { ton = 1, npi = 2, range = \"^36\" }",
    )]);
    let (_, bind) = smsc.dialled();
    let expected = Bind {
        system_id: b"gate",
        password: b"key",
        system_type: b"VMA",
        interface_version: 0x33,
        addr_ton: 1,
        addr_npi: 2,
        address_range: b"^36",
    };
    assert_eq!(bind.pdu(), Pdu::BindTransceiver(expected));
    for (kind, command) in [
        ("transceiver", Command::BIND_TRANSCEIVER),
        ("transmitter", Command::BIND_TRANSMITTER),
        ("receiver", Command::BIND_RECEIVER),
    ] {
        assert_eq!(bound_as(&format!("bind = \"{kind}\"")).0, command);
    }
}

#[test]
fn a_carrier_that_refuses_our_bind_is_asked_again() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut acme = house.trx("acme");
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
    for status in [
        Status::ESME_RBINDFAIL,
        Status::ESME_RINVPASWD,
        Status::ESME_RALYBND,
    ] {
        let (mut north, bind) = smsc.dialled();
        north.answer_bare(&bind, status);
        assert!(north.closed().is_empty(), "nothing is sent there");
    }
    // One that hangs up at once, and one that answers something else.
    smsc.connected().hang_up();
    let (mut north, bind) = smsc.dialled();
    let nack = Header::bare(
        Command::GENERIC_NACK,
        Status::ESME_RINVCMDID,
        bind.sequence(),
    );
    north.write(&nack.to_octets());
    north.closed();
    assert_eq!(smsc.bound().takes("n1").sm(), message("33612345678"));
}

#[test]
fn the_addresses_of_a_carrier_are_tried_in_turn() {
    let (dead, first, second) = (Smsc::open(), Smsc::open(), Smsc::open());
    let list = format!(
        "addresses = [\"{}\", \"{}\", \"{}\"]",
        dead.address(),
        first.address(),
        second.address()
    );
    let settings = dead
        .settings("north", "")
        .replace(&format!("address = \"{}\"", dead.address()), &list);
    drop(dead);
    let _house = House::open(&[settings]);
    let one = first.bound();
    drop(one);
    second.bound().alive();
}

#[test]
fn an_address_that_refuses_is_followed_by_the_next_and_so_is_one_whose_bind_is_lost() {
    let (dead, first, second) = (Smsc::open(), Smsc::open(), Smsc::open());
    let named = |smsc: &Smsc| format!("localhost:{}", smsc.address().port());
    let list = [&dead, &first, &second].map(named);
    let settings = first.settings("north", "").replace(
        &format!("address = \"{}\"", first.address()),
        &format!("addresses = {list:?}"),
    );
    drop(dead);
    let house = House::open(&[
        account("acme", ""),
        settings,
        route("all", "via = [\"north\"]"),
    ]);
    let mut acme = house.trx("acme");
    let mut passes = |mut bind: Carrier| {
        let sequence = acme.submit("33612345678");
        bind.takes("n");
        acme.accepted(sequence);
        bind
    };
    // Round and round: where nobody listens, the next one is asked.
    for _ in 0..3 {
        let mut north = passes(first.bound());
        assert!(!second.is_dialled(), "one bind is wanted");
        north.hang_up();
        let mut north = passes(second.bound());
        assert!(!first.is_dialled(), "it is not the turn of the first");
        north.send(&Pdu::Unbind);
        north.expect(Command::UNBIND_RESP);
        north.closed();
    }
    // One that takes our connection and refuses our bind is not asked twice in a row, either.
    let mut north = first.bound();
    north.hang_up();
    let (mut refusing, bind) = second.dialled();
    refusing.answer_bare(&bind, Status::ESME_RALYBND);
    refusing.closed();
    passes(first.bound());
}

#[test]
fn as_many_binds_as_wanted_are_kept_up_and_share_the_work() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", "binds = 3\nwindow = 1"),
        route("all", "via = [\"north\"]"),
    ]);
    let mut binds = [smsc.bound(), smsc.bound(), smsc.bound()];
    assert_eq!(house.metric("carrier_binds{carrier=\"north\"}"), 3);
    let mut acme = house.trx("acme");
    for _ in 0..3 {
        acme.submit("33612345678");
    }
    // With a window of one each has to carry one.
    for (at, bind) in binds.iter_mut().enumerate() {
        bind.takes(&format!("n{at}"));
    }
    binds[1].hang_up();
    until("it is missed", || {
        house.metric("carrier_binds{carrier=\"north\"}") == 2
    });
    let _again = smsc.bound();
    assert_eq!(house.metric("carrier_binds{carrier=\"north\"}"), 3);
}

#[test]
fn no_more_is_unanswered_than_the_window_allows() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 5");
    for _ in 0..20 {
        acme.submit("33612345678");
    }
    acme.alive();
    let mut unanswered = Vec::new();
    for round in 0..16 {
        while unanswered.len() < 5 {
            unanswered.push(north.request());
        }
        assert!(
            north.so_far().is_empty(),
            "a sixth one in round {round} of the window"
        );
        let request = unanswered.remove(0);
        north.accept(&request, &format!("n{round}"));
    }
}

#[test]
fn no_more_leaves_in_a_second_than_the_rate_allows() {
    let (_house, _smsc, mut north, mut acme) = one_carrier("", "window = 100\nrate = 20");
    let before = Instant::now();
    for _ in 0..30 {
        acme.submit("33612345678");
    }
    for at in 0..30 {
        north.takes(&format!("n{at}"));
    }
    // Twenty at once, ten more in half a second.
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(450), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_silent_carrier_is_asked_whether_it_is_there() {
    let (_house, _smsc, mut north, _acme) = one_carrier("", "enquire_link = \"1s\"");
    let enquiry = north.expect(Command::ENQUIRE_LINK);
    north.answer(&enquiry, &Pdu::EnquireLinkResp, Status::ESME_ROK);
    north.alive();
}

#[test]
fn what_a_carrier_says_in_the_same_write_as_its_bind_response_is_heard() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        "[[inbound]]\naccount = \"acme\"\n".to_owned(),
    ]);
    let mut acme = house.trx("acme");
    let (mut north, bind) = smsc.dialled();
    let mut both = Header {
        length: 16 + 5,
        command: Command::BIND_TRANSCEIVER_RESP,
        status: Status::ESME_ROK,
        sequence: bind.sequence(),
    }
    .to_octets()
    .to_vec();
    both.extend_from_slice(b"smsc\0");
    both.extend_from_slice(&crate::support::octets(
        &Pdu::DeliverSm(message("36034")),
        Status::ESME_ROK,
        1,
    ));
    north.write(&both);
    assert_eq!(acme.delivery().sm(), message("36034"));
    assert_eq!(north.answered(1), Status::ESME_ROK);
}
