//! Every way in which a carrier reports, against every way in which a message asks for a receipt.
//!
//! One gateway, one carrier of two binds for each form of ids. Each case is one message; what its
//! sender is told is looked at, and that nobody is told anything else.

use crate::support::{Carrier, Esme, Got, House, Smsc, Told, account, message, put_tlv, route};
use smppgate_codec::code::{Command, DataCoding, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::pdu::{Address, Data, Pdu, Sm, Tlvs};
use smppgate_codec::text::ucs2;
use std::time::{Duration, Instant};

/// When the report comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    After,
    Before,
    OtherBind,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Variant {
    TextOnly,
    TlvOnly,
    Both,
    DataSm,
    LowerCase,
    WithoutErr,
    TwelveDigits,
    FourteenDigits,
    FlaggedUcs2,
    InUcs2,
    InPayload,
    OtherClassBits,
    NetworkErrorOnly,
}

const VARIANTS: [Variant; 13] = [
    Variant::TextOnly,
    Variant::TlvOnly,
    Variant::Both,
    Variant::DataSm,
    Variant::LowerCase,
    Variant::WithoutErr,
    Variant::TwelveDigits,
    Variant::FourteenDigits,
    Variant::FlaggedUcs2,
    Variant::InUcs2,
    Variant::InPayload,
    Variant::OtherClassBits,
    Variant::NetworkErrorOnly,
];

const ORDERS: [Order; 3] = [Order::After, Order::Before, Order::OtherBind];

/// registered_delivery in all its bits that mean something: final receipt, acknowledgements of the
/// phone and its user, notifications.
const REGISTERED: [u8; 10] = [0, 1, 2, 3, 0x04, 0x09, 0x0C, 0x10, 0x11, 0x1F];

/// What a carrier does with ids: the settings, and how the id of a response looks in a receipt.
struct Form {
    name: &'static str,
    keys: &'static str,
    response: fn(u64) -> String,
    receipt: fn(u64) -> String,
}

const FORMS: [Form; 5] = [
    Form {
        name: "literal",
        keys: "",
        response: |number| format!("id-{number}"),
        receipt: |number| format!("id-{number}"),
    },
    Form {
        name: "told",
        keys: "message_id = { response = \"hex\", receipt = \"decimal\" }",
        response: |number| format!("{number:08X}"),
        receipt: |number| format!("{number}"),
    },
    Form {
        name: "case",
        keys: "message_id = { fold_case = true, strip_zeros = true }",
        response: |number| format!("{number:012x}"),
        receipt: |number| format!("{number:X}"),
    },
    Form {
        name: "auto",
        keys: "message_id = \"auto\"",
        response: |number| format!("{number:x}"),
        receipt: |number| format!("{number}"),
    },
    Form {
        name: "zeros",
        keys: "message_id = \"auto\"",
        response: |number| format!("{number:010}"),
        receipt: |number| format!("{number}"),
    },
];

/// What the report says and what it must be told as.
struct End {
    stat: &'static str,
    state: u8,
    err: &'static str,
    code: u16,
}

const ENDS: [End; 2] = [
    End {
        stat: "DELIVRD",
        state: 2,
        err: "000",
        code: 0,
    },
    End {
        stat: "UNDELIV",
        state: 5,
        err: "034",
        code: 34,
    },
];

#[test]
fn exactly_the_receipts_that_were_asked_for_come_whatever_the_carrier_writes() {
    let mut count = 0;
    for form in &FORMS {
        let smsc = Smsc::open();
        let keys = format!("binds = 2\n{}", form.keys);
        let house = House::open(&[
            account("stored", ""),
            account("carrier", "ack = \"carrier\""),
            smsc.settings(form.name, &keys),
            route("all", &format!("via = [\"{}\"]", form.name)),
        ]);
        let mut binds = [smsc.bound(), smsc.bound()];
        for mode in ["stored", "carrier"] {
            let mut esme = house.trx(mode);
            for order in ORDERS {
                for variant in VARIANTS {
                    for end in &ENDS {
                        for registered in REGISTERED {
                            count += 1;
                            let case = Case {
                                form,
                                order,
                                variant,
                                end,
                                registered,
                                number: 0x1A00_0000 + count as u64,
                            };
                            case.play(&mut binds, &mut esme);
                        }
                    }
                }
            }
            assert!(esme.so_far().is_empty(), "{mode}: more than was asked for");
        }
        assert_eq!(house.metric("reports_unmatched_total"), 0);
        assert_eq!(house.metric("messages_under_way"), 0);
    }
    assert_eq!(count, 5 * 2 * 3 * 13 * 2 * 10);
}

struct Case<'a> {
    form: &'a Form,
    order: Order,
    variant: Variant,
    end: &'a End,
    registered: u8,
    number: u64,
}

