//! How a simulated carrier takes binds, and which it holds for bound.

use std::time::Duration;

use smppgate_codec::code::{Command, Status};

use super::binds::Bound;

/// How binds are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BindHabits {
    /// bind_transceiver is a command that it does not know, as in version 3.3.
    pub no_transceiver: bool,
    /// Its responses lack sc_interface_version.
    pub without_version: bool,
    /// A system_id may be bound once of each kind, and counts as bound for this long after its
    /// connection was lost.
    pub once: Option<Duration>,
}

/// The binds that count as such.
#[derive(Default)]
pub(super) struct Admission(Vec<Held>);

struct Held {
    bound: Bound,
    /// When it is let go; `None` while its connection stands.
    until: Option<u64>,
}

impl BindHabits {
    /// The status that these habits refuse a command with, if they do.
    pub(super) fn refuse(&self, command: Command) -> Option<Status> {
        let is_unknown = self.no_transceiver && command == Command::BIND_TRANSCEIVER;
        is_unknown.then_some(Status::ESME_RINVCMDID)
    }
}

impl Admission {
    /// Whether there is a bind like this one.
    pub fn is_bound(&mut self, bound: Bound, now: u64) -> bool {
        self.0
            .retain(|held| held.until.is_none_or(|until| until > now));
        self.0.iter().any(|held| held.bound == bound)
    }

    /// A bind stands.
    pub fn hold(&mut self, bound: Bound) {
        self.0.push(Held { bound, until: None });
    }

    /// The connection of a bind has ended; it counts until then.
    pub fn let_go(&mut self, bound: Bound, until: u64) {
        let held = self.0.iter_mut();
        let mut held = held.filter(|held| held.bound == bound && held.until.is_none());
        if let Some(held) = held.next() {
            held.until = Some(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_bind_counts_for_a_while() {
        let bound = |group| Bound {
            group,
            submits: true,
            receives: true,
        };
        let mut admission = Admission::default();
        admission.hold(bound(0));
        assert!(admission.is_bound(bound(0), 100));
        assert!(!admission.is_bound(bound(1), 100));
        admission.let_go(bound(0), 200);
        assert!(admission.is_bound(bound(0), 199));
        assert!(!admission.is_bound(bound(0), 200));
    }
}
