//! The smppgate binary.

use std::process::ExitCode;

use clap::Parser;
use smppgate::cli;

/// An SMPP 3.4 gateway.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Send many messages and check that each comes back once
    Load(cli::load::Args),
    /// Simulate a carrier
    Sim(cli::sim::Args),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Load(args) => cli::load::run(&args),
        Command::Sim(args) => cli::sim::run(&args),
    }
}
