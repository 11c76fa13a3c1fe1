//! What a simulated carrier does with a message: its verdict, its response, its receipts.

use std::time::Duration;

use bytes::BytesMut;
use smppgate_codec::code::{Command, MessageState, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Tlv};
use smppgate_codec::wire::{PduWriter, put_c_octet_string};

use super::agenda::What;
use super::behaviour::{ResponseShape, SegmentReceipts};
use super::binds::{Parcel, Side};
use super::exchange::Exchange;
use super::id_form::IdText;
use super::memory::{Known, Party};
use super::outstanding::Answered;
use super::report::Receipt;
use super::shape::Shape;
use super::submitted::Message;

/// Times that a refused deliver_sm is sent, a second apart.
const TRIES_MAX: u8 = 10;
const TRY_AGAIN_NS: u64 = 1_000_000_000;

/// How an accepted message ends, and what is told of it.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// How it ends.
    pub state: MessageState,
    /// What its receipt says.
    pub told: MessageState,
    /// From now to that end.
    pub after: Duration,
}

impl Exchange {
    /// Accepts or refuses one message, and writes or plans its response and its receipt.
    #[inline]
    pub(super) fn message(
        &mut self,
        message: &Message<'_>,
        sequence: u32,
        side: &mut Side,
        out: &mut BytesMut,
    ) {
        self.counts.messages += 1;
        let verdict = self.verdict(message.destination.digits, side);
        let response = message.response;
        let latency = self.settings.behaviour.latency.draw(&mut self.dice);
        if !verdict.is_ok() {
            if let Some(witness) = &self.settings.witness {
                witness.refused(message.destination.digits, verdict);
            }
            return self.refuse(verdict, response, sequence, latency, side, out);
        }
        self.counts.accepted += 1;
        let number = self.next_id;
        self.next_id += 1;
        let id = IdText::new(number, self.settings.behaviour.response_id);
        let end = self.end(latency);
        let witness = self.settings.witness.as_ref();
        let witnessed = witness
            .map(|witness| witness.took(message.destination.digits, message.user_data, number));
        if self.settings.ledger > 0 {
            self.note(message, &id, end.state);
        }
        if self.memory.is_kept() {
            self.remember(
                &message.source,
                &message.destination,
                message.registered,
                end,
            );
        }
        let reports = message.registered.0 & 0x03 != 0 && self.reports(message);
        let early = self.dice.happens(self.settings.behaviour.receipts_early);
        if reports && early {
            let early = End {
                after: Duration::ZERO,
                ..end
            };
            self.report(&message.receipt(), number, early, side, out);
        }
        if self.dice.happens(self.settings.behaviour.unanswered) {
            self.counts.unanswered += 1;
        } else {
            let shape = self.settings.behaviour.response;
            let twice = self.dice.happens(self.settings.behaviour.answered_twice);
            for _ in 0..1 + u32::from(twice) {
                self.respond(latency, witnessed, side, out, |out| {
                    let mut pdu = PduWriter::begin(out, response, Status::ESME_ROK, sequence);
                    match shape {
                        ResponseShape::Bare => {}
                        ResponseShape::WithoutNul => pdu.body().extend_from_slice(id.octets()),
                        ResponseShape::Usual | ResponseShape::ErrorWithBody => {
                            put_c_octet_string(pdu.body(), id.octets());
                        }
                        ResponseShape::ParameterFirst => {
                            let tag = Tag::RECEIPTED_MESSAGE_ID;
                            let value = &[id.octets(), &[0]].concat();
                            Tlv { tag, value }.put(pdu.body());
                        }
                    }
                });
            }
        }
        if reports && !early {
            self.report(&message.receipt(), number, end, side, out);
        }
    }

