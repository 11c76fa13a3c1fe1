//! The gateway is killed again and again under load, and started again on what it left: nothing that
//! it accepted may be lost.
//!
//! `cargo bench --bench kill` lets several ESMEs submit at a steady rate to two carriers, kills the
//! gateway after a chance time and starts it again, 50 times over. With `--power` the power of its disk
//! is cut as well: it starts again with what was synced by then. Everything is written down by the peers
//! alone. Exits with 1 if a message was lost, came twice without need, or was told wrongly.

mod disk;
mod letters;
mod probe;
mod siege;
mod town;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use smppgate::rig::chance::span;

use disk::Disk;
use siege::Siege;

#[derive(Parser)]
struct Args {
    /// How often the gateway is killed
    #[arg(long, default_value_t = 50)]
    cycles: u64,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages per second of all ESMEs together
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// The gateway's journal: memory or file
    #[arg(long, default_value = "file")]
    journal: String,
    /// Share of the cycles in which it is killed while it starts
    #[arg(long, default_value_t = 0.1)]
    early: f64,
    /// Share of the cycles in which it is asked to end instead; in some of these twice
    #[arg(long, default_value_t = 0.0)]
    drain: f64,
    /// Cut the power of its disk as well, which takes root, loop devices and xfsprogs
    #[arg(long, conflicts_with = "drain")]
    power: bool,
    /// After the last start, the time in which messages are still sent
    #[arg(long, default_value = "1s", value_parser = span)]
    hold: Duration,
    /// At the end, the longest time without any progress
    #[arg(long, default_value = "20s", value_parser = span)]
    patience: Duration,
    /// At the end, wait for the dead letters: a receipt that matches nothing becomes one after a minute
    #[arg(long)]
    letters: bool,
    /// Write the result to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Work in this folder and leave it as it is at the end
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The program that is killed
    #[arg(long, default_value = env!("CARGO_BIN_EXE_smppgate"))]
    program: PathBuf,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("kill: runs only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kill: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<bool> {
    let folder = match &args.keep {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("smppgate-kill-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder)?;
    let result = besiege(args, &folder);
    if args.keep.is_none() {
        // A folder that is left in the temporary directory does no harm.
        let _ = std::fs::remove_dir_all(&folder);
    }
    result
}

fn besiege(args: &Args, folder: &Path) -> io::Result<bool> {
    let write = |json: serde_json::Value| match &args.json {
        Some(path) => std::fs::write(path, format!("{json:#}\n")),
        None => Ok(()),
    };
    let interrupted = interruption()?;
    let disk = match args.power.then(|| Disk::new(folder)) {
        None => None,
        Some(Ok(disk)) => Some(disk),
        Some(Err(why)) => {
            println!("{why}");
            write(serde_json::json!({ "skipped": why.to_string() }))?;
            return Ok(true);
        }
    };
    let report = Siege::new(args, folder, disk, interrupted)?.run()?;
    println!("{report}");
    let clean = report.is_clean();
    write(serde_json::json!({ "report": report, "clean": clean }))?;
    println!(
        "{}",
        if clean {
            "nothing lost, nothing twice without need"
        } else {
            "NOT every promise was kept"
        }
    );
    Ok(clean)
}

/// Becomes true when somebody at the terminal wants an end.
fn interruption() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    std::thread::Builder::new()
        .name("interruption".into())
        .spawn(move || {
            let signal = runtime.block_on(tokio::signal::ctrl_c());
            flag.store(signal.is_ok(), Ordering::Relaxed);
        })?;
    Ok(interrupted)
}
