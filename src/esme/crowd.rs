//! Who is let in: connections are counted in total and for each address, and of those that have
//! not bound yet the oldest gives way to a new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

/// Bounds of the crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at one time.
    pub open: usize,
    /// Connections at one time that have not bound yet: a handshake and its buffers each.
    pub unbound: usize,
    /// The same for each address.
    pub unbound_per_address: usize,
}

/// Nobody more is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// There are as many connections as there may be.
    #[error("too many connections")]
    Total,
    /// The address has as many connections as it may have.
    #[error("too many connections from this address")]
    Address,
}

/// The connections that are open. `H` is what closes one.
#[derive(Debug)]
pub struct Crowd<H> {
    bounds: Bounds,
    open: usize,
    holders: HashMap<IpAddr, Holder>,
    unbound: BTreeMap<u64, Unbound<H>>,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Holder {
    open: usize,
    unbound: BTreeSet<u64>,
}

#[derive(Debug)]
struct Unbound<H> {
    holder: Option<IpAddr>,
    /// None for a moment only; until then it gives way to nobody.
    close: Option<H>,
}

impl<H> Crowd<H> {
    /// Nobody is there.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            open: 0,
            holders: HashMap::new(),
            unbound: BTreeMap::new(),
        }
    }

    /// From now on these bounds hold. Nobody who is there has to go for them.
    pub fn hold_to(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Connections at this time, bound or not.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Whether one more may come in.
    pub fn has_room(&self) -> bool {
        self.open < self.bounds.open
    }

    /// A connection has come in; numbers grow and are never used again. If it is one too many of
    /// those that have not bound, the oldest of them is to be closed: this is what closes it.
    pub fn enter(&mut self, number: u64) -> Option<H> {
        self.open += 1;
        let closed = if self.unbound.len() >= self.bounds.unbound {
            let oldest = self.unbound.iter().find(|(_, one)| one.close.is_some());
            let oldest = oldest.map(|(number, _)| *number);
            oldest.and_then(|oldest| self.give_way(oldest))
        } else {
            None
        };
        let (holder, close) = (None, None);
        self.unbound.insert(number, Unbound { holder, close });
        closed
    }

    /// This closes the connection, if it is still one of those that have not bound.
    pub fn attend(&mut self, number: u64, close: H) {
        if let Some(unbound) = self.unbound.get_mut(&number) {
            unbound.close = Some(close);
        }
    }

    /// Now it is known whose connection this is; an address may have `most` of them. Likewise the
    /// oldest of this address that has not bound may have to be closed.
    pub fn announce(
        &mut self,
        number: u64,
        address: IpAddr,
        most: usize,
    ) -> Result<Option<H>, Full> {
        let key = holder(address);
        let Some(unbound) = self.unbound.get_mut(&number) else {
            // It has given way already, and is about to close.
            return Err(Full::Total);
        };
        let held = self.holders.entry(key).or_default();
        if held.open >= most {
            return Err(Full::Address);
        }
        unbound.holder = Some(key);
        held.open += 1;
        let oldest = if held.unbound.len() >= self.bounds.unbound_per_address {
            let unbound = &self.unbound;
            let can_close = |one: &&u64| unbound.get(*one).is_some_and(|one| one.close.is_some());
            held.unbound.iter().find(can_close).copied()
        } else {
            None
        };
        held.unbound.insert(number);
        Ok(oldest.and_then(|oldest| self.give_way(oldest)))
    }

    /// The connection is bound: it gives way to nobody any more.
    pub fn bound(&mut self, number: u64) {
        self.give_way(number);
    }

    /// The connection is over. `address` is the one that was announced, if that succeeded.
    pub fn leave(&mut self, number: u64, address: Option<IpAddr>) {
        self.open -= 1;
        self.give_way(number);
        let Some(key) = address.map(holder) else {
            return;
        };
        if let Some(held) = self.holders.get_mut(&key) {
            held.open -= 1;
            if held.open == 0 {
                self.holders.remove(&key);
            }
        }
    }

    /// It is none of those that have not bound any more.
    fn give_way(&mut self, number: u64) -> Option<H> {
        let unbound = self.unbound.remove(&number)?;
        let held = unbound.holder.and_then(|key| self.holders.get_mut(&key));
        if let Some(held) = held {
            held.unbound.remove(&number);
        }
        unbound.close
    }
}

