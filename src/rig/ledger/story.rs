//! All that was noted of one message, in the order in which it was noted.

use std::fmt::{self, Write};

use super::breaks::Breaks;
use super::entry::{Entry, Event};
use super::terms::Terms;

/// Entries of one message: an ordinary one has eight. Whatever goes round in a circle is known as
/// such by then.
const ENTRIES_MAX: usize = 64;

/// What was noted of a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    pub number: u64,
    pub entries: Vec<Entry>,
    /// Entries that found no room.
    pub untold: u64,
}

impl Story {
    pub fn new(number: u64, first: Entry) -> Self {
        Self {
            number,
            entries: vec![first],
            untold: 0,
        }
    }

    pub fn note(&mut self, entry: Entry) {
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry);
        } else {
            self.untold += 1;
        }
    }

    /// When something was last noted.
    pub fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.at)
    }

    /// The story in words, with what happened to the gateway meanwhile.
    pub fn in_words(&self, breaks: &Breaks, terms: &Terms) -> String {
        // Whatever has no entry has no story either; and a string takes all that is written.
        let first = self.entries.first().map_or(0, |entry| entry.at);
        let mut lines: Vec<(u64, String)> = self
            .entries
            .iter()
            .map(|entry| (entry.at, words(&entry.event, terms)))
            .collect();
        for one in breaks.between(first, self.last()) {
            lines.push((one.at, format!("-- {}", one.kind)));
        }
        lines.sort_by_key(|(at, _)| *at);
        let mut text = format!("message {:09}", self.number);
        for (at, line) in lines {
            let _ = write!(text, "\n    {:>12.6} s  {line}", at as f64 / 1e9);
        }
        if self.untold > 0 {
            let _ = write!(text, "\n    and {} more entries", self.untold);
        }
        // What happened soon after the last entry is often why nothing followed.
        let next = breaks.between(self.last() + 1, u64::MAX).first();
        if let Some(next) = next {
            let _ = write!(
                text,
                "\n    {:>12.6} s  -- {}",
                next.at as f64 / 1e9,
                next.kind
            );
        }
        text
    }
}

fn words(event: &Event, terms: &Terms) -> String {
    let account = |place: u8| {
        terms
            .accounts
            .get(usize::from(place))
            .map_or("?", |one| &one.name)
    };
    let carrier = |place: u8| {
        terms
            .carriers
            .get(usize::from(place))
            .map_or("?", |name| name)
    };
    match *event {
        Event::Submitted {
            account: of,
            bind,
            registered,
        } => {
            let of = account(of);
            format!("{of} submits it on bind {bind}, registered_delivery {registered}")
        }
        Event::Answered { bind, status, id } => {
            format!("it is answered {status} on bind {bind}, id {}", Shown(id))
        }
        Event::GivenBefore { number } => format!("message {number:09} has that id already"),
        Event::Unanswered { bind } => format!("bind {bind} is lost before an answer"),
        Event::Told {
            account: to,
            bind,
            id,
            reported,
            answer,
        } => {
            let (to, id) = (account(to), Shown(id));
            format!("{to} is told {reported} of id {id} on bind {bind}, answers {answer}")
        }
        Event::Taken { carrier: by, id } => format!("{} accepts it as {id}", carrier(by)),
        Event::Refused {
            carrier: by,
            status,
        } => format!("{} refuses it: {status}", carrier(by)),
        Event::Responded { carrier: by } => format!("{} writes that response", carrier(by)),
        Event::Reported {
            carrier: by,
            reported,
        } => format!("{} reports {reported}", carrier(by)),
        Event::ReportAnswered {
            carrier: of,
            reported,
            status,
        } => format!(
            "the report {reported} of {} is answered {status}",
            carrier(of)
        ),
        Event::Phoned { carrier: by } => format!("{} delivers it from a phone", carrier(by)),
        Event::PhoneAnswered {
            carrier: of,
            status,
        } => format!("{} has the answer {status}", carrier(of)),
        Event::Arrived {
            account: to,
            bind,
            answer,
        } => format!("{} has it on bind {bind}, answers {answer}", account(to)),
        Event::Garbled => "its text is that of another message".into(),
    }
}

/// An id, if it is one.
struct Shown(Option<u64>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "{id}"),
            None => f.write_str("none"),
        }
    }
}
