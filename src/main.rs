//! The smppgate binary.

use clap::Parser;
use smppgate::cli;
use std::process::ExitCode;

/// Messages are many and small, and their lives short: an allocator made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An SMPP 3.4 gateway: ESMEs bind to it, it binds to carriers, and what it accepts is not lost.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Run the gateway
    Run(cli::run::Args),
    /// Check a configuration file
    Check(cli::check::Args),
    Explain(cli::explain::Args),
    Demo(cli::demo::Args),
    Decode(cli::decode::Args),
    Send(cli::send::Args),
    /// Send many messages and check that each comes back once
    Load(cli::load::Args),
    Probe(cli::probe::Args),
    /// Simulate carriers
    Sim(cli::sim::Args),
    HashPassword(cli::hash_password::Args),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Run(args) => cli::run::run(&args),
        Command::Check(args) => cli::check::run(&args),
        Command::Explain(args) => cli::explain::run(&args),
        Command::Demo(args) => cli::demo::run(&args),
        Command::Decode(args) => cli::decode::run(&args),
        Command::Send(args) => cli::send::run(&args),
        Command::Load(args) => cli::load::run(&args),
        Command::Probe(args) => cli::probe::run(&args),
        Command::Sim(args) => cli::sim::run(&args),
        Command::HashPassword(args) => cli::hash_password::run(&args),
    }
}
