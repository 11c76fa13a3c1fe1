//! The run: the gateway lives for a chance time, is killed or asked to end, and is started again.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use smppgate::rig::chance::Dice;
use smppgate::rig::ledger::{Audit, BreakKind};
use smppgate::rig::middle::Middle;

use crate::Args;
use crate::disk::Disk;
use crate::letters;
use crate::probe::Probe;
use crate::town::{AWAY, Town};

/// Time in which the gateway has to take a bind after it was started.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Time in which it has to end after it was asked to; its own is 30 seconds.
const END_PATIENCE: Duration = Duration::from_secs(40);

/// How long it lives, in milliseconds, and how long if it is killed while it starts.
const LIFE_MS: (u64, u64) = (200, 900);
const EARLY_MS: (u64, u64) = (5, 50);

/// Nothing may be open for so long before all is taken to be told: what comes twice comes by then.
const QUIET: Duration = Duration::from_millis(1_500);

/// A receipt that matches nothing waits a minute for its message before it is a dead letter.
const LETTER_PATIENCE: Duration = Duration::from_secs(90);

const PAUSE: Duration = Duration::from_millis(5);

/// What is known at the end.
#[derive(Debug, Serialize)]
pub struct Report {
    seed: u64,
    rate: f64,
    cycles: u64,
    /// Cycles in which it was killed while it started.
    early: u64,
    /// Cycles in which it was asked to end twice.
    hurried: u64,
    seconds: f64,
    /// From the start of the process to its first bind, milliseconds: half of all were below, 95 of
    /// 100, all.
    recovery_ms: [f64; 3],
    /// deliver_sm that carriers have given up since they were refused ten times.
    given_up: u64,
    /// What was asked for and did not come, or with an error: ends, dead letters.
    bad_ends: Vec<String>,
    /// Somebody wanted an end before.
    interrupted: bool,
    audit: Audit,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.audit.is_clean() && self.bad_ends.is_empty() && !self.interrupted
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, all] = self.recovery_ms;
        writeln!(
            f,
            "{} cycles (killed while starting {}, asked twice to end {}) in {:.0} s, seed {}, {} messages/s",
            self.cycles, self.early, self.hurried, self.seconds, self.seed, self.rate
        )?;
        writeln!(
            f,
            "recovery   first bind after {half:.0} ms (median)  {most:.0} ms (95 %)  {all:.0} ms (longest)"
        )?;
        for end in &self.bad_ends {
            writeln!(f, "BAD END    {end}")?;
        }
        if self.given_up > 0 {
            writeln!(f, "carriers gave up {} deliver_sm", self.given_up)?;
        }
        write!(f, "{}", self.audit)
    }
}

/// A run in progress.
pub struct Siege<'a> {
    args: &'a Args,
    folder: &'a Path,
    /// Ends before the disk does, which it would hold.
    _probe: Probe,
    /// The disk whose power is cut, if it is.
    disk: Option<Disk>,
    interrupted: Arc<AtomicBool>,
    town: Town,
    dice: Dice,
    began: Instant,
    cycles: u64,
    early: u64,
    hurried: u64,
    recovery_ms: Vec<f64>,
    bad_ends: Vec<String>,
    /// The messages that dead letters are about, if they were asked for.
    letters: Option<HashSet<u64>>,
    /// Cycles for which an account still stays away.
    away_for: u64,
    /// Broken stories that were shown.
    shown: usize,
}

impl<'a> Siege<'a> {
    pub fn new(
        args: &'a Args,
        folder: &'a Path,
        disk: Option<Disk>,
        interrupted: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let town = Town::new(args.rate, args.seed)?;
        let root = disk.as_ref().map_or(folder, Disk::path);
        let probe = Probe::begin(root, town.ledger.clone());
        let data = root.join("data");
        let config = town.config(&args.journal, &data);
        std::fs::write(folder.join("config.toml"), config)?;
        Ok(Self {
            args,
            folder,
            _probe: probe,
            disk,
            interrupted,
            town,
            dice: Dice::new(args.seed),
            began: Instant::now(),
            cycles: 0,
            early: 0,
            hurried: 0,
            recovery_ms: Vec::new(),
            bad_ends: Vec::new(),
            letters: None,
            away_for: 0,
            shown: 0,
        })
    }

