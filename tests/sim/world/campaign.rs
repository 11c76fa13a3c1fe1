//! Many worlds, and what they add up to.

use super::book::Wrong;
use super::run::{Outcome, run};
use super::tale::About;
use super::tally::Tally;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
