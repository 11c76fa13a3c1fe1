//! What the gateway costs: the same client and the same simulated carrier, with nothing, with
//! HAProxy in TCP mode, and with smppgate between them, in turn; smppgate with its journal in memory
//! and on a disk, answering when a message is stored and when its carrier has it.
//!
//! `cargo bench --bench gateway` runs 4 binds with a window of 10; `-- --all` four more shapes,
//! `-- --help` shows the rest. Rates on a shared machine drift by the minute, so ratios are taken
//! within a round and the median of the rounds is shown. A disk whose sync takes less than 20 µs in the
//! median is none, and nothing is counted there.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use smppgate::journal::disk::real::file_system;
use smppgate::rig::carrier::{self, Carrier};
use smppgate::rig::load::{Amount, Body, Settings};
use smppgate::rig::middle::Middle;
use smppgate::rig::syncs::{LEAST_US, Syncs};
use smppgate::rig::trial::{Gateway, Trial, median};

/// The gateway's folder in the one that is given.
const DATA: &str = "data";

#[derive(Parser)]
struct Args {
    /// Rounds; each runs every peer once, the order rotates
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that each run measures, after one second of warm-up
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Shapes, binds x window; may be repeated [default: 4x10]
    #[arg(long, value_parser = shape)]
    shape: Vec<(usize, usize)>,
    /// The shapes 1x1, 1x10, 1x100, 4x10 and 4x100
    #[arg(long)]
    all: bool,
    /// Binds of the gateway to the carrier
    #[arg(long, default_value_t = 4)]
    carrier_binds: usize,
    /// Window of each of these binds; 0 = that of the client's
    #[arg(long, default_value_t = 10)]
    carrier_window: usize,
    /// When the gateway answers; may be repeated [default: both]
    #[arg(long, value_enum)]
    ack: Vec<Ack>,
    /// The gateway's journal; may be repeated [default: both]
    #[arg(long, value_enum)]
    journal: Vec<Journal>,
    /// Where the journal on a disk lies
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-gateway"))]
    folder: PathBuf,
    /// Messages that may be open at once; 0 = no limit, and with --ack stored the gateway's queues fill
    #[arg(long, default_value_t = 20_000)]
    open_max: u64,
    /// Messages per second, latency from the intended time of sending; 0 = as fast as answers come
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// Octets of a body
    #[arg(long, default_value_t = 160)]
    body: usize,
    /// Share of the machine, 0 to 1, that others may take: rounds in which a run saw more are shown
    /// and not counted
    #[arg(long, default_value_t = 1.0)]
    others_max: f64,
    /// Leave out nothing and HAProxy between client and carrier
    #[arg(long)]
    alone: bool,
    /// Write every run to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program that is measured; a second one is measured beside it, run by run
    #[arg(long, default_value = env!("CARGO_BIN_EXE_smppgate"), num_args = 1..=2)]
    program: Vec<PathBuf>,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Ack {
    Carrier,
    Stored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Journal {
    Memory,
    File,
}

/// What stands between client and carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "peer", rename_all = "lowercase")]
enum Peer {
    Direct,
    Haproxy,
    Smppgate {
        journal: Journal,
        ack: Ack,
        /// Which of the programs.
        program: usize,
    },
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Direct => "direct",
            Self::Haproxy => "haproxy",
            Self::Smppgate {
                journal,
                ack,
                program,
            } => {
                let journal = match journal {
                    Journal::Memory => "memory",
                    Journal::File => "file",
                };
                let ack = match ack {
                    Ack::Carrier => "carrier",
                    Ack::Stored => "stored",
                };
                let mark = if *program > 0 { "*" } else { "" };
                return f.pad(&format!("{journal}, ack {ack}{mark}"));
            }
        };
        f.pad(name)
    }
}

impl Peer {
    fn all(args: &Args) -> Vec<Self> {
        let or_both = |journals: &[Journal]| match journals {
            [] => vec![Journal::Memory, Journal::File],
            some => some.to_vec(),
        };
        let acks = match args.ack.as_slice() {
            [] => vec![Ack::Carrier, Ack::Stored],
            some => some.to_vec(),
        };
        let mut peers = match args.alone {
            true => Vec::new(),
            false => vec![Self::Direct, Self::Haproxy],
        };
        for journal in or_both(&args.journal) {
            for &ack in &acks {
                peers.extend((0..args.program.len()).map(|program| Self::Smppgate {
                    journal,
                    ack,
                    program,
                }));
            }
        }
        peers
    }

    fn is_on_disk(self) -> bool {
        matches!(
            self,
            Self::Smppgate {
                journal: Journal::File,
                ..
            }
        )
    }

