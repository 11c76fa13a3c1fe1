//! The PDUs between an ESME and the gateway: how messages are written, and how what is delivered
//! finds its message in the book.

use super::book::{Answered, Book, Order, PhoneDelivered, Shape, Told};
use super::plan::Wish;
use super::scene::Scene;
use super::tale::About;
use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{
    Address, CancelSm, Data, Destination, Destinations, QuerySm, QuerySmResp, ReplaceSm, Sm,
    SubmitMulti, Tlv, Tlvs,
};
use smppgate_codec::receipt::{self, Kind, State};
use smppgate_codec::text::udh;
use smppgate_codec::time;
use smppgate_codec::wire::PduWriter;

/// The source of an account's messages.
fn source(account: usize) -> String {
    format!("4670000{account}")
}

/// A number as its ESME writes it.
pub fn written(digits: String, form: usize) -> String {
    match form {
        1 => format!("+{digits}"),
        2 => format!("00{digits}"),
        _ => digits,
    }
}

/// A text that no other message has.
pub fn text(number: usize, wish: Wish) -> Vec<u8> {
    let text = format!("message {number} ");
    let length = match wish {
        Wish::Payload { octets } => octets,
        Wish::Segments { .. } => 120,
        _ => text.len(),
    };
    text.bytes().cycle().take(length).collect()
}

pub fn new_text(number: usize, sequence: u32) -> Vec<u8> {
    format!("message {number} anew {sequence}").into_bytes()
}

/// The PDU that submits these messages: one, or all destinations of a submit_multi.
pub fn pdu(book: &Book, of: &[usize], wish: Wish, sequence: u32) -> BytesMut {
    let message = &book.messages[of[0]];
    let source = source(message.account);
    let source = Address::new(1, 1, source.as_bytes());
    let destination = Address::new(0, 1, message.destination.as_bytes());
    let validity = message.valid_seconds.map(time::relative);
    let validity_period = validity.as_ref().map_or(&[][..], |octets| &octets[..]);
    let registered_delivery = RegisteredDelivery(message.registered);
    let mut tlvs = BytesMut::new();
    let payload = Tlv {
        tag: Tag::MESSAGE_PAYLOAD,
        value: &message.text,
    };
    let mut out = BytesMut::new();
    match wish {
        Wish::Data => {
            payload.put(&mut tlvs);
            let mut writer =
                PduWriter::begin(&mut out, Command::DATA_SM, Status::ESME_ROK, sequence);
            Data {
                source,
                destination,
                registered_delivery,
                tlvs: Tlvs::new(&tlvs),
                ..Data::default()
            }
            .put(writer.body());
        }
        Wish::Multi { .. } => {
            let mut destinations = Vec::new();
            for number in of {
                let digits = book.messages[*number].destination.as_bytes();
                Destination::Sme(Address::new(0, 1, digits)).put(&mut destinations);
            }
            let mut writer =
                PduWriter::begin(&mut out, Command::SUBMIT_MULTI, Status::ESME_ROK, sequence);
            SubmitMulti {
                source,
                destinations: Destinations::new(&destinations).unwrap(),
                validity_period,
                registered_delivery,
                short_message: &message.text,
                ..SubmitMulti::default()
            }
            .put(writer.body());
        }
        _ => {
            let mut short_message = Vec::new();
            let mut esm_class = EsmClass::default();
            match message.shape {
                Shape::Segment { of: first, total } => {
                    esm_class = EsmClass(EsmClass::UDHI);
                    let seqnum = (of[0] - first + 1) as u8;
                    put_segment(
                        first as u8,
                        total,
                        seqnum,
                        &message.text,
                        &mut short_message,
                    );
                }
                _ if message.text.len() > 150 => payload.put(&mut tlvs),
                _ => short_message.extend_from_slice(&message.text),
            }
            let mut writer =
                PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, sequence);
            Sm {
                source,
                destination,
                esm_class,
                validity_period,
                registered_delivery,
                short_message: &short_message,
                tlvs: Tlvs::new(&tlvs),
                ..Sm::default()
            }
            .put(writer.body());
        }
    }
    out
}

