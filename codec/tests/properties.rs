//! What holds for every PDU and for every heap of octets.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use smppgate_codec::code::{
    Command, DataCoding, EsmClass, MessageState, RegisteredDelivery, Status, Tag,
};
use smppgate_codec::frame::{self, Frame, LENGTH_MAX};
use smppgate_codec::pdu::{
    Address, AlertNotification, Bind, BindResp, CancelSm, Data, Destination, Destinations, Header,
    MessageResp, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SubmitMulti, SubmitMultiResp,
    Tlv, Tlvs, Unsuccess, UnsuccessList, check_data, check_multi, check_submit,
};

/// TON, NPI and digits.
type Parted = (u8, u8, Vec<u8>);

/// A C-octet string of at most `max` octets, without its NUL.
fn text(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1_u8.., 0..=max)
}

/// A message_id of at most `max` octets. It begins as text does: a response with another octet there
/// may begin with a parameter.
fn id(max: usize) -> impl Strategy<Value = Vec<u8>> {
    text(max).prop_map(|mut id| {
        if let Some(first) = id.first_mut() {
            *first = (*first).clamp(b' ', b'~');
        }
        id
    })
}

/// An address of at most `max` octets.
fn address(max: usize) -> impl Strategy<Value = Parted> {
    (any::<u8>(), any::<u8>(), text(max))
}

fn as_address(parts: &Parted) -> Address<'_> {
    Address::new(parts.0, parts.1, &parts.2)
}

/// What PDUs are made of: each field at every length that the specification allows.
#[derive(Debug, Clone)]
struct Parts {
    text5: Vec<u8>,
    text20: Vec<u8>,
    text64: Vec<u8>,
    more_text64: Vec<u8>,
    time: Vec<u8>,
    more_time: Vec<u8>,
    source: Parted,
    destination: Parted,
    long_address: Parted,
    octets: [u8; 8],
    short_message: Vec<u8>,
    destinations: Vec<(bool, Parted)>,
    unsuccess: Vec<(Parted, u32)>,
    tlvs: Vec<(u16, Vec<u8>)>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let texts = (text(5), text(20), id(64), text(64), text(16), text(16));
    let addresses = (address(20), address(20), address(64));
    let lists = (
        vec((any::<bool>(), address(20)), 1..=254),
        vec((address(20), any::<u32>()), 0..=255),
        vec((any::<u16>(), vec(any::<u8>(), 0..300)), 0..6),
    );
    let message = (any::<[u8; 8]>(), vec(any::<u8>(), 0..=255));
    (texts, addresses, lists, message).prop_map(|(texts, addresses, lists, message)| Parts {
        text5: texts.0,
        text20: texts.1,
        text64: texts.2,
        more_text64: texts.3,
        time: texts.4,
        more_time: texts.5,
        source: addresses.0,
        destination: addresses.1,
        long_address: addresses.2,
        destinations: lists.0,
        unsuccess: lists.1,
        tlvs: lists.2,
        octets: message.0,
        short_message: message.1,
    })
}

/// Octets of the lists in `parts`: destinations, refused destinations, optional parameters.
fn lists(parts: &Parts) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (mut destinations, mut unsuccess, mut tlvs) = (Vec::new(), Vec::new(), Vec::new());
    for (is_list, address) in &parts.destinations {
        match is_list {
            true => Destination::List(&address.2).put(&mut destinations),
            false => Destination::Sme(as_address(address)).put(&mut destinations),
        }
    }
    for (address, status) in &parts.unsuccess {
        let destination = as_address(address);
        Unsuccess {
            destination,
            status: Status(*status),
        }
        .put(&mut unsuccess);
    }
    for (tag, value) in &parts.tlvs {
        Tlv {
            tag: Tag(*tag),
            value,
        }
        .put(&mut tlvs);
    }
    (destinations, unsuccess, tlvs)
}

