//! Verdicts come while the journal is slow, or full.

use super::super::after::After;
use super::super::ledger::{Entry, Opened, Stage};
use super::super::switchboard::{Carriers, Switchboard};
use super::super::via::Via;
use super::*;
use crate::carrier::Queue;
use crate::esme::Roster;
use crate::journal::{Appended, Holdings, Journal, Position, Refusal};
use crate::message::IdSource;
use crate::receipt::Marks;
use parking_lot::Mutex;
use smppgate_codec::code::{RegisteredDelivery, Status};
use smppgate_codec::frame;
use smppgate_codec::pdu::{Pdu, Sm};
use std::sync::Arc;

const NORTH: CarrierId = CarrierId(0);
const ACME: AccountId = AccountId(1);
const WAITS: MessageId = MessageId(1 << 30);
const STORED: MessageId = MessageId(2 << 30);
const NOW: Moment = Moment(1_000_000);

/// What was written, a line each.
type Lines = Arc<Mutex<Vec<String>>>;

/// A slow journal: nothing is durable soon. It may have no room for what begins.
struct Slow {
    lines: Lines,
    is_full: Arc<Mutex<bool>>,
    holdings: Holdings,
}

impl Journal<After> for Slow {
    fn append(&self, records: &[Record<'_>], then: After) -> Appended<After> {
        if *self.is_full.lock() && records.iter().any(Record::is_new_work) {
            return Appended::Refused(then, Refusal::Full);
        }
        for record in records {
            let position = Position {
                segment: 1,
                offset: 0,
            };
            self.holdings.note(record, position);
            let what = match record {
                Record::Accepted(_) => "accepted",
                Record::Correlated { .. } => "taken",
                Record::Unknown { .. } => "unknown",
                _ => "something else",
            };
            let who = match record.id() {
                WAITS => "the one that waits",
                _ => "the stored one",
            };
            self.lines.lock().push(format!("{who}: {what}"));
        }
        Appended::Pending
    }

    fn has_room(&self) -> bool {
        !*self.is_full.lock()
    }

    fn holdings(&self) -> Option<&Holdings> {
        Some(&self.holdings)
    }
}

struct Scene {
    board: Arc<Switchboard>,
    lines: Lines,
    is_full: Arc<Mutex<bool>>,
}

impl Scene {
    /// Both messages have been sent to north: the sender of one waits for what north says.
    fn new() -> Self {
        let (lines, is_full) = (Lines::default(), Arc::default());
        let journal = Slow {
            lines: Arc::clone(&lines),
            is_full: Arc::clone(&is_full),
            holdings: Holdings::default(),
        };
        let board = Arc::new(Switchboard::new(
            Arc::new(IdSource::new(1, 0)),
            Marks::default(),
            [0; 32],
            Arc::new(Roster::default()),
            Box::new(journal),
        ));
        let north = CarrierSlot {
            name: "north".to_owned(),
            group: GroupId(0),
            correlator: Arc::default(),
            queue: Arc::new(Queue::new(None)),
            receipts: Receipts::Always,
            receipt_timeout: std::time::Duration::from_secs(3_600),
            unmatched: None,
            segment_receipts: SegmentReceipts::Each,
            wants_whole: false,
            gathering: None,
            open: true,
        };
        board
            .carriers
            .store(Arc::new(Carriers::new(vec![Some(north)])));
        let entries = [(WAITS, AckMode::Carrier), (STORED, AckMode::Stored)];
        board
            .ledger
            .open(entries.map(|(id, ack)| (id, entry(&board, ack))));
        Self {
            board,
            lines,
            is_full,
        }
    }

    fn north_said(&self, said: &[(MessageId, Verdict)]) {
        let mut batch: Vec<Outcome> = said
            .iter()
            .map(|(id, verdict)| Outcome {
                id: *id,
                verdict: verdict.clone(),
            })
            .collect();
        self.board.clerk().outcomes_read(NORTH, &mut batch, NOW);
    }

    fn is_under_way(&self, id: MessageId) -> bool {
        self.board.ledger.hand().entry(id).is_some()
    }
}

fn entry(board: &Switchboard, ack: AckMode) -> Entry {
    let mut out = bytes::BytesMut::new();
    let sm = Sm {
        registered_delivery: RegisteredDelivery::FINAL,
        ..Sm::default()
    };
    Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
    let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
    Entry {
        on_unknown: OnUnknown::Accept,
        ..Entry::new(Opened {
            seat: board.roster.desk(ACME).gone(ACME),
            content: Content::of_sm(&frame, &sm),
            ack,
            stage: Stage::With(NORTH),
            until: Moment::NEVER,
            via: Via::from_iter([NORTH]),
        })
    }
}

fn accepted(id: &[u8]) -> Verdict {
    Verdict::Accepted(CarrierMessageId::new(id))
}

#[test]
fn what_was_not_answered_in_time_began_again_behind_its_end_and_was_kept_for_ever() {
    let scene = Scene::new();
    scene.north_said(&[(WAITS, accepted(b"n1"))]);
    // The time for its answer is over before that is durable.
    scene.north_said(&[(WAITS, Verdict::Unknown)]);
    let expected = [
        "the one that waits: accepted",
        "the one that waits: taken",
        "the one that waits: unknown",
    ];
    assert_eq!(*scene.lines.lock(), expected);
}

#[test]
fn what_was_on_its_way_into_the_journal_was_refused_by_a_second_verdict_that_found_it_full() {
    let scene = Scene::new();
    scene.north_said(&[(WAITS, accepted(b"n1"))]);
    *scene.is_full.lock() = true;
    scene.north_said(&[(WAITS, Verdict::Unknown)]);
    assert!(scene.is_under_way(WAITS), "its sender hears the first one");
}

#[test]
fn what_north_has_was_sent_again_after_a_crash_since_a_full_journal_kept_none_of_its_answers() {
    let scene = Scene::new();
    *scene.is_full.lock() = true;
    scene.north_said(&[(WAITS, accepted(b"n1")), (STORED, accepted(b"n2"))]);
    assert_eq!(*scene.lines.lock(), ["the stored one: taken"]);
    assert!(!scene.is_under_way(WAITS), "its sender is refused");
    assert!(scene.is_under_way(STORED));
}

#[test]
fn what_was_refused_as_late_though_the_journal_had_been_given_it_was_kept_for_ever() {
    let scene = Scene::new();
    scene.north_said(&[(WAITS, Verdict::Unknown)]);
    // North had throttled it before that, and it waits again.
    let mut hand = scene.board.ledger.hand();
    hand.entry(WAITS).unwrap().stage = Stage::Behind;
    drop(hand);
    scene.board.clerk().not_answered(&[WAITS], NOW);
    assert!(!scene.is_under_way(WAITS));
    let holdings = scene.board.journal().holdings().unwrap();
    assert_eq!(holdings.position(WAITS), None);
}
