//! What the journal has kept is taken up again after a start: each life goes on where it was.

mod life;

use self::life::{Fact, Life, Story, Taken, Tried};
use super::deadletter::{DeadLetter, Reason};
use super::forward::Stray;
use super::laid::LATE_UNTIL;
use super::ledger::{Ending, Entry, Parts, Stage};
use super::report::{Heard, numbers_of};
use super::switchboard::Clerk;
use super::tell::Telling;
use super::tries::Attempt;
use crate::carrier::Parcel as Delivered;
use crate::esme::{Delivery, Multi, Parcel, Receipt};
use crate::journal::{Accepted, Holdings, Inbound, Laid, Part, Record, Reported};
use crate::message::{AckMode, CarrierId, Content, GroupId, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, Marks, NumberMark};
use crate::route::{Choice, Query};
use crate::sabotage::{Fault, sabotaged};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smppgate_codec::code::{Class, MessageState, Status};
use smppgate_codec::pdu::NetworkErrorCode;
use smppgate_codec::receipt::State;
use std::sync::Arc;
use std::time::Duration;

/// When a message is over is kept in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// Reads a delivery of a carrier again, as that carrier writes it.
pub type Reread<'a> = &'a dyn Fn(CarrierId, &[u8], Moment) -> Option<Delivered>;

/// How long the report of a message may take after its validity, by its carrier.
pub type Timeout = Box<dyn Fn(CarrierId) -> Duration>;

/// What has been read of the lives that have not ended.
pub struct Recovery {
    marks: Marks,
    timeout: Timeout,
    lives: HashMap<MessageId, Life, RandomState>,
}

impl Recovery {
    /// Nothing has been read yet. The marks are those of the switchboard.
    pub fn new(marks: Marks, timeout: Timeout) -> Self {
        Self {
            marks,
            timeout,
            lives: HashMap::default(),
        }
    }

    /// The next record of the log, which the holdings know already.
    pub fn read(&mut self, holdings: &Holdings, record: &Record<'_>) {
        let (id, at) = (record.id(), record.at());
        let fact = match *record {
            Record::Accepted(Accepted { until, .. }) => {
                if holdings.laid(id).is_none() {
                    let life = self.lives.entry(id).or_default();
                    life.until = until;
                    if !life.is_new() {
                        self.lay_down(holdings, id);
                    }
                }
                return;
            }
            Record::Inbound(_) | Record::Reported(_) => {
                self.lives.entry(id).or_default();
                return;
            }
            Record::Told { .. } | Record::Closed { .. } => {
                self.lives.remove(&id);
                return;
            }
            Record::Doubted { .. } => return self.doubted(holdings, id, at),
            Record::Attempted { carrier, .. } => Fact::Attempted(carrier),
            Record::Returned { carrier, .. } => Fact::Returned(carrier),
            Record::Refused {
                carrier,
                status,
                is_late,
                ..
            } => match is_late {
                true => Fact::RefusedLate(carrier, Status(status)),
                false => Fact::Refused(carrier, Status(status)),
            },
            Record::Unknown { carrier, .. } => Fact::Unknown(carrier),
            Record::Correlated {
                carrier,
                group,
                carrier_message_id,
                part,
                ..
            } => Fact::Taken(Taken {
                carrier,
                group,
                id: CarrierMessageId::new(carrier_message_id),
                part,
                at,
            }),
            Record::Ended {
                state,
                error,
                network_error,
                ..
            } => Fact::Ended(Ending {
                state: State::from_message_state(MessageState(state)).unwrap_or(State::Unknown),
                error,
                network_error: network_error
                    .map(|(network, code)| NetworkErrorCode { network, code }),
            }),
            Record::Dead { reason, .. } => {
                Fact::Dead(Reason::of_number(reason).unwrap_or(Reason::NobodyBound))
            }
            Record::Revived { .. } => Fact::Revived,
        };
        let laid = holdings.laid(id);
        match (&fact, laid) {
            // It lies down by all that was read of it before: this is older, or was read before.
            (
                Fact::Attempted(_)
                | Fact::Returned(_)
                | Fact::Refused(..)
                | Fact::RefusedLate(..)
                | Fact::Unknown(_)
                | Fact::Taken(_),
                Some(_),
            ) => return,
            // Its sender has confirmed that already.
            (Fact::Ended(ending), Some(laid))
                if ending.state == State::Unknown && laid.until >= at + LATE_UNTIL =>
            {
                return;
            }
            (_, Some(_)) => drop(holdings.take_up(id)),
            (_, None) => {}
        }
        let is_taken = matches!(fact, Fact::Taken(_));
        let life = self.lives.entry(id).or_default();
        if let Some(laid) = laid {
            life.lay(laid);
        }
        life.add(at, fact);
        if is_taken {
            self.lay_down(holdings, id);
        }
    }

