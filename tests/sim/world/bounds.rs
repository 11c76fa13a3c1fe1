//! Windows and rates: what the gateway may have unanswered, and how fast it may send.

use super::book::{Sending, Wrong};
use super::faults::{Ill, Trouble};
use super::judge::Heard;
use super::run::World;
use super::tale::About;
use super::vault::SYNC;
use smppgate::moment::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

pub fn judge(world: &World, wrong: &mut Vec<Wrong>) {
    let book = &world.scene.book;
    let plan = &world.scene.plan;
    let mut by_wire: BTreeMap<usize, Vec<&Sending>> = BTreeMap::new();
    let mut by_carrier: BTreeMap<usize, Vec<&Sending>> = BTreeMap::new();
    let mut by_operator: BTreeMap<usize, Vec<&Sending>> = BTreeMap::new();
    for sending in &book.sendings {
        let operator = plan.carriers[sending.carrier].operator;
        by_wire.entry(sending.wire).or_default().push(sending);
        by_carrier.entry(sending.carrier).or_default().push(sending);
        by_operator.entry(operator).or_default().push(sending);
    }
    let mut say = |what: String| {
        let about = About::World;
        wrong.push(Wrong { about, what });
    };
    for sendings in by_wire.values() {
        let carrier = sendings[0].carrier;
        let window = plan.carriers[carrier].settings.window;
        let most = most_at_once(world, sendings);
        if most > window as usize {
            say(format!(
                "carrier {carrier} had {most} requests to answer on a bind with a window of {window}"
            ));
        }
    }
    // What a link or the note in the journal holds back is written later than its turn was, and one that
    // has just started may begin with a burst.
    let is_slow = |trouble: &Trouble| matches!(trouble.what, Ill::JournalSlow { .. });
    let is_noted_late = plan.troubles.iter().any(is_slow);
    let is_prompt = plan.faults.room == usize::MAX && book.crashes.is_empty() && !is_noted_late;
    // A note waits for the sync that is under way, and for its own.
    let late = match plan.is_on_disk {
        true => 2 * SYNC,
        false => Duration::ZERO,
    };
    for (carrier, sendings) in by_carrier {
        let rate = plan.carriers[carrier].settings.rate;
        if is_prompt && rate > 0 && is_too_fast(&sendings, rate, late) {
            say(format!(
                "carrier {carrier} got more than {rate} messages a second"
            ));
        }
    }
    for (operator, sendings) in by_operator {
        let Some(bounds) = &plan.operators[operator].bounds else {
            continue;
        };
        let most = most_at_once(world, &sendings);
        if bounds.window > 0 && most > bounds.window as usize {
            say(format!(
                "operator {operator} had {most} requests to answer with a window of {}",
                bounds.window
            ));
        }
        if is_prompt && bounds.rate > 0 && is_too_fast(&sendings, bounds.rate, late) {
            say(format!(
                "operator {operator} got more than {} messages a second",
                bounds.rate
            ));
        }
    }
}

/// Requests on open links that the gateway has heard no answer to.
pub fn unanswered(world: &World) -> usize {
    let book = &world.scene.book;
    let is_open = |sending: &&Sending| {
        let answered = sending.settled.is_some_and(|answer| {
            let heard = Heard::of(book, &world.scene.wires, sending.wire, answer.place);
            heard != Heard::No
        });
        !answered && book.let_go(sending.wire) == Moment::NEVER
    };
    book.sendings.iter().filter(is_open).count()
}

/// Requests that were unanswered at one time at most, as the gateway saw it.
fn most_at_once(world: &World, sendings: &[&Sending]) -> usize {
    let book = &world.scene.book;
    let mut changes: Vec<(Moment, bool)> = Vec::with_capacity(2 * sendings.len());
    for sending in sendings {
        let answered = sending
            .settled
            .map(|answer| Heard::of(book, &world.scene.wires, sending.wire, answer.place));
        let answered = answered.and_then(Heard::at);
        let over = answered
            .unwrap_or(Moment::NEVER)
            .min(book.let_go(sending.wire));
        if over > sending.written {
            changes.push((sending.written, true));
            changes.push((over, false));
        }
    }
    // What is over at one time is over before the next begins.
    changes.sort_unstable();
    let (mut open, mut most) = (0_usize, 0);
    for (_, begins) in changes {
        match begins {
            true => open += 1,
            false => open -= 1,
        }
        most = most.max(open);
    }
    most
}

/// Whether more was written in some span than the rate allows, with bursts of a second. What is noted
/// before it leaves may be `late` by so much, and what follows it not.
fn is_too_fast(sendings: &[&Sending], rate: u32, late: Duration) -> bool {
    let rate = i64::from(rate);
    let mut written: Vec<Moment> = sendings.iter().map(|sending| sending.written).collect();
    written.sort_unstable();
    // Parts of a token, a million each.
    let most = rate * 1_000_000;
    let owed = rate * late.as_micros() as i64;
    let mut tokens = most;
    let mut last = Moment::default();
    for at in written {
        let span = i64::try_from(at.0 - last.0).unwrap_or(i64::MAX);
        tokens = tokens.saturating_add(span.saturating_mul(rate)).min(most);
        last = at;
        // One microsecond of each is lost to rounding.
        tokens += rate;
        if tokens + owed < 1_000_000 {
            return true;
        }
        tokens -= 1_000_000;
    }
    false
}
