//! The session itself: what arrives, what we ask, and what time brings, one method each.

use super::event::{BindKind, Lost, Reason, Received, Role, Tick};
use super::settings::Settings;
use super::state::{self, Rule, Stage, State};
use super::timers::{Timer, Timers, unless_zero};
use super::window::Window;
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::pdu::{Bind, Header, Tlv};
use smppgate_codec::wire::PduWriter;

/// Binds that are refused on one connection before it is closed.
const REFUSALS_MAX: u8 = 3;

/// Requests that need a bind and come without one before the connection is closed.
const STRIKES_MAX: u8 = 3;

/// Requests in a row that expire without any answer between them before the peer counts as gone.
const EXPIRED_IN_A_ROW_MAX: u8 = 3;

/// The lowest interface_version that knows optional parameters, and the one that we speak.
const VERSION_3_4: u8 = 0x34;

/// One SMPP session.
///
/// `T` is a token that is handed in with each request of ours and comes back with its answer.
/// Whoever drives the session gives it every whole PDU ([`receive`](Self::receive)), and calls
/// [`tick`](Self::tick) when [`deadline`](Self::deadline) has come. Both append to `out` what the
/// session settles by itself; it is to be written even if the session is over.
#[derive(Debug)]
pub struct Machine<T> {
    settings: Settings,
    stage: Stage,
    window: Window<T>,
    timers: Timers,
    /// Requests of the peer that were handed up and not answered yet.
    unanswered: usize,
    /// The number of our enquire_link that was not answered yet.
    enquiry: Option<u32>,
    /// When the bind PDU must be here; a refusal does not move it.
    bind_by: Moment,
    refusals: u8,
    strikes: u8,
    expired_in_a_row: u8,
}

