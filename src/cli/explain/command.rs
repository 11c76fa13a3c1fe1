//! The command: builds the routing table of a configuration and asks it about one message.

use std::path::PathBuf;
use std::process::ExitCode;

use super::reason;
use super::shown::{Answer, Explained, Offered, Tried, Unanswered};
use super::terms::{Heard, heard};
use crate::cli::terminal;
use crate::config::Config;
use crate::esme::Account;
use crate::message::{AccountId, AckMode, CarrierId, UnknownOutcome};
use crate::route::{Action, Choice, Query, Table};

/// Explain where a message would go: what its account may send, each rule that is tried, and the
/// carriers in their order.
///
/// It reads the configuration alone. Whether a carrier is bound, or an account has used up its rate,
/// is not known to it. The exit code is 1 if the gateway would refuse the message.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  smppgate explain --config conf/smppgate.toml --account acme \
    --to +33612345678 --from MyBrand --text 'Hello'"
)]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The system_id of the account that submits
    #[arg(long, value_name = "SYSTEM_ID")]
    pub account: String,
    /// Destination of the message
    #[arg(long, value_name = "NUMBER", value_parser = address)]
    pub to: String,
    /// Source of the message
    #[arg(long, value_name = "NUMBER", default_value = "", value_parser = address)]
    pub from: String,
    /// Text of the message: tells its alphabet and segments
    #[arg(long)]
    pub text: Option<String>,
    /// Write one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Address of a running gateway: not built yet
    #[arg(long, value_name = "HOST:PORT")]
    pub admin: Option<String>,
}

/// Tells where the message would go. Fails if the configuration does not say.
pub fn run(args: &Args) -> ExitCode {
    if args.admin.is_some() {
        terminal::warn(
            "smppgate explain: --admin is not built yet: leave it out to ask the file alone",
        );
        return ExitCode::FAILURE;
    }
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(findings) => {
            for finding in findings {
                terminal::warn(finding);
            }
            return ExitCode::FAILURE;
        }
    };
    match explain(&config, args) {
        Ok(explained) => {
            let told = match args.json {
                true => terminal::print(explained.json()),
                false => terminal::print(explained.to_string().trim_end()),
            };
            if let Err(error) = told {
                terminal::warn(format_args!("smppgate explain: standard output: {error}"));
                return ExitCode::FAILURE;
            }
            match explained.status() {
                None => ExitCode::SUCCESS,
                Some(status) => {
                    terminal::warn(format_args!(
                        "smppgate explain: the gateway would refuse this message with {status}"
                    ));
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            terminal::warn(format_args!("smppgate explain: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn explain(config: &Config, args: &Args) -> Result<Explained, String> {
    let named = |name: &str| {
        let place = config.accounts.iter().position(|one| one.system_id == name);
        place.map(|place| AccountId(place as u32))
    };
    let account = named(&args.account)
        .ok_or_else(|| format!("{}: there is no such account", args.account))?;
    let carrier = |name: &str| {
        let place = config.carriers.iter().position(|one| one.name == name);
        CarrierId(place.unwrap_or(usize::from(u16::MAX)) as u16)
    };
    // What a route names exists: the configuration was checked.
    let rules = config.rules(|name| named(name).unwrap_or(AccountId(u32::MAX)), carrier);
    let table = Table::build(rules).map_err(|flaws| {
        let flaws: Vec<_> = flaws.iter().map(ToString::to_string).collect();
        flaws.join("; ")
    })?;
    let settings = &config.accounts[account.0 as usize];
    let Heard {
        source,
        text,
        refusal,
    } = heard(settings, &args.from, &args.to, args.text.as_deref())?;
    let explained = |tried, answer| Explained {
        account: args.account.clone(),
        from: args.from.clone(),
        source: source.clone(),
        to: args.to.clone(),
        tried,
        answer,
        text,
    };
    if let Some(refusal) = refusal {
        // The gateway asks no route for it.
        return Ok(explained(Vec::new(), Answer::Forbidden(refusal)));
    }
    let query = Query {
        account,
        source: source.as_bytes(),
        destination: args.to.as_bytes(),
    };
    let choice = table.choose_one(&query);
    let chosen = match choice {
        Choice::Via(rule) | Choice::Reject(rule, _) => Some(table.rule(rule)),
        Choice::NoRoute => None,
    };
    let account_name = |id: AccountId| {
        let account = config.accounts.get(id.0 as usize);
        account.map_or("?", |account| account.system_id.as_str())
    };
    let tried = table.explain(&query).into_iter().map(|tried| {
        let rule = table.rule(tried.rule);
        Tried {
            rule: rule.name.clone(),
            verdict: tried.verdict,
            asks: reason::conditions(rule, account_name),
            why: reason::why(rule, tried.verdict, chosen, &query, account_name),
        }
    });
    let offered = |candidate: &crate::route::Candidate| {
        let carrier = config.carriers.get(usize::from(candidate.carrier.0));
        Offered {
            carrier: carrier.map_or_else(String::new, |carrier| carrier.name.clone()),
            addresses: carrier.map_or_else(Vec::new, |carrier| carrier.addresses.clone()),
        }
    };
    let answer = match chosen {
        None => Answer::NoRoute,
        Some(rule) => match &rule.action {
            Action::Reject(status) => Answer::Refused(rule.name.clone(), *status),
            Action::Via(_) => Answer::Via(
                rule.name.clone(),
                table.candidates(choice).iter().map(offered).collect(),
                unanswered(settings, table.unknown_outcome(choice)),
            ),
        },
    };
    Ok(explained(tried.collect(), answer))
}

/// What becomes of a message that is sent and not answered. In carrier mode that is a matter of what
/// the ESME is told.
fn unanswered(account: &Account, by_route: Option<UnknownOutcome>) -> Option<Unanswered> {
    let by = match (by_route, account.unknown_outcome) {
        (Some(_), _) => "route",
        (None, Some(_)) => "account",
        (None, None) => "class",
    };
    let outcome = account.when_unknown(by_route);
    (account.ack == AckMode::Stored).then_some(Unanswered { outcome, by })
}

/// An address that submit_sm has room for.
fn address(text: &str) -> Result<String, String> {
    match text.len() {
        0..=20 if text.bytes().all(|octet| (b' '..=b'~').contains(&octet)) => Ok(text.to_owned()),
        0..=20 => Err("holds other characters than printable ASCII".into()),
        _ => Err("longer than 20 characters".into()),
    }
}
