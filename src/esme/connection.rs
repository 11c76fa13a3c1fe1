//! One connection of an ESME: a session on one side, the intake and the roster on the other.

use super::account::Account;
use super::delivery::{Delivered, Delivery, Style, Verdict};
use super::door::Deciding;
use super::held::{Held, Request};
use super::intake::Intake;
use super::multi::Multi;
use super::outbox::Outbox;
use super::place::Place;
use super::roster::{Desk, Roster};
use super::seat::{Collected, Seat};
use super::submission::{Answer, Submission};
use super::translate;
use super::unanswered::Unanswered;
use super::unread::Unread;
use crate::link::frames::{self, Frames};
use crate::link::{Bell, Conversation, End, WRITE_HIGH};
use crate::moment::Moment;
use crate::session::{Machine, Oddities, Reason, Received, Role, Settings, State, Tick};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Header, MessageResp};
use smppgate_codec::wire::PduWriter;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A response that an ESME leaves unread, as a multiple of its window, closes its connection: it
/// takes memory that others need.
const UNREAD_WINDOWS: u64 = 10;

/// Messages that are read in one go: the threads are there for all connections, and what was read
/// may be a thousand messages or two hundred times as many, with a submit_multi.
const READ_MOST: usize = 1_000;

/// How soon a delivery that must not overtake a response on another bind is looked at again.
const PROMISE_RECHECK: Duration = Duration::from_millis(2);

/// A connection of an ESME, before and after its bind.
pub struct Connection<I: Intake> {
    pub(super) machine: Machine<u32>,
    pub(super) intake: I,
    pub(super) roster: Arc<Roster>,
    pub(super) bell: Arc<Bell>,
    pub(super) place: Place,
    /// When it was last driven.
    pub(super) seen: Moment,
    pub(super) deciding: Option<Deciding>,
    pub(super) bound: Option<Bound>,
    /// Messages that were read since the last batch was handed up, those that were refused too.
    pub(super) read: usize,
    /// Kept from one batch to the next for their room.
    pub(super) batch: Vec<Submission>,
    /// Messages of this batch whose segments are counted, and how many those are.
    pub(super) counted: Vec<(u32, Request)>,
    pub(super) answers: Vec<Answer>,
    pub(super) delivered: Vec<Delivered>,
    pub(super) collected: Collected,
    /// What the ESME has done in this batch that is odd.
    pub(super) oddities: Oddities,
}

/// What exists only while bound.
pub(super) struct Bound {
    pub(super) account: Arc<Account>,
    pub(super) seat: Arc<Seat>,
    pub(super) desk: Arc<Desk>,
    pub(super) unanswered: Unanswered,
    pub(super) outbox: Outbox,
    pub(super) unread: Unread,
    /// Each submit_multi that has not been answered, by the number of its first message.
    pub(super) multis: HashMap<u64, Arc<Multi>>,
    pub(super) held: Held,
    /// When a delivery that waits for a response on another bind is looked at again.
    pub(super) recheck: Moment,
    /// So much is unwritten that nothing more is delivered until some of it is.
    pub(super) clogged: bool,
}

impl<I: Intake> Connection<I> {
    /// A connection that was accepted at `since`.
    pub fn new(
        intake: I,
        roster: Arc<Roster>,
        bell: Arc<Bell>,
        place: Place,
        bind_timeout: Duration,
        since: Moment,
    ) -> Self {
        let settings = Settings {
            bind_timeout,
            ..Settings::new(Role::Smsc)
        };
        Self {
            machine: Machine::new(settings, since),
            intake,
            roster,
            bell,
            place,
            seen: since,
            deciding: None,
            bound: None,
            read: 0,
            batch: Vec::new(),
            counted: Vec::new(),
            answers: Vec::new(),
            delivered: Vec::new(),
            collected: Collected::default(),
            oddities: Oddities::default(),
        }
    }

    /// The system_id of the account, once bound.
    pub fn system_id(&self) -> Option<&str> {
        self.bound
            .as_ref()
            .map(|bound| bound.account.system_id.as_str())
    }

    /// The connection is over: what was under way goes back to the account.
    fn leave(&mut self) {
        let Some(mut bound) = self.bound.take() else {
            return;
        };
        // What had expired was given back then, and its token may belong to another by now.
        let outbox = &mut bound.outbox;
        let lost = self.machine.outstanding().filter(|lost| !lost.expired);
        let in_flight = lost.filter_map(|lost| outbox.take(lost.token));
        self.delivered.extend(in_flight.map(|delivery| Delivered {
            delivery,
            verdict: Verdict::Lost,
        }));
        // Nobody is left to hear: what still waits for a carrier is withdrawn, as its sender will
        // send it again.
        let open = bound.unanswered.open_ids();
        let left = bound.outbox.waiting();
        bound.desk.leave(&bound.seat, left);
        if !open.is_empty() {
            self.intake.overdue(&bound.seat, &open, self.seen);
        }
        self.intake.delivered(&mut self.delivered, self.seen);
    }

