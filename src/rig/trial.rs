//! One measured run: the load client on one side, simulated carriers on the other, and perhaps a
//! process between them whose CPU and memory are watched.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::carrier::Carrier;
use super::esme::Login;
use super::load::{self, Phase};
use super::middle::{Machine, Middle, Usage, free_address, usage};
use super::stats::Report;

/// Time in which a gateway has to start and bind to its carriers.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// A run and what it cost the process in the middle.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// What the client found.
    pub report: Report,
    /// CPU time of the process in the middle per message of the measured span, microseconds.
    pub cpu_us_per_message: f64,
    /// Its resident memory at each look at the progress and at each change of phase: messages whole by then, and
    /// bytes.
    pub rss: Vec<(u64, u64)>,
    /// Share of the machine that others took in the measured span, 0 to 1. Above a few hundredths
    /// the figures are theirs as much as ours.
    pub others: f64,
}

impl Trial {
    /// Runs the load and watches `middle`, if there is one.
    pub fn run(settings: &load::Settings, middle: Option<&Middle>) -> io::Result<Self> {
        let mut rss = Vec::new();
        let mut from = Sample::default();
        let mut until = None;
        let whole = |progress: &load::Progress| match settings.receipts {
            true => progress.receipts,
            false => progress.answered,
        };
        // A count is over when everything has come back, a span when sending ends.
        let end = match settings.amount {
            load::Amount::Count(_) => Phase::Done,
            load::Amount::For(_) => Phase::Drain,
        };
        let report = load::run(settings, &mut |progress| {
            let used = middle.map(Middle::usage).unwrap_or_default();
            rss.push((whole(progress), used.rss));
            let sample = || Sample {
                machine: Machine::now(),
                middle: used,
                own: usage(std::process::id()),
                whole: whole(progress),
            };
            if progress.phase == Phase::Measure && from.machine == Machine::default() {
                from = sample();
            }
            if progress.phase == end && until.is_none() {
                until = Some(sample());
            }
        })?;
        let until = until.unwrap_or(from);
        let cpu = until.middle.cpu_ns.saturating_sub(from.middle.cpu_ns);
        let own = until.own.cpu_ns.saturating_sub(from.own.cpu_ns);
        let messages = until.whole.saturating_sub(from.whole).max(1);
        Ok(Self {
            report,
            cpu_us_per_message: cpu as f64 / 1e3 / messages as f64,
            rss,
            others: until.machine.others_since(&from.machine, cpu + own),
        })
    }

    /// The greatest resident memory that was seen, bytes.
    pub fn rss_max(&self) -> u64 {
        self.rss.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }
}

#[derive(Clone, Copy, Default)]
struct Sample {
    machine: Machine,
    middle: Usage,
    own: Usage,
    whole: u64,
}

/// The gateway as the process in the middle, with all that a trial may vary.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// `memory` or `file`.
    pub journal: String,
    /// Where a journal of files lies; `None` is in the folder of the process, which goes with it.
    pub data: Option<PathBuf>,
    /// `carrier` or `stored`.
    pub ack: String,
    /// Unanswered requests per bind of the client.
    pub window: usize,
    /// Binds to each carrier, and the window of each.
    pub carrier_binds: usize,
    /// Unanswered requests per bind to a carrier.
    pub carrier_window: usize,
    /// Prefix of the destinations and the carrier that it goes to.
    pub routes: Vec<(String, SocketAddr)>,
}

impl Gateway {
    /// Who binds to it.
    pub fn login() -> Login {
        Login {
            system_id: "bench".into(),
            password: "secret".into(),
            ..Login::default()
        }
    }

    /// Starts the program and waits until it is bound to all `carriers` and takes binds itself.
    pub fn start(&self, program: &Path, carriers: &[Carrier]) -> io::Result<Middle> {
        let admin = free_address()?;
        let mut middle = Middle::start(program, &["run", "--config"], |address, folder| {
            self.config(address, admin, folder)
        })?;
        middle.wait_for_bind(&Self::login(), START_PATIENCE)?;
        let ended = Instant::now() + START_PATIENCE;
        while carriers
            .iter()
            .any(|carrier| carrier.counts().bound < self.carrier_binds as u64)
        {
            if Instant::now() > ended {
                let log = middle.log();
                return Err(io::Error::other(format!(
                    "is not bound to its carriers: {log}"
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(middle)
    }

    fn config(&self, address: SocketAddr, admin: SocketAddr, folder: &Path) -> String {
        let Self {
            journal,
            data,
            ack,
            window,
            carrier_binds,
            carrier_window,
            routes,
        } = self;
        let data = data.clone().unwrap_or_else(|| folder.join("data"));
        let mut text = format!(
            "[gateway]\ndata_dir = {data:?}\njournal = {journal:?}\n\n\
             [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n\n\
             [admin]\naddress = \"{admin}\"\n\n\
             [[account]]\nsystem_id = \"bench\"\npassword = \"secret\"\nack = {ack:?}\n\
             binds = 64\nwindow = {window}\ndeliver_window = {window}\n"
        );
        for (at, (prefix, carrier)) in routes.iter().enumerate() {
            text += &format!(
                "\n[[carrier]]\nname = \"carrier-{at}\"\naddress = \"{carrier}\"\n\
                 system_id = \"smppgate\"\npassword = \"secret\"\nbinds = {carrier_binds}\n\
                 window = {carrier_window}\n\n\
                 [[route]]\nname = \"route-{at}\"\nto = [{prefix:?}]\nvia = [\"carrier-{at}\"]\n"
            );
        }
        text
    }
}

/// The median of some figures; not a number if there are none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => figures[middle],
        _ => (figures[middle - 1] + figures[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::carrier::{Behaviour, Settings};

    #[test]
    fn a_trial_without_a_process_costs_no_cpu_there() {
        let carrier = Carrier::spawn(Settings {
            behaviour: Behaviour::default(),
            ..Settings::default()
        })
        .unwrap();
        let settings = load::Settings {
            connect: carrier.address(),
            amount: load::Amount::Count(100),
            ..load::Settings::default()
        };
        let trial = Trial::run(&settings, None).unwrap();
        assert!(trial.report.is_clean());
        assert_eq!((trial.cpu_us_per_message, trial.rss_max()), (0.0, 0));
    }

    #[test]
    fn our_own_cpu_time_and_memory_can_be_read() {
        let before = usage(std::process::id());
        let mut sum = 0u64;
        while usage(std::process::id()).cpu_ns == before.cpu_ns {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(before.rss > 0);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
