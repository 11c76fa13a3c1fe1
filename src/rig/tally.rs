//! Who was promised what: every message that was sent, its answer, its receipt, and what does not
//! add up.
//!
//! A message is remembered from its sending until it is complete, then its page is given back. So
//! memory follows what is open, and whatever comes for a complete message comes twice.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use serde::Serialize;
use smppgate_codec::code::{MessageState, Status};

/// Messages per page.
const PAGE: usize = 256;

/// States that are told apart: message_state has ten values.
const STATES: usize = 16;

/// Messages that one run can number: nine digits stand in each destination.
pub const MESSAGES_MAX: u64 = 1_000_000_000;

/// What was found so far; the lost are known only at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Messages that were sent.
    pub sent: u64,
    /// Answered with status 0.
    pub accepted: u64,
    /// Answered with another status.
    pub refused: u64,
    /// Refusals by status.
    pub refusals: BTreeMap<String, u64>,
    /// Receipts that came for the first time and fit.
    pub receipts: u64,
    /// Receipts by the state that they report.
    pub states: BTreeMap<String, u64>,
    /// Messages from phones.
    pub inbound: u64,
    /// Messages whose bind was lost before the answer came.
    pub unknown: u64,
    /// Of these, those that a receipt has settled.
    pub settled: u64,
    /// Receipts that came before the answer: the id was checked when that came.
    pub early_receipts: u64,
    /// Messages without an answer though their bind stood.
    pub lost_answers: u64,
    /// Accepted messages without a receipt that was asked for.
    pub lost_receipts: u64,
    /// Answers to what was answered before.
    pub double_answers: u64,
    /// Receipts for what was reported before.
    pub double_receipts: u64,
    /// Answers to what was never sent.
    pub foreign_answers: u64,
    /// Receipts for what was never sent, was refused, or asked for none.
    pub foreign_receipts: u64,
    /// Receipts with another id than the answer gave, or whose parts contradict one another.
    pub mismatched: u64,
    /// Ids that were given to two messages.
    pub double_ids: u64,
}

impl Findings {
    /// Whether every message was answered once and reported once, with the right id.
    pub fn is_clean(&self) -> bool {
        self.wrong() == 0
    }

    /// Messages, answers and receipts that are lost, double, foreign or mismatched; a message
    /// whose bind was lost counts until a receipt settles it.
    pub fn wrong(&self) -> u64 {
        self.lost_answers
            + self.lost_receipts
            + self.double_answers
            + self.double_receipts
            + self.foreign_answers
            + self.foreign_receipts
            + self.mismatched
            + self.double_ids
            + (self.unknown - self.settled)
    }
}

/// The ledger of a load client.
pub struct Tally {
    receipts: bool,
    next: u64,
    pages: Vec<Option<Box<Page>>>,
    spare: Vec<Box<Page>>,
    ids: Option<HashSet<u64, FixedState>>,
    open: u64,
    accepted_open: u64,
    /// Receipts by state; named only at the end, since this is counted for each.
    states: [u64; STATES],
    found: Findings,
}

struct Page {
    slots: [Slot; PAGE],
    /// Messages of the page that are not complete, those not yet sent included.
    open: usize,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// When the message was to be sent.
    intended: u64,
    /// What stands for the id that the answer, or an early receipt, has brought.
    id: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Unsent,
    Sent,
    Accepted,
    /// Reported, not yet answered.
    Early,
    /// Its bind was lost before the answer.
    Unknown,
    Complete,
}

impl Tally {
    /// An empty ledger. `receipts`: each accepted message is to be reported once. `unique_ids`:
    /// remember every id, eight octets each, to find one that is given twice.
    pub fn new(receipts: bool, unique_ids: bool) -> Self {
        Self {
            receipts,
            next: 0,
            pages: Vec::new(),
            spare: Vec::new(),
            ids: unique_ids.then(HashSet::default),
            open: 0,
            accepted_open: 0,
            states: [0; STATES],
            found: Findings::default(),
        }
    }

    /// Notes that the next message is sent, which should have left at `intended`; its number.
    #[inline]
    pub fn send(&mut self, intended: u64) -> u64 {
        let number = self.next;
        let (page, at) = (number as usize / PAGE, number as usize % PAGE);
        if page == self.pages.len() {
            let mut fresh = self.spare.pop().unwrap_or_else(|| {
                Box::new(Page {
                    slots: [Slot::default(); PAGE],
                    open: PAGE,
                })
            });
            fresh.open = PAGE;
            self.pages.push(Some(fresh));
        }
        if let Some(page) = &mut self.pages[page] {
            page.slots[at] = Slot {
                intended,
                id: 0,
                stage: Stage::Sent,
            };
        }
        self.next += 1;
        self.open += 1;
        self.found.sent += 1;
        number
    }