    /// All cycles, and the end at which everything has to be told.
    pub fn run(mut self) -> io::Result<Report> {
        self.town.esmes.send(true);
        while self.cycles < self.args.cycles && !self.is_interrupted() {
            if let Err(error) = self.cycle() {
                // What was seen before that is told all the same.
                let bad = format!("cycle {}: {error}", self.cycles);
                self.bad_ends.push(bad);
                return Ok(self.report());
            }
            self.cycles += 1;
            if self.cycles.is_multiple_of(10) {
                self.show_progress();
            }
        }
        let mut gateway = self.start()?;
        self.wait_for_bind(&mut gateway)?;
        self.live(self.args.hold);
        self.town.esmes.send(false);
        self.town.esmes.away(AWAY, false);
        self.town.hush();
        self.quiesce();
        if self.args.letters {
            self.wait_for_letters();
        }
        self.drain(&mut gateway)?;
        // What was read last is noted before the book is closed.
        sleep(Duration::from_millis(100));
        Ok(self.report())
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn cycle(&mut self) -> io::Result<()> {
        self.let_one_be_away();
        let mut gateway = self.start()?;
        if self.dice.happens(self.args.early) {
            self.early += 1;
            let life = self.between(EARLY_MS);
            self.live(life);
        } else {
            self.wait_for_bind(&mut gateway)?;
            let life = self.between(LIFE_MS);
            self.live(life);
            if self.dice.happens(self.args.drain) {
                return self.end(&mut gateway);
            }
        }
        self.kill(&mut gateway)
    }

    /// Kills the gateway; with it goes what its disk has not synced, if its power is cut.
    fn kill(&mut self, gateway: &mut Middle) -> io::Result<()> {
        let ledger = &self.town.ledger;
        let Some(disk) = &mut self.disk else {
            ledger.break_off(BreakKind::Killed);
            gateway.kill()?;
            return Ok(());
        };
        ledger.break_off(BreakKind::Cut);
        let cut = disk.cut();
        gateway.kill()?;
        cut?;
        disk.come_back()
    }

    /// Asks the gateway to end, in some cycles twice.
    fn end(&mut self, gateway: &mut Middle) -> io::Result<()> {
        if !self.dice.happens(0.3) {
            return self.drain(gateway);
        }
        self.hurried += 1;
        self.town.ledger.break_off(BreakKind::Hurried);
        gateway.ask_to_end();
        let pause = self.between((0, 30));
        sleep(pause);
        gateway.ask_to_end();
        self.expect_end(gateway)
    }

    fn drain(&mut self, gateway: &mut Middle) -> io::Result<()> {
        self.town.ledger.break_off(BreakKind::Drained);
        gateway.ask_to_end();
        self.expect_end(gateway)
    }

    fn expect_end(&mut self, gateway: &mut Middle) -> io::Result<()> {
        let end = match gateway.wait(END_PATIENCE)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => format!("{status}"),
            None => "it did not end".into(),
        };
        let bad = format!("cycle {}: {end}: {}", self.cycles, gateway.log());
        self.bad_ends.push(bad);
        gateway.kill()?;
        Ok(())
    }

    fn start(&mut self) -> io::Result<Middle> {
        self.town.ledger.break_off(BreakKind::Started);
        let Args { program, .. } = self.args;
        Middle::start_in(
            program,
            &["run", "--config"],
            self.folder,
            self.town.address,
        )
    }

