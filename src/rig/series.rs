//! What a run found, as tables for programs that draw: second by second, and the whole of both
//! latencies.

use std::fmt::Write;

use hdrhistogram::Histogram;

/// Seconds of a run that are kept: a day.
const SECONDS_MAX: usize = 86_400;

/// One second of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// Messages that were sent in it.
    pub sent: u64,
    /// Messages that were accepted.
    pub accepted: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Receipts that came.
    pub receipts: u64,
    /// Messages without answer or receipt at its end.
    pub open: u64,
}

/// The seconds of a run so far.
#[derive(Default)]
pub(super) struct Seconds {
    pub all: Vec<Second>,
    /// What was counted when the last one ended.
    before: Second,
}

impl Seconds {
    /// Ends a second with what has been counted since the start.
    pub fn note(&mut self, now: Second) {
        let then = std::mem::replace(&mut self.before, now);
        if self.all.len() < SECONDS_MAX {
            self.all.push(Second {
                sent: now.sent - then.sent,
                accepted: now.accepted - then.accepted,
                refused: now.refused - then.refused,
                receipts: now.receipts - then.receipts,
                open: now.open,
            });
        }
    }
}

/// What is drawn rather than read.
#[derive(Debug, Clone)]
pub struct Series {
    /// Second by second, from the first message on.
    pub seconds: Vec<Second>,
    /// Nanoseconds from the intended sending to the answer.
    pub response: Histogram<u64>,
    /// Nanoseconds from the intended sending to the receipt.
    pub receipt: Histogram<u64>,
}

impl Series {
    /// A line for each second.
    pub fn seconds_csv(&self) -> String {
        let mut text = String::from("second,sent,accepted,refused,receipts,open\n");
        for (second, at) in self.seconds.iter().zip(1..) {
            let Second {
                sent,
                accepted,
                refused,
                receipts,
                open,
            } = second;
            // Writing into a text does not fail.
            let _ = writeln!(text, "{at},{sent},{accepted},{refused},{receipts},{open}");
        }
        text
    }

    /// A line for each latency that was seen, with the share of all that took no longer.
    pub fn latency_csv(&self) -> String {
        let mut text = String::from("of,latency_us,count,share\n");
        for (name, histogram) in [("response", &self.response), ("receipt", &self.receipt)] {
            let mut below = 0;
            for value in histogram.iter_recorded() {
                below += value.count_at_value();
                let _ = writeln!(
                    text,
                    "{name},{:.1},{},{:.6}",
                    value.value_iterated_to() as f64 / 1e3,
                    value.count_at_value(),
                    below as f64 / histogram.len().max(1) as f64
                );
            }
        }
        text
    }
}
