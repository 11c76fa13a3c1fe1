//! A seeded simulation of the whole gateway's logic on virtual time.
//!
//! Goal: what is accepted is told exactly one end, whatever peers, links and the journal do. Method: the
//! gateway's own machines are driven by events instead of sockets, in a world of ESMEs, carriers and
//! phones that follows from a seed; all that crosses a link is written down, and `audit` holds that
//! against the promises.
//!
//! `SEED=n cargo test --test sim` runs one world and tells the story of the message that went wrong,
//! `SEEDS=n` runs so many; `cargo bench --bench sim` runs as many as asked for, many times faster.

mod world;

use world::campaign::{many, one, sabotaged, threads};
use world::sabotage::Sabotage;

/// Worlds that every run of the tests sees.
const SEEDS: u64 = 250;

/// Worlds that happen twice.
const TWICE: u64 = 20;

/// Worlds in which each promise is broken.
const SABOTAGED: u64 = 12;

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
    let (from, count) = (number("FROM"), number("SEEDS"));
    let campaign = many(
        from.unwrap_or_default(),
        count.unwrap_or(SEEDS),
        threads(),
        20,
        |outcome| println!("{}", outcome.told()),
    );
    println!("{}", campaign.told());
    assert!(campaign.failed.is_empty(), "failed: {:?}", campaign.failed);
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in 0..TWICE {
        let (once, again) = (one(seed, false), one(seed, true));
        assert_eq!(once.hash, again.hash, "seed {seed}");
        assert_eq!(once.events, again.events, "seed {seed}");
    }
}

#[test]
fn a_gateway_that_breaks_its_promises_is_found_out() {
    for sabotage in Sabotage::ALL {
        let (done, found) = sabotaged(sabotage, 0, SABOTAGED);
        println!("{sabotage:?}: found in {found} of {done} worlds");
        assert!(
            found >= 5 && found * 4 >= done * 3,
            "{sabotage:?} was found in {found} of {done} worlds"
        );
    }
}
