//! The file of simulated carriers: one TOML table for each.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use smppgate_codec::code::{MessageState, Status};
use toml::Spanned;

use super::choice::{listen, status, together_at_most_one};
use crate::rig::carrier::{
    Action, Alert, Behaviour, BindHabits, Call, Carriage, Dates, IdForm, Parameters, Phones,
    Planned, ReceiptAlphabet, Repeats, ResponseShape, SegmentReceipts, Settings, Shape, Throttle,
    Wording,
};
use crate::rig::chance::{Law, span};
use crate::rig::named::Named;
use crate::rig::tls::{ClientTls, ServerTls, Trust};

/// Messages that query_sm and its like find, unless the file says otherwise.
pub const REMEMBER: usize = 100_000;

/// Octets of an address beside its NUL (SMPP 3.4 §5.2.8).
const ADDRESS_MAX: usize = 20;

/// Octets of a system_id or password.
const CREDENTIAL_MAX: usize = 64;

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
    let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = line(error.span().map_or(0, |span| span.start));
        let message = error.message().replace('\n', " ");
        format!("{shown}, near line {line}: {message}")
    })?;
    if file.carrier.is_empty() {
        return Err(format!("{shown}: there is no [[carrier]]"));
    }
    let told = |name: &str, fault: Fault| {
        let Fault { at, words } = fault;
        format!("{shown}, line {}: carrier {name}: {words}", line(at))
    };
    let mut names = BTreeMap::new();
    let mut carriers = Vec::new();
    for (carrier, place) in file.carrier.into_iter().zip(0..) {
        let name = carrier.name.get_ref().clone();
        let at = carrier.name.span().start;
        if let Some(before) = names.insert(name.clone(), line(at)) {
            let words = format!("name: line {before} has it already; write another one");
            return Err(told(&name, Fault { at, words }));
        }
        let simulated = carrier.simulated(file.seed.wrapping_add(place));
        carriers.push(simulated.map_err(|fault| told(&name, fault))?);
    }
    Ok(carriers)
}

/// What is wrong with a carrier, and where in the file.
struct Fault {
    at: usize,
    words: String,
}

impl Fault {
    fn of<T>(value: &Spanned<T>, words: impl Into<String>) -> Self {
        Self {
            at: value.span().start,
            words: words.into(),
        }
    }
}

/// The shares of things of which each message has one at most.
fn together(key: &str, shares: Option<&Spanned<BTreeMap<String, f64>>>) -> Result<(), Fault> {
    let Some(shares) = shares else {
        return Ok(());
    };
    let sum = shares.get_ref().values().sum();
    together_at_most_one(sum).map_err(|words| Fault::of(shares, format!("{key}: {words}")))
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
    name: Spanned<String>,
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
    errors: Option<Spanned<BTreeMap<String, f64>>>,
    #[serde(default)]
    refuse: BTreeMap<String, String>,
    #[serde(default)]
    unanswered: f64,
    #[serde(default)]
    answered_twice: f64,
    #[serde(default)]
    ignore_enquire_link: bool,
    deliver_window: Option<Spanned<usize>>,
    #[serde(default)]
    no_transceiver: bool,
    #[serde(default)]
    no_interface_version: bool,
    #[serde(default, deserialize_with = "some_duration")]
    bound_once: Option<Duration>,
    outbind: Option<Spanned<Outbind>>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outbind {
    address: String,
    system_id: String,
    #[serde(default)]
    password: String,
    tls: Option<Trusted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trusted {
    server_name: String,
    ca: PathBuf,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
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
    states: Option<Spanned<BTreeMap<String, f64>>>,
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
            states: None,
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
    action: Spanned<String>,
    status: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    to: Option<Spanned<String>>,
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
    fn simulated(self, seed: u64) -> Result<Simulated, Fault> {
        let shares = [
            ("unanswered", self.unanswered),
            ("answered_twice", self.answered_twice),
            ("receipt.lost", self.receipt.lost),
            ("receipt.double", self.receipt.double),
            ("receipt.foreign", self.receipt.foreign),
            ("receipt.early", self.receipt.early),
            ("receipt.fake", self.receipt.fake),
        ];
        let (errors, states) = (self.errors.as_ref(), self.receipt.states.as_ref());
        let named = [errors, states].into_iter().flatten();
        let named = named.flat_map(|shares| shares.get_ref());
        let all = shares
            .into_iter()
            .chain(named.map(|(key, share)| (key.as_str(), *share)));
        let here = |words: String| Fault::of(&self.name, words);
        for (key, share) in all {
            if !(0.0..=1.0).contains(&share) {
                return Err(here(format!("{key}: {share}: not a share between 0 and 1")));
            }
        }
        together("errors", errors)?;
        together("receipt.states", states)?;
        if !(0.0..=1e8).contains(&self.rate) {
            return Err(here("rate: not a number of messages per second".into()));
        }
        if let Some(window) = self
            .deliver_window
            .as_ref()
            .filter(|window| *window.get_ref() == 0)
        {
            let words = "deliver_window: with 0 nothing would ever be delivered; write 1 or more";
            return Err(Fault::of(window, words));
        }
        let behaviour = self.behaviour().map_err(here)?;
        let address = listen(&self.listen);
        let address = address.map_err(|error| here(format!("{}: {error}", self.listen)))?;
        let call = self.outbind.as_ref().map(called).transpose()?;
        let timeline = self.timeline.iter().map(Event::planned);
        let timeline = timeline.collect::<Result<_, _>>()?;
        let phones = self.phones.into_iter().map(Writers::phones);
        let phones = phones.collect::<Result<_, _>>().map_err(here)?;
        let tls = self.tls.as_ref();
        let tls =
            tls.map(|tls| ServerTls::new(&tls.certificate, &tls.key, tls.client_ca.as_deref()));
        let tls = tls.transpose().map_err(|error| here(error.to_string()))?;
        let name = self.name.into_inner();
        let usual = Settings::default();
        Ok(Simulated {
            settings: Settings {
                listen: address,
                system_id: self.system_id.unwrap_or_else(|| name.clone()),
                password: self.password,
                deliver_window: self
                    .deliver_window
                    .map_or(usual.deliver_window, Spanned::into_inner),
                first_id: self.first_id.unwrap_or(usual.first_id),
                remember: self.remember,
                timeline,
                call,
                phones,
                tls,
                seed,
                behaviour,
                ..usual
            },
            name,
        })
    }

    fn behaviour(&self) -> Result<Behaviour, String> {
        let receipt = &self.receipt;
        let errors = self.errors.iter().flat_map(|errors| errors.get_ref());
        let errors = errors.map(|(name, share)| Ok((status(name)?, *share)));
        let refused = self.refuse.iter();
        let refused = refused.map(|(prefix, name)| Ok((prefix.clone(), status(name)?)));
        let states = receipt.states.iter().flat_map(|states| states.get_ref());
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
            binds: BindHabits {
                no_transceiver: self.no_transceiver,
                without_version: self.no_interface_version,
                once: self.bound_once,
            },
            ignore_enquire_link: self.ignore_enquire_link,
            ..Behaviour::default()
        })
    }
}

