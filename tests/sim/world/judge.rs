//! One message: whether it was sent as often as it may be, came to one end, and its sender was told
//! that end and no other.

use super::book::{Answer, Book, Crash, Message, Reported, Sending, Shape, Told, Wrong};
use super::faults::{Ill, Trouble};
use super::plan::{Order, Plan, Wish};
use super::run::World;
use super::tale::About;
use super::tally::Tally;
use super::wire::{End, Wire};
use smppgate::flow::DeadLetter;
use smppgate::message::{AckMode, MessageId};
use smppgate::moment::Moment;
use smppgate_codec::code::RegisteredDelivery;
use smppgate_codec::receipt::State;
use std::time::Duration;

/// A message that no carrier could be given in this time does not leave any more.
const VALIDITY: Duration = Duration::from_secs(24 * 3_600);

/// From the end of its validity to the receipt that says that nothing was reported.
const REPORT_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// Binds that may be lost with one message in flight.
const LOSSES_MAX: usize = 3;

/// A report waits so long for the response to its message.
const PARKED_FOR: Duration = Duration::from_secs(60);

/// An answer for which nothing is waited comes so soon.
const PROMPT: Duration = Duration::from_millis(1_100);

/// What is looked at every second and shard by shard is late by so much at most, by day.
pub const SWEEP: Duration = Duration::from_secs(18);

/// Whether the gateway has read something: it may have been the last that it read of that link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Yes(Moment),
    Maybe(Moment),
    No,
}

impl Heard {
    pub fn of(book: &Book, wires: &[Wire], wire: usize, place: u64) -> Self {
        Self::as_of(Moment::NEVER, book, wires, wire, place)
    }

    /// As the gateway knows it then: what a crash makes it forget is known until that crash.
    fn as_of(then: Moment, book: &Book, wires: &[Wire], wire: usize, place: u64) -> Self {
        let Some(read) = wires[wire].read_at(End::Gateway, place) else {
            return Self::No;
        };
        let mut crashes = book.crashes.iter();
        let is_forgotten = crashes.any(|crash| crash.at <= then && crash.forgets(read));
        match book.ended.get(&wire) {
            _ if is_forgotten => Self::Maybe(read),
            Some(ended) if read >= *ended => Self::Maybe(read),
            _ => Self::Yes(read),
        }
    }

    pub fn at(self) -> Option<Moment> {
        match self {
            Self::Yes(at) | Self::Maybe(at) => Some(at),
            Self::No => None,
        }
    }

    pub fn is_sure(self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// A final report that may have told the end of a message.
struct Word {
    state: State,
    /// When it could count: it was heard, and its message was known by its id.
    from: Moment,
    heard: Moment,
    /// Whether it counted for certain, unless another came before it.
    is_sure: bool,
}

/// One message and what is known of it.
pub struct Case<'a> {
    pub book: &'a Book,
    pub wires: &'a [Wire],
    pub plan: &'a Plan,
    letters: Vec<DeadLetter>,
    pub number: usize,
    pub message: &'a Message,
    pub wrong: Vec<String>,
}

impl<'a> Case<'a> {
    pub fn new(world: &'a World, number: usize) -> Self {
        let book = &world.scene.book;
        let message = &book.messages[number];
        let letters = world.gateway.board.dead_letters.lock();
        let its = |letter: &&DeadLetter| *letter.number == *message.destination.as_bytes();
        Self {
            letters: letters
                .after((smppgate::moment::Moment(0), smppgate::message::MessageId(0)))
                .filter(its)
                .cloned()
                .collect(),
            book,
            wires: &world.scene.wires,
            plan: &world.scene.plan,
            number,
            message,
            wrong: Vec::new(),
        }
    }

    pub fn judge(mut self, wrong: &mut Vec<Wrong>, tally: &mut Tally) {
        self.answered_in_time();
        self.sent(tally);
        self.told_in_order(tally);
        self.ends(tally);
        self.asked();
        let about = About::Message(self.number);
        wrong.extend(self.wrong.into_iter().map(|what| Wrong { about, what }));
    }

    pub fn sendings(&self) -> impl Iterator<Item = &'a Sending> + use<'a> {
        let book = self.book;
        let sendings = &self.message.sendings;
        sendings.iter().map(move |at| &book.sendings[*at])
    }

