//! Whatever is done in whatever order, and wherever the power goes: what was confirmed is there.
//!
//! All traces up to some length over the steps of a journal are played on a disk in memory. Before
//! each thing that the disk does in the last step of a trace, the power goes, and all the states that
//! the disk may then be in are looked at (or many of them, where there are too many): each sector that
//! was not synced is there or not, whole or torn, and so is each entry of a folder. The journal is read
//! again from each, and what it then holds must be what it held at some moment between the last thing
//! that was confirmed and the last thing that was handed over. Reading it again is interrupted at
//! each of its own steps, too.

use crate::model::{Lives, Story};
use crate::support::{looked, looks, settings};
use parking_lot::Mutex;
use smppgate::journal::disk::Faulty;
use smppgate::journal::disk::faulty::{Kind, Verdict};
use smppgate::journal::{Recovered, Stepped, recover};
use std::io::ErrorKind;
use std::sync::Arc;

/// How a disk is cut up, and what lies on it.
#[derive(Clone, Copy)]
pub struct Shape {
    pub sector: usize,
    pub segment_octets: u32,
    pub pdu_octets: usize,
}

/// Three records fill a segment, and each of them lies across sectors.
pub const SMALL: Shape = Shape {
    sector: 512,
    segment_octets: 1_536,
    pdu_octets: 380,
};

pub const LARGE: Shape = Shape {
    sector: 4_096,
    segment_octets: 12_288,
    pdu_octets: 3_500,
};

/// How thorough a search is.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// What has happened before, without a cut.
    pub before: &'a str,
    /// What may happen then, and how much of it.
    pub steps: &'a str,
    pub length: usize,
    /// States of the disk that are looked at for one moment.
    pub states: usize,
    /// In one of so many moments, reading again is interrupted as well.
    pub again: usize,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub traces: usize,
    pub moments: usize,
    pub states: usize,
    pub interrupted: usize,
    pub cut: usize,
    pub removed: usize,
}

impl Counts {
    fn add(&mut self, more: &Self) {
        self.traces += more.traces;
        self.moments += more.moments;
        self.states += more.states;
        self.interrupted += more.interrupted;
        self.cut += more.cut;
        self.removed += more.removed;
    }
}

/// Plays all traces; the first promise that is broken.
pub fn search(shape: Shape, search: Search<'_>) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let mut traces = vec![search.before.to_owned()];
    for _ in 0..search.length {
        let mut longer = Vec::new();
        for trace in &traces {
            for step in search.steps.chars() {
                let trace = format!("{trace}{step}");
                if play(shape, search, &trace, &mut counts)? {
                    longer.push(trace);
                }
            }
        }
        traces = longer;
    }
    Ok(counts)
}

/// A moment at which the power goes: the disk, and how far things had come.
struct Moment {
    disk: Faulty,
    confirmed: usize,
}

/// A journal, and what has been done with it.
pub struct Run {
    shape: Shape,
    pub disk: Faulty,
    pub journal: Option<Stepped<u32>>,
    pub story: Story,
}

impl Run {
    pub fn new(shape: Shape) -> Result<Self, String> {
        let disk = Faulty::new(shape.sector, 1 << 20);
        let journal = Some(start(&disk, shape)?.0);
        let story = Story::new(shape.pdu_octets);
        Ok(Self {
            shape,
            disk,
            journal,
            story,
        })
    }

    pub fn step(&mut self, step: char) -> Result<bool, String> {
        if step == 'r' {
            // The process ends, and starts again.
            self.journal = None;
            let (journal, lives) = start(&self.disk, self.shape)?;
            self.journal = Some(journal);
            return self.story.restarted(&lives).map(|()| true);
        }
        let journal = self.journal.as_ref().ok_or("it has not started")?;
        Ok(self.story.step(journal, step))
    }
}

