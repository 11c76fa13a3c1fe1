//! One connection of an ESME: a session on one side, the intake and the roster on the other.

use super::account::Account;
use super::delivery::{Delivered, Delivery, Verdict};
use super::intake::Intake;
use super::manage;
use super::multi::Multi;
use super::outbox::Outbox;
use super::place::Place;
use super::roster::{Desk, Roster};
use super::seat::{Collected, Seat};
use super::submission::{Answer, Submission};
use super::translate;
use super::unanswered::Unanswered;
use super::unread::Unread;
use crate::link::{Bell, Conversation, End, WRITE_HIGH};
use crate::message::MessageId;
use crate::moment::Moment;
use crate::session::{BindKind, Machine, Reason, Received, Role, Settings, State, Tick};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{Bind, Header, MessageResp};
use smppgate_codec::wire::PduWriter;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The name that we bear towards ESMEs.
const SYSTEM_ID: &[u8] = b"smppgate";

/// A response that an ESME leaves unread, as a multiple of its window, closes its connection: it
/// takes memory that others need.
const UNREAD_WINDOWS: u64 = 10;

/// How soon a delivery that must not overtake a response on another bind is looked at again.
const PROMISE_RECHECK: Duration = Duration::from_millis(2);

/// A connection of an ESME, before and after its bind.
pub struct Connection<I: Intake> {
    machine: Machine<u32>,
    intake: I,
    roster: Arc<Roster>,
    bell: Arc<Bell>,
    place: Place,
    /// When it was last driven.
    seen: Moment,
    bound: Option<Bound>,
    /// Kept from one batch to the next for their room.
    batch: Vec<Submission>,
    answers: Vec<Answer>,
    delivered: Vec<Delivered>,
    collected: Collected,
}

/// What exists only while bound.
struct Bound {
    account: Arc<Account>,
    seat: Arc<Seat>,
    desk: Arc<Desk>,
    unanswered: Unanswered,
    outbox: Outbox,
    /// Whether the peer knows optional parameters.
    tlvs: bool,
    unread: Unread,
    /// Each submit_multi that has not been answered, by the number of its first message.
    multis: HashMap<u64, Arc<Multi>>,
    /// When a delivery that waits for a response on another bind is looked at again.
    recheck: Moment,
    /// So much is unwritten that nothing more is delivered until some of it is.
    clogged: bool,
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
            bound: None,
            batch: Vec::new(),
            answers: Vec::new(),
            delivered: Vec::new(),
            collected: Collected::default(),
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

