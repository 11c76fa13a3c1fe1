//! What became of a sending is not known, or no carrier takes a message.
//!
//! While one of the sendings of a message is in doubt, no carrier's refusal of another one is its end: a
//! carrier may have it. It is held until a report, a late answer, or the end of the time in which a
//! report may come.

use super::consequences::Consequences;
use super::ledger::{Ending, Entry, Hand, LOSSES_MAX, Stage};
use crate::carrier::Refusal;
use crate::message::{AckMode, CarrierId, MessageId, OnUnknown};
use crate::moment::Moment;
use smppgate_codec::code::{Class, Status};
use smppgate_codec::receipt::State;

/// It is not known what has become of a sending: it was not answered in time, or its bind was lost.
pub(super) fn unknown(
    hand: &mut Hand<'_>,
    id: MessageId,
    carrier: CarrierId,
    is_lost: bool,
    now: Moment,
    then: &mut Consequences,
) {
    then.unknown += 1;
    let Some(entry) = hand.entry(id) else { return };
    if entry.stage != Stage::With(carrier) {
        return;
    }
    entry.stage = Stage::Held(carrier);
    entry.tries_mut().add_unknown(carrier, now, is_lost);
    if !entry.answered {
        match entry.on_unknown {
            OnUnknown::Accept => then.telling.answer(id, entry, Status::ESME_ROK),
            OnUnknown::Refuse => {
                if let Some(mut entry) = hand.remove(id) {
                    then.telling.deny(id, &mut entry, Status::ESME_RSYSERR, now);
                }
                return;
            }
        }
    }
    // What has been reported of its parts meanwhile may be all that there is to know.
    told_by_parts(hand, id, now, then);
    if let Some(entry) = hand.entry(id)
        && entry.ack == AckMode::Stored
    {
        if entry.tries().losses >= LOSSES_MAX {
            // It may be what takes the binds down: nobody is given it any more.
            then.quarantined += 1;
            if let Some(entry) = hand.remove(id) {
                then.telling
                    .end(id, entry, Ending::of(State::Rejected), now);
            }
        } else if entry.may_be_resent() && now < entry.until {
            then.resent += 1;
            entry.tries_mut().begin_round();
            entry.stage = Stage::Parked;
            let first = entry.via.first().copied().unwrap_or(carrier);
            then.dispatch.park(first, id, Status::ESME_RSYSERR);
        }
    }
    if let Some(entry) = hand.entry(id)
        && matches!(entry.stage, Stage::Held(_))
    {
        entry.give_up_turn();
    }
}

/// Holds a message that nobody is given any more, while it is in doubt whether a carrier has it.
pub(super) fn hold(entry: &mut Entry) {
    let attempts = entry.tries().attempts();
    let open = attempts.iter().rfind(|one| one.status.is_none());
    let whose = open.or(attempts.last());
    entry.stage = Stage::Held(whose.map_or(CarrierId::NONE, |one| one.carrier));
    entry.give_up_turn();
}

/// No carrier can take it: its time is over, or it cannot be written as they want it.
pub(super) fn unfit(
    hand: &mut Hand<'_>,
    id: MessageId,
    status: Status,
    now: Moment,
    then: &mut Consequences,
) {
    if let Some(entry) = hand.entry(id).filter(|entry| entry.is_in_doubt()) {
        // It does not leave once more, and whether a carrier has it is still not known.
        return hold(entry);
    }
    let Some(mut entry) = hand.remove(id) else {
        return;
    };
    if !entry.answered {
        return then.telling.deny(id, &mut entry, status, now);
    }
    let state = match status {
        // A carrier that holds a part of it does not hold what was to be delivered.
        Status::ESME_RINVEXPIRY if entry.parts().is_none() => State::Expired,
        _ => State::Undeliverable,
    };
    then.telling.end(id, entry, Ending::of(state), now);
}

/// Ends a message whose end the reports of its parts have told while others were leaving.
pub(super) fn told_by_parts(
    hand: &mut Hand<'_>,
    id: MessageId,
    now: Moment,
    then: &mut Consequences,
) {
    let parts = hand.entry(id).and_then(|entry| entry.parts());
    if let Some(ending) = parts.and_then(|parts| parts.ending())
        && let Some(entry) = hand.remove(id)
    {
        then.telling.end(id, entry, ending, now);
    }
}

/// No carrier takes it: its sender is told the refusal.
pub(super) fn refused_for_good(
    hand: &mut Hand<'_>,
    id: MessageId,
    refusal: Refusal,
    now: Moment,
    then: &mut Consequences,
) {
    let Refusal { status, told, .. } = refusal;
    let Some(mut entry) = hand.remove(id) else {
        return;
    };
    if entry.answered {
        let error = told.unwrap_or(status).0.min(999) as u16;
        let ending = Ending::of(State::Undeliverable);
        then.telling.end(id, entry, Ending { error, ..ending }, now);
    } else {
        let status = told.unwrap_or_else(|| verdict(status));
        then.telling.deny(id, &mut entry, status, now);
    }
}

/// The status that the ESME is told for a carrier's refusal: trouble between the carrier and us is
/// none of its doing.
fn verdict(status: Status) -> Status {
    match status.class() {
        Class::Session | Class::Bind => Status::ESME_RSYSERR,
        _ => match status {
            Status::ESME_RINVCMDID | Status::ESME_RINVCMDLEN => Status::ESME_RSYSERR,
            other => other,
        },
    }
}
