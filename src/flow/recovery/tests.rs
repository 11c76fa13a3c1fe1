//! Facts are understood alike in whatever order they are read, and however often.

use super::*;
use crate::journal::Position;

const ID: MessageId = MessageId(1 << 30);
const NORTH: CarrierId = CarrierId(1);
const SOUTH: CarrierId = CarrierId(2);
const GROUP: GroupId = GroupId(1);
const UNTIL: Moment = Moment(1_000_000_000);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn accepted() -> Record<'static> {
    Record::Accepted(Accepted {
        id: ID,
        shown: ID,
        account: crate::message::AccountId(1),
        ack: AckMode::Stored,
        at: Moment(1),
        due: Moment(0),
        until: UNTIL,
        alphabet: Default::default(),
        pdu: b"a message",
        written_source: None,
    })
}

fn attempted(carrier: CarrierId, at: u64) -> Record<'static> {
    let at = Moment(at);
    Record::Attempted {
        id: ID,
        carrier,
        at,
    }
}

fn refused(carrier: CarrierId, at: u64) -> Record<'static> {
    Record::Refused {
        id: ID,
        carrier,
        status: 8,
        is_late: false,
        at: Moment(at),
    }
}

fn correlated(carrier: CarrierId, at: u64) -> Record<'static> {
    Record::Correlated {
        id: ID,
        carrier,
        group: GROUP,
        carrier_message_id: b"n1",
        part: Part::Whole,
        at: Moment(at),
    }
}

fn ended(state: State, at: u64) -> Record<'static> {
    Record::Ended {
        id: ID,
        state: state.message_state().0,
        error: 0,
        network_error: None,
        at: Moment(at),
    }
}

/// What is known after these records: whether the message lies down, and else what has happened.
fn understood(records: &[Record<'_>]) -> (Option<Moment>, String) {
    let holdings = Holdings::default();
    let mut recovery = Recovery::new(Marks::default(), Box::new(|_| DAY));
    for (at, record) in records.iter().enumerate() {
        let position = Position {
            segment: 1,
            offset: at as u32,
        };
        holdings.note(record, position);
        recovery.read(&holdings, record);
    }
    let laid = holdings.laid(ID).map(|laid| laid.until);
    let life = recovery.lives.remove(&ID);
    let story = life.map(|life| life.told()).map(|story| match story.ended {
        Some(ended) => format!("{ended:?} {:?}", story.dead),
        None => format!("{story:?}"),
    });
    let story = story.filter(|_| laid.is_none());
    (laid, story.unwrap_or_default())
}

/// All orders of these.
fn orders<'a>(records: &[Record<'a>]) -> Vec<Vec<Record<'a>>> {
    if records.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders_of_all = Vec::new();
    for at in 0..records.len() {
        let mut others = records.to_vec();
        let first = others.remove(at);
        for mut rest in orders(&others) {
            rest.insert(0, first);
            orders_of_all.push(rest);
        }
    }
    orders_of_all
}

#[test]
fn the_same_facts_in_any_order_and_twice_are_the_same_life() {
    for facts in [
        vec![attempted(NORTH, 2)],
        vec![attempted(NORTH, 2), correlated(NORTH, 3)],
        vec![attempted(NORTH, 2), refused(NORTH, 3), attempted(SOUTH, 4)],
        vec![
            attempted(NORTH, 2),
            refused(NORTH, 3),
            attempted(SOUTH, 4),
            correlated(SOUTH, 5),
        ],
        vec![
            attempted(NORTH, 2),
            attempted(SOUTH, 4),
            correlated(SOUTH, 5),
            ended(State::Delivered, 9),
        ],
        vec![
            ended(State::Undeliverable, 8),
            ended(State::Delivered, 9),
            Record::Dead {
                id: ID,
                reason: 3,
                at: Moment(10),
            },
            Record::Revived {
                id: ID,
                at: Moment(11),
            },
        ],
    ] {
        let mut all = vec![accepted()];
        all.extend(&facts);
        let expected = understood(&all);
        for order in orders(&all) {
            assert_eq!(understood(&order), expected, "{order:?}");
            // All of it was carried on, and the first of it is there still.
            let twice: Vec<Record<'_>> = all.iter().chain(&order).copied().collect();
            assert_eq!(understood(&twice), expected, "{twice:?}");
        }
    }
}

#[test]
fn what_waits_for_its_report_alone_lies_down() {
    let (laid, _) = understood(&[accepted(), attempted(NORTH, 2), correlated(NORTH, 3)]);
    assert_eq!(laid, Some(UNTIL + DAY));
    let (laid, story) = understood(&[accepted(), attempted(NORTH, 2)]);
    assert!(laid.is_none() && story.contains("status: None"), "{story}");
}

