//! The command: starts all parts, shows what happens, ends them in order.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{interval_at, sleep};
use tracing_subscriber::EnvFilter;

use crate::cli::terminal;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::journal::memory::Trouble;
use crate::rig::carrier::{Carrier, Inbound};
use crate::rig::chance::Dice;

use super::customer::{Customer, Event, Shared};
use super::view::{self, Tally};
use super::{scene, texts};

/// How long the gateway has to bind to both carriers.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// Time between two messages from phones.
const PHONE_EVERY: Duration = Duration::from_secs(7);

/// Time before the first one.
const PHONE_FIRST: Duration = Duration::from_secs(3);

/// Time between two lines with sums.
const SUMS_EVERY: Duration = Duration::from_secs(10);

/// Signals that come closer together than this are one: some tools send it to us and to our group.
const SIGNAL_ECHO: Duration = Duration::from_millis(300);

/// Events that may wait to be shown: more than customers have under way.
const EVENTS_MAX: usize = 4_096;

/// Show a gateway at work, with simulated carriers and customers.
///
/// Messages, receipts and answers from phones go through a gateway between two simulated carriers
/// and two customers, all in this process and on free ports of this machine.
///
/// The exit code is 1 if a message lacks its answer or its receipt.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: until Ctrl-C\n  smppgate demo\n\nExample: twenty messages, then \
    end\n  smppgate demo --count 20"
)]
pub struct Args {
    /// End after this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Messages per second
    #[arg(long, default_value_t = 2.0, value_parser = rate)]
    pub rate: f64,
    /// No line for each message
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the demo; exit code 1 if something cannot be started or a message does not come to its end.
pub fn run(args: &Args) -> ExitCode {
    // What the gateway has to say besides would hide what is to be seen.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(io::stderr);
    let _ = log.with_env_filter(filter).try_init();
    match try_run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal::warn(format_args!("smppgate demo: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn try_run(args: &Args) -> Result<bool, String> {
    let told = |error: io::Error| format!("failed to start a simulated carrier: {error}");
    let carriers = scene::carriers().map_err(told)?;
    let config = scene::config(carriers[0].1.address(), carriers[1].1.address())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("failed to start the runtime: {error}"))?;
    let result = runtime.block_on(stage(args, &config, &carriers));
    // A second Ctrl-C does not wait for what is under way.
    runtime.shutdown_background();
    for (name, carrier) in carriers {
        carrier
            .stop()
            .map_err(|error| format!("the simulated carrier {name} failed: {error}"))?;
    }
    result
}

async fn stage(
    args: &Args,
    config: &Config,
    carriers: &[(&'static str, Carrier); 2],
) -> Result<bool, String> {
    let gateway = Gateway::start(config, Arc::new(Trouble::default()))
        .await
        .map_err(|error| error.to_string())?;
    let Some(&address) = gateway.addresses().first() else {
        return Err("the gateway has no listener".into());
    };
    wait_for_binds(&gateway).await?;
    let mut screen = Screen {
        start: Instant::now(),
        quiet: args.quiet,
        tally: Tally::default(),
        open: true,
    };
    screen.line(&introduction(
        address,
        gateway.admin_address(),
        carriers,
        args,
    ));
    let shared = Arc::new(Shared {
        left: AtomicU64::new(args.count.unwrap_or(u64::MAX)),
        sent: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        board: gateway.board().clone(),
    });
    let mut signals = Signals::listen()?;
    let events = customers(args, address, &shared)?;
    let in_order = watch(&mut screen, carriers, &shared, &mut signals, events).await;
    if !in_order {
        return Err("ended at once, with messages under way".into());
    }
    screen.tally.sent = shared.sent.load(Ordering::Relaxed);
    tokio::select! {
        () = gateway.drain() => {}
        () = signals.next() => return Err("ended at once".into()),
    }
    screen.line(&format!("\nended in order: {}", screen.tally.line()));
    let tally = screen.tally;
    if tally.lacking > 0 || tally.ended < tally.sent {
        return Err("not every message has its answer and its receipt".into());
    }
    Ok(true)
}

async fn wait_for_binds(gateway: &Gateway) -> Result<(), String> {
    let ended = Instant::now() + START_TIMEOUT;
    loop {
        let carriers = gateway.board().carriers.current();
        if carriers.iter().all(|(id, _)| carriers.is_bound(id)) {
            return Ok(());
        }
        if Instant::now() >= ended {
            return Err("the gateway did not bind to its carriers in time".into());
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Starts a thread for each customer; they send in turns.
fn customers(
    args: &Args,
    address: SocketAddr,
    shared: &Arc<Shared>,
) -> Result<Receiver<Event>, String> {
    let (events, receiver) = channel(EVENTS_MAX);
    let pause = Duration::from_secs_f64(scene::CUSTOMERS.len() as f64 / args.rate);
    let step = pause / scene::CUSTOMERS.len() as u32;
    for (turn, (system_id, name)) in scene::CUSTOMERS.into_iter().enumerate() {
        let customer = Customer {
            name,
            system_id,
            pause,
            delay: step * turn as u32,
            seed: 1 + turn as u64,
            shared: shared.clone(),
            events: events.clone(),
        };
        std::thread::Builder::new()
            .name(system_id.into())
            .spawn(move || customer.run(address))
            .map_err(|error| format!("failed to start a thread: {error}"))?;
    }
    Ok(receiver)
}

/// Shows what happens until all customers have gone; `false` if nobody wants to wait for them.
async fn watch(
    screen: &mut Screen,
    carriers: &[(&'static str, Carrier); 2],
    shared: &Shared,
    signals: &mut Signals,
    mut events: Receiver<Event>,
) -> bool {
    let now = tokio::time::Instant::now();
    let mut phones = interval_at(now + PHONE_FIRST, PHONE_EVERY);
    let mut sums = interval_at(now + SUMS_EVERY, SUMS_EVERY);
    let mut dice = Dice::new(3);
    let mut signalled: Option<Instant> = None;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => screen.show(event),
                None => return true,
            },
            _ = phones.tick(), if signalled.is_none() => {
                let (_, carrier) = &carriers[dice.bits() as usize % carriers.len()];
                // A phone that is not heard tries again later.
                let _ = carrier.deliver(Inbound {
                    source: texts::phone("336", &mut dice),
                    destination: scene::SHORT_CODE.into(),
                    body: texts::from_phone(&mut dice).into(),
                    ..Inbound::default()
                });
            }
            _ = sums.tick() => {
                screen.tally.sent = shared.sent.load(Ordering::Relaxed);
                screen.sums();
            }
            () = signals.next() => match signalled {
                None => {
                    signalled = Some(Instant::now());
                    shared.stop.store(true, Ordering::Relaxed);
                    screen.line("\nwaiting for the last receipts; Ctrl-C again ends at once");
                }
                Some(first) if first.elapsed() < SIGNAL_ECHO => {}
                Some(_) => return false,
            }
        }
        // Nobody watches a screen that is closed.
        if !screen.open {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Ctrl-C and SIGTERM, heard from the start to the end: none that comes while something else is
/// done is lost.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, String> {
        let listen =
            |kind| signal(kind).map_err(|error| format!("failed to listen for signals: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Returns at the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Standard output, and what was seen on it.
struct Screen {
    start: Instant,
    quiet: bool,
    tally: Tally,
    /// False once it can no longer be written to.
    open: bool,
}

impl Screen {
    fn show(&mut self, event: Event) {
        let at = self.start.elapsed();
        let line = match event {
            Event::Ended(message) => {
                self.tally.add(&message);
                view::message(&message, at)
            }
            Event::Phone(phone) => {
                self.tally.phones += 1;
                view::phone(&phone, at)
            }
            Event::Failed(error) => {
                self.tally.lacking += 1;
                terminal::warn(format_args!("smppgate demo: {error}"));
                return;
            }
        };
        if !self.quiet {
            self.line(&line);
        }
    }

    fn sums(&mut self) {
        let line = self.tally.line();
        self.line(&format!("------  {line}"));
    }

    fn line(&mut self, line: &str) {
        let mut out = io::stdout().lock();
        self.open &= writeln!(out, "{line}").and_then(|()| out.flush()).is_ok();
    }
}

/// What is where.
fn introduction(
    address: SocketAddr,
    admin: Option<SocketAddr>,
    carriers: &[(&'static str, Carrier); 2],
    args: &Args,
) -> String {
    let guest = scene::GUEST;
    let admin = match admin {
        Some(admin) => format!("http://{admin}/metrics   http://{admin}/readyz"),
        None => "none".to_owned(),
    };
    let carriers: Vec<String> = carriers
        .iter()
        .map(|(name, carrier)| format!("{name} {}", carrier.address()))
        .collect();
    let end = match args.count {
        Some(1) => "It ends after one message.".to_owned(),
        Some(count) => format!("It ends after {count} messages, or with Ctrl-C."),
        None => "Ctrl-C ends it.".to_owned(),
    };
    let heading = match args.quiet {
        true => String::new(),
        false => format!("\n\n{}", view::heading()),
    };
    format!(
        "smppgate: a gateway, two simulated carriers and two customers, all in this process.\n\
         \n\
         \x20 gateway    {address}   customers bind here by SMPP\n\
         \x20 admin      {admin}\n\
         \x20 carriers   {}   simulated\n\
         \x20 customers  shop: answered when its message is stored\n\
         \x20            bank: answered with the verdict of the carrier\n\
         \n\
         Send one yourself, in another terminal:\n\
         \x20 smppgate send --connect {address} --system-id {guest} --password {guest} \\\n\
         \x20     --from Me --to +33612345678 --text hello\n\
         \n\
         {end}{heading}",
        carriers.join("   "),
    )
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1_000.0).contains(&rate) => Ok(rate),
        _ => Err("not a number of 0.01 to 1000".into()),
    }
}
