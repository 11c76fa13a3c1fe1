//! Finds our message by the carrier's id, however early the report comes.
//!
//! One correlator serves one carrier group: its carriers share ids, and a receipt may come on any
//! of their binds. A report that comes before the response to its message waits here; the first
//! final report of a message is remembered for a while, so that its repetitions are absorbed.

use super::id_form::{Likeness, alike};
use super::{CarrierMessageId, NumberMark, Report};
use crate::message::MessageId;
use crate::moment::Moment;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a report waits for the message that it is about.
const PARKED_FOR: Duration = Duration::from_secs(60);

/// Reports that wait at one time; what comes on top goes the way of those that waited in vain.
const PARKED_MAX: usize = 100_000;

/// Settled ids that are remembered to absorb repetitions; the oldest are forgotten first.
const SETTLED_MAX: usize = 65_536;

/// Ids of messages whose senders want no receipt that are remembered; the oldest are forgotten
/// first. Their receipts are only counted.
const SILENT_MAX: usize = 250_000;

/// Repetitions that are kept at one time, in case that they are none.
const REPEATED_MAX: usize = PARKED_MAX / 4;

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
    /// Those that have been known for longer, if they are to be laid down elsewhere some day.
    older: HashMap<CarrierMessageId, Known, RandomState>,
    /// Those that are being laid down.
    leaving: HashMap<CarrierMessageId, Known, RandomState>,
    /// When `known` became empty for the last time.
    turned: Moment,
    /// Settled ids, the oldest first.
    settled: VecDeque<(CarrierMessageId, MessageId)>,
    /// Ids of messages whose senders want no receipt, the oldest first.
    silent: VecDeque<(CarrierMessageId, MessageId)>,
    /// Reports that wait for their message, by their first id.
    parked: HashMap<CarrierMessageId, Vec<Report>, RandomState>,
    /// The first ids of parked reports, by their other id.
    aliases: HashMap<CarrierMessageId, CarrierMessageId, RandomState>,
    /// When parked reports came, the oldest first; they may have been found since.
    parked_at: VecDeque<(Moment, CarrierMessageId)>,
    parked_count: usize,
    /// Nobody has said how ids are written: other forms are tried, too.
    auto: bool,
    /// Reports that were found by another form of their id.
    alike: usize,
    /// The first other form, until somebody has asked for it.
    hint: Option<Likeness>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    message: MessageId,
    destination: NumberMark,
    settled: bool,
}

impl Correlator {
    /// Says whether ids may be written otherwise in receipts than in responses.
    pub fn set_auto(&mut self, auto: bool) {
        self.auto = auto;
    }

    /// Reports that were found by another form of their id.
    pub fn alike(&self) -> usize {
        self.alike
    }

    /// The first form but the literal one that a report was found by; told once.
    pub fn take_hint(&mut self) -> Option<Likeness> {
        self.hint.take()
    }

    /// A carrier has answered `message` with this id. Reports that came before are appended to
    /// `early`.
    ///
    /// A carrier that gives an id out again means the newer message from then on.
    pub fn learn(
        &mut self,
        id: &CarrierMessageId,
        message: MessageId,
        destination: NumberMark,
        early: &mut Vec<Report>,
    ) {
        let known = Known {
            message,
            destination,
            settled: false,
        };
        self.known.insert(id.clone(), known);
        if self.parked_count == 0 {
            return;
        }
        let found = early.len();
        // What looked like a repetition is about this message only if it is about its number.
        let is_its = |report: &Report| !report.repeats || report.about == destination;
        self.unpark(id, is_its, early);
        if let Some(first) = self.aliases.get(id).cloned() {
            let same = |report: &Report| {
                report.other_id.as_ref() == Some(id) && report.about == destination
            };
            self.unpark(&first, same, early);
        }
        if self.auto && early.len() == found && self.parked_count > 0 {
            self.unpark_alike(id, destination, early);
        }
        for report in &early[found..] {
            if let Some(other) = &report.other_id {
                self.aliases.remove(other);
            }
        }
        if self.parked_count == 0 {
            self.parked_at.clear();
            self.aliases.clear();
        }
    }

