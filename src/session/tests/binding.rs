//! From the connection to the bind.

use super::*;

const TRX: BindKind = BindKind::Transceiver;

#[test]
fn requests_before_a_bind_are_refused_and_the_third_ends_the_connection() {
    let mut esme = Scene::open(Role::Smsc);
    assert_eq!(esme.hear(Command::SUBMIT_SM, 7), Received::Settled);
    assert_eq!(esme.hear(Command(0x111), 8), Received::Settled);
    assert_eq!(
        esme.hear(Command::QUERY_SM, 9),
        Received::Close(Reason::NotBound)
    );
    assert_eq!(
        esme.said(),
        [
            (Command::SUBMIT_SM_RESP, Status::ESME_RINVBNDSTS, 7),
            (Command::GENERIC_NACK, Status::ESME_RINVCMDID, 8),
            (Command::QUERY_SM_RESP, Status::ESME_RINVBNDSTS, 9),
        ]
    );
}

#[test]
fn enquire_link_before_a_bind_is_answered_and_buys_no_time() {
    let mut esme = Scene::open(Role::Smsc);
    esme.now = seconds(4);
    for sequence in 1..100 {
        assert_eq!(
            esme.hear(Command::ENQUIRE_LINK, sequence),
            Received::Settled
        );
    }
    assert_eq!(esme.said().len(), 99);
    assert_eq!(esme.machine.deadline(), seconds(5));
    assert_eq!(esme.at(5), Tick::Close(Reason::BindTimeout));
    assert_eq!(esme.said(), []);
}

#[test]
fn an_accepted_bind_tells_our_version_to_those_who_know_optional_parameters() {
    for (version, tlv) in [
        (0x00, false),
        (0x33, false),
        (0x34, true),
        (0x50, true),
        (0xFF, true),
    ] {
        let mut esme = Scene::open(Role::Smsc);
        esme.hear(Command::BIND_TRANSCEIVER, 5);
        assert!(
            esme.machine
                .accept_bind(TRX, 5, b"gate", version, esme.now, &mut esme.out)
        );
        let body: &[u8] = if tlv {
            b"gate\0\x02\x10\x00\x01\x34"
        } else {
            b"gate\0"
        };
        assert_eq!(esme.out[16..], *body, "version {version:#x}");
        assert_eq!(
            esme.said(),
            [(Command::BIND_TRANSCEIVER_RESP, Status::ESME_ROK, 5)]
        );
    }
}

#[test]
fn nothing_is_read_while_a_bind_waits_for_its_decision() {
    let mut esme = Scene::open(Role::Smsc);
    assert!(esme.machine.may_read());
    esme.hear(Command::BIND_TRANSMITTER, 1);
    assert!(!esme.machine.may_read());
    esme.machine
        .accept_bind(BindKind::Transmitter, 1, b"", 0x34, esme.now, &mut esme.out);
    assert!(esme.machine.may_read());
}

#[test]
fn a_decision_has_its_own_time_and_one_that_comes_too_late_changes_nothing() {
    let mut esme = Scene::open(Role::Smsc);
    esme.now = seconds(4);
    esme.hear(Command::BIND_TRANSCEIVER, 1);
    assert_eq!(esme.at(33), Tick::Idle);
    assert_eq!(esme.at(34), Tick::Close(Reason::BindTimeout));
    assert!(
        !esme
            .machine
            .accept_bind(TRX, 1, b"", 0x34, esme.now, &mut esme.out)
    );
    assert_eq!(
        esme.machine
            .refuse_bind(TRX, 1, Status::ESME_RINVPASWD, &mut esme.out),
        None
    );
    let told = (Command::BIND_TRANSCEIVER_RESP, Status::ESME_RTHROTTLED, 1);
    assert_eq!(esme.said(), [told], "it is told once, by its deadline");
}

#[test]
fn a_decision_about_another_bind_is_not_ours() {
    let mut esme = Scene::open(Role::Smsc);
    esme.hear(Command::BIND_TRANSCEIVER, 2);
    assert!(
        !esme
            .machine
            .accept_bind(TRX, 1, b"", 0x34, esme.now, &mut esme.out)
    );
    let receiver = BindKind::Receiver;
    assert!(
        !esme
            .machine
            .accept_bind(receiver, 2, b"", 0x34, esme.now, &mut esme.out)
    );
    assert!(
        esme.machine
            .accept_bind(TRX, 2, b"", 0x34, esme.now, &mut esme.out)
    );
}

