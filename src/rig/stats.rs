//! What a run of the load client found: rates, latencies, and what does not add up.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::series::Series;
use super::tally::Findings;

/// The report of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Binds that were opened at the start.
    pub binds: usize,
    /// Unanswered messages that each bind could have.
    pub window: usize,
    /// Messages per second that were to be sent; 0 = as fast as answers come.
    pub rate: f64,
    /// What was sent, answered and reported over the whole run, warm-up included.
    pub found: Findings,
    /// Seconds that were measured: from the end of the warm-up to the end of sending, or to the
    /// last answer or receipt where the number of messages was given.
    pub seconds: f64,
    /// Messages that came back whole in that time: receipts, or answers where none are asked for.
    pub messages: u64,
    /// The same per second.
    pub messages_per_second: f64,
    /// Answers per second in that time.
    pub answers_per_second: f64,
    /// Seconds from the end of sending until everything was complete or given up.
    pub drain_seconds: f64,
    /// From the intended sending of a message to its answer.
    pub response: Latency,
    /// From the intended sending of a message to its receipt.
    pub receipt: Latency,
    /// Binds that were lost before the end.
    pub binds_lost: u64,
    /// Binds that were opened again.
    pub binds_again: u64,
    /// What is drawn rather than read.
    #[serde(skip)]
    pub series: Series,
}

/// Quantiles in microseconds; only messages that were sent after the warm-up count.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Messages that were measured.
    pub count: u64,
    /// Mean.
    pub mean_us: f64,
    /// Half of all were faster.
    pub p50_us: f64,
    /// One in ten was slower.
    pub p90_us: f64,
    /// One in a hundred was slower.
    pub p99_us: f64,
    /// One in a thousand was slower.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
}

impl Latency {
    /// The quantiles of a histogram in nanoseconds.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let quantile = |q| histogram.value_at_quantile(q) as f64 / 1e3;
        Self {
            count: histogram.len(),
            mean_us: histogram.mean() / 1e3,
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: histogram.max() as f64 / 1e3,
        }
    }
}

impl Report {
    /// The share of answers that refused their message.
    pub fn refused_share(&self) -> f64 {
        let Findings {
            accepted, refused, ..
        } = self.found;
        match accepted + refused {
            0 => 0.0,
            answered => refused as f64 / answered as f64,
        }
    }

    /// Whether nothing was lost, double, foreign or mismatched.
    pub fn is_clean(&self) -> bool {
        self.found.is_clean()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        writeln!(
            f,
            "{} binds, window {}: {:.0} messages/s over {:.2} s ({} messages; {:.0} answers/s)",
            self.binds,
            self.window,
            self.messages_per_second,
            self.seconds,
            self.messages,
            self.answers_per_second,
        )?;
        writeln!(
            f,
            "sent {}  accepted {}  refused {}  receipts {}  drained in {:.2} s",
            found.sent, found.accepted, found.refused, found.receipts, self.drain_seconds,
        )?;
        for (name, count) in &found.refusals {
            writeln!(f, "  refused {name}: {count}")?;
        }
        for (name, count) in &found.states {
            writeln!(f, "  receipts {name}: {count}")?;
        }
        writeln!(
            f,
            "lost answers {}  lost receipts {}  double answers {}  double receipts {}  foreign \
             answers {}  foreign receipts {}  mismatched {}  double ids {}",
            found.lost_answers,
            found.lost_receipts,
            found.double_answers,
            found.double_receipts,
            found.foreign_answers,
            found.foreign_receipts,
            found.mismatched,
            found.double_ids,
        )?;
        if self.binds_lost > 0 {
            writeln!(
                f,
                "binds lost {}  opened again {}  messages of unknown outcome {}, settled by a \
                 receipt {}",
                self.binds_lost, self.binds_again, found.unknown, found.settled,
            )?;
        }
        writeln!(
            f,
            "latency, µs        p50        p90        p99      p99.9        max"
        )?;
        for (name, latency) in [("response", &self.response), ("receipt", &self.receipt)] {
            if latency.count > 0 {
                let Latency {
                    p50_us,
                    p90_us,
                    p99_us,
                    p999_us,
                    max_us,
                    ..
                } = latency;
                writeln!(
                    f,
                    "  {name:9} {p50_us:10.0} {p90_us:10.0} {p99_us:10.0} {p999_us:10.0} \
                     {max_us:10.0}"
                )?;
            }
        }
        match (self.is_clean(), found.refused) {
            (false, _) => f.write_str("NOT CLEAN"),
            (true, 0) => f.write_str("clean"),
            (true, refused) => write!(f, "clean, {refused} of {} REFUSED", found.sent),
        }
    }
}
