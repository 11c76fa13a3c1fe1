//! Requests that wait for their response, by sequence number.

use std::collections::VecDeque;

/// Sequence numbers that may lie between the oldest request without a response and the newest: a
/// peer that leaves one request unanswered is not sent another million.
const SPAN_MAX: usize = 1 << 20;

/// What was sent under consecutive sequence numbers and has not been answered.
#[derive(Debug)]
pub(super) struct Outstanding<T> {
    /// Sequence number of the first entry.
    first: u32,
    entries: VecDeque<Option<T>>,
    waiting: usize,
}

/// What a response was an answer to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answered<T> {
    /// A request that was waiting.
    Waiting(T),
    /// A request that had been answered before.
    Twice,
    /// No request: its number was never sent.
    Never,
}

impl<T> Outstanding<T> {
    /// None yet; `first` is the sequence number of the next request.
    pub fn new(first: u32) -> Self {
        Self {
            first,
            entries: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Requests without a response.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether another request may be sent without losing track.
    pub fn has_room(&self) -> bool {
        self.entries.len() < SPAN_MAX
    }

    /// Notes a request; returns its sequence number.
    pub fn push(&mut self, request: T) -> u32 {
        let sequence = self.next_sequence();
        self.entries.push_back(Some(request));
        self.waiting += 1;
        sequence
    }

    /// The sequence number that the next request gets.
    pub fn next_sequence(&self) -> u32 {
        self.first.wrapping_add(self.entries.len() as u32)
    }

    /// Takes the request that bears `sequence`.
    pub fn take(&mut self, sequence: u32) -> Answered<T> {
        let at = sequence.wrapping_sub(self.first) as usize;
        if at >= self.entries.len() {
            let is_past = sequence != 0 && self.first.wrapping_sub(sequence) < u32::MAX / 2;
            return if is_past {
                Answered::Twice
            } else {
                Answered::Never
            };
        }
        let Some(request) = self.entries[at].take() else {
            return Answered::Twice;
        };
        self.waiting -= 1;
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        Answered::Waiting(request)
    }

    /// Takes all that wait, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.first = self.next_sequence();
        self.waiting = 0;
        self.entries.drain(..).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_may_come_in_any_order_but_only_once() {
        let mut outstanding = Outstanding::new(1);
        for message in 0..4 {
            assert_eq!(outstanding.push(message), message + 1);
        }
        assert_eq!(outstanding.take(3), Answered::Waiting(2));
        assert_eq!(outstanding.take(3), Answered::Twice);
        assert_eq!(outstanding.take(1), Answered::Waiting(0));
        assert_eq!(outstanding.take(1), Answered::Twice);
        assert_eq!(outstanding.take(5), Answered::Never);
        assert_eq!(outstanding.take(0), Answered::Never);
        assert_eq!(outstanding.len(), 2);
        assert_eq!(outstanding.drain().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(outstanding.take(2), Answered::Twice);
        assert_eq!(outstanding.push(9), 5);
    }
}
