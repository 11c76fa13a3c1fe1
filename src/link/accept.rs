//! Connections that are made to us.

use super::{proxy, stream};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Connections that the kernel holds until we take them.
const BACKLOG: i32 = 1_024;

/// Pause after an accept that failed for want of memory, or of a descriptor even to turn somebody
/// away with: those who are connected go on, and the next attempt finds some freed.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// From one line in the log about callers who could not be let in to the next.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// A listening socket.
#[derive(Debug)]
pub struct Entrance {
    socket: TcpListener,
    /// A descriptor that is given up for a moment when there is no other: who calls then is let in
    /// and closed at once, instead of waiting for what may never come.
    spare: Option<OwnedFd>,
    want: Want,
}

/// Callers who could not be let in, told together and not each.
#[derive(Debug, Default)]
struct Want {
    untold: u64,
    told: Option<Instant>,
}

/// Opens a listening socket.
pub fn listen(address: SocketAddr) -> io::Result<Entrance> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let spare = Some(socket.try_clone()?.into());
    Ok(Entrance {
        socket: TcpListener::from_std(socket.into())?,
        spare,
        want: Want::default(),
    })
}

impl Entrance {
    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection, ready for use. What goes wrong with one connection is no reason to stop
    /// taking others.
    pub async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok((connected, peer)) => {
                    if stream::prepare(&connected).is_ok() {
                        return (connected, peer);
                    }
                }
                Err(error) => {
                    if let Some(count) = self.want.count(Instant::now()) {
                        tracing::warn!(%error, count, "connections could not be accepted");
                    }
                    let has_turned_away = is_out_of_descriptors(&error) && self.turn_away().await;
                    if !has_turned_away {
                        sleep(EXHAUSTED_PAUSE).await;
                    }
                }
            }
        }
    }

    /// Lets a caller in with the spare descriptor, and closes. Whether that could be done.
    async fn turn_away(&mut self) -> bool {
        let has_spare = self.spare.take().is_some();
        // Whoever has gone by now is not waited for.
        let caller = poll_fn(|cx| Poll::Ready(self.socket.poll_accept(cx))).await;
        let is_turned_away = matches!(caller, Poll::Ready(Ok(_)));
        drop(caller);
        self.spare = self.socket.as_fd().try_clone_to_owned().ok();
        has_spare && is_turned_away
    }
}

impl Want {
    /// One more. How many have not been told of, if it is time to tell.
    fn count(&mut self, now: Instant) -> Option<u64> {
        self.untold += 1;
        if self.told.is_some_and(|told| now < told + TOLD_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_who_could_not_be_let_in_are_told_together() {
        let mut want = Want::default();
        let now = Instant::now();
        assert_eq!(want.count(now), Some(1), "the first at once");
        for _ in 0..1_000 {
            assert_eq!(want.count(now + TOLD_EVERY / 2), None);
        }
        assert_eq!(want.count(now + TOLD_EVERY), Some(1_001));
        assert_eq!(want.count(now + TOLD_EVERY), None);
        assert_eq!(want.count(now + TOLD_EVERY * 2), Some(2));
    }
}
