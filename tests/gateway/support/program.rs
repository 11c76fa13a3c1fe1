//! The program itself: a process that can be given limits, and is watched from outside.

use super::front::Front;
use super::peer::PATIENCE;
use smppgate::rig::middle::{Middle, free_address};
use std::fs;
use std::net::TcpStream;
use std::ops::Deref;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Starts of which all but the last may find that somebody else has taken the port by now.
const STARTS: usize = 5;

/// A gateway that runs as a process of its own and ends with this.
pub struct Program {
    middle: Middle,
    front: Front,
}

/// How the program is started.
#[derive(Default)]
pub struct Start<'a> {
    /// What the shell does before, for example `ulimit -n 256`.
    pub before: &'a str,
    /// Options of `smppgate run`.
    pub options: &'a str,
    /// Keys of its listener.
    pub listener: &'a str,
    /// Tables of its config.
    pub parts: &'a [String],
}

impl Program {
    pub fn start(how: &Start<'_>) -> Self {
        let started = (0..STARTS).find_map(|_| Self::try_start(how).ok());
        started.unwrap_or_else(|| match Self::try_start(how) {
            Ok(program) => program,
            Err(log) => panic!("the program does not start: {log}"),
        })
    }

    /// What it says if it ends at once.
    fn try_start(how: &Start<'_>) -> Result<Self, String> {
        let admin = free_address().unwrap();
        let (before, options, listener) = (how.before, how.options, how.listener);
        let script = format!("{before}\nexec \"$0\" run {options} --config \"$1\"");
        let arguments = ["-c", &script, env!("CARGO_BIN_EXE_smppgate")];
        let middle = Middle::start(Path::new("sh"), &arguments, |address, folder| {
            let data = folder.join("data");
            let parts = how.parts.concat();
            format!(
                "[gateway]\ndata_dir = {data:?}\njournal = \"memory\"\nworkers = 2\n\
                 [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n{listener}\n\
                 [admin]\naddress = \"{admin}\"\n{parts}"
            )
        })
        .unwrap();
        let program = Self {
            front: Front::new(middle.address, admin),
            middle,
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(admin).is_err() {
            if program.middle.usage().rss == 0 {
                return Err(program.log());
            }
            assert!(Instant::now() < deadline, "{}", program.log());
            thread::sleep(Duration::from_millis(5));
        }
        Ok(program)
    }

    pub fn id(&self) -> u32 {
        self.middle.id()
    }

    /// The most octets that it has had in memory so far.
    pub fn memory_peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        peak.expect("a number").parse::<u64>().unwrap() * 1_024
    }

    /// Octets that it has in memory now.
    pub fn memory(&self) -> u64 {
        let rss = self.middle.usage().rss;
        assert_ne!(rss, 0, "it has ended: {}", self.log());
        rss
    }

    /// Files and sockets that it has open.
    pub fn descriptors(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.id()));
        open.expect("it runs").count()
    }

    /// All that it has said so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.middle.folder().join("log")).unwrap();
        String::from_utf8(log).expect("the log is a text")
    }
}

impl Deref for Program {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}
