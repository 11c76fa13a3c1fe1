//! A seeded simulation of the whole gateway's logic on virtual time.
//!
//! Goal: what is accepted is told exactly one end, whatever peers, links and the journal do. Method: the
//! gateway's own machines are driven by events instead of sockets, in a world of ESMEs, carriers and
//! phones that follows from a seed; the peers write down all that they see, and `audit` holds that
//! against the promises. `SEED=n cargo test --test sim` runs one world and tells the story of the
//! message that went wrong; `cargo bench --bench sim` runs as many as asked for.

mod world;

use world::campaign::{Campaign, one};
use world::run::run_sabotaged;
use world::sabotage::Sabotage;

/// Worlds that every run of the tests sees.
const SEEDS: u64 = 250;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_promise_is_kept_in_every_world() {
    if let Some(seed) = number("SEED") {
        let outcome = one(seed, true);
        println!("{}", outcome.told());
        assert!(outcome.wrong.is_empty());
        return;
    }
    let mut campaign = Campaign::default();
    for seed in 0..number("SEEDS").unwrap_or(SEEDS) {
        let outcome = one(seed, false);
        if !outcome.wrong.is_empty() {
            println!("{}", outcome.told());
        }
        campaign.add(&outcome);
    }
    println!("{}", campaign.told());
    assert!(campaign.failed.is_empty(), "failed: {:?}", campaign.failed);
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in 0..number("TWICE").unwrap_or(20) {
        let (once, again) = (one(seed, false), one(seed, false));
        assert_eq!(once.hash, again.hash, "seed {seed}");
        assert_eq!(once.events, again.events, "seed {seed}");
    }
}

#[test]
fn a_gateway_that_breaks_its_promises_is_found_out() {
    for sabotage in Sabotage::ALL {
        let (mut done, mut found) = (0, 0);
        let mut missed = Vec::new();
        for seed in 0..number("SABOTAGES").unwrap_or(10) {
            let Some(outcome) = run_sabotaged(seed, sabotage) else {
                continue;
            };
            done += 1;
            found += usize::from(!outcome.wrong.is_empty());
            if outcome.wrong.is_empty() {
                missed.push(seed);
            }
        }
        println!("{sabotage:?}: found {found} of {done}, missed in {missed:?}");
        assert!(found > 0 && missed.is_empty(), "{sabotage:?}: {missed:?}");
    }
}
