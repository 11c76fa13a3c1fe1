//! Who has shown wrong passwords lately, and how long each waits for its next attempt.
//!
//! The attempts of one address for one system_id are counted when they are made, not when they
//! turn out to be wrong: a thousand of them at once are slowed like a thousand one by one. Whoever
//! waits for a turn has not been compared yet, so knocking harder tells nobody anything.
//!
//! Whoever has not been wrong before does not wait for those who guess the same name elsewhere. An
//! address that a system_id has been bound from is known: what it shows is compared at once, and
//! only the refusal comes late, up to a rate that no customer needs and no guess gets far with.

use super::crowd::holder;
use crate::lately::Lately;
use crate::moment::Moment;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

/// One address tries one system_id: a person who mistypes does not notice, a program that guesses
/// gets some ten thousand attempts a day.
const PAIR: Limit = Limit {
    free: 3,
    first: Duration::from_secs(1),
    most: Duration::from_secs(8),
};

/// One address tries any system_id. Many customers may share it, so the pauses stay short.
const ADDRESS: Limit = Limit {
    free: 30,
    first: Duration::from_secs(1),
    most: Duration::from_secs(1),
};

/// Any address tries one system_id.
const NAME: Limit = Limit {
    free: 100,
    first: Duration::from_millis(500),
    most: Duration::from_millis(500),
};

/// An address that is known shows passwords for its system_id.
const KNOWN: Limit = Limit {
    free: 100,
    first: Duration::from_millis(50),
    most: Duration::from_millis(50),
};

/// The longest wait for a turn; who would have to wait longer is told to come back later. The bind
/// that waits must still be verified within the time that there is for its decision.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// After this long without an attempt all is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// Addresses, names and pairs of both that are remembered each, at least; twice as many at most.
const REMEMBERED_MAX: usize = 10_000;

/// How often somebody may try.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Attempts that cost nothing.
    free: u32,
    /// The pause after the first that costs something; each is twice as long as the one before.
    first: Duration,
    /// The longest pause.
    most: Duration,
}

impl Limit {
    fn pause(self, tries: u32) -> Duration {
        match tries.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => self.first.saturating_mul(1 << over.min(16)).min(self.most),
        }
    }
}

/// Attempts that have not turned out to be right.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    count: u32,
    /// When the next one has its turn.
    next: Moment,
    /// When the last one came.
    last: Moment,
}

impl Tries {
    fn at(self, now: Moment) -> Self {
        match now < self.last + FORGET_AFTER {
            true => self,
            false => Self::default(),
        }
    }

    /// One more, which has its turn then. However many they are, the next one waits no longer than
    /// anybody may.
    fn counted(self, limit: Limit, turn: Moment, now: Moment) -> Self {
        let count = self.count.saturating_add(1);
        let pause = limit.pause(count);
        let next = match pause.is_zero() {
            // What costs nothing keeps nobody waiting whose clock is a moment behind.
            true => self.next,
            false => (turn + pause).min(now + WAIT_MAX + limit.most),
        };
        Self {
            count,
            next,
            last: now,
        }
    }

    /// One more has turned out to be wrong.
    fn wrong(self, limit: Limit, now: Moment) -> Self {
        self.counted(limit, self.next.max(now), now)
    }
}

/// When somebody has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Then, which may be now.
    At(Moment),
    /// Too many wait for theirs.
    TooMany,
}

/// Who has guessed.
#[derive(Debug)]
pub struct Guesses {
    pairs: Lately<(IpAddr, Box<[u8]>), Tries>,
    addresses: Lately<IpAddr, Tries>,
    names: Lately<Box<[u8]>, Tries>,
    known: Lately<(IpAddr, Box<[u8]>), Tries>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            pairs: Lately::new(REMEMBERED_MAX),
            addresses: Lately::new(REMEMBERED_MAX),
            names: Lately::new(REMEMBERED_MAX),
            known: Lately::new(REMEMBERED_MAX),
        }
    }
}

impl Guesses {
    /// Somebody wants to bind with this name. `is_expected` says that its account names the
    /// network of this address: then guesses from elsewhere do not count.
    pub fn turn(&mut self, from: IpAddr, name: &[u8], is_expected: bool, now: Moment) -> Turn {
        let address = holder(from);
        let pair = (address, name.into());
        if self.known.find(&pair).is_some() {
            return taken(&mut self.known, pair, KNOWN, now, now);
        }
        let mut earliest = tries(&self.addresses, &address, now).next;
        let has_been_wrong = tries(&self.pairs, &pair, now).count > 0;
        if has_been_wrong && !is_expected {
            earliest = earliest.max(tries(&self.names, &pair.1, now).next);
        }
        taken(&mut self.pairs, pair, PAIR, earliest, now)
    }

