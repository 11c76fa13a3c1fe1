//! Passwords that were verified, so that ten thousand binds of one account cost one verification.

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};
use std::collections::{HashMap, HashSet, VecDeque};

/// Passwords that are remembered; beyond that the oldest are forgotten and verified anew.
const REMEMBERED_MAX: usize = 10_000;

/// What a system_id and a password leave behind: nothing that could be turned back without the key
/// of this process, and something else once the hashes of the account have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark([u8; 32]);

/// What was verified, and who waits for what is being verified.
#[derive(Debug)]
pub struct Verified<W> {
    key: [u8; 32],
    known: HashSet<Mark>,
    /// In the order in which they were verified.
    order: VecDeque<Mark>,
    underway: HashMap<Mark, Vec<W>>,
}

/// What is known of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It was verified before.
    Known,
    /// It is being verified, and who asks will be told.
    Joined,
    /// Nothing: who asks is to verify it, and will be told with the others.
    First,
}

impl<W> Verified<W> {
    /// Nothing is known yet. The key is random, and never leaves the process.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            known: HashSet::new(),
            order: VecDeque::new(),
            underway: HashMap::new(),
        }
    }

    /// The mark of a password that was shown for this system_id, which has these hashes now.
    pub fn mark<'a>(
        &self,
        system_id: &[u8],
        hashes: impl Iterator<Item = &'a str>,
        shown: &[u8],
    ) -> Mark {
        let mut mac = Blake2sMac256::new(&self.key.into());
        let mut part = |octets: &[u8]| {
            mac.update(&(octets.len() as u64).to_be_bytes());
            mac.update(octets);
        };
        part(system_id);
        part(shown);
        hashes.for_each(|hash| part(hash.as_bytes()));
        Mark(mac.finalize().into_bytes().into())
    }

    /// Whether this is being verified; then `waiter` is kept until it is.
    pub fn join(&mut self, mark: Mark, waiter: impl FnOnce() -> W) -> bool {
        let waiters = self.underway.get_mut(&mark);
        waiters.map(|waiters| waiters.push(waiter())).is_some()
    }

    /// What is known of this; if it is not known, `waiter` is kept until it is.
    pub fn ask(&mut self, mark: Mark, waiter: impl FnOnce() -> W) -> Asked {
        if self.known.contains(&mark) {
            return Asked::Known;
        }
        let waiters = self.underway.entry(mark).or_default();
        waiters.push(waiter());
        match waiters.len() {
            1 => Asked::First,
            _ => Asked::Joined,
        }
    }

    /// Whether anybody still waits for this, as far as `waits` can tell.
    pub fn is_wanted(&self, mark: Mark, waits: impl Fn(&W) -> bool) -> bool {
        let waiters = self.underway.get(&mark);
        waiters.is_some_and(|waiters| waiters.iter().any(waits))
    }

    /// It has been verified, or is wrong: those who wait for it. What is wrong is not remembered,
    /// or guessing would push out what is right.
    pub fn settle(&mut self, mark: Mark, is_right: bool) -> Vec<W> {
        if is_right && self.known.insert(mark) {
            self.order.push_back(mark);
            if self.order.len() > REMEMBERED_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        self.underway.remove(&mark).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_binds_cost_one_verification() {
        let mut verified = Verified::new([7; 32]);
        let mark = verified.mark(b"acme", ["hash"].into_iter(), b"secret");
        assert_eq!(verified.ask(mark, || 0), Asked::First);
        for waiter in 1..5_000 {
            assert_eq!(verified.ask(mark, || waiter), Asked::Joined);
        }
        assert_eq!(verified.settle(mark, true).len(), 5_000);
        for waiter in 5_000..10_000 {
            assert_eq!(verified.ask(mark, || waiter), Asked::Known);
        }
    }

    #[test]
    fn another_password_another_name_and_another_hash_are_not_known() {
        let mut verified = Verified::new([7; 32]);
        let mark = verified.mark(b"acme", ["hash"].into_iter(), b"secret");
        verified.ask(mark, || ());
        verified.settle(mark, true);
        for (name, hashes, shown) in [
            (&b"acme"[..], &["hash"][..], &b"secreT"[..]),
            (b"beta", &["hash"], b"secret"),
            (b"acme", &["other"], b"secret"),
            (b"acme", &["hash", "next"], b"secret"),
            (b"acmes", &["hash"], b"ecret"),
        ] {
            let other = verified.mark(name, hashes.iter().copied(), shown);
            assert_eq!(verified.ask(other, || ()), Asked::First);
        }
        let elsewhere = Verified::<()>::new([8; 32]);
        assert_ne!(
            elsewhere.mark(b"acme", ["hash"].into_iter(), b"secret"),
            mark
        );
    }

    #[test]
    fn what_is_wrong_is_verified_again_each_time() {
        let mut verified = Verified::new([7; 32]);
        let mark = verified.mark(b"acme", ["hash"].into_iter(), b"guess");
        for _ in 0..3 {
            assert_eq!(verified.ask(mark, || ()), Asked::First);
            assert_eq!(verified.settle(mark, false).len(), 1);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut verified = Verified::<()>::new([7; 32]);
        let mark = |number: usize| {
            let mut octets = [0; 32];
            octets[..8].copy_from_slice(&number.to_be_bytes());
            Mark(octets)
        };
        for number in 0..=REMEMBERED_MAX {
            verified.settle(mark(number), true);
        }
        assert_eq!(verified.known.len(), REMEMBERED_MAX);
        assert_eq!(verified.ask(mark(0), || ()), Asked::First);
        assert_eq!(verified.ask(mark(1), || ()), Asked::Known);
    }
}
