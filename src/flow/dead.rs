//! What found nobody is put aside, and let go after a while.

use super::after::After;
use super::deadletter::DeadLetter;
use super::switchboard::Clerk;
use crate::journal::Record;
use crate::moment::Moment;
use smallvec::SmallVec;

impl Clerk {
    /// Puts aside what found nobody.
    pub(super) fn give_up(&mut self, letters: Vec<DeadLetter>) {
        let Some(first) = letters.first() else { return };
        let reason = first.reason.text();
        tracing::warn!(count = letters.len(), reason, "dead letters");
        self.board.counters.dead_letters.add(letters.len());
        let mut records: SmallVec<[Record<'_>; 16]> = letters
            .iter()
            .map(|letter| Record::Dead {
                id: letter.id,
                reason: letter.reason.number(),
                at: letter.at,
            })
            .collect();
        let at = first.at;
        let mut kept = self.board.dead_letters.lock();
        for letter in letters {
            // The oldest gives way.
            if let Some(oldest) = kept.keep(letter) {
                records.push(closed(&oldest, at));
                self.board.counters.dead_letters_forgotten.add(1);
            }
        }
        drop(kept);
        // It was kept as what it is before: at worst it finds nobody once more after a restart.
        let _ = self.journal(&records, After::Nothing);
    }

    /// Puts one aside that was aside before.
    pub(super) fn put_aside(&mut self, letter: DeadLetter, now: Moment) {
        let oldest = self.board.dead_letters.lock().keep(letter);
        if let Some(oldest) = oldest {
            self.board.counters.dead_letters_forgotten.add(1);
            let _ = self.journal(&[closed(&oldest, now)], After::Nothing);
        }
    }

    /// Lets dead letters go that have been kept for long enough. Called once a second.
    pub(super) fn sweep_dead_letters(&mut self, now: Moment) {
        let gone = self.board.dead_letters.lock().sweep(now);
        let records: SmallVec<[Record<'_>; 16]> =
            gone.iter().map(|letter| closed(letter, now)).collect();
        if !records.is_empty() {
            self.board.counters.dead_letters_forgotten.add(gone.len());
            let _ = self.journal(&records, After::Nothing);
        }
    }
}

/// Nothing of this letter has to be kept any longer.
pub(super) fn closed(letter: &DeadLetter, at: Moment) -> Record<'static> {
    Record::over(letter.id, at)
}
