//! An ESME asks where a message stands, takes it back, or writes it anew, as long as no carrier has
//! it.

use super::ledger::{Entry, Hand, Stage};
use super::switchboard::Clerk;
use super::tell::Telling;
use crate::esme::Standing;
use crate::journal::Record;
use crate::message::{AccountId, CarrierId, Content, MessageId};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use bytes::BytesMut;
use smallvec::{SmallVec, smallvec};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::{
    Address, CancelSm, DESTINATIONS_MAX, HEADER_LEN, ReplaceSm, Sm, Tlvs, check_submit,
};
use smppgate_codec::receipt::State;
use smppgate_codec::wire::PduWriter;
use std::time::Duration;

/// Messages under way that may be searched through for a sender and a recipient at any time; where
/// there are more, one connection may do so once in [`SEARCH_PAUSE`].
const SEARCHED_FREELY: usize = 10_000;

/// See [`SEARCHED_FREELY`].
const SEARCH_PAUSE: Duration = Duration::from_secs(1);

impl Clerk {
    /// Where the message of this id stands; of several under one id, the first that is under way,
    /// else the first that is remembered.
    pub(super) fn standing(
        &mut self,
        account: AccountId,
        id: MessageId,
        source: &[u8],
    ) -> Option<Standing> {
        let source = NumberMark::of(source);
        let mut hand = self.board.ledger.hand();
        for each in known_by(&mut hand, id) {
            if hand
                .entry(each)
                .is_some_and(|entry| is_of(entry, account, source))
            {
                return Some(Standing {
                    state: State::EnRoute,
                    ended: None,
                    error: 0,
                });
            }
        }
        drop(hand);
        let remembered = self.board.remembered.lock();
        let memory = id.following(DESTINATIONS_MAX).find_map(|each| {
            remembered.find(each).filter(|memory| {
                memory.shown == id && memory.account == account && memory.source == source
            })
        })?;
        Some(Standing {
            state: memory.state,
            ended: memory.ended,
            error: memory.error,
        })
    }