/// A request about a message that its ESME knows the id of.
pub fn request(book: &Book, message: usize, wish: Wish, text: &[u8], sequence: u32) -> BytesMut {
    let one = &book.messages[message];
    let source = source(one.account);
    let source = Address::new(1, 1, source.as_bytes());
    let id = match &one.answer {
        super::book::Answer::Accepted { id, .. } => id.as_bytes(),
        _ => b"",
    };
    let mut out = BytesMut::new();
    let command = match wish {
        Wish::Cancel => Command::CANCEL_SM,
        Wish::Replace => Command::REPLACE_SM,
        _ => Command::QUERY_SM,
    };
    let mut writer = PduWriter::begin(&mut out, command, Status::ESME_ROK, sequence);
    match wish {
        Wish::Cancel => CancelSm {
            message_id: id,
            source,
            ..CancelSm::default()
        }
        .put(writer.body()),
        Wish::Replace => ReplaceSm {
            message_id: id,
            source,
            registered_delivery: RegisteredDelivery(one.registered),
            short_message: text,
            ..ReplaceSm::default()
        }
        .put(writer.body()),
        _ => QuerySm {
            message_id: id,
            source,
        }
        .put(writer.body()),
    }
    drop(writer);
    out
}

/// The state that a query_sm_resp tells, if it tells one.
pub fn queried(frame: &Frame<'_>) -> Option<State> {
    if !frame.header.status.is_ok() {
        return None;
    }
    let response = QuerySmResp::decode(frame).ok()?;
    State::from_message_state(response.message_state)
}

/// A deliver_sm or data_sm of the gateway, as far as it is looked at.
struct Delivery<'a> {
    source: Address<'a>,
    destination: Address<'a>,
    esm_class: EsmClass,
    user_data: &'a [u8],
    tlvs: Tlvs<'a>,
}

impl<'a> Delivery<'a> {
    fn of(frame: &Frame<'a>) -> Option<Self> {
        if frame.header.command == Command::DATA_SM {
            let data = Data::decode(frame).ok()?;
            return Some(Self {
                source: data.source,
                destination: data.destination,
                esm_class: data.esm_class,
                user_data: data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
                tlvs: data.tlvs,
            });
        }
        let sm = Sm::decode(frame).ok()?;
        Some(Self {
            source: sm.source,
            destination: sm.destination,
            esm_class: sm.esm_class,
            user_data: sm.user_data(),
            tlvs: sm.tlvs,
        })
    }

    fn is_receipt(&self) -> bool {
        self.esm_class.0 & 0x3C != 0
    }
}

/// What a request of the gateway is about.
pub fn about(frame: &Frame<'_>, book: &Book) -> Vec<About> {
    if !matches!(frame.header.command, Command::DELIVER_SM | Command::DATA_SM) {
        return vec![];
    }
    let Some(delivery) = Delivery::of(frame) else {
        return vec![About::World];
    };
    let digits = delivery.source.digits;
    let found = match delivery.is_receipt() {
        true => message_of(&delivery, book).map(About::Message),
        false => book.by_phone(digits).map(About::Phone),
    };
    vec![found.unwrap_or(About::World)]
}

/// The message of a receipt: its number says which, and of segments to the same number its id.
fn message_of(delivery: &Delivery<'_>, book: &Book) -> Option<usize> {
    let first = book.by_destination(delivery.source.digits)?;
    let id = delivery.tlvs.receipted_message_id()?;
    match book.messages[first].shape {
        Shape::Segment { total, .. } => {
            let is_its = |number: &usize| book.messages[*number].has_id(id);
            let mut all = first..first + usize::from(total);
            // One whose response was lost has no id that anybody knows.
            all.find(is_its).or_else(|| {
                let mut all = first..first + usize::from(total);
                all.find(|number| {
                    let message = &book.messages[*number];
                    !message.is_answered()
                        && message.told.iter().all(|told| told.id.as_bytes() == id)
                })
            })
        }
        _ => Some(first),
    }
}

/// What the gateway delivers to an ESME is entered in the book.
pub fn enter(account: usize, wire: usize, order: Order, frame: &Frame<'_>, scene: &mut Scene) {
    let Some(delivery) = Delivery::of(frame) else {
        let what = format!("account {account} was delivered what cannot be read");
        return scene.book.wrong(About::World, what);
    };
    let written = Written {
        account,
        wire,
        sequence: frame.header.sequence,
        order,
    };
    if delivery.is_receipt() {
        receipt(&written, &delivery, scene);
    } else {
        from_phone(&written, &delivery, scene);
    }
}

/// Where and when something was delivered.
struct Written {
    account: usize,
    wire: usize,
    sequence: u32,
    order: Order,
}

