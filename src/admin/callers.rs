//! Who looks in: a few at a time, and the one who came first gives way to a new one.
//!
//! HTTP has no deadlines here, and whoever opens connections and says nothing must not use up the
//! descriptors that ESMEs and carriers are served with.

use crate::link::Bell;
use crate::link::accept::Entrance;
use axum::serve::Listener;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connections at one time: those of a few that collect metrics and of people, with room to spare.
pub const CALLERS_MAX: usize = 16;

/// Takes callers in.
pub struct Callers {
    entrance: Entrance,
    /// Those who may still be there, the first who came in front.
    open: VecDeque<Weak<Bell>>,
}

/// The connection of one caller.
pub struct Caller {
    stream: TcpStream,
    /// Rings when it has to give way.
    bell: Arc<Bell>,
    has_to_go: bool,
}

impl Callers {
    /// Nobody has called yet.
    pub fn new(entrance: Entrance) -> Self {
        Self {
            entrance,
            open: VecDeque::new(),
        }
    }
}

impl Listener for Callers {
    type Io = Caller;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Caller, SocketAddr) {
        let (stream, peer) = self.entrance.next().await;
        self.open.retain(|bell| bell.strong_count() > 0);
        while self.open.len() >= CALLERS_MAX {
            let first = self.open.pop_front().and_then(|bell| bell.upgrade());
            first.inspect(|bell| bell.ring());
        }
        let bell = Arc::new(Bell::default());
        self.open.push_back(Arc::downgrade(&bell));
        let caller = Caller {
            stream,
            bell,
            has_to_go: false,
        };
        (caller, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.entrance.local_addr()
    }
}

impl Caller {
    fn gives_way(&mut self, cx: &Context<'_>) -> bool {
        self.has_to_go |= self.bell.look(cx);
        self.has_to_go
    }
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.gives_way(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Caller {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gives_way(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
