//! A connected socket, and what every socket of ours is set to.

use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long written octets may stay unacknowledged before the kernel gives the connection up: a
/// peer that vanished without a FIN is noticed even while nothing is to be read.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Silence after which the kernel probes the peer; enquire_link is usually sooner.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Sets what every connection needs: small PDUs leave at once, dead peers are noticed.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))
}
