//! Whether the promise was kept for one message of an ESME.

use smppgate_codec::code::{MessageState, RegisteredDelivery, Status};

use super::again::allowed;
use super::audit::Counts;
use super::breaks::Breaks;
use super::entry::{Event, ReportedState};
use super::offence::Offence;
use super::story::Story;
use super::terms::Terms;

/// What was found of one message.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub offences: Vec<Offence>,
    /// What is still to come; if it does not, this is the offence.
    pub missing: Option<Offence>,
    /// It was never answered: it may be anywhere, or nowhere.
    pub is_in_doubt: bool,
    /// The breaks on account of which it went out again.
    pub sent_again: Vec<usize>,
    pub counts: Counts,
}

impl Found {
    pub fn offend(&mut self, offence: Offence) {
        if !self.offences.contains(&offence) {
            self.offences.push(offence);
        }
    }
}

/// A message as its story tells it.
struct Case<'a> {
    breaks: &'a Breaks,
    terms: &'a Terms,
    account: u8,
    registered: RegisteredDelivery,
    answer: Option<Answer>,
    is_unanswered: bool,
    /// The places of its entries, and of which bind they are.
    told: Vec<Told>,
    taken: Vec<Taken>,
    /// When carriers refused it.
    refusals: Vec<u64>,
    /// What carriers have written of it, and what of that was answered with status 0.
    reported: Vec<ReportedState>,
    reports_taken: Vec<(u64, ReportedState)>,
}

#[derive(Clone, Copy)]
struct Answer {
    at: u64,
    bind: u32,
    status: Status,
    id: Option<u64>,
}

#[derive(Clone, Copy)]
struct Told {
    at: u64,
    bind: u32,
    account: u8,
    id: Option<u64>,
    reported: ReportedState,
    /// An answer had been noted.
    is_after_answer: bool,
}

#[derive(Clone, Copy)]
struct Taken {
    at: u64,
    carrier: u8,
    responded: Option<u64>,
}

/// Looks at a message from an ESME.
pub(super) fn judge(story: &Story, breaks: &Breaks, terms: &Terms) -> Found {
    let mut found = Found::default();
    if story.untold > 0 {
        found.offend(Offence::Endless);
    }
    let case = Case::read(story, breaks, terms, &mut found);
    case.sendings(&mut found);
    case.tellings(&mut found);
    match case.answer.filter(|answer| !breaks.is_limbo(answer.at)) {
        Some(answer) if answer.status.is_ok() => case.accepted(&mut found),
        Some(_) => case.refused(&mut found),
        None => case.doubtful(&mut found),
    }
    found
}

impl<'a> Case<'a> {
    fn read(story: &Story, breaks: &'a Breaks, terms: &'a Terms, found: &mut Found) -> Self {
        let mut case = Self {
            breaks,
            terms,
            account: u8::MAX,
            registered: RegisteredDelivery(0),
            answer: None,
            is_unanswered: false,
            told: Vec::new(),
            taken: Vec::new(),
            refusals: Vec::new(),
            reported: Vec::new(),
            reports_taken: Vec::new(),
        };
        for entry in &story.entries {
            case.note(entry.at, entry.event, found);
        }
        case
    }

