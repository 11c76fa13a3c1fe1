//! The command: what is to be sent, and what is printed about it.

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use clap::CommandFactory;
use clap::error::ErrorKind;
use serde_json::json;

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
    /// Address of the peer, host:port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    pub connect: String,
    /// system_id to bind with
    #[arg(long, value_parser = writing::credential)]
    pub system_id: String,
    /// Password to bind with
    #[arg(long, value_parser = writing::credential)]
    pub password: String,
    /// The phone that it goes to
    #[arg(long, value_name = "NUMBER", value_parser = writing::destination)]
    pub to: Party,
    /// Who it comes from: a number, a short code or a name
    #[arg(long, value_name = "NUMBER", value_parser = writing::source)]
    pub from: Party,
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
    let bodies = match bodies(args) {
        Ok(bodies) => bodies,
        Err(error) => {
            let mut command = <Usage as CommandFactory>::command();
            let error = command.error(ErrorKind::ValueValidation, error);
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let (sent, done) = send(args, &bodies);
    if args.json {
        println!("{}", report(&sent, &done, bodies.len()));
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("smppgate send: {}: {failure}", args.connect);
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
    writing::bodies(&args.from, &args.to, &text, !args.no_receipt, reference)
}

fn send(args: &Args, bodies: &[BytesMut]) -> (Vec<Sent>, Result<(), Failure>) {
    let addresses: Vec<SocketAddr> = match args.connect.to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => return (Vec::new(), Err(Failure::Connect(error))),
    };
    let login = Login {
        system_id: args.system_id.clone(),
        password: args.password.clone(),
        ..Login::default()
    };
    let mut tell = |event: Event<'_>| {
        if !args.json {
            show(args, &event, bodies.len());
        }
    };
    match Sending::bind(&addresses, &login, args.timeout, &mut tell) {
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
    match event {
        Event::Bound => println!("bound to {} as {}", args.connect, args.system_id),
        Event::Accepted(at, sent) => println!(
            "{}accepted after {}, id {}",
            part(*at),
            millis(sent.response),
            printable(&sent.id)
        ),
        Event::Reported(at, sent) => {
            if let Some((state, after)) = sent.state {
                println!(
                    "{}{} after {}, id {}, err {}",
                    part(*at),
                    state.stat(),
                    millis(after),
                    printable(&sent.id),
                    printable(sent.err.as_deref().unwrap_or("-"))
                );
            }
        }
    }
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
