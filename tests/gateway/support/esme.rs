//! A customer that binds, submits, and takes what is delivered.

use super::peer::{Got, Peer};
use bytes::BytesMut;
use smppgate_codec::code::{Command, RegisteredDelivery, Status};
use smppgate_codec::pdu::{
    Address, Bind, Destination, Destinations, MessageResp, Pdu, Sm, SubmitMulti,
};
use smppgate_codec::receipt;
use std::net::{SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};

/// A customer's connection.
pub struct Esme(Peer);

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub id: String,
    pub stat: String,
    pub err: String,
}

/// An ordinary message that asks for a receipt.
pub fn message(to: &str) -> Sm<'_> {
    Sm {
        source: Address::new(5, 0, b"ACME"),
        destination: Address::new(1, 1, to.as_bytes()),
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: b"hello",
        ..Sm::default()
    }
}

/// Requests to send a message to 254 numbers each, one of which begins with 44 and all others with
/// 33; numbered from 1.
pub fn widely_spread(count: u32) -> BytesMut {
    let mut octets = Vec::new();
    for number in 0..254 {
        let country = if number == 0 { 44 } else { 33 };
        let digits = format!("{country}6000000{number:03}");
        Destination::Sme(Address::new(1, 1, digits.as_bytes())).put(&mut octets);
    }
    let mut all = BytesMut::new();
    for sequence in 1..=count {
        let multi = SubmitMulti {
            destinations: Destinations::new(&octets).unwrap(),
            short_message: b"hello",
            ..SubmitMulti::default()
        };
        Pdu::SubmitMulti(multi).encode(&mut all, Status::ESME_ROK, sequence);
    }
    all
}

impl Esme {
    pub fn dial(address: SocketAddr) -> Self {
        Self(Peer::dial(address))
    }

    pub fn over(stream: TcpStream) -> Self {
        Self(Peer::new(stream))
    }

    /// A connection of any kind.
    pub fn on(peer: Peer) -> Self {
        Self(peer)
    }

    /// Asks for a bind of this kind, and returns the answer.
    pub fn bind(&mut self, kind: Command, system_id: &str, password: &str) -> Got {
        self.bind_as(kind, system_id, password, 0x34)
    }

    pub fn bind_as(&mut self, kind: Command, system_id: &str, password: &str, version: u8) -> Got {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: version,
            ..Bind::default()
        };
        let sequence = self.send(&match kind {
            Command::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
            Command::BIND_RECEIVER => Pdu::BindReceiver(bind),
            _ => Pdu::BindTransceiver(bind),
        });
        let got = self.next();
        assert_eq!(Some(got.command()), kind.response());
        assert_eq!(got.sequence(), sequence);
        got
    }

    /// Submits an ordinary message; the sequence number is returned.
    pub fn submit(&mut self, to: &str) -> u32 {
        self.send(&Pdu::SubmitSm(message(to)))
    }

    pub fn submit_sm(&mut self, sm: Sm<'_>) -> u32 {
        self.send(&Pdu::SubmitSm(sm))
    }

    /// Submits the ordinary message to all of these numbers.
    pub fn submit_multi(&mut self, numbers: &[&str]) -> u32 {
        let mut octets = Vec::new();
        for number in numbers {
            Destination::Sme(Address::new(1, 1, number.as_bytes())).put(&mut octets);
        }
        let sm = message("");
        self.send(&Pdu::SubmitMulti(SubmitMulti {
            source: sm.source,
            destinations: Destinations::new(&octets).unwrap(),
            registered_delivery: sm.registered_delivery,
            short_message: sm.short_message,
            ..SubmitMulti::default()
        }))
    }

    /// The response to the request with this number.
    pub fn response(&mut self, sequence: u32) -> Got {
        self.find(&format!("the response to {sequence}"), |got| {
            got.command().is_response() && got.sequence() == sequence
        })
    }

    /// The id under which the message with this number was accepted.
    pub fn accepted(&mut self, sequence: u32) -> String {
        let response = self.response(sequence);
        assert_eq!(response.status(), Status::ESME_ROK);
        response.id()
    }

    /// The status with which the message with this number was refused.
    pub fn refused(&mut self, sequence: u32) -> Status {
        let response = self.response(sequence);
        assert_ne!(response.status(), Status::ESME_ROK);
        assert_eq!(response.body(), b"", "a refusal has no body");
        response.status()
    }

    /// The next delivery, which is taken.
    pub fn delivery(&mut self) -> Got {
        let got = self.find("a delivery", |got| {
            matches!(got.command(), Command::DELIVER_SM | Command::DATA_SM)
        });
        self.take(&got);
        got
    }

    /// Takes a delivery.
    pub fn take(&mut self, delivery: &Got) {
        self.settle(delivery, Status::ESME_ROK);
    }

    /// Answers a delivery with this status.
    pub fn settle(&mut self, delivery: &Got, status: Status) {
        let response = match delivery.command() {
            Command::DATA_SM => Pdu::DataSmResp(MessageResp::default()),
            _ => Pdu::DeliverSmResp(MessageResp::default()),
        };
        self.answer(delivery, &response, status);
    }

    /// The next delivery, which is taken, and is a receipt.
    pub fn receipt(&mut self) -> Told {
        Told::read(&self.delivery())
    }

    pub fn unbind(&mut self) {
        self.send(&Pdu::Unbind);
        self.expect(Command::UNBIND_RESP);
    }
}

impl Told {
    pub fn new(id: &str, stat: &str, err: &str) -> Self {
        Self {
            id: id.to_owned(),
            stat: stat.to_owned(),
            err: err.to_owned(),
        }
    }

    /// What this receipt says.
    pub fn read(delivery: &Got) -> Self {
        let sm = delivery.sm();
        assert_eq!(sm.esm_class.0 & 0x24, sm.esm_class.0, "no receipt: {sm:?}");
        assert_ne!(sm.esm_class.0, 0, "no receipt: {sm:?}");
        let text = receipt::parse(sm.short_message);
        let field = |octets: Option<&[u8]>| {
            String::from_utf8(octets.expect("the field is there").to_vec()).unwrap()
        };
        Self {
            id: field(text.id),
            stat: field(text.stat),
            err: field(text.err),
        }
    }
}

impl Deref for Esme {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.0
    }
}

impl DerefMut for Esme {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.0
    }
}
