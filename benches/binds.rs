//! What a bind costs that only stays: plain ones and ones over TLS, all at once, each asked whether
//! it is there.
//!
//! `cargo bench --bench binds` holds 2,000 of each, and exits with 1 if one is lost, if one was not
//! asked, or if they take more memory than they may.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Parser;
use rcgen::{CertificateParams, KeyPair};
use serde::Serialize;
use smppgate::rig::crowd::{Counts, Crowd};
use smppgate::rig::esme::Login;
use smppgate::rig::middle::{Middle, free_address};
use smppgate::rig::tls::{ClientTls, Trust};

/// The most that a bind may take of the gateway's memory, in KiB.
const PLAIN_KIB_MAX: f64 = 12.0;
const TLS_KIB_MAX: f64 = 60.0;

/// The gateway asks each bind this often whether it is there.
const ENQUIRE_LINK: Duration = Duration::from_secs(5);

/// Binds of one account; there are as many accounts as it takes.
const PER_ACCOUNT: u64 = 1_000;

/// From the connection to the answered bind.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Args {
    /// Plain binds
    #[arg(long, default_value_t = 2_000)]
    plain: u64,
    /// Binds over TLS
    #[arg(long, default_value_t = 2_000)]
    tls: u64,
    /// Seconds for which all of them are held
    #[arg(long, default_value_t = 12)]
    hold: u64,
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

/// What was found of one kind of bind.
#[derive(Debug, Serialize)]
struct Kind {
    name: &'static str,
    binds: u64,
    /// Binds made in a second, one after the other.
    rate: f64,
    /// Memory that each takes.
    kib: f64,
    kib_max: f64,
    enquiries: u64,
    not_asked: u64,
    lost: u64,
}

impl Kind {
    fn is_sound(&self) -> bool {
        self.lost == 0 && self.not_asked == 0 && (self.binds == 0 || self.kib <= self.kib_max)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        eprintln!("binds: runs only under cargo bench");
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("binds: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<bool> {
    let encrypted = free_address()?;
    let mut middle = Middle::start(&args.program, &["run", "--config"], |address, folder| {
        config(args, &address.to_string(), &encrypted.to_string(), folder)
    })?;
    let plain = Login {
        system_id: name("plain", 0),
        ..Login::default()
    };
    let tls = Login {
        system_id: name("tls", 0),
        tls: Some(ClientTls::new(&Trust {
            server_name: "localhost".into(),
            insecure: true,
            ..Trust::default()
        })?),
        ..Login::default()
    };
    middle.wait_for_bind(&plain, PATIENCE)?;
    // The code of the handshakes is read into memory before anything is measured.
    for _ in 0..10 {
        smppgate::rig::esme::Esme::dial(encrypted, &tls, PATIENCE)?;
    }
    sleep(Duration::from_secs(1));
    let first = middle.usage().rss;
    let (mut of_plain, mut of_tls) = (Crowd::new()?, Crowd::new()?);
    let began = Instant::now();
    gather(&mut of_plain, args.plain, "plain", middle.address, &plain)?;
    let plain_took = began.elapsed();
    // Until each was asked once: answers have their buffers, too.
    sleep(ENQUIRE_LINK + Duration::from_secs(1));
    let second = middle.usage().rss;
    let began = Instant::now();
    gather(&mut of_tls, args.tls, "tls", encrypted, &tls)?;
    let tls_took = began.elapsed();
    sleep(ENQUIRE_LINK + Duration::from_secs(1));
    let third = middle.usage().rss;
    let before = middle.usage().cpu_ns;
    sleep(Duration::from_secs(args.hold));
    let cpu = middle.usage().cpu_ns - before;
    let kind = |name, counts: Counts, took: Duration, bytes: u64, kib_max| Kind {
        name,
        binds: counts.bound,
        rate: counts.bound as f64 / took.as_secs_f64(),
        kib: bytes as f64 / 1_024.0 / counts.bound.max(1) as f64,
        kib_max,
        enquiries: counts.enquiries,
        not_asked: counts.bound - counts.asked,
        lost: counts.ended,
    };
    let kinds = [
        kind(
            "plain",
            of_plain.counts(),
            plain_took,
            second.saturating_sub(first),
            PLAIN_KIB_MAX,
        ),
        kind(
            "tls",
            of_tls.counts(),
            tls_took,
            third.saturating_sub(second),
            TLS_KIB_MAX,
        ),
    ];
    println!(
        "{:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>6}",
        "", "binds", "binds/s", "KiB each", "enquiries", "not asked", "lost"
    );
    for one in &kinds {
        println!(
            "{:>6} {:>7} {:>9.0} {:>9.1} {:>9} {:>9} {:>6}",
            one.name, one.binds, one.rate, one.kib, one.enquiries, one.not_asked, one.lost
        );
    }
    let binds = (args.plain + args.tls).max(1);
    println!(
        "{:.2} µs of CPU a second for each, asked every {} s",
        cpu as f64 / 1e3 / args.hold.max(1) as f64 / binds as f64,
        ENQUIRE_LINK.as_secs()
    );
    if let Some(path) = &args.json {
        std::fs::write(
            path,
            format!("{:#}\n", serde_json::json!({ "kinds": kinds })),
        )?;
    }
    drop((of_plain, of_tls));
    let sound = kinds.iter().all(Kind::is_sound);
    println!(
        "{}",
        if sound {
            "every bind stayed"
        } else {
            "NOT every bind stayed and took what it may"
        }
    );
    Ok(sound)
}

/// The name of one of the accounts of this kind.
fn name(kind: &str, number: u64) -> String {
    format!("{kind}{number}")
}

/// So many binds, of one account after the other.
fn gather(
    crowd: &mut Crowd,
    binds: u64,
    kind: &str,
    address: SocketAddr,
    login: &Login,
) -> io::Result<()> {
    for number in 0..binds.div_ceil(PER_ACCOUNT) {
        let login = Login {
            system_id: name(kind, number),
            ..login.clone()
        };
        let count = PER_ACCOUNT.min(binds - number * PER_ACCOUNT);
        crowd.grow(count, address, &login, PATIENCE)?;
    }
    Ok(())
}

fn config(args: &Args, plain: &str, encrypted: &str, folder: &Path) -> String {
    let key = KeyPair::generate().expect("a key is made");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.self_signed(&key))
        .expect("a certificate is made");
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the folder is ours");
        path
    };
    let certificate = file("gw.pem", certificate.pem());
    let key = file("gw.key", key.serialize_pem());
    let data = folder.join("data");
    let accounts = |kind: &str, binds: u64| {
        let numbers = 0..binds.div_ceil(PER_ACCOUNT).max(1);
        let account = |number| {
            format!(
                "[[account]]\nsystem_id = {:?}\npassword = \"secret\"\nbinds = {PER_ACCOUNT}\n\
                 enquire_link = \"{}s\"\n\n",
                name(kind, number),
                ENQUIRE_LINK.as_secs()
            )
        };
        numbers.map(account).collect::<String>()
    };
    format!(
        "[gateway]\ndata_dir = {data:?}\njournal = \"memory\"\n\n\
         [[listener]]\nname = \"plain\"\naddress = \"{plain}\"\nconnections_per_address = 20000\n\n\
         [[listener]]\nname = \"tls\"\naddress = \"{encrypted}\"\nconnections_per_address = 20000\n\
         tls = {{ certificate = {certificate:?}, key = {key:?} }}\n\n{}{}",
        accounts("plain", args.plain),
        accounts("tls", args.tls),
    )
}
