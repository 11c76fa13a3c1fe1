//! Messages in a row before a carrier: one file for each account, served in turn.
//!
//! Within an account the order of submission holds. Between accounts the one with much to send
//! waits behind itself: an account with ten messages does not stand behind another's fifty
//! thousand.

use super::begun::Begun;
use crate::message::{AccountId, Content, MessageId};
use crate::moment::Moment;
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
    /// It does not leave then, nor later.
    pub until: Moment,
    /// Whether it is kept that it is sent.
    pub note: Note,
    /// With whom it is in flight.
    pub company: Company,
    /// If some of its parts have left on another bind of this carrier: the rest.
    pub begun: Option<Box<Begun>>,
}

/// With whom a message is in flight: one that was in flight as a bind was lost may be what has taken
/// it down. The next loss is to tell it from those that were with it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Company {
    /// With any others.
    #[default]
    Any,
    /// It is suspected: with no other one that is, on any bind of its carrier.
    Unsuspected,
    /// The next loss condemns it: with nobody, on its bind.
    Nobody,
}

/// Whether it is kept that a message is sent: after a crash it is known then that a carrier may
/// have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Note {
    /// Never: nothing is kept of it before the verdict of its carrier.
    Never,
    /// While it leaves.
    #[default]
    Beside,
    /// Before it leaves: not one octet of it is written before that is durable.
    Before,
    /// That is durable.
    Kept,
    /// That cannot be made durable: it does not leave.
    Failed,
}

impl Waiting {
    /// A message of which nothing has left yet.
    pub fn new(id: MessageId, account: AccountId, content: Content, until: Moment) -> Self {
        Self {
            id,
            account,
            content,
            until,
            note: Note::default(),
            company: Company::default(),
            begun: None,
        }
    }
}

/// The files of all accounts before one carrier.
#[derive(Debug, Default)]
pub struct Row {
    /// None of them is empty.
    files: Vec<File>,
    /// Those of all accounts that may have taken a bind down, in the order of their ids.
    suspects: VecDeque<Waiting>,
    /// Whose turn it is.
    turn: usize,
    /// Who was added to last: a batch comes from one account.
    last: usize,
    count: usize,
    /// Nobody's time is over before; zero is not known.
    soonest: Moment,
}

