//! `[gateway]`, `[[listener]]` and `[admin]`: the process itself and where it listens.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::finding::shown;
use super::section::Section;
use super::surroundings::Context;
use super::tls;
use super::value::Value;
use crate::link::network::Network;
use crate::link::tls::ServerTls;

/// Connections of one address where nothing is said: a customer with many binds behind one
/// address, or a balancer.
const CONNECTIONS_PER_ADDRESS: usize = 4_000;

/// The process itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Where what must outlive the process is kept.
    pub data_dir: PathBuf,
    /// The part of our message ids that no other node has, 0 to 63.
    pub node: u8,
    /// Threads that drive sockets; none is one less than cores, and one at least.
    pub workers: Option<NonZeroUsize>,
}

/// A socket that ESMEs connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name in metrics and logs.
    pub name: String,
    /// Where it listens; port 0 is one that the system chooses.
    pub address: SocketAddr,
    /// From accept to the whole bind PDU.
    pub bind_timeout: Duration,
    /// Connections that one address may have at one time.
    pub connections_per_address: usize,
    /// How connections are encrypted, if they are.
    pub tls: Option<ServerTls>,
    /// Where those are that begin with a PROXY header.
    pub proxies: Vec<Network>,
}

/// The HTTP side: metrics and health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens, on loopback.
    pub address: SocketAddr,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            node: 1,
            workers: None,
        }
    }
}

pub(super) fn gateway(mut section: Section<'_>, context: &Context<'_>) -> Gateway {
    let default = Gateway::default();
    journal(&mut section);
    let gateway = Gateway {
        data_dir: section
            .required("data_dir", "data_dir = \"data\"")
            .and_then(|value| Some((value.text()?, value)))
            .map_or(default.data_dir, |(text, value)| {
                if text.is_empty() {
                    value.error("is empty; write for example \"data\"");
                }
                context.path(text)
            }),
        node: section
            .key("node")
            .and_then(|value| value.number(0..=63))
            .unwrap_or(default.node),
        workers: section
            .key("workers")
            .and_then(|value| value.number(1..=1024_i64))
            .and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?)),
    };
    section.finish();
    gateway
}

/// The default will be the journal on disk. Who leaves the key out would rely on that.
fn journal(section: &mut Section<'_>) {
    match section.key("journal") {
        Some(value) => {
            value.choice(&[("memory", ())], &["file"]);
        }
        None => section.absent(
            "journal",
            "is missing, and its default \"file\" is planned and not built yet; \
             write journal = \"memory\", which keeps nothing across a crash",
        ),
    }
}

pub(super) fn listener(mut section: Section<'_>, context: &Context<'_>) -> Option<Listener> {
    let name = section
        .required("name", "name = \"esme\"")
        .and_then(|value| value.name());
    let address = section
        .required("address", "address = \"127.0.0.1:2775\"")
        .and_then(|value| value.socket_address());
    let bind_timeout = section
        .key("bind_timeout")
        .and_then(|value| value.duration(Duration::from_secs(1)..=Duration::from_secs(60)))
        .unwrap_or(Duration::from_secs(5));
    let connections_per_address = section
        .key("connections_per_address")
        .and_then(|value| value.number(1..=20_000_i64))
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(CONNECTIONS_PER_ADDRESS);
    let tls = section.key("tls").map(|value| tls::server(&value, context));
    let proxies = section.key("proxy_protocol").map(|value| proxies(&value));
    section.finish();
    Some(Listener {
        name: name?.to_owned(),
        address: address?,
        bind_timeout,
        connections_per_address,
        tls: tls.flatten(),
        proxies: proxies.unwrap_or_default(),
    })
}

fn proxies(value: &Value<'_>) -> Vec<Network> {
    if matches!(value.raw, DeValue::Array(array) if array.is_empty()) {
        return Vec::new();
    }
    let items = value.items("[\"10.0.0.0/8\"]").unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let text = item.text()?;
            let network = text.parse();
            if let Err(error) = &network {
                item.error(format!("`{}` {error}", shown(text)));
            }
            network.ok()
        })
        .collect()
}

pub(super) fn admin(mut section: Section<'_>) -> Option<Admin> {
    let value = section.required("address", "address = \"127.0.0.1:2780\"");
    let address = value.as_ref().and_then(|value| value.socket_address());
    if let (Some(value), Some(address)) = (&value, address)
        && !address.ip().is_loopback()
    {
        value.error(format!(
            "{address} is not on loopback, and the bearer token that other addresses need is \
             planned and not built yet; write \"127.0.0.1:{}\"",
            address.port()
        ));
    }
    section.planned("token", None);
    section.planned("token_file", None);
    section.finish();
    Some(Admin { address: address? })
}
