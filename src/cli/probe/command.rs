//! The command: what is asked, and what is printed about it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::asking::{Order, ask};
use super::finding::Findings;
use crate::carrier::Binding;
use crate::cli::terminal;
use crate::config::Config;
use crate::rig::chance::span;

/// Find out the habits of a configured carrier by sending it a handful of messages.
///
/// They are real messages to a real phone, and cost what messages cost. What is printed on stdout
/// are the keys to set, as TOML with comments.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  smppgate probe --config gateway.toml --carrier north \
    --to +33612345678 --from Shop"
)]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Name of the carrier in it
    #[arg(long, value_name = "NAME")]
    pub carrier: String,
    /// The phone that the messages go to
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub to: String,
    /// Who they come from: a number or a name
    #[arg(long, value_name = "NUMBER", default_value = "smppgate", value_parser = source)]
    pub from: String,
    /// Messages in all; two of them are the parts of a long one
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(4..=200))]
    pub count: u16,
    /// How long receipts are awaited
    #[arg(long, default_value = "60s", value_parser = span)]
    pub wait: Duration,
}

/// Asks and tells. Fails if the carrier took no message.
pub fn run(args: &Args) -> ExitCode {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(findings) => {
            for finding in findings {
                terminal::warn(finding);
            }
            return ExitCode::FAILURE;
        }
    };
    let named = config.carriers.iter().find(|one| one.name == args.carrier);
    let Some(carrier) = named else {
        terminal::warn(format_args!(
            "smppgate probe: {}: there is no such carrier",
            args.carrier
        ));
        return ExitCode::FAILURE;
    };
    // Receipts of a transmitter come to the receiver of its group.
    let receiver = config.carriers.iter().find(|one| {
        carrier.bind == Binding::Transmitter
            && one.group == carrier.group
            && one.bind == Binding::Receiver
    });
    let order = Order {
        carrier,
        receiver,
        to: &args.to,
        from: &args.from,
        count: usize::from(args.count),
        wait: args.wait,
    };
    let seen = match ask(&order, &mut |words| {
        terminal::warn(format_args!("{}: {words}", args.carrier))
    }) {
        Ok(seen) => seen,
        Err(error) => {
            terminal::warn(format_args!("smppgate probe: {}: {error}", args.carrier));
            return ExitCode::FAILURE;
        }
    };
    let findings = Findings::of(&seen);
    let words = findings.words.iter().map(|words| format!("# {words}"));
    let table = [format!("[[carrier]]\nname = {:?}", carrier.name)];
    let keys = findings.keys.iter();
    let keys = keys.map(|(key, value)| format!("{key} = {value}"));
    for line in words.chain(table).chain(keys) {
        if let Err(error) = terminal::print(line) {
            terminal::warn(format_args!("smppgate probe: standard output: {error}"));
            return ExitCode::FAILURE;
        }
    }
    if seen
        .sent
        .iter()
        .any(|sent| sent.status.is_some_and(|status| status.is_ok()))
    {
        ExitCode::SUCCESS
    } else {
        terminal::warn(format_args!(
            "smppgate probe: {}: no message was accepted",
            args.carrier
        ));
        ExitCode::FAILURE
    }
}

fn number(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number =
        (1..=20).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
    match is_number {
        true => Ok(digits.to_owned()),
        false => Err("not a phone number like +33612345678".into()),
    }
}

fn source(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let is_source = text.len() <= 20 && text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    match is_source {
        true => Ok(text.to_owned()),
        false => Err("longer than 20 characters, or not printable ASCII".into()),
    }
}
