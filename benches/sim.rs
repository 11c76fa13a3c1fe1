//! The seeded simulation at full size: as many worlds as asked for, and what is wrong in any of them.
//!
//! `cargo bench --bench sim -- --seeds 1000000 --from 0 --json F` runs that many seeds on all cores and
//! exits with 1 if any promise was broken; `--story N` runs one seed and tells what happened.

#[path = "../tests/sim/world/mod.rs"]
mod world;

use clap::Parser;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use world::campaign::{Campaign, many, one, sabotaged, threads};
use world::run::Outcome;
use world::sabotage::Sabotage;

/// Failing seeds that are told.
const TOLD_MAX: usize = 20;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Runs this seed alone and tells its story
    #[arg(long)]
    story: Option<u64>,
    /// Breaks each promise on purpose, in so many worlds, and tells how often that was found
    #[arg(long)]
    sabotage: bool,
    /// Threads; 0 = one for each core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Stops once so many seeds have failed; 0 = never
    #[arg(long, default_value_t = 100)]
    failures: usize,
    /// Write the result to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Result<'a> {
    from: u64,
    seeds: u64,
    seconds: f64,
    seeds_per_second: f64,
    #[serde(flatten)]
    campaign: &'a Campaign,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // `cargo test --benches` only wants to see it start.
        return ExitCode::SUCCESS;
    }
    if let Some(seed) = args.story {
        let outcome = one(seed, true);
        println!("{}", outcome.told());
        return ExitCode::from(u8::from(!outcome.wrong.is_empty()));
    }
    if args.sabotage {
        for sabotage in Sabotage::ALL {
            let (done, found) = sabotaged(sabotage, args.from, args.seeds);
            println!("{sabotage:?}: found in {found} of {done} worlds");
        }
        return ExitCode::SUCCESS;
    }
    let threads = match args.threads {
        0 => threads(),
        threads => threads,
    };
    let begun = Instant::now();
    let told = AtomicUsize::new(0);
    let tell = |outcome: &Outcome| {
        if told.fetch_add(1, Ordering::Relaxed) < TOLD_MAX {
            println!("{}", outcome.told());
        }
    };
    let failures_max = match args.failures {
        0 => usize::MAX,
        most => most,
    };
    let campaign = many(args.from, args.seeds, threads, failures_max, tell);
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", campaign.told());
    for seed in campaign.failed.iter().take(TOLD_MAX) {
        println!("what happened: cargo bench --bench sim -- --story {seed}");
    }
    println!(
        "{:.1} seeds a second on {threads} threads, {seconds:.1} s",
        campaign.seeds as f64 / seconds
    );
    if let Some(path) = args.json {
        let result = Result {
            from: args.from,
            seeds: campaign.seeds,
            seconds,
            seeds_per_second: campaign.seeds as f64 / seconds,
            campaign: &campaign,
        };
        let text = serde_json::to_string_pretty(&result).unwrap();
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("failed to write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::from(u8::from(!campaign.failed.is_empty()))
}
