//! Holdings against a plain map: whatever happens to lives, both say the same.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const fn second(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000)
}

fn lies(offset: u32) -> Position {
    Position { segment: 1, offset }
}

fn main_record(id: u64) -> Record<'static> {
    Record::Reported(crate::journal::Reported {
        id: MessageId(id),
        carrier: crate::message::CarrierId(0),
        at: Moment(0),
        pdu: b"",
    })
}

fn fact(id: u64) -> Record<'static> {
    Record::Doubted {
        id: MessageId(id),
        at: Moment(0),
    }
}

fn last(id: u64) -> Record<'static> {
    Record::Told {
        id: MessageId(id),
        at: Moment(0),
    }
}

/// What holdings are, without a thought of memory.
#[derive(Default)]
struct Plain {
    lives: HashMap<u64, (Position, Option<Laid>)>,
    marks: HashMap<u64, u64>,
}

impl Plain {
    fn begin(&mut self, id: u64, position: Position) {
        self.lives.entry(id).or_insert((position, None)).0 = position;
    }

    fn end(&mut self, id: u64) {
        self.take_up(id);
        self.lives.remove(&id);
    }

    fn lay_down(&mut self, id: u64, laid: Laid) -> bool {
        self.take_up(id);
        let Some(life) = self.lives.get_mut(&id) else {
            return false;
        };
        life.1 = Some(laid);
        self.marks.insert(laid.mark, id);
        true
    }

    fn take_up(&mut self, id: u64) -> bool {
        let Some(laid) = self.lives.get_mut(&id).and_then(|life| life.1.take()) else {
            return false;
        };
        if self.marks.get(&laid.mark) == Some(&id) {
            self.marks.remove(&laid.mark);
        }
        true
    }

    fn over(&self, now: Moment) -> Vec<MessageId> {
        let is_over = |laid: Laid| laid.until <= now;
        let lives = self.lives.iter();
        let over = lives.filter(|(_, life)| life.1.is_some_and(is_over));
        let mut over: Vec<_> = over.map(|(id, _)| MessageId(*id)).collect();
        over.sort_unstable();
        over
    }
}