/// One of each PDU, made of the same parts.
fn one_of_each<'a>(
    parts: &'a Parts,
    (destinations, unsuccess, tlvs): &'a (Vec<u8>, Vec<u8>, Vec<u8>),
) -> Vec<Pdu<'a>> {
    let [o0, o1, o2, o3, o4, o5, o6, o7] = parts.octets;
    let tlvs = Tlvs::new(tlvs);
    let (source, destination) = (as_address(&parts.source), as_address(&parts.destination));
    let long_address = as_address(&parts.long_address);
    let destinations = Destinations::new(destinations).unwrap();
    assert_eq!(destinations.iter().count(), parts.destinations.len());
    let unsuccess = UnsuccessList::new(unsuccess).unwrap();
    assert_eq!(unsuccess.iter().count(), parts.unsuccess.len());
    let multi = SubmitMulti {
        service_type: &parts.text5,
        source,
        destinations,
        esm_class: EsmClass(o0),
        protocol_id: o1,
        priority_flag: o2,
        schedule_delivery_time: &parts.time,
        validity_period: &parts.more_time,
        registered_delivery: RegisteredDelivery(o3),
        replace_if_present_flag: o4,
        data_coding: DataCoding(o5),
        sm_default_msg_id: o6,
        short_message: &parts.short_message,
        tlvs,
    };
    let sm: Sm<'_> = multi.to_one(destination);
    let data = Data {
        service_type: &parts.text5,
        source: long_address,
        destination,
        esm_class: EsmClass(o0),
        registered_delivery: RegisteredDelivery(o1),
        data_coding: DataCoding(o2),
        tlvs,
    };
    let bind = Bind {
        system_id: &parts.text64,
        password: &parts.more_text64,
        system_type: &parts.text20,
        interface_version: o0,
        addr_ton: o1,
        addr_npi: o2,
        address_range: &parts.text20,
    };
    let bind_resp = BindResp {
        system_id: &parts.text20,
        tlvs,
    };
    let resp = MessageResp {
        message_id: &parts.text64,
        tlvs,
    };
    vec![
        Pdu::BindReceiver(bind),
        Pdu::BindReceiverResp(bind_resp),
        Pdu::BindTransmitter(bind),
        Pdu::BindTransmitterResp(bind_resp),
        Pdu::BindTransceiver(bind),
        Pdu::BindTransceiverResp(bind_resp),
        Pdu::Outbind(Outbind {
            system_id: &parts.text20,
            password: &parts.text5,
        }),
        Pdu::Unbind,
        Pdu::UnbindResp,
        Pdu::EnquireLink,
        Pdu::EnquireLinkResp,
        Pdu::GenericNack,
        Pdu::SubmitSm(sm),
        Pdu::SubmitSmResp(resp),
        Pdu::SubmitMulti(multi),
        Pdu::SubmitMultiResp(SubmitMultiResp {
            message_id: &parts.text64,
            unsuccess,
            tlvs,
        }),
        Pdu::DeliverSm(sm),
        Pdu::DeliverSmResp(resp),
        Pdu::DataSm(data),
        Pdu::DataSmResp(resp),
        Pdu::QuerySm(QuerySm {
            message_id: &parts.text64,
            source,
        }),
        Pdu::QuerySmResp(QuerySmResp {
            message_id: &parts.text64,
            final_date: &parts.time,
            message_state: MessageState(o0),
            error_code: o7,
        }),
        Pdu::CancelSm(CancelSm {
            service_type: &parts.text5,
            message_id: &parts.text64,
            source,
            destination,
        }),
        Pdu::CancelSmResp,
        Pdu::ReplaceSm(ReplaceSm {
            message_id: &parts.text64,
            source,
            schedule_delivery_time: &parts.time,
            validity_period: &parts.more_time,
            registered_delivery: RegisteredDelivery(o0),
            sm_default_msg_id: o1,
            short_message: &parts.short_message,
        }),
        Pdu::ReplaceSmResp,
        Pdu::AlertNotification(AlertNotification {
            source: long_address,
            esme: destination,
            tlvs,
        }),
    ]
}

