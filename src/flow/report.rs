//! A carrier delivers: reports about our messages, and messages from phones.

use super::after::After;
use super::deadletter::DeadLetter;
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::carrier::{Arrival, Line, Parcel, Reply};
use crate::journal::Record;
use crate::message::CarrierId;
use crate::moment::Moment;
use crate::receipt::{Found, Report};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
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
            return self.not_arrived(batch, replies);
        };
        let group = slot.group;
        let batch: Vec<Arrival> = batch.drain(..).collect();
        // Ids are copied so that the records can borrow while the batch moves on behind them.
        let reported: SmallVec<[_; 16]> = batch
            .iter()
            .filter_map(|arrival| match &arrival.parcel {
                Parcel::Report(report) => Some((report.id.clone(), report.state)),
                Parcel::Message(_) | Parcel::Nothing => None,
            })
            .collect();
        let messages: SmallVec<[_; 4]> = batch
            .iter()
            .filter_map(|arrival| match &arrival.parcel {
                Parcel::Message(content) => {
                    let to = content.destination().digits;
                    let account = self.inbound.table().choose(carrier, to)?;
                    Some((account, content.clone()))
                }
                Parcel::Report(_) | Parcel::Nothing => None,
            })
            .collect();
        let ids = self.board.ids().take(messages.len(), now);
        let records: SmallVec<[Record<'_>; 16]> = reported
            .iter()
            .map(|(id, state)| Record::Reported {
                group,
                carrier_message_id: id.as_bytes(),
                state: state.message_state().0,
                at: now,
            })
            .chain(
                messages
                    .iter()
                    .zip(ids)
                    .map(|((account, content), id)| Record::Inbound {
                        id,
                        account: *account,
                        carrier,
                        at: now,
                        pdu: content.pdu(),
                    }),
            )
            .collect();
        let then = After::Arrivals {
            carrier,
            line: line.clone(),
            batch,
            at: now,
        };
        match self.journal(&records, then) {
            Ok(Some(After::Arrivals { batch, .. })) => self.arrived(carrier, batch, now, replies),
            Err((After::Arrivals { batch, .. }, _)) => self.not_arrived(&batch, replies),
            Ok(_) | Err(_) => {}
        }
    }

    /// The deliveries are durable: the carrier is told so, and each goes where it belongs.
    pub(super) fn arrived(
        &mut self,
        carrier: CarrierId,
        batch: Vec<Arrival>,
        now: Moment,
        replies: &mut Vec<Reply>,
    ) {
        let mut reports = Vec::with_capacity(batch.len());
        let mut telling = Telling::default();
        let mut letters = Vec::new();
        for Arrival {
            sequence,
            command,
            parcel,
        } in batch
        {
            let status = match parcel {
                Parcel::Report(report) => {
                    reports.push(report);
                    Status::ESME_ROK
                }
                Parcel::Message(content) => {
                    self.from_phone(carrier, content, now, &mut telling, &mut letters)
                }
                Parcel::Nothing => {
                    letters.push(DeadLetter {
                        at: now,
                        reason: "a receipt that names no message",
                        message: None,
                        account: None,
                        carrier: Some(carrier),
                        number: Vec::new(),
                        carrier_message_id: None,
                    });
                    Status::ESME_ROK
                }
            };
            replies.push(Reply {
                sequence,
                command,
                status,
            });
        }
        self.board.counters.reports.add(reports.len());
        self.tell(telling);
        self.reported(carrier, reports, now);
        self.board.give_up(letters);
    }

    /// The deliveries cannot be made durable: the carrier is to keep them.
    pub(super) fn not_arrived(&mut self, batch: &[Arrival], replies: &mut Vec<Reply>) {
        replies.extend(batch.iter().map(|arrival| Reply {
            sequence: arrival.sequence,
            command: arrival.command,
            status: Status::ESME_RX_T_APPN,
        }));
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
        let mut correlator = slot.correlator.lock();
        for report in reports {
            match correlator.find(&report, report.state.is_final()) {
                Found::Open(id) => found.push((id, report)),
                Found::Settled(_) => absorbed += 1,
                Found::Nothing => {
                    if let Err(report) = correlator.park(report, now) {
                        unmatched.push(report);
                    }
                }
            }
        }
        drop(correlator);
        let mut telling = Telling::default();
        let mut hand = board.ledger.hand();
        for (id, report) in found {
            if report.state.is_final() {
                match hand.remove(id) {
                    Some(entry) => {
                        let Report {
                            state,
                            error,
                            network_error,
                            ..
                        } = report;
                        telling.end(id, entry, state, error, network_error, now);
                    }
                    None => unmatched.push(report),
                }
            } else if let Some(entry) = hand.entry(id) {
                telling.on_the_way(id, entry, report.state, now);
            }
        }
        drop(hand);
        board.counters.reports_absorbed.add(absorbed);
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
