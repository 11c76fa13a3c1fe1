//! What an ESME asks to have sent: read, held to the terms of its account, and let through when it
//! has its turn.

use super::connection::Connection;
use super::held::Request;
use super::intake::Intake;
use super::manage;
use super::multi::Multi;
use super::submission::Submission;
use super::terms::{self, Admitted};
use super::translate;
use crate::message::MessageId;
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::Header;
use std::sync::Arc;

impl<I: Intake> Connection<I> {
    pub(super) fn request(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        if manage::is_about_a_message(command) {
            return self.manage(frame, now, out);
        }
        self.read += 1;
        let Some(bound) = &self.bound else { return };
        // Reading goes on: the peer may ask whether we are there.
        if bound.unanswered.is_full() {
            return self.refuse(frame, Status::ESME_RTHROTTLED, out);
        }
        if command == Command::SUBMIT_MULTI {
            return self.multi(frame, now, out);
        }
        let account = &bound.account;
        let admitted = translate::submission(frame, &mut self.oddities)
            .and_then(|content| terms::held_to(account, content));
        match admitted {
            Ok(Admitted { content, segments }) => {
                let submission = Submission {
                    content,
                    id: MessageId(0),
                    ordinal: 0,
                    sequence,
                    multi: None,
                };
                match account.is_counted() || !bound.held.is_empty() {
                    true => self.counted.push((segments, Request::One(submission))),
                    false => self.batch.push(submission),
                }
            }
            Err(status) => self.refuse(frame, status, out),
        }
    }

    /// Answers a request here: it was handed up, and no message was made of it.
    fn refuse(&mut self, frame: &Frame<'_>, status: Status, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        let response = command.response().unwrap_or(Command::GENERIC_NACK);
        Header::bare(response, status, sequence).put(out);
        self.machine.answered(1);
    }

    /// What was submitted before is handed up first: it may be about that.
    fn manage(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        // If too many answers are unread, the end of this batch finds that as well.
        let _ = self.hand_up(now, out);
        let Some(bound) = &mut self.bound else { return };
        let account = (&bound.seat, &*bound.account);
        if manage::answer(&mut self.intake, account, frame, now, out) {
            self.machine.answered(1);
        }
    }

    /// A submit_multi becomes a message for each destination; they share one answer.
    fn multi(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        let Some(bound) = &self.bound else { return };
        let (written, mut refused) = match translate::submissions(frame, &mut self.oddities) {
            Ok(both) => both,
            Err(status) => return self.refuse(frame, status, out),
        };
        self.read += written.len();
        let (mut contents, mut count) = (Vec::with_capacity(written.len()), 0);
        for content in written {
            let destination = content.destination();
            match terms::held_to(&bound.account, content.clone()) {
                Ok(Admitted { content, segments }) => {
                    contents.push(content);
                    count += segments;
                }
                Err(Status::ESME_RINVDSTADR) => {
                    refused.refuse(destination, Status::ESME_RINVDSTADR);
                }
                // What is wrong with the source or the text is wrong for all of them.
                Err(status) => return self.refuse(frame, status, out),
            }
        }
        if contents.is_empty() {
            return self.refuse(frame, refused.status(), out);
        }
        let is_held = bound.account.is_counted() || !bound.held.is_empty();
        let request = Request::Multi {
            contents,
            refused,
            sequence: frame.header.sequence,
        };
        match is_held {
            true => self.counted.push((count, request)),
            false => self.take_in(request, now),
        }
    }

    /// What has its turn joins the batch.
    fn take_in(&mut self, request: Request, now: Moment) {
        let (contents, refused, sequence) = match request {
            Request::One(submission) => return self.batch.push(submission),
            Request::Multi {
                contents,
                refused,
                sequence,
            } => (contents, refused, sequence),
        };
        let Some(bound) = &mut self.bound else { return };
        let count = contents.len();
        let mut multi: Option<Arc<Multi>> = None;
        let mut refused = Some(refused);
        for (content, id) in contents.into_iter().zip(self.intake.ids(count, now)) {
            let ordinal = bound.unanswered.begin(id, now);
            let multi = multi.get_or_insert_with(|| {
                let refused = refused.take().unwrap_or_default();
                Arc::new(Multi::new(id, ordinal, sequence, count, refused))
            });
            self.batch.push(Submission {
                content,
                id,
                ordinal,
                sequence,
                multi: Some(multi.clone()),
            });
        }
        bound
            .multis
            .extend(multi.map(|multi| (multi.ordinal, multi)));
    }

    /// Adds to the batch what has its turn: of what came before, and of what has just come. The
    /// rest is held; what cannot have a turn soon is refused, but not at once.
    pub(super) fn let_through(&mut self, now: Moment, out: &mut BytesMut) {
        let Some(bound) = &mut self.bound else { return };
        if bound.held.is_empty() && self.counted.is_empty() {
            return;
        }
        let mut through = Vec::new();
        bound.held.take_turns(now, &mut through);
        if !self.counted.is_empty() {
            let quota = bound.account.quota(now);
            let mut allowance = bound.desk.allowance();
            for (segments, request) in self.counted.drain(..) {
                let has_room = bound.held.has_room();
                let turn = has_room.then(|| allowance.turn(quota, segments, now));
                match turn.flatten() {
                    Some(turn) if turn <= now => through.push(request),
                    Some(turn) => bound.held.keep(turn, request),
                    None => bound.held.refuse(&request, now),
                }
            }
        }
        let mut refused = 0;
        while let Some((command, sequence)) = bound.held.take_refused(now) {
            let response = command.response().unwrap_or(Command::GENERIC_NACK);
            Header::bare(response, Status::ESME_RTHROTTLED, sequence).put(out);
            refused += 1;
        }
        if refused > 0 {
            // Counted on both sides, or these would stand for responses that receipts wait for.
            bound.seat.promises.make(refused);
            bound.unread.appended(refused, out.len());
            self.machine.answered(refused);
            self.intake.throttled(refused);
        }
        for request in through {
            self.take_in(request, now);
        }
    }
}
