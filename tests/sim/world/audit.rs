//! Whether what was promised was kept: the book is closed, and every page of it is looked at.

use super::book::{Answer, Wrong};
use super::judge::Case;
use super::run::World;
use super::tally::Tally;
use super::{bounds, leftovers, phones};

/// Looks at everything; what is wrong is added to what was seen to be wrong while the world went on.
pub fn audit(world: &mut World) -> Tally {
    let book = &world.scene.book;
    let mut tally = Tally {
        messages: book.messages.len() as u64,
        sendings: book.sendings.len() as u64,
        links: world.scene.wires.len() as u64,
        links_ended_by_gateway: book.ended.len() as u64,
        dead_letters: world.gateway.board.dead_letters.lock().len() as u64,
        ..Tally::default()
    };
    for message in &book.messages {
        match message.answer {
            Answer::None => tally.unanswered += 1,
            Answer::Accepted { .. } => tally.accepted += 1,
            Answer::Refused(..) => tally.refused += 1,
        }
    }
    for report in book.sendings.iter().flat_map(|sending| &sending.reports) {
        tally.reports += 1;
        tally.reports_taken += u64::from(report.taken.is_some());
    }
    let mut wrong: Vec<Wrong> = Vec::new();
    for number in 0..book.messages.len() {
        Case::new(world, number).judge(&mut wrong, &mut tally);
    }
    phones::judge(world, &mut wrong, &mut tally);
    bounds::judge(world, &mut wrong);
    leftovers::judge(world, &mut wrong, &tally);
    world.scene.book.wrong.extend(wrong);
    tally
}