    /// How the gateway heard the first answer to a sending.
    pub fn answer_heard(&self, sending: &Sending) -> Heard {
        match sending.answered {
            Some(answer) => Heard::of(self.book, self.wires, sending.wire, answer.place),
            None => Heard::No,
        }
    }

    pub fn is_refused(&self, sending: &Sending) -> Option<Moment> {
        sending.answered.filter(|answer| !answer.status.is_ok())?;
        self.answer_heard(sending).at()
    }

    /// When the gateway took the message: its id tells.
    fn accepted_at(&self) -> Option<Moment> {
        let Answer::Accepted { id, .. } = &self.message.answer else {
            return None;
        };
        let form = self.plan.accounts[self.message.account].settings.message_id;
        MessageId::parse(id.as_bytes(), form).map(MessageId::accepted)
    }

    pub fn until(&self) -> Option<Moment> {
        let accepted = self.accepted_at()?;
        let valid = self.message.valid_seconds.map(Duration::from_secs);
        Some(
            accepted
                + valid
                    .unwrap_or(VALIDITY)
                    .min(VALIDITY.max(valid.unwrap_or_default())),
        )
    }

    /// In stored mode its sender is answered at once, in carrier mode within its time.
    fn answered_in_time(&mut self) {
        let at = match self.message.answer {
            Answer::None => return,
            Answer::Accepted { at, .. } | Answer::Refused(_, at) => at,
        };
        // What is held back by a link or the journal is late for that reason.
        let is_slow = |trouble: &Trouble| {
            matches!(
                trouble.what,
                Ill::JournalSlow { .. } | Ill::EsmeStalls { .. }
            )
        };
        if self.plan.troubles.iter().any(is_slow) || self.plan.faults.room < usize::MAX {
            return;
        }
        let settings = &self.plan.accounts[self.message.account].settings;
        let within = match self.message.ack {
            AckMode::Stored => Duration::ZERO,
            AckMode::Carrier => settings.respond_within,
        };
        let read = self.wires[self.message.wire].read_at(End::Gateway, self.message.place);
        // Who is kept to its rate waits a second for its turn; who exceeds its window waits longer,
        // and segments are sent without a look at it.
        let window = self.plan.accounts[self.message.account].window;
        let has_segments = |order: &Order| matches!(order.wish, Wish::Segments { .. });
        let is_in_window =
            window <= settings.window as usize && !self.plan.load.iter().any(has_segments);
        if let Some(read) = read.filter(|_| is_in_window)
            && at > read + within + PROMPT
        {
            let late = at.since(read).as_secs_f64();
            self.wrong
                .push(format!("it was answered after {late:.3} s"));
        }
    }

    /// No receipt leaves before the response, none is told again that was taken, and the last word
    /// is the last.
    fn told_in_order(&mut self, tally: &mut Tally) {
        let mut told: Vec<&Told> = self.message.told.iter().collect();
        told.sort_by_key(|told| told.order);
        if let Answer::Accepted { id, order, .. } = &self.message.answer {
            if told.first().is_some_and(|first| first.order < *order) {
                self.wrong
                    .push("its receipt was written before its response".to_owned());
            }
            if told.iter().any(|told| told.id != *id) {
                self.wrong
                    .push("its receipt names another id than its response".to_owned());
            }
        }
        let timeout = self.plan.accounts[self.message.account]
            .settings
            .deliver_timeout;
        let last: Vec<&Told> = told.iter().copied().filter(|told| told.is_final).collect();
        for pair in last.windows(2) {
            tally.receipts_repeated += 1;
            let (before, after) = (pair[0], pair[1]);
            if self.may_be_corrected() && is_correction(before.state, after.state) {
                continue;
            }
            let is_lost = self.book.let_go(before.wire) <= after.written;
            let is_overdue = before.written + timeout <= after.written;
            // One that could not be taken is told again in the same life, also if a crash comes after
            // that by which the refusal is forgotten.
            let heard = |place| {
                let (book, wires) = (self.book, self.wires);
                Heard::as_of(after.written, book, wires, before.wire, place)
            };
            let answer = before.answered.filter(|answer| {
                let heard = heard(answer.place);
                heard.is_sure() && heard.at() <= Some(after.written)
            });
            let in_time =
                answer.filter(|answer| heard(answer.place).at() < Some(before.written + timeout));
            match in_time {
                Some(answer) if answer.status.is_ok() => self
                    .wrong
                    .push("its receipt was told again after it had been taken".to_owned()),
                Some(answer) if is_for_good(answer.status) => self
                    .wrong
                    .push("its receipt was told again after it was refused for good".to_owned()),
                Some(_) => {}
                None if is_lost || is_overdue => {}
                None => self
                    .wrong
                    .push("its receipt was told twice at one time".to_owned()),
            }
        }
        // What goes over two links has no order there: on one link the last word is the last.
        for notice in told.iter().filter(|told| !told.is_final) {
            let is_behind = |last: &&Told| last.wire == notice.wire && last.order < notice.order;
            if last.iter().any(is_behind) {
                self.wrong
                    .push("a notification on the way came after its last receipt".to_owned());
            }
        }
    }