fn receipt(to: &Written, delivery: &Delivery<'_>, scene: &mut Scene) {
    let (account, now) = (to.account, scene.now);
    let book = &mut scene.book;
    let Some(number) = message_of(delivery, book) else {
        let digits = delivery.source.digits.escape_ascii();
        let what = format!("account {account} was told about {digits}, which it never sent");
        return book.wrong(About::World, what);
    };
    let kind = match delivery.esm_class.0 & 0x3C {
        0x20 => Kind::Intermediate,
        _ => Kind::Receipt,
    };
    let report = receipt::Report::read(kind, delivery.user_data, delivery.tlvs);
    let id = report.tlv_id.unwrap_or_default();
    let message = &book.messages[number];
    let mut flaws = Vec::new();
    if report.text.id != Some(id) {
        flaws.push("text and parameters name different ids");
    }
    if report.text.state() != report.state {
        flaws.push("text and parameters name different states");
    }
    if message.account != account {
        flaws.push("it is of another account");
    }
    if delivery.source.digits != message.destination.as_bytes()
        || delivery.destination.digits != source(account).as_bytes()
    {
        flaws.push("its addresses are not those of the message");
    }
    let id: Box<str> = String::from_utf8_lossy(id).into();
    let told = Told {
        id,
        state: report.state.unwrap_or(State::Unknown),
        is_final: kind == Kind::Receipt,
        wire: to.wire,
        sequence: to.sequence,
        written: now,
        order: to.order,
        is_read: false,
        answered: None,
    };
    for flaw in flaws {
        book.wrong(
            About::Message(number),
            format!("a receipt was told wrongly: {flaw}"),
        );
    }
    book.messages[number].told.push(told);
}

fn from_phone(to: &Written, delivery: &Delivery<'_>, scene: &mut Scene) {
    let (account, now) = (to.account, scene.now);
    let book = &mut scene.book;
    let digits = delivery.source.digits;
    let Some(number) = book.by_phone(digits) else {
        let digits = digits.escape_ascii();
        let what =
            format!("account {account} was delivered a message of {digits}, who never wrote");
        return book.wrong(About::World, what);
    };
    let phone = &mut book.phones[number];
    let header = match delivery.esm_class.has_udh() {
        true => udh::read(delivery.user_data).ok(),
        false => None,
    };
    let (concat, text) = match header {
        Some((header, text)) => (header.concat(), text),
        None => (None, delivery.user_data),
    };
    let whole: Vec<u8> = phone
        .segments
        .iter()
        .flat_map(|one| one.text.clone())
        .collect();
    let delivered = PhoneDelivered {
        wire: to.wire,
        sequence: to.sequence,
        written: now,
        is_read: false,
        answered: None,
    };
    let mut flaws = Vec::new();
    if phone.account != account {
        flaws.push("it is for another account");
    }
    match concat {
        Some(concat) => match phone.segments.get_mut(usize::from(concat.seqnum) - 1) {
            Some(segment) if segment.text == text => segment.delivered.push(delivered),
            _ => flaws.push("a segment has another text"),
        },
        None if text == whole => {
            let all = phone.segments.iter_mut();
            all.for_each(|segment| segment.delivered.push(delivered.clone()));
        }
        None => flaws.push("it has another text"),
    }
    for flaw in flaws {
        book.wrong(
            About::Phone(number),
            format!("a message from a phone came wrongly: {flaw}"),
        );
    }
}

/// An ESME has read a delivery.
pub fn read(about: About, wire: usize, sequence: u32, scene: &mut Scene) {
    scene.busy_at = scene.now;
    each(about, wire, sequence, scene, |is_read, _| *is_read = true);
}

/// An ESME has answered a delivery.
pub fn answered(about: About, wire: usize, sequence: u32, answer: Answered, scene: &mut Scene) {
    each(about, wire, sequence, scene, |_, answered| {
        *answered = Some(answer);
    });
}

/// What the book says of one delivery.
fn each(
    about: About,
    wire: usize,
    sequence: u32,
    scene: &mut Scene,
    mut change: impl FnMut(&mut bool, &mut Option<Answered>),
) {
    match about {
        About::Message(number) => {
            let told = scene.book.messages[number].told.iter_mut();
            let its = told.filter(|told| (told.wire, told.sequence) == (wire, sequence));
            its.for_each(|told| change(&mut told.is_read, &mut told.answered));
        }
        About::Phone(number) => {
            let segments = scene.book.phones[number].segments.iter_mut();
            for one in segments.flat_map(|segment| &mut segment.delivered) {
                if (one.wire, one.sequence) == (wire, sequence) {
                    change(&mut one.is_read, &mut one.answered);
                }
            }
        }
        About::World => {}
    }
}

/// Appends a text behind the header that numbers it.
pub fn put_segment(reference: u8, total: u8, seqnum: u8, text: &[u8], out: &mut Vec<u8>) {
    out.put_slice(&[5, udh::CONCAT_8, 3, reference, total, seqnum]);
    out.put_slice(text);
}
