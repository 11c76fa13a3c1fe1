//! How long it takes to read and to write one submit_sm, with our codec and with others.
//!
//! Each contender reads the same 233 octets, touches every field and walks the optional parameters;
//! or it writes them from its own structure. Rounds are interleaved, so that a noisy moment hits all
//! alike, and thread CPU time is counted.

use bytes::{BufMut, BytesMut};
use rusmpp_core::decode::borrowed::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rustix::time::{ClockId, clock_gettime};
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::codec::SmppCodec;
use smppgate_codec::frame::{self, LENGTH_MAX};
use smppgate_codec::pdu::{Pdu, Sm, Tlv, Tlvs, check_submit};
use smppgate_codec::wire::PduWriter;
use std::hint::black_box;
use std::process::ExitCode;
use tokio_util::codec::{Decoder, Encoder};

/// Rounds that every contender runs, interleaved.
const ROUNDS: usize = 31;
/// PDUs that lie in one buffer; a round walks it again and again.
const BATCH: usize = 64;
/// Batches of one round.
const BATCHES: usize = 200;
/// Most optional parameters that the borrowed rival is asked to hold.
const RIVAL_TLVS: usize = 8;

/// One way to read or write a batch of PDUs; `run` returns the nanoseconds of thread CPU time that
/// the work on a batch took, without its preparation.
struct Contender {
    direction: &'static str,
    name: &'static str,
    run: Box<dyn FnMut() -> u64>,
}

fn main() -> ExitCode {
    let json = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--json" => true,
        _ => {
            eprintln!("usage: cargo run --release [-- --json]");
            return ExitCode::from(2);
        }
    };
    let pdu = sample();
    assert_eq!(pdu.len(), 233);
    let mut contenders = contenders(&pdu);
    let mut rounds = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut rounds) {
            let total: u64 = (0..BATCHES).map(|_| (contender.run)()).sum();
            times.push(total as f64 / (BATCH * BATCHES) as f64);
        }
    }
    let mut results = Vec::new();
    for (contender, times) in contenders.iter().zip(&mut rounds) {
        times.sort_by(f64::total_cmp);
        results.push((
            contender.direction,
            contender.name,
            times[0],
            times[ROUNDS / 2],
        ));
    }
    if json {
        let rows = results.iter().map(|(direction, name, min, median)| {
            serde_json::json!({
                "direction": direction, "codec": name, "ns_min": min, "ns_median": median,
            })
        });
        println!(
            "{}",
            serde_json::json!({
                "pdu_octets": pdu.len(), "rounds": ROUNDS, "results": rows.collect::<Vec<_>>(),
            })
        );
    } else {
        println!(
            "submit_sm of {} octets, thread CPU time per PDU, {ROUNDS} rounds",
            pdu.len()
        );
        println!("{:<8} {:<44} {:>9} {:>9}", "", "", "min ns", "median ns");
        for (direction, name, min, median) in results {
            println!("{direction:<8} {name:<44} {min:>9.1} {median:>9.1}");
        }
    }
    ExitCode::SUCCESS
}

/// A submit_sm with 160 octets of text and three optional parameters.
fn sample() -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut pdu = PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, 7);
    message().put(pdu.body());
    for tlv in TLVS {
        tlv.put(pdu.body());
    }
    drop(pdu);
    out.to_vec()
}

const TLVS: [Tlv<'static>; 3] = [
    Tlv {
        tag: Tag::USER_MESSAGE_REFERENCE,
        value: &[0x12, 0x34],
    },
    Tlv {
        tag: Tag::SOURCE_PORT,
        value: &[0x23, 0xF4],
    },
    Tlv {
        tag: Tag::CALLBACK_NUM,
        value: &[1, 1, 1, b'4', b'2'],
    },
];

fn message() -> Sm<'static> {
    use smppgate_codec::code::RegisteredDelivery;
    use smppgate_codec::pdu::Address;
    Sm {
        source: Address::new(5, 0, b"MyBrand"),
        destination: Address::new(1, 1, b"447700900123"),
        registered_delivery: RegisteredDelivery::FINAL,
        short_message: &[b'x'; 160],
        ..Sm::default()
    }
}

