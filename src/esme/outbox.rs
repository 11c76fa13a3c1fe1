//! What one connection has to deliver: what waits, and what waits to be confirmed.

use super::delivery::Delivery;
use crate::message::IdForm;
use bytes::BytesMut;
use smppgate_codec::code::Command;
use std::collections::VecDeque;

/// Deliveries of one connection. One that has been sent is kept under a token until it is
/// confirmed; their number is bounded by the window.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Delivery>,
    sent: Vec<Option<Delivery>>,
    free: Vec<u32>,
    /// Room for what is fetched from elsewhere.
    fetched: Vec<Delivery>,
}

impl Outbox {
    /// Adds what has been left for this connection, and empties `deliveries`.
    pub fn extend(&mut self, deliveries: &mut Vec<Delivery>) {
        self.waiting.extend(deliveries.drain(..));
    }

    /// Whether nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Where to put what is fetched from elsewhere; it waits from the next look on.
    pub fn fetched(&mut self) -> &mut Vec<Delivery> {
        &mut self.fetched
    }

    /// The next delivery that waits.
    pub fn front(&mut self) -> Option<&Delivery> {
        let mut fetched = std::mem::take(&mut self.fetched);
        self.waiting.extend(fetched.drain(..));
        self.fetched = fetched;
        self.waiting.front()
    }

    /// Takes the next delivery as sent: its token and the command that it will be.
    pub fn send(&mut self) -> Option<(u32, Command)> {
        let delivery = self.waiting.pop_front()?;
        let command = delivery.command();
        let token = match self.free.pop() {
            Some(token) => {
                self.sent[token as usize] = Some(delivery);
                token
            }
            None => {
                self.sent.push(Some(delivery));
                self.sent.len() as u32 - 1
            }
        };
        Some((token, command))
    }

    /// What was taken as sent could not be, and waits again.
    pub fn unsend(&mut self, token: u32) {
        let delivery = self.take(token);
        delivery
            .into_iter()
            .for_each(|delivery| self.waiting.push_front(delivery));
    }

    /// Appends the PDU of a delivery that was taken as sent.
    pub fn put(&self, token: u32, form: IdForm, tlvs: bool, sequence: u32, out: &mut BytesMut) {
        if let Some(Some(delivery)) = self.sent.get(token as usize) {
            delivery.put(form, tlvs, sequence, out);
        }
    }

    /// The delivery behind a token, once.
    pub fn take(&mut self, token: u32) -> Option<Delivery> {
        let delivery = self.sent.get_mut(token as usize)?.take();
        if delivery.is_some() {
            self.free.push(token);
        }
        delivery
    }

    /// Everything that waits to be sent.
    pub fn waiting(&mut self) -> Vec<Delivery> {
        self.waiting
            .drain(..)
            .chain(self.fetched.drain(..))
            .collect()
    }
}
