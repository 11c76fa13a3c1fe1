//! Any text as a configuration file: it is read, or told what is wrong with it; what was read makes
//! tables, and those choose.
#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use smppgate::config::{Config, Severity, Surroundings};
use smppgate::message::{AccountId, CarrierId};
use smppgate::route::{InboundTable, Query, Table};

/// Every file holds a few prefixes, and every variable a password.
struct World;

impl Surroundings for World {
    fn file(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(b"33 # a comment\n4477\n".to_vec())
    }

    fn variable(&self, _: &str) -> Option<String> {
        Some("secret".to_owned())
    }

    fn now(&self) -> i64 {
        0
    }
}

fuzz_target!(|text: &str| {
    match Config::parse(text, Path::new("fuzz.toml"), &World) {
        Err(findings) => {
            assert!(
                findings
                    .iter()
                    .any(|found| found.severity == Severity::Error)
            );
            for finding in findings {
                assert!(!finding.to_string().is_empty());
            }
        }
        Ok(config) => {
            let account_id = |name: &str| AccountId(name.len() as u32);
            let carrier_id = |name: &str| CarrierId(name.len() as u16);
            let table = Table::build(config.rules(account_id, carrier_id))
                .expect("what was checked makes a table");
            let inbound = InboundTable::build(&config.inbound_rules(account_id, carrier_id));
            for destination in [&b"33612345678"[..], b"+447700900123", b"ACME", b""] {
                let query = Query {
                    account: AccountId(4),
                    source: b"ACME",
                    destination,
                };
                let choice = table.choose_one(&query);
                table.candidates(choice);
                table.explain(&query);
                inbound.asks_for_keyword(destination);
                inbound.choose(CarrierId(5), destination, Some("stop"));
                inbound.choose(CarrierId(5), destination, None);
            }
        }
    }
});
