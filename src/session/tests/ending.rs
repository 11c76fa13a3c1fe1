//! How a session ends: by either side, by both at once, and for want of anything to do.

use super::*;

const TRX: BindKind = BindKind::Transceiver;

#[test]
fn we_unbind_with_nothing_on_the_way() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    carrier.unbind();
    assert_eq!(carrier.said(), [(Command::UNBIND, Status::ESME_ROK, 2)]);
    assert_eq!(carrier.machine.state(), State::Unbinding(TRX));
    assert_eq!(carrier.hear(Command::UNBIND_RESP, 9), Received::Stray);
    assert_eq!(
        carrier.hear(Command::UNBIND_RESP, 2),
        Received::Close(Reason::Unbound)
    );
    assert_eq!(carrier.machine.deadline(), Moment::NEVER);
    assert_eq!(carrier.at(100), Tick::Idle);
}

#[test]
fn we_unbind_after_the_answers_that_are_on_the_way() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let (a, b) = (carrier.ask('a').unwrap(), carrier.ask('b').unwrap());
    carrier.unbind();
    carrier.unbind();
    assert_eq!(
        (carrier.said(), carrier.machine.room(), carrier.ask('c')),
        (vec![], 0, None)
    );
    carrier.hear(Command::SUBMIT_SM_RESP, b);
    assert_eq!(carrier.said(), []);
    carrier.hear(Command::SUBMIT_SM_RESP, a);
    assert_eq!(carrier.said(), [(Command::UNBIND, Status::ESME_ROK, b + 1)]);
    let delivery = carrier.hear(Command::DELIVER_SM, 70);
    assert_eq!(
        delivery,
        Received::Request { in_place: true },
        "served until unbind_resp"
    );
    carrier.machine.answered(1);
    assert_eq!(
        carrier.hear(Command::UNBIND_RESP, b + 1),
        Received::Close(Reason::Unbound)
    );
}

#[test]
fn answers_that_do_not_come_are_waited_for_only_so_long() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let a = carrier.ask('a').unwrap();
    carrier.unbind();
    assert_eq!(carrier.machine.deadline(), seconds(5));
    assert_eq!(carrier.at(5), Tick::Idle);
    assert_eq!(carrier.commands(), [Command::UNBIND]);
    assert_eq!(carrier.at(9), Tick::Idle);
    assert_eq!(carrier.at(10), Tick::Close(Reason::Unbound));
    // Until the connection is gone, an answer still spares a second sending.
    assert!(matches!(
        carrier.hear(Command::SUBMIT_SM_RESP, a),
        Received::Response {
            token: 'a',
            in_time: true,
            ..
        }
    ));
    assert_eq!(carrier.lost(), []);
}

#[test]
fn what_the_peer_asked_for_is_answered_before_we_unbind() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.unbind();
    assert_eq!(esme.said(), [], "who reads an unbind may close at once");
    // What comes on top would put that off for ever.
    assert_eq!(esme.hear(Command::SUBMIT_SM, 2), Received::Settled);
    let refused = (Command::SUBMIT_SM_RESP, Status::ESME_RTHROTTLED, 2);
    assert_eq!(esme.said(), [refused]);
    assert_eq!(esme.at(1), Tick::Idle);
    esme.machine.answered(1);
    assert!(esme.machine.deadline() <= esme.now, "due at once");
    assert_eq!(esme.at(1), Tick::Idle);
    assert_eq!(esme.said(), [(Command::UNBIND, Status::ESME_ROK, 1)]);
    let gone = esme.hear(Command::UNBIND_RESP, 1);
    assert_eq!(gone, Received::Close(Reason::Unbound));
}

#[test]
fn an_answer_that_takes_too_long_comes_behind_the_unbind() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.unbind();
    assert_eq!((esme.at(9), esme.said()), (Tick::Idle, vec![]));
    assert_eq!(esme.at(10), Tick::Idle);
    assert_eq!(esme.said(), [(Command::UNBIND, Status::ESME_ROK, 1)]);
    assert_eq!(esme.hear(Command::UNBIND_RESP, 1), Received::Settled);
    assert_eq!(esme.machine.state(), State::Leaving);
    assert_eq!(esme.at(11), Tick::Idle);
    esme.machine.answered(1);
    assert!(esme.machine.deadline() <= esme.now, "due at once");
    assert_eq!(esme.at(11), Tick::Close(Reason::Unbound));
    assert_eq!(esme.said(), []);
}

#[test]
fn the_peer_unbinds() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    let a = esme.ask('a');
    assert_eq!(
        esme.hear(Command::UNBIND, 8),
        Received::Close(Reason::PeerUnbound)
    );
    assert_eq!(esme.said(), [(Command::UNBIND_RESP, Status::ESME_ROK, 8)]);
    assert_eq!((a, esme.lost()), (Some(1), vec![('a', false)]));
}

