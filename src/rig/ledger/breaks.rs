//! The moments at which the gateway was killed, ended or came back: only across them may anything
//! come twice.

use std::fmt;

/// What happened to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakKind {
    /// It was killed.
    Killed,
    /// Its disk was cut off: what it did from here until it started again never happened for the
    /// process that starts then.
    Cut,
    /// It was asked to end, and asked again before it had: what is in flight may stay unknown.
    Hurried,
    /// It was asked to end and given time: nothing may come twice.
    Drained,
    /// It was started.
    Started,
}

/// A break with its time, and how often something went out again on account of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    pub at: u64,
    pub kind: BreakKind,
    pub sent_again: u64,
}

/// All breaks of a run, oldest first.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    all: Vec<Break>,
    /// Spans of time that the gateway does not know of: from a cut to the next start.
    limbo: Vec<(u64, u64)>,
}

impl BreakKind {
    /// Whether what was in flight may come again.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Self::Killed | Self::Cut | Self::Hurried)
    }
}

impl fmt::Display for BreakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "the gateway is killed",
            Self::Cut => "the power is cut",
            Self::Hurried => "the gateway is asked to end, twice",
            Self::Drained => "the gateway is asked to end",
            Self::Started => "the gateway is started",
        })
    }
}

impl Breaks {
    pub fn note(&mut self, at: u64, kind: BreakKind) {
        match (kind, self.limbo.last_mut()) {
            (BreakKind::Cut, _) => self.limbo.push((at, u64::MAX)),
            (BreakKind::Started, Some(last)) if last.1 == u64::MAX => last.1 = at,
            _ => {}
        }
        self.all.push(Break {
            at,
            kind,
            sent_again: 0,
        });
    }

    /// Whether this is a time that the gateway does not know of.
    pub fn is_limbo(&self, at: u64) -> bool {
        let next = self.limbo.partition_point(|&(_, until)| until <= at);
        self.limbo.get(next).is_some_and(|&(from, _)| from <= at)
    }

    /// The cut that this time, which is limbo, came after.
    pub fn limbo_before(&self, at: u64) -> u64 {
        let next = self.limbo.partition_point(|&(_, until)| until <= at);
        self.limbo.get(next).map_or(at, |&(from, _)| from)
    }

    /// The place of the first break between two times that leaves doubt.
    pub fn first_between(&self, from: u64, until: u64) -> Option<usize> {
        let first = self.all.partition_point(|one| one.at < from);
        self.between(from, until)
            .iter()
            .position(|one| one.kind.leaves_doubt())
            .map(|place| first + place)
    }

    /// The breaks between two times.
    pub fn between(&self, from: u64, until: u64) -> &[Break] {
        let first = self.all.partition_point(|one| one.at < from);
        let end = self.all.partition_point(|one| one.at <= until);
        self.all.get(first..end).unwrap_or_default()
    }

    /// Something went out again on account of the break at this place.
    pub fn count(&mut self, place: usize) {
        self.all[place].sent_again += 1;
    }

    pub fn all(&self) -> &[Break] {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_a_cut_and_the_next_start_is_limbo() {
        let mut breaks = Breaks::default();
        for (at, kind) in [
            (10, BreakKind::Started),
            (20, BreakKind::Killed),
            (25, BreakKind::Started),
            (30, BreakKind::Cut),
            (40, BreakKind::Started),
            (50, BreakKind::Cut),
        ] {
            breaks.note(at, kind);
        }
        let limbo: Vec<u64> = (0..60)
            .step_by(5)
            .filter(|&at| breaks.is_limbo(at))
            .collect();
        assert_eq!(limbo, [30, 35, 50, 55]);
    }

    #[test]
    fn only_some_breaks_leave_doubt() {
        let mut breaks = Breaks::default();
        breaks.note(10, BreakKind::Drained);
        breaks.note(20, BreakKind::Started);
        breaks.note(30, BreakKind::Hurried);
        assert_eq!(breaks.first_between(0, 29), None);
        assert_eq!(breaks.first_between(0, 30), Some(2));
        assert_eq!(breaks.first_between(30, 99), Some(2));
        assert_eq!(breaks.first_between(31, 99), None);
        assert_eq!(breaks.between(10, 20).len(), 2);
    }
}
