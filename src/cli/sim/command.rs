//! The command: starts carriers, shows what they do, and ends them.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use smppgate_codec::code::{MessageState, Status};

use super::choice::{error, listen, pair, rate, refusal, share, together_at_most_one};
use super::file::{REMEMBER, Simulated, read};
use crate::cli::terminal;
use crate::rig::carrier::{Action, Behaviour, Carrier, Counts, IdForm, Planned, Settings};
use crate::rig::chance::{Law, span};
use crate::rig::tls::ServerTls;

/// Simulates a carrier: accepts binds and messages, sends receipts, errs by seeded chance.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Durations are 5ms (always), 5ms..20ms (anything between) or 2s~0.4 \
    (log-normal: median and sigma).\n\nExample: a carrier that answers after 20 ms, refuses 1 % of \
    all messages as throttled,\nand reports after about two seconds, 3 % of them undelivered:\n  \
    smppgate sim --listen 127.0.0.1:2776 --latency 20ms --errors ESME_RTHROTTLED=0.01 \\\n      \
    --receipt-delay 2s~0.4 --receipts UNDELIVERABLE=0.03\n\nExample: one that speaks TLS:\n  \
    smppgate sim --listen 127.0.0.1:3551 --certificate sim.pem --key sim.key\n\nExample: the carriers of a file, \
    which can do more:\n  smppgate sim --config conf/sim/carriers.toml"
)]
pub struct Args {
    /// Simulate the carriers of this file; conf/sim/carriers.toml explains what it may hold
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "listen", "system_id", "password", "latency", "errors", "refuse", "rate", "unanswered",
        "receipt_delay", "receipts", "receipts_elsewhere", "hex_response", "hex_receipt",
        "deliver_window", "drop_every", "seed", "certificate", "key", "client_ca",
    ])]
    pub config: Option<PathBuf>,
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
    /// Listen over TLS, with the certificate of this file (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// File of the key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Take only those with a certificate of the authorities of this file (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub client_ca: Option<PathBuf>,
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
    let errors = args.errors.iter().map(|(_, share)| share).sum();
    let states = args.receipts.iter();
    let states = states.filter(|(fate, _)| matches!(fate, Fate::State(_)));
    let states = states.map(|(_, share)| share).sum();
    for (option, sum) in [("--errors", errors), ("--receipts", states)] {
        if let Err(words) = together_at_most_one(sum) {
            terminal::warn(format_args!("smppgate sim: {option}: {words}"));
            return ExitCode::from(2);
        }
    }
    match try_run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::warn(format_args!("smppgate sim: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn try_run(args: &Args) -> Result<(), String> {
    let simulated = match &args.config {
        Some(path) => read(path)?,
        None => {
            let address =
                listen(&args.listen).map_err(|error| format!("{}: {error}", args.listen))?;
            vec![Simulated {
                name: String::new(),
                settings: settings(args, address).map_err(|error| error.to_string())?,
            }]
        }
    };
    let mut carriers = Vec::new();
    for Simulated { name, settings } in simulated {
        let (address, seed) = (settings.listen, settings.seed);
        let carrier = Carrier::spawn(settings).map_err(|error| format!("{address}: {error}"))?;
        let shown = match name.as_str() {
            "" => String::new(),
            name => format!(" {name}"),
        };
        terminal::warn(format_args!(
            "simulated carrier{shown} on {}, seed {seed}",
            carrier.address()
        ));
        carriers.push((name, carrier));
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(serve(args, &carriers)))
        .map_err(|error| error.to_string())?;
    for (name, carrier) in carriers {
        let counts = carrier.stop().map_err(|error| format!("{name}: {error}"))?;
        let mut json = serde_json::to_value(&counts).map_err(|error| error.to_string())?;
        if let Some(counts) = json.as_object_mut()
            && !name.is_empty()
        {
            counts.insert("carrier".into(), name.into());
        }
        terminal::print(json).map_err(|error| format!("standard output: {error}"))?;
    }
    Ok(())
}

/// Shows counts until a signal comes.
async fn serve(args: &Args, carriers: &[(String, Carrier)]) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut before: Vec<Counts> = carriers.iter().map(|(_, one)| one.counts()).collect();
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => return interrupted,
            _ = terminate.recv() => return Ok(()),
            _ = second.tick() => {
                for ((name, carrier), before) in carriers.iter().zip(&mut before) {
                    let counts = carrier.counts();
                    if !args.quiet && counts != *before {
                        show(name, &counts, before);
                    }
                    *before = counts;
                }
            }
        }
    }
}

fn show(name: &str, counts: &Counts, before: &Counts) {
    let name = match name {
        "" => String::new(),
        name => format!("{name:12} "),
    };
    terminal::warn(format_args!(
        "{name}binds {:3}  messages {:>8}/s  accepted {}  refused {}  receipts {} (taken {})",
        counts.bound,
        counts.messages - before.messages,
        counts.accepted,
        counts.refused,
        counts.receipts,
        counts.receipts_taken,
    ));
}

fn settings(args: &Args, listen: SocketAddr) -> io::Result<Settings> {
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
    let files = args.certificate.as_ref().zip(args.key.as_ref());
    let tls =
        files.map(|(certificate, key)| ServerTls::new(certificate, key, args.client_ca.as_deref()));
    Ok(Settings {
        listen,
        system_id: args.system_id.clone(),
        password: args.password.clone(),
        deliver_window: args.deliver_window as usize,
        remember: REMEMBER,
        timeline: drops(args.drop_every),
        tls: tls.transpose()?,
        seed: args.seed,
        behaviour,
        ..Settings::default()
    })
}

/// Connections that are closed again and again.
fn drops(every: Duration) -> Vec<Planned> {
    let drop = Planned {
        at: every,
        every,
        action: Action::Drop,
    };
    if every.is_zero() {
        Vec::new()
    } else {
        vec![drop]
    }
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
