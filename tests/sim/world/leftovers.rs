//! What the gateway itself holds and counts, once everything has come to its end: nothing, and the
//! same as everybody else.

use super::book::Wrong;
use super::bounds;
use super::run::World;
use super::tale::About;
use super::tally::Tally;

/// What is remembered for a while once everything has come to its end, and should be forgotten by now.
pub fn judge_late(world: &mut World) {
    let carriers = world.gateway.board.carriers.current();
    let open: usize = carriers
        .iter()
        .map(|(_, slot)| slot.correlator.lock().open())
        .sum();
    if open > 0 {
        let what = format!("the gateway still has {open} ids of carriers");
        world.scene.book.wrong(About::World, what);
    }
    let held = world.vault.as_ref().map_or(0, |vault| vault.held());
    if held > 0 {
        let what = format!("the gateway still has {held} messages in its journal");
        world.scene.book.wrong(About::World, what);
    }
}

pub fn judge(world: &World, wrong: &mut Vec<Wrong>, tally: &Tally) {
    let board = &world.gateway.board;
    let mut empty = |what: &str, count: usize| {
        if count > 0 {
            let about = About::World;
            let what = format!("the gateway still has {count} {what}");
            wrong.push(Wrong { about, what });
        }
    };
    empty("messages under way", board.ledger.len());
    empty("places of messages under way", board.ledger.places());
    empty(
        "messages that wait for a carrier",
        board.parked.lock().total(),
    );
    empty("segments from phones", board.segments.lock().len());
    for (_, slot) in board.carriers.current().iter() {
        empty("messages in the queue of a carrier", slot.waiting());
        empty("reports that wait", slot.correlator.lock().parked());
    }
    let unanswered = bounds::unanswered(world);
    let carriers = board.carriers.current();
    let in_flight: usize = carriers
        .iter()
        .map(|(_, slot)| slot.queue.in_flight())
        .sum();
    empty(
        "messages at carriers, more or less",
        unanswered.abs_diff(in_flight),
    );
    for (_, desk) in board.roster.desks() {
        empty("places of an account", desk.open());
        let under_way = desk.under_way().load(std::sync::atomic::Ordering::Relaxed);
        empty("places under way of an account", under_way);
        empty("deliveries that wait for an account", desk.backlog());
    }
    for operator in &world.operators {
        empty(
            "deliveries of operators to take",
            operator.untaken().count(),
        );
    }
    for esme in &world.esmes {
        empty(
            "requests of an ESME to answer",
            usize::from(!esme.is_at_rest()),
        );
    }
    if !world.scene.book.crashes.is_empty() {
        return;
    }
    let counters = &board.counters;
    let mut between = |what: &str, least: u64, count: u64, most: u64| {
        if !(least..=most).contains(&count) {
            let about = About::World;
            let what = format!("the gateway counts {count} {what}, which are {least} to {most}");
            wrong.push(Wrong { about, what });
        }
    };
    between(
        "accepted messages",
        tally.accepted,
        counters.accepted.total(),
        tally.accepted + tally.unanswered,
    );
    let letters = counters.dead_letters.total();
    between(
        "dead letters",
        tally.dead_letters,
        letters,
        tally.dead_letters,
    );
}
