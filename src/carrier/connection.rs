//! One connection to a carrier: a session on one side, the queue and the intake on the other.

use super::account::Carrier;
use super::arrival::{Arrival, Reply};
use super::begun::Begun;
use super::intake::Intake;
use super::line::Line;
use super::maps::Reaction;
use super::outcome::{Outcome, Verdict, Verdicts};
use super::parts::{Parts, Token};
use super::queue::{Drawn, Queue};
use super::row::Waiting;
use super::share::Share;
use super::{rewrite, translate};
use crate::link::frames::{self, Frames};
use crate::link::{Conversation, End, WRITE_HIGH};
use crate::message::{CarrierId, MessageId};
use crate::moment::Moment;
use crate::session::{Lost, Machine, Oddities, Reason, Received, Role, Settings, Tick};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{AlertNotification, Bind, Header, MessageResp};
use smppgate_codec::wire::PduWriter;
use std::sync::Arc;

/// Deliveries of a carrier that may be unanswered before we stop reading it.
const PEER_WINDOW: u32 = 1_000;

/// A connection to a carrier, from its first word to its last.
pub struct Connection<I: Intake> {
    carrier: CarrierId,
    settings: Arc<Carrier>,
    queue: Arc<Queue>,
    intake: I,
    line: Arc<Line>,
    machine: Machine<Token>,
    /// Messages that leave in several PDUs.
    parts: Parts,
    /// The number that the next of them bears.
    reference: u16,
    seen: Moment,
    joined: bool,
    /// It is to unbind as soon as no message is cut in two by that.
    leaving: bool,
    refused: Option<Status>,
    /// When the rate allows the next message.
    pace_at: Moment,
    /// So much is unwritten that nothing more is sent until some of it is.
    clogged: bool,
    /// Kept from one batch to the next for their room.
    outcomes: Vec<Outcome>,
    arrivals: Vec<Arrival>,
    replies: Vec<Reply>,
    drawn: Vec<Waiting>,
    /// What the carriers of the group share, and how much of it our requests take.
    share: Option<Arc<Share>>,
    borrowed: usize,
    /// Answers that were read and not given back yet.
    answered: usize,
    /// What the carrier has done in this batch that is odd.
    oddities: Oddities,
}

impl<I: Intake> Connection<I> {
    /// A connection that has just been made; it binds as soon as it is driven.
    pub fn new(
        carrier: CarrierId,
        settings: Arc<Carrier>,
        queue: Arc<Queue>,
        intake: I,
        line: Arc<Line>,
        now: Moment,
    ) -> Self {
        let session = Settings {
            window: settings.window,
            peer_window: PEER_WINDOW,
            response_timeout: settings.response_timeout,
            enquire_link: settings.enquire_link,
            ..Settings::new(Role::Esme)
        };
        line.ring();
        let reference =
            (now.millis() as u16).wrapping_add((line.number as u16).wrapping_mul(0x9E37));
        Self {
            machine: Machine::new(session, now),
            parts: Parts::default(),
            reference,
            line,
            carrier,
            settings,
            queue,
            intake,
            seen: now,
            joined: false,
            leaving: false,
            refused: None,
            pace_at: Moment::NEVER,
            clogged: false,
            outcomes: Vec::new(),
            arrivals: Vec::new(),
            replies: Vec::new(),
            drawn: Vec::new(),
            share: None,
            borrowed: 0,
            answered: 0,
            oddities: Oddities::default(),
        }
    }

    /// Whether the bind was ever up.
    pub fn was_bound(&self) -> bool {
        self.joined
    }

    /// The status that refused our bind.
    pub fn refused(&self) -> Option<Status> {
        self.refused
    }

    fn outcome(
        &mut self,
        frame: &Frame<'_>,
        token: Token,
        status: Status,
        in_time: bool,
        now: Moment,
    ) {
        let verdict = if frame.header.status.is_ok() && !status.is_ok() {
            // It says that all is well, and is not the response to what was asked: the carrier has
            // the message or has not.
            Verdict::Unknown
        } else if status.is_ok() {
            self.queue.flows(now);
            self.accepted(frame)
        } else {
            let refusal = self.settings.status_map.read(status);
            if refusal.throttles() {
                self.queue.throttle(now);
            }
            match refusal.reaction {
                Some(Reaction::Ok) => self.accepted(frame),
                _ => Verdict::Refused(refusal),
            }
        };
        if !in_time {
            tracing::debug!(carrier = %self.settings.name, message = %token.id, "late answer");
        }
        let Token { id, part } = token;
        match part {
            None => self.outcomes.push(Outcome { id, verdict }),
            Some(part) => {
                let verdicts = self.parts.answered(id, part, verdict, in_time);
                self.say(id, verdicts);
            }
        }
    }

