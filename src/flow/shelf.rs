//! Values by the ids of messages, in chunks: growing moves none of them, and few places are empty.

use crate::message::MessageId;
use hashbrown::HashTable;

/// Places of a chunk.
const CHUNK: usize = 1 << 8;

/// What is held of each message. What is taken out makes room for what comes next.
#[derive(Debug)]
pub struct Shelf<T> {
    /// Numbers of places, found by the id that stands there.
    index: HashTable<u32>,
    chunks: Vec<Vec<Place<T>>>,
    /// The first place that is free.
    free: Option<u32>,
}

#[derive(Debug)]
enum Place<T> {
    /// And the next one that is.
    Free(Option<u32>),
    Taken(MessageId, T),
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            chunks: Vec::new(),
            free: None,
        }
    }
}

impl<T> Shelf<T> {
    /// What is held of this message.
    pub fn held(&mut self, id: MessageId) -> Option<&mut T> {
        let chunks = &self.chunks;
        let at = *self.index.find(id.hashed(), |at| is_of(chunks, *at, id))?;
        match place_mut(&mut self.chunks, at)? {
            Place::Taken(_, value) => Some(value),
            Place::Free(_) => None,
        }
    }

    /// Holds this of a message; what was held of it before is given back. It is given back itself if
    /// there are as many as numbers.
    pub fn insert(&mut self, id: MessageId, value: T) -> Option<T> {
        if let Some(before) = self.held(id) {
            return Some(std::mem::replace(before, value));
        }
        let taken = Place::Taken(id, value);
        let at = match self.free {
            Some(at) => match place_mut(&mut self.chunks, at) {
                Some(place) => {
                    if let Place::Free(next) = std::mem::replace(place, taken) {
                        self.free = next;
                    }
                    at
                }
                None => return None,
            },
            None => self.begin(taken),
        };
        let chunks = &self.chunks;
        self.index
            .insert_unique(id.hashed(), at, |at| id_at(chunks, *at).hashed());
        None
    }

    /// A place that was never taken.
    fn begin(&mut self, taken: Place<T>) -> u32 {
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let full = (self.chunks.len() - 1) * CHUNK;
        let last = self.chunks.last_mut().expect("one was just made");
        last.push(taken);
        // There is memory for two million messages, not for four billion.
        (full + last.len() - 1) as u32
    }

    /// Takes out what is held of this message.
    pub fn remove(&mut self, id: MessageId) -> Option<T> {
        let chunks = &self.chunks;
        let found = self
            .index
            .find_entry(id.hashed(), |at| is_of(chunks, *at, id))
            .ok()?;
        let (at, _) = found.remove();
        let place = place_mut(&mut self.chunks, at)?;
        let taken = std::mem::replace(place, Place::Free(self.free));
        self.free = Some(at);
        match taken {
            Place::Taken(_, value) => Some(value),
            Place::Free(_) => None,
        }
    }

    /// Takes out all those for which this holds.
    pub fn take_out(
        &mut self,
        mut is_wanted: impl FnMut(MessageId, &T) -> bool,
    ) -> Vec<(MessageId, T)> {
        let wanted: Vec<MessageId> = self
            .iter()
            .filter(|(id, value)| is_wanted(*id, value))
            .map(|(id, _)| id)
            .collect();
        let take = |id: MessageId| Some((id, self.remove(id)?));
        wanted.into_iter().filter_map(take).collect()
    }

    /// All that is held.
    pub fn iter(&self) -> impl Iterator<Item = (MessageId, &T)> {
        let places = self.chunks.iter().flatten();
        places.filter_map(|place| match place {
            Place::Taken(id, value) => Some((*id, value)),
            Place::Free(_) => None,
        })
    }
}

fn place_mut<T>(chunks: &mut [Vec<Place<T>>], at: u32) -> Option<&mut Place<T>> {
    chunks
        .get_mut(at as usize / CHUNK)?
        .get_mut(at as usize % CHUNK)
}

fn id_at<T>(chunks: &[Vec<Place<T>>], at: u32) -> MessageId {
    match &chunks[at as usize / CHUNK][at as usize % CHUNK] {
        Place::Taken(id, _) => *id,
        Place::Free(_) => MessageId(0),
    }
}

fn is_of<T>(chunks: &[Vec<Place<T>>], at: u32, id: MessageId) -> bool {
    id_at(chunks, at) == id
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u64, String),
        Remove(u64),
        Change(u64, String),
        TakeOut(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let id = 1..600u64;
        prop_oneof![
            5 => (id.clone(), "[a-z]{1,3}").prop_map(|(id, value)| Step::Insert(id, value)),
            3 => id.clone().prop_map(Step::Remove),
            1 => (id, "[a-z]{1,3}").prop_map(|(id, value)| Step::Change(id, value)),
            1 => (0..9u64).prop_map(Step::TakeOut),
        ]
    }

    proptest! {
        #[test]
        fn a_shelf_is_a_map(steps in prop::collection::vec(step(), 0..900)) {
            let mut shelf = Shelf::default();
            let mut map = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Insert(id, value) => {
                        prop_assert_eq!(shelf.insert(MessageId(id), value.clone()), map.insert(id, value));
                    }
                    Step::Remove(id) => {
                        prop_assert_eq!(shelf.remove(MessageId(id)), map.remove(&id));
                    }
                    Step::Change(id, value) => {
                        let changed = shelf.held(MessageId(id)).map(|held| *held = value.clone());
                        prop_assert_eq!(changed, map.get_mut(&id).map(|held| *held = value));
                    }
                    Step::TakeOut(digit) => {
                        let mut taken = shelf.take_out(|id, _| id.0 % 9 == digit);
                        taken.sort_unstable();
                        let wanted: Vec<_> = map.extract_if(.., |id, _| *id % 9 == digit).collect();
                        prop_assert_eq!(taken, wanted.into_iter().map(|(id, value)| (MessageId(id), value)).collect::<Vec<_>>());
                    }
                }
            }
            let mut held: Vec<_> = shelf.iter().map(|(id, value)| (id.0, value.clone())).collect();
            held.sort_unstable();
            prop_assert_eq!(held, map.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_taken_out_makes_room() {
        let mut shelf = Shelf::default();
        for round in 0..10u64 {
            for id in 0..1_000 {
                assert_eq!(shelf.insert(MessageId(round * 1_000 + id), id), None);
            }
            assert_eq!(shelf.take_out(|_, _| true).len(), 1_000);
        }
        assert_eq!(shelf.chunks.len(), 4);
    }
}
