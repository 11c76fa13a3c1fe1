//! How long one receipt takes to read and to write: `cargo run --release --example receipt_speed`.
#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]

use smppgate_codec::code::Tag;
use smppgate_codec::pdu::{NetworkErrorCode, Tlv, Tlvs};
use smppgate_codec::receipt::{Kind, Outgoing, Report, State, parse};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 2_000_000;

fn main() {
    let receipt = Outgoing {
        id: b"7231684500123456789",
        submitted: 1_798_137_000,
        done: 1_798_137_065,
        offset_minutes: 60,
        state: State::Delivered,
        err: 0,
        text: "",
        network_error: Some(NetworkErrorCode {
            network: 3,
            code: 0,
        }),
        user_message_reference: None,
    };
    let (mut text, mut tlvs) = (Vec::new(), Vec::new());
    receipt.put(&mut text);
    receipt.put_tlvs(&mut tlvs);
    Tlv {
        tag: Tag::SOURCE_PORT,
        value: &[0, 1],
    }
    .put(&mut tlvs);

    time("parse", || {
        black_box(parse(black_box(&text)));
    });
    time("report", || {
        let report = Report::read(Kind::Receipt, black_box(&text), Tlvs::new(black_box(&tlvs)));
        black_box(report);
    });
    let mut out = Vec::with_capacity(1024);
    time("write", || {
        out.clear();
        black_box(&receipt).put(&mut out);
        black_box(&receipt).put_tlvs(&mut out);
        black_box(&out);
    });
}

fn time(name: &str, mut work: impl FnMut()) {
    for _ in 0..ROUNDS / 10 {
        work();
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    println!("{name}: {:?} each", start.elapsed() / ROUNDS);
}