    /// The same with its journal in memory.
    fn in_memory(self) -> Self {
        match self {
            Self::Smppgate { ack, program, .. } => Self::Smppgate {
                journal: Journal::Memory,
                ack,
                program,
            },
            other => other,
        }
    }

    /// The same of the first program.
    fn first(self) -> Self {
        match self {
            Self::Smppgate { journal, ack, .. } => Self::Smppgate {
                journal,
                ack,
                program: 0,
            },
            other => other,
        }
    }
}

#[derive(Serialize)]
struct Results {
    /// Where the journal on a disk lies, and how long that takes to sync 4 KiB.
    file_system: String,
    sync: Syncs,
    /// Why the journal on a disk was not measured.
    file_not_counted: Option<String>,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    round: usize,
    binds: usize,
    window: usize,
    #[serde(flatten)]
    peer: Peer,
    #[serde(flatten)]
    trial: Trial,
}

impl Run {
    fn same_round(&self, other: &Self) -> bool {
        (self.round, self.binds, self.window) == (other.round, other.binds, other.window)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("gateway: measures only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> io::Result<bool> {
    let shapes = match (args.all, args.shape.is_empty()) {
        (true, _) => vec![(1, 1), (1, 10), (1, 100), (4, 10), (4, 100)],
        (false, true) => vec![(4, 10)],
        (false, false) => args.shape.clone(),
    };
    let peers = Peer::all(args);
    fs::create_dir_all(&args.folder)?;
    let sync = Syncs::measure(&args.folder)?;
    let mut results = Results {
        file_system: file_system(&args.folder)?,
        sync,
        file_not_counted: None,
        runs: Vec::new(),
    };
    let disk = format!(
        "{}: a sync of 4 KiB takes {:.0} µs p50, {:.0} µs p99",
        results.file_system, sync.p50_us, sync.p99_us
    );
    println!("{disk}");
    // Why a peer is not measured.
    let mut absent: Vec<(Peer, String)> = Vec::new();
    if !sync.is_disk() {
        let why = format!("{disk}; what takes less than {LEAST_US:.0} µs is no disk");
        let on_disk = peers.iter().filter(|peer| peer.is_on_disk());
        absent.extend(on_disk.map(|peer| (*peer, why.clone())));
        results.file_not_counted = Some(why);
    }
    for round in 0..args.rounds {
        for &(binds, window) in &shapes {
            for step in 0..peers.len() {
                let peer = peers[(round + step) % peers.len()];
                if absent.iter().any(|(absent, _)| *absent == peer) {
                    continue;
                }
                match try_peer(args, peer, binds, window) {
                    Ok(trial) => {
                        eprintln!(
                            "round {}  {binds}x{window}  {peer}: {:.0} messages/s, {:.2} µs CPU",
                            round + 1,
                            trial.report.messages_per_second,
                            trial.cpu_us_per_message
                        );
                        results.runs.push(Run {
                            round,
                            binds,
                            window,
                            peer,
                            trial,
                        });
                    }
                    Err(error) => absent.push((peer, error.to_string())),
                }
            }
        }
    }
    // What is left there is of the last run; that it stays is no harm.
    let _ = fs::remove_dir_all(args.folder.join(DATA));
    show(args, &shapes, &peers, &results.runs);
    for (peer, why) in absent {
        println!("{peer} not counted: {why}");
    }
    let runs = &results.runs;
    let unclean = runs.iter().filter(|run| !run.trial.report.is_clean());
    for run in unclean.clone() {
        let (peer, round, report) = (run.peer, run.round + 1, &run.trial.report);
        println!("NOT CLEAN: {peer} in round {round}:\n{report}");
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&results).map_err(io::Error::other)?;
        fs::write(path, json + "\n")?;
    }
    Ok(unclean.count() == 0)
}

/// Runs one peer once, on a carrier and in a process of its own.
fn try_peer(args: &Args, peer: Peer, binds: usize, window: usize) -> io::Result<Trial> {
    let carriers = [Carrier::spawn(carrier::Settings::default())?];
    let upstream = carriers[0].address();
    let middle = match peer {
        Peer::Direct => None,
        Peer::Haproxy => {
            let mut haproxy = Middle::haproxy(upstream)?;
            haproxy.wait_for_bind(&Gateway::login(), Duration::from_secs(5))?;
            Some(haproxy)
        }
        Peer::Smppgate {
            journal,
            ack,
            program,
        } => {
            let gateway = gateway(args, (journal, ack), window, upstream);
            // Each begins with an empty one.
            if let Some(data) = gateway.data.as_ref().filter(|data| data.exists()) {
                fs::remove_dir_all(data)?;
            }
            Some(gateway.start(&args.program[program], &carriers)?)
        }
    };
    let settings = Settings {
        connect: middle.as_ref().map_or(upstream, |middle| middle.address),
        login: Gateway::login(),
        binds,
        window,
        amount: Amount::For(Duration::from_secs_f64(args.seconds + 1.0)),
        warmup: Duration::from_secs(1),
        bodies: vec![(Body::gsm(args.body), 1)],
        rate: args.rate,
        open_max: args.open_max,
        unique_ids: false,
        ..Settings::default()
    };
    Trial::run(&settings, middle.as_ref())
}

fn gateway(
    args: &Args,
    (journal, ack): (Journal, Ack),
    window: usize,
    upstream: SocketAddr,
) -> Gateway {
    let name = |choice: Option<clap::builder::PossibleValue>| {
        choice.map_or(String::new(), |choice| choice.get_name().to_owned())
    };
    Gateway {
        journal: name(journal.to_possible_value()),
        data: (journal == Journal::File).then(|| args.folder.join(DATA)),
        ack: name(ack.to_possible_value()),
        window: 100,
        carrier_binds: args.carrier_binds,
        carrier_window: match args.carrier_window {
            0 => window,
            given => given,
        },
        routes: vec![("33".into(), upstream)],
    }
}

/// The table; runs of which others took too much are not in it, nor what was to be compared to them.
fn show(args: &Args, shapes: &[(usize, usize)], peers: &[Peer], runs: &[Run]) {
    println!(
        "peer                 shape    msg/s median [min-max]      to direct  to HAProxy  to memory  \
         CPU µs/msg  to HAProxy  to memory  p50 µs  p99 µs  RSS MiB  others"
    );
    let is_quiet = |run: &Run| run.trial.others <= args.others_max;
    for &shape in shapes {
        let counted: Vec<&Run> = runs
            .iter()
            .filter(|run| (run.binds, run.window) == shape)
            .filter(|run| {
                runs.iter()
                    .filter(|near| near.same_round(run))
                    .all(is_quiet)
            })
            .collect();
        for &peer in peers {
            show_peer(&counted, peer);
        }
    }
}

/// One line for a peer at one shape.
fn show_peer(runs: &[&Run], peer: Peer) {
    let of = |peer| runs.iter().filter(move |run| run.peer == peer);
    let rates: Vec<f64> = of(peer)
        .map(|run| run.trial.report.messages_per_second)
        .collect();
    let Some(&Run { binds, window, .. }) = of(peer).next().copied() else {
        return;
    };
    let median_of =
        |figure: fn(&Trial) -> f64| median(of(peer).map(|run| figure(&run.trial)).collect());
    // Only runs of the same round are compared: the machine is the same one for minutes at best.
    let ratio = |other: Peer, figure: fn(&Trial) -> f64| {
        let pairs = of(peer).filter_map(|run| {
            let pair = of(other).find(|pair| pair.round == run.round)?;
            Some(figure(&run.trial) / figure(&pair.trial))
        });
        median(pairs.collect())
    };
    let rate = |trial: &Trial| trial.report.messages_per_second;
    let cpu = |trial: &Trial| trial.cpu_us_per_message;
    println!(
        "{peer:20} {:7} {:>8.0} [{:>8.0}-{:>8.0}] {:>12.3} {:>11.3} {:>10.3} {:>11.2} {:>11.2} \
         {:>10.2} {:>7.0} {:>7.0} {:>8.1} {:>6.0}%",
        format!("{binds}x{window}"),
        median(rates.clone()),
        rates.iter().copied().fold(f64::INFINITY, f64::min),
        rates.iter().copied().fold(0.0, f64::max),
        ratio(Peer::Direct, rate),
        ratio(Peer::Haproxy, rate),
        ratio(peer.in_memory(), rate),
        median_of(cpu),
        ratio(Peer::Haproxy, cpu),
        ratio(peer.in_memory(), cpu),
        median_of(|trial| trial.report.response.p50_us),
        median_of(|trial| trial.report.response.p99_us),
        median_of(|trial| trial.rss_max() as f64 / (1 << 20) as f64),
        median_of(|trial| trial.others * 100.0),
    );
    if peer != peer.first() {
        println!(
            "  to the first program: {:.3} of its messages/s, {:.3} of its CPU/message",
            ratio(peer.first(), rate),
            ratio(peer.first(), cpu)
        );
    }
}

fn shape(text: &str) -> Result<(usize, usize), String> {
    let wrong = || format!("{text}: not binds x window, such as 4x10");
    let (binds, window) = text.split_once('x').ok_or_else(wrong)?;
    let part = |text: &str| text.parse().ok().filter(|&part| part > 0).ok_or_else(wrong);
    Ok((part(binds)?, part(window)?))
}
