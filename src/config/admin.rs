//! `[admin]`: where the HTTP side listens, and who may ask it.

use std::net::SocketAddr;

use super::secret;
use super::section::Section;
use super::surroundings::Context;
use crate::admin::{Guard, Token};

/// Where the token may stand.
const OF_TOKEN: secret::Keys = ["token", "token_file", "token_env"];

/// The HTTP side: metrics, health and the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
    /// What callers must show; without one the address is on loopback.
    pub token: Option<Token>,
}

impl Admin {
    /// Who decides whether a caller may ask there.
    pub fn guard(&self) -> Guard {
        Guard::new(self.address, self.token.clone())
    }
}

pub(super) fn admin(mut section: Section<'_>, context: &Context<'_>) -> Option<Admin> {
    let value = section.required("address", "address = \"127.0.0.1:2780\"");
    let address = value.as_ref().and_then(|value| value.socket_address());
    let is_guarded = OF_TOKEN.iter().any(|key| section.has(key));
    if let (Some(value), Some(address)) = (&value, address)
        && !address.ip().is_loopback()
        && !is_guarded
    {
        let least = Token::CHARACTERS_LEAST;
        let message = format!(
            "{address} is not on loopback, so that anybody could ask; write a token of {least} \
             characters or more (token, token_file or token_env), or address = \"127.0.0.1:{}\"",
            address.port()
        );
        value.report.absent(&value.spot, message);
    }
    let token = token(&mut section, context);
    section.finish();
    Some(Admin {
        address: address?,
        token,
    })
}

fn token(section: &mut Section<'_>, context: &Context<'_>) -> Option<Token> {
    let secret = secret::read(section, context, OF_TOKEN)?;
    Token::new(secret.octets)
        .map_err(|error| secret.from.error(format!("the token {error}")))
        .ok()
}
