//! Our requests that wait for an answer, and the sequence numbers they bear.
//!
//! A request lies in the slot that its number points to, so an answer is found with one look. The
//! slots are also linked in the order of sending: all requests wait equally long, hence the oldest
//! is always the next to expire.

use super::event::Lost;
use crate::moment::Moment;
use smppgate_codec::code::Command;

/// The greatest sequence number that a request of ours bears (SMPP 3.4 §5.1.4); 1 comes after it.
pub const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// The largest window: more unanswered requests than this on one session only hide a peer that
/// does not keep up, and each costs memory.
pub const WINDOW_MAX: u32 = 10_000;

/// Slots before the first request needs more.
const SLOTS_FIRST: u32 = 4;

/// No slot.
const NONE: u32 = u32::MAX;

/// The unanswered requests of one session.
#[derive(Debug, Clone)]
pub(super) struct Window<T> {
    /// A power of two, at least twice what is held: so at most every other slot is held, and the
    /// way past held slots is short however they lie. It grows with the need, since most binds
    /// never use their whole window.
    slots: Vec<Slot<T>>,
    limit: u32,
    held: u32,
    /// The number that is tried next.
    next: u32,
    waiting: Chain,
    expired: Chain,
}

/// A place for one request; free if there is no token in it.
#[derive(Debug, Clone, Copy)]
struct Slot<T> {
    token: Option<T>,
    deadline: Moment,
    sequence: u32,
    command: Command,
    before: u32,
    after: u32,
    expired: bool,
}

/// The slots of one kind, oldest first.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
}

impl<T> Slot<T> {
    const FREE: Self = Self {
        token: None,
        deadline: Moment::NEVER,
        sequence: 0,
        command: Command(0),
        before: NONE,
        after: NONE,
        expired: false,
    };
}

impl<T: Copy> Window<T> {
    /// Room for `limit` requests, [`WINDOW_MAX`] at most; the first one gets the number 1.
    pub fn new(limit: u32) -> Self {
        let limit = limit.min(WINDOW_MAX);
        let none = Chain {
            first: NONE,
            last: NONE,
        };
        let slots = vec![Slot::FREE; SLOTS_FIRST as usize];
        Self {
            slots,
            limit,
            held: 0,
            next: 1,
            waiting: none,
            expired: none,
        }
    }

    /// Continues with this number.
    #[cfg(test)]
    pub fn continue_at(&mut self, sequence: u32) {
        self.next = sequence;
    }

    /// Requests that hold a slot, whether they may still be answered in time or not.
    #[inline]
    pub fn held(&self) -> u32 {
        self.held
    }

    /// Slots that are free.
    #[inline]
    pub fn room(&self) -> u32 {
        self.limit - self.held
    }

    /// Whether every slot is held by a request that has expired.
    pub fn is_stuck(&self) -> bool {
        self.held > 0 && self.held == self.limit && self.waiting.first == NONE
    }

    /// Takes a slot and the next number; `None` if no slot is free.
    #[inline]
    pub fn take(&mut self, command: Command, token: T, deadline: Moment) -> Option<u32> {
        if self.held == self.limit {
            return None;
        }
        if 2 * (self.held + 1) > self.slots.len() as u32 {
            self.grow();
        }
        // A number whose slot is held is passed over. That is more than the specification asks,
        // which only forbids the numbers that are still in use.
        let (sequence, index) = loop {
            let sequence = self.step();
            let index = self.index(sequence);
            if self.slots[index as usize].token.is_none() {
                break (sequence, index);
            }
        };
        self.slots[index as usize] = Slot {
            token: Some(token),
            deadline,
            sequence,
            command,
            before: NONE,
            after: NONE,
            expired: false,
        };
        self.append(index);
        self.held += 1;
        Some(sequence)
    }

    /// A number for a request that takes no slot: enquire_link, unbind and the bind itself.
    pub fn number(&mut self) -> u32 {
        loop {
            let sequence = self.step();
            if self.command(sequence).is_none() {
                return sequence;
            }
        }
    }