#[test]
fn the_peer_unbinds_and_gets_the_answers_that_it_waits_for_first() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.hear(Command::SUBMIT_SM, 2);
    assert_eq!(esme.hear(Command::UNBIND, 3), Received::Settled);
    esme.machine.answered(1);
    assert_eq!((esme.at(1), esme.said()), (Tick::Idle, vec![]));
    esme.machine.answered(1);
    assert_eq!(esme.at(1), Tick::Close(Reason::PeerUnbound));
    assert_eq!(esme.said(), [(Command::UNBIND_RESP, Status::ESME_ROK, 3)]);
}

#[test]
fn the_peer_unbinds_and_its_answers_take_too_long() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.hear(Command::UNBIND, 3);
    assert_eq!(esme.at(5), Tick::Close(Reason::PeerUnbound));
    assert_eq!(esme.commands(), [Command::UNBIND_RESP]);
    esme.machine.answered(1);
    assert_eq!(
        (esme.machine.deadline(), esme.at(6)),
        (Moment::NEVER, Tick::Idle)
    );
}

#[test]
fn both_unbind_at_once_and_each_answers_the_other() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    carrier.unbind();
    carrier.said();
    assert_eq!(carrier.hear(Command::UNBIND, 44), Received::Settled);
    assert_eq!(
        carrier.said(),
        [(Command::UNBIND_RESP, Status::ESME_ROK, 44)]
    );
    assert_eq!(
        carrier.hear(Command::UNBIND_RESP, 2),
        Received::Close(Reason::Unbound)
    );
}

#[test]
fn a_carrier_that_unbinds_may_still_answer_what_it_was_given_before() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let a = carrier.ask('a').unwrap();
    assert_eq!(carrier.hear(Command::UNBIND, 44), Received::Settled);
    assert_eq!(carrier.said(), []);
    assert_eq!(carrier.machine.room(), 0, "it is given nothing more");
    assert!(matches!(
        carrier.hear(Command::SUBMIT_SM_RESP, a),
        Received::Response { token: 'a', .. }
    ));
    assert_eq!(carrier.at(1), Tick::Close(Reason::PeerUnbound));
    assert_eq!(
        carrier.said(),
        [(Command::UNBIND_RESP, Status::ESME_ROK, 44)]
    );
    assert_eq!(carrier.lost(), []);
}

#[test]
fn a_carrier_that_unbinds_and_answers_no_more_is_let_go_in_time() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    carrier.ask('a');
    carrier.unbind();
    assert_eq!(carrier.hear(Command::UNBIND, 44), Received::Settled);
    assert_eq!(carrier.at(4), Tick::Idle);
    assert_eq!(carrier.at(6), Tick::Close(Reason::PeerUnbound));
    assert_eq!(
        carrier.said(),
        [(Command::UNBIND_RESP, Status::ESME_ROK, 44)]
    );
    assert_eq!(carrier.lost(), [('a', false)]);
}

#[test]
fn an_unbind_that_the_peer_does_not_understand_has_been_heard() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    carrier.unbind();
    let refused = carrier.hear_status(Command::GENERIC_NACK, Status::ESME_RINVCMDID, 2);
    assert_eq!(refused, Received::Close(Reason::Unbound));
}

#[test]
fn a_connection_without_a_bind_is_closed_without_unbind() {
    for role in [Role::Smsc, Role::Esme] {
        let mut scene = Scene::open(role);
        scene.unbind();
        assert_eq!(scene.machine.deadline(), scene.now);
        assert_eq!(scene.at(0), Tick::Close(Reason::Unbound));
        assert_eq!(scene.said(), []);
    }
}

#[test]
fn a_session_in_which_nothing_is_asked_is_unbound_however_alive_it_is() {
    let idle = Settings {
        idle_timeout: Duration::from_secs(100),
        ..settings(Role::Smsc)
    };
    let mut esme = Scene::with(idle).bind(TRX);
    esme.now = seconds(20);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.machine.answered(1);
    for now in (20..120).step_by(20) {
        esme.now = seconds(now);
        esme.hear(Command::ENQUIRE_LINK, 1);
        assert_eq!(esme.at(now), Tick::Idle);
    }
    esme.said();
    assert_eq!(esme.at(119), Tick::Idle);
    assert_eq!(esme.said(), []);
    assert_eq!(esme.at(120), Tick::Idle);
    assert_eq!(esme.said(), [(Command::UNBIND, Status::ESME_ROK, 1)]);
    assert_eq!(
        esme.hear(Command::UNBIND_RESP, 1),
        Received::Close(Reason::Idle)
    );
}

#[test]
fn a_request_of_either_side_keeps_a_session() {
    let idle = Settings {
        idle_timeout: Duration::from_secs(10),
        ..settings(Role::Smsc)
    };
    let mut esme = Scene::with(idle).bind(TRX);
    esme.now = seconds(9);
    let a = esme.ask('a').unwrap();
    esme.hear(Command::DELIVER_SM_RESP, a);
    assert_eq!(esme.machine.deadline(), seconds(19));
    esme.now = seconds(18);
    esme.hear(Command::QUERY_SM, 1);
    assert_eq!(esme.machine.deadline(), seconds(28));
}
