//! What has happened in one life is gathered from the log, wherever it lies by then.

use crate::support::*;
use smppgate::journal::disk::Faulty;
use smppgate::journal::{Carried, History, Kept, Record, Stepped};
use smppgate::message::MessageId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SEGMENT: u32 = 16 << 10;

fn start(disk: &Faulty, given: &Arc<AtomicU64>) -> Stepped<u32> {
    let (recovered, _) = read_all(Arc::new(disk.clone())).unwrap();
    let given = given.clone();
    let highest_id = Box::new(move || given.load(Ordering::Relaxed));
    Stepped::start(recovered, settings(SEGMENT, 200), highest_id).unwrap()
}

/// Accepts so many messages, each of which is attempted once.
fn accept(journal: &Stepped<u32>, given: &AtomicU64, most: u64) {
    for _ in 0..most {
        let id = given.fetch_add(1, Ordering::Relaxed) + 1;
        let records = [accepted(id, &[1; 200]), attempted(id, id)];
        assert!(append(journal, &records, 0));
        journal.pump();
        journal.prepare();
    }
}

fn records(history: &History) -> Vec<Record<'_>> {
    history.records.iter().map(Kept::record).collect()
}

#[test]
fn all_that_has_happened_is_found_and_nothing_of_others() {
    let (disk, given) = (Faulty::new(4_096, 1 << 30), Arc::new(AtomicU64::new(0)));
    let journal = start(&disk, &given);
    accept(&journal, &given, 500);
    assert!(append(&journal, &[attempted(250, 9_000)], 0));
    accept(&journal, &given, 500);
    let expected = [
        accepted(250, &[1; 200]),
        attempted(250, 250),
        attempted(250, 9_000),
    ];
    let history = journal.history(MessageId(250), u64::MAX);
    assert_eq!(
        (records(&history), history.is_cut),
        (expected.to_vec(), false)
    );
    // A part of the log tells a part of it, and says so.
    let history = journal.history(MessageId(250), 40_000);
    assert_eq!(
        (records(&history), history.is_cut),
        (expected[..2].to_vec(), true)
    );
    drop(journal);
    let journal = start(&disk, &given);
    let history = journal.history(MessageId(250), u64::MAX);
    assert_eq!(
        (records(&history), history.is_cut),
        (expected.to_vec(), false)
    );
    assert!(append(&journal, &[told(250)], 0));
    journal.pump();
    let history = journal.history(MessageId(250), u64::MAX);
    assert!(history.records.is_empty() && !history.is_cut);
}

#[test]
fn facts_that_lie_before_their_message_are_found_since_it_was_carried_on() {
    let (disk, given) = (Faulty::new(4_096, 1 << 30), Arc::new(AtomicU64::new(0)));
    let journal = start(&disk, &given);
    accept(&journal, &given, 200);
    assert!(append(&journal, &[attempted(3, 9_000)], 0));
    accept(&journal, &given, 10);
    loop {
        match journal.carry_on().unwrap() {
            Carried::Removed(_) => break,
            Carried::Copied | Carried::Waits => drop(journal.pump()),
            Carried::Further | Carried::Nothing | Carried::NoRoom => {}
        }
    }
    let history = journal.history(MessageId(3), u64::MAX);
    let mut found = records(&history);
    assert_eq!(found[0], accepted(3, &[1; 200]));
    found.sort_by_key(Record::at);
    let expected = [accepted(3, &[1; 200]), attempted(3, 3), attempted(3, 9_000)];
    assert_eq!((found, history.is_cut), (expected.to_vec(), false));
}

#[test]
fn what_was_written_before_an_id_was_given_out_is_not_read_for_it() {
    let (disk, given) = (Faulty::new(4_096, 1 << 30), Arc::new(AtomicU64::new(0)));
    let journal = start(&disk, &given);
    accept(&journal, &given, 2_000);
    let last = given.load(Ordering::Relaxed);
    // Two segments hold whatever can tell of it.
    let history = journal.history(MessageId(last), 2 * u64::from(SEGMENT));
    assert_eq!((history.records.len(), history.is_cut), (2, false));
}