    /// Its sender has confirmed that nothing is known of it: what is reported later is told as well.
    /// What was carried on may come behind that, all of it or some.
    fn doubted(&mut self, holdings: &Holdings, id: MessageId, at: Moment) {
        // Its carrier may have said that before its time was over.
        let late = |laid: Laid| Laid {
            until: laid.until.max(at) + LATE_UNTIL,
            ..laid
        };
        let laid = match self.lives.get(&id) {
            Some(life) if life.has_ended() => None,
            Some(life) => life.laid().map(late),
            None => holdings
                .laid(id)
                .map(|laid| match laid.until >= at + LATE_UNTIL {
                    // That was read before.
                    true => laid,
                    false => late(laid),
                }),
        };
        if laid.is_some_and(|laid| holdings.lay_down(id, laid)) {
            self.lives.remove(&id);
            return;
        }
        self.lives.entry(id).or_default().doubt(at);
        self.lay_down(holdings, id);
    }

    /// What waits for nothing but its report needs no place in memory.
    fn lay_down(&mut self, holdings: &Holdings, id: MessageId) {
        let Some(life) = self.lives.get(&id) else {
            return;
        };
        let until = life.until;
        let taken = life.waits_for_its_report();
        let Some(taken) = taken.filter(|_| until > Moment::default()) else {
            return;
        };
        let Some(carrier_id) = &taken.id else {
            return;
        };
        let laid = Laid {
            mark: self.marks.of(taken.group, carrier_id),
            until: match life.doubted() {
                Some(at) => (until + (self.timeout)(taken.carrier)).max(at) + LATE_UNTIL,
                None => until + (self.timeout)(taken.carrier),
            },
        };
        if holdings.lay_down(id, laid) {
            self.lives.remove(&id);
        }
    }

    /// Lives that are to be taken up.
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }
}

/// What is gathered while lives are taken up.
#[derive(Default)]
struct Gathered {
    telling: Telling,
    letters: Vec<DeadLetter>,
    reports: Vec<(CarrierId, Heard)>,
    /// Receipts that name no message: nothing is to be looked for.
    strays: Vec<Stray>,
    /// Messages that left as one: the one that speaks, and the others, by the carrier's id.
    together: std::collections::HashMap<(GroupId, CarrierMessageId, Moment), Vec<MessageId>>,
    /// Ids that a submit_multi was told.
    multis: std::collections::HashSet<MessageId>,
    resent: usize,
}