    /// What a message to this destination is answered.
    #[inline]
    pub(super) fn verdict(&mut self, destination: &[u8], side: &Side) -> Status {
        if !side.bound.is_some_and(|bound| bound.submits) {
            return Status::ESME_RINVBNDSTS;
        }
        let behaviour = &self.settings.behaviour;
        for (prefix, status) in &behaviour.refused {
            if destination.starts_with(prefix.as_bytes()) {
                return *status;
            }
        }
        if behaviour.window > 0 && side.unanswered >= behaviour.window {
            return behaviour.throttle.status;
        }
        if behaviour.rate > 0.0 {
            let (left, counted) = self.allowance;
            let since = self.now.saturating_sub(counted) as f64 / 1e9;
            let left = (left + since * behaviour.rate).min((behaviour.rate / 10.0).max(1.0));
            let takes = left >= 1.0;
            self.allowance = (if takes { left - 1.0 } else { left }, self.now);
            if !takes {
                return behaviour.throttle.status;
            }
        }
        self.dice
            .pick(&behaviour.errors)
            .unwrap_or(Status::ESME_ROK)
    }

    /// Refuses a message.
    fn refuse(
        &mut self,
        verdict: Status,
        response: Command,
        sequence: u32,
        latency: Duration,
        side: &mut Side,
        out: &mut BytesMut,
    ) {
        self.counts.refused += 1;
        let behaviour = &self.settings.behaviour;
        let is_throttled = verdict == behaviour.throttle.status;
        let response = match is_throttled && behaviour.throttle.by_nack {
            true => Command::GENERIC_NACK,
            false => response,
        };
        let body: &[u8] = match behaviour.response {
            ResponseShape::ErrorWithBody => &[0],
            _ => &[],
        };
        let put = |out: &mut BytesMut| {
            PduWriter::begin(out, response, verdict, sequence).octets(body);
        };
        if is_throttled {
            // Who has too much to do says so at once.
            self.counts.throttled += 1;
            return put(out);
        }
        self.respond(latency, None, side, out, put);
    }

    /// How the next accepted message ends.
    pub(super) fn end(&mut self, latency: Duration) -> End {
        let behaviour = &self.settings.behaviour;
        let state = self.dice.pick(&behaviour.states);
        let mut state = state.unwrap_or(MessageState::DELIVERED);
        let mut told = state;
        if self.dice.happens(behaviour.receipts_fake) {
            (state, told) = (MessageState::UNDELIVERABLE, MessageState::DELIVERED);
        }
        let after = latency + behaviour.receipt_delay.draw(&mut self.dice);
        End { state, told, after }
    }

    /// Whether this segment is one that is reported.
    fn reports(&self, message: &Message<'_>) -> bool {
        match self.settings.behaviour.segment_receipts {
            SegmentReceipts::Each => true,
            SegmentReceipts::Last => message.segment().is_none_or(|(part, parts)| part == parts),
            SegmentReceipts::First => message.segment().is_none_or(|(part, _)| part == 1),
        }
    }

    #[cold]
    pub(super) fn remember(
        &mut self,
        source: &Address<'_>,
        destination: &Address<'_>,
        registered: RegisteredDelivery,
        end: End,
    ) {
        let after = u64::try_from(end.after.as_nanos()).unwrap_or(u64::MAX);
        self.memory.note(Known {
            source: Party::new(source),
            destination: Party::new(destination),
            registered,
            end: (end.state, Some(self.now.saturating_add(after))),
            accepted: self.unix(),
            is_cancelled: false,
        });
    }

    /// Unix time in seconds.
    pub(super) fn unix(&self) -> u64 {
        self.epoch.as_secs() + self.now / 1_000_000_000
    }

    #[inline]
    pub(super) fn respond(
        &mut self,
        latency: Duration,
        witnessed: Option<u64>,
        side: &mut Side,
        out: &mut BytesMut,
        put: impl Fn(&mut BytesMut),
    ) {
        if latency.is_zero() {
            put(out);
            return self.settings.note_response(witnessed);
        }
        side.unanswered += 1;
        let mut pdu = self.spare.pop().unwrap_or_default();
        put(&mut pdu);
        let Side {
            token, generation, ..
        } = *side;
        self.plan(
            latency,
            What::Answer {
                token,
                generation,
                pdu,
                witnessed,
            },
        );
    }

