//! A carrier delivers: reports about our messages, and messages from phones.

use super::after::{After, Landed, Place};
use super::deadletter::{DeadLetter, Reason};
use super::forward::Stray;
use super::ledger::{Ending, Stage};
use super::siblings::Sibling;
use super::switchboard::Clerk;
use super::tell::{Telling, ending_record};
use crate::carrier::{Arrival, Line, Parcel, Reply, SegmentReceipts};
use crate::journal::{Inbound, Record, Refusal, Reported};
use crate::message::{AccountId, CarrierId, Content, MessageId};
use crate::moment::Moment;
use crate::receipt::{Found, Report};
use crate::sabotage::{Fault, sabotaged};
use smallvec::SmallVec;
use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;
use smppgate_codec::text::DefaultAlphabet;
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
        if self.carriers.table().slot(carrier).is_none() {
            return replies.extend(batch.drain(..).map(|arrival| later(&arrival)));
        }
        let landed = self.landed(carrier, batch, now);
        self.keep_landed(carrier, line, landed, now, replies);
    }

    /// Hands deliveries to the journal. A journal that is full still has room for what is about
    /// messages that have begun: if only others are too many, their carrier keeps those alone.
    fn keep_landed(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        landed: Vec<Landed>,
        now: Moment,
        replies: &mut Vec<Reply>,
    ) {
        // Ids and contents are shared so that the records can borrow while the batch moves on.
        let written: SmallVec<[Written; 16]> = landed.iter().filter_map(Written::of).collect();
        let records: SmallVec<[Record<'_>; 16]> =
            written.iter().map(|one| one.record(carrier, now)).collect();
        let then = After::Arrivals {
            carrier,
            line: line.clone(),
            batch: landed,
            at: now,
        };
        match self.journal(&records, then) {
            Ok(Some(After::Arrivals { batch, .. })) => self.arrived(carrier, batch, now, replies),
            Err((After::Arrivals { batch, .. }, refusal)) => {
                let goes_on = |landed: &Landed| !landed.begins() && refusal == Refusal::Full;
                let (on, begin): (Vec<_>, Vec<_>) = batch.into_iter().partition(goes_on);
                // The others are fewer than before, or there are none.
                match begin.is_empty() {
                    true => self.not_arrived(on, replies),
                    false => {
                        self.not_arrived(begin, replies);
                        if !on.is_empty() {
                            self.keep_landed(carrier, line, on, now, replies);
                        }
                    }
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Says of each delivery where it belongs. A message from a phone gets its id here, and its
    /// account gives it room.
    fn landed(&mut self, carrier: CarrierId, batch: &mut Vec<Arrival>, now: Moment) -> Vec<Landed> {
        let mut landed = Vec::with_capacity(batch.len());
        for arrival in batch.drain(..) {
            let Arrival {
                sequence,
                command,
                parcel,
            } = arrival;
            let (id, place) = match parcel {
                Parcel::Report(report) => (None, Place::Report(report)),
                Parcel::Message(content) => self.place(carrier, content, now),
                Parcel::Nothing(pdu) => (
                    self.board.ids().take(1, now).next(),
                    Place::Nowhere(Reason::NamesNothing, pdu),
                ),
            };
            landed.push(Landed {
                reply: Reply {
                    sequence,
                    command,
                    status: Status::ESME_ROK,
                },
                id,
                place,
            });
        }
        if self.board.keeps() {
            self.know_ends(carrier, &mut landed, now);
        }
        landed
    }

    /// Finds the reports that are the end of their message and of nothing else: for each of these
    /// the journal keeps just that. The others get an id of their own, by which they are kept until
    /// they have found theirs.
    fn know_ends(&mut self, carrier: CarrierId, landed: &mut [Landed], now: Moment) {
        let Some(slot) = self.carriers.table().slot(carrier) else {
            return;
        };
        // What may have to be passed on is kept, were it only news: it is not ours to lose.
        let keeps_all = slot.unmatched.is_some();
        // Looked at before what is known: in between the journal may settle some of it.
        let expected = self.board.unsettled.expected();
        let expect = |landed: &Landed| match &landed.place {
            Place::Report(report) if report.last => expected.find(slot.group, &report.id),
            _ => None,
        };
        let mut expected_of: SmallVec<[Option<MessageId>; 32]> =
            landed.iter().map(expect).collect();
        drop(expected);
        let correlator = slot.correlator.lock();
        if correlator.parked() > 0 {
            // One that came before the answer may be the end of the message.
            expected_of.fill(None);
        }
        let peek = |landed: &Landed| match &landed.place {
            Place::Report(report) if report.last || keeps_all => correlator.peek(report),
            _ => None,
        };
        let found: SmallVec<[Option<MessageId>; 32]> = landed
            .iter()
            .zip(&expected_of)
            .map(|(landed, expected)| expected.or_else(|| peek(landed)))
            .collect();
        drop(correlator);
        let each = slot.segment_receipts == SegmentReceipts::Each;
        let mut hand = self.board.ledger.hand();
        for ((one, found), expected) in landed.iter_mut().zip(found).zip(expected_of) {
            match &one.place {
                Place::Report(report) if report.last => {}
                Place::Report(_) if keeps_all && found.is_none() => {}
                _ => continue,
            }
            let entry = found.and_then(|id| Some((id, hand.entry(id)?)));
            let alone = entry.filter(|(_, entry)| {
                each && entry.parts().is_none()
                    && entry.together().is_none()
                    && match entry.stage {
                        Stage::Taken(_) => true,
                        // The answer is on its way through the journal, in front of the report.
                        Stage::With(_) => expected.is_some() && !entry.is_in_doubt(),
                        _ => false,
                    }
            });
            match alone {
                Some((id, entry)) => {
                    if let Place::Report(report) = std::mem::replace(&mut one.place, Place::Full) {
                        let is_delivered =
                            matches!(report.state, State::Delivered | State::Accepted);
                        let asked = entry.content.registered_delivery();
                        let told = asked.wants_final(is_delivered);
                        one.place = Place::End { id, told, report };
                    }
                }
                None => {
                    one.id = self.board.ids().take(1, now).next();
                    if let Place::Report(report) = &mut one.place {
                        report.own_id = one.id;
                    }
                }
            }
        }
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
        let (mut letters, mut strays) = (Vec::new(), Vec::new());
        for landed in batch {
            let Landed {
                mut reply,
                id,
                place,
            } = landed;
            match (place, id) {
                (Place::End { id, report, .. }, _) => reports.push(Heard {
                    report,
                    written: Some(id),
                }),
                (Place::Report(report), _) => reports.push(Heard {
                    report,
                    written: None,
                }),
                (Place::Account(account, content), Some(id)) => {
                    self.phone_wrote(account, (id, content), now, &mut telling);
                }
                (Place::Nowhere(reason, pdu), Some(id)) => {
                    let (from, to) = numbers_of(&pdu);
                    let letter = |number| DeadLetter {
                        id,
                        at: now,
                        reason,
                        account: None,
                        carrier: Some(carrier),
                        number,
                        carrier_message_id: None,
                        ended: None,
                    };
                    match reason {
                        Reason::NamesNothing => strays.push(Stray {
                            letter: letter(from),
                            pdu,
                        }),
                        _ => letters.push(letter(to)),
                    }
                }
                (Place::Full | Place::Account(..) | Place::Nowhere(..), _) => {
                    reply.status = Status::ESME_RX_T_APPN;
                }
            }
            replies.push(reply);
        }
        self.board.counters.reports.add(reports.len());
        self.tell(telling);
        self.reported(carrier, reports, now);
        self.stray(carrier, strays, now);
        self.give_up(letters);
    }

    /// The deliveries cannot be made durable: the carrier is to keep them.
    pub(super) fn not_arrived(&mut self, batch: Vec<Landed>, replies: &mut Vec<Reply>) {
        for Landed { reply, place, .. } in batch {
            if let Place::Account(account, content) = place {
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
    pub(super) fn reported(&mut self, carrier: CarrierId, reports: Vec<Heard>, now: Moment) {
        if reports.is_empty() {
            return;
        }
        let board = self.board.clone();
        let Some(slot) = self.carriers.table().slot(carrier).cloned() else {
            // The carrier was taken out of the config while the process was down.
            let reports = reports.into_iter().map(|heard| heard.report).collect();
            return self.unmatched(carrier, reports, now);
        };
        let mut telling = Telling::default();
        let mut found = Vec::with_capacity(reports.len());
        let mut unmatched = Vec::new();
        let mut laid = Vec::new();
        let mut absorbed = 0;
        let mut untold = 0;
        // Asked before anything is looked for: what is not found then never will be.
        let is_vain = slot.unmatched.is_some() && board.is_quiet(self.carriers.table(), slot.group);
        let mut correlator = slot.correlator.lock();
        let alike_before = correlator.alike();
        for mut heard in reports {
            heard.report.by = carrier;
            match correlator.find(&heard.report, heard.report.last) {
                Found::Open(id) => found.push((id, heard)),
                Found::Settled(_) => {
                    absorbed += 1;
                    let mut report = heard.report;
                    if let Some(own_id) = report.own_id.take() {
                        telling.close(own_id, now);
                    }
                    correlator.park_repetition(report, now);
                }
                Found::Nothing => {
                    let is_auto = correlator.is_auto();
                    match board.laid_down(slot.group, &heard.report, is_auto) {
                        Some(id) => laid.push((id, heard.report)),
                        None if sabotaged(Fault::EarlyReportDropped) => {}
                        None if is_vain => unmatched.push(heard.report),
                        None => unmatched.extend(correlator.park(heard.report, now)),
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
        let mut spoken: Vec<(Sibling, Ending)> = Vec::new();
        let mut hand = board.ledger.hand();
        for (id, Heard { report, written }) in found {
            let own_id = report.own_id;
            let entry = hand.entry(id).filter(|_| report.last);
            if let Some((stage, parts)) = entry.and_then(|entry| entry.stage_and_parts()) {
                parts.reported(ending(&report), slot.segment_receipts);
                let is_leaving = matches!(stage, Stage::With(_));
                if is_leaving || parts.ending().is_none() {
                    // Other parts of it are on their way. After a restart they are counted anew, so
                    // that this is kept until the message has come to its end.
                    parts.reports.extend(own_id);
                    continue;
                }
            }
            if report.last {
                match hand.remove(id) {
                    Some(entry) => {
                        own_id
                            .into_iter()
                            .for_each(|report| telling.close(report, now));
                        let whole = entry.parts().and_then(|parts| parts.ending());
                        let ending = whole.unwrap_or_else(|| ending(&report));
                        if slot.segment_receipts != SegmentReceipts::Each
                            && let Some(sibling) = Sibling::read(id, &entry)
                        {
                            spoken.push((sibling, ending));
                        }
                        let together = entry.together().cloned();
                        match written == Some(id) {
                            true => telling.ended(id, entry, ending, now),
                            false => telling.end(id, entry, ending, now),
                        }
                        for other in together.iter().flat_map(|all| all.iter()) {
                            if let Some(entry) = hand.remove(*other) {
                                telling.end(*other, entry, ending, now);
                            }
                        }
                    }
                    // It was laid down in this moment.
                    None if board.is_laid_down(id) => laid.push((id, report)),
                    // Its sender wanted no receipt, or was told another end.
                    None => {
                        untold += 1;
                        own_id
                            .into_iter()
                            .for_each(|report| telling.close(report, now));
                        telling.learn(id, report.state, report.error, now);
                    }
                }
            } else {
                own_id
                    .into_iter()
                    .for_each(|report| telling.close(report, now));
                if let Some(entry) = hand.entry(id) {
                    telling.on_the_way(id, entry, report.state, now);
                }
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
        self.next_in_order();
        self.fetch_laid(carrier, laid, now);
        self.unmatched(carrier, unmatched, now);
    }

    /// Reports whose message is not known, or not yet.
    pub(super) fn wait_for_message(
        &mut self,
        carrier: CarrierId,
        reports: Vec<Report>,
        now: Moment,
    ) {
        let Some(slot) = self.carriers.table().slot(carrier) else {
            return self.unmatched(carrier, reports, now);
        };
        let mut correlator = slot.correlator.lock();
        let parked = reports
            .into_iter()
            .filter_map(|report| correlator.park(report, now));
        let left = parked.collect();
        drop(correlator);
        self.unmatched(carrier, left, now);
    }

    /// Reports that belong to nothing we know.
    pub(super) fn unmatched(&mut self, carrier: CarrierId, reports: Vec<Report>, now: Moment) {
        self.board.counters.reports_unmatched.add(reports.len());
        let mut strays = Vec::with_capacity(reports.len());
        for report in reports {
            // Without a journal that keeps them they have no ids yet.
            let own_id = report.own_id;
            let Some(id) = own_id.or_else(|| self.board.ids().take(1, now).next()) else {
                continue;
            };
            let letter = DeadLetter {
                id,
                at: now,
                reason: Reason::NoMessage,
                account: None,
                carrier: Some(carrier),
                number: numbers_of(&report.pdu).0,
                carrier_message_id: Some(report.id.to_string().into()),
                ended: None,
            };
            strays.push(Stray {
                pdu: report.pdu,
                letter,
            });
        }
        self.stray(carrier, strays, now);
    }
}

/// A report that is durable, if it has to be.
#[derive(Debug)]
pub(super) struct Heard {
    /// What the carrier says.
    pub report: Report,
    /// The message whose end the journal has already by it.
    pub written: Option<MessageId>,
}

impl From<Report> for Heard {
    fn from(report: Report) -> Self {
        Self {
            report,
            written: None,
        }
    }
}

/// What the journal is to keep of a delivery.
enum Written {
    End {
        id: MessageId,
        told: bool,
        ending: Ending,
    },
    Report(MessageId, Arc<[u8]>),
    Message(MessageId, AccountId, Content),
    Nobodys(MessageId, Arc<[u8]>),
}

impl Written {
    fn of(landed: &Landed) -> Option<Self> {
        match (&landed.place, landed.id) {
            (Place::End { id, told, report }, _) => Some(Self::End {
                id: *id,
                told: *told,
                ending: ending(report),
            }),
            (Place::Report(report), Some(id)) => Some(Self::Report(id, report.pdu.clone())),
            (Place::Account(account, content), Some(id)) => {
                Some(Self::Message(id, *account, content.clone()))
            }
            (Place::Nowhere(Reason::NamesNothing, pdu), Some(id)) => {
                Some(Self::Report(id, pdu.clone()))
            }
            (Place::Nowhere(_, pdu), Some(id)) => Some(Self::Nobodys(id, pdu.clone())),
            _ => None,
        }
    }

    fn record(&self, carrier: CarrierId, at: Moment) -> Record<'_> {
        match self {
            Self::End { id, told, ending } => ending_record(*id, ending, *told, at),
            Self::Report(id, pdu) => Record::Reported(Reported {
                id: *id,
                carrier,
                at,
                pdu,
            }),
            Self::Message(id, account, content) => Record::Inbound(Inbound {
                id: *id,
                account: Some(*account),
                carrier,
                at,
                alphabet: content.alphabet(),
                pdu: content.pdu(),
            }),
            Self::Nobodys(id, pdu) => Record::Inbound(Inbound {
                id: *id,
                account: None,
                carrier,
                at,
                alphabet: DefaultAlphabet::Gsm,
                pdu,
            }),
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

/// The number that something is from or about, and the one that it is for.
pub(super) fn numbers_of(pdu: &[u8]) -> (Box<[u8]>, Box<[u8]>) {
    let content = Content::kept(pdu, DefaultAlphabet::Gsm, None);
    content.map_or_else(Default::default, |content| {
        let (from, to) = (content.source().digits, content.destination().digits);
        (from.into(), to.into())
    })
}

fn later(arrival: &Arrival) -> Reply {
    Reply {
        sequence: arrival.sequence,
        command: arrival.command,
        status: Status::ESME_RX_T_APPN,
    }
}
