//! One submit_multi: each of its destinations is a message of its own, and all share one answer.

use crate::message::{IdForm, MessageId};
use bytes::BytesMut;
use parking_lot::Mutex;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Address, Header, SubmitMultiResp, Tlvs, Unsuccess, UnsuccessList};
use smppgate_codec::wire::PduWriter;
use std::sync::atomic::{AtomicU64, Ordering};

/// The messages of one submit_multi, while they wait for their answer and as long as one is under
/// way.
#[derive(Debug)]
pub struct Multi {
    /// The id that all of them are shown under: that of the first. Their own ones follow it.
    pub id: MessageId,
    /// The number of the first among the messages of its connection; those of the others follow.
    pub ordinal: u64,
    /// The sequence_number of the submit_multi.
    pub sequence: u32,
    /// How many messages it became.
    pub count: usize,
    verdicts: Mutex<Verdicts>,
    /// Responses that the connection was to have written when it wrote this one.
    answered: AtomicU64,
}

/// What has been decided about the destinations.
#[derive(Debug, Default)]
pub struct Verdicts {
    open: usize,
    accepted: usize,
    /// The unsuccess_sme of those that were refused.
    refused: Vec<u8>,
    first_refusal: Option<Status>,
}

impl Verdicts {
    /// A destination is refused.
    pub fn refuse(&mut self, destination: Address<'_>, status: Status) {
        Unsuccess {
            destination,
            status,
        }
        .put(&mut self.refused);
        self.first_refusal.get_or_insert(status);
    }

    /// What the whole is answered with: status 0 if any destination was accepted, else the status
    /// of the first that was refused.
    pub fn status(&self) -> Status {
        match self.first_refusal {
            Some(status) if self.accepted == 0 => status,
            _ => Status::ESME_ROK,
        }
    }
}

impl Multi {
    /// A submit_multi that became so many messages; `refused` holds the destinations that became
    /// none.
    pub fn new(
        id: MessageId,
        ordinal: u64,
        sequence: u32,
        count: usize,
        refused: Verdicts,
    ) -> Self {
        Self {
            id,
            ordinal,
            sequence,
            count,
            verdicts: Mutex::new(Verdicts {
                open: count,
                ..refused
            }),
            answered: AtomicU64::new(u64::MAX),
        }
    }

    /// One that was answered by another run of this process.
    pub fn answered_before(id: MessageId) -> Self {
        let multi = Self::new(id, 0, 0, 0, Verdicts::default());
        multi.answered_behind(0);
        multi
    }

    /// The verdict about one of its messages; with the last one comes what the whole is answered.
    pub fn settle(&self, destination: Address<'_>, status: Status) -> Option<Status> {
        let mut verdicts = self.verdicts.lock();
        if status.is_ok() {
            verdicts.accepted += 1;
        } else {
            verdicts.refuse(destination, status);
        }
        verdicts.open = verdicts.open.saturating_sub(1);
        (verdicts.open == 0).then(|| verdicts.status())
    }

    /// Appends the answer, once: with status 0 the id and those that were refused, else only the
    /// status. Those that were refused are forgotten with it, since what was accepted may stay for
    /// days and is counted as its messages alone.
    pub fn put(&self, status: Status, form: IdForm, out: &mut BytesMut) {
        let refused = std::mem::take(&mut self.verdicts.lock().refused);
        let response = Command::SUBMIT_MULTI_RESP;
        if !status.is_ok() {
            return Header::bare(response, status, self.sequence).put(out);
        }
        let id = self.id.text(form);
        let mut writer = PduWriter::begin(out, response, status, self.sequence);
        SubmitMultiResp {
            message_id: id.as_bytes(),
            unsuccess: UnsuccessList::new(&refused).unwrap_or_default(),
            tlvs: Tlvs::default(),
        }
        .put(writer.body());
    }

    /// The answer is in the output of its connection: it has left when so many responses have.
    pub fn answered_behind(&self, responses: u64) {
        self.answered.store(responses, Ordering::Release);
    }

    /// How many responses its connection must have written so that the answer is among them.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smppgate_codec::frame;

    fn to(digits: &[u8]) -> Address<'_> {
        Address::new(1, 1, digits)
    }

    fn multi(count: usize, refused: Verdicts) -> Multi {
        Multi::new(MessageId(64), 0, 1, count, refused)
    }

    #[test]
    fn the_last_verdict_brings_the_answer() {
        let mut lists = Verdicts::default();
        lists.refuse(to(b"friends"), Status::ESME_RINVDLNAME);
        let multi = multi(3, lists);
        assert_eq!(multi.settle(to(b"1"), Status::ESME_ROK), None);
        assert_eq!(multi.settle(to(b"2"), Status::ESME_RINVDSTADR), None);
        let answer = multi.settle(to(b"3"), Status::ESME_ROK);
        assert_eq!(answer, Some(Status::ESME_ROK));
        let mut out = BytesMut::new();
        multi.put(Status::ESME_ROK, IdForm::Decimal, &mut out);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let answer = SubmitMultiResp::decode(&frame).unwrap();
        assert_eq!(answer.message_id, b"64");
        let refused: Vec<_> = answer
            .unsuccess
            .iter()
            .map(|one| (one.destination.digits, one.status))
            .collect();
        assert_eq!(
            refused,
            [
                (&b"friends"[..], Status::ESME_RINVDLNAME),
                (&b"2"[..], Status::ESME_RINVDSTADR)
            ]
        );
        assert_eq!(multi.verdicts.lock().refused.capacity(), 0, "it is kept");
    }

    #[test]
    fn if_all_are_refused_the_first_status_is_the_answer() {
        let multi = multi(2, Verdicts::default());
        assert_eq!(multi.settle(to(b"1"), Status::ESME_RMSGQFUL), None);
        let answer = multi.settle(to(b"2"), Status::ESME_RINVDSTADR);
        assert_eq!(answer, Some(Status::ESME_RMSGQFUL));
    }
}
