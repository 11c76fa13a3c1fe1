//! Requests in both directions: windows, numbers, answers that are late, wrong or missing.

use super::*;

const TRX: BindKind = BindKind::Transceiver;

fn answer(token: char, status: Status, command: Command, in_time: bool) -> Received<char> {
    Received::Response {
        token,
        status,
        command,
        in_time,
    }
}

#[test]
fn each_side_sends_only_where_its_bind_lets_it() {
    for kind in BindKind::ALL {
        let mut carrier = Scene::bound(Role::Esme, kind);
        assert_eq!(carrier.machine.room(), if kind.sends() { 2 } else { 0 });
        assert_eq!(carrier.ask('a').is_some(), kind.sends());
        let mut esme = Scene::bound(Role::Smsc, kind);
        assert_eq!(esme.machine.room(), if kind.receives() { 2 } else { 0 });
        assert_eq!(esme.ask('a').is_some(), kind.receives());
    }
    assert_eq!(Scene::open(Role::Esme).ask('a'), None);
}

#[test]
fn answers_come_in_any_order_each_with_its_token() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let (a, b) = (carrier.ask('a').unwrap(), carrier.ask('b').unwrap());
    assert_eq!((carrier.machine.room(), carrier.ask('c')), (0, None));
    let (resp, throttled) = (Command::SUBMIT_SM_RESP, Status::ESME_RTHROTTLED);
    assert_eq!(
        carrier.hear_status(resp, throttled, b),
        answer('b', throttled, resp, true)
    );
    assert_eq!(
        carrier.hear(resp, a),
        answer('a', Status::ESME_ROK, resp, true)
    );
    assert_eq!(carrier.hear(resp, a), Received::Stray, "answered twice");
    assert_eq!(carrier.machine.room(), 2);
}

#[test]
fn a_nack_or_a_response_to_something_else_is_never_a_success() {
    let unknown = Status::ESME_RUNKNOWNERR;
    for (command, status, told) in [
        (
            Command::GENERIC_NACK,
            Status::ESME_RINVCMDID,
            Status::ESME_RINVCMDID,
        ),
        (Command::GENERIC_NACK, Status::ESME_ROK, unknown),
        (Command::DATA_SM_RESP, Status::ESME_ROK, unknown),
        (
            Command::DATA_SM_RESP,
            Status::ESME_RTHROTTLED,
            Status::ESME_RTHROTTLED,
        ),
        (Command::ENQUIRE_LINK_RESP, Status::ESME_ROK, unknown),
    ] {
        let mut carrier = Scene::bound(Role::Esme, TRX);
        let a = carrier.ask('a').unwrap();
        assert_eq!(
            carrier.hear_status(command, status, a),
            answer('a', told, command, true)
        );
    }
}

#[test]
fn a_nack_without_a_number_and_a_response_without_a_name_complete_nothing() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let a = carrier.ask('a').unwrap();
    let nack = carrier.hear_status(Command::GENERIC_NACK, Status::ESME_RINVCMDLEN, 0);
    assert_eq!(nack, Received::Stray);
    assert_eq!(carrier.hear(Command(0x8000_0111), a), Received::Stray);
    assert_eq!(carrier.machine.in_flight(), 1);
    assert_eq!(carrier.said(), []);
}

#[test]
fn numbers_go_round_and_pass_over_those_still_in_use() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    assert_eq!(carrier.ask('a'), Some(2));
    carrier.machine.continue_at(SEQUENCE_MAX);
    assert_eq!(carrier.ask('b'), Some(SEQUENCE_MAX));
    carrier.hear(Command::SUBMIT_SM_RESP, SEQUENCE_MAX);
    assert_eq!(carrier.ask('c'), Some(1));
    carrier.hear(Command::SUBMIT_SM_RESP, 1);
    assert_eq!(carrier.ask('d'), Some(3), "2 is still in use");
    let resp = Command::SUBMIT_SM_RESP;
    assert_eq!(
        carrier.hear(resp, 2),
        answer('a', Status::ESME_ROK, resp, true)
    );
}

