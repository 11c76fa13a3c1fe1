//! What is held is carried on, and the rest makes room: for hours, on a full disk, under load.

use crate::support::*;
use smppgate::journal::disk::{Disk, Faulty, Real};
use smppgate::journal::log::Made;
use smppgate::journal::{Carried, Completions, File, Journal, Record, Stepped};
use smppgate::message::MessageId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SEGMENT: u32 = 16 << 10;

fn start(disk: &Faulty, segments: u64) -> Stepped<u32> {
    let (recovered, _) = read_all(Arc::new(disk.clone())).unwrap();
    Stepped::start(recovered, settings(SEGMENT, segments), Box::new(|| 0)).unwrap()
}

/// Does what the journal does by itself where it has threads.
fn keep_house(journal: &Stepped<u32>) {
    while let Some(Made::Ready(_)) = journal.prepare() {}
    for _ in 0..10_000 {
        match journal.carry_on_if_worth() {
            Some(Carried::Nothing | Carried::NoRoom) | None => break,
            Some(Carried::Copied | Carried::Waits) => drop(journal.pump()),
            Some(Carried::Removed(_)) => drop(journal.prepare()),
            Some(Carried::Further) => {}
        }
    }
}

/// The ids of what is held, as it is read again.
fn held(disk: &Faulty) -> BTreeSet<u64> {
    let mut held = BTreeSet::new();
    let disk = Arc::new(disk.crash(false, &mut |_| 0));
    let recovered = smppgate::journal::recover(disk, &mut |_, _, record| match record {
        Record::Accepted(accepted) => drop(held.insert(accepted.id.0)),
        Record::Told { id, .. } => drop(held.remove(&id.0)),
        _ => {}
    });
    drop(recovered.unwrap());
    held
}

#[test]
fn hours_of_messages_take_little_disk_and_a_few_that_stay_are_kept() {
    let disk = Faulty::new(4_096, 1 << 30);
    let journal = start(&disk, 64);
    let mut most = 0;
    for id in 0..20_000_u64 {
        assert!(append(
            &journal,
            &[accepted(id, &[1; 200]), attempted(id, id)],
            0
        ));
        // All but one of a hundred come to their end soon.
        if let Some(old) = id.checked_sub(20).filter(|old| !old.is_multiple_of(100)) {
            assert!(append(&journal, &[told(old)], 0));
        }
        if id.is_multiple_of(16) {
            journal.pump();
            keep_house(&journal);
            most = most.max(journal.octets());
        }
    }
    journal.pump();
    assert!(most < 16 * u64::from(SEGMENT), "{most} octets were taken");
    let stay: BTreeSet<u64> = (0..20_000)
        .filter(|id| id % 100 == 0 || *id >= 19_980)
        .collect();
    assert_eq!(held(&disk), stay);
    let oldest = journal.read(MessageId(0)).unwrap();
    assert_eq!(oldest.record(), accepted(0, &[1; 200]));
}

#[test]
fn many_short_runs_leave_few_files() {
    let disk = Faulty::new(4_096, 1 << 30);
    for run in 0..200_u64 {
        let journal = start(&disk, 64);
        assert!(append(&journal, &[accepted(run, &[1; 20])], 0));
        if let Some(before) = run.checked_sub(3) {
            assert!(append(&journal, &[told(before)], 0));
        }
        journal.pump();
        keep_house(&journal);
    }
    let files = disk.list("journal").unwrap().len();
    assert!(files < 40, "{files} files are left");
    assert_eq!(held(&disk), BTreeSet::from([197, 198, 199]));
}

/// New messages until there is no room for more, and then the ends of all of them. An error is what
/// found no room.
pub fn fill_and_end(room: u64, segments: u64) -> Result<(Faulty, Stepped<u32>), String> {
    let disk = Faulty::new(4_096, room * u64::from(SEGMENT));
    let journal = start(&disk, segments);
    let mut next = 0;
    while append(&journal, &[accepted(next, &[1; 200])], 0) {
        next += 1;
        journal.pump();
        keep_house(&journal);
    }
    if next < 30 * u64::from(SEGMENT) / 300 {
        return Err(format!("it was full after {next} messages"));
    }
    // They come to their ends in an order that spreads over all segments.
    for at in 0..next {
        let id = at * 7_919 % next;
        for record in [attempted(id, at), told(id)] {
            looked();
            if !append(&journal, &[record], 0) {
                return Err(format!("no room for {record:?}, end {at} of {next}"));
            }
        }
        if at.is_multiple_of(8) {
            journal.pump();
            keep_house(&journal);
        }
    }
    journal.pump();
    keep_house(&journal);
    Ok((disk, journal))
}

#[test]
fn on_a_full_disk_all_that_was_accepted_comes_to_its_end_and_then_there_is_room() {
    for (room, segments) in [(40, 1_000), (1_000, 40)] {
        let (disk, journal) = fill_and_end(room, segments).unwrap();
        assert!(journal.has_room() && !journal.has_failed());
        assert_eq!(held(&disk), BTreeSet::new());
    }
}

