//! `sim`: how its carriers take binds, call by themselves, and say that a phone can be reached again.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use smppgate::rig::carrier::{
    Action, Alert, Behaviour, BindHabits, Call, Carrier, Planned, Settings,
};
use smppgate::rig::esme::{DialError, Esme, Login};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame;
use smppgate_codec::pdu::Pdu;

use super::authority::Authority;
use super::scratch;

const SOON: Duration = Duration::from_secs(10);

fn carrier(binds: BindHabits) -> Carrier {
    Carrier::spawn(Settings {
        behaviour: Behaviour {
            binds,
            ..Behaviour::default()
        },
        ..Settings::default()
    })
    .unwrap()
}

fn bind(carrier: &Carrier, bind: Command) -> Result<Esme, Status> {
    let login = Login {
        bind,
        ..Login::default()
    };
    match Esme::dial(carrier.address(), &login, SOON) {
        Ok(esme) => Ok(esme),
        Err(DialError::Refused(status)) => Err(status),
        Err(DialError::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn a_carrier_may_know_no_transceivers() {
    let carrier = carrier(BindHabits {
        no_transceiver: true,
        ..BindHabits::default()
    });
    let refused = bind(&carrier, Command::BIND_TRANSCEIVER).err();
    assert_eq!(refused, Some(Status::ESME_RINVCMDID));
    assert!(bind(&carrier, Command::BIND_TRANSMITTER).is_ok());
    assert!(bind(&carrier, Command::BIND_RECEIVER).is_ok());
}

#[test]
fn a_carrier_holds_a_lost_bind_for_bound() {
    let carrier = carrier(BindHabits {
        once: Some(Duration::from_millis(500)),
        ..BindHabits::default()
    });
    let mut first = bind(&carrier, Command::BIND_TRANSCEIVER).unwrap();
    let again = || bind(&carrier, Command::BIND_TRANSCEIVER).err();
    assert_eq!(again(), Some(Status::ESME_RALYBND));
    // Another kind is another bind; who unbinds may come back at once.
    drop(bind(&carrier, Command::BIND_RECEIVER).unwrap());
    first.request(Command::UNBIND, &[]).unwrap();
    first.next(SOON).unwrap().unwrap();
    assert!(first.next(SOON).is_err(), "it is closed");
    drop(bind(&carrier, Command::BIND_TRANSCEIVER).unwrap());
    let lost = Instant::now();
    while carrier.counts().bound > 0 {
        assert!(lost.elapsed() < SOON);
    }
    assert_eq!(again(), Some(Status::ESME_RALYBND));
    while let Some(status) = again() {
        assert_eq!(status, Status::ESME_RALYBND);
        assert!(lost.elapsed() < SOON);
    }
    assert!(lost.elapsed() >= Duration::from_millis(500));
}

#[test]
fn a_carrier_may_leave_its_version_out_and_calls_whom_it_is_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let carrier = Carrier::spawn(Settings {
        call: Some(Call {
            address: listener.local_addr().unwrap(),
            system_id: "north".into(),
            password: "knock".into(),
            tls: None,
        }),
        behaviour: Behaviour {
            binds: BindHabits {
                without_version: true,
                ..BindHabits::default()
            },
            ..Behaviour::default()
        },
        timeline: vec![Planned {
            at: Duration::from_millis(300),
            every: Duration::from_millis(300),
            action: Action::Alert(Alert {
                from: "33612345678".into(),
                to: "36034".into(),
            }),
        }],
        ..Settings::default()
    })
    .unwrap();
    // It calls again when the call has ended.
    for _ in 0..2 {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let next = |socket: &mut TcpStream| {
            let mut octets = vec![0; 4];
            socket.read_exact(&mut octets).unwrap();
            let length = u32::from_be_bytes(octets[..4].try_into().unwrap());
            octets.resize(length as usize, 0);
            socket.read_exact(&mut octets[4..]).unwrap();
            octets
        };
        let octets = next(&mut socket);
        let called = frame::next(&octets, 1_000).unwrap().unwrap();
        let Pdu::Outbind(outbind) = Pdu::decode(&called).unwrap() else {
            panic!("{called:?}");
        };
        assert_eq!(
            (outbind.system_id, outbind.password),
            (&b"north"[..], &b"knock"[..])
        );
        let bind = b"\0\0\0\x1b\0\0\0\x09\0\0\0\0\0\0\0\x01gate\0\0\0\x34\0\0\0";
        socket.write_all(bind).unwrap();
        let octets = next(&mut socket);
        let answer = frame::next(&octets, 1_000).unwrap().unwrap();
        assert_eq!(answer.header.command, Command::BIND_TRANSCEIVER_RESP);
        let answer = Pdu::decode(&answer).unwrap();
        assert_eq!(answer.tlvs().find(Tag::SC_INTERFACE_VERSION), None);
        let octets = next(&mut socket);
        let alert = frame::next(&octets, 1_000).unwrap().unwrap();
        let Pdu::AlertNotification(alert) = Pdu::decode(&alert).unwrap() else {
            panic!("{alert:?}");
        };
        assert_eq!(
            (alert.source.digits, alert.esme.digits),
            (&b"33612345678"[..], &b"36034"[..])
        );
    }
    assert_eq!(carrier.stop().unwrap().calls, 2);
}

#[test]
fn a_carrier_calls_a_gateway_over_tls() {
    let authority = Authority::new();
    authority.issue("gw");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let called = free.local_addr().unwrap();
    drop(free);
    let file = format!(
        "[[carrier]]\nname = \"north\"\nlisten = \"127.0.0.1:0\"\n\
         outbind = {{ address = \"{called}\", system_id = \"smsc\", password = \"knock\", \
         tls = {{ server_name = \"localhost\", ca = {} }} }}\n",
        authority.named("ca.pem")
    );
    let file = scratch("sim-calls.toml", file.as_bytes());
    let simulated = smppgate::cli::sim::read(&file).unwrap().remove(0);
    let carrier = Carrier::spawn(simulated.settings).unwrap();
    let config = format!(
        "[gateway]\ndata_dir = \"data\"\njournal = \"memory\"\n\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:0\"\n\
         [[account]]\nsystem_id = \"acme\"\npassword = \"secret\"\n\
         [[carrier]]\nname = \"north\"\nsystem_id = \"us\"\npassword = \"secret\"\n\
         outbind = {{ address = \"{called}\", system_id = \"smsc\", password = \"knock\", \
         tls = {{ certificate = {}, key = {} }} }}\n\
         [[route]]\nname = \"all\"\nvia = [\"north\"]\n",
        authority.named("gw.pem"),
        authority.named("gw.key")
    );
    let config = scratch("sim-called.toml", config.as_bytes());
    let mut gateway = Process::new(env!("CARGO_BIN_EXE_smppgate"))
        .args(["run", "--config", config.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while carrier.counts().bound == 0 && started.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(10));
    }
    let bound = carrier.counts().bound;
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    assert_eq!(bound, 1, "{:?}", carrier.counts());
}
