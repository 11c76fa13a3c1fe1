//! Everybody around the gateway: ESMEs of several kinds, two carriers, phones, and the ledger that
//! all of them write.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use smppgate::rig::carrier::{self, Behaviour, Carrier, Inbound};
use smppgate::rig::chance::{Dice, Law};
use smppgate::rig::ledger::{self, Ledger, Terms, Witness};
use smppgate::rig::middle::lasting_addresses;
use smppgate::rig::steadfast::{Account, Settings, Steadfast};
use smppgate_codec::code::{Command, MessageState, Status};

/// The account that stays away for a while now and then.
pub const AWAY: usize = 3;

/// Binds of the gateway to each carrier, and the window of each.
const CARRIER_BINDS: u64 = 2;
const CARRIER_WINDOW: u64 = 50;

/// The gateway knows what a peer answered so long before a crash. Its journal needs a few
/// milliseconds for that, but nobody is sure of a processor on a busy machine.
const SETTLED_AFTER: Duration = Duration::from_millis(250);

/// Messages from phones per second.
const PHONE_RATE: f64 = 60.0;

/// What tells the accounts apart: their share of the messages, their binds, their settings.
struct Kind {
    name: &'static str,
    share: f64,
    binds: &'static [Command],
    settings: &'static str,
    never_again: bool,
    is_hex: bool,
    not_now: f64,
}

const TRX: Command = Command::BIND_TRANSCEIVER;

const KINDS: [Kind; 4] = [
    Kind {
        name: "stored",
        share: 0.35,
        binds: &[TRX, TRX],
        settings: "",
        never_again: false,
        is_hex: false,
        not_now: 0.0,
    },
    Kind {
        name: "passing",
        share: 0.25,
        binds: &[TRX, TRX],
        settings: "ack = \"carrier\"",
        never_again: true,
        is_hex: false,
        not_now: 0.0,
    },
    Kind {
        name: "pair",
        share: 0.2,
        binds: &[Command::BIND_TRANSMITTER, Command::BIND_RECEIVER],
        settings: "",
        never_again: false,
        is_hex: false,
        not_now: 0.005,
    },
    Kind {
        name: "away",
        share: 0.2,
        binds: &[TRX],
        settings: "message_id = \"hex\"",
        never_again: false,
        is_hex: true,
        not_now: 0.0,
    },
];

/// The peers of the gateway.
pub struct Town {
    pub ledger: Ledger,
    pub esmes: Steadfast,
    /// Where the gateway listens for ESMEs and for those who look in, each time it is started.
    pub address: SocketAddr,
    pub admin: SocketAddr,
    carriers: Vec<Carrier>,
    dice: Dice,
    phoned: u64,
    opened: Instant,
}

impl Town {
    pub fn new(rate: f64, seed: u64) -> io::Result<Self> {
        let account = |kind: &Kind| ledger::Account {
            name: kind.name.into(),
            is_hex: kind.is_hex,
            never_again: kind.never_again,
        };
        let ledger = Ledger::open(Terms {
            accounts: KINDS.iter().map(account).collect(),
            carriers: vec!["slow".into(), "quick".into()],
            windows: 2 * CARRIER_BINDS * CARRIER_WINDOW,
            settled_after: SETTLED_AFTER,
            may_be_queued: false,
        });
        // Whoever begins again on an old folder meets no id that was given before.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let first_id = since_epoch.unwrap_or_default().as_millis() as u64 * 1_000;
        let carriers = [slow(), quick()]
            .into_iter()
            .enumerate()
            .map(|(place, behaviour)| {
                Carrier::spawn(carrier::Settings {
                    seed: seed ^ place as u64,
                    // Their ids overlap: an id says nothing without its carrier.
                    first_id,
                    witness: Some(Witness::new(ledger.clone(), place as u8)),
                    behaviour,
                    ..carrier::Settings::default()
                })
            })
            .collect::<io::Result<Vec<_>>>()?;
        let [address, admin] = lasting_addresses()?;
        let esmes = Steadfast::spawn(Settings {
            connect: address,
            accounts: KINDS
                .iter()
                .zip(0..)
                .map(|(kind, place): (_, u64)| Account {
                    system_id: kind.name.into(),
                    password: "secret".into(),
                    binds: kind.binds.to_vec(),
                    source: number_of(place),
                    to: vec!["33".into(), "44".into()],
                    rate: rate * kind.share,
                    window: 100,
                    registered: vec![(0, 0.1), (2, 0.05), (3, 0.05)],
                    not_now: kind.not_now,
                })
                .collect(),
            ledger: ledger.clone(),
            seed,
        })?;
        Ok(Self {
            ledger,
            esmes,
            address,
            admin,
            carriers,
            dice: Dice::new(seed ^ 0x5EED),
            phoned: 0,
            opened: Instant::now(),
        })
    }