#[test]
fn a_refused_bind_may_be_tried_again_twice_and_within_the_first_time() {
    let mut esme = Scene::open(Role::Smsc);
    let refuse = |esme: &mut Scene, sequence| {
        assert_eq!(
            esme.hear(Command::BIND_RECEIVER, sequence),
            Received::Bind(BindKind::Receiver)
        );
        let status = Status::ESME_RINVPASWD;
        esme.machine
            .refuse_bind(BindKind::Receiver, sequence, status, &mut esme.out)
    };
    esme.now = seconds(3);
    assert_eq!(refuse(&mut esme, 1), None);
    assert_eq!(esme.machine.state(), State::Open);
    assert_eq!(esme.machine.deadline(), seconds(5));
    assert_eq!(refuse(&mut esme, 2), None);
    assert_eq!(refuse(&mut esme, 3), Some(Reason::BindRefused));
    let resp = |sequence| {
        (
            Command::BIND_RECEIVER_RESP,
            Status::ESME_RINVPASWD,
            sequence,
        )
    };
    assert_eq!(esme.said(), [resp(1), resp(2), resp(3)]);
    assert_eq!(esme.machine.state(), State::Closed);
}

#[test]
fn a_bind_that_cannot_be_read_ends_the_connection() {
    let mut esme = Scene::open(Role::Smsc);
    esme.hear(Command::BIND_TRANSCEIVER, 71);
    let status = Status::ESME_RINVCMDLEN;
    let refused = esme.machine.refuse_bind(TRX, 71, status, &mut esme.out);
    assert_eq!(refused, Some(Reason::BindRefused));
    assert_eq!(esme.said(), [(Command::BIND_TRANSCEIVER_RESP, status, 71)]);
}

#[test]
fn our_bind_is_number_1_and_its_response_binds() {
    let mut carrier = Scene::open(Role::Esme);
    assert_eq!(carrier.machine.deadline(), Moment::NEVER);
    let bind = Bind {
        system_id: b"acme",
        interface_version: 0x34,
        ..Bind::default()
    };
    assert!(
        carrier
            .machine
            .bind(TRX, &bind, carrier.now, &mut carrier.out)
    );
    assert!(
        !carrier
            .machine
            .bind(TRX, &bind, carrier.now, &mut carrier.out),
        "one at a time"
    );
    assert!(carrier.out.ends_with(b"acme\0\0\0\x34\0\0\0"));
    assert_eq!(
        carrier.said(),
        [(Command::BIND_TRANSCEIVER, Status::ESME_ROK, 1)]
    );
    assert_eq!(
        carrier.hear(Command::BIND_TRANSCEIVER_RESP, 2),
        Received::Stray
    );
    assert_eq!(
        carrier.hear(Command::BIND_TRANSCEIVER_RESP, 1),
        Received::Bound(TRX)
    );
    assert_eq!(carrier.ask('a'), Some(2));
}

#[test]
fn a_delivery_right_behind_the_bind_response_is_served() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    assert_eq!(
        carrier.hear(Command::DELIVER_SM, 1),
        Received::Request { in_place: true }
    );
}

#[test]
fn our_bind_is_refused_by_status_by_nack_and_by_the_wrong_response() {
    for (command, status, told) in [
        (
            Command::BIND_TRANSCEIVER_RESP,
            Status::ESME_RALYBND,
            Status::ESME_RALYBND,
        ),
        (
            Command::GENERIC_NACK,
            Status::ESME_RINVCMDID,
            Status::ESME_RINVCMDID,
        ),
        (
            Command::GENERIC_NACK,
            Status::ESME_ROK,
            Status::ESME_RUNKNOWNERR,
        ),
        (
            Command::BIND_RECEIVER_RESP,
            Status::ESME_ROK,
            Status::ESME_RUNKNOWNERR,
        ),
    ] {
        let mut carrier = Scene::open(Role::Esme);
        carrier
            .machine
            .bind(TRX, &Bind::default(), carrier.now, &mut carrier.out);
        assert_eq!(
            carrier.hear_status(command, status, 1),
            Received::Refused(told)
        );
        assert_eq!(carrier.machine.state(), State::Open);
        assert_eq!(carrier.machine.deadline(), Moment::NEVER);
        assert!(
            carrier
                .machine
                .bind(TRX, &Bind::default(), carrier.now, &mut carrier.out)
        );
        assert_eq!(
            carrier.hear(Command::BIND_TRANSCEIVER_RESP, 2),
            Received::Bound(TRX)
        );
    }
}

#[test]
fn a_carrier_that_does_not_answer_our_bind_is_left() {
    let mut carrier = Scene::open(Role::Esme);
    carrier.now = seconds(100);
    carrier
        .machine
        .bind(TRX, &Bind::default(), carrier.now, &mut carrier.out);
    carrier.said();
    assert_eq!(carrier.at(104), Tick::Idle);
    assert_eq!(carrier.at(105), Tick::Close(Reason::BindTimeout));
    assert_eq!(carrier.said(), []);
}

#[test]
fn the_settings_of_the_account_hold_from_its_bind_on() {
    let mut esme = Scene::open(Role::Smsc);
    esme.hear(Command::BIND_TRANSCEIVER, 1);
    let idle_timeout = Duration::from_secs(7);
    esme.machine.adopt(Settings {
        window: 3,
        idle_timeout,
        ..settings(Role::Smsc)
    });
    esme.machine
        .accept_bind(TRX, 1, b"", 0x34, esme.now, &mut esme.out);
    assert_eq!(
        (esme.machine.room(), esme.machine.deadline()),
        (3, seconds(7))
    );
}
