//! A place in the log.

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u32,
    /// Octets from its beginning.
    pub offset: u32,
}
