//! What a start over a full journal costs: how long until the gateway is ready, and how much memory it
//! takes then.
//!
//! `cargo bench --bench recover -- --open 10000000` writes a journal with so many messages that wait for
//! the report of their carrier, and as many that have come to their end, then starts the program over
//! it. `--waiting 1000000` adds messages that no carrier has taken: what those take besides their PDUs
//! is shown as well.

use bytes::BytesMut;
use clap::Parser;
use serde::Serialize;
use smppgate::journal::disk::Real;
use smppgate::journal::disk::real::file_system;
use smppgate::journal::history::HISTORY_OCTETS_MAX;
use smppgate::journal::names::NameOf;
use smppgate::journal::{
    Accepted, Appended, Journal, Names, Part, Record, Settings, Stepped, recover,
};
use smppgate::message::{AccountId, AckMode, CarrierId, GroupId, IdSource, MessageId, MessageIds};
use smppgate::moment::Moment;
use smppgate::rig::middle::{Machine, Middle, free_address, usage};
use smppgate::rig::trial::Gateway;
use smppgate_codec::code::{Command, RegisteredDelivery, Status};
use smppgate_codec::pdu::{Address, Sm};
use smppgate_codec::text::DefaultAlphabet;
use smppgate_codec::wire::PduWriter;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time in which the program has to be ready.
const START_PATIENCE: Duration = Duration::from_secs(300);

/// Octets that are written and synced in one go while the journal is made.
const GROUP: usize = 8 << 20;

/// Messages after which a response comes, and those after which an end does: a twentieth of a
/// second and five seconds at ten thousand a second.
const ANSWERED_AFTER: usize = 500;
const ENDED_AFTER: usize = 50_000;

/// How far apart the messages are.
const APART: Duration = Duration::from_micros(100);

#[derive(Parser)]
struct Args {
    /// Messages that wait for the report of their carrier
    #[arg(long, default_value_t = 1_000_000)]
    open: u64,
    /// Messages that have come to their end, between those [default: as many]
    #[arg(long)]
    ended: Option<u64>,
    /// Messages that no carrier has taken
    #[arg(long, default_value_t = 0)]
    waiting: u64,
    /// Where the journal lies
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-recover"))]
    folder: PathBuf,
    /// Start over the journal that was left there
    #[arg(long)]
    again: bool,
    /// Leave the journal there
    #[arg(long)]
    keep: bool,
    /// Starts over the same journal
    #[arg(long, default_value_t = 1)]
    starts: usize,
    /// Let the operating system forget what it remembers of the journal before each start
    #[arg(long)]
    cold: bool,
    /// Write the result to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program that is measured
    #[arg(long, default_value = env!("CARGO_BIN_EXE_smppgate"))]
    program: PathBuf,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Results {
    file_system: String,
    open: u64,
    ended: u64,
    waiting: u64,
    pdu_octets: usize,
    journal_octets: u64,
    /// Over an empty journal.
    empty: Start,
    starts: Vec<Start>,
    histories: Vec<History>,
}

/// What has happened to one message, read from the journal for somebody who asks.
#[derive(Serialize)]
struct History {
    /// Which one of those that are held.
    nth: usize,
    records: usize,
    seconds: f64,
    is_cut: bool,
}

/// One start of the program.
#[derive(Serialize, Clone)]
struct Start {
    ready_seconds: f64,
    cpu_seconds: f64,
    /// Resident octets once it is ready, and the most there ever were.
    resident: u64,
    resident_max: u64,
    others: f64,
    /// What it said of its reading.
    log: String,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("recover: measures only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recover: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> io::Result<()> {
    let ended = args.ended.unwrap_or(args.open);
    let full = args.folder.join("full");
    let empty = args.folder.join("empty");
    if !args.again {
        let _ = fs::remove_dir_all(&full);
        let began = Instant::now();
        write(&full, args.open, ended, args.waiting)?;
        println!(
            "{} open, {ended} ended, {} waiting: written in {:.1} s",
            args.open,
            args.waiting,
            began.elapsed().as_secs_f64()
        );
    }
    let _ = fs::remove_dir_all(&empty);
    let mut results = Results {
        file_system: file_system(&full)?,
        open: args.open,
        ended,
        waiting: args.waiting,
        pdu_octets: pdu(MessageId(1)).len(),
        journal_octets: octets(&full.join("journal"))?,
        empty: start(args, &empty)?,
        starts: Vec::new(),
        histories: Vec::new(),
    };
    println!(
        "{}, {:.0} MiB of journal, PDUs of {} octets",
        results.file_system,
        mib(results.journal_octets),
        results.pdu_octets
    );
    println!("start   ready s  CPU s  resident MiB  most MiB  octets a message  others");
    show("empty", &results.empty, &results);
    for _ in 0..args.starts {
        let started = start(args, &full)?;
        show("full", &started, &results);
        results.starts.push(started);
    }
    for started in &results.starts {
        println!("{}", started.log);
    }
    results.histories = histories(&full)?;
    for history in &results.histories {
        println!(
            "what has happened to message {} of {}: {} records in {:.1} ms{}",
            history.nth,
            args.open + args.waiting,
            history.records,
            history.seconds * 1e3,
            if history.is_cut { ", cut off" } else { "" }
        );
    }
    if !args.keep {
        fs::remove_dir_all(&args.folder)?;
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&results).map_err(io::Error::other)?;
        fs::write(path, json + "\n")?;
    }
    Ok(())
}

fn mib(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}

fn octets(folder: &Path) -> io::Result<u64> {
    let lengths = fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len()));
    lengths.sum()
}