    fn note(&mut self, at: u64, event: Event, found: &mut Found) {
        match event {
            Event::Submitted {
                account,
                registered,
                ..
            } => {
                self.account = account;
                self.registered = RegisteredDelivery(registered);
            }
            Event::Answered { bind, status, id } => {
                if self.answer.is_some() {
                    found.offend(Offence::AnsweredTwice);
                }
                if status.is_ok() && id.is_none() {
                    found.offend(Offence::IdOdd);
                }
                self.answer.get_or_insert(Answer {
                    at,
                    bind,
                    status,
                    id,
                });
            }
            Event::GivenBefore { .. } => found.offend(Offence::IdReused),
            Event::Unanswered { .. } => self.is_unanswered = true,
            Event::Told {
                account,
                bind,
                id,
                reported,
                answer,
            } if answer.is_ok() => self.told.push(Told {
                at,
                bind,
                account,
                id,
                reported,
                is_after_answer: self.answer.is_some(),
            }),
            Event::Taken { carrier, .. } => self.taken.push(Taken {
                at,
                carrier,
                responded: None,
            }),
            Event::Refused { .. } => self.refusals.push(at),
            Event::Responded { carrier } => {
                let mut taken = self.taken.iter_mut().rev();
                if let Some(last) = taken.find(|one| one.carrier == carrier) {
                    last.responded.get_or_insert(at);
                }
            }
            Event::Reported { reported, .. } => self.reported.push(reported),
            Event::ReportAnswered {
                reported, status, ..
            } if status.is_ok() => self.reports_taken.push((at, reported)),
            Event::Garbled => found.offend(Offence::Garbled),
            Event::Phoned { .. } | Event::PhoneAnswered { .. } | Event::Arrived { .. } => {
                found.offend(Offence::PhoneForeign);
            }
            // What an ESME did not take is told again, and what the gateway did not is reported again.
            Event::Told { .. } | Event::ReportAnswered { .. } => {}
        }
    }

    /// Whether a receipt with this end was asked for.
    fn wants(&self, reported: ReportedState) -> bool {
        self.registered
            .wants_final(reported.state == MessageState::DELIVERED)
    }

    /// How often carriers accepted it.
    fn sendings(&self, found: &mut Found) {
        found.counts.sent += self.taken.len() as u64;
        let never_again = self.is_never_sent_again();
        for pair in self.taken.windows(2) {
            let first = (pair[0].at, pair[0].responded);
            match allowed(self.breaks, self.terms, first, pair[1].at) {
                Some(place) if !never_again => {
                    found.counts.sent_again += 1;
                    // What left after a cut is not what was in flight at it.
                    if !self.breaks.is_limbo(pair[0].at) {
                        found.sent_again.push(place);
                    }
                }
                _ => found.offend(Offence::SentAgain),
            }
        }
    }

    /// What its sender was told, and whether that is true.
    fn tellings(&self, found: &mut Found) {
        let answer = self
            .answer
            .filter(|answer| !self.breaks.is_limbo(answer.at));
        for (place, told) in self.told.iter().enumerate() {
            found.counts.told += 1;
            if told.account != self.account {
                found.offend(Offence::ToldElsewhere);
            }
            if !self.wants(told.reported) {
                found.offend(Offence::ToldUnasked);
            }
            let id = answer.map_or(self.told[0].id, |answer| answer.id);
            if told.id.is_none() || told.id != id {
                found.offend(Offence::WrongId);
            }
            if let Some(answer) = self.answer
                && answer.bind == told.bind
                && !told.is_after_answer
            {
                found.offend(Offence::ToldTooEarly);
            }
            match self.is_true(told) {
                true => {}
                false if self.is_refused_at_last(told) => found.counts.told_by_refusal += 1,
                false => found.offend(Offence::WrongState),
            }
            if place > 0 {
                self.told_again(&self.told[place - 1], told, found);
            }
        }
    }

    fn told_again(&self, before: &Told, told: &Told, found: &mut Found) {
        if before.reported != told.reported {
            if before.reported.state == MessageState::UNKNOWN {
                found.counts.corrected += 1;
            } else {
                found.offend(Offence::ToldOtherwise);
            }
            return;
        }
        let first = (before.at, Some(before.at));
        if allowed(self.breaks, self.terms, first, told.at).is_some() {
            found.counts.told_again += 1;
        } else {
            found.offend(Offence::ToldAgain);
        }
    }

    /// Whether a carrier has said so, or nobody has said anything else.
    fn is_true(&self, told: &Told) -> bool {
        let is_reported = |one: &ReportedState| *one == told.reported;
        if self.reported.iter().any(is_reported) {
            return true;
        }
        match told.reported.state {
            MessageState::UNDELIVERABLE | MessageState::REJECTED => {
                !self.refusals.is_empty() && self.taken.is_empty()
            }
            // Only what no carrier holds has expired with us.
            MessageState::EXPIRED => self.taken.is_empty(),
            MessageState::UNKNOWN => !self
                .reports_taken
                .iter()
                .any(|(at, _)| *at < told.at && !self.breaks.is_limbo(*at)),
            _ => false,
        }
    }

