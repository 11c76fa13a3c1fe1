//! `[admin]`: where the HTTP side listens.

use std::net::SocketAddr;

use super::section::Section;

/// The HTTP side: metrics and health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens, on loopback.
    pub address: SocketAddr,
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