/// Reads everything that can be read of a PDU.
fn read_all(frame: &Frame<'_>) {
    let Ok(pdu) = Pdu::decode(frame) else { return };
    pdu.each_field(&mut |_, field| {
        std::hint::black_box(field);
    });
    let tlvs = pdu.tlvs();
    let taken: usize = tlvs.iter().map(|tlv| 4 + tlv.value.len()).sum();
    assert_eq!(taken + tlvs.stray().len(), tlvs.octets().len());
    for tlv in tlvs {
        std::hint::black_box(tlv.typed());
    }
    std::hint::black_box((tlvs.sar(), tlvs.overrun(), tlvs.receipted_message_id()));
    match &pdu {
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => drop(check_submit(sm)),
        Pdu::SubmitMulti(multi) => drop(check_multi(multi)),
        Pdu::DataSm(data) => drop(check_data(data)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_again(parts in parts(), status: u32, sequence: u32) {
        let lists = lists(&parts);
        let pdus = one_of_each(&parts, &lists);
        let commands: Vec<_> = pdus.iter().map(Pdu::command).collect();
        prop_assert!(Command::KNOWN.iter().all(|(known, _)| commands.contains(known)));
        for pdu in pdus {
            let mut out = BytesMut::new();
            pdu.encode(&mut out, Status(status), sequence);
            let frame = frame::next(&out, u32::MAX).unwrap().unwrap();
            prop_assert_eq!(frame.octets.len(), out.len());
            prop_assert_eq!(frame.header.status, Status(status));
            prop_assert_eq!(frame.header.sequence, sequence);
            prop_assert_eq!(Pdu::decode(&frame), Ok(pdu));
        }
    }

    #[test]
    fn a_pdu_that_ends_too_early_is_an_error_or_another_pdu_but_no_panic(
        parts in parts(), cut: prop::sample::Index, command: prop::sample::Index,
    ) {
        let lists = lists(&parts);
        let pdus = one_of_each(&parts, &lists);
        let mut out = BytesMut::new();
        pdus[command.index(pdus.len())].encode(&mut out, Status::ESME_ROK, 1);
        let octets = &out[..16 + cut.index(out.len() - 15)];
        let header = Header { length: octets.len() as u32, ..Header::read(out[..].first_chunk().unwrap()) };
        let frame = Frame { header, octets };
        if let Err(error) = Pdu::decode(&frame) {
            prop_assert!(error.offset as usize <= octets.len());
            prop_assert!(error.offset >= 16);
        }
        read_all(&frame);
    }

    #[test]
    fn any_octets_behind_any_command_are_read_or_refused(
        known: prop::sample::Index, body in vec(any::<u8>(), 0..400), status in 0_u32..2,
    ) {
        let (command, _) = Command::KNOWN[known.index(Command::KNOWN.len())];
        let length = 16 + body.len() as u32;
        let header = Header { length, command, status: Status(status), sequence: 1 };
        let octets = [&header.to_octets()[..], &body].concat();
        let frame = Frame { header, octets: &octets };
        read_all(&frame);
        // What was read, however odd, means the same once it is written again.
        if let Ok(pdu) = Pdu::decode(&frame) {
            let mut out = BytesMut::new();
            pdu.encode(&mut out, header.status, 1);
            let again = frame::next(&out, u32::MAX).unwrap().unwrap();
            prop_assert_eq!(Pdu::decode(&again), Ok(pdu));
        }
    }

    #[test]
    fn any_octets_at_all_are_framed_or_refused(octets in vec(any::<u8>(), 0..64), limit in 0_u32..80) {
        if let Ok(Some(frame)) = frame::next(&octets, limit) {
            prop_assert!(frame.octets.len() >= 16 && frame.octets.len() <= limit as usize);
            read_all(&frame);
        }
    }

    #[test]
    fn a_stream_has_the_same_pdus_however_it_is_cut(
        bodies in vec(vec(any::<u8>(), 0..40), 1..8), cuts in vec(1_usize..50, 1..40),
    ) {
        let mut stream = Vec::new();
        for (sequence, body) in bodies.iter().enumerate() {
            let length = 16 + body.len() as u32;
            let command = Command::ENQUIRE_LINK;
            let header = Header { length, command, status: Status::ESME_ROK, sequence: sequence as u32 };
            header.put(&mut stream);
            stream.extend_from_slice(body);
        }
        let mut waiting = &stream[..];
        let mut arrived = Vec::new();
        let mut read = Vec::new();
        for cut in cuts.iter().cycle() {
            if waiting.is_empty() {
                break;
            }
            let (now, later) = waiting.split_at((*cut).min(waiting.len()));
            arrived.extend_from_slice(now);
            waiting = later;
            while let Some(frame) = frame::next(&arrived, LENGTH_MAX).unwrap() {
                read.push((frame.header.sequence as usize, frame.body().to_vec()));
                let length = frame.octets.len();
                arrived.drain(..length);
            }
        }
        prop_assert!(arrived.is_empty());
        prop_assert_eq!(read, bodies.into_iter().enumerate().collect::<Vec<_>>());
    }
}
