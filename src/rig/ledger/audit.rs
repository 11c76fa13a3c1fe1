//! What the ledger has found.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::offence::Offence;

/// Counts over messages that were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages that were answered with status 0.
    pub accepted: u64,
    /// Messages that were answered with another status.
    pub refused: u64,
    /// Messages whose bind was lost before an answer: they may be anywhere.
    pub in_doubt: u64,
    /// Acceptances by carriers.
    pub sent: u64,
    /// Acceptances that repeat one, on account of a crash.
    pub sent_again: u64,
    /// Receipts that were taken by ESMEs.
    pub told: u64,
    /// Receipts that repeat one, on account of a crash.
    pub told_again: u64,
    /// Receipts of a failure that was told since a second sending, on account of a crash, was refused,
    /// though a carrier had the first one.
    pub told_by_refusal: u64,
    /// Receipts that correct an end that was told as unknown.
    pub corrected: u64,
    /// Accepted messages that are over and whose sender had not asked for this end.
    pub untold: u64,
    /// Messages in doubt of which a report was taken and nothing told: dead letters.
    pub reports_untold: u64,
    /// Accepted messages that are held: one sending is in doubt on account of a crash, and carriers have
    /// refused the next.
    pub held: u64,
    /// Messages whose end was taken after a cut, by a process that nobody remembers.
    pub cut_off: u64,
    /// Messages from phones.
    pub phoned: u64,
    /// Arrivals of messages from phones.
    pub arrived: u64,
    /// Arrivals that repeat one.
    pub arrived_again: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.in_doubt += other.in_doubt;
        self.sent += other.sent;
        self.sent_again += other.sent_again;
        self.told += other.told;
        self.told_again += other.told_again;
        self.told_by_refusal += other.told_by_refusal;
        self.corrected += other.corrected;
        self.untold += other.untold;
        self.reports_untold += other.reports_untold;
        self.held += other.held;
        self.cut_off += other.cut_off;
        self.phoned += other.phoned;
        self.arrived += other.arrived;
        self.arrived_again += other.arrived_again;
    }
}

/// The result of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Audit {
    /// Messages that were submitted.
    pub submitted: u64,
    /// What became of them and of those from phones.
    pub counts: Counts,
    /// Accepted messages that are still on their way, where that is allowed.
    pub queued: u64,
    /// Crashes: breaks that leave what is in flight in doubt.
    pub crashes: u64,
    /// Ends in order, after which nothing may come twice.
    pub drains: u64,
    /// The most messages that went out again on account of one break.
    pub sent_again_most: u64,
    /// Messages for which the ledger had no room: they were not submitted.
    pub without_room: u64,
    /// How often each promise was broken.
    pub offences: BTreeMap<Offence, u64>,
    /// How long the disk needed to sync a few octets, at the longest.
    pub longest_sync: Duration,
    /// The first offenders, with all that is known of them.
    pub first: Vec<String>,
}

impl Audit {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.offences.is_empty() && self.without_room == 0
    }

    /// Broken promises.
    pub fn broken(&self) -> u64 {
        self.offences.values().sum()
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            accepted,
            refused,
            in_doubt,
            sent,
            sent_again,
            told,
            told_again,
            told_by_refusal,
            corrected,
            untold,
            reports_untold,
            held,
            cut_off,
            phoned,
            arrived,
            arrived_again,
        } = self.counts;
        writeln!(
            f,
            "messages   submitted {}  accepted {accepted}  refused {refused}  in doubt {in_doubt}  queued {}",
            self.submitted, self.queued
        )?;
        writeln!(
            f,
            "carriers   accepted {sent}  of these again {sent_again} (at most {} after one break)",
            self.sent_again_most
        )?;
        writeln!(
            f,
            "receipts   told {told}  of these again {told_again}  by refusal {told_by_refusal}  corrected {corrected}  not asked for {untold}  \
             taken in doubt {reports_untold}  held {held}  cut off {cut_off}"
        )?;
        writeln!(
            f,
            "phones     sent {phoned}  arrived {arrived}  of these again {arrived_again}"
        )?;
        write!(
            f,
            "breaks     crashes {}  drains {}  longest sync {:.0} ms",
            self.crashes,
            self.drains,
            self.longest_sync.as_secs_f64() * 1e3
        )?;
        if self.without_room > 0 {
            write!(
                f,
                "\nno room in the ledger for {} messages",
                self.without_room
            )?;
        }
        for (offence, count) in &self.offences {
            write!(f, "\nBROKEN     {count} x {offence}")?;
        }
        for story in &self.first {
            write!(f, "\n  {story}")?;
        }
        Ok(())
    }
}