/// A line for a start. What a message takes is what is there on top of an empty gateway; of one that
/// waits, the PDU does not count.
fn show(name: &str, start: &Start, results: &Results) {
    let more = start.resident.saturating_sub(results.empty.resident);
    let pdus = results.waiting * results.pdu_octets as u64;
    let each = more.saturating_sub(pdus) as f64 / (results.open + results.waiting).max(1) as f64;
    println!(
        "{name:6} {:>8.2} {:>6.2} {:>13.1} {:>9.1} {each:>17.1} {:>6.0}%",
        start.ready_seconds,
        start.cpu_seconds,
        mib(start.resident),
        mib(start.resident_max),
        start.others * 100.0
    );
}

/// Starts the program over this folder, and ends it again.
fn start(args: &Args, data: &Path) -> io::Result<Start> {
    if args.cold && data.exists() {
        forget(&data.join("journal"))?;
    }
    // Nobody is there: what waits goes on waiting.
    let nobody = free_address()?;
    let (machine, own) = (Machine::now(), usage(std::process::id()).cpu_ns);
    let began = Instant::now();
    let mut gateway = Middle::start(&args.program, &["run", "--config"], |address, _| {
        format!(
            "[gateway]\ndata_dir = {data:?}\njournal_max = \"100 GiB\"\n\n\
             [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n\n\
             [[account]]\nsystem_id = \"bench\"\npassword = \"secret\"\n\n\
             [[carrier]]\nname = \"carrier-0\"\naddress = \"{nobody}\"\n\
             system_id = \"smppgate\"\npassword = \"secret\"\n\n\
             [[route]]\nname = \"route-0\"\nto = [\"33\"]\nvia = [\"carrier-0\"]\n"
        )
    })?;
    gateway.wait_for_bind(&Gateway::login(), START_PATIENCE)?;
    let ready_seconds = began.elapsed().as_secs_f64();
    let used = gateway.usage();
    let own = usage(std::process::id()).cpu_ns - own;
    let others = Machine::now().others_since(&machine, used.cpu_ns + own);
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.id()))?;
    let log = fs::read_to_string(gateway.folder().join("log"))?;
    let log = log
        .lines()
        .find(|line| line.contains("the journal was read"));
    let started = Start {
        ready_seconds,
        cpu_seconds: used.cpu_ns as f64 / 1e9,
        resident: kib(&status, "VmRSS:") << 10,
        resident_max: kib(&status, "VmHWM:") << 10,
        others,
        log: log.unwrap_or_default().to_owned(),
    };
    gateway.end();
    Ok(started)
}

