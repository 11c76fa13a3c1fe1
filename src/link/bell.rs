//! A bell at the door of a connection: rung by whoever has left something in its box.

use atomic_waker::AtomicWaker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;

/// Wakes one connection; ringing twice before it looks is one ring.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    /// Wakes the connection, unless it has been rung already and has not looked yet.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Whether the bell has rung since the last look; if not, the task of `cx` is woken when it
    /// does.
    pub fn look(&self, cx: &Context<'_>) -> bool {
        if self.rung.swap(false, Ordering::AcqRel) {
            return true;
        }
        self.waker.register(cx.waker());
        // Rung between the look and the registration: the ringer may have found no waker.
        self.rung.swap(false, Ordering::AcqRel)
    }
}