    /// Writes or plans the receipt of a message.
    #[inline]
    pub(super) fn report(
        &mut self,
        receipt: &Receipt<'_>,
        number: u64,
        end: End,
        side: &mut Side,
        out: &mut BytesMut,
    ) {
        let behaviour = &self.settings.behaviour;
        let delivered = end.told == MessageState::DELIVERED;
        if !receipt.registered.wants_final(delivered) {
            return;
        }
        if self.dice.happens(behaviour.receipts_lost) {
            self.counts.receipts_lost += 1;
            return;
        }
        let foreign = self.dice.happens(behaviour.receipts_foreign);
        // Ids that were never given lie as far below the first one as the true ones above it.
        let shown = if foreign {
            !number & (u64::MAX >> 1)
        } else {
            number
        };
        let id = IdText::new(shown, behaviour.receipt_id);
        let times = 1 + u32::from(self.dice.happens(behaviour.receipts_doubled));
        self.counts.receipts_fake += u64::from(end.state != end.told);
        let unix = self.unix();
        let receipt = Receipt {
            id: id.octets(),
            state: end.told,
            submitted: unix,
            done: unix + end.after.as_secs(),
            ..*receipt
        };
        let group = side.bound.map_or(0, |bound| bound.group);
        for _ in 0..times {
            self.counts.receipts += 1;
            let behaviour = &self.settings.behaviour;
            let mut pdu = self.spare.pop().unwrap_or_default();
            if behaviour.receipt == Shape::default() {
                receipt.put(&mut pdu);
            } else {
                behaviour.receipt.put(&receipt, &mut pdu);
            }
            let mut delay = end.after;
            if !behaviour.receipts_shuffled.is_zero() {
                delay += behaviour.receipts_shuffled.mul_f64(self.dice.share());
            }
            let parcel = Parcel {
                pdu,
                group,
                is_receipt: true,
                // What reports the end by cancelling is not cancelled itself.
                number: if end.told == MessageState::DELETED {
                    0
                } else {
                    number
                },
                origin: side.token,
                elsewhere: behaviour.receipts_elsewhere,
                tries: 0,
            };
            if !delay.is_zero() {
                self.plan(delay, What::Delivery(parcel));
            } else {
                self.binds.offer(side, out, parcel);
            }
        }
    }

    /// Whether a receipt is not to be sent since its message was cancelled.
    pub(super) fn is_off(&mut self, parcel: &Parcel) -> bool {
        parcel.is_receipt && self.memory.is_cancelled(parcel.number)
    }

    /// A deliver_sm was answered.
    pub(super) fn taken(&mut self, side: &mut Side, sequence: u32, status: Status) {
        let mut parcel = match side.deliveries.take(sequence) {
            Answered::Waiting(parcel) => parcel,
            Answered::Twice | Answered::Never => {
                self.counts.strange_responses += 1;
                return;
            }
        };
        if let Some(witness) = &self.settings.witness {
            witness.delivered(&parcel.pdu, status);
        }
        if status.is_ok() {
            match parcel.is_receipt {
                true => self.counts.receipts_taken += 1,
                false => self.counts.inbound_taken += 1,
            }
            self.recycle(parcel.pdu);
            return;
        }
        self.counts.deliveries_refused += 1;
        parcel.tries += 1;
        if parcel.tries < TRIES_MAX {
            self.plan(Duration::from_nanos(TRY_AGAIN_NS), What::Delivery(parcel));
        } else {
            self.counts.deliveries_abandoned += 1;
        }
    }

    #[cold]
    fn note(&mut self, message: &Message<'_>, id: &IdText, state: MessageState) {
        let mut ledger = self.shared.ledger.lock();
        if ledger.len() < self.settings.ledger {
            ledger.push(message.accepted(id.octets(), state));
        }
    }
}
