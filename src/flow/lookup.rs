//! Somebody looks for messages: by our id, by a carrier's id, or by the number that they go to.

use super::after::After;
use super::asker::Asker;
use super::cancel::{SEARCH_PAUSE, SEARCHED_FREELY};
use super::deadletter::{DeadLetter, Place, Reason};
use super::ledger::{Ending, Entry, Stage};
use super::remembered::Memory;
use super::sought::Sought;
use super::switchboard::{Clerk, Switchboard};
use super::timeline::{Kind, Searched, Timeline, Whereabouts};
use crate::journal::{History, Kept};
use crate::message::{AckMode, CarrierId, MessageId, Times, digits};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, NumberMark};
use smppgate_codec::pdu::DESTINATIONS_MAX;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Long enough for any time that a sender may write.
const AGES: Duration = Duration::from_secs(3_650 * 24 * 3_600);

impl Clerk {
    /// Says what is known of these messages. Of those of which nothing is known nothing is said.
    pub fn look_up(&mut self, sought: Vec<Sought>, asker: Asker<Vec<Timeline>>) {
        let board = self.board.clone();
        let ids: HashSet<MessageId> = sought.iter().map(|one| one.id).collect();
        let letters = board.letters_of(&ids);
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for one in sought {
            let in_memory = self.in_memory(one.id, letters.get(&one.id));
            match in_memory {
                Some(timeline) => found.push(known_as(timeline, one.known_as)),
                None => missing.push(one),
            }
        }
        let holdings = board.journal().holdings();
        missing.retain(|one| holdings.is_some_and(|held| held.position(one.id).is_some()));
        if missing.is_empty() {
            return asker.tell(found);
        }
        let ids = missing.iter().map(|one| one.id).collect();
        let then = After::Looked {
            sought: missing,
            found,
            asker,
        };
        if let Err(After::Looked { found, asker, .. }) = board.journal().fetch(ids, then) {
            asker.tell(found);
        }
    }

    /// Says all that has happened to this message, also what only the journal knows any more; nothing if
    /// nothing is known of it.
    pub fn look_into(&mut self, id: MessageId, asker: Asker<Option<Timeline>>) {
        let board = self.board.clone();
        let letters = board.letters_of(&HashSet::from([id]));
        let known = self.in_memory(id, letters.get(&id));
        if !board.is_held(id) {
            return asker.tell(known);
        }
        let known = known.map(Box::new);
        let then = After::LookedInto { id, known, asker };
        let Err(After::LookedInto { known, asker, .. }) = board.journal().history(id, then) else {
            return;
        };
        // So many others ask for that now: what is found quickly has to do.
        let part = |known: Timeline| Timeline {
            searched: Some(Searched::InPart),
            ..known
        };
        match known {
            Some(known) => asker.tell(Some(part(*known))),
            None => {
                let first = |found: Vec<Timeline>| found.into_iter().next();
                let told = move |found| asker.tell(first(found).map(part));
                self.look_up(vec![id.into()], Asker::new(told));
            }
        }
    }

    /// What the journal knows of it has been gathered.
    pub(super) fn looked_into(&mut self, then: After, history: &History) {
        let After::LookedInto { id, known, asker } = then else {
            return;
        };
        let told = Timeline::of(history.records.iter().map(Kept::record)).map(|told| Timeline {
            carrier_ids: told
                .carrier_ids
                .filter(|ids| !history.is_cut || !ids.is_empty()),
            searched: Some(match history.is_cut {
                true => Searched::InPart,
                false => Searched::Whole,
            }),
            ..told
        });
        asker.tell(match (known, told) {
            (Some(known), Some(told)) => Some(known.with(told)),
            (Some(known), None) => Some(*known),
            (None, Some(told)) => Some(Timeline {
                whereabouts: self.whereabouts(id, &told),
                ..told
            }),
            (None, None) => None,
        });
    }

    /// Where a message is of which nothing is in memory.
    fn whereabouts(&self, id: MessageId, told: &Timeline) -> Whereabouts {
        let is_laid_down = self.board.is_laid_down(id);
        match (told.kind, told.whereabouts) {
            (_, taken @ Whereabouts::Taken(_)) if is_laid_down => taken,
            (Some(Kind::Submitted), _) if is_laid_down => Whereabouts::LaidDown,
            (_, Whereabouts::Dead | Whereabouts::Told | Whereabouts::Ended) => told.whereabouts,
            (Some(Kind::Submitted), _) => Whereabouts::ToBeTold,
            _ => told.whereabouts,
        }
    }