    /// The same for a message whose sender wants no receipt.
    pub fn learn_silently(
        &mut self,
        id: &CarrierMessageId,
        message: MessageId,
        destination: NumberMark,
        early: &mut Vec<Report>,
    ) {
        self.learn(id, message, destination, early);
        self.silent.push_back((id.clone(), message));
        if self.silent.len() > SILENT_MAX
            && let Some((oldest, message)) = self.silent.pop_front()
        {
            self.forget(&oldest, |known| !known.settled && known.message == message);
        }
    }

    /// Reports with this id are absorbed: another one speaks for the message.
    ///
    /// Those that have come already come back.
    pub fn absorb(
        &mut self,
        id: &CarrierMessageId,
        message: MessageId,
        destination: NumberMark,
    ) -> Vec<Report> {
        let known = Known {
            message,
            destination,
            settled: true,
        };
        self.known.insert(id.clone(), known);
        self.remember_settled(id.clone(), message);
        let mut early = Vec::new();
        self.unpark(id, |_| true, &mut early);
        early
    }

    /// Reports about the same number whose id may be this one in another form.
    fn unpark_alike(
        &mut self,
        id: &CarrierMessageId,
        destination: NumberMark,
        early: &mut Vec<Report>,
    ) {
        let found = early.len();
        for (other, _) in alike(id) {
            self.unpark(&other, |report| report.about == destination, early);
            if early.len() > found {
                return;
            }
        }
    }

    fn unpark(
        &mut self,
        first: &CarrierMessageId,
        mut is_wanted: impl FnMut(&Report) -> bool,
        early: &mut Vec<Report>,
    ) {
        let Some(reports) = self.parked.get_mut(first) else {
            return;
        };
        let before = reports.len();
        early.extend(reports.extract_if(.., |report| is_wanted(report)));
        self.parked_count -= before - reports.len();
        if reports.is_empty() {
            self.parked.remove(first);
        }
    }

    /// The message of a report, tried with each of its ids. If the report is `last`, the message
    /// is settled by it.
    ///
    /// Its second id counts only for a message to the number that the report is about: ids in two
    /// forms share their digits, and what is one message's id in one form may be another's in the
    /// other.
    pub fn find(&mut self, report: &Report, last: bool) -> Found {
        let by_first = self.find_by(&report.id, None, last);
        match (&by_first, &report.other_id) {
            (Found::Nothing, Some(other)) => match self.find_by(other, Some(report.about), last) {
                Found::Nothing if self.auto => self.find_alike(report, last),
                by_other => by_other,
            },
            (Found::Nothing, None) if self.auto => self.find_alike(report, last),
            _ => by_first,
        }
    }

    /// The same with what else its ids may mean, if the message went to the number that the report
    /// is about.
    fn find_alike(&mut self, report: &Report, last: bool) -> Found {
        for id in std::iter::once(&report.id).chain(&report.other_id) {
            for (other, likeness) in alike(id) {
                let found = self.find_by(&other, Some(report.about), last);
                if found != Found::Nothing {
                    if self.alike == 0 {
                        self.hint = Some(likeness);
                    }
                    self.alike += 1;
                    return found;
                }
            }
        }
        Found::Nothing
    }