    /// Waits until an ESME is bound again, and notes how long that took.
    fn wait_for_bind(&mut self, gateway: &mut Middle) -> io::Result<()> {
        let (started, made) = (Instant::now(), self.town.esmes.binds().made);
        while self.town.esmes.binds().made == made {
            if let Some(status) = gateway.wait(Duration::ZERO)? {
                let log = gateway.log();
                return Err(io::Error::other(format!("it ended with {status}: {log}")));
            }
            if started.elapsed() > START_PATIENCE {
                let log = gateway.log();
                return Err(io::Error::other(format!("it takes no bind: {log}")));
            }
            sleep(Duration::from_millis(1));
        }
        self.recovery_ms.push(started.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }

    fn live(&mut self, life: Duration) {
        let ended = Instant::now() + life;
        while Instant::now() < ended && !self.is_interrupted() {
            self.town.tick();
            let left = ended.saturating_duration_since(Instant::now());
            sleep(left.min(PAUSE));
        }
    }

    /// Now and then an account stays away for some cycles.
    fn let_one_be_away(&mut self) {
        match self.away_for {
            0 if self.dice.happens(0.15) => {
                self.away_for = 1 + self.dice.bits() % 6;
                self.town.esmes.away(AWAY, true);
            }
            0 => {}
            1 => {
                self.away_for = 0;
                self.town.esmes.away(AWAY, false);
            }
            _ => self.away_for -= 1,
        }
    }

    /// Waits until everything is told, as long as there is progress.
    fn quiesce(&mut self) {
        let (mut least, mut since, mut quiet) = (u64::MAX, Instant::now(), Instant::now());
        while quiet.elapsed() < QUIET && since.elapsed() < self.args.patience {
            if self.is_interrupted() {
                return;
            }
            sleep(Duration::from_millis(100));
            let open = self.town.ledger.standing().open;
            if open > 0 {
                quiet = Instant::now();
            }
            if open < least {
                (least, since) = (open, Instant::now());
            }
        }
    }

    /// Waits until there is a dead letter about each message whose receipt was taken and not told.
    fn wait_for_letters(&mut self) {
        let ended = Instant::now() + LETTER_PATIENCE;
        loop {
            let letters = match letters::numbers(self.town.admin) {
                Ok(letters) => letters,
                Err(error) => {
                    self.bad_ends.push(format!("no dead letters: {error}"));
                    return;
                }
            };
            let without_word = self.town.ledger.without_word();
            let is_over = Instant::now() > ended || self.is_interrupted();
            if is_over || without_word.iter().all(|number| letters.contains(number)) {
                self.letters = Some(letters);
                return;
            }
            sleep(Duration::from_secs(1));
        }
    }

    fn between(&mut self, (from, to): (u64, u64)) -> Duration {
        Duration::from_micros(1_000 * from + self.dice.bits() % (1_000 * (to - from)))
    }

    fn show_progress(&mut self) {
        for broken in self.town.ledger.offenders().iter().skip(self.shown) {
            println!("BROKEN {broken}");
            self.shown += 1;
        }
        let standing = self.town.ledger.at_a_glance();
        println!(
            "{:>6} cycles  {:>9} submitted  {:>7} stories kept  {} broken  {:.0} s",
            self.cycles,
            standing.submitted,
            standing.kept,
            standing.broken,
            self.began.elapsed().as_secs_f64()
        );
    }

    fn report(mut self) -> Report {
        self.recovery_ms.sort_by(f64::total_cmp);
        let share = |share: f64| {
            let place = (self.recovery_ms.len() as f64 * share) as usize;
            let last = self.recovery_ms.len().saturating_sub(1);
            self.recovery_ms
                .get(place.min(last))
                .copied()
                .unwrap_or(0.0)
        };
        Report {
            seed: self.args.seed,
            rate: self.args.rate,
            cycles: self.cycles,
            early: self.early,
            hurried: self.hurried,
            seconds: self.began.elapsed().as_secs_f64(),
            recovery_ms: [share(0.5), share(0.95), share(1.0)],
            given_up: self.town.given_up(),
            interrupted: self.interrupted.load(Ordering::Relaxed),
            bad_ends: self.bad_ends,
            audit: self.town.ledger.close(self.letters.as_ref()),
        }
    }
}
