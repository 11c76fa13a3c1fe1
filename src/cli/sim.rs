//! `smppgate sim`: a simulated carrier that accepts, reports and errs as it is told.

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use smppgate_codec::code::{MessageState, Status};

use crate::rig::carrier::{Behaviour, Carrier, Counts, IdForm, Settings};
use crate::rig::chance::{Law, span};

/// Simulates a carrier: accepts binds and messages, sends receipts, errs by seeded chance.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Durations are 5ms (always), 5ms..20ms (anything between) or 2s~0.4 \
    (log-normal: median and sigma).\n\nExample: a carrier that answers after 20 ms, refuses 1 % of \
    all messages as throttled,\nand reports after about two seconds, 3 % of them undelivered:\n  \
    smppgate sim --listen 127.0.0.1:2776 --latency 20ms --errors ESME_RTHROTTLED=0.01 \\\n      \
    --receipt-delay 2s~0.4 --receipts UNDELIVERABLE=0.03"
)]
pub struct Args {
    /// Address to listen on, host:port
    #[arg(long, default_value = "127.0.0.1:2776")]
    pub listen: String,
    /// system_id in bind responses
    #[arg(long, default_value = "sim")]
    pub system_id: String,
    /// Password that binds must bring; without it everybody may bind
    #[arg(long)]
    pub password: Option<String>,
    /// Time from a request to its response
    #[arg(long, default_value = "0")]
    pub latency: Law,
    /// Refusals by chance: STATUS=SHARE, comma-separated; a status by name or number
    #[arg(long, value_delimiter = ',', value_parser = error)]
    pub errors: Vec<(Status, f64)>,
    /// Refusals by destination: PREFIX=STATUS, comma-separated
    #[arg(long, value_delimiter = ',', value_parser = refusal)]
    pub refuse: Vec<(String, Status)>,
    /// Messages per second that it takes; above that they are throttled. 0 = no limit
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    pub rate: f64,
    /// Share of accepted messages that it never answers
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub unanswered: f64,
    /// Time from the response to a message to its receipt
    #[arg(long, default_value = "0")]
    pub receipt_delay: Law,
    /// What receipts report besides DELIVERED: STATE=SHARE, comma-separated; lost, double,
    /// foreign and early stand for receipts that never come, come twice, bear an id that was never
    /// given, or leave before the response
    #[arg(long, value_delimiter = ',', value_parser = fate)]
    pub receipts: Vec<(Fate, f64)>,
    /// Send receipts on another bind of the same system_id if there is one
    #[arg(long)]
    pub receipts_elsewhere: bool,
    /// Write ids in responses as hexadecimal
    #[arg(long)]
    pub hex_response: bool,
    /// Write ids in receipts as hexadecimal
    #[arg(long)]
    pub hex_receipt: bool,
    /// Its deliver_sm that may be unanswered per bind
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub deliver_window: u32,
    /// Close all connections again and again after this time; 0 = never
    #[arg(long, default_value = "0", value_parser = span)]
    pub drop_every: Duration,
    /// Where its chance begins: the same seed gives the same run
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// No line of counts per second on stderr
    #[arg(long)]
    pub quiet: bool,
}

/// What becomes of a receipt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It reports this state.
    State(MessageState),
    /// It is never sent.
    Lost,
    /// It is sent twice.
    Double,
    /// It bears an id that was never given.
    Foreign,
    /// It leaves before the response.
    Early,
}

/// Serves until it is interrupted; exit code 1 if it cannot listen.
pub fn run(args: &Args) -> ExitCode {
    match try_run(args) {
        Ok(counts) => {
            match serde_json::to_string(&counts) {
                Ok(json) => println!("{json}"),
                Err(error) => eprintln!("smppgate sim: {error}"),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("smppgate sim: {}: {error}", args.listen);
            ExitCode::FAILURE
        }
    }
}

fn try_run(args: &Args) -> std::io::Result<Counts> {
    let listen = args
        .listen
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| std::io::Error::other("has no address"))?;
    let carrier = Carrier::spawn(settings(args, listen))?;
    eprintln!(
        "simulated carrier on {}, seed {}",
        carrier.address(),
        args.seed
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(args, &carrier))?;
    carrier.stop()
}