    /// The command of the unanswered request with this number.
    #[inline]
    pub fn command(&self, sequence: u32) -> Option<Command> {
        let slot = &self.slots[self.index(sequence) as usize];
        (slot.sequence == sequence && slot.token.is_some()).then_some(slot.command)
    }

    /// Frees the slot of the request with this number.
    #[inline]
    pub fn answer(&mut self, sequence: u32) -> Option<Lost<T>> {
        let index = self.index(sequence);
        if self.slots[index as usize].sequence != sequence {
            return None;
        }
        self.release(index)
    }

    /// When the oldest request expires.
    #[inline]
    pub fn deadline(&self) -> Moment {
        match self.waiting.first {
            NONE => Moment::NEVER,
            oldest => self.slots[oldest as usize].deadline,
        }
    }

    /// The oldest request whose time is over. It keeps its slot until it is answered or lost.
    pub fn expire(&mut self, now: Moment) -> Option<T> {
        let index = self.waiting.first;
        if index == NONE || self.deadline() > now || self.deadline() == Moment::NEVER {
            return None;
        }
        self.unlink(index);
        self.slots[index as usize].expired = true;
        self.append(index);
        self.slots[index as usize].token
    }

    /// Gives up the oldest request.
    pub fn lose(&mut self) -> Option<Lost<T>> {
        match (self.expired.first, self.waiting.first) {
            (NONE, NONE) => None,
            (NONE, oldest) | (oldest, _) => self.release(oldest),
        }
    }

    fn release(&mut self, index: u32) -> Option<Lost<T>> {
        let slot = self.slots[index as usize];
        let token = slot.token?;
        self.unlink(index);
        self.slots[index as usize].token = None;
        self.held -= 1;
        Some(Lost {
            token,
            expired: slot.expired,
        })
    }

    /// Twice as many slots. Numbers that did not meet before do not meet in more slots either.
    #[cold]
    fn grow(&mut self) {
        let places = 2 * self.slots.len();
        let before = std::mem::replace(&mut self.slots, vec![Slot::FREE; places]);
        let none = Chain {
            first: NONE,
            last: NONE,
        };
        let waiting = std::mem::replace(&mut self.waiting, none);
        let expired = std::mem::replace(&mut self.expired, none);
        for mut at in [waiting.first, expired.first] {
            while at != NONE {
                let slot = before[at as usize];
                at = slot.after;
                let index = self.index(slot.sequence);
                self.slots[index as usize] = slot;
                self.append(index);
            }
        }
    }

    fn step(&mut self) -> u32 {
        let sequence = self.next;
        self.next = if sequence == SEQUENCE_MAX {
            1
        } else {
            sequence + 1
        };
        sequence
    }

    fn index(&self, sequence: u32) -> u32 {
        sequence & (self.slots.len() as u32 - 1)
    }

    /// Links the slot as the youngest of its kind.
    fn append(&mut self, index: u32) {
        let chain = if self.slots[index as usize].expired {
            &mut self.expired
        } else {
            &mut self.waiting
        };
        let last = chain.last;
        chain.last = index;
        if last == NONE {
            chain.first = index;
        } else {
            self.slots[last as usize].after = index;
        }
        self.slots[index as usize].before = last;
        self.slots[index as usize].after = NONE;
    }

