//! Messages of ordered accounts between the same two numbers: one goes, the others wait behind it.
//!
//! A message goes until it has left doubt: a carrier has it, it has come to its end, or it is held.
//! While it is parked, rests until it is tried again, or is sent once more, the others wait: order
//! is the promise. One that is held is not sent again, so nothing of it leaves behind those that
//! follow, and to wait for it would close a number for days over one answer that was lost. Should
//! its carrier refuse it late, it takes its turn once more: that it then leaves behind some that
//! came after it is better than that it does not leave.
//!
//! A message for later takes its turn when its time has come. Segments of one long message count
//! as one message, and go together.

use crate::message::{AccountId, LongOf, MessageId};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Messages that wait behind one; whoever submits one more is told that the queue is full. A row
/// of so many takes minutes to leave, one after the other, even if its carrier is quick.
pub const BEHIND_MAX: usize = 1_000;

/// Whose messages, from which number to which.
pub type Pair = (AccountId, NumberMark, NumberMark);

/// The rows of all pairs.
#[derive(Debug, Default)]
pub struct Ordered {
    inside: Mutex<Inside>,
    over: Arc<Over>,
}

#[derive(Debug, Default)]
struct Inside {
    rows: HashMap<Pair, Row, RandomState>,
    /// Nobody's time is over before, of those who wait.
    soonest: Option<Moment>,
}

#[derive(Debug, Default)]
struct Row {
    /// One message, or segments of one.
    going: SmallVec<[MessageId; 2]>,
    long: Option<LongOf>,
    /// In the order of their ids, which is the order in which they were accepted.
    behind: VecDeque<Follower>,
}

#[derive(Debug)]
struct Follower {
    id: MessageId,
    until: Moment,
    long: Option<LongOf>,
}

/// Turns that are over and that nobody has looked at yet.
#[derive(Debug, Default)]
struct Over {
    is_any: AtomicBool,
    turns: Mutex<Vec<(Pair, MessageId)>>,
}

/// The place of one message in its row. It is over once this is dropped, wherever that is.
#[derive(Debug)]
pub struct Turn {
    pair: Pair,
    id: MessageId,
    over: Arc<Over>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.over.turns.lock().push((self.pair, self.id));
        self.over.is_any.store(true, Ordering::Release);
    }
}

impl Ordered {
    /// Gives a message its place. Whether it goes at once.
    pub fn enter(
        &self,
        pair: Pair,
        id: MessageId,
        until: Moment,
        long: Option<LongOf>,
    ) -> (Turn, bool) {
        let over = self.over.clone();
        let turn = Turn { pair, id, over };
        let inside = &mut *self.inside.lock();
        let row = inside.rows.entry(pair).or_default();
        let goes = row.going.is_empty() || long.is_some() && long == row.long;
        if goes {
            row.going.push(id);
            row.long = long;
            return (turn, true);
        }
        let at = row.behind.partition_point(|other| other.id < id);
        row.behind.insert(at, Follower { id, until, long });
        inside.soonest = inside.soonest.min(Some(until)).or(Some(until));
        (turn, false)
    }

    /// Whether it is the turn of this message.
    pub fn goes(&self, turn: &Turn) -> bool {
        let inside = self.inside.lock();
        let row = inside.rows.get(&turn.pair);
        row.is_some_and(|row| row.going.contains(&turn.id))
    }

    /// The time of a message that waits is over then.
    pub fn renew(&self, turn: &Turn, until: Moment) {
        let inside = &mut *self.inside.lock();
        let row = inside.rows.get_mut(&turn.pair);
        if let Some(follower) = row.and_then(|row| row.follower(turn.id)) {
            follower.until = until;
            inside.soonest = inside.soonest.min(Some(until)).or(Some(until));
        }
    }

    /// How many wait behind one.
    pub fn len_of(&self, pair: &Pair) -> usize {
        let inside = self.inside.lock();
        inside.rows.get(pair).map_or(0, |row| row.behind.len())
    }

    /// Those whose turn has come, since those before them have left doubt.
    pub fn next(&self) -> Vec<MessageId> {
        // Most of the time there is nothing to take, and nobody has to write.
        let is_any = self.over.is_any.load(Ordering::Acquire);
        if !is_any || !self.over.is_any.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let over = std::mem::take(&mut *self.over.turns.lock());
        let mut next = Vec::new();
        let mut inside = self.inside.lock();
        for (pair, id) in over {
            let Some(row) = inside.rows.get_mut(&pair) else {
                continue;
            };
            row.leave(id);
            if row.going.is_empty() {
                row.advance();
                next.extend_from_slice(&row.going);
            }
            if row.going.is_empty() {
                inside.rows.remove(&pair);
            }
        }
        next
    }

