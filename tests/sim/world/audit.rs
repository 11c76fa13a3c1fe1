//! Whether what was promised was kept.

use super::run::World;
use serde::Serialize;

macro_rules! tally {
    ($($name:ident),* $(,)?) => {
        /// What a world has seen.
        #[derive(Debug, Default, Clone, Serialize)]
        pub struct Tally {
            $(pub $name: u64,)*
        }

        impl Tally {
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

tally! { messages, accepted, refused, unanswered, sendings, receipts, phones }

pub fn audit(world: &mut World) -> Tally {
    let book = &world.scene.book;
    let mut tally = Tally {
        messages: book.messages.len() as u64,
        sendings: book.sendings.len() as u64,
        phones: book.phones.len() as u64,
        ..Tally::default()
    };
    for message in &book.messages {
        match message.answer {
            super::book::Answer::None => tally.unanswered += 1,
            super::book::Answer::Accepted { .. } => tally.accepted += 1,
            super::book::Answer::Refused(_) => tally.refused += 1,
        }
        tally.receipts += message.told.len() as u64;
    }
    tally
}