    /// It came to one end, which is one that it can have come to, and its sender was told.
    fn ends(&mut self, tally: &mut Tally) {
        let mut states: Vec<State> = Vec::new();
        for told in self.message.told.iter().filter(|told| told.is_final) {
            if !states.contains(&told.state) {
                states.push(told.state);
            }
        }
        match self.message.answer {
            Answer::Refused(status, _) => {
                if !self.message.told.is_empty() {
                    self.wrong
                        .push(format!("it was refused with {status}, and told a receipt"));
                }
                return;
            }
            Answer::None if states.is_empty() => return,
            _ => {}
        }
        if self.may_be_corrected()
            && let [first, second] = states[..]
            && is_correction(first, second)
        {
            tally.told_corrected += 1;
            states.remove(0);
        }
        if states.len() > 1 {
            self.wrong.push(format!("it was told two ends: {states:?}"));
            return;
        }
        let registered = RegisteredDelivery(self.message.registered);
        let is_wanted = |state: State| {
            registered.wants_final(matches!(state, State::Delivered | State::Accepted))
        };
        if let Some(state) = states.first().copied() {
            tally.messages_told += 1;
            match state {
                State::Delivered | State::Accepted => tally.told_delivered += 1,
                State::Expired => tally.told_expired += 1,
                State::Deleted => tally.told_deleted += 1,
                State::Unknown => tally.told_unknown += 1,
                _ => tally.told_failed += 1,
            }
            if !is_wanted(state) {
                self.wrong
                    .push(format!("it was told {state:?}, which it did not ask for"));
            }
            let its = |told: &&Told| told.is_final && told.state == state;
            let written = self.message.told.iter().filter(its);
            let first = written.map(|told| told.written).min();
            // Of segments that were never answered nobody knows which one a receipt is about.
            let is_known = self.is_simple() || self.message.is_answered();
            if let Err(what) = self.may_end(state, first.unwrap_or_default())
                && is_known
            {
                self.wrong.push(format!("it was told {state:?}: {what}"));
            }
            let is_heard = |told: &&Told| {
                let status = told.answered.map(|answer| answer.status);
                status.is_some_and(|status| status.is_ok() || is_for_good(status))
            };
            let told = self.message.told.iter().filter(|told| told.is_final);
            if told.filter(is_heard).count() == 0 && self.letters.is_empty() {
                self.wrong
                    .push("its receipt was written, and its sender never took it".to_owned());
            }
            return;
        }
        if registered.0 & 0x03 == 0 || !self.letters.is_empty() {
            return;
        }
        // Nothing was told: then an end that is not wanted must be possible.
        let words = self.words();
        let sure = words.iter().position(|word| word.is_sure);
        let may_be = match sure.filter(|_| self.is_simple() && !self.is_cancelled()) {
            Some(sure) => {
                // Words that came at one time may be taken in any order.
                let when = |word: &Word| (word.from, word.heard);
                let upto = words.partition_point(|word| when(word) <= when(&words[sure]));
                &words[..upto]
            }
            None => &words[..],
        };
        let is_unwanted = |word: &Word| !is_wanted(word.state);
        let by_carrier = may_be.iter().any(is_unwanted);
        let by_us = !is_wanted(State::Undeliverable) && (sure.is_none() || !self.is_simple());
        if !by_carrier && !by_us {
            self.wrong
                .push("it was accepted, and its end was never told".to_owned());
        }
    }

