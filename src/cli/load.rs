//! `smppgate load`: binds as an ESME, sends many messages, and checks that each comes back once.

use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::rig::chance::span;
use crate::rig::esme::Login;
use crate::rig::load::{self, Amount, Phase, Progress, Settings};

/// Sends many messages to an SMPP peer and checks that each is answered and reported once.
///
/// Every message bears a number, in the last nine digits of its destination, in its body and in
/// its user_message_reference. The exit code is 1 if an answer or a receipt is lost, double,
/// foreign or mismatched.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: 4 binds, 10 seconds, as fast as the answers come:\n  \
    smppgate load --connect 127.0.0.1:2775 --system-id acme --password secret --binds 4 \
    --duration 10s\n\nExample: 20,000 messages at 1,000 a second, latency from the intended time \
    of sending:\n  smppgate load --connect 127.0.0.1:2775 --system-id acme --password secret \
    --count 20000 --rate 1000"
)]
pub struct Args {
    /// Address of the peer, host:port
    #[arg(long, default_value = "127.0.0.1:2775")]
    pub connect: String,
    /// system_id to bind with
    #[arg(long, default_value = "esme")]
    pub system_id: String,
    /// Password to bind with
    #[arg(long, default_value = "secret")]
    pub password: String,
    /// Binds (transceivers)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub binds: u16,
    /// Unanswered messages per bind
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: u32,
    /// Number of messages [default: 1000, unless --duration is given]
    #[arg(long, conflicts_with = "duration",
          value_parser = clap::value_parser!(u64).range(1..=load::COUNT_MAX))]
    pub count: Option<u64>,
    /// Time to send, such as 10s
    #[arg(long, value_parser = span)]
    pub duration: Option<Duration>,
    /// Messages per second over all binds; 0 = as fast as answers come
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    pub rate: f64,
    /// Octets of the body
    #[arg(long, default_value_t = 160, value_parser = clap::value_parser!(u16).range(0..=254))]
    pub body: u16,
    /// Prefix of the destinations, or several, comma-separated and taken in turn; nine digits follow
    #[arg(long, default_value = "33", value_delimiter = ',')]
    pub to: Vec<String>,
    /// Source address
    #[arg(long, default_value = "smppgate")]
    pub from: String,
    /// Time without any answer or receipt after which the rest counts as lost; 0 asks for no
    /// receipts at all
    #[arg(long, default_value = "10s", value_parser = span)]
    pub wait_receipts: Duration,
    /// Time from the start that is not measured
    #[arg(long, default_value = "0", value_parser = span)]
    pub warmup: Duration,
    /// Messages that may lack their answer or receipt over all binds; 0 = no limit
    #[arg(long, default_value_t = 0)]
    pub open_max: u64,
    /// Open lost binds again; what was unanswered on them is not sent again
    #[arg(long)]
    pub reconnect: bool,
    /// Write the report as JSON to this file; - is stdout, in place of the text
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the load and prints its report; exit code 1 if something does not add up.
pub fn run(args: &Args) -> ExitCode {
    match try_run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("smppgate load: {}: {error}", args.connect);
            // What cannot be sent at all is a matter of the command line.
            match error.kind() {
                std::io::ErrorKind::InvalidInput => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn try_run(args: &Args) -> std::io::Result<bool> {
    let settings = settings(args, resolve(&args.connect)?);
    let mut last = None;
    let report = load::run(&settings, &mut |progress| {
        if !args.quiet {
            show(progress, &mut last);
        }
    })?;
    let json = || serde_json::to_string_pretty(&report).map_err(std::io::Error::other);
    match &args.json {
        Some(path) if path.as_os_str() == "-" => println!("{}", json()?),
        Some(path) => {
            std::fs::write(path, json()? + "\n")?;
            println!("{report}");
        }
        None => println!("{report}"),
    }
    Ok(report.is_clean())
}

fn settings(args: &Args, connect: SocketAddr) -> Settings {
    let amount = match (args.count, args.duration) {
        (_, Some(span)) => Amount::For(span),
        (count, None) => Amount::Count(count.unwrap_or(1_000)),
    };
    Settings {
        connect,
        login: Login {
            system_id: args.system_id.clone(),
            password: args.password.clone(),
            ..Login::default()
        },
        binds: usize::from(args.binds),
        window: args.window as usize,
        amount,
        rate: args.rate,
        body: usize::from(args.body),
        to: args.to.clone(),
        from: args.from.clone(),
        receipts: !args.wait_receipts.is_zero(),
        patience: match args.wait_receipts {
            Duration::ZERO => Duration::from_secs(10),
            patience => patience,
        },
        warmup: args.warmup,
        open_max: args.open_max,
        // Ids are remembered where their number is known to be bearable.
        unique_ids: matches!(amount, Amount::Count(..=20_000_000)),
        reconnect: args.reconnect,
        ..Settings::default()
    }
}

/// One line a second; on a terminal it overwrites the last one.
fn show(progress: &Progress, last: &mut Option<Progress>) {
    let before = last.unwrap_or(Progress {
        sent: 0,
        answered: 0,
        receipts: 0,
        ..*progress
    });
    let span = (progress.elapsed.saturating_sub(before.elapsed)).as_secs_f64();
    let rate = |now: u64, then: u64| {
        if span > 0.0 {
            (now - then) as f64 / span
        } else {
            0.0
        }
    };
    let mut stderr = std::io::stderr().lock();
    let (start, end) = if stderr.is_terminal() {
        ("\r\x1b[K", "")
    } else {
        ("", "\n")
    };
    let phase = match progress.phase {
        Phase::Warmup => "warm-up",
        Phase::Measure => "sending",
        Phase::Drain => "waiting",
        Phase::Done => "done",
    };
    // A progress line that cannot be written is no reason to end the run.
    let _ = write!(
        stderr,
        "{start}{:6.1} s  {phase:8} sent {:>10}  answered {:>9.0}/s  receipts {:>9.0}/s  open {}{end}",
        progress.elapsed.as_secs_f64(),
        progress.sent,
        rate(progress.answered, before.answered),
        rate(progress.receipts, before.receipts),
        progress.open,
    );
    if progress.phase == Phase::Done {
        let _ = writeln!(stderr);
    }
    *last = Some(*progress);
}

fn resolve(address: &str) -> std::io::Result<SocketAddr> {
    address
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| std::io::Error::other("has no address"))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1e8).contains(&rate) => Ok(rate),
        _ => Err("not a number of messages per second".into()),
    }
}
