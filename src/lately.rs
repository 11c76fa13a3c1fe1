//! What was kept last, and no more than so many: a map of two generations.
//!
//! Once the younger generation is full, the older one is forgotten whole: nobody looks for the
//! oldest of them one by one while messages pass.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::hash::Hash;

/// What was kept last by its key: so many at least, if there were as many, and twice as many at
/// most.
#[derive(Debug)]
pub struct Lately<K, V> {
    most: usize,
    younger: HashMap<K, V, RandomState>,
    older: HashMap<K, V, RandomState>,
}

impl<K: Hash + Eq, V> Lately<K, V> {
    /// Nothing is kept yet; so many are kept at least.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            younger: HashMap::default(),
            older: HashMap::default(),
        }
    }

    /// Keeps this in the place of what was kept by this key.
    pub fn keep(&mut self, key: K, value: V) {
        if self.younger.len() >= self.most && !self.younger.contains_key(&key) {
            std::mem::swap(&mut self.younger, &mut self.older);
            self.younger.clear();
        }
        // What the older generation has by this key is hidden from now on, and goes with the others.
        self.younger.insert(key, value);
    }

    /// What is kept by this key.
    pub fn find(&self, key: &K) -> Option<&V> {
        self.younger.get(key).or_else(|| self.older.get(key))
    }

    /// The same, to be changed where it is.
    pub fn find_mut(&mut self, key: &K) -> Option<&mut V> {
        match self.younger.get_mut(key) {
            Some(value) => Some(value),
            None => self.older.get_mut(key),
        }
    }

    /// All that is kept, by its keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let is_hidden = |key: &K| self.younger.contains_key(key);
        let older = self.older.iter().filter(move |(key, _)| !is_hidden(key));
        self.younger.iter().chain(older)
    }

    /// Takes out what is kept by this key.
    pub fn take(&mut self, key: &K) -> Option<V> {
        let older = self.older.remove(key);
        self.younger.remove(key).or(older)
    }

    /// How many are kept, those that are hidden included.
    pub fn len(&self) -> usize {
        self.younger.len() + self.older.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_the_oldest_are_forgotten_together() {
        let mut lately = Lately::new(10);
        for key in 0..25 {
            lately.keep(key, key);
            assert!(lately.len() <= 20);
        }
        assert_eq!(lately.find(&9), None);
        assert!((10..25).all(|key| lately.find(&key) == Some(&key)));
        // What is kept again is among the younger ones.
        lately.keep(10, 100);
        *lately.find_mut(&11).unwrap() = 111;
        assert_eq!(lately.len(), 16);
        let mut all: Vec<i32> = lately.iter().map(|(_, value)| *value).collect();
        all.sort_unstable();
        let expected: Vec<i32> = (12..25).chain([100, 111]).collect();
        assert_eq!(all, expected);
        (25..30).for_each(|key| lately.keep(key, key));
        assert_eq!((lately.find(&10), lately.find(&11)), (Some(&100), None));
        assert_eq!(lately.take(&10), Some(100));
        assert_eq!(lately.take(&10), None);
    }

    #[test]
    fn what_is_kept_by_the_same_key_takes_no_room() {
        let mut lately = Lately::new(2);
        (0..100).for_each(|value| lately.keep("key", value));
        lately.keep("other", 7);
        assert_eq!(lately.find(&"key"), Some(&99));
        assert_eq!((lately.len(), lately.is_empty()), (2, false));
    }
}
