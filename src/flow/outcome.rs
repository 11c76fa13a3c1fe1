//! A carrier has answered, or has not: the message goes on, goes elsewhere, or comes to its end.

use super::consequences::{Consequences, Learned, Voice};
use super::doubt::{hold, refused_for_good, told_by_parts, unfit, unknown};
use super::ledger::{Ending, Entry, Hand, Stage};
use super::report::Heard;
use super::retry;
use super::siblings::{Sibling, Siblings};
use super::switchboard::{Carriers, Clerk};
use super::tell::Telling;
use super::tries::Attempt;
use crate::carrier::{Outcome, Reaction, Receipts, Refusal, SegmentReceipts, Verdict};
use crate::message::{AckMode, CarrierId, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, NumberMark, Report};
use parking_lot::Mutex;
use smppgate_codec::code::{Class, Status};
use smppgate_codec::receipt::State;

impl Clerk {
    /// The outcomes are durable: each message takes its next step.
    pub(super) fn settled(&mut self, carrier: CarrierId, batch: Vec<Outcome>, now: Moment) {
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let Some(slot) = carriers.slot(carrier) else {
            return;
        };
        let asks = Asks {
            always: slot.receipts == Receipts::Always,
            keeps: board.keeps(),
        };
        let mut then = Consequences::default();
        let mut hand = board.ledger.hand();
        for Outcome { id, verdict } in batch {
            match verdict {
                Verdict::PartAccepted {
                    carrier_id: Some(carrier_id),
                    is_last,
                } => {
                    let speaks = is_last || slot.segment_receipts != SegmentReceipts::Last;
                    part_accepted(&mut hand, id, carrier_id, speaks, asks, &mut then);
                }
                Verdict::PartAccepted { .. } => {}
                Verdict::AcceptedWith(_) => {
                    accepted(&mut hand, id, carrier, asks, now, &mut then);
                }
                Verdict::AcceptedInParts(ids) => {
                    in_parts(&mut hand, id, carrier, ids.len(), asks, now, &mut then);
                }
                Verdict::GivenUp(ids) => given_up(&mut hand, id, ids, &mut then),
                Verdict::Accepted(carrier_id) => {
                    let whose = accepted(&mut hand, id, carrier, asks, now, &mut then);
                    known_as(carrier_id, id, whose, &mut then);
                    if slot.segment_receipts != SegmentReceipts::Each {
                        sibling(&mut hand, id, &board.siblings, now, &mut then);
                    }
                }
                Verdict::Refused(refusal) => {
                    refused(&mut hand, id, carrier, refusal, &carriers, now, &mut then);
                }
                Verdict::RefusedLate(refusal) => {
                    refused_late(&mut hand, id, carrier, refusal, &carriers, now, &mut then);
                }
                Verdict::Unknown => unknown(&mut hand, id, carrier, false, now, &mut then),
                Verdict::Lost => unknown(&mut hand, id, carrier, true, now, &mut then),
                Verdict::Unfit(status) => unfit(&mut hand, id, status, now, &mut then),
                Verdict::Returned | Verdict::Recalled => {
                    returned(&mut hand, id, &carriers, now, &mut then)
                }
            }
        }
        drop(hand);
        let counters = &board.counters;
        counters.carrier_accepted.add(then.accepted);
        counters.carrier_refused.add(then.refused);
        counters.outcomes_unknown.add(then.unknown);
        counters.late_answers.add(then.late);
        counters.failovers.add(then.failovers);
        counters.duplicates_suspected.add(then.doubled);
        counters.accepted_without_id.add(then.without_id);
        counters.quarantined.add(then.quarantined);
        counters.resent.add(then.resent);
        for (carrier, account, id) in then.settled_late {
            // Whoever finds it there first has it: this, or the bind that sends it.
            if let Some(slot) = carriers.slot(carrier) {
                slot.queue.withdraw(account, &[id]);
            }
        }
        if !then.resting.is_empty() {
            let mut agenda = board.agenda.lock();
            then.resting
                .into_iter()
                .for_each(|(due, id)| agenda.note(due, id));
        }
        // Responses go before correlations: a receipt that finds its message finds it answered.
        self.tell(then.telling);
        let mut early: Vec<Report> = Vec::new();
        let mut absorbed: Vec<MessageId> = Vec::new();
        let mut correlator = slot.correlator.lock();
        for Learned {
            carrier_id,
            id,
            destination,
            voice,
        } in &then.learned
        {
            let (id, destination) = (*id, *destination);
            match voice {
                Voice::Told => correlator.learn(carrier_id, id, destination, &mut early),
                Voice::Untold => {
                    correlator.learn_silently(carrier_id, id, destination, &mut early);
                }
                Voice::Absorbed => {
                    let early = correlator.absorb(carrier_id, id, destination);
                    absorbed.extend(early.into_iter().filter_map(|report| report.own_id));
                }
            }
        }
        drop(correlator);
        let mut telling = Telling::default();
        absorbed
            .into_iter()
            .for_each(|report| telling.close(report, now));
        self.tell(telling);
        let early = early.into_iter().map(Heard::from).collect();
        self.reported(carrier, early, now);
        self.dispatch(then.dispatch);
        self.line_up(&then.behind);
        self.next_in_order();
    }
}

