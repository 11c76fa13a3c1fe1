//! What one session may hold and how long it waits.

use super::event::Role;
use std::time::Duration;

/// What one session may hold and how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which side of the session we are.
    pub role: Role,
    /// Requests of ours that may be unanswered at once, [`WINDOW_MAX`](super::WINDOW_MAX) at most.
    pub window: u32,
    /// Requests of the peer that may be unanswered, at least 1: one more stops the reading, and
    /// twice as many are held where reading must go on.
    pub peer_window: u32,
    /// Message centre: from the connection to the whole bind PDU. ESME: from our bind to its
    /// response.
    pub bind_timeout: Duration,
    /// Message centre: from the bind PDU to the decision about it.
    pub decision_timeout: Duration,
    /// From a request of ours to its answer.
    pub response_timeout: Duration,
    /// Silence after which we ask whether the peer is there; zero is never.
    pub enquire_link: Duration,
    /// From our asking to anything that is heard of the peer.
    pub enquire_timeout: Duration,
    /// Time without a request other than enquire_link in either direction after which we unbind;
    /// zero is never.
    pub idle_timeout: Duration,
    /// Message centre: the most that an unbind waits until what the peer asked for is answered.
    pub answer_timeout: Duration,
    /// The most that each step of an unbind waits for: the answers that are due, and unbind_resp.
    pub unbind_timeout: Duration,
}

impl Settings {
    /// The usual settings of one side.
    pub fn new(role: Role) -> Self {
        let (bind, response) = match role {
            Role::Smsc => (5, 30),
            Role::Esme => (10, 60),
        };
        Self {
            role,
            window: 10,
            peer_window: 100,
            bind_timeout: Duration::from_secs(bind),
            decision_timeout: Duration::from_secs(30),
            response_timeout: Duration::from_secs(response),
            enquire_link: Duration::from_secs(30),
            enquire_timeout: Duration::from_secs(10),
            idle_timeout: Duration::ZERO,
            answer_timeout: Duration::from_secs(10),
            unbind_timeout: Duration::from_secs(5),
        }
    }
    /// The peer's window; one of nothing would never read anything.
    #[inline]
    pub(super) fn peer_window(&self) -> usize {
        self.peer_window.max(1) as usize
    }
}
