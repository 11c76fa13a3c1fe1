//! When it is worth while to carry on: an estimate of how much of the log is of no use any more.
//!
//! How long each life is on the disk is not known, but how many have ended is, and how long one is on
//! the average. That is wrong where those that end early are of another length than those that stay;
//! so what was estimated counts for one lap at most: once all segments that were there have been
//! carried on, only what has ended since is of no use. Whatever the lives are like, nothing is
//! carried on again and again for nothing.

use super::head::Written;

/// With fewer closed segments than this, what is of no use may stay: they take little, and carrying on
/// costs the more the less of them has ended.
const SEGMENTS_FEW: u64 = 4;

/// More closed segments than this, and than twice what their octets would fill, are left by many short
/// runs: each holds little.
const SEGMENTS_MANY: u64 = 16;

/// How the log is.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// What was written in all.
    pub written: Written,
    /// Lives that have not ended.
    pub held: u64,
    /// The number of the segment that is written to.
    pub writing: u32,
    /// Segments that are not written to any more, and their octets.
    pub closed: u64,
    /// Octets of them.
    pub closed_octets: u64,
    /// Octets of all segments.
    pub octets: u64,
    /// What all segments may take.
    pub octets_max: u64,
    /// Octets of a segment.
    pub segment_octets: u64,
    /// No further segment can be made ready.
    pub is_tight: bool,
    /// What is kept for the ends of what has begun is being used.
    pub is_pressed: bool,
}

/// What is estimated.
#[derive(Debug, Default)]
pub struct Worth {
    /// Lives that have ended, as far as they are in the estimate.
    ended: Option<u64>,
    /// Octets that are of no use.
    dead: u64,
    /// Those of them that were found since the lap has begun, and the segment with which it ends.
    dead_since: u64,
    lap_end: Option<u32>,
}

impl Worth {
    /// Whether the oldest segment is worth to be carried on.
    pub fn is_there(&mut self, extent: &Extent) -> bool {
        self.look(extent);
        let Extent {
            closed,
            closed_octets,
            segment_octets,
            ..
        } = *extent;
        let dead = self.dead;
        // As large as the log is, it costs the more to gain a segment the less of it is of no use.
        let is_half = closed >= SEGMENTS_FEW && dead > closed_octets / 2;
        let is_large = extent.octets > extent.octets_max / 4 * 3 && dead > closed_octets / 8;
        let is_tight = extent.is_tight && dead > (segment_octets / 4).max(closed_octets / 256);
        let is_pressed = extent.is_tight && extent.is_pressed && dead > 0;
        let is_many = closed > SEGMENTS_MANY + closed_octets.div_ceil(segment_octets) * 2;
        closed > 0 && (is_half || is_large || is_tight || is_pressed || is_many)
    }

    fn look(&mut self, extent: &Extent) {
        let Written { mains, octets } = extent.written;
        let ended = mains.saturating_sub(extent.held);
        let average = octets.checked_div(mains).unwrap_or_default();
        let found = match self.ended {
            // Ends without what they ended are of no use, either.
            None => octets.saturating_sub(extent.held * average),
            Some(before) => ended.saturating_sub(before) * average,
        };
        self.ended = self.ended.max(Some(ended));
        self.dead += found;
        // The first lap has not begun yet when it is looked at for the first time.
        match self.lap_end {
            Some(_) => self.dead_since += found,
            None => self.lap_end = Some(extent.writing),
        }
    }

    /// A segment was removed, and so many octets of it were of no use. The log is being written in
    /// the other one.
    pub fn removed(&mut self, number: u32, gained: u64, writing: u32) {
        self.dead = self.dead.saturating_sub(gained);
        if self.lap_end.is_none_or(|end| number >= end) {
            self.dead = self.dead_since;
            self.dead_since = 0;
            self.lap_end = Some(writing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of segments of 1,000 octets and lives of 100.
    fn extent(closed: u64, mains: u64, held: u64) -> Extent {
        Extent {
            written: Written {
                mains,
                octets: mains * 100,
            },
            held,
            writing: 21,
            closed,
            closed_octets: closed * 1_000,
            octets: (closed + 4) * 1_000,
            octets_max: 100_000,
            segment_octets: 1_000,
            is_tight: false,
            is_pressed: false,
        }
    }

    #[test]
    fn what_is_half_of_no_use_is_carried_on_and_what_is_held_is_not() {
        for (closed, mains, held, expected) in [
            (10, 100, 40, true),
            (10, 100, 60, false),
            (10, 100, 100, false),
            (3, 30, 0, false),
            (0, 0, 0, false),
        ] {
            let worth = Worth::default().is_there(&extent(closed, mains, held));
            assert_eq!(worth, expected, "{closed} closed, {held} of {mains} held");
        }
    }

    #[test]
    fn near_the_bound_and_on_a_full_disk_less_is_enough() {
        let large = |mains, held| Worth::default().is_there(&extent(80, mains, held));
        assert!(large(800, 690) && !large(800, 710));
        let tight = |held| Extent {
            is_tight: true,
            ..extent(10, 100, held)
        };
        assert!(Worth::default().is_there(&tight(97)) && !Worth::default().is_there(&tight(98)));
        let pressed = |held| Extent {
            is_pressed: true,
            ..tight(held)
        };
        assert!(
            Worth::default().is_there(&pressed(99)) && !Worth::default().is_there(&pressed(100))
        );
    }

    #[test]
    fn many_short_runs_do_not_leave_many_files() {
        let short = |closed| Extent {
            closed_octets: closed * 64,
            ..extent(closed, 10, 10)
        };
        assert!(!Worth::default().is_there(&short(10)) && Worth::default().is_there(&short(30)));
    }

    #[test]
    fn an_estimate_that_is_wrong_costs_one_lap() {
        // All seems to be of no use, and nothing is: those that stay are the long ones.
        let mut worth = Worth::default();
        let extent = extent(20, 200, 2);
        for number in 1..=21 {
            assert!(worth.is_there(&extent), "before segment {number}");
            worth.removed(number, 0, 42);
        }
        assert!(!worth.is_there(&extent));
        // As many more have ended.
        let more = Extent {
            written: Written {
                mains: 400,
                octets: 40_000,
            },
            ..extent
        };
        assert!(worth.is_there(&more));
    }
}
