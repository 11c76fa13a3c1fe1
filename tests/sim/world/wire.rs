//! A link between the gateway and a peer: octets travel both ways, take their time, arrive in other
//! pieces than they were written in, and the link may break between any two of them.

use super::agenda::{Agenda, Event};
use super::book::Order;
use super::chance::Chance;
use super::sabotage::Saboteur;
use bytes::BytesMut;
use smppgate::moment::Moment;
use smppgate_codec::frame;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The two ends of a wire; also the way that leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Gateway,
    Peer,
}

impl End {
    pub fn other(self) -> Self {
        match self {
            Self::Gateway => Self::Peer,
            Self::Peer => Self::Gateway,
        }
    }
}

/// How a wire carries octets.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub latency: Duration,
    /// What some pieces take longer.
    pub jitter: Duration,
    /// How many of a thousand writes arrive in pieces.
    pub cut_permille: u32,
    /// Octets that may be on the way to the peer: what it does not read fills this.
    pub room: usize,
}

#[derive(Debug)]
pub struct Wire {
    manner: Manner,
    ways: [Way; 2],
    /// What the gateway has written since somebody looked, PDU by PDU, and the rest of one.
    written: Vec<(Order, BytesMut)>,
    rest: BytesMut,
}

/// Octets that came together.
#[derive(Debug)]
pub struct Piece {
    due: Moment,
    octets: Vec<u8>,
    from: usize,
}

impl Piece {
    pub fn octets(&self) -> &[u8] {
        &self.octets[self.from..]
    }
}

#[derive(Debug, Default)]
struct Way {
    pieces: VecDeque<Piece>,
    unread: usize,
    last_due: Moment,
    written: u64,
    read: u64,
    /// How many octets had been read when.
    marks: Vec<(u64, Moment)>,
    /// What is behind the last piece, if anything.
    end: Option<(Moment, io::ErrorKind)>,
    /// What is written vanishes.
    is_lost: bool,
    /// The writer waits for room.
    is_wanted: bool,
}

/// What a reader finds where octets could be.
pub enum Found {
    Piece(Piece),
    Nothing,
    Closed,
    Broken,
}

impl Wire {
    pub fn new(manner: Manner) -> Self {
        Self {
            manner,
            ways: [Way::default(), Way::default()],
            written: Vec::new(),
            rest: BytesMut::new(),
        }
    }

    /// PDUs that the gateway has written since the last look, whether they arrive or not.
    pub fn take_written(&mut self) -> Vec<(Order, BytesMut)> {
        std::mem::take(&mut self.written)
    }

    /// The gateway writes; `stamp` numbers what is written at one time.
    fn tap(&mut self, stamp: u64, octets: &[u8]) {
        self.rest.extend_from_slice(octets);
        let mut count = 0;
        while let Some(frame) =
            frame::next(&self.rest, frame::LENGTH_MAX).expect("the gateway frames its PDUs")
        {
            let length = frame.octets.len();
            count += 1;
            let octets = self.rest.split_to(length);
            self.written.push(((stamp, count), octets));
        }
    }

    fn way(&mut self, to: End) -> &mut Way {
        &mut self.ways[to as usize]
    }

    /// Octets that were ever written in this direction.
    pub fn written(&self, to: End) -> u64 {
        self.ways[to as usize].written
    }

    /// When the octet before this place was read, if it was.
    pub fn read_at(&self, to: End, place: u64) -> Option<Moment> {
        let marks = &self.ways[to as usize].marks;
        let at = marks.partition_point(|(read, _)| *read < place);
        marks.get(at).map(|(_, when)| *when)
    }

    pub fn latency(&self) -> Duration {
        self.manner.latency
    }
}

/// A wire in the hands of somebody, at one moment.
pub struct Held<'a> {
    pub wire: &'a mut Wire,
    pub number: usize,
    pub now: Moment,
    pub chance: &'a mut Chance,
    pub agenda: &'a mut Agenda,
    pub stamp: &'a mut u64,
    pub saboteur: &'a mut Option<Saboteur>,
}

