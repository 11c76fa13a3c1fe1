//! One table of the file: hands out its keys, and tells of those that nobody asked for.

use toml::de::{DeTable, DeValue};

use super::finding::{Report, Spot, shown};
use super::nearest::did_you_mean;
use super::value::Value;

/// A table. Whoever reads it asks for every key that may stand in it, and then calls
/// [`Section::finish`].
pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    /// Where the table begins.
    pub spot: Spot,
    pub report: &'a Report<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub fn new(table: &'a DeTable<'a>, spot: Spot, report: &'a Report<'a>) -> Self {
        Self {
            table,
            spot,
            report,
            asked: Vec::new(),
        }
    }

    /// The keys of a value that should be a table.
    pub fn of(value: &Value<'a>, example: &str) -> Option<Self> {
        match value.raw {
            DeValue::Table(table) => Some(Self::new(table, value.spot.clone(), value.report)),
            _ => value.wrong_type(example),
        }
    }

    /// The value of a key.
    pub fn key(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        self.table.get(key).map(|value| Value {
            spot: Spot {
                at: value.span().start,
                key: self.path(key),
            },
            raw: value.get_ref(),
            report: self.report,
        })
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &'static str, example: &str) -> Option<Value<'a>> {
        let value = self.key(key);
        if value.is_none() {
            self.absent(key, format!("is missing; write for example {example}"));
        }
        value
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the value of a key stands, or the table if the key is not there.
    pub fn spot_of(&self, key: &str) -> Spot {
        Spot {
            at: self
                .table
                .get(key)
                .map_or(self.spot.at, |value| value.span().start),
            key: self.path(key),
        }
    }

    /// A key that is planned: only what would have been its default is accepted, for that is what
    /// happens anyway.
    pub fn planned(&mut self, key: &'static str, default: Option<&'static str>) {
        let Some(value) = self.key(key) else {
            return;
        };
        let written = default.and_then(|text| DeValue::parse(text).ok());
        if written.is_some_and(|written| is_same(written.get_ref(), value.raw)) {
            return;
        }
        value.error(match default {
            Some(default) => format!(
                "is planned and not built yet; leave it out, or write its default {default}"
            ),
            None => "is planned and not built yet; leave it out".to_owned(),
        });
    }

    /// Tells of a key that should be there.
    pub fn absent(&self, key: &str, message: impl Into<String>) {
        let spot = Spot {
            at: self.spot.at,
            key: self.path(key),
        };
        self.report.absent(&spot, message);
    }

    /// Tells of the keys that nobody asked for.
    pub fn finish(self) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let spot = Spot {
                at: key.span().start,
                key: self.path(&shown(name)),
            };
            let meant = did_you_mean(name, self.asked.iter().copied());
            self.report.error(&spot, format!("unknown key{meant}"));
        }
    }

    fn path(&self, key: &str) -> String {
        match self.spot.key.as_str() {
            "" => key.to_owned(),
            outer => format!("{outer}.{key}"),
        }
    }
}

/// Whether two values mean the same.
fn is_same(left: &DeValue<'_>, right: &DeValue<'_>) -> bool {
    match (left, right) {
        (DeValue::String(left), DeValue::String(right)) => left == right,
        (DeValue::Boolean(left), DeValue::Boolean(right)) => left == right,
        (DeValue::Integer(left), DeValue::Integer(right)) => {
            left.as_str() == right.as_str() && left.radix() == right.radix()
        }
        (DeValue::Array(left), DeValue::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| is_same(left.get_ref(), right.get_ref()))
        }
        (DeValue::Table(left), DeValue::Table(right)) => {
            left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(left, right)| {
                    left.0.get_ref() == right.0.get_ref()
                        && is_same(left.1.get_ref(), right.1.get_ref())
                })
        }
        _ => false,
    }
}
