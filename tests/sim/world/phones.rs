//! Messages from phones: what the gateway has taken reaches its account, or is a dead letter.

use super::book::{Book, PhoneDelivered, Wrong};
use super::judge::{Heard, is_for_good};
use super::run::World;
use super::tale::About;
use super::tally::Tally;

pub fn judge(world: &World, wrong: &mut Vec<Wrong>, tally: &mut Tally) {
    let book = &world.scene.book;
    let wires = &world.scene.wires;
    let letters = world.gateway.board.dead_letters.lock();
    for (number, phone) in book.phones.iter().enumerate() {
        let digits = Book::phone(number);
        let is_dead = letters
            .after((smppgate::moment::Moment(0), smppgate::message::MessageId(0)))
            .any(|one| *one.number == *digits.as_bytes());
        for (at, segment) in phone.segments.iter().enumerate() {
            let mut say = |what: String| {
                let about = About::Phone(number);
                let what = format!("segment {}: {what}", at + 1);
                wrong.push(Wrong { about, what });
            };
            let heard = segment
                .tries
                .iter()
                .filter(|(wire, place)| Heard::of(book, wires, *wire, *place).at().is_some())
                .count();
            let refused = segment.delivered.iter().any(|one| {
                one.answered
                    .is_some_and(|answer| is_for_good(answer.status))
            });
            tally.phone_segments += 1;
            tally.phone_segments_taken += u64::from(segment.taken.is_some());
            tally.phone_segments_delivered_again +=
                segment.delivered.len().saturating_sub(1) as u64;
            let timeout = world.scene.plan.accounts[phone.account]
                .settings
                .deliver_timeout;
            // How its account's answers of status 0 were heard that came in time.
            let heard_of = |one: &PhoneDelivered| {
                let answer = one.answered.filter(|answer| answer.status.is_ok())?;
                let heard = Heard::of(book, wires, one.wire, answer.place);
                let in_time = heard.at()? < one.written + timeout;
                in_time.then_some(heard)
            };
            let taken: Vec<Heard> = segment.delivered.iter().filter_map(heard_of).collect();
            let in_time = taken.iter().filter(|heard| heard.is_sure()).count();
            if in_time > heard {
                say(format!(
                    "it was brought {heard} times and taken by its account {in_time} times"
                ));
            }
            if segment.taken.is_none() {
                continue;
            }
            if segment.delivered.is_empty() && !is_dead {
                say("the gateway took it, and its account never got it".to_owned());
            } else if taken.is_empty() && !refused && !is_dead {
                say("the gateway took it, and its account never confirmed it".to_owned());
            }
        }
    }
}
