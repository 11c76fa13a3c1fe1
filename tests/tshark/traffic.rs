//! A day in the life of a gateway: its peers say everything that there is to say, and a tap hears it.

use std::net::{SocketAddr, TcpListener};

use smppgate_codec::code::{Command, DataCoding, Status, Tag};
use smppgate_codec::pdu::{
    Address, AlertNotification, CancelSm, Data, Destination, Destinations, Header, Outbind, Pdu,
    QuerySm, ReplaceSm, Sm, SubmitMulti, Tlvs,
};

use super::capture::Passed;
use super::support::{Carrier, Esme, House, Smsc, account, message, octets, put_tlv, route};
use super::tap::Tap;

/// Who sends, as in [`message`].
const SOURCE: Address<'static> = Address {
    ton: 5,
    npi: 0,
    digits: b"ACME",
};

/// A command that no version has, and that tshark does not take for SMPP.
pub const STRAY: Command = Command(0x0000_0777);

/// A gateway with a tap on each of its lines.
struct Tapped {
    tap: Tap,
    house: House,
    /// Where customers connect.
    door: SocketAddr,
    /// Where a carrier calls.
    bell: SocketAddr,
    /// By prefix: 331 as it comes, 332 in segments with a header, 333 with sar_ parameters, 334 as
    /// payload.
    carriers: Vec<Smsc>,
}

/// Everything that passed.
pub fn of_every_kind() -> Vec<Passed> {
    let tapped = Tapped::open();
    let mut north = bound_as_a_pair(&tapped.carriers[0]);
    let mut acme = tapped.esme(Command::BIND_TRANSCEIVER);
    let sender = tapped.esme(Command::BIND_TRANSMITTER);
    let receiver = tapped.esme(Command::BIND_RECEIVER);
    messages_and_receipts(&mut acme, &mut north);
    several_at_once(&mut acme, &mut north.0);
    from_a_phone(&mut acme, receiver, &mut north.1);
    long_ones(&tapped, &mut acme);
    called(&tapped, &mut acme);
    asked_for(&mut acme);
    silence(&mut acme, &mut north.1);
    nonsense(&mut acme, &mut north.0);
    endings(sender, acme);
    // The gateway unbinds from all carriers.
    let Tapped { tap, mut house, .. } = tapped;
    let drain = house.drain();
    for bind in [&mut north.0, &mut north.1] {
        let unbind = bind.expect(Command::UNBIND);
        bind.answer_bare(&unbind, Status::ESME_ROK);
    }
    house.ended(drain);
    tap.heard()
}