    /// What is done all the while: phones write, and stories that are over are let go.
    pub fn tick(&mut self) {
        let due = (self.opened.elapsed().as_secs_f64() * PHONE_RATE) as u64;
        while self.phoned < due {
            self.phoned += 1;
            let account = self.dice.bits() % KINDS.len() as u64;
            let Some(number) = self.ledger.phone(account as u8) else {
                break;
            };
            let place = (self.dice.bits() % self.carriers.len() as u64) as usize;
            // One that is too many for the carrier was never written.
            self.carriers[place].deliver(Inbound {
                system_id: Some("smppgate".into()),
                source: format!("336{number:09}"),
                destination: number_of(account),
                body: format!("{number:09} from a phone").into_bytes(),
                ..Inbound::default()
            });
        }
        self.ledger.look();
    }

    /// No phone writes from now on.
    pub fn hush(&mut self) {
        self.phoned = u64::MAX;
    }

    /// deliver_sm that carriers have given up, since the gateway would not take them.
    pub fn given_up(&self) -> u64 {
        let counts = self.carriers.iter().map(Carrier::counts);
        counts.map(|counts| counts.deliveries_abandoned).sum()
    }

    /// The gateway's configuration.
    pub fn config(&self, journal: &str, data: &Path) -> String {
        let Self { address, admin, .. } = self;
        let mut text = format!(
            "[gateway]\ndata_dir = {data:?}\njournal = {journal:?}\n\n\
             [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n\n\
             [admin]\naddress = \"{admin}\"\n"
        );
        // A String takes all that is written.
        for (kind, place) in KINDS.iter().zip(0..) {
            let (name, settings, number) = (kind.name, kind.settings, number_of(place));
            let _ = write!(
                text,
                "\n[[account]]\nsystem_id = \"{name}\"\npassword = \"secret\"\n{settings}\n\n\
                 [[inbound]]\nto = [\"{number}\"]\naccount = \"{name}\"\n"
            );
        }
        for ((name, prefix, other), carrier) in [("slow", "33", "quick"), ("quick", "44", "slow")]
            .into_iter()
            .zip(&self.carriers)
        {
            let at = carrier.address();
            let _ = write!(
                text,
                "\n[[carrier]]\nname = \"{name}\"\naddress = \"{at}\"\nsystem_id = \"smppgate\"\n\
                 password = \"secret\"\nbinds = {CARRIER_BINDS}\nwindow = {CARRIER_WINDOW}\n\
                 reconnect = {{ first = \"100ms\", most = \"200ms\" }}\n\n\
                 [[route]]\nname = \"{name}\"\nto = [\"{prefix}\"]\nvia = [\"{name}\", \"{other}\"]\n"
            );
        }
        text
    }
}

/// The number that an account sends from and phones write to.
fn number_of(account: u64) -> String {
    format!("3600{account}")
}

/// A carrier that takes its time, above all with receipts.
fn slow() -> Behaviour {
    let ms = Duration::from_millis;
    Behaviour {
        latency: Law::Between(ms(1), ms(30)),
        receipt_delay: Law::Between(ms(0), ms(3_000)),
        ..common()
    }
}

/// A carrier that answers at once.
fn quick() -> Behaviour {
    let ms = Duration::from_millis;
    Behaviour {
        latency: Law::Between(ms(0), ms(2)),
        receipt_delay: Law::Between(ms(0), ms(50)),
        receipts_early: 0.05,
        ..common()
    }
}

fn common() -> Behaviour {
    Behaviour {
        errors: vec![
            (Status::ESME_RINVDSTADR, 0.01),
            (Status::ESME_RSYSERR, 0.01),
        ],
        states: vec![
            (MessageState::UNDELIVERABLE, 0.05),
            (MessageState::EXPIRED, 0.02),
            (MessageState::REJECTED, 0.02),
        ],
        receipts_early: 0.01,
        receipts_doubled: 0.01,
        ..Behaviour::default()
    }
}
