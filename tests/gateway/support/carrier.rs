//! A carrier that takes our binds and does what the story says.

use super::peer::{Got, PATIENCE, Peer};
use super::tls;
use rustls::{ClientConfig, ServerConfig};
use smppgate_codec::code::{Command, EsmClass, Status, Tag};
use smppgate_codec::pdu::{Address, BindResp, MessageResp, Pdu, Sm, Tlv, Tlvs};
use smppgate_codec::receipt::State;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A carrier's message centre: a place where the gateway dials.
pub struct Smsc(TcpListener, Option<Arc<ServerConfig>>);

/// One bind of the gateway with a carrier.
pub struct Carrier(Peer);

impl Smsc {
    pub fn open() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket, None)
    }

    /// One that speaks TLS.
    pub fn open_tls(tls: Arc<ServerConfig>) -> Self {
        Self(Self::open().0, Some(tls))
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// What the config says of this carrier, and `keys` besides.
    pub fn settings(&self, name: &str, keys: &str) -> String {
        let address = self.address();
        format!(
            "[[carrier]]\nname = \"{name}\"\naddress = \"{address}\"\n\
             system_id = \"gate\"\npassword = \"key\"\n\
             reconnect = {{ first = \"100ms\", most = \"100ms\" }}\n{keys}\n"
        )
    }

    /// The next connection and the bind that came on it, not answered yet.
    pub fn dialled(&self) -> (Carrier, Got) {
        let mut carrier = self.connected();
        let bind = carrier.next();
        assert!(bind.command().is_bind());
        (carrier, bind)
    }

    /// The next connection.
    pub fn connected(&self) -> Carrier {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    return Carrier(match &self.1 {
                        None => Peer::new(stream),
                        Some(tls) => tls::answer(stream, tls.clone()),
                    });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < deadline, "the gateway did not dial");
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Whether the gateway has dialled again.
    pub fn is_dialled(&self) -> bool {
        self.0.accept().is_ok()
    }

    /// The next bind, which is accepted; the gateway knows of it on return.
    pub fn bound(&self) -> Carrier {
        let (mut carrier, bind) = self.dialled();
        carrier.accept_bind(&bind);
        carrier
    }
}

impl Carrier {
    /// The carrier connects to us, as soon as the gateway listens there.
    pub fn calls(address: SocketAddr) -> Self {
        Self(Peer::new(Self::reaches(address)))
    }

    /// The same over TLS.
    pub fn calls_tls(address: SocketAddr, tls: Arc<ClientConfig>) -> Self {
        Self(tls::ask(Self::reaches(address), tls))
    }

    fn reaches(address: SocketAddr) -> TcpStream {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Where the gateway has dialled from.
    pub fn dialled_from(&self) -> SocketAddr {
        self.0.peer_address()
    }

    pub fn accept_bind(&mut self, bind: &Got) {
        let mut tlvs = Vec::new();
        put_tlv(&mut tlvs, Tag::SC_INTERFACE_VERSION, &[0x34]);
        let resp = BindResp {
            system_id: b"smsc",
            tlvs: Tlvs::new(&tlvs),
        };
        let resp = match bind.command() {
            Command::BIND_TRANSMITTER => Pdu::BindTransmitterResp(resp),
            Command::BIND_RECEIVER => Pdu::BindReceiverResp(resp),
            _ => Pdu::BindTransceiverResp(resp),
        };
        self.answer(bind, &resp, Status::ESME_ROK);
        self.alive();
    }

    /// The next message.
    pub fn request(&mut self) -> Got {
        self.find("a message", |got| {
            matches!(got.command(), Command::SUBMIT_SM | Command::DATA_SM)
        })
    }

    /// Accepts a message under this id.
    pub fn accept(&mut self, request: &Got, id: &str) {
        let resp = MessageResp::new(id.as_bytes());
        let resp = match request.command() {
            Command::DATA_SM => Pdu::DataSmResp(resp),
            _ => Pdu::SubmitSmResp(resp),
        };
        self.answer(request, &resp, Status::ESME_ROK);
    }

    /// The next message, which is accepted under this id.
    pub fn takes(&mut self, id: &str) -> Got {
        let request = self.request();
        self.accept(&request, id);
        request
    }

    /// Refuses a message.
    pub fn refuse(&mut self, request: &Got, status: Status) {
        self.answer_bare(request, status);
    }

    /// The next message, which is refused.
    pub fn refuses(&mut self, status: Status) -> Got {
        let request = self.request();
        self.refuse(&request, status);
        request
    }

    /// Sends a receipt as most carriers do, with text and parameters; its number is returned.
    pub fn receipt(&mut self, id: &str, stat: &str, err: &str) -> u32 {
        let text = text(id, stat, err);
        let tlvs = parameters(id, stat);
        self.deliver(4, text.as_bytes(), &tlvs)
    }

    /// Sends a deliver_sm of this esm_class from a phone to the short code 36034.
    pub fn deliver(&mut self, esm_class: u8, text: &[u8], tlvs: &[u8]) -> u32 {
        self.send(&Pdu::DeliverSm(Sm {
            source: Address::new(1, 1, b"33612345678"),
            destination: Address::new(0, 1, b"36034"),
            esm_class: EsmClass(esm_class),
            short_message: text,
            tlvs: Tlvs::new(tlvs),
            ..Sm::default()
        }))
    }

    /// What the gateway has answered to the delivery with this number.
    pub fn answered(&mut self, sequence: u32) -> Status {
        let got = self.find(&format!("the response to {sequence}"), |got| {
            got.command().is_response() && got.sequence() == sequence
        });
        got.status()
    }

    /// Sends a receipt, and waits until the gateway has taken it.
    pub fn reports(&mut self, id: &str, stat: &str, err: &str) {
        let sequence = self.receipt(id, stat, err);
        assert_eq!(self.answered(sequence), Status::ESME_ROK);
    }
}

/// The text of a receipt by the letter of Appendix B.
pub fn text(id: &str, stat: &str, err: &str) -> String {
    let dlvrd = if stat == "DELIVRD" { "001" } else { "000" };
    format!(
        "id:{id} sub:001 dlvrd:{dlvrd} submit date:2611220900 done date:2611220901 \
         stat:{stat} err:{err} text:hello"
    )
}

/// The parameters of a receipt.
pub fn parameters(id: &str, stat: &str) -> Vec<u8> {
    let state = State::from_stat(stat.as_bytes()).expect("a known state");
    let mut tlvs = Vec::new();
    put_tlv(
        &mut tlvs,
        Tag::RECEIPTED_MESSAGE_ID,
        &[id.as_bytes(), b"\0"].concat(),
    );
    put_tlv(&mut tlvs, Tag::MESSAGE_STATE, &[state.message_state().0]);
    tlvs
}

pub fn put_tlv(tlvs: &mut Vec<u8>, tag: Tag, value: &[u8]) {
    Tlv { tag, value }.put(tlvs);
}

impl Deref for Carrier {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.0
    }
}

impl DerefMut for Carrier {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.0
    }
}
