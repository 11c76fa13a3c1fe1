//! `smppgate load`: binds as an ESME, sends many messages, and checks that each comes back once.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::peer::Peer;
use super::terminal;
use crate::rig::chance::span;
use crate::rig::esme::Login;
use crate::rig::load::{self, Amount, Body, Phase, Progress, Settings, weighted};
use crate::rig::stats::Report;

/// Sends many messages to an SMPP peer and checks that each is answered and reported once.
///
/// Every message bears a number, in the last nine digits of its destination, in its body and in
/// its user_message_reference. The exit code is 1 if an answer or a receipt is lost, double,
/// foreign or mismatched, if more messages are refused than --refused-max allows, or if nothing was
/// sent or measured.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: 4 binds, 10 seconds, as fast as the answers come:\n  \
    smppgate load --connect 127.0.0.1:2775 --system-id acme --password secret --binds 4 \
    --duration 10s\n\nExample: 20,000 messages at 1,000 a second, latency from the intended time \
    of sending:\n  smppgate load --connect 127.0.0.1:2775 --system-id acme --password secret \
    --count 20000 --rate 1000\n\nExample: a rate that grows, and a mix of bodies and destinations, over \
    TLS:\n  smppgate load --connect gw.example:3550 --tls --ca ca.pem --system-id acme \\\n      \
    --password-file acme.password --rate 500 --ramp 30s --duration 5m \\\n      \
    --body 160:7 --body 70u:2 --body 400/udh --to 33:3 --to 44 --csv run"
)]
pub struct Args {
    #[command(flatten)]
    peer: Peer,
    /// Binds: transceivers, unless --pair makes each a transmitter and a receiver
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub binds: u16,
    /// Each bind is a transmitter and a receiver
    #[arg(long)]
    pub pair: bool,
    /// Unanswered messages per bind
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: u32,
    /// Number of messages [default: 1000, unless --duration is given]
    #[arg(long, conflicts_with = "duration",
          value_parser = clap::value_parser!(u64).range(1..=load::COUNT_MAX))]
    pub count: Option<u64>,
    /// Time to send, such as 10s
    #[arg(long, value_parser = some_time)]
    pub duration: Option<Duration>,
    /// Messages per second over all binds; 0 = as fast as answers come
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    pub rate: f64,
    /// Time in which the rate grows to what is set; without a rate, the time in which one bind after
    /// the other begins to send
    #[arg(long, default_value = "0", value_parser = span)]
    pub ramp: Duration,
    /// Body: characters, u for UCS-2, a way for long ones, a weight: 160, 70u, 400/udh, 400/sar:2,
    /// 200u/payload; several by repeating it or comma-separated. Without a way, up to 254 octets go
    /// in one short_message. Segments count as messages
    #[arg(long, default_value = "160", value_delimiter = ',', value_parser = weighted::<Body>)]
    pub body: Vec<(Body, u32)>,
    /// Prefix of the destinations, perhaps with a weight (44:3); several by repeating it or
    /// comma-separated; nine digits follow
    #[arg(long, default_value = "33", value_delimiter = ',', value_parser = prefix)]
    pub to: Vec<(String, u32)>,
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
    /// Share of the answered messages that may be refused, 0 to 1: 0.01 for one in a hundred
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub refused_max: f64,
    /// Messages that may lack their answer or receipt over all binds; 0 = no limit
    #[arg(long, default_value_t = 0)]
    pub open_max: u64,
    /// Open lost binds again; what was unanswered on them is not sent again
    #[arg(long)]
    pub reconnect: bool,
    /// Write the report as JSON to this file; - is stdout, in place of the text
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Write tables to NAME-seconds.csv (second by second) and NAME-latency.csv (every latency seen)
    #[arg(long, value_name = "NAME")]
    pub csv: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the load and prints its report; exit code 1 if something does not add up.
pub fn run(args: &Args) -> ExitCode {
    let login = match args.peer.login() {
        Ok(login) => login,
        Err(error) => {
            terminal::warn(format_args!("smppgate load: {error}"));
            return ExitCode::from(2);
        }
    };
    match try_run(args, login) {
        Ok(report) => match shortfall(args, &report) {
            None => ExitCode::SUCCESS,
            Some(words) => {
                terminal::warn(format_args!(
                    "smppgate load: {}: {words}",
                    args.peer.connect
                ));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            terminal::warn(format_args!(
                "smppgate load: {}: {error}",
                args.peer.connect
            ));
            // What cannot be sent at all is a matter of the command line.
            match error.kind() {
                std::io::ErrorKind::InvalidInput => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// In what the run was not what a script may expect of it.
fn shortfall(args: &Args, report: &Report) -> Option<String> {
    let found = &report.found;
    let answered = found.accepted + found.refused;
    if !report.is_clean() {
        let wrong = found.wrong();
        Some(format!("{wrong} of {} messages do not add up", found.sent))
    } else if found.sent == 0 {
        Some("no message was sent".into())
    } else if report.refused_share() > args.refused_max {
        let (refused, most) = (found.refused, args.refused_max);
        Some(format!(
            "{refused} of {answered} messages were refused, more than --refused-max {most} allows"
        ))
    } else if !args.warmup.is_zero() && report.response.count == 0 {
        Some("the warm-up was as long as the run: nothing was measured".into())
    } else {
        None
    }
}

fn try_run(args: &Args, login: Login) -> std::io::Result<Report> {
    let settings = settings(args, args.peer.addresses()?[0], login);
    let mut last = None;
    let report = load::run(&settings, &mut |progress| {
        if !args.quiet {
            show(progress, &mut last);
        }
    })?;
    if let Some(name) = &args.csv {
        let named = |ending: &str| {
            let mut path = name.clone().into_os_string();
            path.push(ending);
            path
        };
        std::fs::write(named("-seconds.csv"), report.series.seconds_csv())?;
        std::fs::write(named("-latency.csv"), report.series.latency_csv())?;
    }
    let json = || serde_json::to_string_pretty(&report).map_err(std::io::Error::other);
    match &args.json {
        Some(path) if path.as_os_str() == "-" => terminal::print(json()?)?,
        Some(path) => {
            std::fs::write(path, json()? + "\n")?;
            terminal::print(&report)?;
        }
        None => terminal::print(&report)?,
    }
    Ok(report)
}

fn settings(args: &Args, connect: SocketAddr, login: Login) -> Settings {
    let amount = match (args.count, args.duration) {
        (_, Some(span)) => Amount::For(span),
        (count, None) => Amount::Count(count.unwrap_or(1_000)),
    };
    Settings {
        connect,
        login,
        pair: args.pair,
        ramp: args.ramp,
        binds: usize::from(args.binds),
        window: args.window as usize,
        amount,
        rate: args.rate,
        bodies: args.body.clone(),
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

/// PREFIX or PREFIX:WEIGHT.
fn prefix(text: &str) -> Result<(String, u32), String> {
    let (digits, weight) = text.split_once(':').unwrap_or((text, "1"));
    match weight.parse() {
        Ok(weight @ 1..=1_000) => Ok((digits.to_owned(), weight)),
        _ => Err("the weight is 1 to 1000".into()),
    }
}

fn some_time(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("nothing is sent in no time".into()),
        span => Ok(span),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("not a share between 0 and 1".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1e8).contains(&rate) => Ok(rate),
        _ => Err("not a number of messages per second".into()),
    }
}