    fn say(&mut self, id: MessageId, verdicts: Verdicts) {
        let outcomes = verdicts.into_iter().map(|verdict| Outcome { id, verdict });
        self.outcomes.extend(outcomes);
    }

    /// The carrier has the message, under the id of the response. What cannot be read is the id,
    /// and only that is lost; some carriers give it in a parameter alone.
    fn accepted(&self, frame: &Frame<'_>) -> Verdict {
        let response = MessageResp::decode(frame).unwrap_or_default();
        let id = match response.message_id {
            [] => response.tlvs.receipted_message_id().unwrap_or_default(),
            id => id,
        };
        Verdict::Accepted(self.settings.message_id.of_response(id))
    }

    /// An alert_notification has no answer, whatever it holds.
    fn notice(&mut self, frame: &Frame<'_>) {
        if self.joined
            && frame.header.command == Command::ALERT_NOTIFICATION
            && let Ok(alert) = AlertNotification::decode(frame)
        {
            let pdu = Arc::from(frame.octets);
            self.intake.alert(self.carrier, alert.esme.digits, pdu);
        }
    }

    /// A response that nothing waits for ends nothing, were there only one that it could mean.
    fn stray(&mut self, header: &Header) {
        if header.command == Command::GENERIC_NACK && self.oddities.stray_responses == 0 {
            let (carrier, status) = (&self.settings.name, header.status);
            tracing::warn!(%carrier, %status, "a generic_nack names nothing that was asked");
        }
        self.oddities.stray_responses += 1;
    }

    fn request(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        let status = match command {
            Command::DELIVER_SM | Command::DATA_SM => {
                match translate::arrival(&self.settings, frame, now, &mut self.oddities) {
                    Ok(parcel) => {
                        return self.arrivals.push(Arrival {
                            sequence,
                            command,
                            parcel,
                        });
                    }
                    Err(error) => {
                        tracing::warn!(carrier = %self.settings.name, %error, "unreadable delivery");
                        error.status()
                    }
                }
            }
            _ => Status::ESME_RINVCMDID,
        };
        reply(
            &[Reply {
                sequence,
                command,
                status,
            }],
            out,
        );
        self.machine.answered(1);
    }

    /// Hands this batch up: outcomes first, since what arrives is about them.
    fn hand_up(&mut self, now: Moment, out: &mut BytesMut) {
        let answered = std::mem::take(&mut self.answered);
        self.repay(answered);
        if !self.oddities.is_empty() {
            self.intake.odd(std::mem::take(&mut self.oddities));
        }
        if !self.outcomes.is_empty() {
            self.intake.outcomes(self.carrier, &mut self.outcomes, now);
        }
        if !self.arrivals.is_empty() {
            let (line, replies) = (&self.line, &mut self.replies);
            self.intake
                .arrivals(self.carrier, line, &mut self.arrivals, now, replies);
            self.machine.answered(replies.len());
            reply(replies, out);
            replies.clear();
        }
    }

