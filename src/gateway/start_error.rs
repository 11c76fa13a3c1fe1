//! Why a gateway could not be started.

use crate::journal::OpenError;
use crate::journal::names::NamesError;
use std::io;
use std::net::SocketAddr;

/// A gateway that could not be started, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be opened.
    #[error("failed to listen on {address} for {name}: {source}{hint}")]
    Listen {
        /// What for.
        name: String,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
        /// What could be done.
        hint: &'static str,
    },
    /// The routes do not compile.
    #[error("failed to build the routing table: {0}")]
    Routes(String),
    /// What is kept cannot be read.
    #[error("failed to {0}")]
    Journal(#[from] OpenError),
    /// What numbers mean in what is kept cannot be read or written.
    #[error("failed to {0}")]
    Names(#[from] NamesError),
    /// The operating system gives no random numbers.
    #[error("failed to get random numbers: {0}")]
    Random(getrandom::Error),
}