    fn pdu(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) -> Result<(), End> {
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
            Received::Settled
            | Received::Overflow
            | Received::Stray
            | Received::Notice
            | Received::Bound(_)
            | Received::Refused(_) => Ok(()),
        }
    }

    fn request(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        let Header {
            command, sequence, ..
        } = frame.header;
        if command == Command::SUBMIT_MULTI {
            return self.multi(frame, now, out);
        }
        if manage::is_about_a_message(command) {
            return self.manage(frame, now, out);
        }
        match translate::submission(frame) {
            Ok(content) => {
                self.batch.push(Submission {
                    content,
                    id: MessageId(0),
                    ordinal: 0,
                    sequence,
                    multi: None,
                });
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
        let account = (bound.seat.account, &*bound.account);
        manage::answer(&mut self.intake, account, frame, now, out);
        self.machine.answered(1);
    }

    /// A submit_multi becomes a message for each destination; they share one answer.
    fn multi(&mut self, frame: &Frame<'_>, now: Moment, out: &mut BytesMut) {
        let (contents, refused) = match translate::submissions(frame) {
            Ok((contents, refused)) if contents.is_empty() => {
                return self.refuse(frame, refused.status(), out);
            }
            Ok(both) => both,
            Err(status) => return self.refuse(frame, status, out),
        };
        let Some(bound) = &mut self.bound else { return };
        let (sequence, count) = (frame.header.sequence, contents.len());
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

    fn response(&mut self, token: u32, status: Status, in_time: bool) {
        let Some(bound) = &mut self.bound else { return };
        // One that expired has been given back already, and its token may belong to another by now:
        // a late answer changes nothing.
        if !in_time {
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

    fn bind(
        &mut self,
        kind: BindKind,
        frame: &Frame<'_>,
        now: Moment,
        out: &mut BytesMut,
    ) -> Result<(), End> {
        let sequence = frame.header.sequence;
        let bind = match Bind::decode(frame) {
            Ok(bind) => bind,
            Err(error) => {
                let refused = self
                    .machine
                    .refuse_bind(kind, sequence, error.status(), out);
                return Err(ended(refused.unwrap_or(Reason::BindRefused)));
            }
        };
        match self.seat(kind, &bind) {
            Ok(bound) => {
                let account = &bound.account;
                tracing::info!(
                    system_id = %account.system_id, kind = ?kind, connection = self.place.number(), "bound"
                );
                self.machine.adopt(Settings {
                    window: account.deliver_window,
                    peer_window: account.window,
                    response_timeout: account.deliver_timeout,
                    enquire_link: account.enquire_link,
                    idle_timeout: account.idle_timeout,
                    ..self.machine.settings().clone()
                });
                let version = bind.interface_version;
                self.machine
                    .accept_bind(kind, sequence, SYSTEM_ID, version, now, out);
                self.bound = Some(bound);
                self.place.bound();
                // What waited for this account is fetched as soon as the response is on its way.
                self.bell.ring();
                Ok(())
            }
            Err(status) => {
                tracing::warn!(
                    system_id = %bind.system_id.escape_ascii(),
                    connection = self.place.number(),
                    status = %status,
                    "bind refused"
                );
                match self.machine.refuse_bind(kind, sequence, status, out) {
                    Some(reason) => Err(ended(reason)),
                    None => Ok(()),
                }
            }
        }
    }

    fn seat(&mut self, kind: BindKind, bind: &Bind<'_>) -> Result<Bound, Status> {
        let (id, account) = self.intake.admit(bind.system_id, bind.password, kind)?;
        if !account.bind_types.contains(&kind) {
            return Err(Status::ESME_RBINDFAIL);
        }
        let desk = self.roster.desk(id);
        let under_way = desk.under_way().clone();
        let seat = Seat::new(self.place.number(), id, kind, self.bell.clone(), under_way);
        let seat = Arc::new(seat);
        if !desk.sit(&seat, account.binds as usize) {
            return Err(Status::ESME_RBINDFAIL);
        }
        Ok(Bound {
            unanswered: Unanswered::new(account.respond_within),
            outbox: Outbox::default(),
            tlvs: bind.interface_version >= 0x34,
            unread: Unread::default(),
            multis: HashMap::new(),
            recheck: Moment::NEVER,
            clogged: false,
            account,
            seat,
            desk,
        })
    }

    /// Hands the messages of this batch up and writes what can be answered at once.
    fn hand_up(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        if !self.delivered.is_empty() {
            self.intake.delivered(&mut self.delivered, now);
        }
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
        let knows_them = self.bound.as_ref().is_some_and(|bound| bound.tlvs);
        for pdu in notices.iter().filter(|_| knows_them) {
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
            let form = bound.account.message_id;
            bound.outbox.put(token, form, bound.tlvs, sequence, out);
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

impl<I: Intake> Drop for Connection<I> {
    /// However it ends, by a panic too, nothing that was to be delivered is lost with it.
    fn drop(&mut self) {
        self.leave();
    }
}

impl<I: Intake> Conversation for Connection<I> {
    fn receive(&mut self, octets: &[u8], now: Moment, out: &mut BytesMut) -> Result<usize, End> {
        self.seen = now;
        let mut taken = 0;
        let mut end = Ok(());
        while end.is_ok() && self.may_read() || end.is_err() && taken < octets.len() {
            let limit = match self.bound {
                Some(_) => frame::LENGTH_MAX,
                None => frame::LENGTH_MAX_UNBOUND,
            };
            match frame::next(&octets[taken..], limit) {
                Ok(Some(frame)) => {
                    taken += frame.octets.len();
                    // Behind the last word of a session there may still be answers to ours.
                    if end.is_ok() {
                        end = self.pdu(&frame, now, out);
                    } else if frame.header.command.is_response() {
                        let _ = self.pdu(&frame, now, out);
                    }
                }
                Ok(None) => break,
                Err(_) if end.is_err() => break,
                Err(error) => {
                    error.nack().put(out);
                    end = Err(End::Ended(
                        "framing was lost: the length of a PDU was impossible",
                    ));
                }
            }
        }
        // What was accepted before the end is still handed up: it has been read in full.
        let handed = self.hand_up(now, out);
        end.and(handed)?;
        self.deliver(now, out);
        Ok(taken)
    }

    fn collect(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        let Some(bound) = &mut self.bound else {
            return Ok(());
        };
        let mut collected = std::mem::take(&mut self.collected);
        bound.seat.collect(&mut collected);
        self.answer(&collected.answers, out);
        self.notify(&collected.notices, out);
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
            bound.recheck.min(bound.unanswered.deadline())
        });
        self.machine.deadline().min(own)
    }

    fn may_read(&self) -> bool {
        let may_pause = !self.must_read();
        let full = self.bound.as_ref().is_some_and(|bound| {
            // Who asks faster than it reads feels that; it is ended only where reading must go on.
            let unread = bound.unread.count() > u64::from(bound.account.window);
            bound.unanswered.is_full() || unread && may_pause
        });
        self.machine.may_read() && !full
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
            // Who has been told that it is unbound may bind again at once, whatever becomes of the
            // old connection.
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

fn ended(reason: Reason) -> End {
    End::Ended(match reason {
        Reason::PeerUnbound => "the peer unbound",
        Reason::Unbound => "we unbound",
        Reason::BindTimeout => "no bind was completed in time",
        Reason::BindRefused => "the bind was refused",
        Reason::NotBound => "requests came before a bind",
        Reason::Silent => "enquire_link was not answered",
        Reason::Unresponsive => "our requests were not answered",
        Reason::Idle => "nothing was asked for too long",
    })
}
