//! The program itself: a process that can be given limits, and is watched from outside.

use super::front::Front;
use super::house::until;
use super::peer::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
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
    listener: String,
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
            config(folder, &Front::new(address, admin), listener, how.parts)
        })
        .unwrap();
        let program = Self {
            front: Front::new(middle.address, admin),
            middle,
            listener: listener.to_owned(),
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

    /// Puts a config with other tables in force, and waits until it says so.
    pub fn reload(&self, parts: &[String]) {
        let folder = self.middle.folder();
        let text = config(folder, &self.front, &self.listener, parts);
        fs::write(folder.join("config.toml"), text).unwrap();
        let before = self.log().len();
        kill_process(Pid::from_raw(self.id() as i32).unwrap(), Signal::HUP).unwrap();
        until("the new config is in force", || {
            self.log()[before..].contains("the new configuration is in force")
        });
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

fn config(folder: &Path, front: &Front, listener: &str, parts: &[String]) -> String {
    let (data, address, admin) = (folder.join("data"), front.address(), front.admin());
    format!(
        "[gateway]\ndata_dir = {data:?}\njournal = \"memory\"\nworkers = 2\n\
         [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n{listener}\n\
         [admin]\naddress = \"{admin}\"\n{}",
        parts.concat()
    )
}

impl Deref for Program {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}
