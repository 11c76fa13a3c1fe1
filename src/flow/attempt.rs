//! A message leaves for its carrier: that is noted beside it, or before where nothing is sent twice.

use super::after::After;
use super::facts::Records;
use super::switchboard::Clerk;
use crate::carrier::{Line, Note, Outcome, Verdict, Waiting};
use crate::journal::{Record, Refusal};
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use std::sync::Arc;

impl Clerk {
    /// These have been sent. Nobody waits for the journal: what is lost of this in a crash is what
    /// the carrier had been sent in the last moment before.
    pub(super) fn have_left(&mut self, carrier: CarrierId, ids: &[MessageId], now: Moment) {
        if self.board.keeps() {
            let ids = self.with_companions(carrier, ids.iter().copied());
            // What the journal does not take any more is not acknowledged either.
            let _ = self.journal(&attempted(carrier, &ids, now), After::Nothing);
        }
    }

    /// These leave once it is durable that they do.
    pub(super) fn about_to_leave(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: Vec<Waiting>,
        now: Moment,
    ) -> Vec<Waiting> {
        let ids = self.with_companions(carrier, batch.iter().map(|waiting| waiting.id));
        let then = After::Attempted {
            carrier,
            line: line.clone(),
            batch,
            at: now,
        };
        match self.journal(&attempted(carrier, &ids, now), then) {
            Ok(Some(After::Attempted { batch, .. })) => noted(batch, Note::Kept),
            Err((After::Attempted { batch, .. }, _)) => noted(batch, Note::Failed),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// It is settled whether these leave. Where their bind has gone meanwhile they go on: they have
    /// not left.
    pub(super) fn may_leave(
        &mut self,
        carrier: CarrierId,
        line: &Line,
        batch: Vec<Waiting>,
        outcome: Result<(), Refusal>,
        now: Moment,
    ) {
        let note = match outcome {
            Ok(()) => Note::Kept,
            Err(_) => Note::Failed,
        };
        let left = line.settle(noted(batch, note)).into_iter();
        let kept = left.filter(|waiting| waiting.note == Note::Kept);
        let mut recalled: Vec<Outcome> = kept
            .map(|waiting| Outcome {
                id: waiting.id,
                verdict: Verdict::Recalled,
            })
            .collect();
        if !recalled.is_empty() {
            self.outcomes_read(carrier, &mut recalled, now);
        }
    }

    /// These, and what leaves as one with them.
    fn with_companions(
        &mut self,
        carrier: CarrierId,
        ids: impl Iterator<Item = MessageId>,
    ) -> Vec<MessageId> {
        let slot = self.carriers.table().slot(carrier);
        match slot.is_some_and(|slot| slot.gathering.is_some()) {
            true => self.board.leaving_with(ids),
            false => ids.collect(),
        }
    }
}

fn attempted(carrier: CarrierId, ids: &[MessageId], at: Moment) -> Records<'static> {
    let ids = ids.iter();
    ids.map(|&id| Record::Attempted { id, carrier, at })
        .collect()
}

fn noted(mut batch: Vec<Waiting>, note: Note) -> Vec<Waiting> {
    batch.iter_mut().for_each(|waiting| waiting.note = note);
    batch
}

#[cfg(test)]
mod tests {
    use super::super::switchboard::Switchboard;
    use super::*;
    use crate::esme::Roster;
    use crate::journal::{Appended, Holdings, Journal};
    use crate::message::IdSource;
    use crate::receipt::Marks;
    use parking_lot::Mutex;

    type Lines = Arc<Mutex<Vec<(u64, u16)>>>;

    /// Remembers what was to be noted, and keeps it or not.
    struct Notes(Lines, Option<Holdings>);

    impl Journal<After> for Notes {
        fn append(&self, records: &[Record<'_>], then: After) -> Appended<After> {
            for record in records {
                if let Record::Attempted { id, carrier, .. } = record {
                    self.0.lock().push((id.0, carrier.0));
                }
            }
            Appended::Durable(then)
        }

        fn has_room(&self) -> bool {
            true
        }

        fn holdings(&self) -> Option<&Holdings> {
            self.1.as_ref()
        }
    }

    fn notes_of(holdings: Option<Holdings>) -> Vec<(u64, u16)> {
        let lines = Lines::default();
        let notes = Notes(lines.clone(), holdings);
        let board = Arc::new(Switchboard::new(
            Arc::new(IdSource::new(1, 0)),
            Marks::default(),
            [0; 32],
            Arc::new(Roster::default()),
            Box::new(notes),
        ));
        let mut clerk = board.clerk();
        clerk.have_left(CarrierId(3), &[MessageId(7), MessageId(8)], Moment(1));
        let lines = lines.lock();
        lines.clone()
    }

    #[test]
    fn what_has_left_is_noted_where_the_journal_keeps_it() {
        assert_eq!(notes_of(Some(Holdings::default())), [(7, 3), (8, 3)]);
        assert_eq!(notes_of(None), []);
    }
}
