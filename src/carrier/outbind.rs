//! A carrier that calls us: its outbind is checked, and we bind on the connection that it has made
//! (SMPP 3.4 §2.2.1, §4.1.7).

use super::account::Outbind;
use crate::link::Stream;
use crate::link::accept::{self, Entrance};
use crate::link::tls::ServerTls;
use bytes::BytesMut;
use smppgate_codec::code::Command;
use smppgate_codec::frame;
use smppgate_codec::pdu;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// From the connection to the whole outbind, with the TLS handshake.
const OUTBIND_TIMEOUT: Duration = Duration::from_secs(5);

/// Callers that are listened to at one time; others wait in the kernel.
pub const CALLERS_MAX: usize = 16;

/// Where one carrier calls us; all binds that are kept up with it wait here in turn.
pub struct Door {
    settings: Arc<Outbind>,
    /// What is in force for the next call.
    tls: watch::Receiver<Option<ServerTls>>,
    hall: Mutex<Option<Hall>>,
}

/// Who has come in, and is kept there for the next bind when the first of them is let through.
struct Hall {
    entrance: Entrance,
    callers: JoinSet<(SocketAddr, Result<Stream, String>)>,
}

impl Door {
    /// A door that is opened when somebody first waits at it.
    pub fn new(settings: Outbind, tls: watch::Receiver<Option<ServerTls>>) -> Self {
        Self {
            settings: Arc::new(settings),
            tls,
            hall: Mutex::default(),
        }
    }

    /// The next connection on which the carrier has shown who it is.
    pub async fn next(&self) -> io::Result<Stream> {
        let mut hall = self.hall.lock().await;
        let Hall { entrance, callers } = match &mut *hall {
            Some(hall) => hall,
            none => none.insert(Hall {
                entrance: accept::listen(self.settings.address)?,
                callers: JoinSet::new(),
            }),
        };
        loop {
            tokio::select! {
                (stream, caller) = entrance.next(), if callers.len() < CALLERS_MAX => {
                    let tls = self.tls.borrow().clone();
                    let expected = self.settings.clone();
                    callers.spawn(async move {
                        let heard = timeout(OUTBIND_TIMEOUT, heard(stream, tls, expected)).await;
                        (caller, heard.unwrap_or_else(|_| Err("it said too little in time".into())))
                    });
                }
                Some(Ok((caller, heard))) = callers.join_next() => match heard {
                    Ok(stream) => return Ok(stream),
                    // It is closed without a word.
                    Err(reason) => tracing::warn!(
                        address = %self.settings.address, %caller, reason,
                        "a caller is not the carrier"
                    ),
                }
            }
        }
    }
}

/// The connection, if its first PDU is the outbind that we expect, and nothing follows it.
async fn heard(
    stream: TcpStream,
    tls: Option<ServerTls>,
    expected: Arc<Outbind>,
) -> Result<Stream, String> {
    let mut stream = match tls {
        None => Stream::Plain(stream),
        Some(tls) => {
            let shaken = tls.accept(stream).await;
            shaken.map_err(|error| error.to_string())?
        }
    };
    let mut octets = BytesMut::with_capacity(256);
    loop {
        let found = frame::next(&octets, frame::LENGTH_MAX_UNBOUND);
        if let Some(frame) = found.map_err(|error| error.to_string())? {
            if frame.header.command != Command::OUTBIND || frame.octets.len() < octets.len() {
                return Err("it sent something else than an outbind".into());
            }
            let shown = pdu::Outbind::decode(&frame).map_err(|error| error.to_string())?;
            let knows = shown.password.ct_eq(&expected.password.0);
            let is_it = shown.system_id.ct_eq(expected.system_id.as_bytes()) & knows;
            return match bool::from(is_it) {
                true => Ok(stream),
                false => Err("it showed another system_id or password".into()),
            };
        }
        let read = stream.read_buf(&mut octets).await;
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("it hung up".into());
        }
    }
}