impl Clerk {
    /// Each life goes on where it was. Accounts, carriers and routes are in force; nobody is bound
    /// yet.
    pub fn take_up(&mut self, recovery: Recovery, reread: Reread<'_>, now: Moment) {
        let mut lives = recovery.lives;
        let mut ids: Vec<MessageId> = lives.keys().copied().collect();
        ids.sort_unstable();
        let mut gathered = Gathered::default();
        let board = self.board.clone();
        for id in ids {
            let life = lives.remove(&id).unwrap_or_default();
            // Facts of what is over, or of what lies down, have no main record to be read.
            if board.is_laid_down(id) {
                continue;
            }
            let Some(kept) = board.journal().read(id) else {
                continue;
            };
            match kept.record() {
                Record::Accepted(accepted) => {
                    self.message_again(&accepted, life, now, &mut gathered);
                }
                Record::Inbound(inbound) => {
                    self.phone_again(&inbound, life, now, &mut gathered);
                }
                Record::Reported(reported) => {
                    report_again(&reported, life, reread, &mut gathered);
                }
                _ => {}
            }
        }
        self.go_on(gathered, now);
    }

    fn message_again(
        &mut self,
        accepted: &Accepted<'_>,
        life: Life,
        now: Moment,
        gathered: &mut Gathered,
    ) {
        let board = self.board.clone();
        let id = accepted.id;
        let Some(mut entry) = board.kept_entry(accepted, Stage::Parked) else {
            return;
        };
        if sabotaged(Fault::ExpiryIgnored) {
            entry.until = Moment::NEVER;
        }
        if accepted.shown != id {
            gathered.multis.insert(accepted.shown);
        }
        let desk = board.roster.desk(accepted.account);
        let laid = life.laid();
        let story = life.told();
        if let Some((ending, at)) = story.ended {
            // What a carrier itself has said is the end, though it says that nothing is known.
            if let (State::Unknown, Some(laid)) = (ending.state, laid)
                && at + SECOND >= laid.until
                && let Some(holdings) = board.journal().holdings()
            {
                let until = laid.until + LATE_UNTIL;
                holdings.lay_down(id, Laid { until, ..laid });
            }
            let number = entry.content.destination().digits.into();
            let delivery = receipt_again(id, entry, ending, at);
            return match story.dead {
                Some((reason, given_up)) => gathered.letters.push(DeadLetter {
                    id,
                    at: given_up,
                    reason,
                    account: Some(accepted.account),
                    carrier: None,
                    number,
                    carrier_message_id: None,
                    ended: Some((ending, at)),
                }),
                None => {
                    desk.open_anyway(delivery.places());
                    gathered.telling.deliver(delivery);
                }
            };
        }
        let in_doubt = story.in_doubt();
        if accepted.ack == AckMode::Carrier && story.taken.is_empty() && in_doubt == 0 {
            return match story.last_refusal() {
                // What was given up had been said to be accepted, and was refused after all.
                Some(status) => {
                    let error = status.0.min(999) as u16;
                    let ending = Ending::of(State::Undeliverable);
                    entry.has_room = false;
                    let telling = &mut gathered.telling;
                    telling.end(id, entry, Ending { error, ..ending }, now)
                }
                // Its sender was never told that it is accepted.
                None => gathered.telling.close(id, now),
            };
        }
        for Tried {
            carrier,
            at,
            status,
            ..
        } in &story.tried
        {
            let (carrier, at, status) = (*carrier, *at, *status);
            entry.tries_mut().add(Attempt {
                carrier,
                at,
                status,
            });
        }
        self.route_again(&mut entry, now);
        if let Some(taken) = story.taken.last() {
            entry.stage = Stage::Taken(taken.carrier);
            entry.has_room = false;
            self.taken_again(id, &mut entry, &story, gathered);
            return board.ledger.open([(id, entry)]);
        }
        if story.unknown() > 0 {
            let tries = entry.tries_mut();
            tries.doubts = u8::try_from(in_doubt).unwrap_or(u8::MAX);
            tries.unknowns = u8::try_from(story.unknown()).unwrap_or(u8::MAX);
        }
        if entry.is_in_doubt() {
            let last = story.tried.iter().rev().find(|one| one.status.is_none());
            let carrier = last.map_or(CarrierId::NONE, |one| one.carrier);
            let is_over = |status: Status| status.class() == Class::Permanent;
            let may_be =
                entry.may_be_resent() && !entry.tries().last_refusal().is_some_and(is_over);
            let may_go = entry.ack == AckMode::Stored && may_be;
            if !may_go || entry.until <= now {
                entry.stage = Stage::Held(carrier);
                desk.open_anyway(entry.content.places());
                return board.ledger.open([(id, entry)]);
            }
            gathered.resent += 1;
        } else if entry.until <= now {
            entry.has_room = false;
            return gathered
                .telling
                .end(id, entry, Ending::of(State::Expired), now);
        }
        entry.tries_mut().begin_round();
        desk.open_anyway(entry.content.places());
        // It waits until its carriers are bound, and perhaps for its time.
        entry.stage = Stage::Resting;
        board.ledger.open([(id, entry)]);
        board.agenda.lock().note(accepted.due.max(now), id);
    }

