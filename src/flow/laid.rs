//! Messages that wait for nothing but the report of their carrier are laid down: they leave the
//! memory, and are read again when something is reported or their time is over.

use super::after::After;
use super::ledger::{Ending, Entry, Opened, Stage};
use super::report::Heard;
use super::switchboard::{Clerk, Switchboard};
use super::tell::Telling;
use super::via::Via;
use crate::carrier::SegmentReceipts;
use crate::esme::Multi;
use crate::journal::{Accepted, Kept, Laid, Record};
use crate::message::{CarrierId, Content, GroupId, LateReport, MessageId};
use crate::moment::Moment;
use crate::receipt::{CarrierMessageId, NumberMark, Report, alike};
use smppgate_codec::receipt::State;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// A message that a carrier has had for so long without a report is laid down.
const LAID_DOWN_AFTER: Duration = Duration::from_secs(60);

/// The same while more than half of all places are taken.
const LAID_DOWN_EARLY: Duration = Duration::from_secs(5);

/// From the end of its validity: how long a report is told that comes after its sender has been told
/// that nothing is known. It is longer than any `receipt_timeout`, so that it tells the two apart.
pub(super) const LATE_UNTIL: Duration = Duration::from_secs(10 * 24 * 3_600);

/// Messages that are laid down in one go.
const LAID_DOWN_AT_ONCE: usize = 1_000;

/// Messages that come to their end unreported in one go.
const OVER_AT_ONCE: usize = 10_000;

/// What a report says about the message that was laid down.
enum About {
    /// Its end.
    Open,
    /// No other end than its sender was told before: that nothing is known.
    Told,
    /// Nothing: it is about another one.
    Another,
}

impl Switchboard {
    /// By what a message is found that was laid down.
    fn mark(&self, group: GroupId, id: &CarrierMessageId) -> u64 {
        self.marks.of(group, id)
    }

    /// The message that was laid down under this id of its carrier.
    pub(super) fn laid_down_as(&self, group: GroupId, id: &CarrierMessageId) -> Option<MessageId> {
        self.journal().holdings()?.find(self.mark(group, id))
    }

    /// Whether this message was laid down.
    pub(super) fn is_laid_down(&self, id: MessageId) -> bool {
        let holdings = self.journal().holdings();
        holdings.is_some_and(|holdings| holdings.laid(id).is_some())
    }

    /// Whether the sender of this message, which is good until then and lies down, was told that nothing
    /// is known of it.
    pub(super) fn is_told(&self, id: MessageId, until: Moment) -> bool {
        let laid = self
            .journal()
            .holdings()
            .and_then(|holdings| holdings.laid(id));
        laid.is_some_and(|laid| laid.until >= until + LATE_UNTIL)
    }

    /// The message that was laid down and that this report may be about.
    pub(super) fn laid_down(
        &self,
        group: GroupId,
        report: &Report,
        is_auto: bool,
    ) -> Option<MessageId> {
        let holdings = self.journal().holdings()?;
        let find = |id: &CarrierMessageId| holdings.find(self.mark(group, id));
        let mut literal = std::iter::once(&report.id).chain(&report.other_id);
        if let Some(found) = literal.find_map(find) {
            return Some(found);
        }
        let written = std::iter::once(&report.id).chain(&report.other_id);
        let mut forms = written.filter(|_| is_auto).flat_map(alike);
        forms.find_map(|(other, _)| find(&other))
    }
}

impl Clerk {
    /// Lays down what waits for nothing but a report. Called once a second.
    pub(super) fn lay_down(&mut self, now: Moment) {
        let board = self.board.clone();
        let Some(holdings) = board.journal().holdings() else {
            return;
        };
        let span = match board.is_half_full() {
            true => LAID_DOWN_EARLY,
            false => LAID_DOWN_AFTER,
        };
        let carriers = self.carriers.table().clone();
        for (_, slot) in carriers.iter() {
            // They are found here until they are found there.
            let aged = slot.correlator.lock().age(span, now);
            if aged.is_empty() {
                continue;
            }
            let mut stays = HashSet::new();
            for chunk in aged.chunks(LAID_DOWN_AT_ONCE) {
                let mut hand = board.ledger.hand();
                for (carrier_id, id) in chunk {
                    let Some(entry) = hand.entry(*id) else {
                        continue;
                    };
                    let laid = Laid {
                        mark: board.mark(slot.group, carrier_id),
                        until: entry.until + slot.receipt_timeout,
                    };
                    let may =
                        entry.may_be_laid_down() && slot.segment_receipts == SegmentReceipts::Each;
                    match may && holdings.lay_down(*id, laid) {
                        true => drop(hand.remove(*id)),
                        false => drop(stays.insert(*id)),
                    }
                }
            }
            slot.correlator.lock().leave(|id| stays.contains(&id));
        }
    }

    /// Something was reported about messages that were laid down.
    pub(super) fn fetch_laid(
        &mut self,
        carrier: CarrierId,
        batch: Vec<(MessageId, Report)>,
        at: Moment,
    ) {
        if batch.is_empty() {
            return;
        }
        let ids = batch.iter().map(|(id, _)| *id).collect();
        let then = After::Reported { carrier, batch, at };
        if let Err(After::Reported { batch, .. }) = self.board.journal().fetch(ids, then) {
            let reports = batch.into_iter().map(|(_, report)| report).collect();
            self.unmatched(carrier, reports, at);
        }
    }

    /// Those come to their end about which nothing was reported in time. Called once a second.
    pub(super) fn sweep_laid(&mut self, now: Moment) {
        let board = self.board.clone();
        let Some(holdings) = board.journal().holdings() else {
            return;
        };
        let ids = holdings.over(now, OVER_AT_ONCE);
        if !ids.is_empty() {
            let then = After::Over {
                ids: ids.clone(),
                at: now,
            };
            // What cannot be read now is looked at again.
            let _ = board.journal().fetch(ids, then);
        }
    }

