//! The gateway's configuration and the two simulated carriers.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use smppgate_codec::code::{MessageState, Status};

use crate::config::{Config, Process};
use crate::rig::carrier::{Behaviour, Carrier, Settings};
use crate::rig::chance::Law;

/// The customers: system_id (the password is the same), and the name that phones show.
pub const CUSTOMERS: [(&str, &str); 2] = [("shop", "Shop"), ("bank", "Bank")];

/// The account for whoever watches.
pub const GUEST: &str = "guest";

/// Destinations: France leaves by north, Britain by south; the last one is no phone.
pub const PREFIXES: [&str; 9] = [
    "336", "337", "447", "336", "337", "447", "336", "447", "339",
];

/// What both carriers refuse: numbers that no phone has.
const NO_PHONE: &str = "339";

/// The number that phones write to.
pub const SHORT_CODE: &str = "36034";

/// Longest time from a carrier's answer to its receipt.
const RECEIPT_MOST: Duration = Duration::from_millis(2_500);

/// The two carriers, by name.
pub fn carriers() -> io::Result<[(&'static str, Carrier); 2]> {
    let ms = Duration::from_millis;
    let receipts = Law::Between(ms(600), RECEIPT_MOST);
    let north = Behaviour {
        latency: Law::Between(ms(15), ms(60)),
        receipt_delay: receipts,
        errors: vec![(Status::ESME_RMSGQFUL, 0.06)],
        refused: vec![(NO_PHONE.into(), Status::ESME_RINVDSTADR)],
        states: vec![(MessageState::UNDELIVERABLE, 0.06)],
        ..Behaviour::default()
    };
    let south = Behaviour {
        latency: Law::Between(ms(40), ms(150)),
        receipt_delay: receipts,
        refused: vec![(NO_PHONE.into(), Status::ESME_RINVDSTADR)],
        states: vec![
            (MessageState::UNDELIVERABLE, 0.05),
            (MessageState::EXPIRED, 0.03),
        ],
        ..Behaviour::default()
    };
    Ok([
        ("north", carrier("north", 1_000_001, north)?),
        ("south", carrier("south", 7_000_001, south)?),
    ])
}

fn carrier(name: &str, first_id: u64, behaviour: Behaviour) -> io::Result<Carrier> {
    Carrier::spawn(Settings {
        system_id: name.into(),
        password: Some(name.into()),
        first_id,
        seed: first_id,
        behaviour,
        ..Settings::default()
    })
}

/// The configuration of a gateway between them, on free ports.
pub fn config(north: SocketAddr, south: SocketAddr) -> Result<Config, String> {
    let text = format!(
        r#"
[gateway]
data_dir = "data"
journal = "memory"

[[listener]]
name = "esme"
address = "127.0.0.1:0"

[admin]
address = "127.0.0.1:0"

[[account]]
system_id = "shop"
password = "shop"

[[account]]
system_id = "bank"
password = "bank"
ack = "carrier"

[[account]]
system_id = "{GUEST}"
password = "{GUEST}"

[[carrier]]
name = "north"
address = "{north}"
system_id = "smppgate"
password = "north"

[[carrier]]
name = "south"
address = "{south}"
system_id = "smppgate"
password = "south"

[[route]]
name = "france"
to = ["33"]
via = ["north", "south"]

[[route]]
name = "rest"
via = ["south", "north"]

[[inbound]]
to = ["{SHORT_CODE}"]
account = "shop"

[[inbound]]
account = "{GUEST}"
"#
    );
    Config::parse(&text, Path::new("demo.toml"), &Process).map_err(|findings| {
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        findings.join("; ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_right_and_nothing_in_it_is_doubtful() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let config = config(address(1), address(2)).unwrap();
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert!(
            warnings.iter().all(|warning| warning.contains("memory")),
            "{warnings:?}"
        );
        let names = config.accounts.iter().map(|account| &account.system_id[..]);
        assert!(names.eq(["shop", "bank", GUEST]));
    }
}
