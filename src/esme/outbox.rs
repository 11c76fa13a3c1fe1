//! What one connection has to deliver: what waits, and what waits to be confirmed.

use super::delivery::{Delivery, Style};
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
    /// Whether nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where to put what is fetched from elsewhere; it waits from the next look on.
    pub fn fetched(&mut self) -> &mut Vec<Delivery> {
        &mut self.fetched
    }

    /// Where the first delivery that may be sent now stands among those that wait.
    pub fn due(&mut self) -> Option<usize> {
        let mut fetched = std::mem::take(&mut self.fetched);
        self.waiting.extend(fetched.drain(..));
        self.fetched = fetched;
        self.waiting.iter().position(Delivery::is_due)
    }

    /// Deliveries that wait.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.fetched.len()
    }

    /// Takes the delivery that stands there as sent: its token and the command that it will be.
    pub fn send(&mut self, at: usize) -> Option<(u32, Command)> {
        let delivery = self.waiting.remove(at)?;
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
    pub fn put(&self, token: u32, style: Style<'_>, sequence: u32, out: &mut BytesMut) {
        if let Some(Some(delivery)) = self.sent.get(token as usize) {
            delivery.put(style, sequence, out);
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
