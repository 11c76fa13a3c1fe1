//! Many worlds, and what they add up to.

use super::book::Wrong;
use super::run::{Outcome, run, run_sabotaged};
use super::sabotage::Sabotage;
use super::tale::About;
use super::tally::Tally;
use parking_lot::Mutex;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The sum of many worlds.
#[derive(Debug, Default, Serialize)]
pub struct Campaign {
    pub seeds: u64,
    pub events: u64,
    pub pdus: u64,
    pub virtual_days: f64,
    #[serde(flatten)]
    pub tally: Tally,
    /// Seeds in which a promise was broken.
    pub failed: Vec<u64>,
    /// How many of them for each kind of reason.
    pub reasons: std::collections::BTreeMap<String, u64>,
}

/// Runs seeds from `from` on, `count` of them, on so many threads, until so many have failed; `told`
/// hears of each that fails.
pub fn many(
    from: u64,
    count: u64,
    threads: usize,
    failures_max: usize,
    told: impl Fn(&Outcome) + Sync,
) -> Campaign {
    let until = from + count;
    let next = AtomicU64::new(from);
    let campaign = Mutex::new(Campaign::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < until
                {
                    let outcome = one(seed, false);
                    let mut campaign = campaign.lock();
                    campaign.add(&outcome);
                    if !outcome.wrong.is_empty() {
                        told(&outcome);
                    }
                    if campaign.failed.len() >= failures_max {
                        next.store(until, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut campaign = campaign.into_inner();
    campaign.failed.sort_unstable();
    campaign
}

/// Breaks this promise in so many worlds: in how many that could be done, and in how many of those it
/// was found. Some hide it: a message that had five seconds to leave may have been lost or too late.
pub fn sabotaged(sabotage: Sabotage, from: u64, count: u64) -> (usize, usize) {
    let outcomes = (from..from + count).filter_map(|seed| run_sabotaged(seed, sabotage));
    let is_found: Vec<bool> = outcomes.map(|one| !one.wrong.is_empty()).collect();
    let found = is_found.iter().filter(|found| **found).count();
    (is_found.len(), found)
}

/// Threads, if nobody says how many: one for each core.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs one seed; a panic is a broken promise as well.
pub fn one(seed: u64, is_told: bool) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| run(seed, is_told)));
    outcome.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome {
            seed,
            hash: 0,
            events: 0,
            pdus: 0,
            span: Duration::ZERO,
            tally: Tally::default(),
            wrong: vec![Wrong {
                about: About::World,
                what: format!("a panic: {}", text.unwrap_or_default()),
            }],
            story: String::new(),
        }
    })
}

impl Campaign {
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.events += outcome.events;
        self.pdus += outcome.pdus;
        self.virtual_days += outcome.span.as_secs_f64() / 86_400.0;
        self.tally.add(&outcome.tally);
        if let Some(first) = outcome.wrong.first() {
            self.failed.push(outcome.seed);
            let reason = first
                .what
                .chars()
                .map(|c| if c.is_ascii_digit() { '#' } else { c });
            let reason: String = reason.take(90).collect();
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    pub fn told(&self) -> String {
        let mut text = format!(
            "{} seeds, {} events, {} PDUs, {:.1} virtual days, {} failed\n",
            self.seeds,
            self.events,
            self.pdus,
            self.virtual_days,
            self.failed.len()
        );
        for (name, count) in self.tally.all() {
            text.push_str(&format!("{count:>12}  {}\n", name.replace('_', " ")));
        }
        for (reason, count) in &self.reasons {
            text.push_str(&format!("{count:>12} failed: {reason}\n"));
        }
        text
    }
}

impl Outcome {
    /// What is wrong, and the story of it where it was written down.
    pub fn told(&self) -> String {
        let mut text = self.story.clone();
        text.push_str(&format!("seed {} (trace {:016x})\n", self.seed, self.hash));
        for wrong in self.wrong.iter().take(10) {
            text.push_str(&format!("    {:?}: {}\n", wrong.about, wrong.what));
        }
        if self.wrong.len() > 10 {
            text.push_str(&format!("    and {} more\n", self.wrong.len() - 10));
        }
        text
    }
}