impl<T: Copy> Machine<T> {
    /// A session on a connection that was just made.
    pub fn new(settings: Settings, now: Moment) -> Self {
        let bind_by = now + settings.bind_timeout;
        let mut timers = Timers::new();
        if settings.role == Role::Smsc {
            timers.set(Timer::Bind, bind_by);
        }
        Self {
            window: Window::new(settings.window),
            settings,
            stage: Stage::Open,
            timers,
            unanswered: 0,
            enquiry: None,
            bind_by,
            refusals: 0,
            strikes: 0,
            expired_in_a_row: 0,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.stage.state()
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    // What arrives.

    /// One whole PDU has arrived.
    ///
    /// After [`Received::Close`] answers to requests of ours are still told, requests are not:
    /// what the peer sends before it sees the end of the connection can spare a second sending.
    #[inline]
    pub fn receive(&mut self, header: &Header, now: Moment, out: &mut BytesMut) -> Received<T> {
        self.heard(now);
        if header.command.is_response() {
            return self.response(header, now, out);
        }
        match state::rule(self.settings.role, self.state(), header.command) {
            // We only wait until what was asked before is answered.
            Rule::HandUp { .. } if self.is_closing_to(header.command) => {
                self.refuse(header, Status::ESME_RTHROTTLED, out)
            }
            Rule::HandUp { in_place } => self.hand_up(header, in_place, now, out),
            Rule::Alive => {
                bare(
                    out,
                    Command::ENQUIRE_LINK_RESP,
                    Status::ESME_ROK,
                    header.sequence,
                );
                Received::Settled
            }
            Rule::Bind(kind) => {
                self.stage = Stage::Binding {
                    kind,
                    sequence: header.sequence,
                };
                self.timers
                    .set(Timer::Bind, now + self.settings.decision_timeout);
                Received::Bind(kind)
            }
            Rule::Notice => Received::Notice,
            Rule::End(status) => self.peer_unbinds(header, status, now, out),
            Rule::Refuse(status) => self.refuse(header, status, out),
            Rule::Ignore => Received::Settled,
        }
    }

    /// Whether a message of the peer comes too late: we unbind as soon as the others are answered.
    #[inline]
    fn is_closing_to(&self, command: Command) -> bool {
        matches!(self.stage, Stage::Draining { .. })
            && self.owes()
            && matches!(
                command,
                Command::SUBMIT_SM | Command::SUBMIT_MULTI | Command::DATA_SM
            )
    }

    /// Octets have arrived: the peer lives, even if its PDU is not whole yet.
    #[inline]
    pub fn heard(&mut self, now: Moment) {
        if let Stage::Bound(_) = self.stage {
            self.timers.set(
                Timer::EnquireLink,
                unless_zero(now, self.settings.enquire_link),
            );
            self.timers.stop(Timer::EnquireAnswer);
        }
    }

    #[inline]
    fn hand_up(
        &mut self,
        header: &Header,
        in_place: bool,
        now: Moment,
        out: &mut BytesMut,
    ) -> Received<T> {
        self.asked(now);
        if self.unanswered >= 2 * self.settings.peer_window() {
            self.refuse(header, Status::ESME_RTHROTTLED, out);
            return Received::Overflow;
        }
        self.unanswered += 1;
        Received::Request { in_place }
    }

    fn refuse(&mut self, header: &Header, status: Status, out: &mut BytesMut) -> Received<T> {
        let answer = header.command.response().unwrap_or(Command::GENERIC_NACK);
        bare(out, answer, status, header.sequence);
        if self.state().is_before_bind() {
            self.strikes += 1;
            if self.strikes >= STRIKES_MAX {
                return self.close(Reason::NotBound);
            }
        }
        Received::Settled
    }

    fn peer_unbinds(
        &mut self,
        header: &Header,
        status: Status,
        now: Moment,
        out: &mut BytesMut,
    ) -> Received<T> {
        let owing = self.owes_or_awaits();
        match self.stage {
            // What it asked for before is answered first, or it would ask again on its next bind;
            // and a message centre may still answer what it was given before.
            Stage::Bound(_) | Stage::Draining { .. } if owing => {
                let unbind = Some(header.sequence);
                self.stage = Stage::Leaving {
                    why: Reason::PeerUnbound,
                    unbind,
                };
                self.timers.clear();
                self.timers
                    .set(Timer::Unbind, now + self.settings.unbind_timeout);
                return Received::Settled;
            }
            _ => bare(out, Command::UNBIND_RESP, status, header.sequence),
        }
        match self.stage {
            Stage::Open | Stage::Binding { .. } => self.close(Reason::NotBound),
            Stage::Bound(_) | Stage::Draining { .. } => self.close(Reason::PeerUnbound),
            // Both unbind at once: each answers the other and waits for its own response.
            Stage::Unbinding { .. } | Stage::Leaving { .. } | Stage::Closed => Received::Settled,
        }
    }

    #[inline]
    fn response(&mut self, header: &Header, now: Moment, out: &mut BytesMut) -> Received<T> {
        let Some(asked) = self.window.command(header.sequence) else {
            return self.control_response(header, now);
        };
        let fits = header.command.0 == asked.0 | 0x8000_0000;
        if !fits && !header.command.is_known() {
            return Received::Stray;
        }
        let Some(Lost { token, expired }) = self.window.answer(header.sequence) else {
            return Received::Stray;
        };
        self.expired_in_a_row = 0;
        match self.stage {
            Stage::Draining { .. } => self.unbind_when_drained(now, out),
            Stage::Leaving { .. } => self.go_when_settled(),
            _ => {}
        }
        let status = if fits {
            header.status
        } else {
            failure(header.status)
        };
        Received::Response {
            token,
            status,
            command: header.command,
            in_time: !expired,
        }
    }

    /// A response that no slot waits for: to a bind, unbind or enquire_link of ours, or to nothing.
    #[cold]
    fn control_response(&mut self, header: &Header, now: Moment) -> Received<T> {
        let command = header.command;
        match self.stage {
            Stage::Binding { kind, sequence }
                if self.settings.role == Role::Esme && sequence == header.sequence =>
            {
                if command == kind.response() && header.status.is_ok() {
                    self.enter_bound(kind, now);
                    return Received::Bound(kind);
                }
                if !command.is_known() {
                    return Received::Stray;
                }
                self.stage = Stage::Open;
                self.timers.stop(Timer::Bind);
                Received::Refused(failure(header.status))
            }
            Stage::Unbinding { why, sequence, .. }
                if sequence == header.sequence
                    && matches!(command, Command::UNBIND_RESP | Command::GENERIC_NACK) =>
            {
                if self.unanswered > 0 {
                    self.stage = Stage::Leaving { why, unbind: None };
                    return Received::Settled;
                }
                self.close(why)
            }
            _ if self.enquiry == Some(header.sequence)
                && matches!(command, Command::ENQUIRE_LINK_RESP | Command::GENERIC_NACK) =>
            {
                self.enquiry = None;
                Received::Settled
            }
            _ => Received::Stray,
        }
    }

    // Binding.

    /// ESME: asks for a bind. False, and nothing is written, unless the session is open.
    pub fn bind(
        &mut self,
        kind: BindKind,
        bind: &Bind<'_>,
        now: Moment,
        out: &mut BytesMut,
    ) -> bool {
        if self.settings.role != Role::Esme || self.stage != Stage::Open {
            return false;
        }
        let sequence = self.window.number();
        let mut pdu = PduWriter::begin(out, kind.command(), Status::ESME_ROK, sequence);
        bind.put(pdu.body());
        drop(pdu);
        self.stage = Stage::Binding { kind, sequence };
        self.timers
            .set(Timer::Bind, now + self.settings.bind_timeout);
        true
    }

    /// Takes on other settings: those of the account that is about to be bound. Our window is
    /// made anew, so nothing of ours may wait for an answer.
    pub fn adopt(&mut self, settings: Settings) {
        debug_assert_eq!(self.window.held(), 0, "settings change while requests wait");
        self.window = Window::new(settings.window);
        self.settings = settings;
    }

    /// Message centre: accepts the bind of this kind and sequence number. `system_id` is ours;
    /// `peer_version` the interface_version of the bind: peers below 3.4 get no optional
    /// parameter.
    ///
    /// False, and nothing is written, if that bind does not wait for a decision (any more).
    pub fn accept_bind(
        &mut self,
        kind: BindKind,
        sequence: u32,
        system_id: &[u8],
        peer_version: u8,
        now: Moment,
        out: &mut BytesMut,
    ) -> bool {
        if !self.decides(kind, sequence) {
            return false;
        }
        let mut pdu = PduWriter::begin(out, kind.response(), Status::ESME_ROK, sequence);
        pdu.c_octet_string(system_id);
        if peer_version >= VERSION_3_4 {
            Tlv {
                tag: Tag::SC_INTERFACE_VERSION,
                value: &[VERSION_3_4],
            }
            .put(pdu.body());
        }
        drop(pdu);
        self.enter_bound(kind, now);
        true
    }

    /// Message centre: refuses the bind of this kind and sequence number.
    ///
    /// The session is open again, and another bind may follow. After the third refusal, or if the
    /// bind could not be read (`ESME_RINVCMDLEN`), it is over: the reason is returned, and the
    /// connection is to be closed once `out` is written.
    pub fn refuse_bind(
        &mut self,
        kind: BindKind,
        sequence: u32,
        status: Status,
        out: &mut BytesMut,
    ) -> Option<Reason> {
        if !self.decides(kind, sequence) {
            return None;
        }
        bare(out, kind.response(), failure(status), sequence);
        self.refusals += 1;
        if self.refusals >= REFUSALS_MAX || status == Status::ESME_RINVCMDLEN {
            self.end();
            return Some(Reason::BindRefused);
        }
        self.stage = Stage::Open;
        self.timers.set(Timer::Bind, self.bind_by);
        None
    }

    fn decides(&self, kind: BindKind, sequence: u32) -> bool {
        self.settings.role == Role::Smsc && self.stage == Stage::Binding { kind, sequence }
    }

    fn enter_bound(&mut self, kind: BindKind, now: Moment) {
        self.stage = Stage::Bound(kind);
        self.timers.clear();
        self.heard(now);
        self.asked(now);
    }

    // Our requests.

    /// Requests of ours that may leave now: the free slots of the window, none unless the session
    /// is bound in a direction in which we send.
    #[inline]
    pub fn room(&self) -> usize {
        if self.may_send() {
            self.window.room() as usize
        } else {
            0
        }
    }

    /// Takes a slot of the window for a request that the caller writes: its sequence number, or
    /// `None` without [`room`](Self::room).
    #[inline]
    pub fn request(&mut self, command: Command, token: T, now: Moment) -> Option<u32> {
        if !self.may_send() {
            return None;
        }
        let sequence = self
            .window
            .take(command, token, now + self.settings.response_timeout)?;
        self.asked(now);
        Some(sequence)
    }

    /// A sequence number for a PDU of ours that has no answer, and takes no slot; `None` unless the
    /// session is bound in a direction in which we send.
    pub fn notice(&mut self) -> Option<u32> {
        self.may_send().then(|| self.window.number())
    }

    /// Our requests that hold a slot, the expired ones included.
    pub fn in_flight(&self) -> usize {
        self.window.held() as usize
    }

    /// The connection is gone: all requests of ours that were never answered, in the order in
    /// which they were sent. Their outcome is unknown.
    pub fn outstanding(&mut self) -> impl Iterator<Item = Lost<T>> + '_ {
        std::iter::from_fn(|| self.window.lose())
    }

    #[inline]
    fn may_send(&self) -> bool {
        match (self.stage, self.settings.role) {
            (Stage::Bound(kind), Role::Esme) => kind.sends(),
            (Stage::Bound(kind), Role::Smsc) => kind.receives(),
            _ => false,
        }
    }

    // Their requests.

    /// Requests of the peer that were handed up and not answered yet.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// The caller has written the answers to `n` requests of the peer.
    #[inline]
    pub fn answered(&mut self, n: usize) {
        debug_assert!(n <= self.unanswered, "more answers than requests");
        self.unanswered = self.unanswered.saturating_sub(n);
        match self.stage {
            Stage::Leaving { .. } => self.go_when_settled(),
            // The answers are written first, and the unbind with the next tick, which is due.
            Stage::Draining { .. } if self.window.held() == 0 && !self.owes() => {
                self.timers.set(Timer::Unbind, Moment::default());
            }
            _ => {}
        }
    }

    /// Whether answers are due: ours to the peer, or those of a message centre to us.
    fn owes_or_awaits(&self) -> bool {
        self.unanswered > 0 || self.settings.role == Role::Esme && self.window.held() > 0
    }

    /// While leaving: goes at once if nothing is due any more.
    fn go_when_settled(&mut self) {
        if !self.owes_or_awaits() {
            self.timers.set(Timer::Unbind, Moment::default());
        }
    }

    /// Whether the next PDU may be read.
    ///
    /// Not while a bind waits for its decision, and not once the peer has asked for more than its
    /// window: let it feel that. It is the first request above the window that stops the reading,
    /// so that whoever keeps to its window is heard when it asks whether we are there. And as long
    /// as anything of ours is unanswered, reading goes on, or two sides with full windows would
    /// wait for each other for ever; what comes on top of twice the window is then refused.
    #[inline]
    pub fn may_read(&self) -> bool {
        match self.stage {
            Stage::Binding { .. } => self.settings.role == Role::Esme,
            Stage::Unbinding { .. } | Stage::Closed => true,
            Stage::Open | Stage::Bound(_) | Stage::Draining { .. } | Stage::Leaving { .. } => {
                self.unanswered <= self.settings.peer_window()
                    || self.window.held() > 0
                    || self.enquiry.is_some()
            }
        }
    }

    // The end.

    /// Ends the session in good order: no more requests of ours, the answers to the old ones are
    /// waited for, then comes unbind, then its response. [`Received::Close`] or [`Tick::Close`]
    /// tells when it is done; a session that is not bound is closed by the next tick, which is due
    /// at once.
    pub fn unbind(&mut self, now: Moment, out: &mut BytesMut) {
        self.leave(Reason::Unbound, now, out);
    }

    fn leave(&mut self, why: Reason, now: Moment, out: &mut BytesMut) {
        match self.stage {
            Stage::Open | Stage::Binding { .. } => {
                self.stage = Stage::Leaving { why, unbind: None };
                self.timers.clear();
                self.timers.set(Timer::Unbind, now);
            }
            Stage::Bound(kind) => {
                self.stage = Stage::Draining { kind, why };
                self.timers.clear();
                let most = match self.owes() {
                    true => self.settings.answer_timeout,
                    false => self.settings.unbind_timeout,
                };
                self.timers.set(Timer::Unbind, now + most);
                self.unbind_when_drained(now, out);
            }
            Stage::Draining { .. }
            | Stage::Unbinding { .. }
            | Stage::Leaving { .. }
            | Stage::Closed => {}
        }
    }

    /// Unbinds once the answers to our requests have come and those that we owe are written: many
    /// close as soon as they read an unbind, and never hear what became of what they had sent.
    fn unbind_when_drained(&mut self, now: Moment, out: &mut BytesMut) {
        if self.window.held() == 0 && !self.owes() {
            self.send_unbind(now, out);
        }
    }

    /// Whether answers to the peer are due that a message centre owes.
    fn owes(&self) -> bool {
        self.unanswered > 0 && self.settings.role == Role::Smsc
    }

    fn send_unbind(&mut self, now: Moment, out: &mut BytesMut) {
        if let Stage::Draining { kind, why } = self.stage {
            let sequence = self.window.number();
            bare(out, Command::UNBIND, Status::ESME_ROK, sequence);
            self.stage = Stage::Unbinding {
                kind,
                why,
                sequence,
            };
            self.timers
                .set(Timer::Unbind, now + self.settings.unbind_timeout);
        }
    }

    fn close(&mut self, why: Reason) -> Received<T> {
        self.end();
        Received::Close(why)
    }

    fn end(&mut self) {
        self.stage = Stage::Closed;
        self.timers.clear();
    }

    // Time.

    /// When [`tick`](Self::tick) is to be called next; it may move with every call of another
    /// method.
    #[inline]
    pub fn deadline(&self) -> Moment {
        match self.stage {
            Stage::Closed => Moment::NEVER,
            _ => self.timers.next().min(self.window.deadline()),
        }
    }

    /// It is `now`. To be called until it says [`Tick::Idle`] or [`Tick::Close`].
    pub fn tick(&mut self, now: Moment, out: &mut BytesMut) -> Tick<T> {
        if self.stage == Stage::Closed {
            return Tick::Idle;
        }
        if self.expired_in_a_row >= EXPIRED_IN_A_ROW_MAX || self.window.is_stuck() {
            return self.give_up(out);
        }
        if let Some(token) = self.window.expire(now) {
            self.expired_in_a_row += 1;
            return Tick::Expired(token);
        }
        // This ends: a timer is stopped by its turn, and what it sets is a step nearer to the end
        // of the session.
        while let Some(timer) = self.timers.pop(now) {
            if let Some(why) = self.ring(timer, now, out) {
                self.end();
                return Tick::Close(why);
            }
        }
        Tick::Idle
    }

    /// What one timer asks for; the reason if the session is over by it.
    fn ring(&mut self, timer: Timer, now: Moment, out: &mut BytesMut) -> Option<Reason> {
        match (timer, self.stage) {
            (Timer::Bind, stage) => {
                if let Stage::Binding { kind, sequence } = stage
                    && self.settings.role == Role::Smsc
                {
                    // It could not be decided in time: another attempt may be.
                    bare(out, kind.response(), Status::ESME_RTHROTTLED, sequence);
                }
                return Some(Reason::BindTimeout);
            }
            (Timer::EnquireLink, _) => {
                let sequence = self.window.number();
                bare(out, Command::ENQUIRE_LINK, Status::ESME_ROK, sequence);
                self.enquiry = Some(sequence);
                self.timers
                    .set(Timer::EnquireAnswer, now + self.settings.enquire_timeout);
            }
            (Timer::EnquireAnswer, _) => return Some(Reason::Silent),
            (Timer::Idle, _) => self.leave(Reason::Idle, now, out),
            (Timer::Unbind, Stage::Draining { .. }) => self.send_unbind(now, out),
            (Timer::Unbind, Stage::Unbinding { why, .. }) => return Some(why),
            (Timer::Unbind, Stage::Leaving { why, unbind }) => {
                if let Some(sequence) = unbind {
                    bare(out, Command::UNBIND_RESP, Status::ESME_ROK, sequence);
                }
                return Some(why);
            }
            (Timer::Unbind, _) => {}
        }
        None
    }

    /// The peer lives and does not answer: it is told that we go, and nothing is waited for.
    fn give_up(&mut self, out: &mut BytesMut) -> Tick<T> {
        if let Stage::Bound(_) | Stage::Draining { .. } = self.stage {
            bare(out, Command::UNBIND, Status::ESME_ROK, self.window.number());
        }
        self.end();
        Tick::Close(Reason::Unresponsive)
    }

    /// One side has asked the other for something.
    #[inline]
    fn asked(&mut self, now: Moment) {
        if let Stage::Bound(_) = self.stage {
            self.timers
                .set(Timer::Idle, unless_zero(now, self.settings.idle_timeout));
        }
    }

    /// The next number of ours, for tests that begin near the last one.
    #[cfg(test)]
    pub(super) fn continue_at(&mut self, sequence: u32) {
        self.window.continue_at(sequence);
    }
}

/// The status of an answer that cannot be a success, whatever it says.
fn failure(status: Status) -> Status {
    if status.is_ok() {
        Status::ESME_RUNKNOWNERR
    } else {
        status
    }
}

/// Appends a PDU that is only a header.
fn bare(out: &mut BytesMut, command: Command, status: Status, sequence: u32) {
    Header::bare(command, status, sequence).put(out);
}
