//! What the gateway costs: the same client and the same simulated carrier, with nothing, with
//! HAProxy in TCP mode, and with smppgate between them, in turn.
//!
//! `cargo bench --bench gateway` runs 4 binds with a window of 10; `-- --all` three more shapes,
//! `-- --help` shows the rest. Rates on a shared machine drift by the minute, so ratios are taken
//! within a round and the median of the rounds is shown.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;
use smppgate::rig::carrier::{self, Carrier};
use smppgate::rig::load::{Amount, Body, Settings};
use smppgate::rig::middle::Middle;
use smppgate::rig::trial::{Gateway, Trial, median};

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
    /// The shapes 1x1, 1x10, 1x100 and 4x10
    #[arg(long)]
    all: bool,
    /// Binds of the gateway to the carrier
    #[arg(long, default_value_t = 4)]
    carrier_binds: usize,
    /// Window of each of these binds
    #[arg(long, default_value_t = 10)]
    carrier_window: usize,
    /// When the gateway answers: carrier or stored
    #[arg(long, default_value = "carrier")]
    ack: String,
    /// The gateway's journal: memory or file
    #[arg(long, default_value = "memory")]
    journal: String,
    /// Messages that may be open at once; 0 = no limit. For --ack stored
    #[arg(long, default_value_t = 0)]
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
    /// Write every run to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program that is measured
    #[arg(long, default_value = env!("CARGO_BIN_EXE_smppgate"))]
    program: PathBuf,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Peer {
    Direct,
    Haproxy,
    Smppgate,
}

const PEERS: [Peer; 3] = [Peer::Direct, Peer::Haproxy, Peer::Smppgate];

#[derive(Serialize)]
struct Run {
    round: usize,
    binds: usize,
    window: usize,
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
        (true, _) => vec![(1, 1), (1, 10), (1, 100), (4, 10)],
        (false, true) => vec![(4, 10)],
        (false, false) => args.shape.clone(),
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut absent: Vec<Peer> = Vec::new();
    for round in 0..args.rounds {
        for &(binds, window) in &shapes {
            for step in 0..PEERS.len() {
                let peer = PEERS[(round + step) % PEERS.len()];
                if absent.contains(&peer) {
                    continue;
                }
                match try_peer(args, peer, binds, window) {
                    Ok(trial) => {
                        eprintln!(
                            "round {}  {binds}x{window}  {peer:?}: {:.0} messages/s, {:.2} µs CPU",
                            round + 1,
                            trial.report.messages_per_second,
                            trial.cpu_us_per_message
                        );
                        runs.push(Run {
                            round,
                            binds,
                            window,
                            peer,
                            trial,
                        });
                    }
                    Err(error) => {
                        eprintln!("{peer:?} is left out: {error}");
                        absent.push(peer);
                    }
                }
            }
        }
    }
    println!(
        "peer      shape    msg/s median [min-max]      to direct  to HAProxy  CPU µs/msg  CPU to \
         HAProxy  p50 µs  p99 µs  RSS MiB  others"
    );
    let is_quiet = |run: &Run| run.trial.others <= args.others_max;
    for &(binds, window) in &shapes {
        let counted: Vec<&Run> = runs
            .iter()
            .filter(|run| (run.binds, run.window) == (binds, window))
            .filter(|run| {
                runs.iter()
                    .filter(|near| near.same_round(run))
                    .all(is_quiet)
            })
            .collect();
        for peer in PEERS {
            show(&counted, peer);
        }
    }
    for peer in absent {
        println!("{peer:?} was left out, see above");
    }
    let unclean: Vec<_> = runs
        .iter()
        .filter(|run| !run.trial.report.is_clean())
        .collect();
    for run in &unclean {
        println!(
            "NOT CLEAN: {:?} in round {}:\n{}",
            run.peer,
            run.round + 1,
            run.trial.report
        );
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&runs).map_err(io::Error::other)?;
        std::fs::write(path, json + "\n")?;
    }
    Ok(unclean.is_empty())
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
        Peer::Smppgate => Some(gateway(args, upstream).start(&args.program, &carriers)?),
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

fn gateway(args: &Args, upstream: SocketAddr) -> Gateway {
    Gateway {
        journal: args.journal.clone(),
        ack: args.ack.clone(),
        window: 100,
        carrier_binds: args.carrier_binds,
        carrier_window: args.carrier_window,
        routes: vec![("33".into(), upstream)],
    }
}

/// One line for a peer at one shape.
fn show(runs: &[&Run], peer: Peer) {
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
        "{:9} {:7} {:>8.0} [{:>8.0}-{:>8.0}] {:>12.3} {:>11.3} {:>11.2} {:>15.2} {:>7.0} {:>7.0} \
         {:>8.1} {:>6.0}%",
        format!("{peer:?}").to_lowercase(),
        format!("{binds}x{window}"),
        median(rates.clone()),
        rates.iter().copied().fold(f64::INFINITY, f64::min),
        rates.iter().copied().fold(0.0, f64::max),
        ratio(Peer::Direct, rate),
        ratio(Peer::Haproxy, rate),
        median_of(cpu),
        ratio(Peer::Haproxy, cpu),
        median_of(|trial| trial.report.response.p50_us),
        median_of(|trial| trial.report.response.p99_us),
        median_of(|trial| trial.rss_max() as f64 / (1 << 20) as f64),
        median_of(|trial| trial.others * 100.0),
    );
}

fn shape(text: &str) -> Result<(usize, usize), String> {
    let wrong = || format!("{text}: not binds x window, such as 4x10");
    let (binds, window) = text.split_once('x').ok_or_else(wrong)?;
    let part = |text: &str| text.parse().ok().filter(|&part| part > 0).ok_or_else(wrong);
    Ok((part(binds)?, part(window)?))
}
