//! What goes wrong, and how often.

use super::chance::Chance;
use super::plan::{CarrierPlan, EsmePlan};
use super::vault::End;
use smppgate::moment::Moment;
use std::time::Duration;

/// What goes wrong with single PDUs, so many times in a thousand each.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// A carrier answers a message after its response_timeout.
    pub slow_answer: u32,
    /// A carrier never answers a message.
    pub no_answer: u32,
    pub throttled: u32,
    pub refused_for_now: u32,
    pub refused_for_good: u32,
    /// A carrier answers with generic_nack.
    pub nacked: u32,
    /// A carrier answers with the response to another command.
    pub misanswered: u32,
    /// A carrier answers twice.
    pub answered_twice: u32,
    /// A carrier answers what was never asked.
    pub stray_answer: u32,
    /// A receipt comes before the response to its message.
    pub early_receipt: u32,
    pub receipt_elsewhere: u32,
    pub receipt_twice: u32,
    /// A second receipt says something else.
    pub contradicted: u32,
    pub no_receipt: u32,
    /// A receipt comes hours or days later.
    pub late_receipt: u32,
    pub intermediate: u32,
    /// How many of a thousand messages are delivered in the end.
    pub delivered: u32,
    /// An ESME answers a delivery after our deliver_timeout.
    pub slow_taker: u32,
    pub no_taker: u32,
    pub taken_later: u32,
    pub never_taken: u32,
    /// An ESME goes while it has deliveries to answer.
    pub taker_leaves: u32,
    /// Links deliver what is written in pieces.
    pub cut_permille: u32,
    /// The latency of links, in milliseconds at most.
    pub latency_ms: u64,
    pub jitter_ms: u64,
    /// Octets that a peer that does not read can have on the way to it.
    pub room: usize,
}

impl Faults {
    pub fn of(chance: &mut Chance) -> Self {
        let is_calm = chance.one_in(12);
        let most = chance.pick(&[20, 100, 400]);
        let mut some = |of: u64| match !is_calm && chance.range(1, 100) <= of {
            true => chance.range(most / 5, most) as u32,
            false => 0,
        };
        let mut faults = Self {
            slow_answer: some(35),
            no_answer: some(35),
            throttled: some(35),
            refused_for_now: some(35),
            refused_for_good: some(35),
            nacked: some(20),
            misanswered: some(15),
            answered_twice: some(35),
            stray_answer: some(30),
            early_receipt: some(40),
            receipt_elsewhere: some(40),
            receipt_twice: some(40),
            contradicted: some(40),
            no_receipt: some(30),
            late_receipt: some(15),
            intermediate: some(30),
            slow_taker: some(30),
            no_taker: some(30),
            taken_later: some(35),
            never_taken: some(25),
            taker_leaves: some(30),
            ..Self::default()
        };
        faults.delivered = chance.pick(&[1_000, 900, 500]);
        faults.cut_permille = chance.pick(&[0, 100, 500]);
        faults.latency_ms = chance.pick(&[1, 5, 50, 300]);
        faults.jitter_ms = chance.pick(&[0, 2, 100]);
        faults.room = chance.pick(&[usize::MAX, 65_536, 2_000]);
        faults
    }
}

/// Something that goes wrong for a while.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    pub from: Moment,
    pub until: Moment,
    pub what: Ill,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// The link of a bind of an ESME breaks.
    EsmeBreaks {
        esme: usize,
        bind: usize,
    },
    EsmeFallsSilent {
        esme: usize,
        bind: usize,
    },
    /// An ESME does not read.
    EsmeStalls {
        esme: usize,
        bind: usize,
    },
    EsmeUnbinds {
        esme: usize,
        bind: usize,
    },
    /// An ESME is away, with all its binds.
    EsmeAway {
        esme: usize,
    },
    /// The link of some bind of a carrier breaks.
    CarrierBreaks {
        carrier: usize,
    },
    CarrierFallsSilent {
        carrier: usize,
    },
    CarrierStalls {
        carrier: usize,
    },
    CarrierUnbinds {
        carrier: usize,
    },
    /// A carrier is down: its binds break, and it takes no calls.
    CarrierDown {
        carrier: usize,
    },
    /// A carrier refuses binds, and takes down those it has.
    CarrierRefusesBinds {
        carrier: usize,
    },
    JournalSlow {
        delay: Duration,
    },
    JournalFull,
    /// The gateway ends, and is started again.
    GatewayEnds {
        end: End,
    },
}

impl Trouble {
    /// Ends of the gateway on one day.
    pub fn ends(start: Moment, day: Duration, chance: &mut Chance) -> Vec<Self> {
        let count = chance.pick(&[0, 1, 1, 2, 4]);
        let ends = (0..count).map(|_| {
            let from = start + chance.micros(0, day.as_micros() as u64);
            let end = chance.pick(&[End::Killed, End::PowerCut]);
            let what = Ill::GatewayEnds { end };
            let until = from;
            Self { from, until, what }
        });
        ends.collect()
    }

    /// The troubles of a day, in the order in which they begin.
    pub fn all(
        accounts: &[EsmePlan],
        carriers: &[CarrierPlan],
        start: Moment,
        day: Duration,
        chance: &mut Chance,
    ) -> Vec<Self> {
        let count = chance.pick(&[0, 3, 8, 20]);
        let mut troubles: Vec<Self> = (0..count)
            .map(|_| {
                let esme = chance.below(accounts.len());
                let bind = chance.below(accounts[esme].binds.len());
                let carrier = chance.below(carriers.len());
                let what = match chance.range(0, 13) {
                    0 => Ill::EsmeBreaks { esme, bind },
                    1 => Ill::EsmeFallsSilent { esme, bind },
                    2 => Ill::EsmeStalls { esme, bind },
                    3 => Ill::EsmeUnbinds { esme, bind },
                    4 => Ill::EsmeAway { esme },
                    5 | 6 => Ill::CarrierBreaks { carrier },
                    7 => Ill::CarrierFallsSilent { carrier },
                    8 => Ill::CarrierStalls { carrier },
                    9 => Ill::CarrierUnbinds { carrier },
                    10 => Ill::CarrierDown { carrier },
                    11 => Ill::CarrierRefusesBinds { carrier },
                    12 => Ill::JournalSlow {
                        delay: chance.millis(1, 4_000),
                    },
                    _ => Ill::JournalFull,
                };
                let from = start + chance.micros(0, day.as_micros() as u64);
                let until = from + chance.micros(10_000, day.as_micros() as u64 / 2);
                Self { from, until, what }
            })
            .collect();
        troubles.sort_by_key(|trouble| trouble.from);
        troubles
    }
}
