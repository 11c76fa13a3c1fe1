//! The intakes of both sides, filled in: who may bind, and which step each batch begins.

use super::switchboard::Clerk;
use crate::carrier::{self, Arrival, Line, Outcome, Reply, Waiting};
use crate::esme::{self, Admission, Answer, Delivered, Seat, Standing, Submission};
use crate::link::Bell;
use crate::message::{AccountId, CarrierId, MessageId, MessageIds};
use crate::moment::Moment;
use crate::session::Oddities;
use smppgate_codec::code::Status;
use smppgate_codec::pdu::{CancelSm, ReplaceSm};
use std::net::IpAddr;
use std::sync::Arc;

impl esme::Intake for Clerk {
    fn admit(
        &mut self,
        system_id: &[u8],
        password: &[u8],
        from: IpAddr,
        has_waited: bool,
        bell: &Arc<Bell>,
        now: Moment,
    ) -> Admission {
        self.asked_in(system_id, password, from, has_waited, bell, now)
    }

    fn ids(&mut self, count: usize, now: Moment) -> MessageIds {
        self.board.ids().take(count, now)
    }

    fn submit(
        &mut self,
        seat: &Arc<Seat>,
        batch: &mut Vec<Submission>,
        now: Moment,
        answers: &mut Vec<Answer>,
    ) {
        self.submitted(seat, batch, now, answers);
    }

    fn throttled(&mut self, count: usize) {
        self.board.counters.throttled.add(count);
    }

    fn overdue(&mut self, _seat: &Arc<Seat>, batch: &[MessageId], now: Moment) {
        self.not_answered(batch, now);
    }

    fn query(&mut self, account: AccountId, id: MessageId, source: &[u8]) -> Option<Standing> {
        self.standing(account, id, source)
    }

    fn cancel(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: Option<MessageId>,
        cancel: &CancelSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>> {
        self.cancelled(seat, sequence, id, cancel, now)
    }

    fn replace(
        &mut self,
        seat: &Arc<Seat>,
        sequence: u32,
        id: MessageId,
        replace: &ReplaceSm<'_>,
        now: Moment,
    ) -> Option<Result<(), Status>> {
        self.replaced(seat, sequence, id, replace, now)
    }

    fn delivered(&mut self, batch: &mut Vec<Delivered>, now: Moment) {
        self.deliveries_settled(batch, now);
    }

    fn odd(&mut self, oddities: Oddities) {
        self.board.counters.odd(oddities);
    }
}

impl carrier::Intake for Clerk {
    fn up(&mut self, _carrier: CarrierId) {
        self.board.retry.ring();
    }

    fn sent(&mut self, carrier: CarrierId, ids: &[MessageId], now: Moment) {
        self.have_left(carrier, ids, now);
    }

    fn attempt(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: Vec<Waiting>,
        now: Moment,
    ) -> Vec<Waiting> {
        self.about_to_leave(carrier, line, batch, now)
    }

    fn outcomes(&mut self, carrier: CarrierId, batch: &mut Vec<Outcome>, now: Moment) {
        self.outcomes_read(carrier, batch, now);
    }

    fn alert(&mut self, carrier: CarrierId, esme: &[u8], pdu: Arc<[u8]>) {
        self.alerted(carrier, esme, pdu);
    }

    fn arrivals(
        &mut self,
        carrier: CarrierId,
        line: &Arc<Line>,
        batch: &mut Vec<Arrival>,
        now: Moment,
        replies: &mut Vec<Reply>,
    ) {
        self.arrivals_read(carrier, line, batch, now, replies);
    }

    fn odd(&mut self, oddities: Oddities) {
        self.board.counters.odd(oddities);
    }
}