    /// Whether it was sent just before a crash, and refused when it was sent again: that a carrier has it
    /// from the first time is what nobody knew any more. Of what was sent long before that is known.
    fn is_refused_at_last(&self, told: &Told) -> bool {
        let state = told.reported.state;
        let is_failure = state == MessageState::UNDELIVERABLE || state == MessageState::REJECTED;
        let may_be_unknown = |refused: u64| {
            let before = self.taken.iter().filter(|taken| taken.at < told.at);
            before
                .map(|taken| (taken.at, Some(taken.at)))
                .all(|first| allowed(self.breaks, self.terms, first, refused).is_some())
        };
        let mut refusals = self.refusals.iter().filter(|&&at| at < told.at);
        is_failure && !self.is_never_sent_again() && refusals.any(|&at| may_be_unknown(at))
    }

    /// Whether each of its sendings was in flight at a crash, and one more was refused after that, or
    /// there were two: it is sent once more, and not twice.
    fn is_held(&self) -> bool {
        let is_after_all = |then: u64| {
            let mut taken = self.taken.iter().map(|taken| (taken.at, Some(taken.at)));
            taken.all(|first| allowed(self.breaks, self.terms, first, then).is_some())
        };
        match self.taken.len() {
            0 => false,
            1 => self.refusals.iter().any(|refused| is_after_all(*refused)),
            _ => is_after_all(u64::MAX),
        }
    }

    fn is_never_sent_again(&self) -> bool {
        let account = self.terms.accounts.get(usize::from(self.account));
        account.is_some_and(|account| account.never_again)
    }

    fn accepted(&self, found: &mut Found) {
        found.counts.accepted += 1;
        if !self.told.is_empty() {
            return;
        }
        let states = |delivered| self.registered.wants_final(delivered);
        let is_sent = !self.taken.is_empty() || !self.refusals.is_empty();
        // Of several ends, which come of several sendings, the first that is taken counts: any may be.
        let has_unwanted = |of: &Self| of.reports_taken.iter().any(|(_, end)| !of.wants(*end));
        let was_cut_off = self
            .reports_taken
            .iter()
            .any(|(at, _)| self.breaks.is_limbo(*at));
        match (states(true), states(false)) {
            (false, false) if is_sent => found.counts.untold += 1,
            (false, false) => found.missing = Some(Offence::NotSent),
            // What was taken by a process that the next one knows nothing of is not repeated.
            _ if was_cut_off => found.counts.cut_off += 1,
            _ if has_unwanted(self) => found.counts.untold += 1,
            // The next process did not know that a carrier had it, and does not take the refusal of
            // another for its end: that is told when no report can come any more.
            _ if self.is_held() => found.counts.held += 1,
            (true, false) if self.taken.is_empty() && !self.refusals.is_empty() => {
                found.counts.untold += 1;
            }
            _ => found.missing = Some(Offence::NotTold),
        }
    }

    fn refused(&self, found: &mut Found) {
        found.counts.refused += 1;
        if !self.taken.is_empty() {
            found.offend(Offence::RefusedAndSent);
        }
        if !self.told.is_empty() {
            found.offend(Offence::RefusedAndTold);
        }
    }

    /// It may have been accepted or not; what was taken of it may not be lost.
    fn doubtful(&self, found: &mut Found) {
        if self.answer.is_none() && !self.is_unanswered {
            found.missing = Some(Offence::NeverAnswered);
            return;
        }
        found.is_in_doubt = true;
        found.counts.in_doubt += 1;
        let is_wanted = |(at, reported): &(u64, ReportedState)| {
            self.wants(*reported) && !self.breaks.is_limbo(*at)
        };
        if self.told.is_empty() && self.reports_taken.iter().any(is_wanted) {
            found.counts.reports_untold += 1;
        }
    }
}