/// Plays one trace. False if its last step had nothing to do: then no longer one is of interest.
fn play(
    shape: Shape,
    search: Search<'_>,
    trace: &str,
    counts: &mut Counts,
) -> Result<bool, String> {
    let mut run = Run::new(shape).map_err(|error| format!("{trace}: {error}"))?;
    let (last, before) = trace.chars().next_back().map_or((' ', ""), |last| {
        (last, &trace[..trace.len() - last.len_utf8()])
    });
    for step in before.chars() {
        run.step(step)
            .map_err(|error| format!("{trace}: {error}"))?;
    }
    let disk = run.disk.clone();
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (seen, watched) = (moments.clone(), disk.clone());
    let confirmed = run.story.confirmed();
    // A sync that fails does so once: what is wrong then is hidden from whoever tries again.
    let mut fails = last == 'x';
    disk.watch(move |operation| {
        let changes = !matches!(operation.kind, Kind::Read | Kind::List | Kind::Lock);
        if changes {
            let disk = watched.fork();
            seen.lock().push(Moment { disk, confirmed });
        }
        match operation.kind {
            Kind::Sync if std::mem::take(&mut fails) => Verdict::Fails(ErrorKind::Other),
            _ => Verdict::Done,
        }
    });
    let possible = run.story.possible();
    let did_something = run.step(last);
    disk.unwatch();
    let did_something = did_something.map_err(|error| format!("{trace}: {error}"))?;
    let mut moments = std::mem::take(&mut *moments.lock());
    let Run { journal, story, .. } = run;
    moments.push(Moment {
        disk: disk.fork(),
        confirmed: story.confirmed(),
    });
    drop(journal);
    if !did_something {
        return Ok(false);
    }
    counts.traces += 1;
    let after = story.possible();
    let possible = match after.len() > possible.len() {
        true => after,
        false => possible,
    };
    for moment in moments {
        counts.moments += 1;
        let told = |what: String| format!("after {trace:?}: {what}");
        look(shape, search, &moment, &possible, counts).map_err(told)?;
    }
    // After a failed sync the journal accepts nothing more.
    Ok(last != 'x')
}

/// Looks at all states that the disk may be in.
fn look(
    shape: Shape,
    search: Search<'_>,
    moment: &Moment,
    possible: &[Lives],
    counts: &mut Counts,
) -> Result<(), String> {
    let held = |lives: &Lives| match possible[moment.confirmed..].contains(lives) {
        true => Ok(()),
        false => Err(format!(
            "{lives:?} is none of what may be there: {:?}",
            &possible[moment.confirmed..]
        )),
    };
    // The process ends and the power stays: what was not synced can be read. Once it was read it
    // counts, so that it must stay even if the power goes then.
    let disk = moment.disk.fork();
    let (journal, lives) = start(&disk, shape)?;
    drop(journal);
    held(&lives)?;
    stays(&disk, &lives)?;
    let mut ways = Ways::new(search.states);
    let mut is_again = counts.moments.is_multiple_of(search.again);
    while ways.next() {
        let disk = moment.disk.crash(true, &mut |of| ways.choose(of));
        let (lives, cut) = read(&disk)?;
        held(&lives)?;
        counts.states += 1;
        looked();
        counts.cut += usize::from(cut > 0);
        counts.removed += usize::from(disk.content("journal/0000000001.log").is_none());
        if std::mem::take(&mut is_again) {
            interrupt(shape, &disk, &held, counts)?;
        }
    }
    Ok(())
}

/// Interrupts reading again at each of its steps.
fn interrupt(
    shape: Shape,
    disk: &Faulty,
    held: &dyn Fn(&Lives) -> Result<(), String>,
    counts: &mut Counts,
) -> Result<(), String> {
    let cuts = Arc::new(Mutex::new(Vec::new()));
    let (seen, watched) = (cuts.clone(), disk.clone());
    disk.watch(move |operation| {
        if !matches!(
            operation.kind,
            Kind::Read | Kind::List | Kind::Lock | Kind::Open
        ) {
            seen.lock().push(watched.fork());
        }
        Verdict::Done
    });
    let (journal, lives) = start(disk, shape)?;
    disk.unwatch();
    drop(journal);
    for cut in cuts.lock().iter() {
        let mut ways = Ways::new(4);
        while ways.next() {
            let left = cut.crash(true, &mut |of| ways.choose(of));
            held(&read(&left)?.0).map_err(|what| format!("cut while it was read again: {what}"))?;
            counts.interrupted += 1;
            looked();
        }
    }
    stays(disk, &lives)
}

/// What was read at a start is there whatever happens next.
fn stays(disk: &Faulty, lives: &Lives) -> Result<(), String> {
    let lost = disk.crash(true, &mut |_| 0);
    match read(&lost)?.0 == *lives {
        true => Ok(()),
        false => Err(format!(
            "{lives:?} was read at a start and is lost after the next cut"
        )),
    }
}