impl Event {
    fn planned(&self) -> Result<Planned, Fault> {
        let name = self.action.get_ref().as_str();
        let (has_status, has_numbers) = match name {
            "refuse_binds" => (true, false),
            "alert" => (false, true),
            _ => (false, false),
        };
        for (key, written, is_used, user) in [
            ("status", &self.status, has_status, "refuse_binds"),
            ("from", &self.from, has_numbers, "alert"),
            ("to", &self.to, has_numbers, "alert"),
        ] {
            if let (Some(written), false) = (written, is_used) {
                let words = format!(
                    "timeline: {key}: {name} has none; leave it out, or write it beside {user}"
                );
                return Err(Fault::of(written, words));
            }
        }
        let action = match name {
            "drop" => Action::Drop,
            "hang" => Action::Hang,
            "unhang" => Action::Unhang,
            "refuse_binds" => Action::RefuseBinds(match &self.status {
                None => Status::ESME_RBINDFAIL,
                Some(written) => status(written.get_ref())
                    .map_err(|words| Fault::of(written, format!("timeline: status: {words}")))?,
            }),
            "take_binds" => Action::TakeBinds,
            "unbind" => Action::Unbind,
            "alert" => Action::Alert(self.alert()?),
            other => {
                let words = format!(
                    "timeline: {other}: not one of drop, hang, unhang, refuse_binds, take_binds, \
                     unbind, alert"
                );
                return Err(Fault::of(&self.action, words));
            }
        };
        Ok(Planned {
            at: self.at,
            every: self.every,
            action,
        })
    }
}

impl Event {
    fn alert(&self) -> Result<Alert, Fault> {
        let (Some(from), Some(to)) = (&self.from, &self.to) else {
            let words = "timeline: alert: needs from, a phone, and to, who asked to be told";
            return Err(Fault::of(&self.action, words));
        };
        for number in [from, to] {
            if number.get_ref().len() > ADDRESS_MAX {
                let words = format!("timeline: alert: a number has {ADDRESS_MAX} digits at most");
                return Err(Fault::of(number, words));
            }
        }
        Ok(Alert {
            from: from.get_ref().clone(),
            to: to.get_ref().clone(),
        })
    }
}

fn called(outbind: &Spanned<Outbind>) -> Result<Call, Fault> {
    let Outbind {
        address,
        system_id,
        password,
        tls,
    } = outbind.get_ref();
    let is_half = |tls: &Trusted| tls.certificate.is_some() != tls.key.is_some();
    if tls.as_ref().is_some_and(is_half) {
        let words = "outbind.tls: certificate and key go together; write both or neither";
        return Err(Fault::of(outbind, words));
    }
    let tls = tls.as_ref().map(|tls| {
        ClientTls::new(&Trust {
            server_name: tls.server_name.clone(),
            ca: Some(tls.ca.clone()),
            insecure: false,
            certificate: tls.certificate.clone().zip(tls.key.clone()),
        })
    });
    let tls = tls.transpose();
    if system_id.len() > CREDENTIAL_MAX || password.len() > CREDENTIAL_MAX {
        let words = format!("outbind: system_id and password have {CREDENTIAL_MAX} octets at most");
        return Err(Fault::of(outbind, words));
    }
    let found = listen(address);
    Ok(Call {
        address: found.map_err(|error| {
            let words = format!("outbind.address: {address}: {error}; write host:port");
            Fault::of(outbind, words)
        })?,
        system_id: system_id.clone(),
        password: password.clone(),
        tls: tls.map_err(|error| Fault::of(outbind, format!("outbind.tls: {error}")))?,
    })
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

fn remembered() -> usize {
    REMEMBER
}

fn law<'de, D: Deserializer<'de>>(from: D) -> Result<Law, D::Error> {
    text(from, Law::from_str)
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    text(from, span)
}

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
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
