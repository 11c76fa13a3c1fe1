//! Each thing that is asked of the disk fails once: nothing is confirmed that is not durable, and
//! what has failed stays failed until the next start.

use crate::crashes::{Run, SMALL, read};
use crate::support::*;
use parking_lot::Mutex;
use smppgate::journal::disk::Faulty;
use smppgate::journal::disk::faulty::{Kind, Verdict};
use smppgate::journal::{Completion, Journal, Refusal, Stepped};
use std::io::ErrorKind;
use std::sync::Arc;

/// What a journal does in its life, starts and carrying on included.
const LIFE: &str = "aafgnaagplfgmaagpccgcraaglgccgcpaafgnlgccgcgmraagpfglgccgcccgcp";

const KINDS: [Kind; 11] = [
    Kind::MakeFolder,
    Kind::List,
    Kind::Open,
    Kind::Remove,
    Kind::SyncFolder,
    Kind::Lock,
    Kind::Read,
    Kind::Write,
    Kind::Allocate,
    Kind::Truncate,
    Kind::Sync,
];

/// Lets one operation fail; whether it came to that, and whether the journal failed by it.
fn live(kind: Kind, verdict: Verdict, nth: usize) -> Result<(bool, bool), String> {
    let mut run = Run::new(SMALL)?;
    let left = Arc::new(Mutex::new(nth));
    let counted = left.clone();
    run.disk.watch(move |operation| {
        let mut left = counted.lock();
        if operation.kind == kind && *left > 0 {
            *left -= 1;
            if *left == 0 {
                return verdict;
            }
        }
        Verdict::Done
    });
    let mut has_failed = false;
    for step in LIFE.chars() {
        let stepped = run.step(step);
        if run.journal.is_none() {
            // A start may fail, and says so; the next one does not.
            let is_hit = *left.lock() == 0;
            has_failed |= is_hit;
            stepped.err().filter(|_| is_hit).ok_or("a start failed")?;
            run.step('r')?;
        } else {
            stepped?;
        }
        let journal = run.journal.as_ref().ok_or("it has not started")?;
        if journal.has_failed() {
            has_failed = true;
            for step in "aflnpcg".chars() {
                run.step(step)?;
            }
            let journal = run.journal.as_ref().ok_or("it has not started")?;
            if !journal.has_failed() || journal.has_room() || append(journal, &[told(1)], 0) {
                return Err("it has failed, and goes on".to_owned());
            }
            run.step('r')?;
        }
    }
    run.disk.unwatch();
    let (lost, _) = read(&run.disk.crash(true, &mut |_| 0))?;
    run.story.restarted(&lost)?;
    let is_hit = *left.lock() == 0;
    Ok((is_hit, has_failed))
}

/// How many operations were let fail.
fn each(kind: Kind, verdict: Verdict) -> Result<(usize, usize), String> {
    let mut failures = 0;
    for nth in 1..10_000 {
        let (is_hit, has_failed) = live(kind, verdict, nth)
            .map_err(|what| format!("{kind:?} {nth} {verdict:?}: {what}"))?;
        failures += usize::from(has_failed);
        if !is_hit {
            return Ok((nth - 1, failures));
        }
    }
    Err(format!("{kind:?} has no end"))
}

#[test]
fn whatever_the_disk_refuses_once_nothing_is_confirmed_that_is_not_durable() {
    let mut all = 0;
    for kind in KINDS {
        for error in [ErrorKind::Other, ErrorKind::StorageFull] {
            let (sites, failures) = each(kind, Verdict::Fails(error)).unwrap();
            println!("{kind:?}: {sites} times {error:?}, {failures} times for good");
            assert!(sites > 0, "{kind:?} was never asked for");
            // Lack of room is no failure where room is set aside, and reading changes nothing.
            if matches!(kind, Kind::Write | Kind::Sync | Kind::SyncFolder) {
                assert_eq!(sites, failures, "{kind:?} failed, and was forgotten");
            }
            all += sites;
        }
    }
    for kind in [Kind::Read, Kind::Write] {
        let (sites, failures) = each(kind, Verdict::Half).unwrap();
        assert_eq!(failures, 0, "{kind:?} in two halves is no failure");
        all += sites;
    }
    println!("{all} faults");
    assert!(all > 500);
}

#[test]
fn a_disk_that_is_slower_than_those_who_send_is_told_by_what_waits() {
    let disk = Faulty::new(4_096, 1 << 30);
    let (recovered, _) = read_all(Arc::new(disk)).unwrap();
    let journal: Stepped<u32> =
        Stepped::start(recovered, settings(16 << 20, 64), Box::new(|| 0)).unwrap();
    let (octets, mut appended) = (vec![1; 60_000], 0_usize);
    while journal.has_room() {
        assert!(append(&journal, &[accepted(appended as u64, &octets)], 0));
        journal.prepare();
        appended += 1;
    }
    let pending = appended * octets.len();
    assert!((63 << 20..66 << 20).contains(&pending), "{pending} octets");
    let refused = journal.append(&[accepted(0, &octets)], 0);
    assert!(matches!(
        refused,
        smppgate::journal::Appended::Refused(0, Refusal::Full)
    ));
    // The ends of what has begun are still taken, and all goes on once the disk has come after.
    assert!(append(&journal, &[told(3)], 0));
    let settled = journal.pump();
    let durable = |one: &Completion<u32>| matches!(one, Completion::Written(_, Ok(())));
    assert_eq!(
        settled.iter().filter(|one| durable(one)).count(),
        appended + 1
    );
    assert!(journal.has_room());
}
