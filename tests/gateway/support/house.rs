//! A gateway in this process, and its config.

use super::carrier::{Carrier, Smsc};
use super::esme::Esme;
use super::folder::Folder;
use super::front::Front;
use super::peer::PATIENCE;
use smppgate::config::{Config, Process};
use smppgate::gateway::Gateway;
use smppgate::journal::memory::Trouble;
use std::net::TcpStream;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// A gateway and what it runs on.
pub struct House {
    runtime: Option<Runtime>,
    gateway: Option<Gateway>,
    listener: String,
    folder: Option<Folder>,
    admin: String,
    front: Front,
    /// What ails the journal.
    pub trouble: Arc<Trouble>,
}

/// An account whose password is "secret", and what else the config says of it.
pub fn account(system_id: &str, keys: &str) -> String {
    format!("[[account]]\nsystem_id = \"{system_id}\"\npassword = \"secret\"\n{keys}\n")
}

/// A route for everything that these keys do not exclude.
pub fn route(name: &str, keys: &str) -> String {
    format!("[[route]]\nname = \"{name}\"\n{keys}\n")
}

/// The simplest house: the account acme, the carrier north, and one route; both are bound.
pub fn one_carrier(account_keys: &str, carrier_keys: &str) -> (House, Smsc, Carrier, Esme) {
    let (house, smsc, north) = with_one_carrier("", account_keys, carrier_keys);
    let acme = house.trx("acme");
    (house, smsc, north, acme)
}

/// The same with these keys for its listener; the account is not bound.
pub fn with_one_carrier(
    listener: &str,
    account_keys: &str,
    carrier_keys: &str,
) -> (House, Smsc, Carrier) {
    let smsc = Smsc::open();
    let parts = [
        account("acme", account_keys),
        smsc.settings("north", carrier_keys),
        route("all", "via = [\"north\"]"),
        "[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned(),
    ];
    let house = House::behind(listener, &parts);
    let north = smsc.bound();
    (house, smsc, north)
}

/// The account acme, and two carriers, north before south; nobody is bound yet.
pub fn two_carriers(account_keys: &str, north_keys: &str, south_keys: &str) -> (House, Smsc, Smsc) {
    let (north, south) = (Smsc::open(), Smsc::open());
    let house = House::open(&[
        account("acme", account_keys),
        north.settings("north", north_keys),
        south.settings("south", south_keys),
        route("all", "via = [\"north\", \"south\"]"),
    ]);
    (house, north, south)
}

/// Waits until this holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Where HTTP is where a story says nothing of it.
const ADMIN: &str = "address = \"127.0.0.1:0\"";

fn config(listener: &str, admin: &str, folder: Option<&Folder>, parts: &[String]) -> Config {
    let journal = match folder {
        None => "data_dir = \"data\"\njournal = \"memory\"\n".to_owned(),
        Some(folder) => format!("data_dir = {:?}\n", folder.path()),
    };
    let text = format!(
        "[gateway]\n{journal}\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:0\"\nbind_timeout = \"1s\"\n{listener}\n\
         [admin]\n{admin}\n{}",
        parts.concat()
    );
    match Config::parse(&text, Path::new("story.toml"), &Process) {
        Ok(config) => config,
        Err(findings) => panic!("the config of this story is wrong: {findings:#?}"),
    }
}

impl House {
    /// A gateway with these tables in its config.
    pub fn open(parts: &[String]) -> Self {
        Self::behind("", parts)
    }

    /// The same with these keys for its listener.
    pub fn behind(listener: &str, parts: &[String]) -> Self {
        Self::start(listener, ADMIN, None, parts)
    }

    /// The same with a journal on disk, which lies in this folder.
    pub fn keeping(folder: &Folder, parts: &[String]) -> Self {
        Self::start("", ADMIN, Some(folder.clone()), parts)
    }

    /// The same with these keys for [admin].
    pub fn looked_into(admin: &str, parts: &[String]) -> Self {
        Self::start("", admin, None, parts)
    }

    fn start(listener: &str, admin: &str, folder: Option<Folder>, parts: &[String]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let trouble = Arc::new(Trouble::default());
        let gateway = runtime
            .block_on(Gateway::start(
                &config(listener, admin, folder.as_ref(), parts),
                trouble.clone(),
            ))
            .expect("the gateway starts");
        Self {
            listener: listener.to_owned(),
            folder,
            admin: admin.to_owned(),
            front: Front::new(gateway.addresses()[0], gateway.admin_address().unwrap()),
            runtime: Some(runtime),
            gateway: Some(gateway),
            trouble,
        }
    }

    /// Puts another config in force.
    pub fn reload(&mut self, parts: &[String]) {
        let gateway = self.gateway.as_mut().unwrap();
        let config = config(&self.listener, &self.admin, self.folder.as_ref(), parts);
        let runtime = self.runtime.as_ref().unwrap();
        runtime.block_on(gateway.reload(&config)).unwrap();
    }

    /// The same with other keys for [admin].
    pub fn reload_admin(&mut self, admin: &str, parts: &[String]) {
        self.admin = admin.to_owned();
        self.reload(parts);
    }

    /// Asks the gateway to end in order.
    pub fn drain(&mut self) -> JoinHandle<()> {
        let gateway = self.gateway.take().unwrap();
        self.runtime.as_ref().unwrap().spawn(gateway.drain())
    }

    /// Waits until the gateway has ended.
    pub fn ended(&self, drain: JoinHandle<()>) {
        let runtime = self.runtime.as_ref().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(PATIENCE, drain).await })
            .expect("the gateway ends")
            .unwrap();
    }

    /// Whether nobody is let in any more.
    pub fn is_shut(&self) -> bool {
        TcpStream::connect(self.address()).is_err()
    }

    /// The binds to both carriers, once the gateway knows that they are there.
    pub fn both_bound(&self, north_smsc: &Smsc, south_smsc: &Smsc) -> (Carrier, Carrier) {
        let (north, south) = (north_smsc.bound(), south_smsc.bound());
        until("both are bound", || {
            self.metric("carrier_binds{carrier=\"south\"}") == 1
                && self.metric("carrier_binds{carrier=\"north\"}") == 1
        });
        (north, south)
    }

    pub fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }
}

impl Deref for House {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.gateway.take());
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        match self.folder {
            // Who starts on the same folder finds that nobody uses it any more.
            Some(_) => runtime.shutdown_timeout(PATIENCE),
            None => runtime.shutdown_background(),
        }
    }
}