/// Who an address is counted as: one customer has a whole /64 of IPv6 addresses, and an IPv4
/// address is the same however it arrived.
pub fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd() -> Crowd<u64> {
        Crowd::new(Bounds {
            open: 6,
            unbound: 4,
            unbound_per_address: 2,
        })
    }

    /// The number stands for what closes the connection.
    fn come(crowd: &mut Crowd<u64>, number: u64) -> Option<u64> {
        let closed = crowd.enter(number);
        crowd.attend(number, number);
        closed
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn the_oldest_that_has_not_bound_gives_way_to_a_new_one() {
        let mut crowd = crowd();
        for number in 1..=4 {
            assert_eq!(come(&mut crowd, number), None);
        }
        crowd.bound(1);
        assert_eq!(come(&mut crowd, 5), None, "1 has bound");
        assert_eq!(come(&mut crowd, 6), Some(2));
        assert!(!crowd.has_room());
        crowd.leave(2, None);
        assert!(crowd.has_room());
        assert_eq!(crowd.announce(2, address(1), 9), Err(Full::Total));
    }

    #[test]
    fn an_address_that_has_too_many_unbound_closes_its_own() {
        let mut crowd = crowd();
        for number in 1..=3 {
            come(&mut crowd, number);
        }
        assert_eq!(crowd.announce(1, address(1), 9), Ok(None));
        assert_eq!(crowd.announce(2, address(2), 9), Ok(None));
        assert_eq!(crowd.announce(3, address(1), 9), Ok(None));
        come(&mut crowd, 4);
        assert_eq!(crowd.announce(4, address(1), 9), Ok(Some(1)));
        assert_eq!(crowd.open(), 4, "it is still closing");
    }

    #[test]
    fn an_address_has_so_many_connections_and_no_more_until_one_leaves() {
        let mut crowd = crowd();
        for number in 1..=3 {
            come(&mut crowd, number);
            crowd.bound(0);
        }
        assert_eq!(crowd.announce(1, address(1), 2), Ok(None));
        crowd.bound(1);
        assert_eq!(crowd.announce(2, address(1), 2), Ok(None));
        crowd.bound(2);
        assert_eq!(crowd.announce(3, address(1), 2), Err(Full::Address));
        crowd.leave(1, Some(address(1)));
        assert_eq!(crowd.announce(3, address(1), 2), Ok(None));
        crowd.leave(2, Some(address(1)));
        crowd.leave(3, Some(address(1)));
        assert_eq!(crowd.open(), 0);
        assert!(crowd.holders.is_empty() && crowd.unbound.is_empty());
    }

    #[test]
    fn narrower_bounds_hold_for_those_who_come_from_then_on() {
        let mut crowd = crowd();
        for number in 1..=3 {
            come(&mut crowd, number);
            crowd.bound(number);
        }
        crowd.hold_to(Bounds {
            open: 2,
            ..crowd.bounds
        });
        assert_eq!(crowd.open(), 3);
        assert!(!crowd.has_room());
        crowd.leave(1, None);
        crowd.leave(2, None);
        assert!(crowd.has_room());
    }

    #[test]
    fn an_ipv6_holder_is_a_64() {
        let of = |text: &str| holder(text.parse().unwrap());
        assert_eq!(of("2001:db8::1:2:3:4"), of("2001:db8::"));
        assert_ne!(of("2001:db8:0:1::"), of("2001:db8::"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
