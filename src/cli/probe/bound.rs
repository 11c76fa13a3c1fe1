//! The binds of a probe: those that the gateway would make of the configuration.

use std::io;
use std::net::ToSocketAddrs;
use std::time::Duration;

use smppgate_codec::code::Command;

use crate::carrier::{Binding, Carrier};
use crate::rig::esme::{Esme, Login};
use crate::rig::tls::ClientTls;

/// The longest wait for a connection, and for the answer to a bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(10);

/// Binds the carrier, and beside a transmitter the receiver of its group if there is one. The first
/// bind sends.
pub fn bind(carrier: &Carrier, receiver: Option<&Carrier>) -> io::Result<Vec<Esme>> {
    let kinds: &[Command] = match carrier.bind {
        Binding::Transceiver => &[Command::BIND_TRANSCEIVER],
        Binding::Pair => &[Command::BIND_TRANSMITTER, Command::BIND_RECEIVER],
        Binding::Transmitter => &[Command::BIND_TRANSMITTER],
        Binding::Receiver => {
            let told = "it is bound as a receiver alone: name the transmitter of its group";
            return Err(io::Error::other(told));
        }
    };
    let mut binds = dial(carrier, kinds)?;
    if let (Binding::Transmitter, Some(receiver)) = (carrier.bind, receiver) {
        let bound = dial(receiver, &[Command::BIND_RECEIVER]);
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", receiver.name));
        binds.extend(bound.map_err(named)?);
    }
    Ok(binds)
}

fn dial(carrier: &Carrier, kinds: &[Command]) -> io::Result<Vec<Esme>> {
    if carrier.outbind.is_some() {
        let told = "it calls us, and we can only ask a carrier that we call";
        return Err(io::Error::other(told));
    }
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let tls = carrier.tls.as_ref().map(|tls| {
        let (config, name) = tls.agreed();
        ClientTls::agreed(config, name)
    });
    let range = &carrier.address_range;
    let login = Login {
        system_id: carrier.system_id.clone(),
        password: text(&carrier.password.0),
        system_type: carrier.system_type.clone(),
        version: carrier.interface_version,
        range: (range.ton, range.npi, range.range.clone()),
        local: carrier.local_address,
        tls,
        ..Login::default()
    };
    let mut last = io::Error::other("it has no address");
    for address in &carrier.addresses {
        let found = match address.to_socket_addrs() {
            Ok(found) => found,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for address in found {
            let is_other = |local: std::net::IpAddr| local.is_ipv4() != address.is_ipv4();
            if carrier.local_address.is_some_and(is_other) {
                last = io::Error::other("it has no address of the kind of local_address");
                continue;
            }
            let dial = |&bind: &Command| {
                let login = Login {
                    bind,
                    ..login.clone()
                };
                Esme::dial(address, &login, BIND_TIMEOUT).map_err(io::Error::from)
            };
            match kinds.iter().map(dial).collect() {
                Ok(binds) => return Ok(binds),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}