    fn find_by(&mut self, id: &CarrierMessageId, about: Option<NumberMark>, last: bool) -> Found {
        let younger = self.known.get_mut(id);
        let known = younger.or_else(|| self.older.get_mut(id));
        let Some(known) = known.or_else(|| self.leaving.get_mut(id)) else {
            return Found::Nothing;
        };
        if about.is_some_and(|about| about != known.destination) {
            return Found::Nothing;
        }
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

    /// The message of a report by the first of its ids, as it stands. Nothing is settled by that.
    pub fn peek(&self, report: &Report) -> Option<MessageId> {
        let younger = self.known.get(&report.id);
        let known = younger.or_else(|| self.older.get(&report.id))?;
        (!known.settled).then_some(known.message)
    }

    /// The message that is meant by this id as it stands, whether its final report has come or not.
    pub fn whose(&self, id: &CarrierMessageId) -> Option<MessageId> {
        let mut generations = [&self.known, &self.older, &self.leaving].into_iter();
        let known = generations.find_map(|generation| generation.get(id))?;
        Some(known.message)
    }

    /// The ids by which this message is known. All are looked through, unless there are more than
    /// so many: then nobody looks.
    pub fn ids_of(&self, message: MessageId, most: usize) -> Option<Vec<CarrierMessageId>> {
        let generations = [&self.known, &self.older, &self.leaving];
        let count: usize = generations.iter().map(|one| one.len()).sum();
        let all = generations.into_iter().flatten();
        let its = all.filter(|(_, known)| known.message == message);
        (count <= most).then(|| its.map(|(id, _)| id.clone()).collect())
    }

    /// Whether ids may be written otherwise in receipts than in responses.
    pub fn is_auto(&self) -> bool {
        self.auto
    }

    /// What has been known for `span` at least and waits for its report: it is about to be kept
    /// elsewhere, and stays known until [`Correlator::leave`]. Less than `span` after the last call
    /// that is nothing.
    pub fn age(&mut self, span: Duration, now: Moment) -> Vec<(CarrierMessageId, MessageId)> {
        if now < self.turned + span {
            return Vec::new();
        }
        self.turned = now;
        let older = std::mem::replace(&mut self.older, std::mem::take(&mut self.known));
        self.leaving.extend(older);
        let waiting = self.leaving.iter().filter(|(_, known)| !known.settled);
        waiting
            .map(|(id, known)| (id.clone(), known.message))
            .collect()
    }

    /// What was about to be kept elsewhere is, but for those that stay.
    pub fn leave(&mut self, stays: impl Fn(MessageId) -> bool) {
        for (id, known) in self.leaving.drain() {
            let is_wanted = known.settled || stays(known.message);
            // An id that was given out again since means the newer message.
            if is_wanted && !self.older.contains_key(&id) {
                self.known.entry(id).or_insert(known);
            }
        }
    }

    /// Keeps a report until its message is learned. What there is no room for comes back.
    pub fn park(&mut self, report: Report, now: Moment) -> Option<Report> {
        if self.parked_count >= PARKED_MAX || self.parked_at.len() >= 2 * PARKED_MAX {
            return Some(report);
        }
        self.parked_count += 1;
        self.parked_at.push_back((now, report.id.clone()));
        if let Some(other) = &report.other_id {
            self.aliases.insert(other.clone(), report.id.clone());
        }
        self.parked
            .entry(report.id.clone())
            .or_default()
            .push(report);
        None
    }

    /// Keeps what looks like the repetition of a final report: a carrier that gives its ids out
    /// again may have sent it before the response to another message.
    pub fn park_repetition(&mut self, mut report: Report, now: Moment) {
        if self.parked_count < REPEATED_MAX {
            report.repeats = true;
            let _ = self.park(report, now);
        }
    }

    /// Takes out the reports that have waited in vain.
    pub fn sweep(&mut self, now: Moment, unmatched: &mut Unmatched) {
        self.release(now - PARKED_FOR, unmatched);
    }

    /// Takes out the reports that have come until then: no message that one of them could be about
    /// is still to be learned.
    pub fn release(&mut self, until: Moment, unmatched: &mut Unmatched) {
        while let Some((since, _)) = self.parked_at.front()
            && *since <= until
        {
            let Some((since, id)) = self.parked_at.pop_front() else {
                break;
            };
            let found = unmatched.len();
            self.unpark(&id, |report| report.at <= since, unmatched);
            for report in &unmatched[found..] {
                if let Some(other) = &report.other_id {
                    self.aliases.remove(other);
                }
            }
        }
        unmatched.retain(|report| !report.repeats);
    }

    /// Forgets ids of messages that were accepted before this: their end came from elsewhere.
    pub fn forget_before(&mut self, accepted: Moment) {
        for generation in [&mut self.known, &mut self.older, &mut self.leaving] {
            generation.retain(|_, known| known.settled || known.message.accepted() >= accepted);
        }
    }

    /// Correlations whose receipt has not come yet.
    pub fn open(&self) -> usize {
        let known = self.known.len() + self.older.len() + self.leaving.len();
        known.saturating_sub(self.settled.len())
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
            self.forget(&oldest, |known| known.settled && known.message == message);
        }
    }

