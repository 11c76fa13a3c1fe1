//! Work that takes long, such as hashing a password, off the threads that drive sockets.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Does as many pieces of work at a time as it has places; the others wait for theirs. How many
/// those are is bounded by who hands them in: a connection has one at most.
#[derive(Debug, Clone)]
pub struct Workshop(Arc<Semaphore>);

impl Workshop {
    /// A workshop with so many places, at least one.
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places.max(1))))
    }

    /// Does this as soon as there is a place.
    pub fn take(&self, work: impl FnOnce() + Send + 'static) {
        let places = self.0.clone();
        tokio::spawn(async move {
            let Ok(place) = places.acquire_owned().await else {
                return;
            };
            tokio::task::spawn_blocking(move || {
                let _place = place;
                work();
            });
        });
    }
}
