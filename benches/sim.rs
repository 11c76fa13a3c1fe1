//! The seeded simulation at full size: as many worlds as asked for, and what is wrong in any of them.
//!
//! `cargo bench --bench sim -- --seeds 1000000 --from 0 --json F` runs that many seeds on all cores and
//! exits with 1 if any promise was broken; `--story N` runs one seed and tells what happened.

#[path = "../tests/sim/world/mod.rs"]
#[expect(
    dead_code,
    reason = "the tests break promises on purpose, and this does not"
)]
mod world;

use clap::Parser;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use world::campaign::{Campaign, one};

/// Failing seeds that are told.
const TOLD_MAX: usize = 20;

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
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let begun = Instant::now();
    let next = AtomicU64::new(args.from);
    let until = args.from + args.seeds;
    let campaign = Mutex::new(Campaign::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= until {
                        return;
                    }
                    let outcome = one(seed, false);
                    let mut campaign = campaign.lock().unwrap();
                    campaign.add(&outcome);
                    if !outcome.wrong.is_empty() && campaign.failed.len() <= TOLD_MAX {
                        println!("{}", outcome.told());
                    }
                    if args.failures > 0 && campaign.failed.len() >= args.failures {
                        next.store(until, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let campaign = campaign.into_inner().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", campaign.told());
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