    /// Sends as much of the queue as window and rate allow.
    fn send(&mut self, now: Moment, out: &mut BytesMut) {
        if !self.joined {
            return;
        }
        let mut drawn = std::mem::take(&mut self.drawn);
        // Room is said before the queue is looked at: whoever adds to it in between sees one or
        // the other.
        self.say_room();
        self.pace_at = Moment::NEVER;
        self.clogged = out.len() > WRITE_HIGH;
        let mut unused = 0;
        let mut stuck = false;
        while !self.clogged && self.machine.room() > 0 && self.send_parts(now, out) && !self.leaving
        {
            let Drawn { ready_at, share } = self.queue.draw(self.machine.room(), now, &mut drawn);
            self.borrow(share, drawn.len());
            self.pace_at = ready_at.unwrap_or(Moment::NEVER);
            if drawn.is_empty() {
                break;
            }
            let mut drawing = drawn.drain(..);
            while let Some(waiting) = drawing.next() {
                match self.put(waiting, now, out) {
                    Put::Sent => continue,
                    Put::Unfit => {
                        unused += 1;
                        continue;
                    }
                    Put::InParts => {}
                    Put::NoRoom(waiting) => {
                        let unsent: Vec<_> =
                            std::iter::once(waiting).chain(drawing.by_ref()).collect();
                        unused += unsent.len();
                        self.queue.put_back(unsent);
                        break;
                    }
                }
                // The turn that it was drawn with is that of its first part.
                if !(self.send_part(now, out) && self.send_parts(now, out)) {
                    // Nothing else leaves on this bind between the parts of a message.
                    let unsent: Vec<_> = drawing.by_ref().collect();
                    unused += unsent.len();
                    self.queue.put_back(unsent);
                    stuck = true;
                    break;
                }
            }
            drop(drawing);
            self.repay(std::mem::take(&mut unused));
            self.say_room();
            self.clogged = out.len() > WRITE_HIGH;
            if ready_at.is_some() || stuck {
                break;
            }
        }
        self.drawn = drawn;
        self.clogged = out.len() > WRITE_HIGH;
        if !self.outcomes.is_empty() {
            self.intake.outcomes(self.carrier, &mut self.outcomes, now);
        }
        // Whoever added to the queue may have counted on room that is taken by now, and what was put
        // back is for others to carry.
        if self.machine.room() == 0 || self.clogged || self.parts.unsent() > 0 {
            self.queue.nudge();
        }
        self.leave_when_whole(now, out);
    }