impl Held<'_> {
    /// Writes towards this end. How many octets there was room for.
    pub fn write(&mut self, to: End, octets: &[u8]) -> usize {
        let room = match to {
            End::Gateway => usize::MAX,
            End::Peer => self.wire.manner.room,
        };
        let way = self.wire.way(to);
        let count = octets.len().min(room.saturating_sub(way.unread));
        if count < octets.len() {
            way.is_wanted = true;
        }
        self.carry(to, &octets[..count]);
        count
    }

    /// Writes whatever room there is.
    pub fn carry(&mut self, to: End, octets: &[u8]) {
        let manner = self.wire.manner;
        *self.stamp += 1;
        if to == End::Peer {
            self.wire.tap(*self.stamp, octets);
        }
        let mut rest = octets;
        while !rest.is_empty() {
            let is_cut = rest.len() > 1 && self.chance.permille(manner.cut_permille);
            let length = match is_cut {
                true => self.chance.range(1, rest.len() as u64 - 1) as usize,
                false => rest.len(),
            };
            let (piece, behind) = rest.split_at(length);
            rest = behind;
            let way = self.wire.way(to);
            way.written += length as u64;
            if way.is_lost {
                continue;
            }
            let jitter = match manner.jitter.is_zero() {
                true => Duration::ZERO,
                false => self.chance.micros(0, manner.jitter.as_micros() as u64),
            };
            let way = self.wire.way(to);
            let due = way.last_due.max(self.now + manner.latency + jitter);
            way.last_due = due;
            way.unread += length;
            way.pieces.push_back(Piece {
                due,
                octets: piece.to_vec(),
                from: 0,
            });
            self.arrives(due, to);
        }
    }

    fn arrives(&mut self, due: Moment, to: End) {
        let event = Event::Arrives {
            wire: self.number,
            at_gateway: to == End::Gateway,
        };
        self.agenda.add(due, event);
    }

    /// What has come to this end by now.
    pub fn take(&mut self, at: End) -> Found {
        let now = self.now;
        let way = self.wire.way(at);
        if let Some(piece) = way.pieces.pop_front_if(|piece| piece.due <= now) {
            let count = piece.octets().len();
            way.is_read(count, now);
            if std::mem::take(&mut way.is_wanted) {
                self.arrives(now, at.other());
            }
            return Found::Piece(piece);
        }
        match way.end {
            Some((due, kind)) if due <= now && way.pieces.is_empty() => match kind {
                io::ErrorKind::UnexpectedEof => Found::Closed,
                _ => Found::Broken,
            },
            _ => Found::Nothing,
        }
    }

    /// This end closes: what it wrote still arrives, and it hears nothing any more.
    pub fn close(&mut self, by: End) {
        self.shut(by);
        self.wire.way(by).vanish(0);
    }

    /// This end has written its last octet.
    pub fn shut(&mut self, by: End) {
        let to = by.other();
        let soonest = self.now + self.wire.manner.latency;
        let way = self.wire.way(to);
        if way.end.is_none() && !way.is_lost {
            let due = way.last_due.max(soonest);
            way.end = Some((due, io::ErrorKind::UnexpectedEof));
            self.arrives(due, to);
        }
    }

    /// The link breaks: of what is on the way some octets still arrive, and both ends find out.
    pub fn cut(&mut self) {
        for to in [End::Gateway, End::Peer] {
            let soonest = self.now + self.chance.micros(0, 50_000);
            let unread = self.wire.way(to).unread;
            let kept = self.chance.range(0, unread as u64) as usize;
            let way = self.wire.way(to);
            way.vanish(kept);
            if way.end.is_none() {
                let due = way.last_due.max(soonest);
                way.end = Some((due, io::ErrorKind::ConnectionReset));
                self.arrives(due, to);
            }
        }
    }

    /// Nothing arrives any more, and nobody finds out.
    pub fn fall_silent(&mut self) {
        for to in [End::Gateway, End::Peer] {
            let unread = self.wire.way(to).unread;
            let kept = self.chance.range(0, unread as u64) as usize;
            self.wire.way(to).vanish(kept);
        }
    }
}

impl Way {
    fn is_read(&mut self, count: usize, now: Moment) {
        self.unread -= count;
        self.read += count as u64;
        match self.marks.last_mut() {
            Some((read, when)) if *when == now => *read = self.read,
            _ => self.marks.push((self.read, now)),
        }
    }

    /// All but the first octets on the way vanish, and all that follow.
    fn vanish(&mut self, kept: usize) {
        self.is_lost = true;
        let mut left = kept;
        self.pieces.retain_mut(|piece| {
            let length = piece.octets().len().min(left);
            left -= length;
            piece.octets.truncate(piece.from + length);
            length > 0
        });
        self.unread = kept.min(self.unread);
    }
}

impl AsyncRead for Held<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let now = self.now;
        let way = self.wire.way(End::Gateway);
        let mut count = 0;
        while buffer.remaining() > 0
            && let Some(piece) = way.pieces.front_mut().filter(|piece| piece.due <= now)
        {
            let octets = piece.octets();
            let length = octets.len().min(buffer.remaining());
            buffer.put_slice(&octets[..length]);
            piece.from += length;
            count += length;
            if piece.octets().is_empty() {
                way.pieces.pop_front();
            }
        }
        if count > 0 {
            way.is_read(count, now);
            return Poll::Ready(Ok(()));
        }
        match way.end {
            Some((due, kind)) if due <= now && way.pieces.is_empty() => match kind {
                io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                kind => Poll::Ready(Err(kind.into())),
            },
            _ => Poll::Pending,
        }
    }
}

impl AsyncWrite for Held<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(mut saboteur) = self.saboteur.take() {
            let tampered = saboteur.tamper(octets, &mut self);
            self.carry(End::Peer, &tampered);
            *self.saboteur = Some(saboteur);
            return Poll::Ready(Ok(octets.len()));
        }
        match self.write(End::Peer, octets) {
            0 if !octets.is_empty() => Poll::Pending,
            count => Poll::Ready(Ok(count)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
