//! A carrier delivers: reports about our messages, and messages from phones.

use super::after::{After, Landed, Place};
use super::deadletter::DeadLetter;
use super::ledger::{Ending, Stage};
use super::siblings::Sibling;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Arrival, Line, Parcel, Reply, SegmentReceipts};
use crate::journal::Record;
use crate::message::{AccountId, CarrierId, Content, GroupId, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, Found, Report};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;
use std::sync::Arc;

impl Clerk {
    pub(super) fn arrivals_read(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: &mut Vec<Arrival>,
        now: Moment,
        replies: &mut Vec<Reply>,
    ) {
        let Some(slot) = self.carriers.table().slot(carrier) else {
            replies.extend(batch.drain(..).map(|arrival| later(&arrival)));
            return;
        };
        let group = slot.group;
        let landed = self.landed(carrier, batch, now);
        // Ids and contents are shared so that the records can borrow while the batch moves on.
        let written: SmallVec<[Written; 16]> = landed.iter().filter_map(Written::of).collect();
        let records: SmallVec<[Record<'_>; 16]> = written
            .iter()
            .map(|one| one.record(carrier, group, now))
            .collect();
        let then = After::Arrivals {
            carrier,
            line: line.clone(),
            batch: landed,
            at: now,
        };
        match self.journal(&records, then) {
            Ok(Some(After::Arrivals { batch, .. })) => self.arrived(carrier, batch, now, replies),
            Err((After::Arrivals { batch, .. }, _)) => self.not_arrived(batch, replies),
            Ok(_) | Err(_) => {}
        }
    }

    /// Says of each delivery where it belongs. A message from a phone gets its id here, and its
    /// account gives it room.
    fn landed(&mut self, carrier: CarrierId, batch: &mut Vec<Arrival>, now: Moment) -> Vec<Landed> {
        let landed = batch.drain(..).map(
            |Arrival {
                 sequence,
                 command,
                 parcel,
             }| {
                let place = match parcel {
                    Parcel::Report(report) => Place::Report(report),
                    Parcel::Message(content) => self.place(carrier, content, now),
                    Parcel::Nothing => {
                        Place::Nowhere("a receipt that names no message", Vec::new())
                    }
                };
                Landed {
                    reply: Reply {
                        sequence,
                        command,
                        status: Status::ESME_ROK,
                    },
                    place,
                }
            },
        );
        landed.collect()
    }

    /// The deliveries are durable: the carrier is told so, and each goes where it belongs.
    pub(super) fn arrived(
        &mut self,
        carrier: CarrierId,
        batch: Vec<Landed>,
        now: Moment,
        replies: &mut Vec<Reply>,
    ) {
        let mut reports = Vec::with_capacity(batch.len());
        let mut telling = Telling::default();
        let mut letters = Vec::new();
        for Landed { mut reply, place } in batch {
            match place {
                Place::Report(report) => reports.push(report),
                Place::Account(account, id, content) => {
                    self.phone_wrote(account, (id, content), now, &mut telling);
                }
                Place::Full => reply.status = Status::ESME_RX_T_APPN,
                Place::Nowhere(reason, number) => letters.push(DeadLetter {
                    at: now,
                    reason,
                    message: None,
                    account: None,
                    carrier: Some(carrier),
                    number,
                    carrier_message_id: None,
                }),
            }
            replies.push(reply);
        }
        self.board.counters.reports.add(reports.len());
        self.tell(telling);
        self.reported(carrier, reports, now);
        self.board.give_up(letters);
    }

    /// The deliveries cannot be made durable: the carrier is to keep them.
    pub(super) fn not_arrived(&mut self, batch: Vec<Landed>, replies: &mut Vec<Reply>) {
        for Landed { reply, place } in batch {
            if let Place::Account(account, _, content) = place {
                let desk = self.board.roster.desk(account);
                desk.close(content.places());
            }
            replies.push(Reply {
                status: Status::ESME_RX_T_APPN,
                ..reply
            });
        }
    }

    /// Reports find their messages; what is final ends them.
    pub(super) fn reported(&mut self, carrier: CarrierId, reports: Vec<Report>, now: Moment) {
        if reports.is_empty() {
            return;
        }
        let board = self.board.clone();
        let Some(slot) = self.carriers.table().slot(carrier) else {
            return;
        };
        let mut found = Vec::with_capacity(reports.len());
        let mut unmatched = Vec::new();
        let mut absorbed = 0;
        let mut untold = 0;
        let mut correlator = slot.correlator.lock();
        let alike_before = correlator.alike();
        for report in reports {
            match correlator.find(&report, report.last) {
                Found::Open(id) => found.push((id, report)),
                Found::Settled(_) => {
                    absorbed += 1;
                    correlator.park_repetition(report, now);
                }
                Found::Nothing => {
                    if let Err(report) = correlator.park(report, now) {
                        unmatched.push(report);
                    }
                }
            }
        }
        let alike = correlator.alike() - alike_before;
        let hint = correlator.take_hint();
        drop(correlator);
        if let Some(hint) = hint {
            tracing::warn!(
                carrier = %slot.name,
                write = hint.setting(),
                "receipts bear ids in another form than responses; write down which"
            );
        }
        let mut telling = Telling::default();
        let mut spoken: Vec<(Sibling, Ending)> = Vec::new();
        let mut hand = board.ledger.hand();
        for (id, report) in found {
            if report.last
                && let Some(entry) = hand.entry(id)
                && let Some(parts) = &mut entry.parts
            {
                parts.reported(ending(&report), slot.segment_receipts);
                let is_leaving = matches!(entry.stage, Stage::With(_));
                if is_leaving || parts.ending().is_none() {
                    // Other parts of it are on their way.
                    continue;
                }
            }
            if report.last {
                match hand.remove(id) {
                    Some(entry) => {
                        let whole = entry.parts.as_ref().and_then(|parts| parts.ending());
                        let ending = whole.unwrap_or_else(|| ending(&report));
                        if slot.segment_receipts != SegmentReceipts::Each
                            && let Some(sibling) = Sibling::read(id, &entry)
                        {
                            spoken.push((sibling, ending));
                        }
                        let together = entry.together.clone();
                        telling.end(id, entry, ending, now);
                        for other in together.iter().flat_map(|all| all.iter()) {
                            if let Some(entry) = hand.remove(*other) {
                                telling.end(*other, entry, ending, now);
                            }
                        }
                    }
                    // Its sender wanted no receipt, or was told another end.
                    None => {
                        untold += 1;
                        telling.learn(id, report.state, report.error, now);
                    }
                }
            } else if let Some(entry) = hand.entry(id) {
                telling.on_the_way(id, entry, report.state, now);
            }
        }
        drop(hand);
        for (sibling, ending) in spoken {
            let policy = slot.segment_receipts;
            let others = board.siblings.lock().speak(&sibling, ending, policy);
            let mut hand = board.ledger.hand();
            for id in others {
                if let Some(entry) = hand.remove(id) {
                    telling.end(id, entry, ending, now);
                }
            }
        }
        board.counters.reports_absorbed.add(absorbed);
        board.counters.reports_untold.add(untold);
        board.counters.ids_in_another_form.add(alike);
        self.tell(telling);
        self.unmatched(carrier, unmatched, now);
    }

    /// Reports that belong to nothing we know.
    pub(super) fn unmatched(&mut self, carrier: CarrierId, reports: Vec<Report>, now: Moment) {
        self.board.counters.reports_unmatched.add(reports.len());
        let letters = reports.into_iter().map(|report| DeadLetter {
            at: now,
            reason: "a receipt that matches no message",
            message: None,
            account: None,
            carrier: Some(carrier),
            number: Vec::new(),
            carrier_message_id: Some(report.id.to_string()),
        });
        self.board.give_up(letters.collect());
    }
}

/// What the journal is to keep of a delivery.
enum Written {
    Report(CarrierMessageId, State),
    Message(AccountId, MessageId, Content),
}

impl Written {
    fn of(landed: &Landed) -> Option<Self> {
        match &landed.place {
            Place::Report(report) => Some(Self::Report(report.id.clone(), report.state)),
            Place::Account(account, id, content) => {
                Some(Self::Message(*account, *id, content.clone()))
            }
            Place::Full | Place::Nowhere(..) => None,
        }
    }

    fn record(&self, carrier: CarrierId, group: GroupId, at: Moment) -> Record<'_> {
        match self {
            Self::Report(id, state) => Record::Reported {
                group,
                carrier_message_id: id.as_bytes(),
                state: state.message_state().0,
                at,
            },
            Self::Message(account, id, content) => Record::Inbound {
                id: *id,
                account: *account,
                carrier,
                at,
                pdu: content.pdu(),
            },
        }
    }
}

fn ending(report: &Report) -> Ending {
    Ending {
        state: report.state,
        error: report.error,
        network_error: report.network_error,
    }
}

fn later(arrival: &Arrival) -> Reply {
    Reply {
        sequence: arrival.sequence,
        command: arrival.command,
        status: Status::ESME_RX_T_APPN,
    }
}
