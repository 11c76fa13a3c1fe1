//! What a load client is to send, where and how fast, and how far it has come.

use std::net::SocketAddr;
use std::time::Duration;

use super::esme::Login;
use super::mix::Body;
use super::tally::MESSAGES_MAX;

/// Messages that one run can send: nine digits stand in each destination.
pub const COUNT_MAX: u64 = MESSAGES_MAX;

/// What to send, where, and how fast.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The peer.
    pub connect: SocketAddr,
    /// Who binds. Receipts come only to those who can receive.
    pub login: Login,
    /// Each bind is two: a transmitter that sends and a receiver that gets receipts.
    pub pair: bool,
    /// Binds; 1 or more.
    pub binds: usize,
    /// Unanswered messages per bind; 1 or more.
    pub window: usize,
    /// How much.
    pub amount: Amount,
    /// Messages per second over all binds; 0 = as fast as answers come.
    pub rate: f64,
    /// Time in which the rate grows from nothing to what is set; without a rate, the time in which
    /// one bind after the other begins to send.
    pub ramp: Duration,
    /// Bodies, each with its weight.
    pub bodies: Vec<(Body, u32)>,
    /// Destinations are one of these and nine digits, each with its weight; eleven digits at most.
    pub to: Vec<(String, u32)>,
    /// source_addr.
    pub from: String,
    /// Whether to ask for receipts, and wait for them.
    pub receipts: bool,
    /// Time without any answer or receipt after which the rest is lost.
    pub patience: Duration,
    /// Time from the start that is not measured.
    pub warmup: Duration,
    /// Messages that may lack their answer or receipt, over all binds; 0 = no limit. For a peer
    /// that accepts faster than it delivers.
    pub open_max: u64,
    /// Remember every id, to find one that is given twice.
    pub unique_ids: bool,
    /// Open lost binds again. What was unanswered on them is not sent again.
    pub reconnect: bool,
    /// Time between two looks at the progress.
    pub observe_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: SocketAddr::from(([127, 0, 0, 1], 2775)),
            login: Login::default(),
            pair: false,
            binds: 1,
            window: 10,
            amount: Amount::Count(1_000),
            rate: 0.0,
            ramp: Duration::ZERO,
            bodies: vec![(Body::gsm(160), 1)],
            to: vec![("33".into(), 1)],
            from: "smppgate".into(),
            receipts: true,
            patience: Duration::from_secs(10),
            warmup: Duration::ZERO,
            open_max: 0,
            unique_ids: true,
            reconnect: false,
            observe_every: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// How long it sends, if that is known beforehand.
    pub(super) fn sends_for(&self) -> Option<Duration> {
        match self.amount {
            Amount::For(span) => Some(span),
            Amount::Count(count) if self.rate > 0.0 => Some(Duration::from_nanos(self.due(count))),
            Amount::Count(_) => None,
        }
    }

    /// When the message of this number is to leave, in nanoseconds after the first one.
    pub(super) fn due(&self, number: u64) -> u64 {
        let (number, rate) = (number as f64, self.rate);
        let ramp = self.ramp.as_secs_f64();
        // While the rate grows evenly, half as many messages leave as at the full rate.
        let seconds = if number < rate * ramp / 2.0 {
            (2.0 * ramp * number / rate).sqrt()
        } else {
            number / rate + ramp / 2.0
        };
        (seconds * 1e9) as u64
    }
}

/// How much is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many messages.
    Count(u64),
    /// As many as leave in this time, warm-up included.
    For(Duration),
}

/// Where a run stands; told once a second, or as set, and at each change of phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Since the first message.
    pub elapsed: Duration,
    /// Messages sent.
    pub sent: u64,
    /// Messages answered.
    pub answered: u64,
    /// Receipts.
    pub receipts: u64,
    /// Messages without answer or receipt.
    pub open: u64,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Sends, not measured.
    Warmup,
    /// Sends, measured.
    Measure,
    /// Sends no more and waits for the rest.
    Drain,
    /// Is over.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_grows_reaches_what_was_set() {
        let due = |ramp, number| {
            let settings = Settings {
                rate: 100.0,
                ramp: Duration::from_secs(ramp),
                ..Settings::default()
            };
            settings.due(number) / 1_000_000
        };
        assert_eq!((due(0, 0), due(0, 50), due(0, 200)), (0, 500, 2_000));
        // Two seconds of ramp bring 100 messages; the next hundred take one second.
        assert_eq!(
            (due(2, 0), due(2, 25), due(2, 100), due(2, 200)),
            (0, 1_000, 2_000, 3_000)
        );
    }
}