    fn forget(&mut self, id: &CarrierMessageId, is_it: impl Fn(&Known) -> bool) {
        for generation in [&mut self.known, &mut self.older, &mut self.leaving] {
            if generation.get(id).is_some_and(&is_it) {
                generation.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::CarrierId;
    use smppgate_codec::receipt::State;

    fn id(text: &str) -> CarrierMessageId {
        CarrierMessageId::new(text.as_bytes()).unwrap()
    }

    fn report(text: &str, state: State, at: Moment) -> Report {
        Report {
            id: id(text),
            other_id: None,
            by: CarrierId::NONE,
            about: TO,
            state,
            last: state.is_final(),
            repeats: false,
            own_id: None,
            pdu: [].into(),
            error: 0,
            network_error: None,
            at,
        }
    }

    /// The number that all messages here go to.
    const TO: NumberMark = NumberMark::NONE;

    const START: Moment = Moment(1_000_000);

    #[test]
    fn reports_that_wait_in_vain_are_released_before_their_time_and_later_ones_wait_on() {
        let mut correlator = Correlator::default();
        let later = START + Duration::from_secs(1);
        for (text, at) in [("a", START), ("b", START), ("c", later)] {
            let early = report(text, State::Delivered, at);
            assert_eq!(correlator.park(early, at), None);
        }
        let mut unmatched = Vec::new();
        correlator.release(START, &mut unmatched);
        let released: Vec<_> = unmatched.iter().map(|one| one.id.clone()).collect();
        assert_eq!(released, [id("a"), id("b")]);
        assert_eq!(correlator.parked(), 1);
        correlator.sweep(later + PARKED_FOR, &mut unmatched);
        assert_eq!((unmatched.len(), correlator.parked()), (3, 0));
    }

    #[test]
    fn whoever_asks_learns_whose_an_id_is_and_which_ids_a_message_has() {
        let mut correlator = Correlator::default();
        for (text, message) in [("a", 7), ("b", 7), ("c", 8)] {
            correlator.learn(&id(text), MessageId(message), TO, &mut Vec::new());
        }
        correlator.find(&report("c", State::Delivered, START), true);
        correlator.age(Duration::ZERO, START);
        correlator.learn(&id("d"), MessageId(7), TO, &mut Vec::new());
        assert_eq!(correlator.whose(&id("c")), Some(MessageId(8)), "settled");
        assert_eq!(correlator.whose(&id("d")), Some(MessageId(7)));
        assert_eq!(correlator.whose(&id("A")), None, "as it stands");
        let mut ids = correlator.ids_of(MessageId(7), 4).unwrap();
        ids.sort_unstable();
        assert_eq!(ids, [id("a"), id("b"), id("d")]);
        assert_eq!(correlator.ids_of(MessageId(9), 4), Some(Vec::new()));
        assert_eq!(correlator.ids_of(MessageId(7), 3), None, "there are four");
    }

    #[test]
    fn a_receipt_finds_its_message_and_its_repetition_is_known() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("0a1b"), MessageId(7), TO, &mut Vec::new());
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
        correlator.learn(&id("1"), MessageId(7), TO, &mut Vec::new());
        let enroute = report("1", State::EnRoute, START);
        assert_eq!(correlator.find(&enroute, false), Found::Open(MessageId(7)));
        assert_eq!(correlator.find(&enroute, false), Found::Open(MessageId(7)));
    }

    #[test]
    fn a_receipt_that_comes_before_the_response_waits_for_it() {
        let mut correlator = Correlator::default();
        let early = report("77", State::Delivered, START);
        assert_eq!(correlator.find(&early, true), Found::Nothing);
        assert_eq!(correlator.park(early.clone(), START), None);
        let mut found = Vec::new();
        correlator.learn(&id("77"), MessageId(9), TO, &mut found);
        assert_eq!(found, [early]);
        assert_eq!(correlator.parked(), 0);
    }

    #[test]
    fn a_receipt_that_matches_nothing_is_given_up_after_a_minute_and_not_before() {
        let mut correlator = Correlator::default();
        let stray = report("77", State::Delivered, START);
        assert_eq!(correlator.park(stray.clone(), START), None);
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
        assert_eq!(correlator.park(both.clone(), START), None);
        let mut unmatched = Vec::new();
        correlator.sweep(START + Duration::from_secs(61), &mut unmatched);
        assert_eq!(unmatched.len(), 1);
        assert_eq!(correlator.parked(), 0);
        correlator.learn(&id("42"), MessageId(3), TO, &mut Vec::new());
        assert_eq!(correlator.find(&both, true), Found::Open(MessageId(3)));
    }

    #[test]
    fn settled_ids_are_forgotten_in_time_and_memory_stays_flat() {
        let mut correlator = Correlator::default();
        for number in 0..200_000_u64 {
            let text = number.to_string();
            correlator.learn(&id(&text), MessageId(number), TO, &mut Vec::new());
            correlator.find(&report(&text, State::Delivered, START), true);
        }
        assert_eq!(correlator.known.len(), SETTLED_MAX);
        assert_eq!(correlator.settled.len(), SETTLED_MAX);
    }

    #[test]
    fn an_id_given_out_again_means_the_newer_message() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("5"), MessageId(1), TO, &mut Vec::new());
        correlator.find(&report("5", State::Delivered, START), true);
        correlator.learn(&id("5"), MessageId(2), TO, &mut Vec::new());
        let found = correlator.find(&report("5", State::Delivered, START), true);
        assert_eq!(found, Found::Open(MessageId(2)));
    }

    #[test]
    fn a_second_id_counts_only_for_the_number_that_the_receipt_is_about() {
        let mut correlator = Correlator::default();
        correlator.learn(
            &id("42"),
            MessageId(3),
            NumberMark::of(b"447700900001"),
            &mut Vec::new(),
        );
        let mut stranger = report("0x2a", State::Delivered, START);
        stranger.other_id = Some(id("42"));
        stranger.about = NumberMark::of(b"447700900999");
        assert_eq!(correlator.find(&stranger, true), Found::Nothing);
        stranger.about = NumberMark::of(b"+447700900001");
        assert_eq!(correlator.find(&stranger, true), Found::Open(MessageId(3)));
    }

    #[test]
    fn an_id_in_another_form_counts_only_for_the_number_that_the_receipt_is_about() {
        let mut correlator = Correlator::default();
        correlator.set_auto(true);
        let to = NumberMark::of(b"447700900001");
        correlator.learn(&id("1A"), MessageId(3), to, &mut Vec::new());
        let mut receipt = report("26", State::Delivered, START);
        assert_eq!(correlator.find(&receipt, true), Found::Nothing);
        receipt.about = to;
        assert_eq!(correlator.find(&receipt, true), Found::Open(MessageId(3)));
        assert_eq!(
            correlator.find(&receipt, true),
            Found::Settled(MessageId(3))
        );
        assert_eq!(correlator.take_hint(), Some(Likeness::DecimalToHex));
        assert_eq!((correlator.take_hint(), correlator.alike()), (None, 2));
        // The literal form comes first, whoever it is about.
        correlator.learn(&id("26"), MessageId(4), TO, &mut Vec::new());
        assert_eq!(correlator.find(&receipt, true), Found::Open(MessageId(4)));
        // Who knows how its carrier writes ids looks no further.
        correlator.set_auto(false);
        correlator.learn(&id("ff"), MessageId(5), to, &mut Vec::new());
        let mut receipt = report("255", State::Delivered, START);
        receipt.about = to;
        assert_eq!(correlator.find(&receipt, true), Found::Nothing);
    }

    #[test]
    fn an_early_receipt_in_another_form_waits_for_its_message() {
        let mut correlator = Correlator::default();
        correlator.set_auto(true);
        let to = NumberMark::of(b"447700900001");
        let mut receipt = report("26", State::Delivered, START);
        receipt.about = to;
        assert_eq!(correlator.park(receipt.clone(), START), None);
        let mut early = Vec::new();
        correlator.learn(&id("1b"), MessageId(3), to, &mut early);
        correlator.learn(&id("1a"), MessageId(4), TO, &mut early);
        assert!(early.is_empty());
        correlator.learn(&id("1a"), MessageId(5), to, &mut early);
        assert_eq!(early, [receipt.clone()]);
        assert_eq!(correlator.find(&receipt, true), Found::Open(MessageId(5)));
    }

    #[test]
    fn an_early_receipt_with_two_ids_is_found_once_and_leaves_nothing_behind() {
        let mut correlator = Correlator::default();
        let mut both = report("0x2a", State::Delivered, START);
        both.other_id = Some(id("42"));
        assert_eq!(correlator.park(both.clone(), START), None);
        let mut early = Vec::new();
        correlator.learn(&id("42"), MessageId(3), TO, &mut early);
        assert_eq!(early, [both]);
        correlator.learn(&id("0x2a"), MessageId(4), TO, &mut early);
        assert_eq!(early.len(), 1);
        let mut unmatched = Vec::new();
        correlator.sweep(START + Duration::from_secs(120), &mut unmatched);
        assert!(unmatched.is_empty());
    }

    #[test]
    fn an_id_whose_message_ended_otherwise_is_forgotten() {
        let mut correlator = Correlator::default();
        let old = MessageId(1 << 40);
        correlator.learn(&id("9"), old, TO, &mut Vec::new());
        correlator.forget_before(old.accepted());
        assert_eq!(correlator.open(), 1);
        correlator.forget_before(old.accepted() + Duration::from_millis(1));
        assert_eq!(correlator.open(), 0);
    }

    #[test]
    fn an_early_receipt_under_an_id_that_is_given_out_again_finds_the_newer_message() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("5"), MessageId(1), TO, &mut Vec::new());
        let receipt = report("5", State::Delivered, START);
        correlator.find(&receipt, true);
        assert_eq!(
            correlator.find(&receipt, true),
            Found::Settled(MessageId(1))
        );
        correlator.park_repetition(receipt.clone(), START);
        let mut early = Vec::new();
        correlator.learn(&id("5"), MessageId(2), TO, &mut early);
        assert_eq!(early.len(), 1);
        assert_eq!(correlator.find(&early[0], true), Found::Open(MessageId(2)));
    }

    #[test]
    fn a_repetition_is_given_up_in_silence_and_ends_no_message_to_another_number() {
        let mut correlator = Correlator::default();
        correlator.learn(&id("5"), MessageId(1), TO, &mut Vec::new());
        let receipt = report("5", State::Delivered, START);
        correlator.find(&receipt, true);
        correlator.park_repetition(receipt.clone(), START);
        let mut early = Vec::new();
        correlator.learn(&id("5"), MessageId(2), NumberMark::of(b"4479"), &mut early);
        assert!(early.is_empty());
        let mut unmatched = Vec::new();
        correlator.sweep(START + Duration::from_secs(61), &mut unmatched);
        assert!(unmatched.is_empty());
        assert_eq!(correlator.parked(), 0);
    }

    #[test]
    fn ids_of_messages_without_receipts_do_not_pile_up() {
        let mut correlator = Correlator::default();
        for number in 0..600_000_u64 {
            let carrier_id = id(&number.to_string());
            correlator.learn_silently(&carrier_id, MessageId(number), TO, &mut Vec::new());
        }
        assert_eq!(correlator.open(), SILENT_MAX);
        let last = report("599999", State::Delivered, START);
        assert_eq!(
            correlator.find(&last, true),
            Found::Open(MessageId(599_999))
        );
    }
}
