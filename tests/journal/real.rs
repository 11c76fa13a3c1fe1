//! On a real disk, with threads: what is accepted is there after a restart; what is wrong with the
//! folder is told in words that help.

use crate::support::*;
use smppgate::journal::disk::Real;
use smppgate::journal::{Completion, Completions, File, Journal, OpenError, recover};
use smppgate::message::MessageId;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// A folder of its own for each test, empty at first.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn disk(folder: &std::path::Path) -> Arc<Real> {
    Arc::new(Real::new(folder).unwrap())
}

fn start(folder: &std::path::Path, completions: Completions<u32>) -> (File<u32>, Vec<String>) {
    let (recovered, seen) = read_all(disk(folder)).unwrap();
    let started = File::start(
        recovered,
        settings(1 << 20, 64),
        Box::new(|| 0),
        completions,
    );
    (started.unwrap(), seen)
}

#[test]
fn what_was_confirmed_is_there_after_a_restart_and_order_is_kept() {
    let folder = folder("restart");
    let mut expected: Vec<String> = Vec::new();
    for round in 0..4_u64 {
        let (completions, settled) = noting();
        let (journal, seen) = start(&folder, completions);
        assert_eq!(seen, expected);
        for batch in 0..300_u64 {
            let pdu = vec![batch as u8; 300];
            let id = round * 1_000 + batch;
            let records = [accepted(id, &pdu), attempted(id, id)];
            expected.extend(records.iter().map(|record| format!("{record:?}")));
            assert!(append(&journal, &records, batch as u32));
        }
        while settled.lock().len() < 300 {
            thread::sleep(Duration::from_millis(1));
        }
        let all: Vec<_> = (0..300).map(|then| (then, Ok(()))).collect();
        assert_eq!(*settled.lock(), all);
    }
}

#[test]
fn a_message_is_read_again_from_where_it_lies() {
    let folder = folder("fetch");
    let (sender, fetched) = channel();
    let completions: Completions<u32> = Box::new(move |group| {
        for one in group {
            if let Completion::Fetched(then, kept) = one {
                sender.send((then, kept)).unwrap();
            }
        }
    });
    let (journal, _) = start(&folder, completions);
    for id in 0..100_u64 {
        assert!(append(&journal, &[accepted(id, &[id as u8; 3_000])], 0));
    }
    assert!(append(&journal, &[told(50)], 0));
    let ids = [99, 50, 0, 1_000].map(MessageId).to_vec();
    journal.fetch(ids, 7).unwrap();
    let (then, kept) = fetched.recv_timeout(Duration::from_secs(10)).unwrap();
    let read: Vec<_> = kept
        .iter()
        .map(|kept| kept.as_ref().map(|kept| kept.record()))
        .collect();
    let (last, first) = ([99; 3_000], [0; 3_000]);
    let expected = [
        Some(accepted(99, &last)),
        None,
        Some(accepted(0, &first)),
        None,
    ];
    assert_eq!((then, &read[..]), (7, &expected[..]));
    drop(journal);
    let (completions, _) = noting();
    let (journal, _) = start(&folder, completions);
    let kept = journal.read(MessageId(3)).unwrap();
    assert_eq!(kept.record(), accepted(3, &[3; 3_000]));
    assert!(journal.read(MessageId(50)).is_none());
}

#[test]
fn a_second_instance_is_told_that_there_is_a_first_one() {
    let folder = folder("second");
    let (completions, _) = noting();
    let (journal, _) = start(&folder, completions);
    let refused = recover(disk(&folder), &mut |_, _, _| {}).err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)));
    assert!(
        refused.to_string().contains("another smppgate uses it"),
        "{refused}"
    );
    drop(journal);
    assert!(recover(disk(&folder), &mut |_, _, _| {}).is_ok());
}