    /// The final reports that may speak for it, the first one first.
    fn words(&self) -> Vec<Word> {
        let operator = |sending: &Sending| self.plan.carriers[sending.carrier].operator;
        let mut words = Vec::new();
        for sending in self.family() {
            let is_learned = sending.answered.is_some_and(|answer| answer.status.is_ok());
            let learned = match is_learned {
                true => self.answer_heard(sending),
                false => Heard::No,
            };
            let Some(learned_at) = learned.at() else {
                continue;
            };
            for report in sending.reports.iter().filter(|report| {
                report.state.is_final()
                    || report.state == State::Accepted
                        && self.plan.operators[operator(sending)].acceptd_final
            }) {
                let over = self.until().unwrap_or(self.message.asked) + REPORT_TIMEOUT;
                for (heard, is_heard) in self.report_heard(report) {
                    let waits = learned_at.since(heard);
                    let from = heard.max(learned_at);
                    let in_time = waits < PARKED_FOR && from + SWEEP < over;
                    words.push(Word {
                        state: report.state,
                        from,
                        heard,
                        is_sure: is_heard && learned.is_sure() && in_time,
                    });
                }
            }
        }
        words.sort_by_key(|word| (word.from, word.heard));
        words
    }

    /// When a report was heard, and whether that is sure. One that was brought again may have been
    /// refused before.
    fn report_heard(&self, report: &Reported) -> Vec<(Moment, bool)> {
        if !report.is_final {
            return Vec::new();
        }
        let last = report.tries.len().saturating_sub(1);
        let tries = report.tries.iter().enumerate();
        let heard = tries.filter_map(|(at, (wire, place))| {
            let heard = Heard::of(self.book, self.wires, *wire, *place);
            Some((heard.at()?, heard.is_sure() && at == last))
        });
        heard.collect()
    }

    /// Its sendings, and those of the segments that one report may be about together with it.
    fn family(&self) -> Vec<&'a Sending> {
        let Shape::Segment { of, total } = self.message.shape else {
            return self.sendings().collect();
        };
        let book = self.book;
        let mut all: Vec<usize> = (of..of + usize::from(total))
            .flat_map(|number| book.messages[number].sendings.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(|at| &book.sendings[at]).collect()
    }

    /// What is kept on a disk is known for a while after it was told as unknown.
    fn may_be_corrected(&self) -> bool {
        self.plan.is_on_disk
    }

    /// Whether it has left in parts: what is left of it may be taken back.
    fn is_cut(&self) -> bool {
        self.sendings().any(|sending| sending.part.is_some())
    }

    pub fn is_simple(&self) -> bool {
        !matches!(self.message.shape, Shape::Segment { .. })
            && self.sendings().all(|sending| sending.part.is_none())
    }