#[test]
fn who_has_confirmed_that_nothing_is_known_is_not_told_that_again() {
    let told = UNTIL.0 + DAY.as_micros() as u64;
    let unknown = ended(State::Unknown, told);
    let doubted = Record::Doubted {
        id: ID,
        at: Moment(told + 1),
    };
    let before = [accepted(), correlated(NORTH, 3)];
    for rest in [
        vec![unknown, doubted],
        vec![
            unknown,
            doubted,
            accepted(),
            correlated(NORTH, 3),
            unknown,
            doubted,
        ],
        vec![unknown, doubted, unknown],
    ] {
        let all: Vec<Record<'_>> = before.iter().chain(&rest).copied().collect();
        let (laid, _) = understood(&all);
        // To the second.
        let late = laid.map(|laid| laid.since(Moment(told) + LATE_UNTIL));
        assert_eq!(late, Some(Duration::from_secs(1)), "{all:?}");
    }
    let late = [unknown, doubted, ended(State::Delivered, told + 9)];
    let all: Vec<Record<'_>> = before.iter().chain(&late).copied().collect();
    let (laid, story) = understood(&all);
    assert!(laid.is_none() && story.contains("Delivered"), "{story}");
}

#[test]
fn who_has_confirmed_early_that_its_carrier_knows_nothing_is_not_told_that_again_either() {
    let records = [
        accepted(),
        correlated(NORTH, 3),
        ended(State::Unknown, 5),
        Record::Doubted {
            id: ID,
            at: Moment(6),
        },
    ];
    let (laid, _) = understood(&records);
    // By that its reports are told apart from those of one whose sender has heard nothing yet.
    assert!(laid >= Some(UNTIL + LATE_UNTIL), "{laid:?}");
}

#[test]
fn what_is_known_after_all_is_not_lost_where_the_doubt_before_it_is_read_again() {
    let told = UNTIL.0 + DAY.as_micros() as u64;
    let doubted = Record::Doubted {
        id: ID,
        at: Moment(told + 1),
    };
    let records = [
        accepted(),
        correlated(NORTH, 3),
        ended(State::Unknown, told),
        doubted,
        ended(State::Delivered, told + 9),
        accepted(),
        correlated(NORTH, 3),
        doubted,
    ];
    let (laid, story) = understood(&records);
    assert!(laid.is_none() && story.contains("Delivered"), "{story}");
}

#[test]
fn what_was_given_up_and_refused_after_all_counts_as_sent_once_and_is_not_in_doubt() {
    let mut life = Life::default();
    life.add(Moment(2), Fact::Attempted(NORTH));
    life.add(Moment(3), Fact::Unknown(NORTH));
    life.add(Moment(4), Fact::Refused(NORTH, Status(8)));
    let story = life.told();
    assert_eq!((story.unknown(), story.in_doubt()), (1, 0));
    assert_eq!(story.last_refusal(), Some(Status(8)));
}

#[test]
fn a_refusal_of_a_sending_that_was_given_up_was_taken_for_one_of_the_sending_after_it() {
    let mut life = Life::default();
    life.add(Moment(2), Fact::Attempted(NORTH));
    life.add(Moment(3), Fact::Unknown(NORTH));
    life.add(Moment(4), Fact::Attempted(NORTH));
    life.add(Moment(5), Fact::RefusedLate(NORTH, Status(8)));
    // Of the second sending nobody knows anything: a third is one too many for `resend-once`.
    let story = life.told();
    assert_eq!((story.unknown(), story.in_doubt()), (2, 1));
    assert_eq!(story.last_refusal(), None);
    assert_eq!(story.tried[0].status, Some(Status(8)));
}

#[test]
fn a_late_refusal_that_was_settled_with_what_was_given_up_leaves_no_doubt() {
    let mut life = Life::default();
    life.add(Moment(2), Fact::Attempted(NORTH));
    life.add(Moment(3), Fact::RefusedLate(NORTH, Status(8)));
    life.add(Moment(3), Fact::Unknown(NORTH));
    let story = life.told();
    assert_eq!((story.unknown(), story.in_doubt()), (1, 0));
}

#[test]
fn who_had_confirmed_that_nothing_is_known_was_told_again_once_the_message_was_carried_on() {
    let told = UNTIL.0 + DAY.as_micros() as u64;
    let doubted = Record::Doubted {
        id: ID,
        at: Moment(told + 1),
    };
    let all = [
        accepted(),
        attempted(NORTH, 2),
        correlated(NORTH, 3),
        ended(State::Unknown, told),
        doubted,
    ];
    // In whatever order they lie there.
    for order in orders(&all) {
        let (laid, story) = understood(&order);
        let late = laid.map(|laid| laid.since(Moment(told) + LATE_UNTIL));
        assert_eq!(late, Some(SECOND), "{order:?}: {story}");
    }
}