#[test]
fn the_peers_numbers_come_back_bit_for_bit_and_may_repeat() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    for number in [0, 0, 0xA285_9F22, u32::MAX] {
        esme.hear(Command::ENQUIRE_LINK, number);
        esme.hear(Command::DELIVER_SM, number);
        assert_eq!(
            esme.said(),
            [
                (Command::ENQUIRE_LINK_RESP, Status::ESME_ROK, number),
                (Command::DELIVER_SM_RESP, Status::ESME_RINVBNDSTS, number),
            ]
        );
    }
    assert_eq!(
        esme.hear(Command::SUBMIT_SM, 5),
        Received::Request { in_place: true }
    );
    assert_eq!(
        esme.hear(Command::SUBMIT_SM, 5),
        Received::Request { in_place: true }
    );
    assert_eq!(esme.machine.unanswered(), 2);
}

#[test]
fn a_request_that_expires_keeps_its_slot_and_may_still_be_answered() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    let a = carrier.ask('a').unwrap();
    carrier.now = seconds(20);
    let b = carrier.ask('b').unwrap();
    carrier.machine.heard(seconds(59));
    assert_eq!(carrier.machine.deadline(), seconds(60));
    assert_eq!(carrier.at(60), Tick::Expired('a'));
    assert_eq!(carrier.at(60), Tick::Idle);
    assert_eq!(carrier.machine.room(), 0);
    let resp = Command::SUBMIT_SM_RESP;
    assert_eq!(
        carrier.hear(resp, a),
        answer('a', Status::ESME_ROK, resp, false)
    );
    assert_eq!(
        carrier.hear(resp, b),
        answer('b', Status::ESME_ROK, resp, true)
    );
    assert_eq!(carrier.machine.room(), 2);
}

#[test]
fn a_window_full_of_expired_requests_ends_the_session() {
    let mut carrier = Scene::bound(Role::Esme, TRX);
    carrier.ask('a');
    carrier.ask('b');
    carrier.machine.heard(seconds(59));
    assert_eq!(carrier.at(60), Tick::Expired('a'));
    assert_eq!(carrier.at(60), Tick::Expired('b'));
    assert_eq!(carrier.at(60), Tick::Close(Reason::Unresponsive));
    assert_eq!(carrier.commands(), [Command::UNBIND]);
    assert_eq!(carrier.lost(), [('a', true), ('b', true)]);
}

#[test]
fn three_requests_that_expire_in_a_row_end_the_session_unless_an_answer_lies_between() {
    for answered in [false, true] {
        let mut esme = Scene::with(Settings {
            window: 10,
            ..settings(Role::Smsc)
        })
        .bind(TRX);
        let numbers: Vec<u32> = "abcde"
            .chars()
            .map(|token| esme.ask(token).unwrap())
            .collect();
        esme.machine.heard(seconds(59));
        assert_eq!(esme.at(60), Tick::Expired('a'));
        assert_eq!(esme.at(60), Tick::Expired('b'));
        if answered {
            esme.hear(Command::DELIVER_SM_RESP, numbers[4]);
        }
        assert_eq!(esme.at(60), Tick::Expired('c'));
        if answered {
            assert_eq!(esme.at(60), Tick::Expired('d'));
            assert_eq!(esme.at(60), Tick::Idle);
            assert_eq!(esme.machine.in_flight(), 4);
        } else {
            assert_eq!(esme.at(60), Tick::Close(Reason::Unresponsive));
            let lost = [
                ('a', true),
                ('b', true),
                ('c', true),
                ('d', false),
                ('e', false),
            ];
            assert_eq!(esme.lost(), lost);
        }
    }
}

#[test]
fn silence_is_asked_about_and_its_going_on_ends_the_session() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    assert_eq!(esme.machine.deadline(), seconds(30));
    assert_eq!(esme.at(29), Tick::Idle);
    assert_eq!(esme.said(), []);
    assert_eq!(esme.at(30), Tick::Idle);
    assert_eq!(esme.said(), [(Command::ENQUIRE_LINK, Status::ESME_ROK, 1)]);
    assert_eq!(esme.machine.deadline(), seconds(40));
    assert_eq!(esme.at(40), Tick::Close(Reason::Silent));
    assert_eq!(esme.machine.deadline(), Moment::NEVER);
}