/// A carrier has the message. To which number it goes, and what reports about it say to its
/// sender, if any are expected.
fn accepted(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier: CarrierId,
    asks: Asks,
    now: Moment,
    then: &mut Consequences,
) -> Option<(NumberMark, Option<Voice>)> {
    then.accepted += 1;
    let Some(entry) = hand.entry(id) else {
        // It was answered as refused meanwhile, and its end has been told.
        then.late += 1;
        return None;
    };
    then.late += usize::from(matches!(entry.stage, Stage::Held(_)));
    then.doubled += usize::from(matches!(entry.stage, Stage::Taken(_)));
    if entry.is_in_doubt() {
        // Whichever of its sendings this is about: another one that still waits is not needed.
        match entry.stage {
            Stage::With(waits) => then.settled_late.push((waits, entry.account(), id)),
            Stage::Parked | Stage::Resting => then.late += 1,
            _ => {}
        }
    }
    entry.taken(id, carrier, now);
    entry.give_up_turn();
    let destination = NumberMark::of(entry.content.destination().digits);
    if !entry.answered {
        then.telling.answer(id, entry, Status::ESME_ROK);
    }
    let voice = voice(entry, asks);
    then.telling.taken(entry);
    if voice != Some(Voice::Told) {
        // Its sender is told nothing more. If the carrier was asked for a receipt all the same,
        // that is counted when it comes; else status 0 is final.
        match hand.remove(id) {
            Some(entry) if asks.always => {
                then.telling.remember(id, &entry, State::EnRoute, 0, None);
            }
            Some(entry) => then
                .telling
                .end(id, entry, Ending::of(State::Delivered), now),
            None => {}
        }
    }
    Some((destination, voice))
}

/// What a carrier is asked for.
#[derive(Clone, Copy)]
struct Asks {
    /// A report of every message.
    always: bool,
    /// The journal keeps what waits for one, and so each message has its end, told or not.
    keeps: bool,
}

/// What reports about this message say to its sender; `None` if none are expected.
fn voice(entry: &Entry, asks: Asks) -> Option<Voice> {
    match entry.wants_report() {
        true => Some(Voice::Told),
        false if asks.keeps => asks.always.then_some(Voice::Told),
        false => asks.always.then_some(Voice::Untold),
    }
}

/// A message that was accepted is known to its carrier by this id.
fn known_as(
    carrier_id: Option<CarrierMessageId>,
    id: MessageId,
    whose: Option<(NumberMark, Option<Voice>)>,
    then: &mut Consequences,
) {
    let Some((destination, voice)) = whose else {
        return;
    };
    match (carrier_id, voice) {
        (Some(carrier_id), Some(voice)) => then.learned.push(Learned {
            carrier_id,
            id,
            destination,
            voice,
        }),
        (Some(_), None) => {}
        (None, _) => then.without_id += 1,
    }
}

