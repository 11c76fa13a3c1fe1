//! One connection to a carrier: a session on one side, the queue and the intake on the other.

use super::account::Carrier;
use super::arrival::{Arrival, Reply};
use super::intake::Intake;
use super::line::Line;
use super::loan::Loan;
use super::maps::Reaction;
use super::noting::Noting;
use super::outcome::{Outcome, Verdict, Verdicts};
use super::parts::{Parts, Token};
use super::queue::Queue;
use super::row::{Company, Note, Waiting};
use super::translate;
use crate::link::frames::{self, Frames};
use crate::link::{Conversation, End};
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
    pub(super) carrier: CarrierId,
    pub(super) settings: Arc<Carrier>,
    pub(super) queue: Arc<Queue>,
    pub(super) intake: I,
    pub(super) line: Arc<Line>,
    pub(super) machine: Machine<Token>,
    /// Messages that leave in several PDUs.
    pub(super) parts: Parts,
    /// The number that the next of them bears.
    pub(super) reference: u16,
    pub(super) seen: Moment,
    pub(super) joined: bool,
    /// It is to unbind as soon as no message is cut in two by that.
    pub(super) leaving: bool,
    pub(super) refused: Option<Status>,
    /// When the rate allows the next message.
    pub(super) pace_at: Moment,
    /// So much is unwritten that nothing more is sent until some of it is.
    pub(super) clogged: bool,
    /// What does not leave before that is noted.
    pub(super) noting: Noting,
    /// What is in flight here and may have taken a bind down.
    pub(super) suspect: Option<(MessageId, Company)>,
    /// Requests that were not answered in time, and are not answered yet.
    pub(super) overdue: usize,
    /// Kept from one batch to the next for their room.
    pub(super) sent: Vec<MessageId>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) replies: Vec<Reply>,
    pub(super) drawn: Vec<Waiting>,
    /// What our requests take of the room of the group.
    pub(super) loan: Loan,
    /// Answers that were read and not given back yet.
    pub(super) answered: usize,
    /// What the carrier has done in this batch that is odd.
    pub(super) oddities: Oddities,
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
            noting: Noting::default(),
            suspect: None,
            overdue: 0,
            sent: Vec::new(),
            outcomes: Vec::new(),
            arrivals: Vec::new(),
            replies: Vec::new(),
            drawn: Vec::new(),
            loan: Loan::default(),
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
            self.overdue = self.overdue.saturating_sub(1);
            tracing::debug!(carrier = %self.settings.name, message = %token.id, "late answer");
        }
        let Token { id, part } = token;
        match part {
            None => {
                let verdict = match verdict {
                    // That is what was said of it.
                    Verdict::Unknown if !in_time => return,
                    Verdict::Refused(refusal) if !in_time => Verdict::RefusedLate(refusal),
                    verdict => verdict,
                };
                self.outcomes.push(Outcome { id, verdict });
            }
            Some(part) => {
                let verdicts = self.parts.answered(id, part, verdict, in_time);
                self.say(id, verdicts);
            }
        }
    }

    pub(super) fn say(&mut self, id: MessageId, verdicts: Verdicts) {
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

    /// Hands up what has become of messages.
    pub(super) fn hand_outcomes(&mut self, now: Moment) {
        if let Some((suspect, _)) = self.suspect
            && self
                .outcomes
                .iter()
                .any(|one| one.id == suspect && one.verdict.is_last())
        {
            self.suspect = None;
            self.queue.suspect_settled();
        }
        if !self.outcomes.is_empty() {
            self.intake.outcomes(self.carrier, &mut self.outcomes, now);
        }
    }

    /// Hands this batch up: outcomes first, since what arrives is about them.
    fn hand_up(&mut self, now: Moment, out: &mut BytesMut) {
        let answered = std::mem::take(&mut self.answered);
        self.loan.give_back(answered);
        if !self.oddities.is_empty() {
            self.intake.odd(std::mem::take(&mut self.oddities));
        }
        self.hand_outcomes(now);
        if !self.arrivals.is_empty() {
            let (line, replies) = (&self.line, &mut self.replies);
            self.intake
                .arrivals(self.carrier, line, &mut self.arrivals, now, replies);
            self.machine.answered(replies.len());
            reply(replies, out);
            replies.clear();
        }
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
        self.loan.give_all_back();
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
        self.noting.settle(self.line.close());
        while let Some(waiting) = self.noting.next() {
            if waiting.note == Note::Kept {
                let (id, verdict) = (waiting.id, Verdict::Recalled);
                self.outcomes.push(Outcome { id, verdict });
            }
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
        if self.suspect.take().is_some() {
            self.queue.suspect_settled();
        }
        self.hand_outcomes(self.seen);
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
                self.loan.is_overdue_no_more(usize::from(!in_time));
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
                    self.overdue += 1;
                    self.loan.is_overdue();
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
        if self.loan.blocks_the_group() {
            return Err(ended(Reason::Unresponsive));
        }
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