impl Tapped {
    fn open() -> Self {
        let tap = Tap::default();
        let carriers: Vec<_> = (0..4).map(|_| Smsc::open()).collect();
        let keys = [
            "bind = \"pair\"\nenquire_link = \"1s\"",
            "long = \"udh\"",
            "long = \"sar\"",
            "long = \"payload\"",
        ];
        let mut parts = vec![account("acme", "enquire_link = \"1s\"")];
        let names = ["plain", "udh", "sar", "payload"];
        for (at, (smsc, keys)) in carriers.iter().zip(keys).enumerate() {
            let address = smsc.address();
            let settings = smsc.settings(names[at], keys);
            let tapped = tap.before(address).to_string();
            parts.push(settings.replace(&address.to_string(), &tapped));
            let to = format!("to = [\"33{}\"]\nvia = [\"{}\"]", at + 1, names[at]);
            parts.push(route(names[at], &to));
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let called = free.local_addr().unwrap();
        drop(free);
        parts.push(format!(
            "[[carrier]]\nname = \"calling\"\nsystem_id = \"gate\"\npassword = \"key\"\n\
             outbind = {{ address = \"{called}\", system_id = \"smsc\", password = \"knock\" }}\n"
        ));
        parts.push(route("calling", "to = [\"339\"]\nvia = [\"calling\"]"));
        // Nobody ever answers there.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        drop(silent);
        parts.push(format!(
            "[[carrier]]\nname = \"silent\"\naddress = \"{address}\"\nsystem_id = \"gate\"\n\
             password = \"key\"\n"
        ));
        parts.push(route("silent", "to = [\"338\"]\nvia = [\"silent\"]"));
        parts.push("[[inbound]]\nto = [\"36034\"]\naccount = \"acme\"\n".to_owned());
        let house = House::open(&parts);
        Self {
            door: tap.before(house.address()),
            bell: tap.before(called),
            tap,
            house,
            carriers,
        }
    }

    fn esme(&self, kind: Command) -> Esme {
        let mut esme = Esme::dial(self.door);
        assert_eq!(esme.bind(kind, "acme", "secret").status(), Status::ESME_ROK);
        esme
    }
}

/// The transmitter and the receiver of the gateway with this carrier.
fn bound_as_a_pair(smsc: &Smsc) -> (Carrier, Carrier) {
    let mut both = [smsc.dialled(), smsc.dialled()];
    for (carrier, bind) in &mut both {
        carrier.accept_bind(bind);
    }
    both.sort_by_key(|(_, bind)| bind.command() != Command::BIND_TRANSMITTER);
    let [(transmitter, _), (receiver, _)] = both;
    (transmitter, receiver)
}

/// Accepted, refused, as submit_sm and data_sm, in other alphabets; receipts of success and failure.
fn messages_and_receipts(acme: &mut Esme, (north, ear): &mut (Carrier, Carrier)) {
    for (id, stat) in [("n1", "DELIVRD"), ("n2", "UNDELIV")] {
        let sequence = acme.submit("33112345678");
        north.takes(id);
        acme.accepted(sequence);
        ear.reports(id, stat, "000");
        acme.receipt();
    }
    let sequence = acme.submit_sm(Sm {
        data_coding: DataCoding::UCS2,
        short_message: "Привет"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
            .as_slice(),
        validity_period: b"000001000000000R",
        ..message("33112345678")
    });
    north.takes("n3");
    acme.accepted(sequence);
    let refused = acme.submit("33712345678");
    assert_eq!(acme.refused(refused), Status::ESME_RINVDSTADR);
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, b"hello");
    let sequence = acme.send(&Pdu::DataSm(Data {
        source: SOURCE,
        destination: Address::new(1, 1, b"33112345678"),
        tlvs: Tlvs::new(&tlvs),
        ..Data::default()
    }));
    north.takes("n4");
    acme.accepted(sequence);
}

fn several_at_once(acme: &mut Esme, north: &mut Carrier) {
    let mut destinations = Vec::new();
    for number in ["33112345678", "33712345678", "33112345679"] {
        Destination::Sme(Address::new(1, 1, number.as_bytes())).put(&mut destinations);
    }
    let sequence = acme.send(&Pdu::SubmitMulti(SubmitMulti {
        source: SOURCE,
        destinations: Destinations::new(&destinations).unwrap(),
        short_message: b"hello",
        ..SubmitMulti::default()
    }));
    north.takes("m1");
    north.takes("m2");
    assert_eq!(
        acme.response(sequence).command(),
        Command::SUBMIT_MULTI_RESP
    );
}

/// A message, a segment, a data_sm, and an alert.
fn from_a_phone(acme: &mut Esme, mut receiver: Esme, ear: &mut Carrier) {
    receiver.unbind();
    let sequence = ear.deliver(0, b"STOP", b"");
    acme.delivery();
    assert_eq!(ear.answered(sequence), Status::ESME_ROK);
    ear.deliver(0x40, b"\x05\x00\x03\x07\x02\x01first", b"");
    acme.delivery();
    let mut tlvs = Vec::new();
    put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, b"hello");
    ear.send(&Pdu::DataSm(Data {
        source: Address::new(1, 1, b"33112345678"),
        destination: Address::new(0, 1, b"36034"),
        tlvs: Tlvs::new(&tlvs),
        ..Data::default()
    }));
    assert_eq!(acme.delivery().command(), Command::DATA_SM);
    tlvs.clear();
    put_tlv(&mut tlvs, Tag::MS_AVAILABILITY_STATUS, &[0]);
    ear.send(&Pdu::AlertNotification(AlertNotification {
        source: Address::new(1, 1, b"33112345678"),
        esme: Address::new(0, 1, b"36034"),
        tlvs: Tlvs::new(&tlvs),
    }));
    acme.expect(Command::ALERT_NOTIFICATION);
}

