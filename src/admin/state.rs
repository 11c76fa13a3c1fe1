//! What can be looked at, and by whom.

use super::{Certificate, Guard};
use crate::carrier::Carrier;
use crate::esme::Server;
use crate::flow::Switchboard;
use crate::link::Clock;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What can be looked at, and by whom.
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// The heart of the gateway.
    pub board: Arc<Switchboard>,
    /// Who is connected.
    pub server: Arc<Server>,
    /// What is shown to peers, as it was when the configuration was last read.
    pub certificates: ArcSwap<Vec<Certificate>>,
    /// The settings of the carriers that are kept up, likewise.
    pub carriers: ArcSwap<Vec<Arc<Carrier>>>,
    /// Whom it is shown to.
    pub guard: Guard,
    /// Set once the gateway is on its way out.
    pub draining: AtomicBool,
}
