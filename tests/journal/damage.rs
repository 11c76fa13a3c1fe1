//! What has changed on the disk is found, what was torn is cut off, and what only looks like a record
//! is none; what is wrong with the folder is told.

use crate::support::*;
use smppgate::journal::disk::faulty::{Kind, Verdict};
use smppgate::journal::disk::{Disk, Faulty, Real};
use smppgate::journal::{OpenError, Stepped, recover};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::sync::Arc;

const SEGMENT: u32 = 1_536;

/// A journal of three segments, all synced, and the last thing in it says so.
fn whole() -> (Faulty, Vec<String>) {
    let disk = Faulty::new(512, 1 << 20);
    let journal = start(&disk);
    for id in 1..=6 {
        assert!(append(
            &journal,
            &[accepted(id, &[id as u8; 380]), attempted(id, id)],
            0
        ));
        journal.pump();
        journal.prepare();
    }
    assert!(append(&journal, &[told(2)], 0));
    journal.pump();
    journal.mark();
    journal.pump();
    drop(journal);
    let (_, seen) = read_all(Arc::new(disk.clone())).unwrap();
    assert_eq!(seen.len(), 13);
    (disk, seen)
}

fn start(disk: &Faulty) -> Stepped<u32> {
    let (recovered, _) = read_all(Arc::new(disk.clone())).unwrap();
    Stepped::start(recovered, settings(SEGMENT, 64), Box::new(|| 0)).unwrap()
}

fn segments(disk: &Faulty) -> Vec<String> {
    let mut names = disk.list("journal").unwrap();
    names.retain(|name| name.ends_with(".log"));
    names.sort();
    names.iter().map(|name| format!("journal/{name}")).collect()
}

/// Changes each bit by itself: how many were found. An error is one that was not, and that has
/// changed what is read.
pub fn flips() -> Result<usize, String> {
    let (whole, seen) = whole();
    let mut found = 0;
    for path in segments(&whole) {
        for bit in 0..whole.content(&path).map_or(0, |octets| octets.len()) * 8 {
            looked();
            let disk = whole.fork();
            disk.damage(&path, |octets| octets[bit / 8] ^= 1 << (bit % 8));
            match read_all(Arc::new(disk)) {
                Err(OpenError::Damaged { .. } | OpenError::Newer { .. }) => found += 1,
                Err(other) => return Err(format!("{path}, bit {bit}: {other}")),
                Ok((_, now)) if now == seen => {}
                Ok((_, now)) => return Err(format!("{path}, bit {bit}: {now:?} was read")),
            }
        }
    }
    Ok(found)
}

#[test]
fn a_bit_that_has_changed_is_found_or_changes_nothing() {
    let found = flips().unwrap();
    println!("{found} changed bits were found");
    assert!(found > 6 * 380 * 8);
}

#[test]
fn what_is_missing_at_the_end_is_cut_off_at_any_length() {
    let disk = Faulty::new(512, 1 << 20);
    let journal = start(&disk);
    assert!(append(&journal, &[accepted(1, &[1; 100])], 0));
    journal.pump();
    let before = disk.content("journal/0000000001.log").unwrap();
    assert!(append(
        &journal,
        &[accepted(2, &[2; 100]), attempted(2, 2)],
        0
    ));
    journal.pump();
    drop(journal);
    let after = disk.content("journal/0000000001.log").unwrap();
    let changed: Vec<usize> = (0..after.len())
        .filter(|at| before[*at] != after[*at])
        .collect();
    let (first, last) = (changed[0], changed[changed.len() - 1] + 1);
    let mut seen_before = 0;
    for end in first..=last {
        let torn = disk.fork();
        torn.damage("journal/0000000001.log", |octets| octets[end..last].fill(0));
        let (recovered, seen) = read_all(Arc::new(torn.clone())).unwrap();
        assert!(
            seen.len() >= seen_before && (1..=3).contains(&seen.len()),
            "{end}: {seen:?}"
        );
        assert_eq!(seen[0], format!("{:?}", accepted(1, &[1; 100])));
        seen_before = seen.len();
        // What was cut off does not come back.
        let started: Stepped<u32> =
            Stepped::start(recovered, settings(SEGMENT, 64), Box::new(|| 0)).unwrap();
        drop(started);
        let (again, now) = read_all(Arc::new(torn)).unwrap();
        assert_eq!((now, again.torn()), (seen, 0));
    }
    assert_eq!(seen_before, 3);
}

