//! Finds our message by the carrier's id, however early the report comes.
//!
//! One correlator serves one carrier group: its carriers share ids, and a receipt may come on any
//! of their binds. A report that comes before the response to its message waits here; the first
//! final report of a message is remembered for a while, so that its repetitions are absorbed.

use super::{CarrierMessageId, Report};
use crate::message::MessageId;
use crate::moment::Moment;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a report waits for the message that it is about.
const PARKED_FOR: Duration = Duration::from_secs(60);

/// Reports that wait at one time; what comes on top goes the way of those that waited in vain.
const PARKED_MAX: usize = 100_000;

/// Settled ids that are remembered to absorb repetitions; the oldest are forgotten first.
const SETTLED_MAX: usize = 65_536;

/// Which message a carrier's id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This one, and no final report of it has come yet.
    Open(MessageId),
    /// One whose final report has come: this is a repetition or a contradiction.
    Settled(MessageId),
    /// None that is known, or not yet.
    Nothing,
}

/// Reports that matched nothing in time.
pub type Unmatched = Vec<Report>;

/// The open correlations of one carrier group.
#[derive(Debug, Default)]
pub struct Correlator {
    known: HashMap<CarrierMessageId, Known, RandomState>,
    /// Settled ids, the oldest first.
    settled: VecDeque<(CarrierMessageId, MessageId)>,
    /// Reports that wait for their message, by the id that they will be found with.
    parked: HashMap<CarrierMessageId, Vec<Report>, RandomState>,
    /// When parked ids came, the oldest first; an id may have been found since.
    parked_at: VecDeque<(Moment, CarrierMessageId)>,
    parked_count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    message: MessageId,
    settled: bool,
}

impl Correlator {
    /// A carrier has answered `message` with this id. Reports that came before are appended to
    /// `early`.
    ///
    /// A carrier that gives an id out again means the newer message from then on.
    pub fn learn(&mut self, id: &CarrierMessageId, message: MessageId, early: &mut Vec<Report>) {
        self.known.insert(
            id.clone(),
            Known {
                message,
                settled: false,
            },
        );
        if self.parked_count > 0
            && let Some(reports) = self.parked.remove(id)
        {
            self.parked_count -= reports.len();
            early.extend(reports);
        }
    }

    /// The message of a report, tried with each of its ids. If the report is `last`, the message
    /// is settled by it.
    pub fn find(&mut self, report: &Report, last: bool) -> Found {
        match self.find_by(&report.id, last) {
            Found::Nothing => match &report.other_id {
                Some(other) => self.find_by(other, last),
                None => Found::Nothing,
            },
            found => found,
        }
    }

    fn find_by(&mut self, id: &CarrierMessageId, last: bool) -> Found {
        let Some(known) = self.known.get_mut(id) else {
            return Found::Nothing;
        };
        if known.settled {
            return Found::Settled(known.message);
        }
        let message = known.message;
        if last {
            known.settled = true;
            self.remember_settled(id.clone(), message);
        }
        Found::Open(message)
    }

    /// Keeps a report until its message is learned. What there is no room for comes back.
    pub fn park(&mut self, report: Report, now: Moment) -> Result<(), Report> {
        if self.parked_count >= PARKED_MAX {
            return Err(report);
        }
        self.parked_count += 1;
        self.parked_at.push_back((now, report.id.clone()));
        if let Some(other) = &report.other_id {
            self.parked_at.push_back((now, other.clone()));
            self.parked_count += 1;
            self.parked
                .entry(other.clone())
                .or_default()
                .push(report.clone());
        }
        self.parked
            .entry(report.id.clone())
            .or_default()
            .push(report);
        Ok(())
    }

    /// Forgets a message whose end came from elsewhere.
    pub fn forget(&mut self, id: &CarrierMessageId, message: MessageId) {
        if let Entry::Occupied(entry) = self.known.entry(id.clone())
            && entry.get().message == message
        {
            entry.remove();
        }
    }

    /// Takes out the reports that have waited in vain.
    pub fn sweep(&mut self, now: Moment, unmatched: &mut Unmatched) {
        while let Some((since, _)) = self.parked_at.front()
            && *since + PARKED_FOR <= now
        {
            let Some((since, id)) = self.parked_at.pop_front() else {
                break;
            };
            let Entry::Occupied(mut entry) = self.parked.entry(id) else {
                continue;
            };
            let key = entry.key().clone();
            let reports = entry.get_mut();
            let before = reports.len();
            for report in reports.extract_if(.., |report| report.at <= since) {
                // A report that waits under two ids is given up once, under its first.
                if report.id == key {
                    unmatched.push(report);
                }
            }
            self.parked_count -= before - reports.len();
            if reports.is_empty() {
                entry.remove();
            }
        }
    }

