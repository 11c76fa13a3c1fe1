//! The stories that are not over, and the sums of those that are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::audit::{Audit, Counts};
use super::breaks::{BreakKind, Breaks};
use super::entry::{Entry, Event};
use super::judge::{Found, judge};
use super::offence::Offence;
use super::phone::judge_phone;
use super::story::Story;
use super::terms::Terms;

/// Numbers are the last nine digits of an address; those from here on are of phones.
pub(super) const PHONES_FROM: u64 = 500_000_000;
pub(super) const NUMBERS_END: u64 = 1_000_000_000;

/// Stories that are kept at once, some 400 octets each. Whoever submits waits while there are more.
const STORIES_MAX: usize = 500_000;

/// Ids that are remembered, so that none is given twice: some 32 octets each.
const IDS_MAX: usize = 20_000_000;

/// Offenders whose stories are told.
const OFFENDERS_MAX: usize = 20;

/// A story is over when nothing came for so long.
const OVER_AFTER_NS: u64 = 10_000_000_000;

/// The same where something may be told again on account of a crash, also to one who comes late.
const OVER_AFTER_CRASH_NS: u64 = 120_000_000_000;

/// Stories that are looked at in one go, so that nobody waits long for the book.
const LOOKED_AT_MAX: usize = 2_000;

/// All that peers have noted.
pub(super) struct Book {
    terms: Terms,
    breaks: Breaks,
    stories: BTreeMap<u64, Story>,
    /// For whom each message from a phone is.
    phones: HashMap<u64, u8>,
    /// Which message was given an id.
    ids: HashMap<u64, u64>,
    next: u64,
    next_phone: u64,
    /// The last story that was looked at.
    looked_at: u64,
    without_room: u64,
    counts: Counts,
    offences: BTreeMap<Offence, u64>,
    longest_sync: Duration,
    offenders: Vec<(Offence, Story)>,
}

/// Time between an answer and its sync, beside two syncs: that before, and its own.
const SETTLED_BESIDE: Duration = Duration::from_millis(100);

/// Windows are not answered as a whole more often than this.
const ROUND: Duration = Duration::from_millis(100);

/// How far the messages are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Messages that were submitted.
    pub submitted: u64,
    /// Stories that are kept.
    pub kept: u64,
    /// Messages that still have something to come.
    pub open: u64,
    /// Broken promises so far.
    pub broken: u64,
}

