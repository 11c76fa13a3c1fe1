//! Single values of a simulated carrier, as people write them.

use std::net::{SocketAddr, ToSocketAddrs};

use smppgate_codec::code::Status;

/// NAME=VALUE.
pub fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .ok_or_else(|| format!("{text}: not of the form NAME=VALUE"))
}

/// An error status by name or number.
pub fn status(text: &str) -> Result<Status, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    Status::from_name(text)
        .or(number.map(Status))
        .filter(|status| !status.is_ok())
        .ok_or_else(|| format!("{text}: not the name or number of an error status"))
}

/// A share between 0 and 1.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text}: not a share between 0 and 1")),
    }
}

/// The sum of shares of which each message can have one at most.
pub fn together_at_most_one(sum: f64) -> Result<(), String> {
    // Ten times 0.1 is a little more than 1.
    match sum <= 1.0 + 1e-9 {
        true => Ok(()),
        false => Err(format!(
            "the shares are {} together; write shares that are 1 at most",
            (sum * 1e6).round() / 1e6
        )),
    }
}

/// Messages per second.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1e8).contains(&rate) => Ok(rate),
        _ => Err("not a number of messages per second".into()),
    }
}

/// STATUS=SHARE.
pub fn error(text: &str) -> Result<(Status, f64), String> {
    let (name, part) = pair(text)?;
    Ok((status(name)?, share(part)?))
}

/// PREFIX=STATUS.
pub fn refusal(text: &str) -> Result<(String, Status), String> {
    let (prefix, name) = pair(text)?;
    Ok((prefix.to_owned(), status(name)?))
}

/// The first address of host:port.
pub fn listen(text: &str) -> std::io::Result<SocketAddr> {
    text.to_socket_addrs()?
        .next()
        .ok_or_else(|| std::io::Error::other("has no address"))
}
