//! The table that is in force: swapped whole by one, read by all without a lock.

use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

/// The table that is in force. Clones share it.
#[derive(Debug)]
pub struct Live<T>(Arc<ArcSwap<T>>);

/// One connection's view of the table. A look-up touches no cache line that others write.
#[derive(Debug, Clone)]
pub struct Reader<T>(Cache<Arc<ArcSwap<T>>, Arc<T>>);

impl<T> Live<T> {
    /// A first table.
    pub fn new(table: Arc<T>) -> Self {
        Self(Arc::new(ArcSwap::new(table)))
    }

    /// Puts another table in force. Readers see it at their next batch; the old one is freed by
    /// whoever leaves it last.
    pub fn store(&self, table: Arc<T>) {
        self.0.store(table);
    }

    /// The table in force now, for whoever asks seldom.
    pub fn current(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// A view for one connection or worker.
    pub fn reader(&self) -> Reader<T> {
        Reader(Cache::new(Arc::clone(&self.0)))
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Reader<T> {
    /// The table in force.
    ///
    /// A reader holds its table until it asks again, so an idle connection should ask now and then
    /// (with its enquire_link, for example) lest it keep an old table in memory.
    #[inline]
    pub fn table(&mut self) -> &Arc<T> {
        self.0.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_the_new_table_at_its_next_look() {
        let live = Live::new(Arc::new(1));
        let mut reader = live.reader();
        assert_eq!(**reader.table(), 1);
        live.clone().store(Arc::new(2));
        assert_eq!(**reader.table(), 2);
        assert_eq!(*live.current(), 2);
    }
}
