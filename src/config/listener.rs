//! `[[listener]]`: a socket that ESMEs connect to.

use std::net::SocketAddr;
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
