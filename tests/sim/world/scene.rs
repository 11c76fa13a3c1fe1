//! What all who act in the world share: the time, the wires between them, the book.

use super::agenda::{Agenda, Event};
use super::book::Book;
use super::chance::Chance;
use super::faults::Faults;
use super::plan::Plan;
use super::sabotage::Saboteur;
use super::tale::{About, Tale};
use super::wire::{End, Held, Manner, Wire};
use smppgate::moment::Moment;
use std::rc::Rc;
use std::time::Duration;

/// Who holds the peer's end of a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Esme { esme: usize, bind: usize },
    Carrier { operator: usize, session: usize },
    Nobody,
}

/// Who a wire leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Esme {
        esme: usize,
    },
    /// A carrier, and which bind the gateway has called it for.
    Carrier {
        carrier: usize,
        keeper: usize,
    },
}

pub struct Scene {
    pub now: Moment,
    pub chance: Chance,
    pub agenda: Agenda,
    pub wires: Vec<Wire>,
    pub owners: Vec<Owner>,
    /// Who is at the other end of each wire, or was.
    pub sides: Vec<Side>,
    pub book: Book,
    pub tale: Tale,
    pub plan: Rc<Plan>,
    /// What goes wrong now: nothing, once the day is over.
    pub faults: Faults,
    /// When a message or receipt was last on its way.
    pub busy_at: Moment,
    /// Whether all peers are away for the night.
    pub is_night: bool,
    /// Who breaks the promises of the gateway, if that is to be found.
    pub saboteur: Option<Saboteur>,
    stamp: u64,
}

impl Scene {
    pub fn new(plan: Rc<Plan>, chance: Chance, tale: Tale) -> Self {
        Self {
            now: plan.start,
            chance,
            agenda: Agenda::default(),
            wires: Vec::new(),
            owners: Vec::new(),
            sides: Vec::new(),
            book: Book::default(),
            tale,
            faults: plan.faults.clone(),
            plan,
            busy_at: Moment::default(),
            is_night: false,
            saboteur: None,
            stamp: 0,
        }
    }

    /// A new link between the gateway and a peer.
    pub fn lay(&mut self, owner: Owner, side: Side) -> usize {
        let faults = &self.faults;
        let manner = Manner {
            latency: self.chance.micros(20, 1_000 * faults.latency_ms),
            jitter: Duration::from_millis(faults.jitter_ms),
            cut_permille: faults.cut_permille,
            room: faults.room,
        };
        self.wires.push(Wire::new(manner));
        self.owners.push(owner);
        self.sides.push(side);
        self.book.let_go.push(None);
        self.wires.len() - 1
    }

    pub fn hold(&mut self, number: usize) -> Held<'_> {
        Held {
            wire: &mut self.wires[number],
            number,
            now: self.now,
            chance: &mut self.chance,
            agenda: &mut self.agenda,
            stamp: &mut self.stamp,
            saboteur: &mut self.saboteur,
        }
    }

    /// A peer writes; how far the wire is written with it.
    pub fn write(&mut self, wire: usize, octets: &[u8]) -> u64 {
        self.hold(wire).carry(End::Gateway, octets);
        self.wires[wire].written(End::Gateway)
    }

    pub fn later(&mut self, pause: Duration, event: Event) {
        self.agenda.add(self.now + pause, event);
    }

    pub fn note(&mut self, about: About, text: impl FnOnce() -> String) {
        self.tale.note(self.now, about, text);
    }
}
