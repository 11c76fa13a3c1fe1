//! Certificates and keys: read, and held against one another, before anything relies on them.

use std::path::{Path, PathBuf};

use smppgate_codec::time::Civil;

use super::finding::shown;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;
use crate::link::tls::{
    ClientTls, Flaw, Identity, Issuers, ServerTls, certificates, private_key, server_name,
};

const SERVER: &str = "a table, for example { certificate = \"gw.pem\", key = \"gw.key\" }";
const CLIENT: &str = "a table, for example { server_name = \"smsc.example\", ca = \"ca.pem\" }";

/// Seconds before the end of a certificate of ours from which on it is told of. Tools that renew by
/// themselves have done so by then, and a person has time to.
const EXPIRY_WARNED: i64 = 14 * 86_400;

/// `tls` of a listener.
pub(super) fn server(value: &Value<'_>, context: &Context<'_>) -> Option<ServerTls> {
    let mut section = Section::of(value, SERVER)?;
    let certificate = section.required("certificate", "certificate = \"gw.pem\"");
    let key = section.required("key", "key = \"gw.key\"");
    let client_ca = section.key("client_ca");
    section.finish();
    let clients = client_ca.map(|value| issuers(&value, context));
    let identity = identity(&certificate?, &key?, context);
    let clients = match clients {
        Some(read) => Some(read?),
        None => None,
    };
    let tls = ServerTls::new(identity?, clients);
    tls.map_err(|flaw| value.error(flaw.to_string())).ok()
}

/// `tls` of a carrier. Empty names of files are none: so the defaults can be written down.
pub(super) fn client(value: &Value<'_>, context: &Context<'_>) -> Option<ClientTls> {
    let mut section = Section::of(value, CLIENT)?;
    let name = section.required("server_name", "server_name = \"smsc.example\"");
    let ca = section.required(
        "ca",
        "ca = \"ca.pem\", or \"/etc/ssl/certs/ca-certificates.crt\" for the public ones",
    );
    let is_written = |value: &Value<'_>| value.text() != Some("");
    let certificate = section.key("certificate").filter(is_written);
    let key = section.key("key").filter(is_written);
    section.finish();
    let name = name.and_then(|value| {
        let text = value.text()?;
        let name = server_name(text);
        if name.is_err() {
            value.error(format!(
                "`{}` is neither a host name nor an IP address; write for example \"smsc.example\"",
                shown(text)
            ));
        }
        name.ok()
    });
    let issuers = ca.and_then(|value| issuers(&value, context));
    let own = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(identity(&certificate, &key, context)?),
        (None, None) => None,
        (Some(alone), None) => {
            alone.error("stands without `key`; write both or neither");
            return None;
        }
        (None, Some(alone)) => {
            alone.error("stands without `certificate`; write both or neither");
            return None;
        }
    };
    let tls = ClientTls::new(name?, issuers?, own);
    tls.map_err(|flaw| value.error(flaw.to_string())).ok()
}

fn identity(certificate: &Value<'_>, key: &Value<'_>, context: &Context<'_>) -> Option<Identity> {
    let chain = read(certificate, context, certificates);
    let private = read(key, context, private_key);
    let (chain, private) = (chain?, private?);
    let (_, path) = named(key, context)?;
    match Identity::new(chain, private) {
        Ok(identity) => {
            let (_, path) = named(certificate, context)?;
            if let Some(expires) = identity.expires() {
                warn_of_expiry(certificate, &path, expires, context.surroundings.now());
            }
            Some(identity)
        }
        Err(flaw @ Flaw::Certificate(_)) => {
            let (_, path) = named(certificate, context)?;
            told(certificate, &path, &flaw)
        }
        Err(flaw) => told(key, &path, &flaw),
    }
}

/// The gateway runs nevertheless: connections that stand go on, and some peers never look.
fn warn_of_expiry(certificate: &Value<'_>, path: &Path, expires: i64, now: i64) {
    if expires - now >= EXPIRY_WARNED {
        return;
    }
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Civil::from_unix(expires);
    let date = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC");
    let shown = shown(&path.to_string_lossy());
    certificate.warning(if expires < now {
        format!(
            "{shown} holds a certificate that has expired: it was valid until {date}, and who checks it \
             refuses to connect; renew it and send SIGHUP"
        )
    } else {
        format!(
            "{shown} holds a certificate that is only valid until {date}; renew it and send SIGHUP"
        )
    });
}

fn issuers(value: &Value<'_>, context: &Context<'_>) -> Option<Issuers> {
    read(value, context, Issuers::new)
}

/// Reads the file that the value names.
fn read<T>(
    value: &Value<'_>,
    context: &Context<'_>,
    as_what: impl FnOnce(&[u8]) -> Result<T, Flaw>,
) -> Option<T> {
    let (text, path) = named(value, context)?;
    if text.is_empty() {
        value.error("is empty; write the name of a PEM file");
        return None;
    }
    match context.surroundings.file(&path) {
        Ok(pem) => match as_what(&pem) {
            Ok(read) => Some(read),
            Err(flaw) => told(value, &path, &flaw),
        },
        Err(error) => {
            let path = path.to_string_lossy();
            value.error(format!("failed to read {}: {error}", shown(&path)));
            None
        }
    }
}

fn named<'a>(value: &Value<'a>, context: &Context<'_>) -> Option<(&'a str, PathBuf)> {
    let text = value.text()?;
    Some((text, context.path(text)))
}

fn told<T>(value: &Value<'_>, path: &Path, flaw: &Flaw) -> Option<T> {
    value.error(format!("{} {flaw}", shown(&path.to_string_lossy())));
    None
}
