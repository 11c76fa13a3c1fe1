//! What stands between the load client and the simulated carrier: a process of its own, started for
//! a run, watched from outside and ended with it.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::esme::{Esme, Login};

/// Pause between two looks at a process that is starting or ending.
const PAUSE: Duration = Duration::from_millis(10);

/// Time that a process has to end by itself once it was asked to.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes in a page of /proc/PID/statm, as everywhere on the machines that this runs on.
const PAGE: u64 = 4_096;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A running process with a folder; the process goes when this is dropped, and the folder with it if
/// it was made for it.
pub struct Middle {
    child: Child,
    folder: PathBuf,
    keeps_folder: bool,
    /// Where it takes connections.
    pub address: SocketAddr,
}

/// CPU time and memory of a process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Nanoseconds that its threads have run, in user mode and in the kernel.
    pub cpu_ns: u64,
    /// Resident memory in bytes.
    pub rss: u64,
}

impl Middle {
    /// Starts `program` with a config file that `config` writes for the port that was chosen.
    ///
    /// `arguments` are followed by the path of that file. What the process says goes to the file
    /// `log` in its folder.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        config: impl FnOnce(SocketAddr, &Path) -> String,
    ) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!(
            "smppgate-rig-{}-{}",
            std::process::id(),
            FOLDERS.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let file = folder.join("config.toml");
        fs::write(&file, config(address, &folder))?;
        let child = command(program, arguments, &folder)?.spawn()?;
        Ok(Self {
            child,
            folder,
            keeps_folder: false,
            address,
        })
    }

    /// Starts `program` in a folder that stays, with the file `config.toml` that is there already;
    /// what the process before it said is in `log.before`.
    ///
    /// A Ctrl-C at the terminal does not reach it: whoever kills and starts processes ends them too.
    pub fn start_in(
        program: &Path,
        arguments: &[&str],
        folder: &Path,
        address: SocketAddr,
    ) -> io::Result<Self> {
        // The first process has none before it.
        let _ = fs::rename(folder.join("log"), folder.join("log.before"));
        let child = command(program, arguments, folder)?
            .process_group(0)
            .spawn()?;
        Ok(Self {
            child,
            folder: folder.to_owned(),
            keeps_folder: true,
            address,
        })
    }

    /// HAProxy in TCP mode with one thread in front of `carrier`.
    pub fn haproxy(carrier: SocketAddr) -> io::Result<Self> {
        Self::start(Path::new("haproxy"), &["-db", "-f"], |address, _| {
            format!(
                "global\n  nbthread 1\n  maxconn 1000\n\
                 defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  \
                 timeout server 1h\n\
                 listen smpp\n  bind {address}\n  server carrier {carrier}\n"
            )
        })
    }

    /// Waits until a bind stands, or the process ends, or `patience` is over.
    pub fn wait_for_bind(&mut self, login: &Login, patience: Duration) -> io::Result<()> {
        let ended = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!(
                    "ended with {status}: {}",
                    self.log()
                )));
            }
            match Esme::dial(self.address, login, patience) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() >= ended => {
                    return Err(io::Error::other(format!("{error}: {}", self.log())));
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// The last lines that the process has said.
    pub fn log(&self) -> String {
        let text = fs::read(self.folder.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join(" | ")
    }

    /// Its CPU time and memory now.
    pub fn usage(&self) -> Usage {
        usage(self.child.id())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its folder, in which its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills the process at once.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Asks the process to end.
    pub fn ask_to_end(&self) {
        if let Some(id) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            // It may have ended already.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
    }

    /// Waits until the process has ended; `None` if it has not within `patience`.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let ended = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= ended {
                return Ok(None);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Asks the process to end, and waits until it has; `false` if it had to be killed.
    pub fn end(&mut self) -> bool {
        self.ask_to_end();
        if !matches!(self.wait(END_PATIENCE), Ok(None)) {
            return true;
        }
        // It did not end by itself: there is nobody left to tell if this fails too.
        let _ = self.kill();
        false
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.end();
        if !self.keeps_folder {
            // A folder that is left in the temporary directory does no harm.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A process that writes what it says to the file `log` of its folder.
fn command(program: &Path, arguments: &[&str], folder: &Path) -> io::Result<Command> {
    let log = fs::File::create(folder.join("log"))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(folder.join("config.toml"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

/// CPU time and memory of a process by its id; zero for what cannot be read.
pub fn usage(id: u32) -> Usage {
    let mut cpu_ns = 0;
    // The scheduler's own account is exact to the nanosecond; the ticks of /proc/PID/stat are
    // sampled, and miss threads that sleep and wake between them.
    for task in fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        cpu_ns += text
            .split(' ')
            .next()
            .and_then(|run| run.parse::<u64>().ok())
            .unwrap_or(0);
    }
    if cpu_ns == 0 {
        cpu_ns = ticks(id) * 10_000_000;
    }
    let statm = fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    Usage {
        cpu_ns,
        rss: pages.unwrap_or(0) * PAGE,
    }
}

/// Hundredths of a second that a process has run, for kernels without the scheduler's account.
fn ticks(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name may hold blanks and brackets: the fields begin behind its last bracket.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}

/// How busy the whole machine has been: tells a quiet run from one that others disturbed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Machine {
    busy: u64,
    total: u64,
}

impl Machine {
    /// The counts since the machine started, in ticks.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let first = stat.lines().next().unwrap_or_default();
        let fields: Vec<u64> = first
            .split_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|f| f.parse().ok())
            .collect();
        let idle: u64 = fields.iter().skip(3).take(2).sum();
        let total: u64 = fields.iter().sum();
        Self {
            busy: total - idle,
            total,
        }
    }

    /// The share of all processors, 0 to 1, that was busy with other things than `ours_ns`.
    pub fn others_since(&self, before: &Self, ours_ns: u64) -> f64 {
        let total = self.total.saturating_sub(before.total).max(1) as f64;
        let busy = self.busy.saturating_sub(before.busy) as f64;
        ((busy - ours_ns as f64 / 1e7) / total).max(0.0)
    }
}

/// Loopback addresses that stay free while nobody listens on them: their ports are none of those that
/// the system gives to connections. Such a connection could otherwise take one, or even reach itself.
pub fn lasting_addresses<const COUNT: usize>() -> io::Result<[SocketAddr; COUNT]> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut bounds = range
        .split_whitespace()
        .map_while(|bound| bound.parse().ok());
    let low = bounds.next().unwrap_or(32_768u16);
    let high = bounds.next().unwrap_or(60_999);
    // Those who begin at the same time look in different places.
    let begin = (std::process::id() % 10_000) as u16;
    let listeners: Vec<TcpListener> = (begin..begin + 10_000)
        .map(|place| 15_000 + place)
        .filter(|port| !(low..=high).contains(port))
        .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .take(COUNT)
        .collect();
    let addresses: Vec<SocketAddr> = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<io::Result<_>>()?;
    addresses
        .try_into()
        .map_err(|_| io::Error::other("too few ports are free outside of those for connections"))
}

/// A loopback address that nobody listens on at this moment.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}