#[derive(Debug, Clone)]
enum Step {
    Main(u64, u32),
    Fact(u64),
    Last(u64),
    LayDown(u64, u64, u64),
    TakeUp(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..40u64;
    prop_oneof![
        3 => (id.clone(), any::<u32>()).prop_map(|(id, at)| Step::Main(id, at)),
        1 => id.clone().prop_map(Step::Fact),
        2 => id.clone().prop_map(Step::Last),
        4 => (id.clone(), 0..12u64, 0..9u64).prop_map(|(id, mark, until)| Step::LayDown(id, mark, until)),
        1 => id.prop_map(Step::TakeUp),
    ]
}

proptest! {
    #[test]
    fn holdings_are_a_plain_map_that_takes_less_room(steps in prop::collection::vec(step(), 0..200)) {
        let holdings = Holdings::default();
        let mut plain = Plain::default();
        for step in steps {
            match step {
                Step::Main(id, at) => {
                    holdings.note(&main_record(id), lies(at));
                    plain.begin(id, lies(at));
                }
                Step::Fact(id) => holdings.note(&fact(id), lies(0)),
                Step::Last(id) => {
                    holdings.note(&last(id), lies(0));
                    plain.end(id);
                }
                Step::LayDown(id, mark, until) => {
                    let laid = Laid { mark, until: second(until) };
                    prop_assert_eq!(holdings.lay_down(MessageId(id), laid), plain.lay_down(id, laid));
                }
                Step::TakeUp(id) => {
                    prop_assert_eq!(holdings.take_up(MessageId(id)), plain.take_up(id));
                }
            }
            prop_assert_eq!(holdings.len(), plain.lives.len());
            let laid_down = plain.lives.values().filter(|life| life.1.is_some()).count();
            prop_assert_eq!(holdings.laid_down(), laid_down);
        }
        for id in 0..40 {
            let life = plain.lives.get(&id);
            prop_assert_eq!(holdings.position(MessageId(id)), life.map(|life| life.0));
            prop_assert_eq!(holdings.laid(MessageId(id)), life.and_then(|life| life.1));
        }
        for mark in 0..12 {
            prop_assert_eq!(holdings.find(mark), plain.marks.get(&mark).map(|id| MessageId(*id)));
        }
        for now in 0..10 {
            let mut over = holdings.over(second(now), usize::MAX);
            over.sort_unstable();
            prop_assert_eq!(over, plain.over(second(now)));
        }
    }
}

#[test]
fn facts_alone_are_not_held() {
    let holdings = Holdings::default();
    holdings.note(&fact(7), lies(100));
    assert!(holdings.is_empty());
    assert_eq!(holdings.position(MessageId(7)), None);
}

#[test]
fn a_message_is_found_by_its_mark_as_soon_as_the_journal_has_been_read() {
    let holdings = Holdings::of_what_is_read();
    let laid = |mark| Laid {
        mark,
        until: second(9),
    };
    for id in 1..=5 {
        holdings.note(&main_record(id), lies(id as u32));
        assert!(holdings.lay_down(MessageId(id), laid(id)));
    }
    // A carrier has given the same id once more, and two messages have ended.
    assert!(holdings.lay_down(MessageId(3), laid(4)));
    assert!(holdings.take_up(MessageId(1)));
    holdings.note(&last(2), lies(0));
    let holdings = holdings.indexed();
    let found: Vec<_> = (1..=5).map(|mark| holdings.find(mark)).collect();
    assert_eq!(
        found,
        [None, None, None, Some(MessageId(4)), Some(MessageId(5))]
    );
    assert_eq!(holdings.laid_down(), 3);
    assert!(holdings.take_up(MessageId(4)));
    assert_eq!(holdings.find(4), None);
}

#[test]
fn what_is_laid_down_is_bounded_and_room_comes_back() {
    let holdings = Holdings {
        laid_down_max: 2,
        ..Holdings::default()
    };
    let laid = |mark| Laid {
        mark,
        until: second(9),
    };
    for id in 1..=3 {
        holdings.note(&main_record(id), lies(id as u32));
    }
    assert!(holdings.lay_down(MessageId(1), laid(1)));
    assert!(holdings.lay_down(MessageId(2), laid(2)));
    assert!(!holdings.lay_down(MessageId(3), laid(3)));
    assert_eq!(holdings.find(3), None);
    // One that lies down already takes no more room when it lies down anew.
    assert!(holdings.lay_down(MessageId(2), laid(4)));
    assert_eq!(holdings.find(2), None);
    holdings.note(&last(1), lies(0));
    assert!(holdings.lay_down(MessageId(3), laid(3)));
    assert_eq!(holdings.laid_down(), 2);
}

#[test]
fn those_that_are_over_are_found_a_portion_a_call_and_all_within_a_minute() {
    const LIVES: u64 = 500_000;
    let holdings = Holdings::default();
    for id in 0..LIVES {
        holdings.note(&main_record(id), lies(id as u32));
        let until = second(if id % 5_000 == 0 { 10 } else { 20 });
        assert!(holdings.lay_down(MessageId(id), Laid { mark: id, until }));
    }
    let calls: Vec<_> = (0..60)
        .map(|_| holdings.over(second(10), usize::MAX))
        .collect();
    assert!(
        calls
            .iter()
            .all(|call| call.len() <= LOOKED_AT_LEAST / 5_000 + 1)
    );
    let mut all: Vec<u64> = calls.into_iter().flatten().map(|id| id.0).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len() as u64, LIVES / 5_000);
    // What was not dealt with is found again; a call that has found enough goes on from there.
    assert_eq!(holdings.over(second(20), 3).len(), 3);
    let next = holdings.over(second(20), 2);
    assert!(!holdings.over(second(20), 3).contains(&next[0]));
}

#[test]
fn a_message_that_lies_down_takes_fifty_octets_at_most() {
    // So many leave the tables as empty as they ever are.
    const LIVES: u64 = 470_000;
    let holdings = Holdings::default();
    for id in 0..LIVES {
        holdings.note(&main_record(id << 6), lies(id as u32));
        let laid = Laid {
            mark: mix(id),
            until: second(9),
        };
        assert!(holdings.lay_down(MessageId(id << 6), laid));
    }
    let each = holdings.octets() as f64 / LIVES as f64;
    assert!(each < 50.0, "{each:.1} octets for each");
}
