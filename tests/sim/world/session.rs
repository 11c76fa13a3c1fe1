//! A peer's end of a session: PDUs are read and written one by one, each with its place in the order
//! of everything that was written.

use super::book::Answered;
use super::scene::Scene;
use super::tale::About;
use super::wire::{End, Found};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::Header;

#[derive(Debug)]
pub struct Session {
    pub wire: usize,
    inbox: BytesMut,
    sequence: u32,
    /// It does not read.
    pub is_stalled: bool,
    /// An enquire_link of ours has not been answered.
    pub is_asking: bool,
}

/// What there is to be read.
pub enum Heard {
    Pdu(BytesMut),
    Nothing,
    /// The gateway has closed, or the link is broken.
    Closed,
}

/// A PDU where it lies.
pub fn frame_of(octets: &[u8]) -> Frame<'_> {
    frame::next(octets, frame::LENGTH_MAX).unwrap().unwrap()
}

impl Session {
    pub fn new(wire: usize) -> Self {
        Self {
            wire,
            inbox: BytesMut::new(),
            sequence: 0,
            is_stalled: false,
            is_asking: false,
        }
    }

    pub fn next(&mut self, scene: &mut Scene) -> Heard {
        if self.is_stalled {
            return Heard::Nothing;
        }
        loop {
            let whole =
                frame::next(&self.inbox, frame::LENGTH_MAX).expect("the gateway frames its PDUs");
            if let Some(frame) = whole {
                let length = frame.octets.len();
                self.is_asking = false;
                return Heard::Pdu(self.inbox.split_to(length));
            }
            match scene.hold(self.wire).take(End::Peer) {
                Found::Piece(piece) => self.inbox.extend_from_slice(piece.octets()),
                Found::Nothing => return Heard::Nothing,
                Found::Closed | Found::Broken => return Heard::Closed,
            }
        }
    }

    pub fn number(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// Writes a PDU; how far the wire is written with it.
    pub fn write(&mut self, octets: &[u8], about: &[About], who: &str, scene: &mut Scene) -> u64 {
        let frame = frame_of(octets);
        let wire = self.wire;
        scene.tale.pdu(scene.now, &frame, about, || {
            format!("{who} on wire {wire} writes")
        });
        scene.write(self.wire, octets)
    }

    /// Writes a PDU that is only a header.
    pub fn write_bare(
        &mut self,
        command: Command,
        status: Status,
        sequence: u32,
        about: &[About],
        who: &str,
        scene: &mut Scene,
    ) -> Answered {
        let octets = Header::bare(command, status, sequence).to_octets();
        let place = self.write(&octets, about, who, scene);
        Answered {
            status,
            at: scene.now,
            place,
        }
    }

    /// Asks whether the gateway is there; false if it did not answer the last time.
    pub fn pulse(&mut self, who: &str, scene: &mut Scene) -> bool {
        if self.is_asking && !self.is_stalled {
            return false;
        }
        self.is_asking = true;
        let sequence = self.number();
        let command = Command::ENQUIRE_LINK;
        self.write_bare(command, Status::ESME_ROK, sequence, &[], who, scene);
        true
    }
}