    fn unlink(&mut self, index: u32) {
        let Slot {
            before,
            after,
            expired,
            ..
        } = self.slots[index as usize];
        let chain = if expired {
            &mut self.expired
        } else {
            &mut self.waiting
        };
        if before == NONE {
            chain.first = after;
        }
        if after == NONE {
            chain.last = before;
        }
        if before != NONE {
            self.slots[before as usize].after = after;
        }
        if after != NONE {
            self.slots[after as usize].before = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBMIT: Command = Command::SUBMIT_SM;

    fn send(window: &mut Window<char>, token: char) -> u32 {
        window.take(SUBMIT, token, Moment(10)).unwrap()
    }

    #[test]
    fn numbers_begin_at_1_and_a_full_window_gives_none() {
        let mut window = Window::new(2);
        assert_eq!(send(&mut window, 'a'), 1);
        assert_eq!(send(&mut window, 'b'), 2);
        assert_eq!(window.take(SUBMIT, 'c', Moment(10)), None);
        assert_eq!(
            window.answer(1),
            Some(Lost {
                token: 'a',
                expired: false
            })
        );
        assert_eq!(window.answer(1), None, "answered twice");
        assert_eq!(send(&mut window, 'c'), 3);
    }

    #[test]
    fn after_the_greatest_number_comes_1_and_numbers_in_use_are_passed_over() {
        let mut window = Window::new(3);
        let first = send(&mut window, 'a');
        window.continue_at(SEQUENCE_MAX - 1);
        assert_eq!(window.number(), SEQUENCE_MAX - 1);
        assert_eq!(window.number(), SEQUENCE_MAX);
        assert_eq!(window.number(), 2, "1 is still in use");
        window.continue_at(SEQUENCE_MAX);
        assert_eq!(send(&mut window, 'b'), SEQUENCE_MAX);
        assert_eq!(send(&mut window, 'c'), 2);
        for (sequence, token) in [(SEQUENCE_MAX, 'b'), (first, 'a'), (2, 'c')] {
            assert_eq!(
                window.answer(sequence),
                Some(Lost {
                    token,
                    expired: false
                })
            );
        }
        assert_eq!(window.held(), 0);
    }

    #[test]
    fn a_number_that_only_shares_the_slot_finds_nothing() {
        let mut window = Window::new(4);
        send(&mut window, 'a');
        for stranger in [0, 9, 17, 0x8000_0001, u32::MAX] {
            assert_eq!(window.command(stranger), None);
            assert_eq!(window.answer(stranger), None);
        }
        assert_eq!(
            window.answer(1),
            Some(Lost {
                token: 'a',
                expired: false
            })
        );
    }

    #[test]
    fn an_expired_request_is_told_once_and_keeps_its_slot() {
        let mut window = Window::new(1);
        let sequence = send(&mut window, 'a');
        assert_eq!(window.expire(Moment(9)), None);
        assert_eq!(window.expire(Moment(10)), Some('a'));
        assert_eq!(window.expire(Moment(10)), None);
        assert!(window.is_stuck());
        assert_eq!(window.room(), 0);
        assert_eq!(
            window.answer(sequence),
            Some(Lost {
                token: 'a',
                expired: true
            })
        );
        assert!(!window.is_stuck());
    }

    #[test]
    fn requests_are_lost_in_the_order_in_which_they_were_sent() {
        let mut window = Window::new(8);
        let numbers: Vec<u32> = ('a'..='h').map(|token| send(&mut window, token)).collect();
        assert_eq!(window.expire(Moment(10)), Some('a'));
        assert_eq!(window.expire(Moment(10)), Some('b'));
        for answered in [numbers[0], numbers[4], numbers[7]] {
            window.answer(answered).unwrap();
        }
        let lost: String = std::iter::from_fn(|| window.lose())
            .map(|lost| lost.token)
            .collect();
        assert_eq!(lost, "bcdfg");
        assert_eq!((window.held(), window.deadline()), (0, Moment::NEVER));
    }

    #[test]
    fn a_window_of_nothing_grants_nothing() {
        let mut window = Window::new(0);
        assert_eq!(window.take(SUBMIT, 'a', Moment(1)), None);
        assert!(!window.is_stuck());
        assert_eq!((window.number(), window.number()), (1, 2));
    }

    #[test]
    fn a_request_that_is_never_answered_does_not_stop_the_others() {
        let mut window = Window::new(2);
        let old = send(&mut window, 'a');
        for _ in 0..1_000 {
            let sequence = send(&mut window, 'b');
            assert!(sequence != old && window.answer(sequence).is_some());
        }
        assert_eq!(window.answer(old).map(|lost| lost.token), Some('a'));
    }
}