/// A carrier has one part of a message, which is known to it by this id. Whether its reports count
/// for the whole is the policy of the carrier.
fn part_accepted(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier_id: CarrierMessageId,
    speaks: bool,
    asks: Asks,
    then: &mut Consequences,
) {
    let Some(entry) = hand.entry(id) else { return };
    entry.ties_mut().parts.get_or_insert_default();
    let voice = match speaks {
        true => voice(entry, asks),
        false => Some(Voice::Absorbed),
    };
    then.learned.extend(voice.map(|voice| Learned {
        carrier_id,
        id,
        destination: NumberMark::of(entry.content.destination().digits),
        voice,
    }));
}

/// A carrier has all parts of a message, and reports may come of so many. Its sender is told, as
/// of the others, once; some reports may have come already.
fn in_parts(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier: CarrierId,
    total: usize,
    asks: Asks,
    now: Moment,
    then: &mut Consequences,
) {
    if let Some(entry) = hand.entry(id) {
        entry.ties_mut().parts.get_or_insert_default().all(total);
        then.without_id += usize::from(total == 0);
    }
    accepted(hand, id, carrier, asks, now, then);
    told_by_parts(hand, id, now, then);
}

/// A carrier that reports once for all segments has one that the ESME has cut: perhaps it has
/// reported already.
fn sibling(
    hand: &mut Hand<'_>,
    id: MessageId,
    siblings: &Mutex<Siblings>,
    now: Moment,
    then: &mut Consequences,
) {
    let Some(sibling) = hand.entry(id).and_then(|entry| Sibling::read(id, entry)) else {
        return;
    };
    let ending = siblings.lock().join(sibling, now);
    if let Some(ending) = ending
        && let Some(entry) = hand.remove(id)
    {
        then.telling.end(id, entry, ending, now);
    }
}

/// The parts that a carrier has with these ids do not speak for the message any longer.
fn given_up(
    hand: &mut Hand<'_>,
    id: MessageId,
    ids: Vec<CarrierMessageId>,
    then: &mut Consequences,
) {
    let destination = hand.entry(id).map_or(NumberMark::NONE, |entry| {
        NumberMark::of(entry.content.destination().digits)
    });
    then.learned
        .extend(ids.into_iter().map(|carrier_id| Learned {
            carrier_id,
            id,
            destination,
            voice: Voice::Absorbed,
        }));
}

fn refused(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier: CarrierId,
    refusal: Refusal,
    carriers: &Carriers,
    now: Moment,
    then: &mut Consequences,
) {
    let Refusal {
        status, reaction, ..
    } = refusal;
    then.refused += 1;
    let Some(entry) = hand.entry(id) else {
        then.late += 1;
        return;
    };
    if let Stage::Taken(_) = entry.stage {
        // Another carrier, or another sending, has it already.
        then.late += 1;
        return;
    }
    then.late += usize::from(matches!(entry.stage, Stage::Held(_)));
    let its_answer = matches!(
        entry.stage,
        Stage::With(with) | Stage::Held(with) if with == carrier
    );
    if !its_answer {
        // The message has gone on since: what another carrier does with it counts.
        return;
    }
    if let Stage::Held(_) = entry.stage {
        // Its sender did not wait so long for this answer.
        let tries = entry.tries_mut();
        tries.doubts = tries.doubts.saturating_sub(1);
    }
    // One that was held has let others pass.
    let has_let_pass = entry.ordered && entry.turn().is_none();
    if refusal.throttles() && !has_let_pass && waits_out(entry, carriers, now) {
        entry.tries_mut().take_back(carrier);
        entry.stage = Stage::With(carrier);
        return then.dispatch.again(carrier, id, entry);
    }
    entry.tries_mut().add(Attempt {
        carrier,
        at: now,
        status: Some(status),
    });
    // In carrier mode the ESME waits for the verdict: what this carrier refuses for good is
    // refused for good.
    let may_go_on = match (entry.ack, reaction) {
        (_, Some(Reaction::Permanent)) => false,
        (AckMode::Stored, _) => true,
        (AckMode::Carrier, Some(_)) => !entry.answered,
        (AckMode::Carrier, None) => !entry.answered && status.class() != Class::Permanent,
    };
    if may_go_on {
        let waits = entry
            .untried()
            .next()
            .filter(|_| entry.ack == AckMode::Stored);
        if has_let_pass && waits.is_some() {
            begin_anew(entry, now, then);
            entry.stage = Stage::Behind;
            return then.behind.push(id);
        }
        let next = entry.next_carrier(|carrier| carriers.is_bound(carrier));
        if let Some(next) = next {
            begin_anew(entry, now, then);
            then.failovers += 1;
            entry.stage = Stage::With(next);
            return then.dispatch.add(next, id, entry);
        }
        if let Some(first) = waits {
            begin_anew(entry, now, then);
            return then.dispatch.park(first, id, Status::ESME_RSYSERR);
        }
        let due = now + retry::pause(entry.tries().rounds, id);
        if entry.ack == AckMode::Stored && retry::is_temporary(&refusal) && due < entry.until {
            // All of them have refused it for now.
            begin_anew(entry, now, then);
            entry.tries_mut().begin_round();
            entry.stage = Stage::Resting;
            return then.resting.push((due, id));
        }
    }
    if entry.is_in_doubt() {
        // Another sending of it may have been taken: what is told is what becomes of that.
        return hold(entry);
    }
    refused_for_good(hand, id, refusal, now, then);
}

