//! Whose passwords are verified next: each address in its turn, so that a flood from some keeps
//! nobody else waiting for long. Those who are familiar have every second turn of their own.

use super::crowd::holder;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Passwords of one address that wait at one time; beyond that the address is told to come later.
const PER_ADDRESS_MAX: usize = 100;

/// All that wait, for each of the two kinds: there are no more connections without a bind.
const WAITING_MAX: usize = 4_000;

/// The passwords that wait to be verified.
#[derive(Debug)]
pub struct WaitingRoom<W> {
    familiar: InTurn<W>,
    strangers: InTurn<W>,
    /// Whether the last one came from among the familiar ones.
    was_familiar: bool,
}

#[derive(Debug)]
struct InTurn<W> {
    /// None of them is empty.
    waiting: HashMap<IpAddr, VecDeque<W>, RandomState>,
    turns: VecDeque<IpAddr>,
    count: usize,
}

impl<W> WaitingRoom<W> {
    /// Adds one. An address is familiar if the account has been bound from it or names it. What
    /// there is no room for comes back; who does not wait any longer takes no room.
    pub fn add(
        &mut self,
        from: IpAddr,
        is_familiar: bool,
        one: W,
        waits: impl Fn(&W) -> bool,
    ) -> Result<(), W> {
        match is_familiar {
            true => self.familiar.add(holder(from), one, waits),
            false => self.strangers.add(holder(from), one, waits),
        }
    }

    /// The next one.
    pub fn call_next(&mut self) -> Option<W> {
        let (first, second) = match self.was_familiar {
            true => (&mut self.strangers, &mut self.familiar),
            false => (&mut self.familiar, &mut self.strangers),
        };
        if let Some(next) = first.next() {
            self.was_familiar = !self.was_familiar;
            return Some(next);
        }
        second.next()
    }
}

impl<W> InTurn<W> {
    fn add(&mut self, from: IpAddr, one: W, waits: impl Fn(&W) -> bool) -> Result<(), W> {
        let own = self.waiting.entry(from).or_default();
        if own.len() >= PER_ADDRESS_MAX {
            let before = own.len();
            own.retain(waits);
            self.count -= before - own.len();
        }
        if own.len() >= PER_ADDRESS_MAX || self.count >= WAITING_MAX {
            if own.is_empty() {
                self.waiting.remove(&from);
                self.turns.retain(|other| *other != from);
            }
            return Err(one);
        }
        if own.is_empty() && !self.turns.contains(&from) {
            self.turns.push_back(from);
        }
        own.push_back(one);
        self.count += 1;
        Ok(())
    }

    fn next(&mut self) -> Option<W> {
        let from = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&from)?;
        let next = own.pop_front()?;
        self.count -= 1;
        match own.is_empty() {
            true => {
                self.waiting.remove(&from);
            }
            false => self.turns.push_back(from),
        }
        Some(next)
    }
}

impl<W> Default for InTurn<W> {
    fn default() -> Self {
        Self {
            waiting: HashMap::default(),
            turns: VecDeque::new(),
            count: 0,
        }
    }
}

impl<W> Default for WaitingRoom<W> {
    fn default() -> Self {
        Self {
            familiar: InTurn::default(),
            strangers: InTurn::default(),
            was_familiar: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn all(room: &mut WaitingRoom<u32>) -> Vec<u32> {
        std::iter::from_fn(|| room.call_next()).collect()
    }

    #[test]
    fn a_flood_from_one_address_keeps_no_other_waiting() {
        let mut room = WaitingRoom::default();
        for one in 0..5 {
            room.add(address(1), false, one, |_| true).unwrap();
        }
        room.add(address(2), false, 100, |_| true).unwrap();
        room.add(address(2), false, 101, |_| true).unwrap();
        assert_eq!(all(&mut room), [0, 100, 1, 101, 2, 3, 4]);
        assert_eq!(room.call_next(), None);
        assert_eq!((room.strangers.count, room.strangers.turns.len()), (0, 0));
    }

    #[test]
    fn the_familiar_ones_have_every_second_turn() {
        let mut room = WaitingRoom::default();
        for one in 0..4 {
            room.add(address(one), false, u32::from(one), |_| true)
                .unwrap();
        }
        room.add(address(1), true, 100, |_| true).unwrap();
        room.add(address(1), true, 101, |_| true).unwrap();
        assert_eq!(all(&mut room), [100, 0, 101, 1, 2, 3]);
        room.add(address(1), true, 102, |_| true).unwrap();
        assert_eq!(all(&mut room), [102]);
    }

    #[test]
    fn those_who_wait_are_bounded_and_those_who_have_gone_take_no_room() {
        let mut room = WaitingRoom::default();
        for one in 0..PER_ADDRESS_MAX as u32 {
            room.add(address(1), false, one, |_| true).unwrap();
        }
        assert_eq!(room.add(address(1), false, 1_000, |_| true), Err(1_000));
        assert_eq!(room.add(address(1), false, 1_001, |one| *one >= 50), Ok(()));
        assert_eq!(room.strangers.count, PER_ADDRESS_MAX - 49);
        assert_eq!(room.add(address(1), false, 1_002, |_| true), Ok(()));
        for at in 0..WAITING_MAX as u32 {
            let from = IpAddr::from((0x0B00_0000 + at).to_be_bytes());
            let _ = room.add(from, false, at, |_| true);
        }
        assert_eq!(room.strangers.count, WAITING_MAX);
        assert!(room.add(address(9), false, 1, |_| true).is_err());
        assert!(!room.strangers.waiting.contains_key(&address(9)));
        assert_eq!(all(&mut room).len(), WAITING_MAX);
    }

    #[test]
    fn an_address_all_of_whose_have_gone_has_its_turn_once() {
        let mut room = WaitingRoom::default();
        for one in 0..PER_ADDRESS_MAX as u32 {
            room.add(address(1), false, one, |_| true).unwrap();
        }
        room.add(address(1), false, 7, |_| false).unwrap();
        room.add(address(2), false, 8, |_| true).unwrap();
        room.add(address(1), false, 9, |_| true).unwrap();
        assert_eq!(all(&mut room), [7, 8, 9]);
    }
}