/// Shows counts and drops connections until a signal comes.
async fn serve(args: &Args, carrier: &Carrier) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let drops = !args.drop_every.is_zero();
    let mut drop = tokio::time::interval(args.drop_every.max(Duration::from_millis(1)));
    drop.reset();
    let mut before = carrier.counts();
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => return interrupted,
            _ = terminate.recv() => return Ok(()),
            _ = drop.tick(), if drops => carrier.drop_connections(),
            _ = second.tick() => {
                let counts = carrier.counts();
                if !args.quiet && counts != before {
                    show(&counts, &before);
                }
                before = counts;
            }
        }
    }
}

fn show(counts: &Counts, before: &Counts) {
    eprintln!(
        "binds {:3}  messages {:>8}/s  accepted {}  refused {}  receipts {} (taken {})",
        counts.bound,
        counts.messages - before.messages,
        counts.accepted,
        counts.refused,
        counts.receipts,
        counts.receipts_taken,
    );
}

fn settings(args: &Args, listen: SocketAddr) -> Settings {
    let form = |hex| if hex { IdForm::Hex } else { IdForm::Decimal };
    let mut behaviour = Behaviour {
        latency: args.latency,
        receipt_delay: args.receipt_delay,
        errors: args.errors.clone(),
        refused: args.refuse.clone(),
        rate: args.rate,
        unanswered: args.unanswered,
        receipts_elsewhere: args.receipts_elsewhere,
        response_id: form(args.hex_response),
        receipt_id: form(args.hex_receipt),
        ..Behaviour::default()
    };
    for &(fate, share) in &args.receipts {
        match fate {
            Fate::State(state) => behaviour.states.push((state, share)),
            Fate::Lost => behaviour.receipts_lost = share,
            Fate::Double => behaviour.receipts_doubled = share,
            Fate::Foreign => behaviour.receipts_foreign = share,
            Fate::Early => behaviour.receipts_early = share,
        }
    }
    Settings {
        listen,
        system_id: args.system_id.clone(),
        password: args.password.clone(),
        deliver_window: args.deliver_window as usize,
        seed: args.seed,
        behaviour,
        ..Settings::default()
    }
}

fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .ok_or_else(|| format!("{text}: not of the form NAME=VALUE"))
}

fn status(text: &str) -> Result<Status, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    Status::from_name(text)
        .or(number.map(Status))
        .filter(|status| !status.is_ok())
        .ok_or_else(|| format!("{text}: not the name or number of an error status"))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text}: not a share between 0 and 1")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1e8).contains(&rate) => Ok(rate),
        _ => Err("not a number of messages per second".into()),
    }
}

fn error(text: &str) -> Result<(Status, f64), String> {
    let (name, part) = pair(text)?;
    Ok((status(name)?, share(part)?))
}

fn refusal(text: &str) -> Result<(String, Status), String> {
    let (prefix, name) = pair(text)?;
    Ok((prefix.to_owned(), status(name)?))
}

fn fate(text: &str) -> Result<(Fate, f64), String> {
    let (name, part) = pair(text)?;
    let fate = match name.to_ascii_lowercase().as_str() {
        "lost" => Fate::Lost,
        "double" => Fate::Double,
        "foreign" => Fate::Foreign,
        "early" => Fate::Early,
        _ => match MessageState::from_name(&name.to_ascii_uppercase()) {
            Some(state) => Fate::State(state),
            None => {
                return Err(format!(
                    "{name}: not a message state, nor lost, double, foreign or early"
                ));
            }
        },
    };
    Ok((fate, share(part)?))
}
