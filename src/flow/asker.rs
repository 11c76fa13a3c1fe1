//! Somebody who looks in has asked for something, and waits to be told.

use std::fmt;

/// Who waits to be told something.
pub struct Asker<T>(Box<dyn FnOnce(T) + Send>);

impl<T> Asker<T> {
    /// He hears it by this.
    pub fn new(hear: impl FnOnce(T) + Send + 'static) -> Self {
        Self(Box::new(hear))
    }

    /// Tells him.
    pub fn tell(self, what: T) {
        (self.0)(what);
    }
}

impl<T> fmt::Debug for Asker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}