    fn response(&mut self, token: u32, status: Status, in_time: bool) {
        let Some(bound) = &mut self.bound else { return };
        // One that expired has been given back already, and its token may belong to another by now:
        // a late answer changes nothing.
        if !in_time {
            self.oddities.stray_responses += 1;
            return;
        }
        let Some(delivery) = bound.outbox.take(token) else {
            return;
        };
        let verdict = match status {
            Status::ESME_ROK => Verdict::Taken,
            Status::ESME_RX_P_APPN | Status::ESME_RX_R_APPN => Verdict::Refused(status),
            other => Verdict::Later(other),
        };
        self.delivered.push(Delivered { delivery, verdict });
    }

    /// Hands the messages of this batch up and writes what can be answered at once.
    pub(super) fn hand_up(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        if !self.oddities.is_empty() {
            self.intake.odd(std::mem::take(&mut self.oddities));
        }
        if !self.delivered.is_empty() {
            self.intake.delivered(&mut self.delivered, now);
        }
        self.let_through(now, out);
        self.read = 0;
        let Some(bound) = &mut self.bound else {
            return Ok(());
        };
        if self.batch.is_empty() {
            return Ok(());
        }
        let ids = self.intake.ids(self.batch.len(), now);
        for (submission, id) in self.batch.iter_mut().zip(ids) {
            // The destinations of a submit_multi have their numbers already.
            if submission.multi.is_none() {
                submission.id = id;
                submission.ordinal = bound.unanswered.begin(id, now);
            }
        }
        self.intake
            .submit(&bound.seat, &mut self.batch, now, &mut self.answers);
        let mut answers = std::mem::take(&mut self.answers);
        self.answer(&answers, out);
        answers.clear();
        self.answers = answers;
        self.unread()
    }

    fn answer(&mut self, answers: &[Answer], out: &mut BytesMut) {
        let Some(bound) = &mut self.bound else { return };
        for answer in answers {
            bound.unanswered.close(answer.ordinal);
            let Some(response) = answer.command.response() else {
                continue;
            };
            if answer.command == Command::SUBMIT_MULTI {
                bound.answer_multi(answer, out);
                continue;
            }
            match answer.id {
                Some(id) if answer.status.is_ok() => {
                    let text = id.text(bound.account.message_id);
                    let mut writer =
                        PduWriter::begin(out, response, answer.status, answer.sequence);
                    MessageResp::new(text.as_bytes()).put(writer.body());
                }
                _ => Header::bare(response, answer.status, answer.sequence).put(out),
            }
        }
        bound.unread.appended(answers.len(), out.len());
        self.machine.answered(answers.len());
    }

    /// Writes PDUs that have no answer. What cannot be written now is worth nothing later.
    fn notify(&mut self, notices: &[Arc<[u8]>], out: &mut BytesMut) {
        for pdu in notices {
            if out.len() <= WRITE_HIGH
                && let Some(sequence) = self.machine.notice()
            {
                translate::put_notice(pdu, sequence, out);
            }
        }
    }

    fn unread(&self) -> Result<(), End> {
        match &self.bound {
            Some(bound)
                if bound.unread.count() > UNREAD_WINDOWS * u64::from(bound.account.window) =>
            {
                Err(End::Ended("the peer does not read our responses"))
            }
            _ => Ok(()),
        }
    }

    /// Writes as many deliveries as the window has room for, fresh ones before the backlog.
    fn deliver(&mut self, now: Moment, out: &mut BytesMut) {
        let Some(bound) = &mut self.bound else { return };
        bound.recheck = Moment::NEVER;
        bound.clogged = out.len() > WRITE_HIGH;
        while !bound.clogged {
            let room = self.machine.room();
            let short = room.saturating_sub(bound.outbox.len());
            bound.seat.take(short, bound.outbox.fetched());
            let short = room.saturating_sub(bound.outbox.len());
            bound.desk.fetch(short, bound.outbox.fetched());
            if room == 0 || bound.outbox.is_empty() {
                return;
            }
            let Some(at) = bound.outbox.due() else {
                bound.recheck = now + PROMISE_RECHECK;
                return;
            };
            let Some((token, command)) = bound.outbox.send(at) else {
                return;
            };
            let Some(sequence) = self.machine.request(command, token, now) else {
                return bound.outbox.unsend(token);
            };
            let style = Style {
                form: bound.account.message_id,
                tlvs: bound.seat.tlvs,
                zone: &bound.account.timezone,
            };
            bound.outbox.put(token, style, sequence, out);
            bound.clogged = out.len() > WRITE_HIGH;
        }
    }
}

impl Bound {
    /// The destinations of a submit_multi all have their verdicts.
    fn answer_multi(&mut self, answer: &Answer, out: &mut BytesMut) {
        let Some(multi) = self.multis.remove(&answer.ordinal) else {
            return;
        };
        // The first one is closed by the answer itself.
        (1..multi.count as u64).for_each(|at| self.unanswered.close(answer.ordinal + at));
        multi.put(answer.status, self.account.message_id, out);
        multi.answered_behind(self.seat.promises.made());
    }
}

impl<I: Intake> Frames for Connection<I> {
    fn length_max(&self) -> u32 {
        match self.bound {
            Some(_) => frame::LENGTH_MAX,
            None => frame::LENGTH_MAX_UNBOUND,
        }
    }