    /// Writes one message, or says why it does not leave as one PDU.
    fn put(&mut self, mut waiting: Waiting, now: Moment, out: &mut BytesMut) -> Put {
        if self.machine.room() == 0 {
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
            let accepted = waiting.id.accepted();
            self.reference = self.reference.wrapping_add(1);
            let reference = self.reference;
            match rewrite::bodies(&self.settings, &waiting.content, accepted, now, reference) {
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
            let begun = Begun::new(command, bodies, waiting.until);
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
                Ok(share) => self.borrow(share, 1),
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
    fn drop_stale(&mut self, now: Moment) {
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
            Some(()) => self.parts.sent(),
            None => self.repay(1),
        }
        sent.is_some()
    }

    /// If it is to unbind: does so, unless that cut a message in two.
    fn leave_when_whole(&mut self, now: Moment, out: &mut BytesMut) {
        if self.leaving && self.parts.unsent() == 0 {
            self.machine.unbind(now, out);
        }
    }

    /// So many messages take room of the group until they are answered.
    fn borrow(&mut self, share: Option<Arc<Share>>, count: usize) {
        if share.is_some() && count > 0 {
            self.share = share;
            self.borrowed += count;
        }
    }

    /// So many of them take it no longer.
    fn repay(&mut self, count: usize) {
        if self.borrowed > 0
            && count > 0
            && let Some(share) = &self.share
        {
            // What left before the group had bounds took no room of it.
            let count = count.min(self.borrowed);
            self.borrowed -= count;
            share.give_back(count);
        }
    }

    fn say_room(&self) {
        let room = match self.clogged || self.leaving || self.parts.unsent() > 0 {
            true => 0,
            false => self.machine.room(),
        };
        let in_flight = self.machine.in_flight() + self.parts.unsent();
        self.line.has_room(room, in_flight);
    }

    fn bind(&mut self, now: Moment, out: &mut BytesMut) {
        let settings = self.settings.clone();
        let bind = Bind {
            system_id: settings.system_id.as_bytes(),
            password: &settings.password.0,
            system_type: settings.system_type.as_bytes(),
            interface_version: settings.interface_version,
            addr_ton: settings.address_range.ton,
            addr_npi: settings.address_range.npi,
            address_range: settings.address_range.range.as_bytes(),
        };
        self.machine.bind(self.line.kind, &bind, now, out);
    }

    fn leave(&mut self) {
        self.repay(self.borrowed);
        let outcomes = &mut self.outcomes;
        // What had expired was told then.
        let lost = self
            .machine
            .outstanding()
            .filter(|lost| !lost.expired && lost.token.part.is_none());
        outcomes.extend(lost.map(|Lost { token, .. }| Outcome {
            id: token.id,
            verdict: Verdict::Lost,
        }));
        let (over, go_on) = self.parts.end(self.seen);
        for (id, verdicts) in over {
            self.say(id, verdicts);
        }
        if !go_on.is_empty() {
            self.queue.put_in_order(go_on);
        }
        let outcomes = &mut self.outcomes;
        if self.joined && self.queue.leave(&self.line) {
            let never_left = self.queue.clear().into_iter();
            outcomes.extend(never_left.map(|waiting| Outcome {
                id: waiting.id,
                verdict: Verdict::Returned,
            }));
        }
        if !outcomes.is_empty() {
            self.intake.outcomes(self.carrier, outcomes, self.seen);
        }
    }
}

impl<I: Intake> Frames for Connection<I> {
    fn length_max(&self) -> u32 {
        frame::LENGTH_MAX
    }

    fn may_take(&self) -> bool {
        self.machine.may_read()
    }

    fn take(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        match self.machine.receive(&frame.header, now, out) {
            Received::Response {
                token,
                status,
                in_time,
                ..
            } => {
                self.answered += 1;
                self.outcome(frame, token, status, in_time, now);
                Ok(())
            }
            Received::Request { .. } => {
                self.request(frame, now, out);
                Ok(())
            }
            Received::Bound(_) => {
                self.joined = true;
                tracing::info!(
                    carrier = %self.settings.name, connection = self.line.number, "bound"
                );
                self.queue.join(self.line.clone());
                self.intake.up(self.carrier);
                Ok(())
            }
            Received::Refused(status) => {
                self.refused = Some(status);
                Err(End::Ended("the carrier refused our bind"))
            }
            Received::Notice => {
                self.notice(frame);
                Ok(())
            }
            Received::Close(reason) => Err(ended(reason)),
            Received::Stray => {
                self.stray(&frame.header);
                Ok(())
            }
            Received::Settled | Received::Overflow | Received::Bind(_) => Ok(()),
        }
    }
}

impl<I: Intake> Drop for Connection<I> {
    /// However it ends, by a panic too, each message that it carried gets an outcome.
    fn drop(&mut self) {
        self.leave();
    }
}

impl<I: Intake> Conversation for Connection<I> {
    fn receive(&mut self, octets: &[u8], now: Moment, out: &mut BytesMut) -> Result<usize, End> {
        self.seen = now;
        let (taken, end) = frames::hand_over(self, octets, now, out);
        self.hand_up(now, out);
        end?;
        self.send(now, out);
        Ok(taken)
    }

    fn collect(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        self.seen = now;
        if self.machine.state() == crate::session::State::Open {
            if self.line.is_to_unbind() {
                return Err(End::Ended("we unbound"));
            }
            self.bind(now, out);
            return Ok(());
        }
        let mut replies = std::mem::take(&mut self.replies);
        self.line.collect(&mut replies);
        self.machine.answered(replies.len());
        reply(&replies, out);
        replies.clear();
        self.replies = replies;
        self.leaving |= self.line.is_to_unbind();
        self.leave_when_whole(now, out);
        self.send(now, out);
        Ok(())
    }

    fn tick(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        self.seen = now;
        let mut end = Ok(());
        loop {
            match self.machine.tick(now, out) {
                Tick::Idle => break,
                Tick::Expired(Token { id, part }) => {
                    let verdict = match part {
                        None => Some(Verdict::Unknown),
                        Some(_) => self.parts.expired(id),
                    };
                    self.outcomes
                        .extend(verdict.map(|verdict| Outcome { id, verdict }));
                }
                Tick::Close(reason) => {
                    end = Err(ended(reason));
                    break;
                }
            }
        }
        self.hand_up(now, out);
        end?;
        self.send(now, out);
        Ok(())
    }

    fn deadline(&self) -> Moment {
        self.machine.deadline().min(self.pace_at)
    }

    fn may_read(&self) -> bool {
        self.machine.may_read()
    }

    fn must_read(&self) -> bool {
        self.machine.in_flight() > 0
    }

    fn written(&mut self, _octets: usize) {
        if self.clogged {
            self.line.ring();
        }
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

fn reply(replies: &[Reply], out: &mut BytesMut) {
    for Reply {
        sequence,
        command,
        status,
    } in replies
    {
        let Some(response) = command.response() else {
            continue;
        };
        // Strict peers insist on a message_id that is exactly one NUL (SMPP 3.4 §4.6.2).
        let mut writer = PduWriter::begin(out, response, *status, *sequence);
        if status.is_ok() {
            writer.u8(0);
        }
    }
}

/// Why it ended, in words that name the carrier where it was the carrier.
fn ended(reason: Reason) -> End {
    End::Ended(match reason {
        Reason::PeerUnbound => "the carrier unbound",
        Reason::BindTimeout => "the carrier did not answer our bind in time",
        Reason::BindRefused => "the carrier refused our bind",
        other => other.text(),
    })
}
