//! What leaves on one connection to a carrier: as much of its queue as window and rates allow.

use super::begun::Begun;
use super::connection::Connection;
use super::intake::Intake;
use super::outcome::{Outcome, Verdict};
use super::parts::Token;
use super::queue::Drawn;
use super::row::{Company, Note, Waiting};
use super::{rewrite, translate};
use crate::link::WRITE_HIGH;
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::code::Status;
use smppgate_codec::wire::PduWriter;

impl<I: Intake> Connection<I> {
    /// Sends as much of the queue as window and rate allow.
    pub(super) fn send(&mut self, now: Moment, out: &mut BytesMut) {
        if !self.joined {
            return;
        }
        self.noting.settle(self.line.settled());
        // Room is said before the queue is looked at: whoever adds to it in between sees one or
        // the other.
        self.say_room();
        self.pace_at = Moment::NEVER;
        self.clogged = out.len() > WRITE_HIGH;
        let mut is_paced = false;
        while !self.clogged
            && self.send_parts(now, out)
            && self.send_settled(now, out)
            && !self.leaving
            && !is_paced
            && self.room() > 0
            && !self.has_nobody_beside()
        {
            let mut drawn = std::mem::take(&mut self.drawn);
            let Drawn { ready_at, share } =
                self.queue
                    .draw(self.room(), self.is_idle(), now, &mut drawn);
            let suspect = drawn.iter().find(|waiting| waiting.company != Company::Any);
            if let Some(suspect) = suspect {
                self.suspect = Some((suspect.id, suspect.company));
            }
            self.loan.take(share, drawn.len());
            self.pace_at = ready_at.unwrap_or(Moment::NEVER);
            is_paced = ready_at.is_some();
            let is_empty = drawn.is_empty();
            self.send_drawn(&mut drawn, now, out);
            self.drawn = drawn;
            self.say_room();
            self.clogged = out.len() > WRITE_HIGH;
            if is_empty {
                break;
            }
        }
        self.clogged = out.len() > WRITE_HIGH;
        if !self.sent.is_empty() {
            self.intake.sent(self.carrier, &self.sent, now);
            self.sent.clear();
        }
        self.hand_outcomes(now);
        // Whoever added to the queue may have counted on room that is taken by now, and what was put
        // back is for others to carry.
        if self.room() == 0 || self.clogged || self.parts.unsent() > 0 {
            self.queue.nudge();
        }
        self.leave_when_whole(now, out);
    }

    /// Whether the message that is in flight travels alone.
    fn has_nobody_beside(&self) -> bool {
        matches!(self.suspect, Some((_, Company::Nobody)))
    }

    /// Whether nothing is in flight of which it is not said that its outcome is unknown.
    fn is_idle(&self) -> bool {
        self.machine.in_flight() <= self.overdue && self.noting.len() == 0
    }

    /// Gives back what was drawn and could not be sent.
    fn put_back(&mut self, unsent: Vec<Waiting>) {
        if let Some((suspect, _)) = self.suspect
            && unsent.iter().any(|waiting| waiting.id == suspect)
        {
            self.suspect = None;
        }
        self.queue.put_back(unsent);
    }

    /// Messages that may be drawn now: free slots of the window that nobody waits with.
    fn room(&self) -> usize {
        self.machine.room().saturating_sub(self.noting.len())
    }

    /// Sends what was drawn, and hands over to be noted what does not leave before that. What there
    /// is no room for goes back.
    fn send_drawn(&mut self, drawn: &mut Vec<Waiting>, now: Moment, out: &mut BytesMut) {
        let mut unused = 0;
        let mut to_note = Vec::new();
        let mut drawing = drawn.drain(..);
        while let Some(waiting) = drawing.next() {
            if self.noting.holds_up(&waiting) {
                self.noting.begin(waiting.account);
                to_note.push(waiting);
                continue;
            }
            match self.put(waiting, now, out) {
                Put::Sent => continue,
                Put::Unfit => {
                    unused += 1;
                    continue;
                }
                Put::InParts => {}
                Put::NoRoom(waiting) => {
                    let unsent: Vec<_> = std::iter::once(waiting).chain(drawing.by_ref()).collect();
                    unused += unsent.len();
                    self.put_back(unsent);
                    break;
                }
            }
            // The turn that it was drawn with is that of its first part.
            if !(self.send_part(now, out) && self.send_parts(now, out)) {
                // Nothing else leaves on this bind between the parts of a message.
                let unsent: Vec<_> = drawing.by_ref().collect();
                unused += unsent.len();
                self.put_back(unsent);
                break;
            }
        }
        drop(drawing);
        self.loan.give_back(unused);
        if !to_note.is_empty() {
            let settled = self.intake.attempt(self.carrier, &self.line, to_note, now);
            self.noting.settle(settled);
        }
    }

