//! What the gateway has put aside, as it shows it to those who ask: the messages that its dead letters
//! are about.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;

/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Letters in one answer, and answers that are read: more letters than the gateway keeps.
const LETTERS: usize = 1_000;
const ANSWERS_MAX: usize = 20;

#[derive(Deserialize)]
struct Portion {
    dead_letters: Vec<Letter>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Letter {
    address: String,
}

/// The numbers of the messages that dead letters are about: the last nine digits of their addresses.
pub fn numbers(admin: SocketAddr) -> io::Result<HashSet<u64>> {
    let mut numbers = HashSet::new();
    let mut next = None;
    for _ in 0..ANSWERS_MAX {
        let after: String = next.map_or_else(String::new, |next| format!("&after={next}"));
        let body = ask(admin, &format!("/v1/dead-letters?limit={LETTERS}{after}"))?;
        let portion: Portion = serde_json::from_str(&body)?;
        numbers.extend(portion.dead_letters.iter().filter_map(|letter| {
            let address = &letter.address;
            let digits = address.get(address.len().checked_sub(9)?..)?;
            digits.parse::<u64>().ok()
        }));
        next = portion.next;
        if next.is_none() {
            return Ok(numbers);
        }
    }
    Err(io::Error::other(
        "there are more dead letters than are kept",
    ))
}

fn ask(admin: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&admin, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => {
            let line = answer.lines().next().unwrap_or_default();
            Err(io::Error::other(format!("{path}: {line}")))
        }
    }
}