#[test]
fn a_text_that_looks_like_records_is_none() {
    // The octets of sound records of an earlier segment, marks included.
    let (whole, _) = whole();
    let records = whole.content("journal/0000000001.log").unwrap()[64..600].to_vec();
    let disk = Faulty::new(512, 1 << 20);
    let journal = start(&disk);
    assert!(append(&journal, &[accepted(1, &[1; 20])], 0));
    journal.pump();
    let end = 64 + 13 + smallest(&disk);
    assert!(append(&journal, &[accepted(2, &records)], 0));
    journal.pump();
    drop(journal);
    let octets = disk.content("journal/0000000001.log").unwrap();
    // Whatever is torn off in front of the text.
    for cut in end..octets.len().min(end + 600) {
        let torn = disk.fork();
        torn.damage("journal/0000000001.log", |octets| octets[end..cut].fill(0));
        let (_, seen) = read_all(Arc::new(torn)).unwrap();
        let expected = [accepted(1, &[1; 20]), accepted(2, &records)].map(|one| format!("{one:?}"));
        let most = usize::from(cut == end) + 1;
        assert!(
            seen == expected[..1] || seen == expected[..most],
            "{cut}: {seen:?}"
        );
    }
}

/// Octets of the first record of the first segment.
fn smallest(disk: &Faulty) -> usize {
    let octets = disk.content("journal/0000000001.log").unwrap();
    let length = octets[64 + 13 + 8..].first_chunk::<4>().unwrap();
    12 + u32::from_le_bytes(*length) as usize
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_what_helps() {
    for (kind, doing) in [
        (Kind::MakeFolder, "make journal"),
        (Kind::Lock, "lock journal/lock"),
        (Kind::List, "list journal"),
    ] {
        let disk = Faulty::new(512, 1 << 20);
        disk.watch(move |operation| match operation.kind == kind {
            true => Verdict::Fails(ErrorKind::ReadOnlyFilesystem),
            false => Verdict::Done,
        });
        let told = recover(Arc::new(disk), &mut |_, _, _| {}).err().unwrap();
        assert!(told.to_string().starts_with(doing), "{told}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advice");
    let disk = Real::new(&folder).unwrap();
    let advice = |kind: ErrorKind| disk.advice("journal", &io::Error::from(kind)).unwrap();
    assert!(advice(ErrorKind::ReadOnlyFilesystem).contains("mounted read-only"));
    assert!(advice(ErrorKind::StorageFull).contains("the disk is full"));
    assert!(advice(ErrorKind::PermissionDenied).contains("chmod u+rwX"));
    let own = folder.metadata().unwrap().uid();
    // Only root may give a folder away.
    if chown(&folder, Some(own + 4_711), None).is_ok() {
        let told = advice(ErrorKind::PermissionDenied);
        let expected = format!(
            "belongs to user {}, and smppgate runs as user {own}",
            own + 4_711
        );
        assert!(told.contains(&expected), "{told}");
        chown(&folder, Some(own), None).unwrap();
    }
}

#[test]
fn a_number_with_which_the_numbers_would_end_is_no_number_of_a_segment() {
    let (disk, _) = whole();
    let last = segments(&disk).pop().unwrap();
    let octets = disk.content(&last).unwrap();
    let disk = Faulty::new(512, 1 << 20);
    let path = format!("journal/{:010}.log", u32::MAX);
    let file = disk
        .open(&path, smppgate::journal::disk::How::Make)
        .unwrap();
    file.write_at(&octets, 0).unwrap();
    let error = read_all(Arc::new(disk)).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("no segment has a number above 42949"),
        "{error}"
    );
}