    /// Whether it can have come to this end, which was first told then.
    fn may_end(&self, state: State, told: Moment) -> Result<(), String> {
        let words = self.words();
        let is_cancelled = self.is_cancelled();
        if state == State::Deleted && is_cancelled {
            return Ok(());
        }
        // The first word counts; words that came at one time may be taken in any order. That nothing is
        // known is no last word for one that is taken up again after a crash: it waits for a better one.
        let is_open = |word: &Word| {
            let is_between = |crash: &Crash| word.from <= crash.at && crash.at <= told;
            word.state == State::Unknown
                && self.may_be_corrected()
                && self.book.crashes.iter().any(is_between)
        };
        let sure = words.iter().find(|word| word.is_sure && !is_open(word));
        let first = sure.map(|word| (word.from, word.heard));
        let may_be_first =
            |word: &&Word| first.is_none_or(|first| (word.from, word.heard) <= first);
        let speaks = |word: &Word| word.state == state;
        let by_carrier = match self.is_simple() {
            true => words.iter().filter(may_be_first).any(speaks),
            false => words.iter().any(speaks),
        };
        if by_carrier {
            return Ok(());
        }
        let sendings: Vec<&Sending> = self.sendings().collect();
        let is_ours =
            |sending: &&&Sending| self.is_refused(sending).is_none() && !self.is_forgotten(sending);
        let unrefused = sendings.iter().filter(is_ours).count();
        match state {
            State::Unknown => {
                let over = self.until().unwrap_or(self.message.asked) + REPORT_TIMEOUT;
                if told < over {
                    return Err("before a report was waited for to the end".to_owned());
                }
                let is_refused = |one: &&Sending| {
                    self.is_refused(one).is_some() && self.answer_heard(one).is_sure()
                };
                if sendings.iter().all(is_refused) && !self.may_be_noted() {
                    return Err("no carrier can have it".to_owned());
                }
                match sure.filter(|_| self.is_simple()) {
                    Some(word) => Err(format!("a carrier had reported {:?} in time", word.state)),
                    None => Ok(()),
                }
            }
            State::Undeliverable if !self.is_simple() => Ok(()),
            State::Undeliverable if sendings.is_empty() => {
                Err("it was never sent to any carrier".to_owned())
            }
            State::Undeliverable if unrefused > 0 => {
                Err("a carrier has it, and has not said so".to_owned())
            }
            State::Undeliverable => Ok(()),
            State::Rejected if self.is_stored() && self.lost() >= LOSSES_MAX => Ok(()),
            State::Expired if unrefused > 0 && self.is_simple() => {
                Err("a carrier has it".to_owned())
            }
            State::Expired => match self.until() {
                Some(until) if told + Duration::from_secs(1) < until => {
                    Err("before its time was over".to_owned())
                }
                _ => Ok(()),
            },
            _ => {
                let said: Vec<State> = words.iter().map(|word| word.state).collect();
                Err(format!("what carriers said of it is {said:?}"))
            }
        }
    }

    /// Whether it was, or may have been, taken back.
    pub fn is_cancelled(&self) -> bool {
        let may_be = |answer: Option<(smppgate_codec::code::Status, Moment)>| {
            answer.is_none_or(|(status, _)| status.is_ok())
        };
        self.message.cancels.iter().any(|one| may_be(one.answer))
    }

    /// What it was answered when it asked where its message stands, and that what was taken back
    /// was not sent.
    fn asked(&mut self) {
        let last = self.message.told.iter().filter(|told| told.is_final);
        let last: Vec<State> = last.map(|told| told.state).collect();
        // The others of a submit_multi have the same id.
        let is_one = !matches!(self.message.shape, Shape::Multi { .. });
        let registered = RegisteredDelivery(self.message.registered);
        for (_, _, state) in self.message.queried.clone().into_iter().filter(|_| is_one) {
            let (Some(state), Some(told)) = (state, last.first()) else {
                continue;
            };
            let is_unwanted = self.may_be_corrected()
                && is_correction(*told, state)
                && !registered.wants_final(matches!(state, State::Delivered | State::Accepted));
            if state != State::EnRoute && !last.contains(&state) && !is_unwanted {
                self.wrong.push(format!(
                    "it was said to be {state:?} when asked, and told as {told:?}"
                ));
            }
        }
        let taken_back = self
            .message
            .cancels
            .iter()
            .filter_map(|one| one.answer)
            .find(|(status, _)| status.is_ok() && is_one && !self.is_cut());
        if let Some((_, at)) = taken_back {
            let is_ours =
                |one: &&Sending| self.is_refused(one).is_none() && !self.is_forgotten(one);
            let sendings = self.sendings().filter(is_ours);
            let sent: Vec<_> = sendings.collect();
            if !sent.is_empty() {
                self.wrong.push(format!(
                    "it was taken back, and sent {:.3} s before that was said",
                    at.since(sent[0].written).as_secs_f64()
                ));
            }
        }
    }
}

/// Whether a report came after it was told that nothing is known.
fn is_correction(first: State, second: State) -> bool {
    first == State::Unknown && second != State::Unknown
}

pub fn is_for_good(status: smppgate_codec::code::Status) -> bool {
    use smppgate_codec::code::Status;
    matches!(status, Status::ESME_RX_P_APPN | Status::ESME_RX_R_APPN)
}