    /// Where it goes by the routes that are in force now.
    fn route_again(&mut self, entry: &mut Entry, now: Moment) {
        let routes = self.routes.table().clone();
        let query = Query {
            account: entry.account(),
            source: entry.content.source().digits,
            destination: entry.content.destination().digits,
        };
        let choice = routes.choose_one(&query);
        if let Choice::Via(_) = choice {
            let candidates = routes.candidates(choice).iter();
            entry.via = candidates.map(|one| one.carrier).collect();
        }
        let account = self.accounts.table().account(entry.account());
        if let Some(account) = account {
            entry.unknown = account.when_unknown(routes.unknown_outcome(choice));
            entry.on_unknown = account.on_unknown;
            entry.ordered = account.ordered;
        }
        if entry.via.is_empty() {
            // No route is for it any more: it waits for one until its time is over.
            entry.via.push(CarrierId::NONE);
        }
        if entry.content.may_be_segment() {
            let mut ways = self.board.ways.lock();
            entry.ties_mut().way = ways.of(entry.account(), &entry.content, now);
        }
    }

    /// Its carrier's ids are known again.
    fn taken_again(
        &mut self,
        id: MessageId,
        entry: &mut Entry,
        story: &Story,
        gathered: &mut Gathered,
    ) {
        let destination = NumberMark::of(entry.content.destination().digits);
        let carriers = self.carriers.table().clone();
        let mut parts: Option<Parts> = None;
        for taken in &story.taken {
            let Some(slot) = carriers.slot(taken.carrier) else {
                continue;
            };
            match taken.part {
                Part::Whole | Part::With => {}
                Part::Speaking | Part::Silent => drop(parts.get_or_insert_default()),
                Part::All(total) => parts.get_or_insert_default().all(usize::from(total)),
            }
            let Some(carrier_id) = &taken.id else {
                continue;
            };
            let key = (taken.group, carrier_id.clone(), taken.at);
            match taken.part {
                Part::With => {
                    gathered.together.entry(key).or_default().push(id);
                    continue;
                }
                Part::Whole => gathered.together.entry(key).or_default().insert(0, id),
                _ => {}
            }
            let mut correlator = slot.correlator.lock();
            match taken.part {
                // Nothing has come yet: reports look for their messages after all have been read.
                Part::Silent => drop(correlator.absorb(carrier_id, id, destination)),
                _ => correlator.learn(carrier_id, id, destination, &mut Vec::new()),
            }
        }
        if parts.is_some() {
            entry.ties_mut().parts = parts;
        }
    }

