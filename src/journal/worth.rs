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
        self.dead_since += found;
    }

    /// A segment was removed, and so many octets of it were of no use. The log is being written in
    /// the other one.
    pub fn removed(&mut self, number: u32, gained: u64, writing: u32) {
        self.dead = self.dead.saturating_sub(gained);
        let end = *self.lap_end.get_or_insert(writing);
        if number >= end {
            self.dead = self.dead_since;
            self.dead_since = 0;
            self.lap_end = Some(writing);
        }
    }
}
