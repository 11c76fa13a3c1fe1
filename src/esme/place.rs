//! The place of one connection among those that are open, given back however it ends.

use super::crowd::{Bounds, Crowd, Full};
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;

/// What ends a connection.
pub type Close = Box<dyn FnOnce() + Send>;

/// All places. The lock is held for a moment when a connection comes, binds and goes.
pub struct Places(Mutex<Crowd<Close>>);

/// A place that is taken.
pub struct Place {
    places: Arc<Places>,
    number: u64,
    peer: IpAddr,
    is_counted: bool,
}

impl Places {
    /// All are free.
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Crowd::new(bounds))))
    }

    /// From now on there are so many.
    pub fn hold_to(&self, bounds: Bounds) {
        self.0.lock().hold_to(bounds);
    }

    /// Places that are taken.
    pub fn open(&self) -> usize {
        self.0.lock().open()
    }

    /// A place for the connection with this number, which is never given out again. The oldest
    /// without a bind may have to go for it.
    pub fn take(self: &Arc<Self>, number: u64, peer: IpAddr) -> Result<Place, Full> {
        let closed = {
            let mut crowd = self.0.lock();
            if !crowd.has_room() {
                return Err(Full::Total);
            }
            crowd.enter(number)
        };
        give_way(closed);
        Ok(Place {
            places: self.clone(),
            number,
            peer,
            is_counted: false,
        })
    }

    /// This ends the connection with this number, should it have to give way.
    pub fn attend(&self, number: u64, close: Close) {
        self.0.lock().attend(number, close);
    }
}

impl Place {
    /// The number of the connection.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whose connection it is, as far as it is known.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The connection is bound: it does not give way to others any more.
    pub fn bound(&self) {
        self.places.0.lock().bound(self.number);
    }

    /// Now it is known whose connection this is; an address may have `most` of them.
    pub fn announce(&mut self, peer: IpAddr, most: usize) -> Result<(), Full> {
        let closed = self.places.0.lock().announce(self.number, peer, most)?;
        (self.peer, self.is_counted) = (peer, true);
        give_way(closed);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let address = self.is_counted.then_some(self.peer);
        self.places.0.lock().leave(self.number, address);
    }
}

fn give_way(closed: Option<Close>) {
    if let Some(oldest) = closed {
        tracing::debug!("the oldest connection without a bind gives way");
        oldest();
    }
}
