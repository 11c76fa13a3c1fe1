//! Messages in a row before a carrier: one file for each account, served in turn.
//!
//! Within an account the order of submission holds. Between accounts the one with much to send
//! waits behind itself: an account with ten messages does not stand behind another's fifty
//! thousand.

use crate::message::{AccountId, Content, MessageId};
use std::collections::VecDeque;

/// A message that waits for a carrier.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Our id of it.
    pub id: MessageId,
    /// Whose it is.
    pub account: AccountId,
    /// The message.
    pub content: Content,
}

/// The files of all accounts before one carrier.
#[derive(Debug, Default)]
pub struct Row {
    /// None of them is empty.
    files: Vec<File>,
    /// Whose turn it is.
    turn: usize,
    /// Who was added to last: a batch comes from one account.
    last: usize,
    count: usize,
}

#[derive(Debug)]
struct File {
    account: AccountId,
    waiting: VecDeque<Waiting>,
}

impl Row {
    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Messages of one account that wait.
    pub fn len_of(&self, account: AccountId) -> usize {
        let file = self.files.iter().find(|file| file.account == account);
        file.map_or(0, |file| file.waiting.len())
    }

    /// Adds a message behind those of its account.
    pub fn push_back(&mut self, waiting: Waiting) {
        self.count += 1;
        self.file(waiting.account).push_back(waiting);
    }

    /// Adds a message before those of its account.
    pub fn push_front(&mut self, waiting: Waiting) {
        self.count += 1;
        self.file(waiting.account).push_front(waiting);
    }

    /// Adds a message where its id has its place, if that is among the first `most` of its account.
    pub fn insert(&mut self, waiting: Waiting, most: usize) {
        self.count += 1;
        let file = self.file(waiting.account);
        let later = file
            .iter()
            .take(most)
            .position(|other| other.id >= waiting.id);
        let at = later.unwrap_or(file.len().min(most));
        file.insert(at, waiting);
    }

    /// Takes `count` messages, each account in its turn.
    pub fn draw(&mut self, count: usize, into: &mut Vec<Waiting>) {
        let mut left = count.min(self.count);
        self.count -= left;
        while left > 0 {
            // An equal part for each, so that a draw of some messages serves as many accounts.
            let part = left.div_ceil(self.files.len().max(1));
            self.turn %= self.files.len().max(1);
            let Some(file) = self.files.get_mut(self.turn) else {
                return;
            };
            let taken = part.min(file.waiting.len());
            into.extend(file.waiting.drain(..taken));
            left -= taken;
            if file.waiting.is_empty() {
                self.files.remove(self.turn);
            } else {
                self.turn += 1;
            }
        }
    }

    /// Keeps only what `keeps` says.
    pub fn retain(&mut self, mut keeps: impl FnMut(&Waiting) -> bool) {
        for file in &mut self.files {
            file.waiting.retain(&mut keeps);
        }
        self.files.retain(|file| !file.waiting.is_empty());
        self.count = self.files.iter().map(|file| file.waiting.len()).sum();
    }

    /// A message that waits.
    pub fn find(&mut self, id: MessageId) -> Option<&mut Waiting> {
        let mut all = self.files.iter_mut().flat_map(|file| &mut file.waiting);
        all.find(|waiting| waiting.id == id)
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Vec<Waiting> {
        self.count = 0;
        let files = std::mem::take(&mut self.files);
        files.into_iter().flat_map(|file| file.waiting).collect()
    }

    fn file(&mut self, account: AccountId) -> &mut VecDeque<Waiting> {
        let is_its = |file: &File| file.account == account;
        let last = self.last;
        let at = match self.files.get(last).is_some_and(is_its) {
            true => Some(last),
            false => self.files.iter().position(is_its),
        };
        self.last = match at {
            Some(at) => at,
            None => {
                self.files.push(File {
                    account,
                    waiting: VecDeque::new(),
                });
                self.files.len() - 1
            }
        };
        &mut self.files[self.last].waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use smppgate_codec::code::{Command, Status};
    use smppgate_codec::frame;
    use smppgate_codec::pdu::Sm;
    use smppgate_codec::wire::PduWriter;

    fn waiting(account: u32, id: u64) -> Waiting {
        let mut out = BytesMut::new();
        let mut writer = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 1);
        Sm::default().put(writer.body());
        drop(writer);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        Waiting {
            id: MessageId(id),
            account: AccountId(account),
            content: Content::of_sm(&frame, &Sm::decode(&frame).unwrap()),
        }
    }

    fn drawn(row: &mut Row, count: usize) -> Vec<u64> {
        let mut drawn = Vec::new();
        row.draw(count, &mut drawn);
        drawn.iter().map(|waiting| waiting.id.0).collect()
    }

    #[test]
    fn an_account_with_little_to_send_does_not_stand_behind_one_with_much() {
        let mut row = Row::default();
        (0..1_000).for_each(|id| row.push_back(waiting(1, id)));
        row.push_back(waiting(2, 5_000));
        assert_eq!(drawn(&mut row, 10), [0, 1, 2, 3, 4, 5_000, 5, 6, 7, 8]);
        assert_eq!(row.len(), 991);
        assert_eq!(
            (row.len_of(AccountId(1)), row.len_of(AccountId(2))),
            (991, 0)
        );
    }

    #[test]
    fn one_account_keeps_its_order() {
        let mut row = Row::default();
        (10..20).for_each(|id| row.push_back(waiting(1, id)));
        row.insert(waiting(1, 12), 100);
        row.push_front(waiting(1, 9));
        assert_eq!(drawn(&mut row, 5), [9, 10, 11, 12, 12]);
        row.retain(|waiting| waiting.id.0 != 14);
        assert_eq!(drawn(&mut row, 100), [13, 15, 16, 17, 18, 19]);
        assert_eq!(row.len(), 0);
    }

    #[test]
    fn a_draw_of_one_serves_each_account_in_its_turn() {
        let mut row = Row::default();
        for account in 1..4 {
            (0..3).for_each(|id| row.push_back(waiting(account, u64::from(account) * 10 + id)));
        }
        let order: Vec<u64> = (0..9).flat_map(|_| drawn(&mut row, 1)).collect();
        assert_eq!(order, [10, 20, 30, 11, 21, 31, 12, 22, 32]);
    }
}