fn contenders(pdu: &[u8]) -> Vec<Contender> {
    let stream: &'static [u8] = pdu.repeat(BATCH).leak();
    let mut all = Vec::new();
    let mut add = |direction, name, run| {
        all.push(Contender {
            direction,
            name,
            run,
        })
    };

    add(
        "read",
        "smppgate, borrowed",
        Box::new(move || timed(|| ours(stream, |frame| touch(&Sm::decode(frame).unwrap())))),
    );
    add(
        "read",
        "smppgate, borrowed, field rules checked",
        Box::new(move || {
            timed(|| {
                ours(stream, |frame| {
                    let sm = Sm::decode(frame).unwrap();
                    check_submit(&sm).unwrap();
                    touch(&sm);
                })
            })
        }),
    );
    add(
        "read",
        "smppgate, borrowed, any PDU",
        Box::new(move || {
            timed(|| {
                ours(stream, |frame| match Pdu::decode(frame).unwrap() {
                    Pdu::SubmitSm(sm) => touch(&sm),
                    _ => unreachable!("the stream holds submit_sm only"),
                })
            })
        }),
    );
    add(
        "read",
        "smppgate, owned (tokio codec)",
        Box::new(move || {
            let mut buffer = BytesMut::from(stream);
            let mut codec = SmppCodec::default();
            timed(|| {
                for _ in 0..BATCH {
                    let owned = codec.decode(&mut buffer).unwrap().unwrap();
                    touch(&Sm::decode(&owned.frame()).unwrap());
                }
            })
        }),
    );
    add(
        "read",
        "rusmpp 0.4, borrowed",
        Box::new(move || {
            timed(|| {
                for octets in stream.chunks_exact(stream.len() / BATCH) {
                    touch_borrowed(&rusmpp_borrowed(black_box(octets)));
                }
            })
        }),
    );
    add(
        "read",
        "rusmpp 0.4, owned (tokio codec)",
        Box::new(move || {
            let mut buffer = BytesMut::from(stream);
            let mut codec = rusmpp::tokio_codec::CommandCodec::new();
            timed(|| {
                for _ in 0..BATCH {
                    touch_owned(&codec.decode(&mut buffer).unwrap().unwrap());
                }
            })
        }),
    );
    add(
        "read",
        "smpp34 1.5, owned",
        Box::new(move || {
            timed(|| {
                for octets in stream.chunks_exact(stream.len() / BATCH) {
                    touch_smpp34(&smpp34(black_box(octets)));
                }
            })
        }),
    );

    let mut out = BytesMut::with_capacity(stream.len());
    add(
        "write",
        "smppgate",
        Box::new(move || {
            out.clear();
            let sm = message();
            let time = timed(|| {
                for sequence in 0..BATCH as u32 {
                    let sm = black_box(&sm);
                    let mut pdu =
                        PduWriter::begin(&mut out, Command::SUBMIT_SM, Status::ESME_ROK, sequence);
                    sm.put(pdu.body());
                    for tlv in black_box(&TLVS) {
                        tlv.put(pdu.body());
                    }
                }
            });
            assert_eq!(black_box(&out).len(), stream.len());
            time
        }),
    );
    let mut out = BytesMut::with_capacity(stream.len());
    let mut tlvs = Vec::new();
    TLVS.iter().for_each(|tlv| tlv.put(&mut tlvs));
    let tlvs: &'static [u8] = tlvs.leak();
    add(
        "write",
        "smppgate, any PDU, parameters in one piece",
        Box::new(move || {
            out.clear();
            let pdu = Pdu::SubmitSm(Sm {
                tlvs: Tlvs::new(tlvs),
                ..message()
            });
            let time = timed(|| {
                for sequence in 0..BATCH as u32 {
                    black_box(&pdu).encode(&mut out, Status::ESME_ROK, sequence);
                }
            });
            assert_eq!(black_box(&out).len(), stream.len());
            time
        }),
    );
    let mut out = vec![0; stream.len()];
    add(
        "write",
        "rusmpp 0.4, borrowed",
        Box::new(move || {
            let command = rusmpp_borrowed(&stream[..stream.len() / BATCH]);
            timed(|| {
                let mut at = 0;
                for _ in 0..BATCH {
                    let command = black_box(&command);
                    let length = 4 + command.length();
                    (&mut out[at..]).put_u32(length as u32);
                    command.encode(&mut out[at + 4..]);
                    at += length;
                }
                assert_eq!((at, black_box(&out).len()), (stream.len(), stream.len()));
            })
        }),
    );
    let mut out = BytesMut::with_capacity(stream.len());
    add(
        "write",
        "rusmpp 0.4, owned (tokio codec)",
        Box::new(move || {
            out.clear();
            let mut codec = rusmpp::tokio_codec::CommandCodec::new();
            let command = codec.decode(&mut BytesMut::from(stream)).unwrap().unwrap();
            let time = timed(|| {
                for _ in 0..BATCH {
                    codec.encode(black_box(&command), &mut out).unwrap();
                }
            });
            assert_eq!(black_box(&out).len(), stream.len());
            time
        }),
    );
    add(
        "write",
        "smpp34 1.5, owned",
        Box::new(move || {
            // It is used up by being written, so there is one for each.
            let one = smpp34(&stream[..stream.len() / BATCH]);
            let many = vec![one; BATCH];
            timed(|| {
                for message in many {
                    assert_eq!(black_box(message.encode()).len(), stream.len() / BATCH);
                }
            })
        }),
    );
    all
}