    /// Correlations whose receipt has not come yet.
    pub fn open(&self) -> usize {
        self.known.len() - self.settled.len().min(self.known.len())
    }

    /// Reports that wait for their message.
    pub fn parked(&self) -> usize {
        self.parked_count
    }

    fn remember_settled(&mut self, id: CarrierMessageId, message: MessageId) {
        self.settled.push_back((id, message));
        if self.settled.len() > SETTLED_MAX
            && let Some((oldest, message)) = self.settled.pop_front()
        {
            // The id may have been given out again since: then it stays.
            if self
                .known
                .get(&oldest)
                .is_some_and(|known| known.settled && known.message == message)
            {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::receipt::State;

    fn id(text: &str) -> CarrierMessageId {
        CarrierMessageId::new(text.as_bytes()).unwrap()
    }

    fn report(text: &str, state: State, at: Moment) -> Report {
        Report {
            id: id(text),
            other_id: None,
            state,
            error: 0,
            network_error: None,
            at,
        }
    }

    const START: Moment = Moment(1_000_000);

    #[test]
    fn a_receipt_finds_its_message_and_its_repetition_is_known() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("0a1b"), MessageId(7), &mut Vec::new());
        let delivered = report("0a1b", State::Delivered, START);
        assert_eq!(correlator.find(&delivered, true), Found::Open(MessageId(7)));
        assert_eq!(
            correlator.find(&delivered, true),
            Found::Settled(MessageId(7))
        );
        assert_eq!(correlator.open(), 0);
    }

    #[test]
    fn an_intermediate_report_settles_nothing() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("1"), MessageId(7), &mut Vec::new());
        let enroute = report("1", State::EnRoute, START);
        assert_eq!(correlator.find(&enroute, false), Found::Open(MessageId(7)));
        assert_eq!(correlator.find(&enroute, false), Found::Open(MessageId(7)));
    }

    #[test]
    fn a_receipt_that_comes_before_the_response_waits_for_it() {
        let mut correlator = Correlator::default();
        let early = report("77", State::Delivered, START);
        assert_eq!(correlator.find(&early, true), Found::Nothing);
        correlator.park(early.clone(), START).unwrap();
        let mut found = Vec::new();
        correlator.learn(&id("77"), MessageId(9), &mut found);
        assert_eq!(found, [early]);
        assert_eq!(correlator.parked(), 0);
    }

    #[test]
    fn a_receipt_that_matches_nothing_is_given_up_after_a_minute_and_not_before() {
        let mut correlator = Correlator::default();
        let stray = report("77", State::Delivered, START);
        correlator.park(stray.clone(), START).unwrap();
        let mut unmatched = Vec::new();
        correlator.sweep(START + Duration::from_secs(59), &mut unmatched);
        assert!(unmatched.is_empty());
        correlator.sweep(START + Duration::from_secs(60), &mut unmatched);
        assert_eq!(unmatched, [stray]);
        assert_eq!(correlator.parked(), 0);
    }

    #[test]
    fn a_receipt_with_two_ids_is_found_by_either_and_given_up_once() {
        let mut correlator = Correlator::default();
        let mut both = report("0x2a", State::Delivered, START);
        both.other_id = Some(id("42"));
        correlator.park(both.clone(), START).unwrap();
        let mut unmatched = Vec::new();
        correlator.sweep(START + Duration::from_secs(61), &mut unmatched);
        assert_eq!(unmatched.len(), 1);
        assert_eq!(correlator.parked(), 0);
        correlator.learn(&id("42"), MessageId(3), &mut Vec::new());
        assert_eq!(correlator.find(&both, true), Found::Open(MessageId(3)));
    }

    #[test]
    fn settled_ids_are_forgotten_in_time_and_memory_stays_flat() {
        let mut correlator = Correlator::default();
        for number in 0..200_000_u64 {
            let text = number.to_string();
            correlator.learn(&id(&text), MessageId(number), &mut Vec::new());
            correlator.find(&report(&text, State::Delivered, START), true);
        }
        assert_eq!(correlator.known.len(), SETTLED_MAX);
        assert_eq!(correlator.settled.len(), SETTLED_MAX);
    }

    #[test]
    fn an_id_given_out_again_means_the_newer_message() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("5"), MessageId(1), &mut Vec::new());
        correlator.find(&report("5", State::Delivered, START), true);
        correlator.learn(&id("5"), MessageId(2), &mut Vec::new());
        let found = correlator.find(&report("5", State::Delivered, START), true);
        assert_eq!(found, Found::Open(MessageId(2)));
    }
}
