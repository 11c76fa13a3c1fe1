//! The command: what is to be sent, and what is printed about it.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::json;
use smppgate_codec::text::split::Way;

use crate::cli::peer::Peer;
use crate::cli::terminal;
use crate::rig::chance::span;
use crate::rig::esme::Login;

use super::sending::{Event, Failure, Sending, Sent};
use super::writing::{self, Coding, Party};

/// Send one message and wait for its receipt.
///
/// The exit code is 0 if it was delivered (with --no-receipt: accepted), 1 if not. A long text
/// goes in several segments, all of which must be delivered.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  smppgate send --connect 127.0.0.1:2775 --system-id acme --password \
    secret \\\n      --from Shop --to +33612345678 --text 'Your code is 481516'"
)]
pub struct Args {
    #[command(flatten)]
    peer: Peer,
    /// The phone that it goes to
    #[arg(long, value_name = "NUMBER", value_parser = writing::destination)]
    pub to: Party,
    /// Who it comes from: a number, a short code or a name
    #[arg(long, value_name = "NUMBER", value_parser = writing::source)]
    pub from: Party,
    /// TON of the source [default: by what it is]
    #[arg(long, value_name = "TON", value_parser = writing::octet)]
    pub from_ton: Option<u8>,
    /// NPI of the source [default: by what it is]
    #[arg(long, value_name = "NPI", value_parser = writing::octet)]
    pub from_npi: Option<u8>,
    /// TON of the destination
    #[arg(long, value_name = "TON", default_value = "1", value_parser = writing::octet)]
    pub to_ton: u8,
    /// NPI of the destination
    #[arg(long, value_name = "NPI", default_value = "1", value_parser = writing::octet)]
    pub to_npi: u8,
    /// How a text that is too long for one message goes: udh, sar, or payload (also a short one)
    #[arg(long, default_value = "udh", value_parser = writing::way)]
    pub long: Way,
    /// The text
    #[arg(long)]
    pub text: String,
    /// data_coding: auto (gsm if it has all characters, else ucs2), gsm, ucs2, latin1 or a number
    #[arg(long, default_value = "auto", value_parser = writing::coding)]
    pub data_coding: Coding,
    /// Ask for no receipt: done when the message is accepted
    #[arg(long)]
    pub no_receipt: bool,
    /// Time from the start to the last receipt
    #[arg(long, default_value = "30s", value_parser = timeout)]
    pub timeout: Duration,
    /// Write one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Sends, and tells what became of it.
pub fn run(args: &Args) -> ExitCode {
    let prepared = bodies(args).and_then(|bodies| Ok((bodies, args.peer.login()?)));
    let (bodies, login) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            let mut command = <Usage as CommandFactory>::command();
            let error = command.error(ErrorKind::ValueValidation, error);
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let (sent, done) = send(args, &login, &bodies);
    if args.json
        && let Err(error) = terminal::print(report(&sent, &done, bodies.len()))
    {
        terminal::warn(format_args!("smppgate send: standard output: {error}"));
        return ExitCode::FAILURE;
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::warn(format_args!(
                "smppgate send: {}: {failure}",
                args.peer.connect
            ));
            ExitCode::FAILURE
        }
    }
}

/// For errors of usage that only show when options meet.
#[derive(clap::Parser)]
#[command(name = "smppgate send")]
struct Usage {
    #[command(flatten)]
    _args: Args,
}

fn bodies(args: &Args) -> Result<Vec<BytesMut>, String> {
    let text = writing::encode(&args.text, args.data_coding)?;
    // Any number will do that is not the same for two messages in a row.
    let reference = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| (now.as_millis() / 10) as u16);
    let from = args.from.numbered(args.from_ton, args.from_npi);
    let to = args.to.numbered(Some(args.to_ton), Some(args.to_npi));
    writing::bodies(&from, &to, &text, !args.no_receipt, args.long, reference)
}

fn send(args: &Args, login: &Login, bodies: &[BytesMut]) -> (Vec<Sent>, Result<(), Failure>) {
    let addresses = match args.peer.addresses() {
        Ok(addresses) => addresses,
        Err(error) => return (Vec::new(), Err(Failure::Connect(error))),
    };
    let mut tell = |event: Event<'_>| {
        if !args.json {
            show(args, &event, bodies.len());
        }
    };
    match Sending::bind(&addresses, login, args.timeout, &mut tell) {
        Ok(mut sending) => {
            let done = sending.send(bodies, !args.no_receipt);
            let sent = sending.sent.clone();
            sending.unbind();
            (sent, done)
        }
        Err(failure) => (Vec::new(), Err(failure)),
    }
}

fn show(args: &Args, event: &Event<'_>, parts: usize) {
    let part = |at: usize| match parts {
        1 => String::new(),
        parts => format!("{}/{parts}  ", at + 1),
    };
    let line = match event {
        Event::Bound => format!("bound to {} as {}", args.peer.connect, args.peer.system_id),
        Event::Accepted(at, sent) => format!(
            "{}accepted after {}, id {}",
            part(*at),
            millis(sent.response),
            printable(&sent.id)
        ),
        Event::Reported(at, sent) => {
            let Some((state, after)) = sent.state else {
                return;
            };
            format!(
                "{}{} after {}, id {}, err {}",
                part(*at),
                state.stat(),
                millis(after),
                printable(&sent.id),
                printable(sent.err.as_deref().unwrap_or("-"))
            )
        }
    };
    // The message is on its way, and the exit code tells the same.
    let _ = terminal::print(line);
}

fn report(sent: &[Sent], done: &Result<(), Failure>, parts: usize) -> serde_json::Value {
    let ms = |span: Duration| (span.as_secs_f64() * 1e6).round() / 1e3;
    let segments: Vec<_> = sent
        .iter()
        .map(|sent| {
            json!({
                "id": sent.id,
                "response_ms": ms(sent.response),
                "state": sent.state.map(|(state, _)| state.stat()),
                "err": sent.err,
                "receipt_ms": sent.state.map(|(_, after)| ms(after)),
            })
        })
        .collect();
    json!({
        "ok": done.is_ok(),
        "error": done.as_ref().err().map(ToString::to_string),
        "segments": parts,
        "accepted": segments,
    })
}

/// What the peer wrote, without anything that could steer the terminal.
fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}

fn millis(span: Duration) -> String {
    match span.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("nothing is done in no time".into()),
        span if span > Duration::from_secs(7 * 86_400) => Err("longer than a week".into()),
        span => Ok(span),
    }
}