    /// What the journal has kept of some of them has been read.
    pub(super) fn looked_up(
        &mut self,
        sought: Vec<Sought>,
        mut found: Vec<Timeline>,
        asker: Asker<Vec<Timeline>>,
        kept: Vec<Option<Kept>>,
    ) {
        for (one, kept) in sought.into_iter().zip(kept) {
            let timeline = kept.and_then(|kept| Timeline::of([kept.record()]));
            let Some(mut timeline) = timeline else {
                continue;
            };
            // Of what has happened to it only the beginning was read.
            timeline.carrier_ids = None;
            if timeline.kind == Some(Kind::Submitted) {
                timeline.whereabouts = match self.board.is_laid_down(one.id) {
                    true => Whereabouts::LaidDown,
                    false => Whereabouts::ToBeTold,
                };
            }
            found.push(known_as(timeline, one.known_as));
        }
        asker.tell(found);
    }

    /// The messages that this carrier may mean by one of these ids.
    pub fn meant_by(&mut self, carrier: CarrierId, ids: &[CarrierMessageId]) -> Vec<Sought> {
        let board = self.board.clone();
        let Some(slot) = self.carriers.table().slot(carrier) else {
            return Vec::new();
        };
        let correlator = slot.correlator.lock();
        let known: Vec<Option<MessageId>> = ids.iter().map(|id| correlator.whose(id)).collect();
        drop(correlator);
        let mut sought: Vec<Sought> = Vec::new();
        for (carrier_id, known) in ids.iter().zip(known) {
            let laid = board.laid_down_as(slot.group, carrier_id);
            for id in known.into_iter().chain(laid) {
                if !sought.iter().any(|one| one.id == id) {
                    sought.push(Sought {
                        id,
                        known_as: Some((carrier, carrier_id.clone())),
                    });
                }
            }
        }
        sought
    }

    /// The messages to this number, the newest first: of those that are under way, and of those
    /// that came to their end last. `None` if that takes long and was asked for just now.
    pub fn sent_to(&mut self, number: &[u8], now: Moment) -> Option<Vec<MessageId>> {
        let board = self.board.clone();
        // One search at a time, whoever asks.
        let mut searched = board.searched.try_lock()?;
        let remembered = board.remembered.lock();
        if board.ledger.len() + remembered.len() > SEARCHED_FREELY && now < *searched + SEARCH_PAUSE
        {
            return None;
        }
        *searched = now;
        let mut ids = remembered.sent_to(NumberMark::of(number));
        drop(remembered);
        let number = digits(number);
        let is_wanted = |entry: &Entry| digits(entry.content.destination().digits) == number;
        ids.extend(board.ledger.find(is_wanted));
        ids.sort_unstable_by(|left, right| right.cmp(left));
        ids.dedup();
        Some(ids)
    }

    /// The other messages that were accepted under the id of this one: the other destinations of a
    /// submit_multi, as far as they are in memory.
    pub fn beside(&mut self, id: MessageId) -> Vec<MessageId> {
        let board = self.board.clone();
        let mut hand = board.ledger.hand();
        let under_way = id.following(DESTINATIONS_MAX).filter(|other| {
            let entry = hand.entry(*other);
            entry.is_some_and(|entry| entry.shown(*other) == id)
        });
        let mut beside: Vec<MessageId> = under_way.collect();
        drop(hand);
        let remembered = board.remembered.lock();
        let over = id.following(DESTINATIONS_MAX).filter(|other| {
            let memory = remembered.find(*other);
            memory.is_some_and(|memory| memory.shown == id)
        });
        beside.extend(over);
        beside.retain(|other| *other != id);
        beside.sort_unstable();
        beside.dedup();
        beside
    }

    fn in_memory(&mut self, id: MessageId, letter: Option<&DeadLetter>) -> Option<Timeline> {
        let board = self.board.clone();
        let mut hand = board.ledger.hand();
        let under_way = hand.entry(id).map(|entry| of_entry(id, entry));
        drop(hand);
        if let Some(mut timeline) = under_way {
            self.look_for_ids(&mut timeline);
            return Some(timeline);
        }
        let memory = board.remembered.lock().find(id).copied();
        let mut timeline = match (memory, letter) {
            (Some(memory), _) => of_memory(id, &memory, board.is_held(id)),
            (None, Some(letter)) => of_letter(letter),
            (None, None) => return None,
        };
        if let Some(letter) = letter {
            timeline.dead = Some((letter.reason, letter.at));
            timeline.whereabouts = Whereabouts::Dead;
        }
        Some(timeline)
    }