    /// Notes the answer to a message; when that should have left.
    #[inline]
    pub fn answer(&mut self, number: u64, status: Status, id: &[u8]) -> Option<u64> {
        let receipts = self.receipts;
        let Some(slot) = slot(&mut self.pages, number) else {
            self.found.double_answers += 1;
            return None;
        };
        let intended = slot.intended;
        match slot.stage {
            Stage::Sent | Stage::Early if !status.is_ok() => {
                self.found.refused += 1;
                let name = status.to_string();
                *self.found.refusals.entry(name).or_default() += 1;
                if slot.stage == Stage::Early {
                    self.found.foreign_receipts += 1;
                }
                self.complete(number);
            }
            Stage::Sent | Stage::Early => {
                let key = key(id);
                let is_early = slot.stage == Stage::Early;
                let fits = slot.id == key;
                slot.id = key;
                slot.stage = Stage::Accepted;
                self.found.accepted += 1;
                if let Some(ids) = &mut self.ids
                    && !ids.insert(key)
                {
                    self.found.double_ids += 1;
                }
                if is_early && !fits {
                    self.found.mismatched += 1;
                }
                if is_early || !receipts {
                    self.complete(number);
                } else {
                    self.accepted_open += 1;
                }
            }
            _ => {
                self.found.double_answers += 1;
                return None;
            }
        }
        Some(intended)
    }

    /// Notes a receipt that says it is for message `number` and bears `id`; when that message
    /// should have left.
    #[inline]
    pub fn receipt(&mut self, number: u64, id: &[u8], state: MessageState) -> Option<u64> {
        if number >= self.next || !self.receipts {
            self.found.foreign_receipts += 1;
            return None;
        }
        let Some(slot) = slot(&mut self.pages, number) else {
            self.found.double_receipts += 1;
            return None;
        };
        let intended = slot.intended;
        match slot.stage {
            Stage::Accepted if slot.id == key(id) => {
                self.accepted_open -= 1;
                self.complete(number);
            }
            // The receipt of another message: this one is still owed its own.
            Stage::Accepted => {
                self.found.mismatched += 1;
                return None;
            }
            Stage::Sent => {
                (slot.id, slot.stage) = (key(id), Stage::Early);
                self.found.early_receipts += 1;
            }
            Stage::Unknown => {
                self.found.settled += 1;
                self.complete(number);
            }
            Stage::Early | Stage::Complete | Stage::Unsent => {
                self.found.double_receipts += 1;
                return None;
            }
        }
        self.found.receipts += 1;
        self.states[usize::from(state.0) % STATES] += 1;
        Some(intended)
    }

    /// Notes that the bind of a message was lost before its answer came.
    pub fn lose(&mut self, number: u64) {
        let Some(slot) = slot(&mut self.pages, number) else {
            return;
        };
        self.found.unknown += 1;
        if slot.stage == Stage::Early {
            self.found.settled += 1;
            self.complete(number);
        } else {
            slot.stage = Stage::Unknown;
        }
    }

    /// Notes what no message of ours can be found for.
    pub fn strange(&mut self, what: Strange) {
        let count = match what {
            Strange::AnswerTwice => &mut self.found.double_answers,
            Strange::AnswerToNothing => &mut self.found.foreign_answers,
            Strange::ReceiptForNothing => &mut self.found.foreign_receipts,
            Strange::ReceiptContradictsItself => &mut self.found.mismatched,
            Strange::Inbound => &mut self.found.inbound,
        };
        *count += 1;
    }

    /// Messages that were sent so far: the number of the next one.
    pub fn sent(&self) -> u64 {
        self.next
    }

    /// Messages that are not complete.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// What was found so far.
    pub fn found(&self) -> &Findings {
        &self.found
    }

    /// Ends the run: what is still open is lost.
    pub fn close(mut self) -> Findings {
        let open_unknown = self.found.unknown - self.found.settled;
        self.found.lost_receipts = self.accepted_open;
        for (state, &count) in self
            .states
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let name = MessageState(state as u8).to_string();
            self.found.states.insert(name, count);
        }
        self.found.lost_answers = self.open - self.accepted_open - open_unknown;
        self.found
    }

    fn complete(&mut self, number: u64) {
        self.open -= 1;
        let Some(place) = self.pages.get_mut(number as usize / PAGE) else {
            return;
        };
        let Some(page) = place else { return };
        page.slots[number as usize % PAGE].stage = Stage::Complete;
        page.open -= 1;
        if page.open == 0 {
            self.spare.extend(place.take());
        }
    }
}

/// What came and belongs to no message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strange {
    /// A response to a request that was answered.
    AnswerTwice,
    /// A response under a sequence number that was never sent.
    AnswerToNothing,
    /// A receipt whose source is no destination of ours.
    ReceiptForNothing,
    /// A receipt whose text and TLVs say different things.
    ReceiptContradictsItself,
    /// A message from a phone: nothing wrong with it.
    Inbound,
}

