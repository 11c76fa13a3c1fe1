//! Connections that we make.

use super::tls::ClientTls;
use super::{Stream, stream};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// How long one address may take to answer, and then to shake hands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to `address` (host and port), from `local` if it is given. The name is resolved anew
/// each time, and each of the addresses that it stands for is tried in turn.
pub async fn dial(
    address: &str,
    local: Option<IpAddr>,
    tls: Option<&ClientTls>,
) -> io::Result<Stream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for resolved in lookup_host(address).await? {
        if local.is_some_and(|local| local.is_ipv4() != resolved.is_ipv4()) {
            last = io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "the carrier has no address of the kind of local_address",
            );
            continue;
        }
        match shake_hands(resolved, local, tls).await {
            Ok(connected) => return Ok(connected),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn shake_hands(
    address: SocketAddr,
    local: Option<IpAddr>,
    tls: Option<&ClientTls>,
) -> io::Result<Stream> {
    let connected = timeout(CONNECT_TIMEOUT, connect(address, local))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream::prepare(&connected)?;
    let Some(tls) = tls else {
        return Ok(Stream::Plain(connected));
    };
    match timeout(CONNECT_TIMEOUT, tls.connect(connected)).await {
        Ok(encrypted) => encrypted.map_err(io::Error::other),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer did not finish the TLS handshake in time",
        )),
    }
}

async fn connect(address: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(local) = local else {
        return TcpStream::connect(address).await;
    };
    let socket = if local.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(local, 0))?;
    socket.connect(address).await
}