fn start(disk: &Faulty, shape: Shape) -> Result<(Stepped<u32>, Lives), String> {
    let (recovered, lives) = read_again(disk)?;
    let settings = settings(shape.segment_octets, 32);
    let started = Stepped::start(recovered, settings, Box::new(|| 0));
    started
        .map(|journal| (journal, lives))
        .map_err(|error| error.to_string())
}

pub fn read(disk: &Faulty) -> Result<(Lives, u64), String> {
    let (recovered, lives) = read_again(disk)?;
    if recovered.holdings().len() != lives.len() {
        return Err("the holdings are not what was read".to_owned());
    }
    Ok((lives, recovered.torn()))
}

fn read_again(disk: &Faulty) -> Result<(Recovered, Lives), String> {
    let mut lives = Lives::default();
    let read = recover(Arc::new(disk.clone()), &mut |_, _, record| {
        lives.note(&record)
    });
    lives.end();
    read.map(|recovered| (recovered, lives))
        .map_err(|error| error.to_string())
}

/// Goes through all ways to choose; where there are more than so many, through those that differ in
/// the first choices and some of the others.
struct Ways {
    most: usize,
    gone: usize,
    chosen: Vec<(usize, usize)>,
    at: usize,
    dice: u64,
}

impl Ways {
    fn new(most: usize) -> Self {
        Self {
            most,
            gone: 0,
            chosen: Vec::new(),
            at: 0,
            dice: 0x2545_F491_4F6C_DD1D,
        }
    }

    /// Begins the next way.
    fn next(&mut self) -> bool {
        if self.gone > 0 && !self.advance() {
            return false;
        }
        self.gone += 1;
        self.at = 0;
        self.gone <= self.most
    }

    /// Counts up like an odometer, or throws dice if there is more than can be counted.
    fn advance(&mut self) -> bool {
        let all = self
            .chosen
            .iter()
            .fold(1_usize, |all, (_, of)| all.saturating_mul(*of));
        if all > self.most {
            for at in 0..self.chosen.len() {
                let of = self.chosen[at].1;
                self.chosen[at].0 = (self.bits() % of as u64) as usize;
            }
            // What depends on these choices is thrown anew.
            return true;
        }
        while let Some((chosen, of)) = self.chosen.last_mut() {
            *chosen += 1;
            if chosen < of {
                return true;
            }
            self.chosen.pop();
        }
        false
    }

    fn bits(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }

    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.chosen.len() {
            self.chosen.push((0, of));
        }
        let (chosen, among) = &mut self.chosen[self.at];
        // An earlier choice may have changed what there is to choose from.
        if *among != of {
            (*chosen, *among) = (*chosen % of, of);
        }
        self.at += 1;
        *chosen
    }
}

/// What is looked at in each run: what had happened, what may happen next, and how much of it.
pub const SEARCHES: [(Shape, &str, &str, usize); 7] = [
    // All that may happen first.
    (SMALL, "", "aflngpmx", 5),
    (LARGE, "", "aflngpmx", 4),
    // Short runs leave segments that hold nothing.
    (SMALL, "rr", "acgr", 4),
    // A message lies in the oldest segment, with facts, and with one that was written anew.
    (SMALL, "agr", "flncg", 5),
    (SMALL, "afgnfgr", "lncgx", 5),
    // Segments are carried on into one another.
    (SMALL, "aaagaaagpp", "lacg", 5),
    (LARGE, "aaagaagppc", "lncgr", 4),
];

pub fn searches() -> Result<Counts, String> {
    let mut all = Counts::default();
    for (shape, before, steps, length) in SEARCHES {
        let one = Search {
            before,
            steps,
            length,
            states: 40,
            again: 3,
        };
        let counts = search(shape, one)?;
        println!("{before:?} and {length} of {steps:?}: {counts:?}");
        all.add(&counts);
    }
    Ok(all)
}

#[test]
fn whatever_a_power_cut_leaves_what_was_confirmed_is_there() {
    let counts = searches().unwrap();
    println!("in all: {counts:?}");
    assert_eq!(looks(), (counts.states + counts.interrupted) as u64);
    assert!(counts.states + counts.interrupted > 200_000 && counts.cut > 1_000);
    assert!(counts.removed > 1_000, "nearly nothing was carried on");
}