impl Case<'_> {
    fn play(&self, binds: &mut [Carrier; 2], esme: &mut Esme) {
        let to = format!("336{:09}", self.number % 1_000_000_000);
        let sequence = esme.submit_sm(Sm {
            registered_delivery: RegisteredDelivery(self.registered),
            ..message(&to)
        });
        let (at, request) = either(binds);
        let asked = request.sm().registered_delivery.0;
        assert_eq!(asked & 3, 1, "{self}: a carrier is always asked");
        assert_eq!(asked & !3, self.registered & !3, "{self}");
        let response = (self.form.response)(self.number);
        let bind = match self.order {
            Order::OtherBind => 1 - at,
            _ => at,
        };
        if self.order == Order::Before {
            self.report(&mut binds[bind], &to);
        }
        binds[at].accept(&request, &response);
        if self.order != Order::Before {
            // The response was read before the report was sent on another bind.
            binds[at].alive();
            self.report(&mut binds[bind], &to);
        }
        let id = esme.accepted(sequence);
        let delivered = self.end.state == 2;
        if RegisteredDelivery(self.registered).wants_final(delivered) {
            let delivery = esme.delivery();
            let err = match self.variant {
                Variant::WithoutErr | Variant::TlvOnly => "000",
                _ => self.end.err,
            };
            assert_eq!(
                Told::read(&delivery),
                Told::new(&id, self.end.stat, err),
                "{self}"
            );
            let sm = delivery.sm();
            assert_eq!(sm.source.digits, to.as_bytes(), "{self}");
            assert_eq!(sm.destination.digits, b"ACME", "{self}");
            let state = delivery.tlv(Tag::MESSAGE_STATE);
            assert_eq!(state, Some(vec![self.end.state]), "{self}");
        }
    }

    /// Sends the report, and waits until it is taken.
    fn report(&self, carrier: &mut Carrier, to: &str) {
        let id = (self.form.receipt)(self.number);
        let (submitted, done) = match self.variant {
            Variant::TwelveDigits => ("261122090000", "261122090107"),
            Variant::FourteenDigits => ("20261122090000", "20261122090107"),
            _ => ("2611220900", "2611220901"),
        };
        let err = match self.variant {
            Variant::WithoutErr | Variant::NetworkErrorOnly => String::new(),
            _ => format!(" err:{}", self.end.err),
        };
        let stat = self.end.stat;
        let mut text = format!(
            "id:{id} sub:001 dlvrd:001 submit date:{submitted} done date:{done} stat:{stat}{err} \
             text:id:7 stat:EXPIRED"
        );
        if self.variant == Variant::LowerCase {
            text = text.replace(stat, &stat.to_lowercase());
        }
        let mut octets = text.into_bytes();
        let mut tlvs = Vec::new();
        let with_tlvs = matches!(
            self.variant,
            Variant::TlvOnly | Variant::Both | Variant::DataSm | Variant::OtherClassBits
        );
        if with_tlvs {
            let value = [id.as_bytes(), b"\0"].concat();
            put_tlv(&mut tlvs, Tag::RECEIPTED_MESSAGE_ID, &value);
            put_tlv(&mut tlvs, Tag::MESSAGE_STATE, &[self.end.state]);
        }
        if self.variant == Variant::NetworkErrorOnly {
            let [high, low] = self.end.code.to_be_bytes();
            put_tlv(&mut tlvs, Tag::NETWORK_ERROR_CODE, &[3, high, low]);
        }
        let mut coding = DataCoding(0);
        match self.variant {
            Variant::TlvOnly => octets.clear(),
            Variant::FlaggedUcs2 => coding = DataCoding::UCS2,
            Variant::InUcs2 => {
                coding = DataCoding::UCS2;
                // As much of it as fits into one PDU; the text of the message is at its end.
                let whole = String::from_utf8(octets).unwrap();
                let text = whole.split(" sub:").next().unwrap().to_owned();
                octets = ucs2::encode(&format!("{text} stat:{stat}{err}"));
            }
            _ => {}
        }
        if matches!(self.variant, Variant::InPayload | Variant::DataSm) {
            put_tlv(&mut tlvs, Tag::MESSAGE_PAYLOAD, &octets);
            octets.clear();
        }
        let esm_class = EsmClass(match self.variant {
            Variant::OtherClassBits => 0x07,
            _ => 0x04,
        });
        let source = Address::new(1, 1, to.as_bytes());
        let destination = Address::new(5, 0, b"ACME");
        let sequence = match self.variant {
            Variant::DataSm => carrier.send(&Pdu::DataSm(Data {
                source,
                destination,
                esm_class,
                data_coding: coding,
                tlvs: Tlvs::new(&tlvs),
                ..Data::default()
            })),
            _ => carrier.send(&Pdu::DeliverSm(Sm {
                source,
                destination,
                esm_class,
                data_coding: coding,
                short_message: &octets,
                tlvs: Tlvs::new(&tlvs),
                ..Sm::default()
            })),
        };
        assert_eq!(carrier.answered(sequence), Status::ESME_ROK, "{self}");
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ids {}, {:?}, {:?}, {}, registered_delivery {:#04x}",
            self.form.name, self.order, self.variant, self.end.stat, self.registered
        )
    }
}

/// The next message, and which bind it came on.
fn either(binds: &mut [Carrier; 2]) -> (usize, Got) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        for (at, bind) in binds.iter_mut().enumerate() {
            if let Some(got) = bind.so_far().pop() {
                assert_eq!(got.command(), Command::SUBMIT_SM);
                return (at, got);
            }
        }
    }
    panic!("no message came");
}
