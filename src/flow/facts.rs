//! What the journal keeps of what carriers have answered.

use super::ledger::Ledger;
use super::switchboard::CarrierSlot;
use crate::carrier::{Outcome, Receipts, SegmentReceipts, Verdict};
use crate::journal::{Accepted, Part, Record};
use crate::message::{AccountId, AckMode, CarrierId, Content, GroupId, MessageId, OnUnknown};
use crate::moment::Moment;
use crate::receipt::CarrierMessageId;
use smallvec::SmallVec;

/// Records of one batch.
pub(super) type Records<'a> = SmallVec<[Record<'a>; 32]>;

/// What is kept of one outcome.
pub(super) struct Fact {
    id: MessageId,
    /// The message, if nothing has been kept of it before: its sender waits for this verdict.
    message: Option<Message>,
    said: Said,
    /// Whether a report by the id that the carrier gave it is the end of it.
    ends_by_report: bool,
}

struct Message {
    shown: MessageId,
    account: AccountId,
    until: Moment,
    content: Content,
}

enum Said {
    Has(Option<CarrierMessageId>, Part),
    GivenUp(Vec<CarrierMessageId>),
    Refused(u32),
    RefusedLate(u32),
    Unknown,
    Recalled,
}

/// The facts of a batch. Ids and contents are copied so that records can borrow while the batch
/// moves on.
pub(super) fn facts(batch: &[Outcome], ledger: &Ledger, slot: &CarrierSlot) -> Vec<Fact> {
    let policy = slot.segment_receipts;
    let always = slot.receipts == Receipts::Always;
    let mut hand = ledger.hand();
    let fact = |outcome: &Outcome| {
        let id = outcome.id;
        let said = match &outcome.verdict {
            Verdict::Accepted(carrier_id) => Said::Has(carrier_id.clone(), Part::Whole),
            Verdict::AcceptedWith(carrier_id) => Said::Has(carrier_id.clone(), Part::With),
            Verdict::PartAccepted {
                carrier_id,
                is_last,
            } => {
                let speaks = *is_last || policy != SegmentReceipts::Last;
                let part = match speaks {
                    true => Part::Speaking,
                    false => Part::Silent,
                };
                Said::Has(carrier_id.clone(), part)
            }
            Verdict::AcceptedInParts(ids) => {
                Said::Has(None, Part::All(u8::try_from(ids.len()).unwrap_or(u8::MAX)))
            }
            Verdict::GivenUp(ids) => Said::GivenUp(ids.clone()),
            Verdict::Refused(refusal) => Said::Refused(refusal.status.0),
            Verdict::RefusedLate(refusal) => {
                let entry = hand.entry(id);
                if !entry.is_some_and(|entry| entry.is_in_doubt()) {
                    return None;
                }
                Said::RefusedLate(refusal.status.0)
            }
            Verdict::Unknown | Verdict::Lost => Said::Unknown,
            Verdict::Recalled => Said::Recalled,
            Verdict::Unfit(_) | Verdict::Returned => return None,
        };
        let mut message = None;
        let entry = hand.entry(id);
        let ends_by_report = match (&said, &entry) {
            (Said::Has(Some(_), Part::Whole), Some(entry)) => always || entry.wants_report(),
            _ => false,
        };
        if let Some(entry) = entry
            && !entry.answered
        {
            let is_kept = match said {
                Said::Has(..) => true,
                Said::Unknown => entry.on_unknown == OnUnknown::Accept,
                Said::GivenUp(_) | Said::Refused(_) | Said::RefusedLate(_) | Said::Recalled => {
                    false
                }
            };
            if !is_kept {
                // Its sender is told a refusal, and nothing of it is kept.
                return None;
            }
            // Once: what is said of it meanwhile stands behind its end perhaps, where its life would
            // begin anew.
            message = (!std::mem::replace(&mut entry.is_kept, true)).then(|| Message {
                shown: entry.shown(id),
                account: entry.account(),
                until: entry.until,
                content: entry.content.clone(),
            });
        }
        Some(Fact {
            id,
            message,
            said,
            ends_by_report,
        })
    };
    batch.iter().filter_map(fact).collect()
}

/// The ids by which reports come that are the ends of messages, and the messages.
pub(super) fn ends_by_report(facts: &[Fact]) -> Vec<(CarrierMessageId, MessageId)> {
    let expected = |fact: &Fact| match &fact.said {
        Said::Has(Some(carrier_id), _) if fact.ends_by_report => {
            Some((carrier_id.clone(), fact.id))
        }
        _ => None,
    };
    facts.iter().filter_map(expected).collect()
}

/// The messages of which nothing has been kept before: with what is said here they begin.
pub(super) fn begin_with(facts: &[Fact]) -> impl Iterator<Item = MessageId> {
    let begins = facts.iter().filter(|fact| fact.message.is_some());
    begins.map(|fact| fact.id)
}

impl Fact {
    /// Appends what is to be written.
    pub fn put<'a>(
        &'a self,
        carrier: CarrierId,
        group: GroupId,
        at: Moment,
        records: &mut Records<'a>,
    ) {
        let id = self.id;
        records.extend(self.message.as_ref().map(|message| {
            Record::Accepted(Accepted {
                id,
                shown: message.shown,
                account: message.account,
                ack: AckMode::Carrier,
                at: id.accepted(),
                due: Moment::default(),
                until: message.until,
                alphabet: message.content.alphabet(),
                pdu: message.content.pdu(),
                written_source: message.content.written_octets(),
            })
        }));
        let has = |carrier_id: Option<&'a CarrierMessageId>, part| Record::Correlated {
            id,
            carrier,
            group,
            carrier_message_id: carrier_id.map_or(&[], CarrierMessageId::as_bytes),
            part,
            at,
        };
        let refused = |status, is_late| Record::Refused {
            id,
            carrier,
            status,
            is_late,
            at,
        };
        match &self.said {
            Said::Has(carrier_id, part) => records.push(has(carrier_id.as_ref(), *part)),
            Said::GivenUp(ids) => {
                records.extend(ids.iter().map(|id| has(Some(id), Part::Silent)));
            }
            Said::Refused(status) => records.push(refused(*status, false)),
            Said::RefusedLate(status) => records.push(refused(*status, true)),
            Said::Unknown => records.push(Record::Unknown { id, carrier, at }),
            Said::Recalled => records.push(Record::Returned { id, carrier, at }),
        }
    }
}

#[cfg(test)]
mod tests;
