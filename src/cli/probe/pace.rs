//! How much a carrier takes: whether what it throttles is too much at one time, or too much in a
//! second.
//!
//! A carrier with a window refuses while others are unanswered, and takes the same messages one
//! after the other. One with a rate refuses also what comes alone.

use std::time::{Duration, Instant};

use smppgate_codec::code::Status;

/// What throttling has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Nothing was throttled.
    Free,
    /// Only what was sent beside others.
    Window,
    /// Also what was sent alone; messages a second that were taken then, if enough were.
    Rate(Option<f64>),
}

/// What is noted to find out.
#[derive(Debug, Default)]
pub struct Notes {
    /// Messages that were throttled when several were sent at once.
    pub throttled: usize,
    /// A message was throttled while others were unanswered that were taken.
    pub is_beside: bool,
    /// Times that a message was throttled which was sent alone.
    pub alone: usize,
    /// When messages that were sent alone were taken.
    pub taken: Vec<Instant>,
}

impl Notes {
    /// What it means.
    pub fn pace(&self) -> Pace {
        if self.alone > 0 {
            return Pace::Rate(self.rate());
        }
        match (self.throttled, self.is_beside) {
            (0, _) => Pace::Free,
            (_, true) => Pace::Window,
            (_, false) => Pace::Rate(None),
        }
    }

    fn rate(&self) -> Option<f64> {
        let span = self.taken.last()?.duration_since(*self.taken.first()?);
        let gaps = self.taken.len() - 1;
        (gaps > 0 && span > Duration::ZERO).then(|| gaps as f64 / span.as_secs_f64())
    }
}

/// Whether a status may mean that too much was sent. ESME_RSUBMITFAIL means that with some carriers;
/// who says it again of a message that comes alone means something else.
pub fn may_be_throttled(status: Status) -> bool {
    is_throttled(status) || status == Status::ESME_RSUBMITFAIL
}

/// Whether a status says that too much was sent.
pub fn is_throttled(status: Status) -> bool {
    matches!(status, Status::ESME_RTHROTTLED | Status::ESME_RMSGQFUL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_from_a_window() {
        let start = Instant::now();
        let taken = |ms: &[u64]| {
            let at = ms.iter().map(|&ms| start + Duration::from_millis(ms));
            at.collect::<Vec<_>>()
        };
        let pace = |throttled, is_beside, alone, ms: &[u64]| {
            let notes = Notes {
                throttled,
                is_beside,
                alone,
                taken: taken(ms),
            };
            notes.pace()
        };
        assert_eq!(pace(0, false, 0, &[]), Pace::Free);
        assert_eq!(pace(3, true, 0, &[0, 100]), Pace::Window);
        assert_eq!(pace(3, true, 2, &[0, 500, 1_000]), Pace::Rate(Some(2.0)));
        assert_eq!(pace(3, false, 0, &[]), Pace::Rate(None));
        assert_eq!(pace(3, false, 1, &[0]), Pace::Rate(None));
    }
}