    fn phone_again(
        &mut self,
        inbound: &Inbound<'_>,
        life: Life,
        now: Moment,
        gathered: &mut Gathered,
    ) {
        let Inbound {
            id,
            account,
            carrier,
            at,
            alphabet,
            pdu,
        } = *inbound;
        let letter = |reason, at, number| DeadLetter {
            id,
            at,
            reason,
            account,
            carrier: (carrier != CarrierId::NONE).then_some(carrier),
            number,
            carrier_message_id: None,
            ended: None,
        };
        let (from, to) = numbers_of(pdu);
        let content = Content::kept(pdu, alphabet, None);
        match (life.told().dead, account, content) {
            (Some((reason, at)), ..) => {
                let number = match reason {
                    Reason::NoRule => to,
                    _ => from,
                };
                gathered.letters.push(letter(reason, at, number));
            }
            (None, Some(account), Some(content)) => {
                let desk = self.board.roster.desk(account);
                desk.open_anyway(content.places());
                self.phone_wrote(account, (id, content), at, &mut gathered.telling);
            }
            (None, ..) => gathered.letters.push(letter(Reason::NoRule, now, to)),
        }
    }

    /// All have been read: what belongs together finds each other, and what can go on goes on.
    fn go_on(&mut self, gathered: Gathered, now: Moment) {
        let Gathered {
            telling,
            letters,
            reports,
            strays,
            together,
            multis,
            resent,
        } = gathered;
        let board = self.board.clone();
        let mut hand = board.ledger.hand();
        for ids in together.into_values().filter(|ids| ids.len() > 1) {
            let all: Arc<[MessageId]> = ids.into();
            for id in all.iter() {
                if let Some(entry) = hand.entry(*id) {
                    entry.ties_mut().together = Some(all.clone());
                }
            }
        }
        for id in multis {
            if let Some(entry) = hand.entry(id) {
                entry.ties_mut().multi = Some(Arc::new(Multi::answered_before(id)));
            }
        }
        drop(hand);
        let mut kept = board.dead_letters.lock();
        letters
            .into_iter()
            .for_each(|letter| drop(kept.keep(letter)));
        drop(kept);
        board.counters.resent.add(resent);
        board.counters.duplicates_suspected.add(resent);
        self.tell(telling);
        let mut by_carrier: HashMap<CarrierId, Vec<Heard>, RandomState> = HashMap::default();
        for (carrier, heard) in reports {
            by_carrier.entry(carrier).or_default().push(heard);
        }
        for (carrier, reports) in by_carrier {
            self.reported(carrier, reports, now);
        }
        for stray in strays {
            let carrier = stray.letter.carrier.unwrap_or(CarrierId::NONE);
            self.stray(carrier, vec![stray], now);
        }
    }
}

/// The receipt of a message that has come to its end and whose sender has not confirmed that.
fn receipt_again(id: MessageId, entry: Entry, ending: Ending, at: Moment) -> Delivery {
    Delivery {
        id,
        account: entry.account(),
        parcel: Parcel::Receipt(Receipt {
            shown: entry.shown(id),
            content: entry.content,
            done: at,
            state: ending.state,
            last: true,
            error: ending.error,
            network_error: ending.network_error,
        }),
        since: at,
        after: None,
        tries: 0,
    }
}

/// A report that had not found its message looks for it again.
fn report_again(reported: &Reported<'_>, life: Life, reread: Reread<'_>, gathered: &mut Gathered) {
    let Reported {
        id,
        carrier,
        at,
        pdu,
    } = *reported;
    let read = reread(carrier, pdu, at);
    let report = match read {
        Some(Delivered::Report(report)) => Some(report),
        _ => None,
    };
    match (life.told().dead, report) {
        (None, Some(mut report)) => {
            report.own_id = Some(id);
            gathered.reports.push((carrier, Heard::from(report)));
        }
        (dead, report) => {
            let (reason, at) = dead.unwrap_or((Reason::NamesNothing, at));
            let letter = DeadLetter {
                id,
                at,
                reason,
                account: None,
                carrier: Some(carrier),
                number: numbers_of(pdu).0,
                carrier_message_id: report.map(|report| report.id.to_string().into()),
                ended: None,
            };
            match dead {
                Some(_) => gathered.letters.push(letter),
                None => gathered.strays.push(Stray {
                    pdu: pdu.into(),
                    letter,
                }),
            }
        }
    }
}

#[cfg(test)]
mod tests;
