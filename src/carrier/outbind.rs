//! A carrier that calls us: its outbind is checked, and we bind on the connection that it has made
//! (SMPP 3.4 §2.2.1, §4.1.7).

use super::account::Outbind;
use crate::link::accept;
use bytes::BytesMut;
use smppgate_codec::code::Command;
use smppgate_codec::frame;
use smppgate_codec::pdu;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// From the connection to the whole outbind.
const OUTBIND_TIMEOUT: Duration = Duration::from_secs(5);

/// Callers that are listened to at one time; others wait in the kernel.
const CALLERS_MAX: usize = 16;

/// Where one carrier calls us; all binds that are kept up with it wait here in turn.
pub struct Door {
    settings: Arc<Outbind>,
    socket: Mutex<Option<TcpListener>>,
}

impl Door {
    /// A door that is opened when somebody first waits at it.
    pub fn new(settings: Outbind) -> Self {
        Self {
            settings: Arc::new(settings),
            socket: Mutex::default(),
        }
    }

    /// The next connection on which the carrier has shown who it is.
    pub async fn next(&self) -> io::Result<TcpStream> {
        let mut socket = self.socket.lock().await;
        let socket = match &mut *socket {
            Some(socket) => socket,
            none => none.insert(accept::listen(self.settings.address)?),
        };
        let mut callers = JoinSet::new();
        loop {
            tokio::select! {
                (stream, _) = accept::next(socket), if callers.len() < CALLERS_MAX => {
                    callers.spawn(timeout(OUTBIND_TIMEOUT, heard(stream, self.settings.clone())));
                }
                Some(caller) = callers.join_next() => {
                    if let Ok(Ok(Some(stream))) = caller {
                        return Ok(stream);
                    }
                    // It is closed without a word.
                    tracing::warn!(address = %self.settings.address, "a caller sent no outbind of the carrier");
                }
            }
        }
    }
}

/// The connection, if its first PDU is the outbind that we expect, and nothing follows it.
async fn heard(mut stream: TcpStream, expected: Arc<Outbind>) -> Option<TcpStream> {
    let mut octets = BytesMut::with_capacity(256);
    loop {
        if let Some(frame) = frame::next(&octets, frame::LENGTH_MAX_UNBOUND).ok()? {
            if frame.header.command != Command::OUTBIND || frame.octets.len() < octets.len() {
                return None;
            }
            let shown = pdu::Outbind::decode(&frame).ok()?;
            let knows = shown.password.ct_eq(&expected.password.0);
            let is_it = shown.system_id.ct_eq(expected.system_id.as_bytes()) & knows;
            return bool::from(is_it).then_some(stream);
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    }
}
