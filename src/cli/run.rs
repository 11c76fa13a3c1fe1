//! `smppgate run`: the gateway itself.

use super::terminal;
use crate::config::{Config, JournalKind};
use crate::gateway::Gateway;
use crate::journal::memory::Trouble;
use clap::{Args as Arguments, ValueEnum};
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Run the gateway. SIGHUP reads the configuration again, SIGTERM ends it in order.
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  smppgate run --config conf/smppgate.toml")]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// How log lines are written; what is logged follows RUST_LOG (default: info)
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Runs until a signal ends it.
pub fn run(args: &Args) -> ExitCode {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(findings) => {
            findings.iter().for_each(terminal::warn);
            return ExitCode::FAILURE;
        }
    };
    log_to_stderr(args.log);
    take_small_pages();
    raise_descriptor_limit();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let workers = config.gateway.workers.unwrap_or_else(workers_by_cores);
    runtime.worker_threads(workers.get());
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::warn(format_args!("failed to start the runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(serve(args, &config));
    runtime.shutdown_background();
    code
}

/// Where millions of messages lie, holes between their tables would be filled by huge pages: a tenth
/// more memory, for no time that can be measured.
fn take_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory comes in huge pages");
    }
}

/// One core is left to the kernel's side of the sockets, to the journal and to whoever else is
/// there: fewer threads find more PDUs at each wake-up, and wake each other less.
fn workers_by_cores() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN)
}

async fn serve(args: &Args, config: &Config) -> ExitCode {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if config.gateway.journal == JournalKind::Memory {
        tracing::warn!(
            "journal = \"memory\": messages that are under way are lost when this process ends"
        );
    }
    let (Ok(mut hangup), Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::hangup()),
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        terminal::warn("failed to listen for signals");
        return ExitCode::FAILURE;
    };
    let mut gateway = match Gateway::start(config, Arc::new(Trouble::default())).await {
        Ok(gateway) => gateway,
        Err(error) => {
            terminal::warn(error);
            return ExitCode::FAILURE;
        }
    };
    loop {
        tokio::select! {
            _ = hangup.recv() => reload(args, &mut gateway).await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("ending: a second signal ends at once");
    tokio::select! {
        () = gateway.drain() => tracing::info!("ended"),
        _ = terminate.recv() => tracing::warn!("ended at once"),
        _ = interrupt.recv() => tracing::warn!("ended at once"),
    }
    ExitCode::SUCCESS
}

/// All of the new file, or nothing of it.
async fn reload(args: &Args, gateway: &mut Gateway) {
    match Config::load(&args.config) {
        Ok(config) => {
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            match gateway.reload(&config).await {
                Ok(()) => tracing::info!("the new configuration is in force"),
                Err(error) => tracing::error!(%error, "the running configuration stays"),
            }
        }
        Err(findings) => {
            for finding in &findings {
                tracing::error!("{finding}");
            }
            tracing::error!("the running configuration stays");
        }
    }
}

/// Logs to standard error, at the level that RUST_LOG asks for.
pub fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Every connection is a descriptor: we take as many as the system lets us have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the descriptor limit could not be raised");
    }
}
