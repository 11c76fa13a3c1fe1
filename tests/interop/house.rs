//! A gateway between a carrier and its ESMEs, none of which we have written.

use std::path::Path;

use serde_json::{Value, json};
use smppgate::rig::middle::Middle;

use crate::authority::Authority;
use crate::peer::{Library, Peer};

/// What a story is told with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// The carrier is npm smpp, and nothing is encrypted.
    Plain,
    /// The carrier is npm smpp, and everybody speaks TLS; it wants our certificate as we want its.
    Tls,
    /// The carrier is smpp34, which speaks no TLS as a carrier.
    Smpp34,
}

/// What a house has beside the usual.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// The password that the carrier wants; the gateway brings `north`.
    pub carrier_password: &'static str,
    /// Silence after which the gateway asks its peers whether they are there.
    pub enquire_link: &'static str,
    /// How long it waits for their answers.
    pub patience: &'static str,
}

/// The gateway and its carrier. Of its accounts, `acme` gets the carrier's verdict and what phones
/// write, and `store` is stored.
pub struct House {
    scene: Scene,
    authority: Option<Authority>,
    carrier_port: u16,
    /// The gateway; it ends before its carrier does, else it would wait for it.
    pub gateway: Middle,
    /// The carrier.
    pub smsc: Peer,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            carrier_password: "north",
            enquire_link: "30s",
            patience: "30s",
        }
    }
}

impl House {
    /// A house whose gateway is bound to its carrier.
    pub fn open(scene: Scene) -> Self {
        Self::with(scene, Habits::default())
    }

    /// The same with these habits.
    pub fn with(scene: Scene, habits: Habits) -> Self {
        let mut house = Self::unbound(scene, habits);
        let bind = house.smsc.await_event("bind");
        assert_eq!(
            (&bind["system_id"], &bind["status"]),
            (&json!("smppgate"), &json!(0))
        );
        house
    }

    /// The same, with the first bind still to be heard of.
    pub fn unbound(scene: Scene, habits: Habits) -> Self {
        let authority = (scene == Scene::Tls).then(|| {
            let authority = Authority::new();
            authority.issue("gw");
            authority.issue("smsc");
            authority
        });
        let (smsc, carrier_port) = carrier(scene, habits.carrier_password, 0, authority.as_ref());
        Self {
            gateway: gateway(carrier_port, habits, authority.as_ref()),
            scene,
            authority,
            carrier_port,
            smsc,
        }
    }

    /// Binds an ESME on this library.
    #[track_caller]
    pub fn bound(&self, library: Library, account: &str) -> Peer {
        let mut esme = Peer::esme(library);
        assert_eq!(self.bind(&mut esme, account, "secret"), 0);
        esme
    }

    /// An ESME asks for a bind; returns the status of the answer, null if its library does not say.
    #[track_caller]
    pub fn bind(&self, esme: &mut Peer, account: &str, password: &str) -> Value {
        let authority = self.authority.as_ref();
        esme.order(json!({
            "do": "bind", "host": "127.0.0.1", "port": self.gateway.address.port(),
            "system_id": account, "password": password,
            "authority": authority.map(|authority| authority.file("ca.pem")),
        }));
        esme.await_event("bind_resp")["status"].take()
    }

    /// Another carrier takes the place of one that was killed; returns once the gateway is bound.
    pub fn replace_carrier(&mut self) {
        let authority = self.authority.as_ref();
        (self.smsc, _) = carrier(self.scene, "north", self.carrier_port, authority);
        assert_eq!(self.smsc.await_event("bind")["status"], 0);
    }
}

fn carrier(scene: Scene, password: &str, port: u16, authority: Option<&Authority>) -> (Peer, u16) {
    let certificates = authority.map(|authority| authority.file(""));
    match scene {
        Scene::Plain | Scene::Tls => Peer::npm_smsc(password, port, certificates.as_deref()),
        Scene::Smpp34 => Peer::smpp34_smsc(port),
    }
}

fn gateway(carrier: u16, habits: Habits, authority: Option<&Authority>) -> Middle {
    let Habits {
        enquire_link,
        patience,
        ..
    } = habits;
    let (listener, dial) = match authority {
        None => (String::new(), String::new()),
        Some(authority) => {
            let (certificate, key) = (authority.named("gw.pem"), authority.named("gw.key"));
            let own = format!("certificate = {certificate}, key = {key}");
            let ca = authority.named("ca.pem");
            (
                format!("tls = {{ {own} }}\n"),
                format!("tls = {{ server_name = \"127.0.0.1\", ca = {ca}, {own} }}\n"),
            )
        }
    };
    let account = |name: &str, ack: &str| {
        format!(
            "[[account]]\nsystem_id = {name:?}\npassword = \"secret\"\nack = {ack:?}\n\
             enquire_link = {enquire_link:?}\ndeliver_timeout = {patience:?}\n"
        )
    };
    let accounts = account("acme", "carrier") + &account("store", "stored");
    let program = Path::new(env!("CARGO_BIN_EXE_smppgate"));
    Middle::start(program, &["run", "--config"], |address, folder| {
        let data = folder.join("data");
        format!(
            "[gateway]\ndata_dir = {data:?}\njournal = \"memory\"\n\
             [[listener]]\nname = \"esme\"\naddress = \"{address}\"\n{listener}{accounts}\
             [[carrier]]\nname = \"north\"\naddress = \"127.0.0.1:{carrier}\"\n{dial}\
             system_id = \"smppgate\"\npassword = \"north\"\n\
             enquire_link = {enquire_link:?}\nresponse_timeout = {patience:?}\n\
             reconnect = {{ first = \"200ms\", most = \"200ms\" }}\n\
             [[route]]\nname = \"all\"\nvia = [\"north\"]\n\
             [[inbound]]\naccount = \"acme\"\n",
        )
    })
    .expect("the gateway starts")
}