    /// Whether this name has been bound from this address.
    pub fn knows(&self, from: IpAddr, name: &[u8]) -> bool {
        self.known.find(&(holder(from), name.into())).is_some()
    }

    /// What it has shown is wrong. It is told so then, and not before.
    pub fn wrong(&mut self, from: IpAddr, name: &[u8], now: Moment) -> Moment {
        let pair = (holder(from), name.into());
        let of_address = tries(&self.addresses, &pair.0, now);
        self.addresses.keep(pair.0, of_address.wrong(ADDRESS, now));
        let of_name = tries(&self.names, &pair.1, now);
        self.names.keep(pair.1.clone(), of_name.wrong(NAME, now));
        if self.known.find(&pair).is_none() {
            // It has waited for its turn, and the next one waits for another.
            return now;
        }
        let of_pair = tries(&self.pairs, &pair, now).counted(PAIR, now, now);
        self.pairs.keep(pair, of_pair);
        of_pair.next.max(now)
    }

    /// What it has shown is right.
    pub fn right(&mut self, from: IpAddr, name: &[u8], now: Moment) {
        let pair = (holder(from), name.into());
        self.pairs.take(&pair);
        // It has cost nothing, and what goes on binding is not forgotten.
        let of_known = tries(&self.known, &pair, now);
        let known = Tries {
            count: of_known.count.saturating_sub(1),
            next: of_known.next - KNOWN.pause(of_known.count),
            ..of_known
        };
        self.known.keep(pair, known);
    }
}

/// The next turn of this one, not before `earliest`; it is taken by this.
fn taken<K: Hash + Eq>(
    lately: &mut Lately<K, Tries>,
    key: K,
    limit: Limit,
    earliest: Moment,
    now: Moment,
) -> Turn {
    let tries = tries(lately, &key, now);
    let turn = now.max(tries.next).max(earliest);
    if turn > now + WAIT_MAX {
        return Turn::TooMany;
    }
    lately.keep(key, tries.counted(limit, turn, now));
    Turn::At(turn)
}

