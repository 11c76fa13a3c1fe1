//! What is named in the file, and whether a reference leads anywhere.

use std::collections::HashMap;

use super::finding::{Report, Spot, shown};
use super::nearest::did_you_mean;
use super::value::Value;
use crate::carrier::{Binding, Carrier};

/// The names of one kind of thing.
pub(super) struct Names {
    /// What bears these names, for example `carrier`.
    kind: &'static str,
    /// Each name, and the key of the thing that bears it first.
    bearers: HashMap<String, String>,
    /// Whether a name could not be read. What refers to an unknown name may mean that one.
    is_incomplete: bool,
}

impl Names {
    pub fn new(kind: &'static str) -> Self {
        Self {
            kind,
            bearers: HashMap::new(),
            is_incomplete: false,
        }
    }

    /// Tells if something else bears the name already. An empty name is one that could not be read.
    pub fn add(&mut self, name: &str, spot: &Spot, report: &Report<'_>) {
        if name.is_empty() {
            self.is_incomplete = true;
            return;
        }
        match self.bearers.get(name) {
            Some(bearer) => report.error(
                spot,
                format!("`{name}` is the name of {bearer} already; names are used once"),
            ),
            None => {
                let bearer = spot.key.rsplit_once('.').map_or("", |(bearer, _)| bearer);
                self.bearers.insert(name.to_owned(), bearer.to_owned());
            }
        }
    }

    /// The name, if something bears it.
    pub fn reference(&self, value: &Value<'_>) -> Option<String> {
        let name = value.text()?;
        if self.bearers.contains_key(name) {
            return Some(name.to_owned());
        }
        if self.is_incomplete {
            return None;
        }
        let told = shown(name);
        let known = self.bearers.keys().map(String::as_str);
        let meant = match self.bearers.is_empty() {
            true => format!("; there is no [[{}]] at all", self.kind),
            false => did_you_mean(name, known),
        };
        let kind = self.kind;
        value
            .report
            .absent(&value.spot, format!("no {kind} is named `{told}`{meant}"));
        None
    }
}

/// The names of the carriers, and which way each of them takes messages.
pub(super) struct Carriers {
    names: Names,
    binds: HashMap<String, Binding>,
}

impl Carriers {
    pub fn new() -> Self {
        Self {
            names: Names::new("carrier"),
            binds: HashMap::new(),
        }
    }

    pub fn add(&mut self, carrier: &Carrier, spot: &Spot, report: &Report<'_>) {
        self.names.add(&carrier.name, spot, report);
        self.binds.insert(carrier.name.clone(), carrier.bind);
    }

    /// The name, if it is that of a carrier that can be sent to.
    pub fn sender(&self, value: &Value<'_>) -> Option<String> {
        self.unless(
            value,
            Binding::Receiver,
            "as receiver and takes no messages",
        )
    }

    /// The name, if it is that of a carrier that messages can come from.
    pub fn receiver(&self, value: &Value<'_>) -> Option<String> {
        self.unless(
            value,
            Binding::Transmitter,
            "as transmitter and brings no messages",
        )
    }

    fn unless(&self, value: &Value<'_>, unfit: Binding, why: &str) -> Option<String> {
        let name = self.names.reference(value)?;
        if self.binds.get(&name) == Some(&unfit) {
            value.error(format!("carrier `{name}` binds {why}"));
            return None;
        }
        Some(name)
    }
}