    /// Sends what has waited to be noted. Whether nothing is left of it.
    fn send_settled(&mut self, now: Moment, out: &mut BytesMut) -> bool {
        while let Some(waiting) = self.noting.next() {
            if waiting.note == Note::Failed {
                // It stays where it is until a restart: nobody would know that it has left.
                self.loan.give_back(1);
                continue;
            }
            match self.put(waiting, now, out) {
                Put::Sent => {}
                Put::Unfit => self.loan.give_back(1),
                Put::InParts => {
                    if !(self.send_part(now, out) && self.send_parts(now, out)) {
                        return false;
                    }
                }
                Put::NoRoom(waiting) => {
                    self.noting.put_back(waiting);
                    return false;
                }
            }
        }
        true
    }

    /// Writes one message, or says why it does not leave as one PDU.
    fn put(&mut self, mut waiting: Waiting, now: Moment, out: &mut BytesMut) -> Put {
        if self.room() == 0 {
            return Put::NoRoom(waiting);
        }
        if waiting.begun.is_none() && waiting.until <= now {
            let (id, verdict) = (waiting.id, Verdict::Unfit(Status::ESME_RINVEXPIRY));
            self.outcomes.push(Outcome { id, verdict });
            return Put::Unfit;
        }
        if let Some(begun) = waiting.begun.take() {
            self.parts.begin(waiting, begun);
            self.drop_stale(now);
            return match self.parts.unsent() {
                0 => Put::Unfit,
                _ => Put::InParts,
            };
        }
        let command = rewrite::command(&self.settings, &waiting.content);
        let mut bodies = Vec::new();
        if rewrite::is_needed(&self.settings, &waiting.content) {
            let times = (waiting.id.accepted(), waiting.until);
            self.reference = self.reference.wrapping_add(1);
            let reference = self.reference;
            match rewrite::bodies(&self.settings, &waiting.content, times, now, reference) {
                Ok(rewritten) => bodies = rewritten,
                Err(status) => {
                    self.outcomes.push(Outcome {
                        id: waiting.id,
                        verdict: Verdict::Unfit(status),
                    });
                    return Put::Unfit;
                }
            }
        }
        if bodies.len() > 1 {
            let mut begun = Begun::new(command, bodies, waiting.until);
            begun.is_noted = waiting.note != Note::Beside;
            self.parts.begin(waiting, Box::new(begun));
            return Put::InParts;
        }
        let token = Token {
            id: waiting.id,
            part: None,
        };
        let Some(sequence) = self.machine.request(command, token, now) else {
            return Put::NoRoom(waiting);
        };
        if waiting.note == Note::Beside {
            self.sent.push(waiting.id);
        }
        match bodies.pop() {
            Some(body) => {
                PduWriter::begin(out, command, Status::ESME_ROK, sequence).octets(&body);
            }
            None => translate::put(&self.settings, &waiting.content, sequence, out),
        }
        Put::Sent
    }

    /// Sends what is left of messages that leave in parts. Whether nothing is left of them.
    fn send_parts(&mut self, now: Moment, out: &mut BytesMut) -> bool {
        self.drop_stale(now);
        while self.parts.next().is_some() {
            if self.machine.room() == 0 || out.len() > WRITE_HIGH {
                return false;
            }
            match self.queue.grant_part(now) {
                Ok(share) => self.loan.take(share, 1),
                Err(ready_at) => {
                    self.pace_at = ready_at;
                    return false;
                }
            }
            if !self.send_part(now, out) {
                return false;
            }
        }
        self.parts.unsent() == 0
    }

    /// Parts whose time is over do not leave.
    pub(super) fn drop_stale(&mut self, now: Moment) {
        while let Some((id, verdicts)) = self.parts.stale(now) {
            self.say(id, verdicts);
        }
    }

    /// Sends one part, which has its turn. Whether it could.
    fn send_part(&mut self, now: Moment, out: &mut BytesMut) -> bool {
        let sent = self.parts.next().and_then(|part| {
            let sequence = self.machine.request(part.command, part.token, now)?;
            PduWriter::begin(out, part.command, Status::ESME_ROK, sequence).octets(part.body);
            Some(())
        });
        match sent {
            Some(()) => self.sent.extend(self.parts.sent()),
            None => self.loan.give_back(1),
        }
        sent.is_some()
    }

    /// If it is to unbind: does so, unless that cut a message in two.
    pub(super) fn leave_when_whole(&mut self, now: Moment, out: &mut BytesMut) {
        if self.leaving && self.parts.unsent() == 0 && self.noting.len() == 0 {
            self.machine.unbind(now, out);
        }
    }

    pub(super) fn say_room(&self) {
        let is_shut = self.clogged || self.leaving || self.has_nobody_beside();
        let room = match is_shut || self.parts.unsent() > 0 {
            true => 0,
            false => self.room(),
        };
        let in_flight = self.machine.in_flight() + self.parts.unsent() + self.noting.len();
        self.line.has_room(room, in_flight);
    }
}

/// What has become of a message that was to be written.
enum Put {
    Sent,
    /// It will not be sent, and that is told already.
    Unfit,
    /// It leaves in parts, none of which has left yet.
    InParts,
    /// The window has no room.
    NoRoom(Waiting),
}
