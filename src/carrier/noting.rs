//! Messages of one bind that do not leave before it is durable that they do.
//!
//! Each has its slot of the window from the moment in which it is handed over to be noted: what is
//! drawn meanwhile takes what is left.

use super::row::{Note, Waiting};
use crate::message::AccountId;
use std::collections::{HashMap, VecDeque};

/// Who waits on one bind until it is noted that it leaves.
#[derive(Debug, Default)]
pub struct Noting {
    /// How many of each account wait, those that are settled included.
    accounts: HashMap<AccountId, usize>,
    count: usize,
    /// Those that wait for nothing any more, in their order.
    settled: VecDeque<Waiting>,
}

impl Noting {
    /// Whether this message has to be noted before it leaves: for its own sake, or since others of
    /// its account are being noted, which it does not overtake. The rest of a message that has
    /// left in part goes on.
    pub fn holds_up(&self, waiting: &Waiting) -> bool {
        waiting.begun.is_none()
            && (waiting.note == Note::Before || self.accounts.contains_key(&waiting.account))
    }

    /// One more message of this account waits.
    pub fn begin(&mut self, account: AccountId) {
        *self.accounts.entry(account).or_default() += 1;
        self.count += 1;
    }

    /// For these it is settled whether they leave.
    pub fn settle(&mut self, batch: Vec<Waiting>) {
        self.settled.extend(batch);
    }

    /// The next one for which that is settled: it waits no longer.
    pub fn next(&mut self) -> Option<Waiting> {
        let waiting = self.settled.pop_front()?;
        self.count = self.count.saturating_sub(1);
        if let Some(left) = self.accounts.get_mut(&waiting.account) {
            *left -= 1;
            if *left == 0 {
                self.accounts.remove(&waiting.account);
            }
        }
        Some(waiting)
    }

    /// The one that was taken out last could not leave yet.
    pub fn put_back(&mut self, waiting: Waiting) {
        self.begin(waiting.account);
        self.settled.push_front(waiting);
    }

    /// Messages that wait, each with a slot of the window.
    pub fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Content, MessageId};
    use crate::moment::Moment;
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};

    fn waiting(account: u32, id: u64, note: Note) -> Waiting {
        let mut out = bytes::BytesMut::new();
        Pdu::SubmitSm(Sm::default()).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let content = Content::of_sm(&frame, &Sm::default());
        Waiting {
            note,
            ..Waiting::new(MessageId(id), AccountId(account), content, Moment::NEVER)
        }
    }

    #[test]
    fn nobody_overtakes_those_of_his_account_that_are_being_noted() {
        let mut noting = Noting::default();
        assert!(!noting.holds_up(&waiting(1, 1, Note::Beside)));
        assert!(noting.holds_up(&waiting(1, 2, Note::Before)));
        noting.begin(AccountId(1));
        noting.begin(AccountId(1));
        assert!(noting.holds_up(&waiting(1, 3, Note::Beside)));
        assert!(!noting.holds_up(&waiting(2, 4, Note::Beside)));
        assert!(noting.next().is_none(), "nothing is settled yet");
        noting.settle(vec![waiting(1, 2, Note::Kept), waiting(1, 3, Note::Kept)]);
        assert_eq!(noting.next().map(|one| one.id), Some(MessageId(2)));
        assert!(noting.holds_up(&waiting(1, 5, Note::Beside)));
        let last = noting.next().unwrap();
        assert!(!noting.holds_up(&waiting(1, 5, Note::Beside)));
        assert_eq!(noting.len(), 0);
        noting.put_back(last);
        assert!(noting.holds_up(&waiting(1, 5, Note::Beside)));
        assert_eq!(noting.len(), 1);
        assert_eq!(noting.next().map(|one| one.id), Some(MessageId(3)));
    }
}