    /// What was to be read again has been.
    pub(super) fn fetched(&mut self, then: After, kept: Vec<Option<Kept>>) {
        match then {
            After::Reported { carrier, batch, at } => {
                let mut again = Vec::with_capacity(batch.len());
                let mut nobodys = Vec::new();
                let mut telling = Telling::default();
                for ((id, report), kept) in batch.into_iter().zip(kept) {
                    match self.taken_up(carrier, id, &report, kept) {
                        About::Open => again.push(Heard::from(report)),
                        About::Told => {
                            let own_id = report.own_id.into_iter();
                            own_id.for_each(|report| telling.close(report, at));
                        }
                        About::Another => nobodys.push(report),
                    }
                }
                self.tell(telling);
                self.reported(carrier, again, at);
                self.wait_for_message(carrier, nobodys, at);
            }
            After::Over { ids, at } => {
                let board = self.board.clone();
                let mut telling = Telling::default();
                for (id, kept) in ids.into_iter().zip(kept) {
                    let entry = kept.and_then(|kept| board.recalled(kept, CarrierId::NONE));
                    if let Some(entry) = entry {
                        self.unreported(id, entry, at, &mut telling);
                    }
                }
                self.tell(telling);
            }
            After::Unearthed {
                letter,
                redelivery,
                at,
            } => {
                let kept = kept.into_iter().next().flatten();
                self.unearthed(letter, redelivery, kept, at);
            }
            After::Looked {
                sought,
                found,
                asker,
            } => self.looked_up(sought, found, asker, kept),
            _ => {}
        }
    }

    /// Nothing was reported about a message in time: its sender is told so, and if it wants to be
    /// told what is reported after all, that is waited for a while longer.
    fn unreported(&mut self, id: MessageId, entry: Entry, now: Moment, telling: &mut Telling) {
        let board = self.board.clone();
        let Some(holdings) = board.journal().holdings() else {
            return;
        };
        let Some(laid) = holdings.laid(id).filter(|laid| laid.until <= now) else {
            return;
        };
        let last = entry.until + LATE_UNTIL;
        if laid.until >= last {
            // It was told before, and nothing has come since.
            holdings.take_up(id);
            return telling.close(id, now);
        }
        let account = self.accounts.table().account(entry.account());
        let waits_on = account.is_some_and(|account| account.late_report == LateReport::Send)
            && entry.content.registered_delivery().wants_final(false);
        match waits_on {
            true => drop(holdings.lay_down(
                id,
                Laid {
                    until: last,
                    ..laid
                },
            )),
            false => drop(holdings.take_up(id)),
        }
        telling.end(id, entry, Ending::of(State::Unknown), now);
    }

    /// Takes a message up again that this report is about.
    fn taken_up(
        &mut self,
        carrier: CarrierId,
        id: MessageId,
        report: &Report,
        kept: Option<Kept>,
    ) -> About {
        let board = self.board.clone();
        let Some(slot) = self.carriers.table().slot(carrier) else {
            return About::Another;
        };
        if board.ledger.hand().entry(id).is_some() {
            // Another report has brought it back.
            return About::Open;
        }
        let Some(entry) = kept.and_then(|kept| board.recalled(kept, carrier)) else {
            return About::Another;
        };
        let to = NumberMark::of(entry.content.destination().digits);
        let Some(holdings) = board.journal().holdings() else {
            return About::Another;
        };
        let laid = holdings.laid(id);
        let mark = laid.map(|laid| laid.mark);
        let literal = mark == Some(board.mark(slot.group, &report.id));
        // In another form an id may be another message's.
        if mark.is_none() || !literal && to != report.about {
            return About::Another;
        }
        let is_told = laid.is_some_and(|laid| laid.until >= entry.until + LATE_UNTIL);
        if is_told && (!report.last || report.state == State::Unknown) {
            return About::Told;
        }
        board.ledger.open([(id, entry)]);
        let mut early = Vec::new();
        let mut correlator = slot.correlator.lock();
        correlator.learn(&report.id, id, to, &mut early);
        drop(correlator);
        holdings.take_up(id);
        let early = early.into_iter().map(Heard::from).collect();
        let now = report.at;
        self.reported(carrier, early, now);
        About::Open
    }
}

impl Switchboard {
    /// A message as it was when its carrier had taken it, from what was kept.
    pub(super) fn recalled(&self, kept: Kept, carrier: CarrierId) -> Option<Entry> {
        let Record::Accepted(accepted) = kept.record() else {
            return None;
        };
        let mut entry = self.kept_entry(&accepted, Stage::Taken(carrier))?;
        entry.has_room = false;
        Some(entry)
    }

    /// A message from what was kept of it. The connection that has submitted it is gone.
    pub(super) fn kept_entry(&self, accepted: &Accepted<'_>, stage: Stage) -> Option<Entry> {
        let Accepted {
            id,
            shown,
            account,
            ack,
            until,
            alphabet,
            pdu,
            written_source,
            ..
        } = *accepted;
        let content = Content::kept(pdu, alphabet, written_source)?;
        let desk = self.roster.desk(account);
        let multi = (shown != id).then(|| Arc::new(Multi::answered_before(shown)));
        let mut entry = Entry {
            answered: true,
            ..Entry::new(Opened {
                seat: desk.gone(account),
                content,
                ack,
                stage,
                until,
                via: Via::default(),
            })
        };
        if multi.is_some() {
            entry.ties_mut().multi = multi;
        }
        Some(entry)
    }
}