/// It goes out again as if nothing of it had left: what was reported of parts says nothing any more.
fn begin_anew(entry: &mut Entry, now: Moment, then: &mut Consequences) {
    let Some(parts) = entry.give_up_parts() else {
        return;
    };
    then.doubled += 1;
    for report in parts.reports {
        then.telling.close(report, now);
    }
}

/// A sending that was given up has been refused after all. If the message has been sent again since,
/// what becomes of that counts; if no sending is in doubt any more, no carrier has it.
fn refused_late(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier: CarrierId,
    refusal: Refusal,
    carriers: &Carriers,
    now: Moment,
    then: &mut Consequences,
) {
    if let Some(entry) = hand.entry(id).filter(|entry| entry.is_in_doubt()) {
        entry.tries_mut().doubts -= 1;
        if let Stage::Held(_) = entry.stage
            && !entry.is_in_doubt()
        {
            if entry.tries().last_refusal().is_some() {
                then.refused += 1;
                then.late += 1;
                return refused_for_good(hand, id, refusal, now, then);
            }
            if entry.tries().unknowns == 1 {
                // It has not been sent again for the sake of this one.
                entry.tries_mut().unknowns = 0;
            }
            entry.stage = Stage::Held(carrier);
            return refused(hand, id, carrier, refusal, carriers, now, then);
        }
    }
    then.refused += 1;
    then.late += 1;
}

/// Whether a message that its carrier has throttled waits for the same carrier: if its sender does
/// not wait for a verdict, no other carrier could take it now, and it has not waited for too long.
fn waits_out(entry: &Entry, carriers: &Carriers, now: Moment) -> bool {
    let elsewhere =
        |with: &CarrierId| entry.stage != Stage::With(*with) && carriers.is_bound(*with);
    entry.ack == AckMode::Stored
        && now < entry.until
        && !entry.untried().any(|carrier| elsewhere(&carrier))
}

fn returned(
    hand: &mut Hand<'_>,
    id: MessageId,
    carriers: &Carriers,
    now: Moment,
    then: &mut Consequences,
) {
    let Some(entry) = hand.entry(id) else {
        return;
    };
    let waits_for_verdict = entry.ack == AckMode::Carrier && !entry.answered;
    begin_anew(entry, now, then);
    let next = entry.next_carrier(|carrier| carriers.is_bound(carrier));
    match next {
        Some(next) if entry.ack == AckMode::Stored || waits_for_verdict => {
            entry.stage = Stage::With(next);
            then.dispatch.add(next, id, entry);
        }
        None if entry.ack == AckMode::Stored => {
            let first = entry.untried().next().unwrap_or(entry.via[0]);
            then.dispatch.park(first, id, Status::ESME_RSYSERR);
        }
        _ => {
            let Some(mut entry) = hand.remove(id) else {
                return;
            };
            if waits_for_verdict {
                then.telling.deny(id, &mut entry, Status::ESME_RSYSERR, now);
            } else {
                // Its sender holds it for sent, and its time is over: nothing stale is sent.
                then.telling
                    .end(id, entry, Ending::of(State::Undeliverable), now);
            }
        }
    }
}