    /// Those who wait and whose time is over. They keep their places until their turns are over.
    pub fn expired(&self, now: Moment) -> Vec<MessageId> {
        let inside = &mut *self.inside.lock();
        if inside.soonest.is_none_or(|soonest| now < soonest) {
            return Vec::new();
        }
        let mut expired = Vec::new();
        let mut soonest: Option<Moment> = None;
        for follower in inside.rows.values().flat_map(|row| &row.behind) {
            match follower.until <= now {
                true => expired.push(follower.id),
                false => soonest = soonest.min(Some(follower.until)).or(Some(follower.until)),
            }
        }
        inside.soonest = soonest;
        expired
    }
}

impl Row {
    fn follower(&mut self, id: MessageId) -> Option<&mut Follower> {
        let at = self.behind.binary_search_by_key(&id, |other| other.id);
        self.behind.get_mut(at.ok()?)
    }

    fn leave(&mut self, id: MessageId) {
        self.going.retain(|other| *other != id);
        if let Ok(at) = self.behind.binary_search_by_key(&id, |other| other.id) {
            self.behind.remove(at);
        }
    }

    /// The first of those who wait goes, with the other segments of its message.
    fn advance(&mut self) {
        let Some(first) = self.behind.pop_front() else {
            return;
        };
        self.going.push(first.id);
        self.long = first.long;
        if self.long.is_some() {
            let (going, long) = (&mut self.going, &self.long);
            self.behind.retain(|other| {
                let is_its = other.long == *long;
                going.extend(is_its.then_some(other.id));
                !is_its
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Content, SegmentKind, SegmentOf};
    use smppgate_codec::code::Status;
    use smppgate_codec::frame;
    use smppgate_codec::pdu::{Pdu, Sm};

    const PAIR: Pair = (AccountId(1), NumberMark::NONE, NumberMark::NONE);

    fn long(reference: u16) -> Option<LongOf> {
        let mut out = bytes::BytesMut::new();
        let sm = Sm::default();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let of = SegmentOf {
            reference,
            kind: SegmentKind::Narrow,
            total: 3,
            seqnum: 1,
        };
        Some(of.long(&Content::of_sm(&frame, &sm)))
    }

    /// Gives these their places, in this order.
    fn enter<const N: usize>(ordered: &Ordered, ids: [u64; N]) -> [(Turn, bool); N] {
        ids.map(|id| ordered.enter(PAIR, MessageId(id), Moment(id * 10), None))
    }

    fn next(ordered: &Ordered) -> Vec<u64> {
        ordered.next().iter().map(|id| id.0).collect()
    }

    #[test]
    fn one_goes_and_the_others_follow_in_their_order_as_each_leaves_doubt() {
        let ordered = Ordered::default();
        let [(one, goes), (three, waits), (two, waits_too)] = enter(&ordered, [1, 3, 2]);
        assert!(goes && !waits && !waits_too);
        assert_eq!(next(&ordered), [0_u64; 0]);
        let other = (AccountId(2), NumberMark::NONE, NumberMark::NONE);
        let (_other, goes) = ordered.enter(other, MessageId(9), Moment(0), None);
        assert!(goes, "of another account");
        assert_eq!(ordered.len_of(&PAIR), 2);
        drop(one);
        assert_eq!(next(&ordered), [2]);
        assert!(ordered.goes(&two) && !ordered.goes(&three));
        // One that was taken back while it waited.
        let [(four, _), (five, _)] = enter(&ordered, [4, 5]);
        drop(three);
        assert_eq!(next(&ordered), [0_u64; 0]);
        drop(two);
        assert_eq!(next(&ordered), [4]);
        drop((four, five));
        assert_eq!(
            next(&ordered),
            [5],
            "its place is over before anybody looks"
        );
        assert_eq!(next(&ordered), [0_u64; 0]);
        let [(_six, goes)] = enter(&ordered, [6]);
        assert!(goes);
    }

    #[test]
    fn segments_of_one_message_go_together() {
        let ordered = Ordered::default();
        let until = Moment(100);
        let mut turns = Vec::new();
        for (id, reference, goes) in [
            (1, 7, true),
            (2, 7, true),
            (3, 8, false),
            (4, 7, true),
            (5, 9, false),
            (6, 8, false),
        ] {
            let (turn, went) = ordered.enter(PAIR, MessageId(id), until, long(reference));
            assert_eq!(went, goes, "{id}");
            turns.push(turn);
        }
        turns.drain(..2);
        assert_eq!(next(&ordered), [0_u64; 0], "one of them has not left doubt");
        turns.remove(1);
        assert_eq!(next(&ordered), [3, 6]);
    }

    #[test]
    fn those_whose_time_is_over_are_told_once() {
        let ordered = Ordered::default();
        let turns = enter(&ordered, [1, 2, 3]);
        assert!(ordered.expired(Moment(19)).is_empty());
        ordered.renew(&turns[2].0, Moment(15));
        assert_eq!(ordered.expired(Moment(20)), [MessageId(2), MessageId(3)]);
        assert!(ordered.expired(Moment(1_000)).is_empty());
    }
}
