//! The messages of one connection that have not been answered, and when each must be.

use crate::message::MessageId;
use crate::moment::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// Entries that are kept at most: answers come in any order, so that one that is slow keeps those
/// behind it. A connection that has so many takes no more.
const ENTRIES_MAX: usize = 65_536;

/// What an answer is due for, in the order of arrival. Each has a number; answers may come in any
/// order.
#[derive(Debug)]
pub struct Unanswered {
    within: Duration,
    /// The number of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    /// Entries at the front that have been told as overdue.
    told: usize,
}

#[derive(Debug)]
struct Entry {
    id: MessageId,
    due: Moment,
    answered: bool,
}

impl Unanswered {
    /// Every message is to be answered within this time.
    pub fn new(within: Duration) -> Self {
        Self {
            within,
            first: 0,
            entries: VecDeque::new(),
            told: 0,
        }
    }

    /// A message has come in. The number that its answer will bear.
    pub fn begin(&mut self, id: MessageId, now: Moment) -> u64 {
        let ordinal = self.first + self.entries.len() as u64;
        self.entries.push_back(Entry {
            id,
            due: now + self.within,
            answered: false,
        });
        ordinal
    }

    /// The message with this number has been answered.
    pub fn close(&mut self, ordinal: u64) {
        let at = ordinal
            .checked_sub(self.first)
            .and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.answered = true;
        }
        while self.entries.front().is_some_and(|entry| entry.answered) {
            self.entries.pop_front();
            self.first += 1;
            self.told = self.told.saturating_sub(1);
        }
    }

    /// The messages that must be answered now; each is told once.
    pub fn overdue(&mut self, now: Moment) -> Vec<MessageId> {
        let mut overdue = Vec::new();
        while let Some(entry) = self.entries.get(self.told)
            && entry.due <= now
        {
            if !entry.answered {
                overdue.push(entry.id);
            }
            self.told += 1;
        }
        overdue
    }

    /// The messages that have not been answered: their connection has gone.
    pub fn open_ids(&self) -> Vec<MessageId> {
        let open = self.entries.iter().filter(|entry| !entry.answered);
        open.map(|entry| entry.id).collect()
    }

    /// When the next message becomes overdue.
    pub fn deadline(&self) -> Moment {
        self.entries
            .get(self.told)
            .map_or(Moment::NEVER, |entry| entry.due)
    }

    /// Whether so much is open that nothing more is to be taken.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_in_any_order_is_never_overdue() {
        let mut unanswered = Unanswered::new(Duration::from_secs(10));
        let start = Moment(0);
        let ordinals: Vec<u64> = (0..5)
            .map(|id| unanswered.begin(MessageId(id), start))
            .collect();
        unanswered.close(ordinals[3]);
        unanswered.close(ordinals[0]);
        assert_eq!(unanswered.deadline(), start + Duration::from_secs(10));
        assert_eq!(unanswered.overdue(start + Duration::from_secs(9)), []);
        let late = start + Duration::from_secs(10);
        assert_eq!(
            unanswered.overdue(late),
            [MessageId(1), MessageId(2), MessageId(4)]
        );
        assert_eq!(unanswered.overdue(late), []);
        for at in [1, 2, 4] {
            unanswered.close(ordinals[at]);
        }
        assert_eq!(unanswered.deadline(), Moment::NEVER);
        let next = unanswered.begin(MessageId(9), late);
        assert_eq!(next, 5);
        assert_eq!(unanswered.deadline(), late + Duration::from_secs(10));
    }
}
