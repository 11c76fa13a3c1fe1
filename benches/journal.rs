//! What the journal costs by itself: records a second and CPU for batches of several sizes on a real
//! disk, how long it takes until a batch is durable, how fast all is read again after a start, and
//! what it takes to hold a message that waits for its report.
//!
//! `cargo bench --bench journal` takes about a minute. A disk whose sync takes less than 20 µs in the
//! median is none, and nothing is counted there.

use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use smppgate::journal::disk::Real;
use smppgate::journal::disk::real::file_system;
use smppgate::journal::{
    Accepted, Appended, Completion, Completions, File, Holdings, Journal, Laid, Position, Record,
    Settings, recover,
};
use smppgate::message::{AccountId, AckMode, MessageId};
use smppgate::moment::Moment;
use smppgate::rig::middle::{Machine, usage};
use smppgate::rig::syncs::{LEAST_US, Syncs};
use smppgate_codec::text::DefaultAlphabet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

#[derive(Parser)]
struct Args {
    /// Seconds that each run measures
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Records of a batch; may be repeated [default: 1, 32, 256]
    #[arg(long)]
    batch: Vec<usize>,
    /// Batches that are under way at once where the rate is measured
    #[arg(long, default_value_t = 64)]
    under_way: usize,
    /// Octets of a record on the disk
    #[arg(long, default_value_t = 300)]
    octets: usize,
    /// Millions of messages that lie down where memory is measured; may be repeated [default: 1]
    #[arg(long)]
    laid: Vec<u64>,
    /// Where the journals lie while they are measured
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-journal"))]
    folder: PathBuf,
    /// Write the result to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Set by cargo bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Results {
    file_system: String,
    sync: Syncs,
    writing: Vec<Writing>,
    holding: Vec<Holding>,
}

/// One run of one size of batches.
#[derive(Serialize)]
struct Writing {
    batch: usize,
    under_way: usize,
    records: u64,
    records_per_second: f64,
    cpu_ns_per_record: f64,
    /// Batches that were refused for a moment, since the disk had no segment ready.
    full: u64,
    /// What the call takes that hands a batch over.
    append: Quantiles,
    /// From then until it is durable.
    durable: Quantiles,
    read_records_per_second: f64,
    read_cpu_ns_per_record: f64,
    others: f64,
}

/// Nanoseconds.
#[derive(Serialize, Default)]
struct Quantiles {
    p50: u64,
    p99: u64,
}

impl Quantiles {
    fn of(mut all: Vec<u64>) -> Self {
        all.sort_unstable();
        let at = |part: usize| all.get(all.len() * part / 100).copied().unwrap_or(0);
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

/// What messages cost that lie down, in time of the thread.
#[derive(Serialize)]
struct Holding {
    laid: u64,
    octets_each: f64,
    resident_each: f64,
    /// The first and the last record of a message and a fact between them, in batches of 32.
    message_ns: f64,
    /// The same, each by itself.
    message_alone_ns: f64,
    lay_down_ns: f64,
    find_ns: f64,
    /// The longest that 32 of these messages took, since tables grew.
    longest_ms: f64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("journal: measures only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("journal: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> io::Result<bool> {
    let batches = match args.batch.is_empty() {
        true => vec![1, 32, 256],
        false => args.batch.clone(),
    };
    let laid = match args.laid.is_empty() {
        true => vec![1],
        false => args.laid.clone(),
    };
    fs::create_dir_all(&args.folder)?;
    let mut results = Results {
        file_system: file_system(&args.folder)?,
        sync: Syncs::measure(&args.folder)?,
        writing: Vec::new(),
        holding: Vec::new(),
    };
    let Syncs { p50_us, p99_us } = results.sync;
    println!(
        "{}: a sync of 4 KiB takes {p50_us:.0} µs p50, {p99_us:.0} µs p99",
        results.file_system
    );
    let is_disk = results.sync.is_disk();
    if is_disk {
        println!(
            "batch  under way  records/s  CPU ns/record  append µs p50/p99  durable µs p50/p99  \
             read records/s  CPU ns/record  full  others"
        );
        for &batch in &batches {
            for under_way in [1, args.under_way] {
                results.writing.push(writing(args, batch, under_way)?);
            }
        }
    } else {
        println!(
            "That is no disk: below {LEAST_US:.0} µs nothing is counted. Choose a --folder on one."
        );
    }
    println!(
        "million laid down  octets each  resident each  message ns  alone  lay down ns  find ns  \
         longest ms"
    );
    for millions in laid {
        results.holding.push(holding(millions * 1_000_000));
    }
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&results).map_err(io::Error::other)?;
        fs::write(path, json + "\n")?;
    }
    Ok(is_disk)
}

/// A message whose record takes so many octets on the disk.
fn message(id: u64, pdu: &[u8]) -> Record<'_> {
    Record::Accepted(Accepted {
        id: MessageId(id),
        shown: MessageId(id),
        account: AccountId(1),
        ack: AckMode::Stored,
        at: Moment(id),
        due: Moment::default(),
        until: Moment::NEVER,
        alphabet: DefaultAlphabet::Gsm,
        pdu,
        written_source: None,
    })
}

fn last(id: u64) -> Record<'static> {
    Record::Told {
        id: MessageId(id),
        at: Moment(id),
    }
}

