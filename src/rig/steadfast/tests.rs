//! ESMEs bound to a carrier without a gateway between: what is wrong then, the carrier does.

use std::time::{Duration, Instant};

use smppgate_codec::code::Command;

use super::{Account, Settings, Steadfast};
use crate::rig::carrier::{self, Behaviour, Carrier, Inbound};
use crate::rig::chance::Law;
use crate::rig::ledger::{self, Audit, BreakKind, Ledger, Offence, Terms, Witness};

struct Street {
    ledger: Ledger,
    carrier: Carrier,
    esmes: Steadfast,
}

impl Street {
    fn new(behaviour: Behaviour) -> Self {
        let ledger = Ledger::open(Terms {
            accounts: vec![ledger::Account::default()],
            carriers: vec!["carrier".into()],
            windows: 1_000,
            settled_after: Duration::from_millis(250),
            may_be_queued: false,
        });
        let carrier = Carrier::spawn(carrier::Settings {
            witness: Some(Witness::new(ledger.clone(), 0)),
            behaviour,
            ..carrier::Settings::default()
        })
        .unwrap();
        let esmes = Steadfast::spawn(Settings {
            connect: carrier.address(),
            accounts: vec![Account {
                system_id: "esme".into(),
                password: "secret".into(),
                binds: vec![Command::BIND_TRANSCEIVER; 2],
                source: "36000".into(),
                to: vec!["33".into(), "44".into()],
                rate: 1_000.0,
                window: 10,
                registered: Vec::new(),
                not_now: 0.0,
            }],
            ledger: ledger.clone(),
            seed: 1,
        })
        .unwrap();
        Self {
            ledger,
            carrier,
            esmes,
        }
    }

    fn waits_for(&self, what: &str, is_true: impl Fn(&Self) -> bool) {
        let ended = Instant::now() + Duration::from_secs(10);
        while !is_true(self) {
            assert!(Instant::now() < ended, "never: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn sends(&self, count: u64) {
        let before = self.ledger.at_a_glance().submitted;
        self.esmes.send(true);
        self.waits_for("messages are sent", |street| {
            street.ledger.at_a_glance().submitted >= before + count
        });
        self.esmes.send(false);
    }

    fn closes(self) -> Audit {
        self.waits_for("all is told", |street| street.ledger.standing().open == 0);
        // What comes twice comes now.
        std::thread::sleep(Duration::from_millis(50));
        self.esmes.stop().unwrap();
        self.ledger.close(None)
    }
}

#[test]
fn what_esmes_and_a_carrier_write_down_fits_together() {
    let street = Street::new(Behaviour::default());
    street.waits_for("both binds stand", |street| street.esmes.binds().bound == 2);
    let number = street.ledger.phone(0).unwrap();
    assert!(street.carrier.deliver(Inbound {
        source: format!("336{number}"),
        destination: "36000".into(),
        body: format!("{number} hello").into_bytes(),
        ..Inbound::default()
    }));
    street.sends(100);
    let audit = street.closes();
    assert!(audit.is_clean(), "{audit}");
    let (submitted, counts) = (audit.submitted, audit.counts);
    assert!(submitted >= 100);
    assert_eq!(
        (counts.accepted, counts.sent, counts.told, counts.arrived),
        (submitted, submitted, submitted, 1)
    );
}

#[test]
fn receipts_that_come_twice_are_found() {
    let street = Street::new(Behaviour {
        receipts_doubled: 1.0,
        ..Behaviour::default()
    });
    street.sends(50);
    let audit = street.closes();
    assert_eq!(
        audit.offences.keys().collect::<Vec<_>>(),
        [&Offence::ToldAgain]
    );
    assert_eq!(audit.broken(), audit.submitted);
}

#[test]
fn after_a_loss_they_bind_again_and_send_nothing_twice() {
    let street = Street::new(Behaviour {
        latency: Law::Fixed(Duration::from_millis(20)),
        ..Behaviour::default()
    });
    street.sends(30);
    street.esmes.send(true);
    street.ledger.break_off(BreakKind::Killed);
    street.carrier.drop_connections();
    street.waits_for("they are bound again", |street| {
        street.esmes.binds().made == 4
    });
    street.sends(30);
    let audit = street.closes();
    assert!(audit.is_clean(), "{audit}");
    assert!(audit.counts.in_doubt > 0, "{audit}");
    assert_eq!(audit.counts.sent_again, 0);
}

#[test]
fn who_is_away_unbinds_and_comes_back_when_told() {
    let street = Street::new(Behaviour::default());
    street.waits_for("both binds stand", |street| street.esmes.binds().bound == 2);
    street.esmes.away(0, true);
    street.waits_for("no bind stands", |street| street.esmes.binds().bound == 0);
    assert_eq!(street.carrier.counts().unbinds, 2);
    street.esmes.away(0, false);
    street.waits_for("both are back", |street| street.esmes.binds().bound == 2);
}
