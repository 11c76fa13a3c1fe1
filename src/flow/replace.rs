//! An ESME writes a message anew, as long as no carrier has been sent it.

use super::after::{After, Request};
use super::anew::Anew;
use super::ledger::Stage;
use super::manage::{is_of, known_by};
use super::switchboard::Clerk;
use crate::esme::{Seat, is_too_long};
use crate::journal::Record;
use crate::message::{AccountId, AckMode, Content, MessageId, Times};
use crate::moment::Moment;
use crate::receipt::NumberMark;
use bytes::BytesMut;
use smallvec::SmallVec;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::{HEADER_LEN, ReplaceSm, Sm, Tlvs, check_submit};
use smppgate_codec::time::Stamp;
use smppgate_codec::wire::PduWriter;
use std::sync::Arc;

impl Clerk {
    /// Writes a message anew where no carrier has been sent it: its text, its times if new ones
    /// are given, and which receipts are wanted. What it is not given stays as it was. It leaves
    /// as it is to be once that is durable, and as it was if that is too late. `None` says that
    /// the answer comes later.
    pub(super) fn replaced(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: MessageId,
        replace: &ReplaceSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>> {
        let contents = match self.as_wanted(seat, id, replace, now) {
            Ok(contents) => contents,
            Err(status) => return Some(Err(status)),
        };
        // The records borrow from the contents, which move on behind them.
        let shared: SmallVec<[Anew; 1]> = contents.iter().cloned().collect();
        let records: SmallVec<[Record<'_>; 1]> = shared
            .iter()
            .map(|anew| anew.record(seat.account))
            .collect();
        let request = Request {
            seat: seat.clone(),
            command: Command::REPLACE_SM,
            sequence,
            at: now,
        };
        self.carried_out(&records, After::Replaced { request, contents })
    }

    /// The messages under this id as they are to be.
    fn as_wanted(
        &mut self,
        seat: &Seat,
        id: MessageId,
        replace: &ReplaceSm<'_>,
        now: Moment,
    ) -> Result<Vec<Anew>, Status> {
        let board = self.board.clone();
        if board.has_failed() {
            return Err(Status::ESME_RSYSERR);
        }
        let account = self.accounts.table().account(seat.account);
        let account = account.cloned().ok_or(Status::ESME_RSYSERR)?;
        let source = NumberMark::of(replace.source.digits);
        let mut contents = Vec::new();
        let mut hand = board.ledger.hand();
        for id in known_by(&mut hand, id) {
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            let may_wait = matches!(
                entry.stage,
                Stage::Parked | Stage::Resting | Stage::Behind | Stage::With(_)
            ) && entry.together().is_none()
                && !entry.is_in_doubt();
            if !is_of(entry, seat.account, source) || !may_wait {
                continue;
            }
            let content = anew(&entry.content, replace, now)?;
            if is_too_long(&account, &content) {
                return Err(Status::ESME_RINVMSGLEN);
            }
            let (validity, most) = (account.validity, account.max_validity);
            let times = Times::of(&content, id.accepted(), validity, most)?;
            contents.push(Anew {
                id,
                shown: entry.shown(id),
                ack: entry.ack,
                content,
                times,
            });
        }
        match contents.is_empty() {
            true => Err(Status::ESME_RREPLACEFAIL),
            false => Ok(contents),
        }
    }

    /// It is durable how these are to be: those that still wait leave like that.
    pub(super) fn written_anew(&mut self, contents: Vec<Anew>, now: Moment) -> Result<(), Status> {
        let board = self.board.clone();
        let carriers = self.carriers.table().clone();
        let mut count = 0;
        let mut left: Vec<(AccountId, Anew)> = Vec::new();
        let mut noted: SmallVec<[(Moment, MessageId); 1]> = SmallVec::new();
        let mut hand = board.ledger.hand();
        for anew in contents {
            let Anew {
                id, content, times, ..
            } = anew.clone();
            let Some(entry) = hand.entry(id) else {
                continue;
            };
            let is_swapped = match entry.stage {
                _ if entry.together().is_some() => false,
                Stage::Parked | Stage::Resting | Stage::Behind => {
                    if entry.ack == AckMode::Stored && times.due > now {
                        // It takes its turn when its time has come.
                        entry.stage = Stage::Resting;
                        entry.give_up_turn();
                    }
                    match entry.stage {
                        Stage::Resting => noted.push((times.due.max(now), id)),
                        // It stands there with the time that it had.
                        Stage::Parked if times.until < entry.until => {
                            noted.push((times.until, id));
                        }
                        _ => {}
                    }
                    true
                }
                Stage::With(carrier) => carriers.slot(carrier).is_some_and(|slot| {
                    slot.queue.swap(entry.account(), id, &content, times.until)
                }),
                Stage::Cancelling(_) | Stage::Held(_) | Stage::Taken(_) => false,
            };
            if !is_swapped {
                let as_it_was = Anew {
                    content: entry.content.clone(),
                    times: Times {
                        due: Moment::default(),
                        until: entry.until,
                    },
                    ..anew
                };
                left.push((entry.account(), as_it_was));
                continue;
            }
            let (before, after) = (entry.content.places(), content.places());
            if entry.has_room {
                let desk = board.roster.desk(entry.account());
                desk.open_anyway(after);
                desk.close(before);
            }
            entry.content = content;
            entry.until = times.until;
            if let Some(turn) = entry.turn() {
                board.ordered.renew(turn, times.until);
            }
            board.ledger.resize(&entry.seat, before, after);
            count += 1;
        }
        drop(hand);
        let mut agenda = board.agenda.lock();
        noted.into_iter().for_each(|(due, id)| agenda.note(due, id));
        drop(agenda);
        self.next_in_order();
        // What has left as it was is to be known as it was.
        let records: SmallVec<[Record<'_>; 1]> = left
            .iter()
            .map(|(account, anew)| anew.record(*account))
            .collect();
        if !records.is_empty() {
            let _ = self.journal(&records, After::Nothing);
        }
        board.counters.replaced.add(count);
        match count {
            0 => Err(Status::ESME_RREPLACEFAIL),
            _ => Ok(()),
        }
    }
}

/// A time that its sender counts from now, as the point in time that is meant.
fn from_now(field: &[u8], now: Moment) -> Vec<u8> {
    let now = i64::try_from(now.millis() / 1_000).unwrap_or(i64::MAX);
    match Stamp::parse(field) {
        Ok(Some(stamp @ Stamp::Relative(_))) => Stamp::Absolute {
            unix: stamp.resolve(now),
            tenths: 0,
            quarters: 0,
        }
        .octets()
        .to_vec(),
        _ => field.to_vec(),
    }
}

/// The message as replace_sm wants it. It has neither data_coding nor optional parameters: those of
/// the message stay, except for a text in message_payload, which the new one takes the place of.
fn anew(content: &Content, replace: &ReplaceSm<'_>, now: Moment) -> Result<Content, Status> {
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
    let schedule = from_now(replace.schedule_delivery_time, now);
    let validity = from_now(replace.validity_period, now);
    let unless_empty = |new, old| if <[u8]>::is_empty(new) { old } else { new };
    let sm = Sm {
        schedule_delivery_time: unless_empty(&schedule[..], before.schedule_delivery_time),
        validity_period: unless_empty(&validity[..], before.validity_period),
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

#[cfg(test)]
mod tests {
    use super::super::ledger::{Entry, Opened};
    use super::super::switchboard::Switchboard;
    use super::super::via::Via;
    use super::*;
    use crate::esme::Roster;
    use crate::journal::Memory;
    use crate::message::{CarrierId, IdSource};
    use crate::receipt::Marks;
    use smppgate_codec::pdu::{Address, Pdu};
    use std::time::Duration;

    const ACME: AccountId = AccountId(1);
    const NORTH: CarrierId = CarrierId(0);
    const MINUTE: Duration = Duration::from_secs(60);

    fn content() -> Content {
        let mut octets = BytesMut::new();
        let sm = Sm {
            destination: Address::new(1, 1, b"33612345678"),
            ..Sm::default()
        };
        Pdu::SubmitSm(sm).encode(&mut octets, Status::ESME_ROK, 1);
        let frame = frame::next(&octets, frame::LENGTH_MAX).unwrap().unwrap();
        Content::of_sm(&frame, &Sm::decode(&frame).unwrap())
    }

    /// How long after its time is over a message is still there, if it waits for a bind, and is given
    /// less time than it had once it has waited for so long.
    fn too_late(waited: Duration, less: Duration) -> Duration {
        let journal = Memory::new(Arc::default(), Box::new(drop));
        let board = Arc::new(Switchboard::new(
            Arc::new(IdSource::new(1, 0)),
            Marks::default(),
            [0; 32],
            Arc::new(Roster::default()),
            Box::new(journal),
        ));
        let begun = Moment(1_798_137_000_000_000);
        let id = board.ids().take(1, begun).next().unwrap();
        let until = begun + 60 * MINUTE;
        let entry = Entry::new(Opened {
            seat: Arc::new(Seat::gone(ACME, Arc::default())),
            content: content(),
            ack: AckMode::Stored,
            stage: Stage::Parked,
            until,
            via: Via::from_iter([NORTH]),
        });
        board.ledger.open([(id, entry)]);
        board.parked.lock().push(NORTH, (id, until));
        let mut clerk = board.clerk();
        let over = begun + waited + less;
        // Ten times a second, and once a second, as the house is kept.
        for tenth in 0..1_200 {
            let now = begun + Duration::from_millis(100 * tenth);
            if now == begun + waited {
                let anew = Anew {
                    id,
                    shown: id,
                    ack: AckMode::Stored,
                    content: content(),
                    times: Times {
                        due: Moment(0),
                        until: over,
                    },
                };
                assert_eq!(clerk.written_anew(vec![anew], now), Ok(()));
            }
            clerk.housekeep(now);
            if tenth % 10 == 0 {
                clerk.sweep(tenth as usize / 10, now);
            }
            if board.ledger.is_empty() {
                assert!(now >= over, "it had more time");
                return now.since(over);
            }
        }
        panic!("it did not come to its end");
    }

    #[test]
    fn what_is_given_less_time_comes_to_its_end_within_a_second_of_that() {
        for waited in 0..20 {
            let waited = Duration::from_millis(1_300 * waited);
            for less in [300, 1_000, 7_500, 20_000] {
                let late = too_late(waited, Duration::from_millis(less));
                assert!(late <= Duration::from_secs(1), "{late:?} after {less} ms");
            }
        }
    }
}
