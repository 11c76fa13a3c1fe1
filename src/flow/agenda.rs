//! Messages that wait for their time: to be sent for the first time, or once more.

use crate::message::MessageId;
use crate::moment::Moment;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Room that is kept though nobody needs it at the time.
const ROOM_KEPT: usize = 1 << 12;

/// Who waits, and until when. A message that has gone on since is looked at in vain; there are no
/// more entries than messages under way, and one for each of their pauses and each time that one was
/// given less time than it had.
#[derive(Debug, Default)]
pub struct Agenda {
    due: BinaryHeap<Reverse<(Moment, MessageId)>>,
}

impl Agenda {
    /// This message is to be looked at then.
    pub fn note(&mut self, due: Moment, id: MessageId) {
        self.due.push(Reverse((due, id)));
    }

    /// Takes out those whose time has come, at most so many.
    pub fn take(&mut self, now: Moment, most: usize) -> Vec<MessageId> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some(Reverse((at, _))) = self.due.peek()
            && *at <= now
            && let Some(Reverse((_, id))) = self.due.pop()
        {
            due.push(id);
        }
        // After a start all messages wait here for a moment.
        if self.due.capacity() > 4 * self.due.len() + ROOM_KEPT {
            self.due.shrink_to(2 * self.due.len());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whose_time_has_come_are_given_back_in_its_order() {
        let mut agenda = Agenda::default();
        for (due, id) in [(30, 1), (10, 2), (20, 3), (10, 4)] {
            agenda.note(Moment(due), MessageId(id));
        }
        assert!(agenda.take(Moment(9), 10).is_empty());
        assert_eq!(agenda.take(Moment(20), 2), [MessageId(2), MessageId(4)]);
        assert_eq!(agenda.take(Moment(20), 2), [MessageId(3)]);
    }
}