#[test]
fn a_disk_that_others_have_filled_takes_new_messages_as_soon_as_there_is_room_again() {
    let disk = Faulty::new(4_096, 1 << 30);
    let journal = start(&disk, 1_000);
    disk.set_room(disk.taken());
    let mut next = 0;
    while journal.has_room() {
        assert!(append(&journal, &[accepted(next, &[1; 200])], 0));
        next += 1;
        journal.pump();
        keep_house(&journal);
    }
    assert!(append(&journal, &[attempted(0, 0)], 0));
    disk.set_room(1 << 30);
    keep_house(&journal);
    assert!(append(&journal, &[accepted(next, &[1; 200])], 0));
    assert!(!journal.has_failed());
}

#[test]
fn a_message_can_be_read_at_each_moment_while_it_is_carried_on() {
    let disk = Faulty::new(4_096, 1 << 30);
    let journal = start(&disk, 64);
    for id in 0..200 {
        assert!(append(&journal, &[accepted(id, &[id as u8; 200])], 0));
        journal.pump();
        journal.prepare();
    }
    let mut removed = 0;
    while removed < 3 {
        match journal.carry_on().unwrap() {
            Carried::Removed(_) => {
                removed += 1;
                journal.prepare();
            }
            Carried::Copied | Carried::Waits => {
                // What was copied is read once the copy is durable.
                journal.fetch(vec![MessageId(3)], 7).unwrap();
                journal.pump();
                assert_eq!(journal.answer().len(), 1);
            }
            _ => {}
        }
        for id in [0, 1, 50, 60, 199] {
            let kept = journal.read(MessageId(id)).unwrap();
            assert_eq!(kept.record(), accepted(id, &[id as u8; 200]));
        }
    }
}

#[test]
fn a_segment_in_which_a_bit_has_changed_is_not_removed() {
    let disk = Faulty::new(4_096, 1 << 30);
    let journal = start(&disk, 64);
    for id in 0..200 {
        assert!(append(&journal, &[accepted(id, &[1; 200])], 0));
        journal.pump();
        journal.prepare();
    }
    disk.damage("journal/0000000001.log", |octets| octets[5_000] ^= 1);
    for _ in 0..100 {
        assert!(!matches!(journal.carry_on(), Some(Carried::Removed(_))));
        journal.pump();
    }
    // All else goes on.
    assert!(append(&journal, &[accepted(1_000, &[1; 200])], 0));
    assert_eq!(journal.pump().len(), 1);
    assert!(!journal.has_failed());
    assert!(disk.content("journal/0000000001.log").is_some());
}

/// How long it takes until a batch is durable, while the journal is or is not carrying on.
#[test]
#[ignore = "measures, for minutes"]
fn those_who_append_hardly_wait_for_what_is_carried_on() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ring");
    for half_stay in [false, true] {
        let _ = std::fs::remove_dir_all(&folder);
        let disk = Arc::new(Real::new(&folder).unwrap());
        let (recovered, _) = read_all(disk).unwrap();
        let done = Arc::new(AtomicU64::new(0));
        let seen = done.clone();
        let completions: Completions<u32> = Box::new(move |group| {
            seen.fetch_add(group.len() as u64, Ordering::Release);
        });
        let settings = settings(16 << 20, 64);
        let journal = File::start(recovered, settings, Box::new(|| 0), completions).unwrap();
        let mut took = Vec::new();
        let mut appending = Vec::new();
        let (begun, mut batches, mut octets) = (Instant::now(), 0, 0);
        while begun.elapsed() < Duration::from_secs(20) {
            let first = batches * 100;
            let mut records: Vec<Record<'_>> = Vec::new();
            for id in first..first + 100 {
                records.push(accepted(id, &[1; 400]));
                let stays = match half_stay && id % 2 == 0 {
                    true => 40_000,
                    false => 200,
                };
                records.extend(id.checked_sub(stays).map(told));
            }
            let before = Instant::now();
            assert!(append(&journal, &records, 0));
            appending.push(before.elapsed());
            batches += 1;
            while done.load(Ordering::Acquire) < batches {
                thread::yield_now();
            }
            took.push(before.elapsed());
            octets = octets.max(journal.octets());
        }
        took.sort();
        appending.sort();
        let at = |all: &[Duration], part: f64| all[(all.len() as f64 * part) as usize];
        println!(
            "half of them stay: {half_stay}: {batches} batches of 100; durable p50 {:?} p99 {:?} p99.9 {:?}; append p50 \
             {:?} p99 {:?} p99.9 {:?}; at most {} MiB",
            at(&took, 0.5),
            at(&took, 0.99),
            at(&took, 0.999),
            at(&appending, 0.5),
            at(&appending, 0.99),
            at(&appending, 0.999),
            octets >> 20,
        );
    }
}
