//! Enters in the book what the gateway writes, when it writes it: what is lost on the way was said all
//! the same.

use super::book::{Answer, Request, Shape};
use super::scene::{Scene, Side};
use super::session::frame_of;
use super::tale::About;
use super::{submission, verdict};
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{MessageResp, SubmitMultiResp};

/// Looks at what the gateway has written on this wire.
pub fn look(wire: usize, scene: &mut Scene) {
    for (order, octets) in scene.wires[wire].take_written() {
        let frame = frame_of(&octets);
        let about = match scene.sides[wire] {
            Side::Carrier { carrier, .. } => {
                let about = verdict::about(&frame, &scene.book);
                if matches!(frame.header.command, Command::SUBMIT_SM | Command::DATA_SM) {
                    verdict::enter(carrier, wire, &frame, scene);
                }
                about
            }
            Side::Esme { esme } => match frame.header.command {
                Command::DELIVER_SM | Command::DATA_SM => {
                    let about = submission::about(&frame, &scene.book);
                    submission::enter(esme, wire, order, &frame, scene);
                    about
                }
                command if command.is_response() => said(wire, order, &octets, scene),
                _ => Vec::new(),
            },
        };
        if scene.tale.is_told() && !about.is_empty() {
            let now = scene.now;
            scene.tale.line(now, &frame, &about, || {
                format!("gateway on wire {wire} writes")
            });
        }
    }
}

/// The gateway has answered an ESME.
fn said(wire: usize, order: (u64, usize), octets: &BytesMut, scene: &mut Scene) -> Vec<About> {
    let frame = frame_of(octets);
    let status = frame.header.status;
    let now = scene.now;
    let Some(request) = scene.book.requests.remove(&(wire, frame.header.sequence)) else {
        return Vec::new();
    };
    match request {
        Request::Submit { first, count } => {
            for message in first..first + count {
                verdict(message, order, &frame, scene);
            }
            (first..first + count).map(About::Message).collect()
        }
        Request::Query { message, asked } => {
            let state = submission::queried(&frame);
            scene.book.messages[message]
                .queried
                .push((asked, now, state));
            vec![About::Message(message)]
        }
        Request::Cancel { message, at } => {
            let all = scene.book.shown_with(message);
            for message in &all {
                if let Some(change) = scene.book.messages[*message].cancels.get_mut(at) {
                    change.answer = Some((status, now));
                }
            }
            all.into_iter().map(About::Message).collect()
        }
        Request::Replace { message, at } => {
            let all = scene.book.shown_with(message);
            for message in &all {
                if let Some((_, change)) = scene.book.messages[*message].replaces.get_mut(at) {
                    change.answer = Some((status, now));
                }
            }
            all.into_iter().map(About::Message).collect()
        }
    }
}

fn verdict(message: usize, order: (u64, usize), frame: &Frame<'_>, scene: &mut Scene) {
    let (now, book) = (scene.now, &mut scene.book);
    let mut status = frame.header.status;
    let mut id = MessageResp::decode(frame).unwrap_or_default().message_id;
    let mut first = message;
    if let Shape::Multi { of, .. } = book.messages[message].shape {
        let response = SubmitMultiResp::decode(frame).unwrap_or_default();
        let destination = book.messages[message].destination.as_bytes();
        let mut refused = response.unsuccess.iter();
        let its = refused.find(|one| one.destination.digits == destination);
        status = its.map_or(status, |one| one.status);
        (id, first) = (response.message_id, of);
    }
    if book.messages[message].answer != Answer::None {
        book.wrong(About::Message(message), "it was answered twice".to_owned());
    }
    if status != Status::ESME_ROK {
        book.messages[message].answer = Answer::Refused(status, now);
        return;
    }
    let id: Box<str> = String::from_utf8_lossy(id).into();
    let known = *book.ids.entry(id.clone()).or_insert(first);
    if known != first || id.is_empty() || id.starts_with('0') && id.len() != 16 {
        let what = format!("it was given the id {id:?}, which is that of message {known}");
        book.wrong(About::Message(message), what);
    }
    book.messages[message].answer = Answer::Accepted { id, at: now, order };
}