#[test]
fn any_sign_of_life_will_do_whether_it_is_the_answer_or_not() {
    let answers: [fn(&mut Scene); 4] = [
        |esme| assert_eq!(esme.hear(Command::ENQUIRE_LINK_RESP, 1), Received::Settled),
        |esme| assert_eq!(esme.hear(Command::GENERIC_NACK, 1), Received::Settled),
        |esme| assert_eq!(esme.hear(Command::SUBMIT_SM_RESP, 99), Received::Stray),
        |esme| esme.machine.heard(esme.now),
    ];
    for answer in answers {
        let mut esme = Scene::bound(Role::Smsc, TRX);
        esme.at(30);
        esme.now = seconds(39);
        answer(&mut esme);
        assert_eq!(esme.machine.deadline(), seconds(69));
        assert_eq!(esme.at(40), Tick::Idle);
    }
}

#[test]
fn enquire_link_that_is_switched_off_is_never_sent() {
    let never = Settings {
        enquire_link: Duration::ZERO,
        ..settings(Role::Smsc)
    };
    let mut esme = Scene::with(never).bind(TRX);
    assert_eq!(esme.machine.deadline(), Moment::NEVER);
    assert_eq!(esme.at(1_000_000), Tick::Idle);
    assert_eq!(esme.said(), []);
}

#[test]
fn reading_stops_above_a_full_window_and_goes_on_when_answers_are_written() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.hear(Command::SUBMIT_SM, 1);
    esme.hear(Command::SUBMIT_SM, 2);
    assert!(esme.machine.may_read(), "it kept to its window");
    assert_eq!(esme.hear(Command::ENQUIRE_LINK, 3), Received::Settled);
    assert!(esme.machine.may_read());
    esme.hear(Command::SUBMIT_SM, 4);
    assert!(!esme.machine.may_read());
    esme.machine.answered(1);
    assert!(esme.machine.may_read());
}

#[test]
fn reading_never_stops_while_anything_of_ours_is_unanswered() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    let ours = esme.ask('a').unwrap();
    for number in 1..=3 {
        esme.hear(Command::SUBMIT_SM, number);
    }
    assert!(esme.machine.may_read(), "a delivery is unanswered");
    esme.hear(Command::DELIVER_SM_RESP, ours);
    assert!(!esme.machine.may_read());
    esme.at(30);
    assert!(esme.machine.may_read(), "an enquire_link is unanswered");
    esme.hear(Command::ENQUIRE_LINK_RESP, ours + 1);
    assert!(!esme.machine.may_read());
    esme.unbind();
    esme.machine.answered(3);
    assert!(esme.machine.may_read());
    esme.at(31);
    assert!(esme.machine.may_read(), "an unbind is unanswered");
}

#[test]
fn twice_the_window_is_held_and_the_rest_is_throttled_at_once() {
    let mut esme = Scene::bound(Role::Smsc, TRX);
    esme.ask('a');
    for number in 1..=4 {
        assert_eq!(
            esme.hear(Command::SUBMIT_SM, number),
            Received::Request { in_place: true }
        );
    }
    assert_eq!(esme.hear(Command::SUBMIT_MULTI, 5), Received::Overflow);
    let throttled = (Command::SUBMIT_MULTI_RESP, Status::ESME_RTHROTTLED, 5);
    assert_eq!(esme.said(), [throttled]);
    assert_eq!(esme.machine.unanswered(), 4);
    // What holds no place in the window gets through a full one.
    assert_eq!(esme.hear(Command::ENQUIRE_LINK, 6), Received::Settled);
    esme.machine.answered(1);
    assert_eq!(
        esme.hear(Command::SUBMIT_SM, 7),
        Received::Request { in_place: true }
    );
}
