//! Connections that are made to us.

use super::{proxy, stream};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Connections that the kernel holds until we take them.
const BACKLOG: i32 = 1_024;

/// Pause after an accept that failed for want of descriptors or memory: those who are connected
/// go on, and the next attempt finds some freed.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Opens a listening socket.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The next connection, ready for use. What goes wrong with one connection is no reason to stop
/// taking others.
pub async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((connected, peer)) => {
                if stream::prepare(&connected).is_ok() {
                    return (connected, peer);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Reads the PROXY header with which the connection must begin, and nothing behind it. The address
/// is the peer's, if the balancer tells. Whoever waits for it sets its time.
pub async fn announced(stream: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut header = Vec::new();
    loop {
        match proxy::parse(&header).map_err(io::Error::other)? {
            proxy::Header::Whole(peer) => return Ok(peer),
            proxy::Header::More(count) => {
                let read = header.len();
                header.resize(read + count, 0);
                let got = stream.read(&mut header[read..]).await?;
                if got == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                header.truncate(read + got);
            }
        }
    }
}