    /// Takes back one message, all under one id, or all between two numbers: those that no carrier
    /// has been sent. They come to their end as deleted.
    pub(super) fn cancelled(
        &mut self,
        account: AccountId,
        id: Option<MessageId>,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Result<(), Status> {
        let board = self.board.clone();
        if board.has_failed() {
            return Err(Status::ESME_RSYSERR);
        }
        let found = match id {
            Some(id) => {
                let mut hand = board.ledger.hand();
                known_by(&mut hand, id).into_vec()
            }
            None => self.between(account, cancel, now)?,
        };
        let source = NumberMark::of(cancel.source.digits);
        let destination = cancel.destination.digits;
        let destination = (!destination.is_empty()).then(|| NumberMark::of(destination));
        let mut telling = Telling::default();
        let mut gone: Vec<MessageId> = Vec::new();
        let mut queued: SmallVec<[(CarrierId, Vec<MessageId>); 2]> = SmallVec::new();
        let mut hand = board.ledger.hand();
        for id in found {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            let to = NumberMark::of(entry.content.destination().digits);
            if !is_of(entry, account, source) || destination.is_some_and(|wanted| wanted != to) {
                continue;
            }
            match entry.stage {
                Stage::Parked => {
                    if let Some(entry) = hand.remove(id) {
                        telling.end(id, entry, State::Deleted, 0, None, now);
                        gone.push(id);
                    }
                }
                Stage::With(carrier) => match queued.iter_mut().find(|(at, _)| *at == carrier) {
                    Some((_, ids)) => ids.push(id),
                    None => queued.push((carrier, vec![id])),
                },
                Stage::Held(_) | Stage::Taken(_) => {}
            }
        }
        drop(hand);
        for (carrier, ids) in queued {
            let Some(slot) = self.carriers.table().slot(carrier) else {
                continue;
            };
            // Whoever takes a message out of the queue first has it: this, or a bind that sends it.
            let withdrawn = slot.queue.withdraw(&ids);
            let mut hand = board.ledger.hand();
            for id in withdrawn {
                if let Some(entry) = hand.remove(id) {
                    telling.end(id, entry, State::Deleted, 0, None, now);
                    gone.push(id);
                }
            }
        }
        if gone.is_empty() {
            return Err(Status::ESME_RCANCELFAIL);
        }
        let records: SmallVec<[Record<'_>; 4]> = gone
            .iter()
            .map(|id| Record::Cancelled { id: *id, at: now })
            .collect();
        let _ = self.journal(&records, super::after::After::Nothing);
        board.counters.cancelled.add(gone.len());
        self.tell(telling);
        Ok(())
    }

    /// The messages under way of this account between these two numbers. All of the ledger is
    /// looked through for them.
    fn between(
        &mut self,
        account: AccountId,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Result<Vec<MessageId>, Status> {
        if cancel.destination.digits.is_empty() {
            return Err(Status::ESME_RINVDSTADR);
        }
        if self.board.ledger.len() > SEARCHED_FREELY {
            if now < self.searched + SEARCH_PAUSE {
                return Err(Status::ESME_RTHROTTLED);
            }
            self.searched = now;
        }
        let is_between = |entry: &Entry| {
            let content = &entry.content;
            entry.account == account
                && same(content.written_source(), cancel.source)
                && same(content.destination(), cancel.destination)
                && (cancel.service_type.is_empty() || content.service_type() == cancel.service_type)
        };
        Ok(self.board.ledger.find(is_between))
    }

    /// Writes a message anew where no carrier has been sent it: its text, its times if new ones
    /// are given, and which receipts are wanted. What it is not given stays as it was.
    pub(super) fn replaced(
        &mut self,
        account: AccountId,
        id: MessageId,
        replace: &ReplaceSm<'_>,
    ) -> Result<(), Status> {
        let board = self.board.clone();
        if board.has_failed() {
            return Err(Status::ESME_RSYSERR);
        }
        let source = NumberMark::of(replace.source.digits);
        let carriers = self.carriers.table().clone();
        let mut replaced: Vec<(MessageId, Content)> = Vec::new();
        let mut hand = board.ledger.hand();
        for id in known_by(&mut hand, id) {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            if !is_of(entry, account, source) {
                continue;
            }
            let content = anew(&entry.content, replace)?;
            let is_swapped = match entry.stage {
                Stage::Parked => true,
                Stage::With(carrier) => carriers
                    .slot(carrier)
                    .is_some_and(|slot| slot.queue.swap(id, &content)),
                Stage::Held(_) | Stage::Taken(_) => false,
            };
            if is_swapped {
                let (before, after) = (entry.content.places(), content.places());
                if entry.has_room {
                    let desk = board.roster.desk(account);
                    desk.open_anyway(after);
                    desk.close(before);
                }
                entry.content = content.clone();
                board.ledger.resize(&entry.seat, before, after);
                replaced.push((id, content));
            }
        }
        drop(hand);
        if replaced.is_empty() {
            return Err(Status::ESME_RREPLACEFAIL);
        }
        let records: SmallVec<[Record<'_>; 1]> = replaced
            .iter()
            .map(|(id, content)| Record::Replaced {
                id: *id,
                pdu: content.pdu(),
            })
            .collect();
        let _ = self.journal(&records, super::after::After::Nothing);
        board.counters.replaced.add(replaced.len());
        Ok(())
    }
}

/// The messages under way that are shown under this id: one, or the destinations of a submit_multi.
fn known_by(hand: &mut Hand<'_>, id: MessageId) -> SmallVec<[MessageId; 1]> {
    if hand.entry(id).is_some_and(|entry| entry.multi.is_none()) {
        return smallvec![id];
    }
    // The first of several may have come to its end before the others.
    id.following(DESTINATIONS_MAX)
        .filter(|each| {
            let entry = hand.entry(*each);
            entry.is_some_and(|entry| entry.shown(*each) == id)
        })
        .collect()
}

/// Whether this message was accepted from this account and source. One whose submission is not
/// answered yet has no id that its sender could know.
fn is_of(entry: &Entry, account: AccountId, source: NumberMark) -> bool {
    entry.account == account
        && entry.answered
        && NumberMark::of(entry.content.written_source().digits) == source
}

fn same(one: Address<'_>, other: Address<'_>) -> bool {
    NumberMark::of(one.digits) == NumberMark::of(other.digits)
}

/// The message as replace_sm wants it. It has neither data_coding nor optional parameters: those of
/// the message stay, except for a text in message_payload, which the new one takes the place of.
fn anew(content: &Content, replace: &ReplaceSm<'_>) -> Result<Content, Status> {
    const FAILED: Status = Status::ESME_RREPLACEFAIL;
    if content.command() != Command::SUBMIT_SM {
        return Err(FAILED);
    }
    let frame = frame::next(content.pdu(), frame::LENGTH_MAX)
        .ok()
        .flatten()
        .ok_or(FAILED)?;
    let before = Sm::decode(&frame).map_err(|_| FAILED)?;
    let mut tlvs = Vec::new();
    before
        .tlvs
        .iter()
        .filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD)
        .for_each(|tlv| tlv.put(&mut tlvs));
    let unless_empty = |new, old| if <[u8]>::is_empty(new) { old } else { new };
    let sm = Sm {
        schedule_delivery_time: unless_empty(
            replace.schedule_delivery_time,
            before.schedule_delivery_time,
        ),
        validity_period: unless_empty(replace.validity_period, before.validity_period),
        registered_delivery: replace.registered_delivery,
        sm_default_msg_id: replace.sm_default_msg_id,
        short_message: replace.short_message,
        tlvs: Tlvs::new(&tlvs),
        ..before
    };
    check_submit(&sm)?;
    let mut octets = BytesMut::with_capacity(HEADER_LEN + content.pdu().len());
    let sequence = frame.header.sequence;
    let mut writer = PduWriter::begin(&mut octets, Command::SUBMIT_SM, Status::ESME_ROK, sequence);
    sm.put(writer.body());
    drop(writer);
    let frame = frame::next(&octets, frame::LENGTH_MAX)
        .ok()
        .flatten()
        .ok_or(FAILED)?;
    let sm = Sm::decode(&frame).map_err(|_| FAILED)?;
    Ok(Content::of_sm(&frame, &sm).in_place_of(content))
}