#[inline]
fn slot(pages: &mut [Option<Box<Page>>], number: u64) -> Option<&mut Slot> {
    let page = pages.get_mut(number as usize / PAGE)?.as_mut()?;
    Some(&mut page.slots[number as usize % PAGE])
}

/// Stands for an id: two different ids share it once in 2^64.
fn key(id: &[u8]) -> u64 {
    FixedState::default().hash_one(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: Status = Status::ESME_ROK;

    fn tally(messages: u64) -> Tally {
        let mut tally = Tally::new(true, true);
        for number in 0..messages {
            assert_eq!(tally.send(number), number);
        }
        tally
    }

    #[test]
    fn a_run_in_which_everything_comes_back_is_clean() {
        let mut tally = tally(1_000);
        for number in 0..1_000 {
            let id = number.to_string();
            assert_eq!(tally.answer(number, OK, id.as_bytes()), Some(number));
            assert_eq!(
                tally.receipt(number, id.as_bytes(), MessageState::DELIVERED),
                Some(number)
            );
        }
        assert_eq!((tally.open(), tally.spare.len()), (0, 3));
        let found = tally.close();
        assert!(found.is_clean(), "{found:?}");
        assert_eq!((found.accepted, found.receipts), (1_000, 1_000));
    }

    #[test]
    fn what_does_not_come_is_lost() {
        let mut tally = tally(3);
        tally.answer(0, OK, b"a");
        tally.receipt(0, b"a", MessageState::DELIVERED);
        tally.answer(1, OK, b"b");
        let found = tally.close();
        assert_eq!(
            (found.lost_answers, found.lost_receipts, found.wrong()),
            (1, 1, 2)
        );
    }

    #[test]
    fn what_comes_twice_is_double_even_long_after() {
        let mut tally = tally(2 * PAGE as u64);
        for number in 0..2 * PAGE as u64 {
            let id = number.to_string();
            tally.answer(number, OK, id.as_bytes());
            tally.receipt(number, id.as_bytes(), MessageState::DELIVERED);
        }
        tally.receipt(0, b"0", MessageState::DELIVERED);
        tally.answer(1, OK, b"1");
        let found = tally.close();
        assert_eq!(
            (found.double_receipts, found.double_answers, found.wrong()),
            (1, 1, 2)
        );
    }

    #[test]
    fn the_receipt_of_another_message_does_not_count_for_this_one() {
        let mut tally = tally(1);
        tally.answer(0, OK, b"mine");
        assert_eq!(tally.receipt(0, b"yours", MessageState::DELIVERED), None);
        tally.receipt(7, b"mine", MessageState::DELIVERED);
        let found = tally.close();
        assert_eq!(
            (
                found.mismatched,
                found.foreign_receipts,
                found.lost_receipts
            ),
            (1, 1, 1)
        );
    }

    #[test]
    fn an_early_receipt_is_checked_when_the_answer_comes() {
        let mut tally = tally(2);
        tally.receipt(0, b"a", MessageState::DELIVERED);
        tally.receipt(1, b"b", MessageState::DELIVERED);
        tally.answer(0, OK, b"a");
        tally.answer(1, OK, b"other");
        let found = tally.close();
        assert_eq!(
            (found.early_receipts, found.mismatched, found.wrong()),
            (2, 1, 1)
        );
    }

    #[test]
    fn a_refused_message_is_owed_no_receipt_and_may_get_none() {
        let mut tally = tally(2);
        tally.answer(0, Status::ESME_RTHROTTLED, b"");
        tally.answer(1, Status::ESME_RTHROTTLED, b"");
        tally.receipt(1, b"a", MessageState::DELIVERED);
        let found = tally.close();
        assert_eq!((found.refused, found.wrong()), (2, 1));
        assert_eq!(found.refusals["ESME_RTHROTTLED"], 2);
    }

    #[test]
    fn an_id_that_is_given_twice_is_found() {
        let mut tally = tally(2);
        tally.answer(0, OK, b"same");
        tally.answer(1, OK, b"same");
        assert_eq!(tally.found().double_ids, 1);
    }

    #[test]
    fn a_receipt_settles_a_message_whose_bind_was_lost() {
        let mut tally = tally(2);
        tally.lose(0);
        tally.lose(1);
        tally.receipt(0, b"a", MessageState::DELIVERED);
        tally.receipt(0, b"a", MessageState::DELIVERED);
        let found = tally.close();
        assert_eq!(
            (found.unknown, found.settled, found.double_receipts),
            (2, 1, 1)
        );
        assert_eq!(found.wrong(), 2);
    }
}
