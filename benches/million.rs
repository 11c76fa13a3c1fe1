//! A million messages through the gateway, each looked for at both ends: answered once, accepted
//! by one carrier once, reported once, with the right id.
//!
//! `cargo bench --bench million` sends over 4 binds to 2 carriers with 2 binds each, and exits with
//! 1 if anything is lost, double, foreign or mismatched.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;
use smppgate::rig::carrier::{self, Behaviour, Carrier};
use smppgate::rig::chance::Law;
use smppgate::rig::load::{Amount, Settings};
use smppgate::rig::trial::{Gateway, Trial};

#[derive(Parser)]
struct Args {
    /// Messages
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// When the gateway answers: carrier or stored
    #[arg(long, default_value = "carrier")]
    ack: String,
    /// The gateway's journal: memory or file
    #[arg(long, default_value = "memory")]
    journal: String,
    /// Binds of the client
    #[arg(long, default_value_t = 4)]
    binds: usize,
    /// Window of each of these binds
    #[arg(long, default_value_t = 100)]
    window: usize,
    /// Binds of the gateway to each of the two carriers
    #[arg(long, default_value_t = 2)]
    carrier_binds: usize,
    /// Window of each of these binds
    #[arg(long, default_value_t = 100)]
    carrier_window: usize,
    /// Time from the response to a message to its receipt, such as 5ms, 5ms..20ms or 20ms~0.4
    #[arg(long, default_value = "0")]
    receipt_delay: Law,
    /// Messages that may be open at once; 0 = no limit
    #[arg(long, default_value_t = 20_000)]
    open_max: u64,
    /// No gateway between client and carrier, to check the check: one carrier, no routes
    #[arg(long)]
    direct: bool,
    /// Write the result to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program that is measured
    #[arg(long, default_value = env!("CARGO_BIN_EXE_smppgate"))]
    program: PathBuf,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the carriers say of the messages that the client sent.
#[derive(Debug, Default, Serialize)]
struct FarEnd {
    /// Messages that they accepted.
    accepted: u64,
    /// Messages that a carrier accepted a second time, or both accepted.
    double: u64,
    /// Messages that the client was told were accepted and no carrier has.
    lost: u64,
    /// Messages that the client never sent.
    foreign: u64,
    /// Receipts that were not taken.
    receipts_left: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("million: runs only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("million: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<bool> {
    let behaviour = Behaviour {
        receipt_delay: args.receipt_delay,
        ..Behaviour::default()
    };
    // Both carriers count their ids from the same number: an id says nothing without its carrier.
    let carriers: Vec<Carrier> = (1..=if args.direct { 1 } else { 2 })
        .map(|seed| {
            Carrier::spawn(carrier::Settings {
                ledger: 2 * args.messages as usize,
                seed,
                behaviour: behaviour.clone(),
                ..carrier::Settings::default()
            })
        })
        .collect::<io::Result<_>>()?;
    let prefixes: Vec<String> = ["33", "44"].map(String::from).to_vec();
    let gateway = Gateway {
        journal: args.journal.clone(),
        data: None,
        ack: args.ack.clone(),
        window: args.window,
        carrier_binds: args.carrier_binds,
        carrier_window: args.carrier_window,
        routes: prefixes
            .iter()
            .cloned()
            .zip(carriers.iter().map(Carrier::address))
            .collect(),
    };
    let middle = match args.direct {
        true => None,
        false => Some(gateway.start(&args.program, &carriers)?),
    };
    let settings = Settings {
        connect: middle
            .as_ref()
            .map_or(carriers[0].address(), |middle| middle.address),
        login: Gateway::login(),
        binds: args.binds,
        window: args.window,
        amount: Amount::Count(args.messages),
        to: prefixes.into_iter().map(|prefix| (prefix, 1)).collect(),
        open_max: args.open_max,
        unique_ids: true,
        observe_every: Duration::from_millis(100),
        patience: Duration::from_secs(15),
        ..Settings::default()
    };
    let trial = Trial::run(&settings, middle.as_ref())?;
    drop(middle);
    let far = far_end(&carriers, trial.report.found.accepted, args.messages);
    println!("{}", trial.report);
    println!(
        "{:.2} µs of CPU per message; others took {:.0} %",
        trial.cpu_us_per_message,
        trial.others * 100.0
    );
    show_memory(&trial, args.messages);
    println!(
        "at the carriers: accepted {}  double {}  lost {}  foreign {}  receipts not taken {}",
        far.accepted, far.double, far.lost, far.foreign, far.receipts_left
    );
    let sound = far.double + far.lost + far.foreign + far.receipts_left == 0;
    let whole = trial.report.found.receipts == args.messages;
    let clean = trial.report.is_clean() && sound && whole;
    println!(
        "{}",
        if clean {
            "every message once"
        } else {
            "NOT every message once"
        }
    );
    if let Some(path) = &args.json {
        let json = serde_json::json!({ "trial": trial, "far_end": far, "clean": clean });
        std::fs::write(path, format!("{json:#}\n"))?;
    }
    Ok(clean)
}

/// A line for each tenth of the way, and what memory did once the gateway was warm.
fn show_memory(trial: &Trial, messages: u64) {
    let mib = |bytes: u64| bytes as f64 / (1 << 20) as f64;
    println!("resident memory of the gateway, by messages that were whole:");
    let mut next = 0;
    for &(whole, bytes) in &trial.rss {
        if whole >= next {
            println!("  {whole:>9}  {:>8.1} MiB", mib(bytes));
            next = whole + messages / 10;
        }
    }
    // By then every table has had its usual size: what grows later grows with the messages.
    let warm = trial
        .rss
        .iter()
        .filter(|(whole, _)| *whole >= messages * 3 / 10);
    let bytes: Vec<u64> = warm.map(|(_, bytes)| *bytes).collect();
    if let (Some(first), Some(most)) = (bytes.first(), bytes.iter().max()) {
        println!(
            "  grown by {:.1} MiB after three tenths of the way",
            mib(most - first)
        );
    }
}

fn far_end(carriers: &[Carrier], told: u64, messages: u64) -> FarEnd {
    let mut far = FarEnd::default();
    let mut seen = HashSet::new();
    for carrier in carriers {
        let counts = carrier.counts();
        far.accepted += counts.accepted;
        far.receipts_left += counts.receipts.saturating_sub(counts.receipts_taken);
        for message in carrier.ledger() {
            // The number of a message is the last nine digits of its destination.
            let digits = message.destination.len().saturating_sub(9);
            match message.destination[digits..].parse::<u64>() {
                Ok(number) if number < messages => far.double += u64::from(!seen.insert(number)),
                _ => far.foreign += 1,
            }
        }
    }
    far.lost = told.saturating_sub(seen.len() as u64);
    far
}
