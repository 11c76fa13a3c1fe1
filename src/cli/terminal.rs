//! What a command writes, for as long as somebody reads it.
//!
//! `smppgate … | head` ends the reading before the writing. That is no fault of the command: what
//! it has left to say is not said, and its exit code is what it would have been.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a line to standard output.
///
/// The error is that it cannot be kept, on a full disk for example; a reader that has gone is none.
pub fn print(line: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to standard error; there is nobody left to be told if that fails.
pub fn warn(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
