//! Which way a message takes.

use crate::support::{Carrier, Esme, House, Smsc, account, message, route};
use smppgate_codec::code::Status;
use smppgate_codec::pdu::{Address, Sm};

/// Two customers, two carriers, and these routes.
fn house(mode: &str, routes: &[String]) -> (House, Carrier, Carrier, Esme, Esme) {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", mode),
        account("beta", mode),
        north.settings("north", ""),
        south.settings("south", ""),
        routes.concat(),
    ]);
    let (north, south) = (north.bound(), south.bound());
    let (acme, beta) = (house.trx("acme"), house.trx("beta"));
    (house, north, south, acme, beta)
}

/// This message goes to this carrier.
fn goes(esme: &mut Esme, sm: Sm<'_>, carrier: &mut Carrier) {
    let sequence = esme.submit_sm(sm);
    let request = carrier.takes("id");
    assert_eq!(request.sm().source.digits, sm.source.digits);
    esme.accepted(sequence);
}

#[test]
fn the_longest_prefix_decides_however_the_number_is_written() {
    let (_house, mut north, mut south, mut acme, _beta) = house(
        "ack = \"carrier\"",
        &[
            route("france", "to = [\"33\"]\nvia = [\"north\"]"),
            route("mobile", "to = [\"336\", \"337\"]\nvia = [\"south\"]"),
            route("one", "to = [\"33612345678\"]\nvia = [\"north\"]"),
            route("rest", "via = [\"south\"]"),
        ],
    );
    goes(&mut acme, message("33100000000"), &mut north);
    goes(&mut acme, message("33600000000"), &mut south);
    goes(&mut acme, message("+33600000000"), &mut south);
    goes(&mut acme, message("0033700000000"), &mut south);
    goes(&mut acme, message("33612345678"), &mut north);
    goes(&mut acme, message("447700900123"), &mut south);
    goes(&mut acme, message("3"), &mut south);
}

#[test]
fn a_route_of_the_account_comes_before_a_longer_prefix_and_priority_before_both() {
    let (_house, mut north, mut south, mut acme, mut beta) = house(
        "ack = \"carrier\"",
        &[
            route("mobile", "to = [\"336\"]\nvia = [\"north\"]"),
            route("of-beta", "account = \"beta\"\nvia = [\"south\"]"),
            route(
                "test-number",
                "to = [\"33699\"]\npriority = 1\nvia = [\"north\"]",
            ),
        ],
    );
    goes(&mut acme, message("33600000000"), &mut north);
    goes(&mut beta, message("33600000000"), &mut south);
    goes(&mut beta, message("33699000000"), &mut north);
}

#[test]
fn the_sender_narrows_a_route() {
    let (_house, mut north, mut south, mut acme, _beta) = house(
        "ack = \"carrier\"",
        &[
            route("all", "via = [\"north\"]"),
            route("alerts", "from = [\"ALERT\", \"4477*\"]\nvia = [\"south\"]"),
        ],
    );
    let from = |sender: &'static [u8]| Sm {
        source: Address::new(5, 0, sender),
        ..message("33612345678")
    };
    goes(&mut acme, from(b"ALERT"), &mut south);
    goes(&mut acme, from(b"ALERTS"), &mut north);
    goes(&mut acme, from(b"447700900123"), &mut south);
    goes(&mut acme, from(b""), &mut north);
}

#[test]
fn of_two_routes_alike_the_first_of_the_file_is_taken() {
    let (_house, mut north, _south, mut acme, _beta) = house(
        "",
        &[
            route("first", "to = [\"33\"]\nvia = [\"north\"]"),
            route("second", "to = [\"33\"]\nvia = [\"south\"]"),
        ],
    );
    goes(&mut acme, message("33612345678"), &mut north);
}

#[test]
fn a_rejected_destination_gets_the_status_of_its_route_and_one_without_a_route_rinvdstadr() {
    for mode in ["ack = \"stored\"", "ack = \"carrier\""] {
        let (house, mut north, _south, mut acme, _beta) = house(
            mode,
            &[
                route("france", "to = [\"33\"]\nvia = [\"north\"]"),
                route("barred", "to = [\"3389\"]\nreject = \"ESME_RINVDSTADR\""),
                route("closed", "to = [\"3388\"]\nreject = \"ESME_RPROHIBITED\""),
            ],
        );
        for (to, status) in [
            ("33891234567", Status::ESME_RINVDSTADR),
            ("33881234567", Status::ESME_RPROHIBITED),
            ("447700900123", Status::ESME_RINVDSTADR),
            ("#100*", Status::ESME_RINVDSTADR),
        ] {
            let sequence = acme.submit(to);
            assert_eq!(acme.refused(sequence), status, "{to}");
        }
        assert_eq!(house.metric("no_route_total"), 2);
        assert_eq!(house.metric("messages_under_way"), 0);
        goes(&mut acme, message("33612345678"), &mut north);
        assert!(acme.so_far().is_empty());
    }
}
