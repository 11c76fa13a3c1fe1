//! What a world has seen, in numbers.

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

tally! {
    messages,
    accepted,
    refused,
    unanswered,
    sendings,
    sendings_refused,
    sendings_unknown,
    sendings_again,
    parts_sent_again,
    reports,
    reports_taken,
    messages_told,
    told_delivered,
    told_failed,
    told_expired,
    told_deleted,
    told_unknown,
    told_corrected,
    receipts_repeated,
    phone_segments,
    phone_segments_taken,
    phone_segments_delivered_again,
    dead_letters,
    links,
    links_ended_by_gateway,
}