#[derive(Debug)]
struct File {
    account: AccountId,
    /// In the order of their ids, which is the order in which they were accepted.
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
        let suspects = self.suspects.iter();
        let suspected = suspects
            .filter(|waiting| waiting.account == account)
            .count();
        suspected + file.map_or(0, |file| file.waiting.len())
    }

    /// Whether this message comes behind all others of its account.
    pub fn is_last(&mut self, waiting: &Waiting) -> bool {
        if waiting.company != Company::Any {
            return true;
        }
        let at = self.place(waiting.account);
        let file = self.files.get(at);
        file.and_then(|file| file.waiting.back())
            .is_none_or(|last| last.id < waiting.id)
    }

    /// Adds a message where its id has its place among those of its account. Several that do not
    /// come behind all others are added quickest if the last of them is the first to be added.
    pub fn add(&mut self, waiting: Waiting) {
        if self.count == 0 || waiting.until < self.soonest {
            self.soonest = waiting.until;
        }
        self.count += 1;
        if waiting.company != Company::Any {
            let at = self.suspects.partition_point(|other| other.id < waiting.id);
            return self.suspects.insert(at, waiting);
        }
        let is_last = self.is_last(&waiting);
        let file = self.file(waiting.account);
        match is_last {
            true => file.push_back(waiting),
            false => {
                let at = file.partition_point(|other| other.id < waiting.id);
                file.insert(at, waiting);
            }
        }
    }

    /// When the time of the first of them may be over, at the soonest.
    pub fn soonest(&self) -> Moment {
        self.soonest
    }

    /// The time of one of them is over then.
    pub fn over_by(&mut self, until: Moment) {
        self.soonest = self.soonest.min(until);
    }

    /// Finds out when the time of the first of them is over.
    pub fn look_for_soonest(&mut self) {
        let all = self.files.iter().flat_map(|file| &file.waiting);
        let all = all.chain(&self.suspects);
        let whole = all.filter(|waiting| waiting.begun.is_none());
        self.soonest = whole
            .map(|waiting| waiting.until)
            .min()
            .unwrap_or(Moment::NEVER);
    }

    /// Messages that anybody may travel with.
    pub fn unsuspected(&self) -> usize {
        self.count - self.suspects.len()
    }

    /// In what company the first of those travels that may have taken a bind down.
    pub fn suspect(&self) -> Option<Company> {
        self.suspects.front().map(|waiting| waiting.company)
    }

    /// Takes out that one.
    pub fn draw_suspect(&mut self) -> Option<Waiting> {
        let suspect = self.suspects.pop_front()?;
        self.count -= 1;
        Some(suspect)
    }

    /// Takes `count` messages that anybody may travel with, each account in its turn.
    pub fn draw(&mut self, count: usize, into: &mut Vec<Waiting>) {
        let mut left = count.min(self.unsuspected());
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

    /// Takes out what `goes` says.
    pub fn extract(&mut self, mut goes: impl FnMut(&Waiting) -> bool) -> Vec<Waiting> {
        let mut gone = Vec::new();
        let files = self.files.iter_mut().map(|file| &mut file.waiting);
        for waiting in files.chain([&mut self.suspects]) {
            let (stay, go) = std::mem::take(waiting)
                .into_iter()
                .partition(|waiting| !goes(waiting));
            let go: VecDeque<Waiting> = go;
            *waiting = stay;
            gone.extend(go);
        }
        self.files.retain(|file| !file.waiting.is_empty());
        self.count -= gone.len();
        gone
    }

    /// A message that waits.
    pub fn find(&mut self, account: AccountId, id: MessageId) -> Option<&mut Waiting> {
        if let Some((file, at)) = self.position(account, id) {
            return self.files[file].waiting.get_mut(at);
        }
        let at = self
            .suspects
            .binary_search_by_key(&id, |waiting| waiting.id);
        self.suspects.get_mut(at.ok()?)
    }

    /// Takes out a message that waits.
    pub fn remove(&mut self, account: AccountId, id: MessageId) -> Option<Waiting> {
        let Some((file, at)) = self.position(account, id) else {
            let at = self
                .suspects
                .binary_search_by_key(&id, |waiting| waiting.id);
            let removed = self.suspects.remove(at.ok()?)?;
            self.count -= 1;
            return Some(removed);
        };
        let removed = self.files[file].waiting.remove(at)?;
        self.count -= 1;
        if self.files[file].waiting.is_empty() {
            self.files.remove(file);
        }
        Some(removed)
    }

    fn position(&mut self, account: AccountId, id: MessageId) -> Option<(usize, usize)> {
        let number = self.place(account);
        let file = self.files.get(number)?;
        let at = file.waiting.binary_search_by_key(&id, |waiting| waiting.id);
        Some((number, at.ok()?))
    }

    fn file(&mut self, account: AccountId) -> &mut VecDeque<Waiting> {
        let at = self.place(account);
        if at == self.files.len() {
            self.files.push(File {
                account,
                waiting: VecDeque::new(),
            });
        }
        &mut self.files[at].waiting
    }

    /// Where the file of this account is, or will be.
    fn place(&mut self, account: AccountId) -> usize {
        let is_its = |file: &File| file.account == account;
        if !self.files.get(self.last).is_some_and(is_its) {
            let found = self.files.iter().position(is_its);
            self.last = found.unwrap_or(self.files.len());
        }
        self.last
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
        let content = Content::of_sm(&frame, &Sm::decode(&frame).unwrap());
        Waiting::new(MessageId(id), AccountId(account), content, Moment::NEVER)
    }

    fn drawn(row: &mut Row, count: usize) -> Vec<u64> {
        let mut drawn = Vec::new();
        row.draw(count, &mut drawn);
        drawn.iter().map(|waiting| waiting.id.0).collect()
    }

    #[test]
    fn an_account_with_little_to_send_does_not_stand_behind_one_with_much() {
        let mut row = Row::default();
        (0..1_000).for_each(|id| row.add(waiting(1, id)));
        row.add(waiting(2, 5_000));
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
        (10..20).for_each(|id| row.add(waiting(1, id)));
        row.add(waiting(1, 9));
        row.add(waiting(2, 1));
        assert!(row.is_last(&waiting(1, 20)) && !row.is_last(&waiting(1, 18)));
        assert_eq!(
            row.remove(AccountId(1), MessageId(12)).unwrap().id,
            MessageId(12)
        );
        assert!(
            row.remove(AccountId(1), MessageId(12)).is_none()
                && row.find(AccountId(1), MessageId(12)).is_none()
        );
        assert_eq!(
            row.find(AccountId(2), MessageId(1)).unwrap().account,
            AccountId(2)
        );
        row.add(waiting(1, 12));
        assert_eq!(
            row.remove(AccountId(2), MessageId(1)).unwrap().id,
            MessageId(1)
        );
        assert_eq!(drawn(&mut row, 5), [9, 10, 11, 12, 13]);
        let gone = row.extract(|waiting| waiting.id.0 == 15);
        assert_eq!(gone.len(), 1);
        assert_eq!(drawn(&mut row, 100), [14, 16, 17, 18, 19]);
        assert_eq!(row.len(), 0);
    }

    #[test]
    fn those_who_may_have_taken_a_bind_down_are_drawn_by_themselves() {
        let mut row = Row::default();
        for (id, company) in [
            (5, Company::Any),
            (4, Company::Nobody),
            (2, Company::Unsuspected),
            (6, Company::Any),
            (3, Company::Unsuspected),
        ] {
            row.add(Waiting {
                company,
                ..waiting(1, id)
            });
        }
        assert_eq!((row.len(), row.unsuspected()), (5, 2));
        assert_eq!(row.len_of(AccountId(1)), 5);
        assert_eq!(row.suspect(), Some(Company::Unsuspected));
        assert_eq!(drawn(&mut row, 9), [5, 6]);
        assert_eq!(row.draw_suspect().map(|one| one.id.0), Some(2));
        assert!(row.find(AccountId(1), MessageId(4)).is_some());
        assert!(row.remove(AccountId(1), MessageId(3)).is_some());
        assert_eq!(row.suspect(), Some(Company::Nobody));
        assert_eq!(row.extract(|one| one.id.0 == 4).len(), 1);
        assert!(row.draw_suspect().is_none() && row.len() == 0);
    }

    #[test]
    fn a_draw_of_one_serves_each_account_in_its_turn() {
        let mut row = Row::default();
        for account in 1..4 {
            (0..3).for_each(|id| row.add(waiting(account, u64::from(account) * 10 + id)));
        }
        let order: Vec<u64> = (0..9).flat_map(|_| drawn(&mut row, 1)).collect();
        assert_eq!(order, [10, 20, 30, 11, 21, 31, 12, 22, 32]);
    }
}