    /// The ids that its carrier has given it, unless looking for them would keep others waiting.
    fn look_for_ids(&mut self, timeline: &mut Timeline) {
        let Whereabouts::Taken(carrier) = timeline.whereabouts else {
            return;
        };
        let slot = self.carriers.table().slot(carrier);
        let ids = slot.and_then(|slot| {
            let correlator = slot.correlator.lock();
            correlator.ids_of(timeline.id, SEARCHED_FREELY)
        });
        timeline.carrier_ids = ids.map(|ids| ids.into_iter().map(|id| (carrier, id)).collect());
    }
}

impl Switchboard {
    /// Whether the journal has a life of this id that has not ended.
    fn is_held(&self, id: MessageId) -> bool {
        let holdings = self.journal().holdings();
        holdings.is_some_and(|held| held.position(id).is_some())
    }

    /// The dead letters of these ids; all are looked through once.
    fn letters_of(&self, ids: &HashSet<MessageId>) -> HashMap<MessageId, DeadLetter> {
        let letters = self.dead_letters.lock();
        let before_all: Place = (Moment::default(), MessageId(0));
        let wanted = letters
            .after(before_all)
            .filter(|letter| ids.contains(&letter.id));
        wanted.map(|letter| (letter.id, letter.clone())).collect()
    }
}

fn known_as(mut timeline: Timeline, known_as: Option<(CarrierId, CarrierMessageId)>) -> Timeline {
    if let Some(known_as) = known_as {
        let ids = timeline.carrier_ids.get_or_insert_default();
        if !ids.iter().any(|(_, id)| *id == known_as.1) {
            ids.push(known_as);
        }
    }
    timeline
}

fn of_entry(id: MessageId, entry: &Entry) -> Timeline {
    let whereabouts = match entry.stage {
        Stage::Parked => Whereabouts::Waits,
        Stage::Behind => Whereabouts::Behind,
        Stage::Resting => Whereabouts::Rests,
        Stage::With(carrier) => Whereabouts::With(carrier),
        Stage::Cancelling(_) => Whereabouts::TakenBack,
        Stage::Held(carrier) => Whereabouts::Unknown(carrier),
        Stage::Taken(carrier) => Whereabouts::Taken(carrier),
    };
    let times = Times::of(&entry.content, id.accepted(), AGES, AGES);
    // In carrier mode its carrier keeps it until then.
    let due = times.ok().filter(|_| entry.ack == AckMode::Stored);
    Timeline {
        shown: entry.shown(id),
        account: Some(entry.account()),
        source: Some(entry.content.written_source().digits.into()),
        destination: Some(entry.content.destination().digits.into()),
        due: due.map(|times| times.due).filter(|due| *due > Moment(0)),
        until: Some(entry.until),
        ack: Some(entry.ack),
        attempts: entry.attempts(id),
        ..Timeline::begin(id, Some(Kind::Submitted), whereabouts)
    }
}

fn of_memory(id: MessageId, memory: &Memory, is_held: bool) -> Timeline {
    let whereabouts = match memory.ended {
        // Its sender wants no report, and so nobody waits for one.
        None => Whereabouts::LaidDown,
        Some(_) if is_held => Whereabouts::ToBeTold,
        Some(_) => Whereabouts::Ended,
    };
    let ending = Ending {
        error: memory.error,
        ..Ending::of(memory.state)
    };
    Timeline {
        shown: memory.shown,
        account: Some(memory.account),
        ended: memory.ended.map(|at| (ending, at)),
        ..Timeline::begin(id, Some(Kind::Submitted), whereabouts)
    }
}

fn of_letter(letter: &DeadLetter) -> Timeline {
    let kind = match letter.reason {
        Reason::NoMessage | Reason::NamesNothing => Some(Kind::Report),
        Reason::NoRule => Some(Kind::FromPhone),
        // It may be a message from a phone, or a report that was passed on.
        _ => letter.ended.map(|_| Kind::Submitted),
    };
    Timeline {
        account: letter.account,
        from: letter.carrier,
        ended: letter.ended,
        ..Timeline::begin(letter.id, kind, Whereabouts::Dead)
    }
}
