//! Numbers for names: given once and never again, so that what is under way keeps its meaning when
//! the config is read again, and over restarts; and what belongs to each number.

use crate::carrier::{Group, Long, Queue, Share};
use crate::config::Config;
use crate::flow::Gathering;
use crate::journal::Names;
use crate::journal::names::{NameOf, NamesError};
use crate::message::{AccountId, CarrierId, GroupId};
use crate::moment::Moment;
use crate::receipt::Correlator;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
#[derive(Default)]
pub(super) struct Directory {
    /// Where the numbers are kept, if they outlive the process.
    kept: Option<Names>,
    numbers: HashMap<(NameOf, String), u32>,
    groups: HashMap<GroupId, Arc<Mutex<Correlator>>>,
    group_names: HashMap<CarrierId, String>,
    queues: HashMap<CarrierId, Arc<Queue>>,
    gatherings: HashMap<CarrierId, Arc<Mutex<Gathering>>>,
    shares: HashMap<String, Arc<Share>>,
}

impl Directory {
    /// Numbers that outlive the process.
    pub fn kept(names: Names) -> Self {
        Self {
            kept: Some(names),
            ..Self::default()
        }
    }

    /// Gives everything that the config names its number. A number is durable before it is used.
    pub fn number(&mut self, config: &Config) -> Result<(), NamesError> {
        for account in &config.accounts {
            self.give(NameOf::Account, &account.system_id);
        }
        for carrier in &config.carriers {
            self.give(NameOf::Carrier, &carrier.name);
            self.give(NameOf::Group, &carrier.group);
        }
        self.kept.as_mut().map_or(Ok(()), Names::save)
    }

    fn give(&mut self, of: NameOf, name: &str) {
        let next = self
            .numbers
            .keys()
            .filter(|(other, _)| *other == of)
            .count() as u32;
        let number = match &mut self.kept {
            Some(names) => names.number(of, name),
            None => next,
        };
        self.numbers.entry((of, name.to_owned())).or_insert(number);
    }

    fn given(&self, of: NameOf, name: &str) -> u32 {
        let number = self.numbers.get(&(of, name.to_owned()));
        number
            .copied()
            .expect("everything that the config names has its number")
    }

    /// The number of an account that the config names.
    pub fn account(&self, name: &str) -> AccountId {
        AccountId(self.given(NameOf::Account, name))
    }

    /// The number of a carrier that the config names.
    pub fn carrier(&self, name: &str) -> CarrierId {
        CarrierId(self.given(NameOf::Carrier, name) as u16)
    }

    fn group(&mut self, name: &str) -> (GroupId, Arc<Mutex<Correlator>>) {
        let id = GroupId(self.given(NameOf::Group, name) as u16);
        (id, self.groups.entry(id).or_default().clone())
    }

    /// The group of a carrier. It keeps the one that it started with: receipts for what is under
    /// way come with ids of that group.
    pub fn group_of(
        &mut self,
        carrier: CarrierId,
        name: &str,
    ) -> (GroupId, Arc<Mutex<Correlator>>) {
        let first = self
            .group_names
            .entry(carrier)
            .or_insert_with(|| name.to_owned())
            .clone();
        if first != name {
            tracing::warn!(from = %first, to = %name, "a changed group takes effect at the next start");
        }
        self.group(&first)
    }

    /// Lets a queue share with the others of its group, as long as that has bounds.
    pub fn share(&mut self, name: &str, queue: &Arc<Queue>, bounds: Option<&Group>, now: Moment) {
        if bounds.is_none() && !self.shares.contains_key(name) {
            return queue.set_share(None);
        }
        let share = self.shares.entry(name.to_owned()).or_default().clone();
        share.set(bounds, now);
        share.join(queue);
        queue.set_share(Some(share));
    }

    /// Where segments wait for each other. Once there are such, what is under way may be of them,
    /// whatever the carrier wants from now on.
    pub fn gathering(&mut self, carrier: CarrierId, long: Long) -> Option<Arc<Mutex<Gathering>>> {
        if long == Long::Payload {
            self.gatherings.entry(carrier).or_default();
        }
        self.gatherings.get(&carrier).cloned()
    }

    pub fn queue(&mut self, carrier: CarrierId) -> Arc<Queue> {
        self.queues
            .entry(carrier)
            .or_insert_with(|| Arc::new(Queue::new(None)))
            .clone()
    }
}
