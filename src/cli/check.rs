//! `smppgate check`: is this file right, and if not, what would be.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as Arguments;

use crate::config::{Config, Finding};

/// Check a configuration file: every finding with its place, its key and what would be right.
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  smppgate check --config conf/smppgate.toml")]
pub struct Args {
    /// The file to check
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Tells of every finding. Fails if the gateway would not run with this file.
pub fn run(args: &Args) -> ExitCode {
    let (told, findings, code) = match Config::load(&args.config) {
        Ok(config) => (summary(&config), config.warnings, ExitCode::SUCCESS),
        Err(findings) => (String::new(), findings, ExitCode::FAILURE),
    };
    // Whether anybody reads what is printed changes nothing about the file.
    let _ = tell(&told, &findings);
    code
}

fn tell(told: &str, findings: &[Finding]) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    for finding in findings {
        writeln!(errors, "{finding}")?;
    }
    match told {
        "" => Ok(()),
        told => writeln!(io::stdout(), "{told}"),
    }
}

fn summary(config: &Config) -> String {
    let counts = [
        counted(config.listeners.len(), "listener", "listeners"),
        counted(config.accounts.len(), "account", "accounts"),
        counted(config.carriers.len(), "carrier", "carriers"),
        counted(config.routes.len(), "route", "routes"),
        counted(config.inbound.len(), "inbound rule", "inbound rules"),
    ];
    let warnings = match config.warnings.len() {
        0 => String::new(),
        count => format!(" ({})", counted(count, "warning", "warnings")),
    };
    format!("ok: {}{warnings}", counts.join(", "))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