/// Asks for the first message that is held, for one in the middle, and for the last one.
fn histories(folder: &Path) -> io::Result<Vec<History>> {
    let disk = Arc::new(Real::new(folder)?);
    let mut held = Vec::new();
    let recovered = recover(disk, &mut |_, _, record| {
        if let Record::Accepted(accepted) = record {
            held.push(accepted.id);
        }
    })
    .map_err(io::Error::other)?;
    held.retain(|id| recovered.holdings().position(*id).is_some());
    let highest = recovered.highest_id();
    let settings = Settings::new(100 << 30, 1);
    let journal: Stepped<()> =
        Stepped::start(recovered, settings, Box::new(move || highest)).map_err(io::Error::other)?;
    let asked = [0, held.len() / 2, held.len().saturating_sub(1)];
    let ask = |nth: usize| {
        let id = *held.get(nth)?;
        let began = Instant::now();
        let history = journal.history(id, HISTORY_OCTETS_MAX);
        Some(History {
            nth: nth + 1,
            records: history.records.len(),
            seconds: began.elapsed().as_secs_f64(),
            is_cut: history.is_cut,
        })
    };
    Ok(asked.into_iter().filter_map(ask).collect())
}

fn kib(status: &str, key: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(key));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Lets the operating system forget what it remembers of these files.
fn forget(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = fs::File::open(entry?.path())?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

/// A submit_sm of some 120 octets to a number of its own.
fn pdu(id: MessageId) -> Vec<u8> {
    let destination = format!("33{:09}", (id.0 >> 6) % 1_000_000_000);
    let text = b"Your code is 481516. It is good for ten minutes; tell it to nobody.";
    let sm = Sm {
        source: Address::new(5, 0, b"smppgate"),
        destination: Address::new(1, 1, destination.as_bytes()),
        registered_delivery: RegisteredDelivery(1),
        short_message: text,
        ..Sm::default()
    };
    let mut out = BytesMut::new();
    let mut pdu = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 7);
    sm.put(pdu.body());
    drop(pdu);
    out.to_vec()
}

/// A message on its way.
struct Sent {
    id: MessageId,
    at: Moment,
    becomes: Becomes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Open,
    Ended,
    Waiting,
}