/// One text in each of the ways in which a carrier may want it.
fn long_ones(tapped: &Tapped, acme: &mut Esme) {
    for (number, parts, smsc) in [
        ("33212345678", 3, &tapped.carriers[1]),
        ("33312345678", 3, &tapped.carriers[2]),
        ("33412345678", 1, &tapped.carriers[3]),
    ] {
        let mut carrier = smsc.bound();
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &[b'a'; 307]);
        let sequence = acme.submit_sm(Sm {
            short_message: b"",
            tlvs: Tlvs::new(&tlvs),
            ..message(number)
        });
        let ids: Vec<_> = (0..parts).map(|part| format!("l{part}")).collect();
        for id in &ids {
            carrier.takes(id);
        }
        acme.accepted(sequence);
        for id in &ids {
            carrier.reports(id, "DELIVRD", "000");
        }
        acme.receipt();
        carrier.hang_up();
    }
}

/// A carrier calls us, and we bind.
fn called(tapped: &Tapped, acme: &mut Esme) {
    let mut calling = Carrier::calls(tapped.bell);
    let outbind = Pdu::Outbind(Outbind {
        system_id: b"smsc",
        password: b"knock",
    });
    calling.write(&octets(&outbind, Status::ESME_ROK, 1));
    let bind = calling.expect(Command::BIND_TRANSCEIVER);
    calling.accept_bind(&bind);
    let sequence = acme.submit("33912345678");
    calling.takes("c1");
    acme.accepted(sequence);
    calling.hang_up();
}

/// query_sm, replace_sm and cancel_sm, with and without success.
fn asked_for(acme: &mut Esme) {
    let sequence = acme.submit("33812345678");
    let waiting = acme.accepted(sequence);
    for id in [waiting.as_str(), "12345"] {
        let asked = Pdu::QuerySm(QuerySm {
            message_id: id.as_bytes(),
            source: SOURCE,
        });
        let anew = Pdu::ReplaceSm(ReplaceSm {
            message_id: id.as_bytes(),
            source: SOURCE,
            short_message: b"hello again",
            ..ReplaceSm::default()
        });
        let back = Pdu::CancelSm(CancelSm {
            message_id: id.as_bytes(),
            source: SOURCE,
            destination: Address::new(1, 1, b"33812345678"),
            ..CancelSm::default()
        });
        for request in [asked, anew, back] {
            let sequence = acme.send(&request);
            let response = acme.response(sequence);
            assert_eq!(response.status() == Status::ESME_ROK, id == waiting);
        }
    }
}

/// Nobody says anything until the gateway asks whether they are there.
fn silence(acme: &mut Esme, ear: &mut Carrier) {
    for peer in [&mut **acme, &mut **ear] {
        let asked = peer.expect(Command::ENQUIRE_LINK);
        peer.answer_bare(&asked, Status::ESME_ROK);
    }
}

/// What gets a generic_nack, from either side: a request that there is not.
fn nonsense(acme: &mut Esme, north: &mut Carrier) {
    for peer in [&mut **acme, &mut **north] {
        peer.alive();
        let stray = peer.number();
        peer.write(&Header::bare(STRAY, Status::ESME_ROK, stray).to_octets());
        peer.expect(Command::GENERIC_NACK);
    }
}

fn endings(mut sender: Esme, mut acme: Esme) {
    sender.unbind();
    sender.closed();
    acme.unbind();
    acme.closed();
}