    fn may_take(&self) -> bool {
        self.read < READ_MOST && self.may_read()
    }

    fn take(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        match self.machine.receive(&frame.header, now, out) {
            Received::Request { .. } => {
                self.request(frame, now, out);
                Ok(())
            }
            Received::Response {
                token,
                status,
                in_time,
                ..
            } => {
                self.response(token, status, in_time);
                Ok(())
            }
            Received::Bind(kind) => self.bind(kind, frame, now, out),
            Received::Close(reason) => Err(ended(reason)),
            Received::Stray => {
                self.oddities.stray_responses += 1;
                Ok(())
            }
            Received::Settled
            | Received::Overflow
            | Received::Notice
            | Received::Bound(_)
            | Received::Refused(_) => Ok(()),
        }
    }
}

impl<I: Intake> Drop for Connection<I> {
    /// However it ends, by a panic too, nothing that was to be delivered is lost with it.
    fn drop(&mut self) {
        self.leave();
    }
}

impl<I: Intake> Conversation for Connection<I> {
    fn receive(&mut self, octets: &[u8], now: Moment, out: &mut BytesMut) -> Result<usize, End> {
        self.seen = now;
        let (taken, end) = frames::hand_over(self, octets, now, out);
        // What was accepted before the end is still handed up: it has been read in full.
        let handed = self.hand_up(now, out);
        if let Some(bound) = &self.bound
            && self.machine.state() == State::Closed
        {
            // Who reads that it is unbound may bind again before we know that it was written.
            bound.desk.free(&bound.seat);
        }
        end.and(handed)?;
        self.deliver(now, out);
        Ok(taken)
    }

    fn collect(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        self.let_in(now, out)?;
        let Some(bound) = &mut self.bound else {
            return Ok(());
        };
        let mut collected = std::mem::take(&mut self.collected);
        bound.seat.collect(&mut collected);
        self.answer(&collected.answers, out);
        self.notify(&collected.notices, out);
        if let (Some(bound), Some(changed)) = (&mut self.bound, collected.account.take()) {
            bound.account = Arc::new(bound.account.renewed(&changed));
        }
        if collected.unbind {
            self.machine.unbind(now, out);
        }
        self.collected = collected;
        self.unread()?;
        self.deliver(now, out);
        Ok(())
    }

    fn tick(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        loop {
            match self.machine.tick(now, out) {
                Tick::Idle => break,
                Tick::Expired(token) => {
                    if let Some(delivery) = self.expired(token) {
                        let verdict = Verdict::Later(Status::ESME_RX_T_APPN);
                        self.delivered.push(Delivered { delivery, verdict });
                    }
                }
                Tick::Close(reason) => return Err(ended(reason)),
            }
        }
        self.let_in(now, out)?;
        if let Some(bound) = &mut self.bound {
            let overdue = bound.unanswered.overdue(now);
            if !overdue.is_empty() {
                self.intake.overdue(&bound.seat, &overdue, now);
            }
        }
        self.hand_up(now, out)?;
        self.deliver(now, out);
        Ok(())
    }

    fn deadline(&self) -> Moment {
        let own = self.bound.as_ref().map_or(Moment::NEVER, |bound| {
            let held = bound.held.deadline();
            bound.recheck.min(bound.unanswered.deadline()).min(held)
        });
        let deciding = self.deciding.as_ref();
        let door = deciding.map_or(Moment::NEVER, |one| one.waits.deadline());
        self.machine.deadline().min(own).min(door)
    }

    fn may_read(&self) -> bool {
        let may_pause = !self.must_read();
        let full = self.bound.as_ref().is_some_and(|bound| {
            // Who asks faster than it reads feels that; it is ended only where reading must go on.
            // Nothing that we could answer to it now would be read before what it leaves unread.
            let unread = bound.unread.count() > u64::from(bound.account.window);
            unread && may_pause
        });
        // Who is kept to its rate is heard all the same: it may ask whether we are there.
        let is_held = |bound: &Bound| !bound.held.is_empty();
        let may_read = self.machine.may_read() || self.bound.as_ref().is_some_and(is_held);
        may_read && !full
    }

    fn minds_the_end(&self) -> bool {
        // A password is not verified for somebody who has hung up.
        self.deciding.is_some()
    }

    fn must_read(&self) -> bool {
        self.machine.in_flight() > 0
    }

    fn written(&mut self, octets: usize) {
        if let Some(bound) = &mut self.bound {
            bound.seat.promises.wrote(bound.unread.written(octets));
            if bound.clogged {
                self.bell.ring();
            }
            // What becomes of the old connection concerns nobody any more.
            if self.machine.state() == State::Closed {
                bound.desk.leave(&bound.seat, Vec::new());
            }
        }
    }
}

impl<I: Intake> Connection<I> {
    fn expired(&mut self, token: u32) -> Option<Delivery> {
        self.bound.as_mut()?.outbox.take(token)
    }
}

pub(super) fn ended(reason: Reason) -> End {
    End::Ended(reason.text())
}