/// The attempts that count at this time.
fn tries<K: Hash + Eq>(lately: &Lately<K, Tries>, key: &K, now: Moment) -> Tries {
    let found = lately.find(key).copied().unwrap_or_default();
    found.at(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// Somebody guesses; the seconds until its turn, if it has one.
    fn guess(guesses: &mut Guesses, from: IpAddr, name: &str, now: Moment) -> Option<u64> {
        match guesses.turn(from, name.as_bytes(), false, now) {
            Turn::At(turn) => {
                assert_eq!(guesses.wrong(from, name.as_bytes(), turn), turn);
                Some(turn.since(now).as_secs())
            }
            Turn::TooMany => None,
        }
    }

    #[test]
    fn three_mistakes_cost_nothing_and_then_each_waits_longer_than_the_one_before() {
        let mut guesses = Guesses::default();
        let mut now = Moment(0);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let wait = guess(&mut guesses, address(1), "acme", now).unwrap();
            waits.push(wait);
            now = now + SECOND * wait as u32;
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 8, 8]);
        assert_eq!(guess(&mut guesses, address(2), "acme", now), Some(0));
        assert_eq!(guess(&mut guesses, address(1), "beta", now), Some(0));
    }

    #[test]
    fn a_thousand_guesses_at_once_are_no_faster_than_one_after_the_other() {
        let mut guesses = Guesses::default();
        let turns = (0..1_000).filter_map(|_| guess(&mut guesses, address(1), "acme", Moment(0)));
        assert_eq!(turns.collect::<Vec<_>>(), [0, 0, 0, 1, 3, 7]);
    }

    #[test]
    fn a_right_password_makes_up_for_mistakes_and_makes_its_address_known() {
        let mut guesses = Guesses::default();
        let now = Moment(0);
        for _ in 0..4 {
            guess(&mut guesses, address(1), "acme", now);
        }
        let later = now + SECOND * 3;
        assert_eq!(
            guesses.turn(address(1), b"acme", false, later),
            Turn::At(later)
        );
        guesses.right(address(1), b"acme", later);
        // From now on only refusals come late.
        for wait in [0, 0, 1, 2, 4, 8, 8] {
            let turn = guesses.turn(address(1), b"acme", false, later);
            assert_eq!(turn, Turn::At(later));
            let told = guesses.wrong(address(1), b"acme", later);
            assert_eq!(told, later + SECOND * wait);
        }
        guesses.right(address(1), b"acme", later);
        assert_eq!(guesses.wrong(address(1), b"acme", later), later);
    }

    #[test]
    fn an_address_that_tries_many_names_is_slowed_and_its_customers_are_not() {
        let mut guesses = Guesses::default();
        let now = Moment(0);
        guesses.turn(address(1), b"acme", false, now);
        guesses.right(address(1), b"acme", now);
        let waits: Vec<_> = (0..60)
            .map(|at| guess(&mut guesses, address(1), &format!("name{at}"), now))
            .collect();
        assert!(waits[..30].iter().all(|wait| *wait == Some(0)));
        assert_eq!(
            waits[30..41],
            std::array::from_fn::<_, 11, _>(|at| (at < 10).then_some(at as u64 + 1))
        );
        assert_eq!(guesses.turn(address(1), b"acme", false, now), Turn::At(now));
        // Those who are right pay nothing for the others.
        let later = now + SECOND * 11;
        for at in 0..1_000 {
            let name = format!("customer{at}");
            let turn = guesses.turn(address(1), name.as_bytes(), false, later);
            assert_eq!(turn, Turn::At(later), "{name}");
            guesses.right(address(1), name.as_bytes(), later);
        }
    }

    #[test]
    fn a_name_that_is_tried_from_many_addresses_is_slowed_for_those_who_were_wrong_before() {
        let mut guesses = Guesses::default();
        let now = Moment(0);
        for at in 0..=255 {
            assert_eq!(guess(&mut guesses, address(at), "acme", now), Some(0));
        }
        assert_eq!(guess(&mut guesses, address(7), "acme", now), None);
        let later = now + SECOND;
        assert_eq!(guess(&mut guesses, address(7), "acme", later), Some(9));
        // Whoever comes for the first time, or is expected, does not wait for the others.
        let customer = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(guesses.turn(customer, b"acme", false, now), Turn::At(now));
        let expected = guesses.turn(address(8), b"acme", true, now);
        assert_eq!(expected, Turn::At(now));
    }

    #[test]
    fn a_known_address_is_compared_at_once_but_not_without_end() {
        let mut guesses = Guesses::default();
        let now = Moment(0);
        guesses.turn(address(1), b"acme", false, now);
        guesses.right(address(1), b"acme", now);
        // Ten thousand binds with the right password cost nothing.
        for _ in 0..10_000 {
            assert_eq!(guesses.turn(address(1), b"acme", false, now), Turn::At(now));
            guesses.right(address(1), b"acme", now);
        }
        let turns: Vec<Turn> = (0..1_000)
            .map(|_| guesses.turn(address(1), b"acme", false, now))
            .collect();
        let at_once = turns.iter().filter(|turn| **turn == Turn::At(now)).count();
        let in_time = turns.iter().filter(|turn| **turn != Turn::TooMany).count();
        assert_eq!((at_once, in_time), (100, 300), "20 a second from then on");
    }

    #[test]
    fn a_thousand_customers_behind_one_address_bind_at_once_while_they_are_verified() {
        let mut guesses = Guesses::default();
        for customer in 0..1_000_u32 {
            let turn = guesses.turn(address(1), &customer.to_be_bytes(), false, Moment(0));
            assert_eq!(turn, Turn::At(Moment(0)));
        }
    }

    #[test]
    fn after_ten_minutes_of_peace_all_is_forgotten() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            guess(&mut guesses, address(1), "acme", Moment(0));
        }
        let later = Moment(0) + FORGET_AFTER;
        assert_eq!(guess(&mut guesses, address(1), "acme", later), Some(0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guesses = Guesses::default();
        for number in 0..50_000_u32 {
            let from = IpAddr::from(number.to_be_bytes());
            guesses.turn(from, &number.to_be_bytes(), false, Moment(0));
            guesses.right(from, &number.to_be_bytes(), Moment(0));
            guesses.wrong(from, &number.to_be_bytes(), Moment(0));
        }
        for kept in [
            guesses.pairs.len(),
            guesses.addresses.len(),
            guesses.names.len(),
            guesses.known.len(),
        ] {
            assert!(kept <= 2 * REMEMBERED_MAX);
        }
    }
}
