//! What a simulated carrier answers about messages that it has: query_sm, cancel_sm, replace_sm, and
//! submit_multi, which makes several at once.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, DataCoding, MessageState, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{
    Address, CancelSm, Destination, Header, QuerySm, QuerySmResp, ReplaceSm, SubmitMulti,
};
use smppgate_codec::time::absolute;
use smppgate_codec::wire::{DecodeError, PduWriter, put_c_octet_string};

use super::binds::Side;
use super::exchange::Exchange;
use super::id_form::IdText;
use super::messages::End;
use super::report::Receipt;

impl Exchange {
    /// Answers a query_sm, cancel_sm or replace_sm.
    pub(super) fn asked(&mut self, frame: &Frame<'_>, side: &mut Side, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        let status = if side.bound.is_none_or(|bound| !bound.submits) {
            Ok(Status::ESME_RINVBNDSTS)
        } else {
            match command {
                Command::QUERY_SM => match self.query(frame, out) {
                    Ok(None) => return,
                    Ok(Some(status)) => Ok(status),
                    Err(error) => Err(error),
                },
                Command::CANCEL_SM => self.cancel(frame, side, out),
                _ => self.replace(frame),
            }
        };
        let response = Command(command.0 | 0x8000_0000);
        let status = match status {
            Ok(status) => status,
            Err(error) => error.status(),
        };
        self.counts.asked += u64::from(status.is_ok());
        Header::bare(response, status, sequence).put(out);
    }

    /// The number of the message of this id that this source has submitted, or a refusal.
    fn named(&mut self, id: &[u8], source: &Address<'_>, other: Status) -> Result<u64, Status> {
        let form = self.settings.behaviour.response_id;
        let number = form.parse(id).ok_or(Status::ESME_RINVMSGID)?;
        let known = self.memory.find(number).ok_or(Status::ESME_RINVMSGID)?;
        if known.source.is(source) {
            Ok(number)
        } else {
            Err(other)
        }
    }

    /// Answers at once, or says with what error.
    fn query(
        &mut self,
        frame: &Frame<'_>,
        out: &mut BytesMut,
    ) -> Result<Option<Status>, DecodeError> {
        let query = QuerySm::decode(frame)?;
        let number = match self.named(query.message_id, &query.source, Status::ESME_RQUERYFAIL) {
            Ok(number) => number,
            Err(status) => return Ok(Some(status)),
        };
        let now = self.now;
        let Some(known) = self.memory.find(number) else {
            return Ok(Some(Status::ESME_RINVMSGID));
        };
        let state = known.state(now);
        let date = absolute(i64::try_from(known.accepted).unwrap_or(i64::MAX));
        let response = QuerySmResp {
            message_id: query.message_id,
            final_date: if state == MessageState::ENROUTE {
                &[]
            } else {
                &date
            },
            message_state: state,
            error_code: u8::from(state == MessageState::UNDELIVERABLE),
        };
        self.counts.asked += 1;
        let sequence = frame.header.sequence;
        let mut pdu = PduWriter::begin(out, Command::QUERY_SM_RESP, Status::ESME_ROK, sequence);
        response.put(pdu.body());
        Ok(None)
    }

    /// Ends messages that have not come to their end; each that asked for it is reported.
    fn cancel(
        &mut self,
        frame: &Frame<'_>,
        side: &mut Side,
        out: &mut BytesMut,
    ) -> Result<Status, DecodeError> {
        let cancel = CancelSm::decode(frame)?;
        // Without an id, everything between the two addresses is meant (SMPP 3.4 §4.9.1).
        let meant = if cancel.message_id.is_empty() {
            self.memory.between(&cancel.source, &cancel.destination)
        } else {
            match self.named(cancel.message_id, &cancel.source, Status::ESME_RCANCELFAIL) {
                Ok(number) => vec![number],
                Err(status) => return Ok(status),
            }
        };
        let mut cancelled = 0;
        for number in meant {
            cancelled += usize::from(self.cancel_one(number, side, out));
        }
        Ok(match cancelled {
            0 => Status::ESME_RCANCELFAIL,
            _ => Status::ESME_ROK,
        })
    }

    fn cancel_one(&mut self, number: u64, side: &mut Side, out: &mut BytesMut) -> bool {
        let now = self.now;
        let Some(known) = self.memory.find(number) else {
            return false;
        };
        if known.is_cancelled || known.state(now) != MessageState::ENROUTE {
            return false;
        }
        known.is_cancelled = true;
        known.end = (MessageState::DELETED, Some(now));
        let (source, destination) = (known.source.clone(), known.destination.clone());
        let receipt = Receipt {
            id: &[],
            source: source.address(),
            destination: destination.address(),
            registered: known.registered,
            state: MessageState::DELETED,
            submitted: 0,
            done: 0,
            user_message_reference: None,
            coding: DataCoding(0),
            user_data: &[],
        };
        let end = End {
            state: MessageState::DELETED,
            told: MessageState::DELETED,
            after: Duration::ZERO,
        };
        self.report(&receipt, number, end, side, out);
        true
    }

    /// Takes a new text for a message that has not come to its end.
    fn replace(&mut self, frame: &Frame<'_>) -> Result<Status, DecodeError> {
        let replace = ReplaceSm::decode(frame)?;
        let number = self.named(
            replace.message_id,
            &replace.source,
            Status::ESME_RREPLACEFAIL,
        );
        let now = self.now;
        Ok(match number {
            Err(status) => status,
            Ok(number) => match self.memory.find(number) {
                Some(known) if known.state(now) == MessageState::ENROUTE => {
                    known.registered = replace.registered_delivery;
                    Status::ESME_ROK
                }
                _ => Status::ESME_RREPLACEFAIL,
            },
        })
    }

    /// Accepts or refuses each destination of a submit_multi; one id for all that are accepted.
    pub(super) fn multi(&mut self, frame: &Frame<'_>, side: &mut Side, out: &mut BytesMut) {
        let sequence = frame.header.sequence;
        let multi = match SubmitMulti::decode(frame) {
            Ok(multi) => multi,
            Err(error) => return self.nack(error.status(), sequence, out),
        };
        let number = self.next_id;
        let (mut refused, mut count, mut taken) = (BytesMut::new(), 0u8, Vec::new());
        for destination in multi.destinations.iter() {
            self.counts.messages += 1;
            let (address, status) = match destination {
                Destination::Sme(address) => (address, self.verdict(address.digits, side)),
                // It keeps no lists.
                _ => (Address::default(), Status::ESME_RINVDLNAME),
            };
            if status.is_ok() {
                self.counts.accepted += 1;
                taken.push(address);
                continue;
            }
            self.counts.refused += 1;
            count += 1;
            address.put(&mut refused);
            refused.put_u32(status.0);
        }
        self.next_id += u64::from(!taken.is_empty());
        let id = IdText::new(number, self.settings.behaviour.response_id);
        let mut pdu = PduWriter::begin(out, Command::SUBMIT_MULTI_RESP, Status::ESME_ROK, sequence);
        put_c_octet_string(pdu.body(), id.octets());
        pdu.body().put_u8(count);
        pdu.body().put_slice(&refused);
        drop(pdu);
        for (place, address) in taken.into_iter().enumerate() {
            let end = self.end(Duration::ZERO);
            if place == 0 && self.memory.is_kept() {
                self.remember(&multi.source, &address, multi.registered_delivery, end);
            }
            let receipt = Receipt {
                id: &[],
                source: multi.source,
                destination: address,
                registered: multi.registered_delivery,
                state: end.told,
                submitted: 0,
                done: 0,
                user_message_reference: None,
                coding: multi.data_coding,
                user_data: multi.short_message,
            };
            self.report(&receipt, number, end, side, out);
        }
    }
}