/// Writes the journal as the gateway would have while these messages passed.
fn write(folder: &Path, open: u64, ended: u64, waiting: u64) -> io::Result<()> {
    let disk = Arc::new(Real::new(folder)?);
    let mut names = Names::open(disk.clone()).map_err(io::Error::other)?;
    let account = AccountId(names.number(NameOf::Account, "bench"));
    let carrier = CarrierId(names.number(NameOf::Carrier, "carrier-0") as u16);
    let group = GroupId(names.number(NameOf::Group, "carrier-0") as u16);
    names.save().map_err(io::Error::other)?;
    let recovered = recover(disk, &mut |_, _, _| {}).map_err(io::Error::other)?;
    let settings = Settings::new(100 << 30, 1);
    let given = Arc::new(AtomicU64::new(0));
    let highest = given.clone();
    let highest_id = Box::new(move || highest.load(Ordering::Relaxed));
    let journal: Stepped<()> =
        Stepped::start(recovered, settings, highest_id).map_err(io::Error::other)?;
    let mut log = Log {
        journal,
        pending: 0,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = Moment(now.map_err(io::Error::other)?.as_micros() as u64);
    let total = open + ended + waiting;
    let began = now - APART * total.min(u64::from(u32::MAX)) as u32;
    let ids = IdSource::new(1, 0);
    let (mut answers, mut ends) = (VecDeque::new(), VecDeque::new());
    // What waits is the newest.
    let mut left = open.max(ended);
    let mut at = began;
    let mut next = |becomes| {
        at = at + APART;
        let id = MessageIds::next(&mut ids.take(1, at));
        id.map(|id| {
            given.store(id.0, Ordering::Relaxed);
            Sent { id, at, becomes }
        })
    };
    let (mut open, mut ended, mut waiting) = (open, ended, waiting);
    while left > 0 || waiting > 0 {
        let mut sent = Vec::new();
        for (count, becomes) in [(&mut open, Becomes::Open), (&mut ended, Becomes::Ended)] {
            if *count > 0 {
                *count -= 1;
                sent.extend(next(becomes));
            }
        }
        if left == 0 {
            waiting -= 1;
            sent.extend(next(Becomes::Waiting));
        }
        left = left.saturating_sub(1);
        for message in sent {
            log.accepted(account, &message)?;
            if message.becomes != Becomes::Waiting {
                answers.push_back(message);
            }
        }
        while answers.len() > ANSWERED_AFTER {
            answer(&mut log, (carrier, group), &mut answers, &mut ends)?;
        }
        while ends.len() > ENDED_AFTER {
            end(&mut log, &mut ends)?;
        }
    }
    while !answers.is_empty() {
        answer(&mut log, (carrier, group), &mut answers, &mut ends)?;
    }
    while !ends.is_empty() {
        end(&mut log, &mut ends)?;
    }
    log.pump();
    log.journal.mark();
    log.journal.pump();
    Ok(())
}

fn answer(
    log: &mut Log,
    (carrier, group): (CarrierId, GroupId),
    answers: &mut VecDeque<Sent>,
    ends: &mut VecDeque<Sent>,
) -> io::Result<()> {
    let Some(message) = answers.pop_front() else {
        return Ok(());
    };
    let carrier_message_id = format!("{:016x}", message.id.0);
    log.append(&Record::Correlated {
        id: message.id,
        carrier,
        group,
        carrier_message_id: carrier_message_id.as_bytes(),
        part: Part::Whole,
        at: message.at + APART * ANSWERED_AFTER as u32,
    })?;
    if message.becomes == Becomes::Ended {
        ends.push_back(message);
    }
    Ok(())
}

fn end(log: &mut Log, ends: &mut VecDeque<Sent>) -> io::Result<()> {
    let Some(message) = ends.pop_front() else {
        return Ok(());
    };
    let (id, at) = (message.id, message.at + APART * ENDED_AFTER as u32);
    log.append(&Record::Ended {
        id,
        state: 2,
        error: 0,
        network_error: None,
        at,
    })?;
    log.append(&Record::Told { id, at })
}

/// The journal that is being made.
struct Log {
    journal: Stepped<()>,
    pending: usize,
}

impl Log {
    fn accepted(&mut self, account: AccountId, message: &Sent) -> io::Result<()> {
        self.append(&Record::Accepted(Accepted {
            id: message.id,
            shown: message.id,
            account,
            ack: AckMode::Stored,
            at: message.at,
            due: Moment::default(),
            until: message.at + Duration::from_secs(3 * 24 * 3_600),
            alphabet: DefaultAlphabet::Gsm,
            pdu: &pdu(message.id),
            written_source: None,
        }))
    }

    fn append(&mut self, record: &Record<'_>) -> io::Result<()> {
        match self.journal.append(&[*record], ()) {
            Appended::Pending => {}
            other => return Err(io::Error::other(format!("the journal says {other:?}"))),
        }
        // Nearly what the longest of them take.
        self.pending += 200;
        if self.pending > GROUP {
            self.pump();
        }
        Ok(())
    }

    fn pump(&mut self) {
        self.pending = 0;
        self.journal.pump();
        while self
            .journal
            .prepare()
            .is_some_and(|made| matches!(made, smppgate::journal::log::Made::Ready(_)))
        {}
    }
}