/// Nanoseconds of CPU time of this thread that `work` takes.
fn timed(work: impl FnOnce()) -> u64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let start = now();
    work();
    now() - start
}

fn ours(stream: &[u8], mut read: impl FnMut(&frame::Frame<'_>)) {
    let mut rest = black_box(stream);
    while let Some(frame) = frame::next(rest, LENGTH_MAX).unwrap() {
        read(&frame);
        rest = &rest[frame.octets.len()..];
    }
}

#[inline]
fn touch(sm: &Sm<'_>) {
    black_box(sm.service_type);
    black_box((sm.source.ton, sm.source.npi));
    black_box(sm.source.digits);
    black_box((sm.destination.ton, sm.destination.npi));
    black_box(sm.destination.digits);
    black_box((sm.esm_class, sm.protocol_id, sm.priority_flag));
    black_box(sm.schedule_delivery_time);
    black_box(sm.validity_period);
    black_box((
        sm.registered_delivery,
        sm.replace_if_present_flag,
        sm.data_coding,
    ));
    black_box(sm.sm_default_msg_id);
    black_box(sm.short_message);
    for tlv in sm.tlvs {
        black_box(tlv.tag);
        black_box(tlv.value);
    }
}

type RivalCommand<'a> = rusmpp_core::command::borrowed::Command<'a, RIVAL_TLVS>;

fn rusmpp_borrowed(octets: &[u8]) -> RivalCommand<'_> {
    let body = &octets[4..];
    RivalCommand::decode(body, body.len()).unwrap().0
}

/// Touches the fields of either submit_sm of rusmpp.
macro_rules! touch_rusmpp {
    ($sm:expr) => {{
        let sm = $sm;
        black_box(&sm.service_type);
        black_box((&sm.source_addr_ton, &sm.source_addr_npi));
        black_box(&sm.source_addr);
        black_box((&sm.dest_addr_ton, &sm.dest_addr_npi));
        black_box(&sm.destination_addr);
        black_box((&sm.esm_class, &sm.protocol_id, &sm.priority_flag));
        black_box(&sm.schedule_delivery_time);
        black_box(&sm.validity_period);
        black_box((
            &sm.registered_delivery,
            &sm.replace_if_present_flag,
            &sm.data_coding,
        ));
        black_box(&sm.sm_default_msg_id);
        black_box(sm.short_message());
        for tlv in sm.tlvs() {
            black_box(tlv.tag());
            black_box(tlv.value());
        }
    }};
}

fn touch_borrowed(command: &RivalCommand<'_>) {
    use rusmpp_core::pdus::borrowed::Pdu;
    match command.pdu() {
        Some(Pdu::SubmitSm(sm)) => touch_rusmpp!(sm),
        _ => unreachable!("the stream holds submit_sm only"),
    }
}

fn touch_owned(command: &rusmpp::Command) {
    match command.pdu() {
        Some(rusmpp::Pdu::SubmitSm(sm)) => touch_rusmpp!(sm),
        _ => unreachable!("the stream holds submit_sm only"),
    }
}

fn smpp34(octets: &[u8]) -> smpp34::submit_sm {
    let header = smpp34::CommandHeader::decode(octets).unwrap();
    smpp34::submit_sm::decode(header, octets).unwrap()
}

fn touch_smpp34(sm: &smpp34::submit_sm) {
    black_box(&sm.service_type);
    black_box((sm.source_addr_ton, sm.source_addr_npi));
    black_box(&sm.source_addr);
    black_box((sm.dest_addr_ton, sm.dest_addr_npi));
    black_box(&sm.destination_addr);
    black_box((sm.esm_class, sm.protocol_id, sm.priority_flag));
    black_box(&sm.schedule_delivery_time);
    black_box(&sm.validity_period);
    black_box((
        sm.registered_delivery,
        sm.replace_if_present_flag,
        sm.data_coding,
    ));
    black_box(sm.sm_default_msg_id);
    black_box(&sm.short_message);
    for tlv in &sm.tlvs {
        black_box(tlv.tag);
        black_box(&tlv.value);
    }
}
