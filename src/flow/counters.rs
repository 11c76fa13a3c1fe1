//! What flow counts: added to once per batch, read when somebody looks.

use crate::session::Oddities;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; nothing is written for a zero.
    #[inline]
    pub fn add(&self, count: usize) {
        if count > 0 {
            self.0.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// The sum so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($name:ident, $help:literal;)*) => {
        /// The counters of flow.
        #[derive(Debug, Default)]
        pub struct Counters {
            $(#[doc = $help] pub $name: Counter,)*
        }

        impl Counters {
            /// Name, explanation and sum of each.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + use<> {
                [$((stringify!($name), $help, self.$name.total()),)*].into_iter()
            }
        }
    };
}

counters! {
    passwords_verified, "Passwords that were verified against a hash.";
    binds_wrong, "Binds that were refused since name or password was wrong.";
    binds_slowed, "Binds that waited for their turn, since wrong passwords had been shown.";
    binds_turned_away, "Binds that were refused unheard, since too many of them waited for their turn.";
    submitted, "Messages that ESMEs have submitted.";
    accepted, "Messages that were answered with status 0.";
    refused, "Messages that were answered with another status.";
    throttled, "Messages that were refused since their account was over its rate or its day.";
    no_route, "Messages that were refused since no route is for them.";
    queue_full, "Messages that were refused since there was no room for them.";
    withdrawn, "Messages that were withdrawn since they could not be sent in time.";
    cancelled, "Messages that their senders have taken back.";
    replaced, "Messages that their senders have written anew.";
    carrier_accepted, "Messages that a carrier has accepted.";
    carrier_refused, "Refusals by carriers.";
    failovers, "Messages that went on to the next carrier after a refusal.";
    outcomes_unknown, "Sendings that were not answered: whether the carrier has the message is not known.";
    resent, "Messages that were sent once more though a carrier may have them.";
    quarantined, "Messages that were given up after they had cost three binds.";
    late_answers, "Answers of carriers about messages that were held or gone.";
    duplicates_suspected, "Messages that a second carrier response accepted again.";
    accepted_without_id, "Messages that a carrier accepted without an id: no receipt can match.";
    stray_responses, "Responses of peers that nothing waits for: to nothing, for the second time, or too late from an ESME.";
    broken_parameters, "PDUs of peers with octets behind their optional parameters that are none.";
    reports, "Reports of carriers about messages.";
    reports_absorbed, "Reports that repeat or contradict a final report.";
    reports_untold, "Final reports of messages whose sender is told nothing.";
    ids_in_another_form, "Reports that were found by another form of their id: write message_id of that carrier.";
    reports_unmatched, "Reports that matched no message in time.";
    unmatched_forwarded, "Receipts that match nothing of ours and were passed on to the account that their carrier names.";
    inbound, "Messages from phones that were taken from carriers.";
    inbound_unrouted, "Messages from phones that no rule is for.";
    inbound_joined, "Long messages from phones that were put together from their segments.";
    inbound_incomplete, "Segments from phones that were passed on alone: others did not come in time, or there was no room.";
    inbound_refused, "Messages from phones that carriers are to keep, since there is no room.";
    alerts, "Alerts of carriers that a phone can be reached again.";
    alerts_missed, "Alerts that no bound ESME could be given.";
    delivered, "Messages that a carrier has reported as delivered.";
    undelivered, "Messages that came to another end than delivery.";
    receipts_told, "Receipts that ESMEs have confirmed.";
    messages_told, "Messages from phones that ESMEs have confirmed, and receipts that were passed on to them.";
    deliveries_again, "Deliveries that an ESME could not take and that are tried again.";
    dead_letters, "Deliveries and reports that found nobody.";
    dead_letters_revived, "Dead letters that were delivered again, since somebody asked for it.";
    dead_letters_forgotten, "Dead letters that were let go: kept for a week, too many, or by somebody.";
}

impl Counters {
    /// What a peer has done against the specification without being refused.
    pub fn odd(&self, oddities: Oddities) {
        self.stray_responses.add(oddities.stray_responses);
        self.broken_parameters.add(oddities.broken_parameters);
    }
}
