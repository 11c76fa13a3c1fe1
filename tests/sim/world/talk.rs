//! One connection of the gateway as its driver sees it.

use super::agenda::Event;
use super::scene::Scene;
use super::wire::End as WireEnd;
use bytes::BytesMut;
use parking_lot::Mutex;
use smppgate::flow::Clerk;
use smppgate::link::{Bell, Conversation, End, Relay};
use smppgate::moment::Moment;
use smppgate::{carrier, esme};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// What is held over it: the very conversations of the gateway.
pub enum Talk {
    Esme(Box<esme::Connection<Clerk>>),
    Carrier {
        connection: Box<carrier::Connection<Clerk>>,
        keeper: usize,
    },
}

pub struct Connection {
    pub wire: usize,
    pub relay: Relay,
    pub talk: Talk,
    pub bell: Arc<Bell>,
    pub waker: Waker,
    pub alarm_at: Moment,
    /// It has said its last word.
    pub is_parting: bool,
}

impl Connection {
    pub fn new(wire: usize, talk: Talk, bell: Arc<Bell>, waker: Waker, now: Moment) -> Self {
        Self {
            wire,
            relay: Relay::new(now),
            talk,
            bell,
            waker,
            alarm_at: Moment::NEVER,
            is_parting: false,
        }
    }

    /// As the driver does it: an alarm is moved only if it is too late, or has rung.
    pub fn set_alarm(&mut self, number: usize, scene: &mut Scene) {
        let deadline = self.relay.deadline(self.talk.deadline(), scene.now);
        if deadline < self.alarm_at || self.alarm_at <= scene.now {
            self.alarm_at = deadline;
            if deadline != Moment::NEVER {
                let event = Event::Turn {
                    connection: number,
                    is_alarm: true,
                };
                scene.agenda.add(deadline.max(scene.now), event);
            }
        }
    }

    pub fn say_last_words(&mut self, scene: &mut Scene) {
        self.is_parting = true;
        let last_words = self.relay.last_words();
        let mut held = scene.hold(self.wire);
        held.carry(WireEnd::Peer, &last_words);
        held.shut(WireEnd::Gateway);
        self.talk.written(self.relay.untold() + last_words.len());
    }
}

impl Talk {
    fn inside(&mut self) -> &mut dyn Conversation {
        match self {
            Self::Esme(connection) => &mut **connection,
            Self::Carrier { connection, .. } => &mut **connection,
        }
    }

    fn outside(&self) -> &dyn Conversation {
        match self {
            Self::Esme(connection) => &**connection,
            Self::Carrier { connection, .. } => &**connection,
        }
    }
}

impl Conversation for Talk {
    fn receive(&mut self, octets: &[u8], now: Moment, out: &mut BytesMut) -> Result<usize, End> {
        self.inside().receive(octets, now, out)
    }

    fn collect(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        self.inside().collect(now, out)
    }

    fn tick(&mut self, now: Moment, out: &mut BytesMut) -> Result<(), End> {
        self.inside().tick(now, out)
    }

    fn deadline(&self) -> Moment {
        self.outside().deadline()
    }

    fn may_read(&self) -> bool {
        self.outside().may_read()
    }

    fn minds_the_end(&self) -> bool {
        self.outside().minds_the_end()
    }

    fn must_read(&self) -> bool {
        self.outside().must_read()
    }

    fn written(&mut self, octets: usize) {
        self.inside().written(octets);
    }
}

/// Whose bell was rung since somebody looked, in that order.
#[derive(Debug, Default)]
pub struct Rung(Mutex<Vec<usize>>);

/// The rope of one bell.
struct Rope {
    rung: Arc<Rung>,
    number: usize,
}

impl Rung {
    /// The bell of those who wait for a carrier.
    pub const RETRY: usize = usize::MAX;

    pub fn waker(self: &Arc<Self>, number: usize) -> Waker {
        let rung = self.clone();
        Waker::from(Arc::new(Rope { rung, number }))
    }

    pub fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.rung.0.lock().push(self.number);
    }
}
