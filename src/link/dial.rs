//! Connections that we make.

use super::stream;
use std::io;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to `address` (host and port). The name is resolved anew each time, and each of the
/// addresses that it stands for is tried in turn.
pub async fn dial(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for resolved in lookup_host(address).await? {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(resolved)).await {
            Ok(Ok(connected)) => {
                stream::prepare(&connected)?;
                return Ok(connected);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
