//! The rules: each takes sources and tells what is wrong in them.

use crate::source::Source;
use crate::text::{lines_that_say, paths, tokens, without};

/// The floors from the bottom up. A room may use what lies on a floor below its own.
pub const FLOORS: [&[&str]; 10] = [
    &["moment", "lately", "sabotage"],
    &["session", "message"],
    &["link", "journal", "route", "receipt"],
    &["esme", "carrier", "rig"],
    &["flow"],
    &["admin"],
    &["config"],
    &["gateway"],
    &["cli"],
    &["main"],
];

/// Judges the gateway, so it must not be made of it: it uses the codec alone.
pub const ALONE: &str = "rig";

/// Rooms whose values open nothing, start nothing, ask no clock, roll no dice and write no log.
pub const PURE: [&str; 7] = [
    "codec", "moment", "lately", "message", "session", "route", "receipt",
];

/// What a pure room never says.
pub const WORLD: [&str; 13] = [
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
    "thread::sleep",
    "tokio",
    "Instant",
    "SystemTime",
    "rand",
    "tracing",
    "println",
    "eprintln",
    "socket2",
];

/// The only places with sockets, tasks and threads.
pub const WITH_SOCKETS: [&str; 9] = [
    "src/link/",
    "src/esme/server.rs",
    "src/carrier/keeper.rs",
    "src/carrier/outbind.rs",
    "src/journal/",
    "src/gateway.rs",
    "src/admin/",
    "src/cli/",
    "src/rig/",
];

/// What only those say.
pub const SOCKETS: [&str; 8] = [
    "tokio",
    "std::thread",
    "thread::spawn",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
    "socket2",
];

/// The longest file, tests included: what is longer holds a noun that has not been found yet.
pub const LINES_MAX: usize = 700;

/// Endings of names that say that the noun is not found yet.
pub const VAGUE: [&str; 6] = ["Manager", "Handler", "Processor", "Helper", "Util", "Utils"];

/// Marks of unfinished work and places on somebody's machine: neither belongs into the code.
pub const FOREIGN: [&str; 6] = ["TODO", "FIXME", "XXX", "/home/", "/root/", "/Users/"];

pub fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// Who uses whom: only what lies below.
pub fn arrows_that_run_up(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path != "src/lib.rs") {
        let room = source.room();
        let Some(own) = floor(room) else {
            findings.push(source.finding(1, &format!("the room {room} has no floor")));
            continue;
        };
        for (line, path) in paths(&source.code) {
            let used = match path.as_slice() {
                ["crate" | "smppgate", used, ..] if *used != room => *used,
                _ => continue,
            };
            let wrong = match floor(used) {
                None => format!("{room} uses {used}, which is no room"),
                Some(_) if room == ALONE => format!("{room} uses {used}: it stands on the codec"),
                Some(floor) if floor < own => continue,
                Some(_) => format!("{room} uses {used}, which is not below it"),
            };
            findings.push(source.finding(line, &wrong));
        }
    }
    findings
}

/// The codec can be used alone.
pub fn codec_that_uses_us(sources: &[Source]) -> Vec<String> {
    let uses = |source: &Source| {
        lines_that_say(&source.code, &["smppgate::"])
            .into_iter()
            .map(|(line, _)| source.finding(line, "the codec uses what stands on it"))
            .collect::<Vec<_>>()
    };
    sources.iter().flat_map(uses).collect()
}

/// A pure room is a value: bytes, events and the time go in.
pub fn world_in_pure_rooms(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|one| PURE.contains(&one.room())) {
        for (line, word) in lines_that_say(&source.code, &WORLD) {
            findings.push(source.finding(line, &format!("a pure room says {word}")));
        }
    }
    findings
}

/// Sockets, tasks and threads have their places.
pub fn sockets_elsewhere(sources: &[Source]) -> Vec<String> {
    let has_them = |one: &&Source| !WITH_SOCKETS.iter().any(|place| one.path.starts_with(place));
    let mut findings = Vec::new();
    for source in sources.iter().filter(has_them) {
        for (line, word) in lines_that_say(&source.body, &SOCKETS) {
            findings.push(source.finding(line, &format!("{word} has no place here")));
        }
    }
    findings
}

/// A promise of our own that is broken says which one; all else is an error that somebody answers.
pub fn unwraps(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        for (line, _) in lines_that_say(&source.body, &[".unwrap()"]) {
            findings.push(source.finding(line, "unwrap outside of tests"));
        }
    }
    findings
}

/// A file begins with the sentence that says what it is for, and has an end.
pub fn pages(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            findings.push(source.finding(lines, &format!("longer than {LINES_MAX} lines")));
        }
        let head: Vec<&str> = source
            .text
            .lines()
            .map_while(|line| line.strip_prefix("//! "))
            .collect();
        if head.is_empty() {
            findings.push(source.finding(1, "the first line is not a //! sentence"));
        } else if !head.join(" ").contains(['.', ':']) {
            findings.push(source.finding(1, "what stands at its head is not a sentence"));
        }
    }
    findings
}

/// A `mod.rs` is the title page of its folder.
pub fn logic_on_title_pages(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|one| one.path.ends_with("/mod.rs")) {
        // Tables of names are made by macros, and a macro has to stand before its tables.
        let body = without("macro_rules!", &source.body);
        for (line, _) in lines_that_say(&body, &["impl", "loop", "while", "match"]) {
            findings.push(source.finding(line, "logic on a title page"));
        }
    }
    findings
}

/// Names are nouns and verbs of the trade.
pub fn vague_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let tokens = tokens(&source.code);
        for pair in tokens.windows(2) {
            let [(_, keyword), (line, name)] = pair else {
                continue;
            };
            let vague = ["struct", "enum", "trait", "type"].contains(keyword)
                && VAGUE.iter().any(|ending| name.ends_with(ending));
            if vague || (*keyword == "fn" && name.starts_with("get_")) {
                findings.push(source.finding(*line, &format!("{name} is not a name of the trade")));
            }
        }
    }
    findings
}

/// Comments speak of the code that is there.
pub fn foreign_comments(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        for (line, comment) in source.comments.lines().enumerate() {
            let ticket = comment
                .match_indices('#')
                .any(|(at, _)| comment[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
            if ticket {
                findings.push(source.finding(line + 1, "a comment names a ticket"));
            }
            for word in FOREIGN.iter().filter(|word| comment.contains(**word)) {
                findings.push(source.finding(line + 1, &format!("a comment says {word}")));
            }
        }
    }
    findings
}
