//! How often one message left: again only after a refusal, or after an outcome that nobody knows as far
//! as `unknown_outcome` lets it, and never when its time was over.

use super::book::{Answer, Answered, Crash, Sending};
use super::faults::{Ill, Trouble};
use super::judge::{Case, Heard, SWEEP};
use super::tally::Tally;
use smppgate::message::{AckMode, UnknownOutcome};
use smppgate::moment::Moment;
use std::time::Duration;

/// Sendings that may follow an unknown outcome with `resend`.
const RESENT_MAX: usize = 5;

/// Why a message may have gone out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It was refused before.
    Refused,
    /// It was not known what had become of it.
    Unknown,
    /// There is no reason.
    Never,
}

impl<'a> Case<'a> {
    /// What left, the first of it first.
    fn in_order(&self) -> Vec<&'a Sending> {
        let mut sendings: Vec<&Sending> = self.sendings().collect();
        sendings.sort_by_key(|sending| sending.written);
        sendings
    }

    pub fn is_stored(&self) -> bool {
        self.message.ack == AckMode::Stored
    }

    /// Sendings that were not answered before their bind was lost.
    pub fn lost(&self) -> usize {
        let is_lost = |sending: &&Sending| {
            let ended = self.book.ended.get(&sending.wire);
            let heard = self.answer_heard(sending);
            ended.is_some_and(|ended| !heard.is_sure() || heard.at() >= Some(*ended))
        };
        self.sendings().filter(is_lost).count()
    }

    /// Why it may go out after this sending.
    fn why(&self, before: &Sending, after: &Sending) -> Again {
        if self.is_refused(before) <= Some(after.written) && self.is_refused(before).is_some() {
            return Again::Refused;
        }
        let settings = &self.plan.carriers[before.carrier].settings;
        let given_up = before.written + settings.response_timeout;
        let lost = self.book.ended.get(&before.wire).copied();
        // An answer that says nothing leaves nothing to wait for.
        let heard_of =
            |answer: Answered| Heard::of(self.book, self.wires, before.wire, answer.place).at();
        let is_empty = before.answered.is_none();
        let empty = before.settled.filter(|_| is_empty).and_then(heard_of);
        let soonest = [Some(given_up), lost, empty].into_iter().flatten().min();
        let over = soonest.unwrap_or(Moment::NEVER);
        let heard = self.answer_heard(before);
        // An answer that comes too late takes back what has not left, as soon as it is settled.
        let knows = match heard.is_sure() {
            false => Moment::NEVER,
            true => heard.at().unwrap_or(Moment::NEVER),
        };
        let is_slow = self.plan.faults.room < usize::MAX
            || self
                .plan
                .troubles
                .iter()
                .any(|trouble| matches!(trouble.what, Ill::JournalSlow { .. }));
        match over <= after.written && (knows >= after.written || is_slow && knows >= over) {
            true => Again::Unknown,
            false => Again::Never,
        }
    }

    /// Whether the gateway may not know any more that it left.
    pub fn is_forgotten(&self, sending: &Sending) -> bool {
        let crashes = &self.book.crashes;
        self.unknown_outcome() != UnknownOutcome::Hold
            && crashes.iter().any(|crash| crash.forgets(sending.written))
    }

    /// Whether it may have been noted that it leaves, and the gateway ended before it did.
    pub fn may_be_noted(&self) -> bool {
        let is_later = |crash: &Crash| crash.at >= self.message.asked;
        self.unknown_outcome() == UnknownOutcome::Hold && self.book.crashes.iter().any(is_later)
    }

    fn unknown_outcome(&self) -> UnknownOutcome {
        let account = &self.plan.accounts[self.message.account].settings;
        account.when_unknown(self.plan.unknown_outcomes[self.message.prefix])
    }

    /// How often it may go out again after an outcome that nobody knows.
    fn may_be_resent(&self) -> usize {
        match self.unknown_outcome() {
            _ if !self.is_stored() => 0,
            UnknownOutcome::Hold => 0,
            UnknownOutcome::ResendOnce => 1,
            UnknownOutcome::Resend => RESENT_MAX,
        }
    }

    /// A message goes out again only for a reason, and never when its time is over.
    pub fn sent(&mut self, tally: &mut Tally) {
        let sendings = self.in_order();
        for sending in &sendings {
            let is_first_of = sending.of.first() == Some(&self.number);
            match self.answer_heard(sending) {
                Heard::No if is_first_of => tally.sendings_unknown += 1,
                _ if is_first_of && self.is_refused(sending).is_some() => {
                    tally.sendings_refused += 1;
                }
                _ => {}
            }
            self.is_in_time(sending);
            self.is_whole(sending);
        }
        let is_cut = sendings.iter().any(|sending| sending.part.is_some());
        match is_cut {
            true => self.parts(&sendings, tally),
            false => self.again(&sendings, tally),
        }
        let may_expire = self
            .message
            .valid_seconds
            .is_some_and(|valid| valid <= 3_600);
        let is_accepted = matches!(self.message.answer, Answer::Accepted { .. });
        let may_stay = may_expire || self.may_be_noted();
        if is_accepted && sendings.is_empty() && !may_stay && !self.is_cancelled() {
            self.wrong
                .push("it was accepted, and never sent to any carrier".to_owned());
        }
        self.is_refused_rightly(&sendings, is_cut);
    }

    fn again(&mut self, sendings: &[&Sending], tally: &mut Tally) {
        let mut resent = 0;
        for pair in sendings.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            match self.why(before, after) {
                Again::Refused => {}
                Again::Never => self.wrong.push(format!(
                    "it was sent to carrier {} and again to carrier {} without a reason",
                    before.carrier, after.carrier
                )),
                Again::Unknown => {
                    resent += usize::from(!self.is_forgotten(before));
                    tally.sendings_again += 1;
                    if before.of.len() > 1 && !self.is_crashed_between(before, after) {
                        self.wrong
                            .push("it went out again though it had left with others".to_owned());
                    }
                }
            }
        }
        let most = self.may_be_resent();
        if resent > most {
            self.wrong.push(format!(
                "it went out again {resent} times after outcomes that nobody knows, and not {most}"
            ));
        }
    }

    /// Whether the journal may not have taken what a carrier has answered: nothing is said to be
    /// accepted then.
    fn may_be_unkept(&self) -> bool {
        let is_full = |trouble: &Trouble| matches!(trouble.what, Ill::JournalFull);
        self.plan.is_on_disk && self.plan.troubles.iter().any(is_full)
    }

    /// Whether the gateway had to go on from what was kept: that does not say which messages left as
    /// one that no carrier has answered.
    fn is_crashed_between(&self, before: &Sending, after: &Sending) -> bool {
        let between = before.written..=after.written;
        self.book
            .crashes
            .iter()
            .any(|crash| between.contains(&crash.at))
    }

    fn is_refused_rightly(&mut self, sendings: &[&Sending], is_cut: bool) {
        let Answer::Refused(status, at) = self.message.answer else {
            return;
        };
        // What a carrier says after its own time or the ESME's is over comes too late.
        let given_up = |sending: &&Sending| {
            let settings = &self.plan.carriers[sending.carrier].settings;
            sending.written + settings.response_timeout
        };
        let at = sendings.iter().map(given_up).fold(at, Moment::min);
        let settings = &self.plan.accounts[self.message.account].settings;
        let read =
            self.wires[self.message.wire].read_at(super::wire::End::Gateway, self.message.place);
        let decided = read.map(|read| at.min(read + settings.respond_within));
        let taken = sendings.iter().filter(|sending| {
            let is_ok = sending.answered.is_some_and(|answer| answer.status.is_ok());
            let heard = self.answer_heard(sending);
            is_ok && heard.is_sure() && heard.at() < decided
        });
        if self.is_stored() && !sendings.is_empty() {
            self.wrong.push(format!(
                "it was refused with {status}, and sent to a carrier"
            ));
        } else if taken.count() > 0 && !is_cut && !self.may_be_unkept() {
            self.wrong.push(format!(
                "it was refused with {status}, although a carrier had accepted it"
            ));
        }
    }

    fn is_in_time(&mut self, sending: &Sending) {
        let Some(until) = self.until() else { return };
        let slack = match self.message.valid_seconds {
            Some(_) => Duration::from_secs(1),
            None => SWEEP,
        };
        if sending.written > until + slack {
            let late = sending.written.since(until).as_secs_f64();
            self.wrong.push(format!(
                "it was sent to carrier {} {late:.1} s after its time was over",
                sending.carrier
            ));
        }
    }

    /// What a carrier reads is what its sender wrote, now or anew.
    fn is_whole(&mut self, sending: &Sending) {
        if sending.part.is_some() {
            return;
        }
        let texts = self.message.replaces.iter().map(|(text, _)| text);
        let mut texts = texts.chain([&self.message.text]);
        let is_its = match sending.of.len() {
            1 => texts.any(|text| *text == sending.text),
            _ => {
                let all = sending.of.iter();
                let whole: Vec<u8> = all
                    .flat_map(|number| self.book.messages[*number].text.clone())
                    .collect();
                whole == sending.text
            }
        };
        if !is_its {
            self.wrong
                .push(format!("carrier {} read another text", sending.carrier));
        }
    }

    /// A part goes out again only after a refusal, or with the whole message.
    fn parts(&mut self, sendings: &[&Sending], tally: &mut Tally) {
        for (at, sending) in sendings.iter().enumerate() {
            let Some(part) = sending.part else { continue };
            let same =
                |other: &&&Sending| other.part.is_some_and(|other| other.seqnum == part.seqnum);
            let before = sendings[..at].iter().rev().find(same);
            let Some(before) = before else { continue };
            if self.is_refused(before).is_none() {
                tally.parts_sent_again += 1;
            }
        }
    }
}