impl Book {
    /// An empty book.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            breaks: Breaks::default(),
            stories: BTreeMap::new(),
            phones: HashMap::new(),
            ids: HashMap::new(),
            next: 0,
            next_phone: PHONES_FROM,
            looked_at: 0,
            without_room: 0,
            counts: Counts::default(),
            offences: BTreeMap::new(),
            longest_sync: Duration::ZERO,
            offenders: Vec::new(),
        }
    }

    /// What may be expected.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The number that a message id of this account stands for, if it is written as promised.
    pub fn id(&self, account: u8, octets: &[u8]) -> Option<u64> {
        self.terms.accounts.get(usize::from(account))?.id(octets)
    }

    /// The number of a message that is about to be submitted; `None` if the book is full.
    pub fn submit(&mut self, at: u64, account: u8, bind: u32, registered: u8) -> Option<u64> {
        let event = Event::Submitted {
            account,
            bind,
            registered,
        };
        if !self.has_room() || self.next >= PHONES_FROM {
            self.without_room += 1;
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.begin(number, Entry { at, event });
        Some(number)
    }

    /// The number of a message that a phone is about to send to `account`.
    pub fn phone(&mut self, account: u8) -> Option<u64> {
        if !self.has_room() || self.next_phone >= NUMBERS_END {
            return None;
        }
        let number = self.next_phone;
        self.next_phone += 1;
        self.phones.insert(number, account);
        Some(number)
    }

    fn has_room(&self) -> bool {
        self.stories.len() < STORIES_MAX && self.ids.len() < IDS_MAX
    }

    fn begin(&mut self, number: u64, entry: Entry) {
        self.stories.insert(number, Story::new(number, entry));
    }

    /// Notes what happened to a message.
    pub fn note(&mut self, number: u64, at: u64, event: Event) {
        let mut entry = Entry { at, event };
        if !self.stories.contains_key(&number) {
            if let Some(offence) = self.without_story(number, &event) {
                self.offend(offence, &Story::new(number, entry));
                return;
            }
            // The first entry of a message from a phone; all others begin when they are submitted.
            if matches!(event, Event::Phoned { .. }) {
                self.begin(number, entry);
            }
            return;
        }
        if let Event::Answered { id: Some(id), .. } = event
            && !self.breaks.is_limbo(at)
            && let Some(before) = self.ids.insert(id, number)
            && before != number
        {
            if let Some(story) = self.stories.get_mut(&number) {
                story.note(entry);
            }
            entry.event = Event::GivenBefore { number: before };
        }
        if let Some(story) = self.stories.get_mut(&number) {
            story.note(entry);
        }
    }

    /// What it means that something happens to a message that has no story here.
    fn without_story(&self, number: u64, event: &Event) -> Option<Offence> {
        if number >= NUMBERS_END {
            // It bears no number at all.
            return Some(match event {
                Event::Told { .. } => Offence::ToldForeign,
                Event::Taken { .. } | Event::Refused { .. } => Offence::SentForeign,
                Event::Arrived { .. } => Offence::PhoneForeign,
                Event::Answered { .. } => Offence::StrayPdu,
                _ => return None,
            });
        }
        if number >= PHONES_FROM {
            let is_known = self.phones.contains_key(&number);
            return match event {
                Event::Phoned { .. } if is_known => None,
                // One that was over long ago is sent again by a carrier that has lost its answer.
                Event::Phoned { .. } | Event::PhoneAnswered { .. } | Event::Garbled => None,
                Event::Arrived { .. } if number < self.next_phone => Some(Offence::AfterItsEnd),
                _ => Some(Offence::PhoneForeign),
            };
        }
        let was_submitted = number < self.next;
        match event {
            // A carrier may well report twice; it is not the gateway that is judged by that.
            Event::Reported { .. } | Event::ReportAnswered { .. } => None,
            Event::Responded { .. } | Event::Garbled => None,
            Event::Unanswered { .. } | Event::Refused { .. } if was_submitted => None,
            _ if was_submitted => Some(Offence::AfterItsEnd),
            Event::Told { .. } => Some(Offence::ToldForeign),
            _ => Some(Offence::SentForeign),
        }
    }

    /// Notes what happened to the gateway.
    pub fn break_off(&mut self, at: u64, kind: BreakKind) {
        self.breaks.note(at, kind);
    }

    /// Looks at some stories, and lets go of those that are over.
    pub fn look(&mut self, now: u64) {
        let some: Vec<u64> = self
            .stories
            .range(self.looked_at..)
            .take(LOOKED_AT_MAX)
            .map(|(&number, _)| number)
            .collect();
        self.looked_at = match some.last() {
            Some(&last) if some.len() == LOOKED_AT_MAX => last + 1,
            _ => 0,
        };
        for number in some {
            let Some(story) = self.stories.get(&number) else {
                continue;
            };
            if now < story.last().saturating_add(OVER_AFTER_NS) {
                continue;
            }
            let found = self.judge(story);
            // Across a crash something may be told again even much later.
            let is_shaken = self.is_shaken(story.last());
            let is_recent = now < story.last().saturating_add(OVER_AFTER_CRASH_NS);
            if found.missing.is_none()
                && !found.is_in_doubt
                && !(is_shaken && is_recent)
                && let Some(story) = self.stories.remove(&number)
            {
                self.phones.remove(&number);
                self.sum_up(&story, found);
            }
        }
    }

    /// Whether a crash came so soon after this time that the gateway may not know of it.
    fn is_shaken(&self, at: u64) -> bool {
        let settled = u64::try_from(self.terms.settled_after.as_nanos()).unwrap_or(u64::MAX);
        self.breaks
            .first_between(at, at.saturating_add(settled))
            .is_some()
            || self.breaks.is_limbo(at)
    }

    fn judge(&self, story: &Story) -> Found {
        if story.number < PHONES_FROM {
            return judge(story, &self.breaks, &self.terms);
        }
        let whose = self.phones.get(&story.number).copied().unwrap_or(u8::MAX);
        judge_phone(story, whose, &self.breaks, &self.terms)
    }

    fn sum_up(&mut self, story: &Story, found: Found) {
        self.counts.add(&found.counts);
        for place in found.sent_again {
            self.breaks.count(place);
        }
        for offence in found.offences {
            self.offend(offence, story);
        }
    }

    fn offend(&mut self, offence: Offence, story: &Story) {
        let count = self.offences.entry(offence).or_default();
        *count += 1;
        // Of each kind a few, so that a frequent one does not hide the others.
        if *count <= 3 && self.offenders.len() < OFFENDERS_MAX {
            self.offenders.push((offence, story.clone()));
        }
    }

    /// How far the messages are; looks at every story.
    pub fn standing(&self) -> Standing {
        let open = self
            .stories
            .values()
            .filter(|story| self.judge(story).missing.is_some());
        Standing {
            open: open.count() as u64,
            ..self.at_a_glance()
        }
    }

    /// The same without counting the open ones.
    pub fn at_a_glance(&self) -> Standing {
        Standing {
            submitted: self.next,
            kept: self.stories.len() as u64,
            open: 0,
            broken: self.offences.values().sum(),
        }
    }

    /// The disk of the gateway has needed so long to sync a few octets: what was answered may have
    /// waited for as long, and some more, until it was durable.
    pub fn synced_in(&mut self, sync: Duration) {
        self.longest_sync = self.longest_sync.max(sync);
        self.terms.settled_after = self.terms.settled_after.max(2 * sync + SETTLED_BESIDE);
    }

    /// Messages that may go out again after one break. An answer makes room in the window, and is not
    /// durable before the disk has synced it.
    fn in_flight_max(&self) -> u64 {
        let rounds = 1 + self.longest_sync.as_millis() / ROUND.as_millis();
        self.terms.windows.saturating_mul(rounds as u64)
    }

    /// Those that were found first: what is wrong with them, and all that was seen of them.
    pub fn offenders(&self) -> Vec<String> {
        let in_words = |(offence, story): &(Offence, Story)| {
            format!("{offence}: {}", story.in_words(&self.breaks, &self.terms))
        };
        self.offenders.iter().map(in_words).collect()
    }

    /// Messages in doubt of which a report was taken and nothing told: dead letters have to be about
    /// them.
    pub fn without_word(&self) -> Vec<u64> {
        let stories = self.stories.values();
        stories
            .filter(|story| self.judge(story).counts.reports_untold > 0)
            .map(|story| story.number)
            .collect()
    }

    /// Judges all that is left. `dead_letters` are the numbers of the messages that the gateway has put
    /// something aside about; `None` if it was not asked.
    pub fn close(mut self, dead_letters: Option<&HashSet<u64>>) -> Audit {
        let mut queued = 0;
        for story in std::mem::take(&mut self.stories).into_values() {
            let mut found = self.judge(&story);
            if let Some(missing) = found.missing.take() {
                let is_on_its_way = matches!(
                    missing,
                    Offence::NotTold | Offence::NotSent | Offence::PhoneLost
                );
                if is_on_its_way && self.terms.may_be_queued {
                    queued += 1;
                } else {
                    found.offend(missing);
                }
            }
            let is_put_aside = dead_letters.is_none_or(|dead| dead.contains(&story.number));
            if found.counts.reports_untold > 0 && !is_put_aside {
                found.offend(Offence::ReportLost);
            }
            self.sum_up(&story, found);
        }
        let breaks = self.breaks.all();
        let most = breaks.iter().map(|one| one.sent_again).max().unwrap_or(0);
        let too_many = breaks
            .iter()
            .filter(|one| one.sent_again > self.in_flight_max());
        let too_many = too_many.count() as u64;
        if too_many > 0 {
            self.offences.insert(Offence::TooManyAgain, too_many);
        }
        let of_kind = |kind: fn(BreakKind) -> bool| {
            let all = self.breaks.all().iter();
            all.filter(|one| kind(one.kind)).count() as u64
        };
        Audit {
            submitted: self.next,
            counts: self.counts,
            queued,
            crashes: of_kind(BreakKind::leaves_doubt),
            drains: of_kind(|kind| kind == BreakKind::Drained),
            sent_again_most: most,
            without_room: self.without_room,
            first: self.offenders(),
            offences: self.offences,
            longest_sync: self.longest_sync,
        }
    }
}
