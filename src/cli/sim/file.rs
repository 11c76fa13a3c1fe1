//! The file of simulated carriers: one TOML table for each.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use smppgate_codec::code::MessageState;

use super::choice::{listen, status};
use crate::rig::carrier::{
    Action, Behaviour, Carriage, Dates, IdForm, Parameters, Phones, Planned, ReceiptAlphabet,
    Repeats, ResponseShape, SegmentReceipts, Settings, Shape, Throttle, Wording,
};
use crate::rig::chance::{Law, span};
use crate::rig::named::Named;
use crate::rig::tls::ServerTls;

/// Messages that query_sm and its like find, unless the file says otherwise.
pub const REMEMBER: usize = 100_000;

/// A carrier and its name.
pub struct Simulated {
    /// Its name in what is printed.
    pub name: String,
    /// What it is told to do.
    pub settings: Settings,
}

/// Reads a file; an error is one text that says where and what.
pub fn read(path: &Path) -> Result<Vec<Simulated>, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text[..at.min(text.len())].lines().count().max(1);
        let message = error.message().replace('\n', " ");
        format!("{shown}, near line {line}: {message}")
    })?;
    if file.carrier.is_empty() {
        return Err(format!("{shown}: there is no [[carrier]]"));
    }
    let seed = file.seed;
    let carriers = file.carrier.into_iter().enumerate();
    carriers
        .map(|(place, carrier)| {
            let name = carrier.name.clone();
            carrier
                .simulated(seed.wrapping_add(place as u64))
                .map_err(|error| format!("{shown}: {name}: {error}"))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "one")]
    seed: u64,
    #[serde(default)]
    carrier: Vec<Carrier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Carrier {
    name: String,
    listen: String,
    system_id: Option<String>,
    password: Option<String>,
    #[serde(default, deserialize_with = "law")]
    latency: Law,
    #[serde(default)]
    rate: f64,
    #[serde(default)]
    window: usize,
    #[serde(default)]
    throttle: Throttling,
    #[serde(default)]
    errors: BTreeMap<String, f64>,
    #[serde(default)]
    refuse: BTreeMap<String, String>,
    #[serde(default)]
    unanswered: f64,
    #[serde(default)]
    answered_twice: f64,
    #[serde(default)]
    ignore_enquire_link: bool,
    #[serde(default = "hundred")]
    deliver_window: usize,
    #[serde(default = "remembered")]
    remember: usize,
    first_id: Option<u64>,
    #[serde(default)]
    response: Response,
    #[serde(default)]
    receipt: Receipt,
    tls: Option<Certificate>,
    #[serde(default)]
    timeline: Vec<Event>,
    #[serde(default)]
    phones: Vec<Writers>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Throttling {
    status: Option<String>,
    nack: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Response {
    #[serde(deserialize_with = "named")]
    id: IdForm,
    #[serde(deserialize_with = "named")]
    shape: ResponseShape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Receipt {
    #[serde(deserialize_with = "named")]
    id: IdForm,
    #[serde(deserialize_with = "named")]
    text: Wording,
    #[serde(deserialize_with = "named")]
    dates: Dates,
    zone_minutes: i32,
    #[serde(deserialize_with = "named")]
    alphabet: ReceiptAlphabet,
    #[serde(deserialize_with = "named")]
    repeats: Repeats,
    #[serde(deserialize_with = "named")]
    carriage: Carriage,
    #[serde(deserialize_with = "named")]
    parameters: Parameters,
    esm_class: u8,
    #[serde(deserialize_with = "law")]
    delay: Law,
    #[serde(deserialize_with = "duration")]
    shuffled: Duration,
    lost: f64,
    double: f64,
    foreign: f64,
    early: f64,
    fake: f64,
    elsewhere: bool,
    #[serde(deserialize_with = "named")]
    segments: SegmentReceipts,
    states: BTreeMap<String, f64>,
}

impl Default for Receipt {
    fn default() -> Self {
        let shape = Shape::default();
        Self {
            id: IdForm::default(),
            text: shape.text,
            dates: shape.dates,
            zone_minutes: shape.zone_minutes,
            alphabet: shape.alphabet,
            repeats: shape.repeats,
            carriage: shape.carriage,
            parameters: shape.parameters,
            esm_class: shape.esm_class,
            delay: Law::default(),
            shuffled: Duration::ZERO,
            lost: 0.0,
            double: 0.0,
            foreign: 0.0,
            early: 0.0,
            fake: 0.0,
            elsewhere: false,
            segments: SegmentReceipts::default(),
            states: BTreeMap::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(deserialize_with = "duration")]
    at: Duration,
    #[serde(default, deserialize_with = "duration")]
    every: Duration,
    action: String,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writers {
    rate: f64,
    from: String,
    to: String,
    texts: Vec<String>,
    system_id: Option<String>,
}

impl Carrier {
    fn simulated(self, seed: u64) -> Result<Simulated, String> {
        let Receipt { states: told, .. } = &self.receipt;
        let shares = [
            ("unanswered", self.unanswered),
            ("answered_twice", self.answered_twice),
            ("receipt.lost", self.receipt.lost),
            ("receipt.double", self.receipt.double),
            ("receipt.foreign", self.receipt.foreign),
            ("receipt.early", self.receipt.early),
            ("receipt.fake", self.receipt.fake),
        ];
        let all = shares
            .iter()
            .map(|(key, share)| (*key, *share))
            .chain(
                self.errors
                    .iter()
                    .map(|(key, share)| (key.as_str(), *share)),
            )
            .chain(told.iter().map(|(key, share)| (key.as_str(), *share)));
        for (key, share) in all {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{key}: {share}: not a share between 0 and 1"));
            }
        }
        if !(0.0..=1e8).contains(&self.rate) {
            return Err("rate: not a number of messages per second".into());
        }
        let behaviour = self.behaviour()?;
        let address = listen(&self.listen).map_err(|error| format!("{}: {error}", self.listen))?;
        let timeline = self.timeline.iter().map(Event::planned);
        let phones = self.phones.into_iter().map(Writers::phones);
        let usual = Settings::default();
        Ok(Simulated {
            settings: Settings {
                listen: address,
                system_id: self.system_id.unwrap_or_else(|| self.name.clone()),
                password: self.password,
                deliver_window: self.deliver_window,
                first_id: self.first_id.unwrap_or(usual.first_id),
                remember: self.remember,
                timeline: timeline.collect::<Result<_, _>>()?,
                phones: phones.collect::<Result<_, _>>()?,
                tls: self
                    .tls
                    .map(|tls| ServerTls::new(&tls.certificate, &tls.key, tls.client_ca.as_deref()))
                    .transpose()
                    .map_err(|error| error.to_string())?,
                seed,
                behaviour,
                ..usual
            },
            name: self.name,
        })
    }

    fn behaviour(&self) -> Result<Behaviour, String> {
        let receipt = &self.receipt;
        let errors = self.errors.iter();
        let errors = errors.map(|(name, share)| Ok((status(name)?, *share)));
        let refused = self.refuse.iter();
        let refused = refused.map(|(prefix, name)| Ok((prefix.clone(), status(name)?)));
        let states = receipt.states.iter();
        let states = states.map(|(name, share)| match MessageState::from_name(name) {
            Some(state) => Ok((state, *share)),
            None => Err(format!("receipt.states: {name}: not a message state")),
        });
        let throttle = Throttle {
            by_nack: self.throttle.nack,
            ..Throttle::default()
        };
        Ok(Behaviour {
            latency: self.latency,
            receipt_delay: receipt.delay,
            errors: errors.collect::<Result<_, String>>()?,
            refused: refused.collect::<Result<_, String>>()?,
            rate: self.rate,
            unanswered: self.unanswered,
            answered_twice: self.answered_twice,
            states: states.collect::<Result<_, String>>()?,
            receipts_lost: receipt.lost,
            receipts_doubled: receipt.double,
            receipts_foreign: receipt.foreign,
            receipts_early: receipt.early,
            receipts_elsewhere: receipt.elsewhere,
            receipts_fake: receipt.fake,
            receipts_shuffled: receipt.shuffled,
            segment_receipts: receipt.segments,
            receipt: Shape {
                text: receipt.text,
                dates: receipt.dates,
                zone_minutes: receipt.zone_minutes,
                alphabet: receipt.alphabet,
                repeats: receipt.repeats,
                carriage: receipt.carriage,
                parameters: receipt.parameters,
                esm_class: receipt.esm_class,
            },
            response: self.response.shape,
            response_id: self.response.id,
            receipt_id: receipt.id,
            window: self.window,
            throttle: match &self.throttle.status {
                Some(name) => Throttle {
                    status: status(name)?,
                    ..throttle
                },
                None => throttle,
            },
            ignore_enquire_link: self.ignore_enquire_link,
            ..Behaviour::default()
        })
    }
}

impl Event {
    fn planned(&self) -> Result<Planned, String> {
        let refusal = self.status.as_deref().unwrap_or("ESME_RBINDFAIL");
        let action = match self.action.as_str() {
            "drop" => Action::Drop,
            "hang" => Action::Hang,
            "unhang" => Action::Unhang,
            "refuse_binds" => Action::RefuseBinds(status(refusal)?),
            "take_binds" => Action::TakeBinds,
            "unbind" => Action::Unbind,
            other => {
                return Err(format!(
                    "timeline: {other}: not one of drop, hang, unhang, refuse_binds, take_binds, \
                     unbind"
                ));
            }
        };
        Ok(Planned {
            at: self.at,
            every: self.every,
            action,
        })
    }
}

impl Writers {
    fn phones(self) -> Result<Phones, String> {
        if self.texts.is_empty() || !(1e-3..=1e5).contains(&self.rate) {
            return Err("phones: at least one text, and a rate of 0.001 to 100000".into());
        }
        if self.from.len() > 14 || self.to.len() > 20 {
            return Err("phones: from has 14 digits at most, to 20".into());
        }
        Ok(Phones {
            rate: self.rate,
            from: self.from,
            to: self.to,
            texts: self.texts,
            system_id: self.system_id,
        })
    }
}

fn one() -> u64 {
    1
}

fn hundred() -> usize {
    100
}

fn remembered() -> usize {
    REMEMBER
}

fn law<'de, D: Deserializer<'de>>(from: D) -> Result<Law, D::Error> {
    text(from, Law::from_str)
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    text(from, span)
}

fn named<'de, D: Deserializer<'de>, T: Named>(from: D) -> Result<T, D::Error> {
    text(from, T::named)
}

fn text<'de, D, T, E>(from: D, read: impl Fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    let text = String::deserialize(from)?;
    read(&text).map_err(D::Error::custom)
}
