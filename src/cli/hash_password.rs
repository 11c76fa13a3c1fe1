//! `smppgate hash-password`: the hash of a password, to be written into the config.

use crate::esme::Hash;
use clap::Args as Arguments;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Octets of the longest password that a bind PDU may bring.
const PASSWORD_MAX: usize = 64;

/// Read a password from standard input and print its argon2id hash, for `password_hash` of an
/// account. A line end behind the password is no part of it.
#[derive(Debug, Arguments)]
#[command(after_help = "Example:\n  printf %s 'secret' | smppgate hash-password")]
pub struct Args {}

/// Prints the hash. Fails if the password could never be shown in a bind.
pub fn run(_: &Args) -> ExitCode {
    match hashed(io::stdin().lock()) {
        Ok(hash) => match writeln!(io::stdout(), "{hash}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(reason) => {
            let _ = writeln!(io::stderr(), "failed to hash the password: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn hashed(input: impl Read) -> Result<String, String> {
    let mut password = Vec::new();
    // Two more for the line end, and one to see that there is more.
    let mut input = input.take(PASSWORD_MAX as u64 + 3);
    input
        .read_to_end(&mut password)
        .map_err(|error| error.to_string())?;
    if password.last() == Some(&b'\n') {
        password.pop();
    }
    if password.last() == Some(&b'\r') {
        password.pop();
    }
    if password.is_empty() {
        return Err("it is empty; write it to standard input".to_owned());
    }
    if password.len() > PASSWORD_MAX {
        return Err(format!("it has more than {PASSWORD_MAX} octets"));
    }
    if password.iter().any(u8::is_ascii_control) {
        return Err("it holds a control character, for example a line end".to_owned());
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
    let hash = Hash::of(&password, &salt).ok_or("it cannot be hashed")?;
    Ok(hash.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_password_without_its_line_end() {
        let text = hashed(&b"secret\n"[..]).unwrap();
        assert!(Hash::read(&text).unwrap().is_of(b"secret"));
        assert_ne!(hashed(&b"secret"[..]).unwrap(), text, "the salt is random");
        assert!(hashed(&b"\n"[..]).is_err());
        assert!(hashed(&b"se\ncret"[..]).is_err());
        assert!(hashed(&[b'x'; 65][..]).is_err());
        assert!(hashed(&[b'x'; 64][..]).is_ok());
    }
}