/// Octets of a frame around a record.
const FRAME: usize = 12;

fn writing(args: &Args, batch: usize, under_way: usize) -> io::Result<Writing> {
    let mut bare = Vec::new();
    message(1, b"").encode(&mut bare);
    let pdu = vec![7; args.octets.saturating_sub(bare.len() + FRAME)];
    let (journal, done) = open(&args.folder)?;
    let mut run = Writing {
        batch,
        under_way,
        records: 0,
        records_per_second: 0.0,
        cpu_ns_per_record: 0.0,
        full: 0,
        append: Quantiles::default(),
        durable: Quantiles::default(),
        read_records_per_second: 0.0,
        read_cpu_ns_per_record: 0.0,
        others: 0.0,
    };
    let (mut append, mut durable) = (Vec::new(), Vec::new());
    let own = std::process::id();
    let (machine, cpu, began) = (Machine::now(), usage(own).cpu_ns, Instant::now());
    let (mut next, mut open) = (1_u64, 0);
    let span = Duration::from_secs_f64(args.seconds);
    while open > 0 || began.elapsed() < span {
        while open < under_way && began.elapsed() < span {
            let records: Vec<Record<'_>> = (next..next + batch as u64)
                .map(|id| message(id << 6, &pdu))
                .collect();
            let handed = Instant::now();
            match journal.append(&records, handed) {
                Appended::Pending => {
                    append.push(handed.elapsed().as_nanos() as u64);
                    next += batch as u64;
                    open += 1;
                }
                _ => {
                    run.full += 1;
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        if open == 0 {
            continue;
        }
        for handed in done.recv().map_err(io::Error::other)? {
            durable.push(handed.elapsed().as_nanos() as u64);
            open -= 1;
        }
    }
    let cpu = usage(own).cpu_ns - cpu;
    run.records = next - 1;
    run.records_per_second = run.records as f64 / began.elapsed().as_secs_f64();
    run.cpu_ns_per_record = cpu as f64 / run.records as f64;
    run.others = Machine::now().others_since(&machine, cpu);
    run.append = Quantiles::of(append);
    run.durable = Quantiles::of(durable);
    drop(journal);
    let (cpu, began) = (usage(own).cpu_ns, Instant::now());
    let recovered = read(&args.folder)?;
    run.read_records_per_second = recovered.records() as f64 / began.elapsed().as_secs_f64();
    run.read_cpu_ns_per_record =
        (usage(own).cpu_ns - cpu) as f64 / recovered.records().max(1) as f64;
    let micros = |quantiles: &Quantiles| {
        format!(
            "{:.1}/{:.1}",
            quantiles.p50 as f64 / 1e3,
            quantiles.p99 as f64 / 1e3
        )
    };
    println!(
        "{batch:>5} {under_way:>10} {:>10.0} {:>14.0} {:>18} {:>19} {:>15.0} {:>14.0} {:>5} {:>6.0}%",
        run.records_per_second,
        run.cpu_ns_per_record,
        micros(&run.append),
        micros(&run.durable),
        run.read_records_per_second,
        run.read_cpu_ns_per_record,
        run.full,
        run.others * 100.0,
    );
    Ok(run)
}

type Done = Receiver<Vec<Instant>>;

/// An empty journal, and where the batches come back.
fn open(folder: &Path) -> io::Result<(File<Instant>, Done)> {
    fs::remove_dir_all(folder)?;
    let (sender, done) = channel();
    let completions: Completions<Instant> = Box::new(move |group| {
        let handed = group.into_iter().filter_map(|one| match one {
            Completion::Written(handed, Ok(())) => Some(handed),
            _ => None,
        });
        let _ = sender.send(handed.collect());
    });
    let recovered = read(folder)?;
    let settings = Settings::new(16 << 30, 1);
    let journal = File::start(recovered, settings, Box::new(|| 0), completions);
    Ok((journal.map_err(io::Error::other)?, done))
}

fn read(folder: &Path) -> io::Result<smppgate::journal::Recovered> {
    let disk = Arc::new(Real::new(folder)?);
    recover(disk, &mut |_, _, _| {}).map_err(io::Error::other)
}

/// Time that this thread has run: others who use the machine do not count.
fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Lays so many messages down, and lets others come and go beside them.
fn holding(laid: u64) -> Holding {
    /// Messages that come and go for each figure.
    const PASSING: u64 = 1 << 18;
    const BATCH: u64 = 32;
    let own = std::process::id();
    let before = usage(own).rss;
    let holdings = Holdings::default();
    let lies = |id: u64| Position {
        segment: (id >> 18) as u32,
        offset: id as u32,
    };
    // Ids are counted, and the node stands in their lowest bits; marks are hashes.
    let id_of = |number: u64| MessageId((1 << 62) + (number << 6));
    let mark_of = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut longest = Duration::ZERO;
    let mut lay_down = Duration::ZERO;
    for some in (0..laid).step_by(BATCH as usize) {
        let all = || some..laid.min(some + BATCH);
        let began = own_time();
        all().for_each(|n| holdings.note(&message(id_of(n).0, b""), lies(n)));
        let noted = own_time();
        for n in all() {
            let (mark, until) = (mark_of(n), Moment(n));
            assert!(holdings.lay_down(id_of(n), Laid { mark, until }));
        }
        let ended = own_time();
        lay_down += ended - noted;
        longest = longest.max(ended - began);
    }
    let resident = usage(own).rss.saturating_sub(before);
    let first = laid;
    let fact = |id: MessageId| Record::Doubted {
        id,
        at: Moment::default(),
    };
    let began = own_time();
    for batch in (first..first + PASSING).step_by(BATCH as usize) {
        let all = || batch..batch + BATCH;
        let mut noting = holdings.noting();
        all().for_each(|n| noting.note(&message(id_of(n).0, b""), lies(n)));
        drop(noting);
        let mut noting = holdings.noting();
        all().for_each(|n| noting.note(&fact(id_of(n)), lies(n)));
        drop(noting);
        let mut noting = holdings.noting();
        all().for_each(|n| noting.note(&last(id_of(n).0), lies(n)));
    }
    let together = own_time() - began;
    let began = own_time();
    for n in first..first + PASSING {
        holdings.note(&message(id_of(n).0, b""), lies(n));
        holdings.note(&fact(id_of(n)), lies(n));
        holdings.note(&last(id_of(n).0), lies(n));
    }
    let alone = own_time() - began;
    let began = own_time();
    for n in 0..PASSING {
        let number = n.wrapping_mul(0x2545_F491_4F6C_DD1D) % laid;
        assert_eq!(holdings.find(mark_of(number)), Some(id_of(number)));
    }
    let find = own_time() - began;
    let each = |span: Duration, count: u64| span.as_nanos() as f64 / count as f64;
    let result = Holding {
        laid,
        octets_each: holdings.octets() as f64 / laid as f64,
        resident_each: resident as f64 / laid as f64,
        message_ns: each(together, PASSING),
        message_alone_ns: each(alone, PASSING),
        lay_down_ns: each(lay_down, laid),
        find_ns: each(find, PASSING),
        longest_ms: longest.as_secs_f64() * 1e3,
    };
    println!(
        "{:>17} {:>12.1} {:>14.1} {:>11.0} {:>6.0} {:>12.0} {:>8.0} {:>11.1}",
        laid / 1_000_000,
        result.octets_each,
        result.resident_each,
        result.message_ns,
        result.message_alone_ns,
        result.lay_down_ns,
        result.find_ns,
        result.longest_ms,
    );
    result
}
