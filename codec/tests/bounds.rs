//! How far beyond the specification a PDU may go before it is refused, and by which status.

use bytes::BytesMut;
use smppgate_codec::code::{Command, Status, Tag};
use smppgate_codec::frame::{self, Frame, LENGTH_MAX};
use smppgate_codec::pdu::{
    Address, Bind, BindResp, CancelSm, Data, Destination, Destinations, MessageResp, Outbind, Pdu,
    QuerySm, ReplaceSm, Sm, SubmitMulti, SubmitMultiResp,
};
use smppgate_codec::wire::{Answer, PduWriter};

const LONG: &[u8] = &[b'7'; 300];

/// The status that refuses this PDU once it has been written; ESME_ROK if it reads.
fn refusal(pdu: Pdu<'_>) -> Status {
    let mut out = BytesMut::new();
    pdu.encode(&mut out, Status::ESME_ROK, 1);
    let frame = frame::next(&out, LENGTH_MAX).unwrap().unwrap();
    Pdu::decode(&frame)
        .err()
        .map_or(Status::ESME_ROK, |error| error.status())
}

/// A PDU with these octets for a body.
fn raw(command: Command, status: Status, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    PduWriter::begin(&mut out, command, status, 9).octets(body);
    out.to_vec()
}

fn only(octets: &[u8]) -> Frame<'_> {
    frame::next(octets, LENGTH_MAX).unwrap().unwrap()
}

fn to(length: usize) -> Address<'static> {
    Address::new(1, 1, &LONG[..length])
}

#[test]
fn an_address_that_is_too_long_is_refused_by_the_status_of_its_field() {
    let submit = |source, destination| {
        refusal(Pdu::SubmitSm(Sm {
            source: to(source),
            destination: to(destination),
            ..Sm::default()
        }))
    };
    assert_eq!(submit(20, 20), Status::ESME_ROK);
    assert_eq!(submit(21, 20), Status::ESME_RINVSRCADR);
    assert_eq!(submit(20, 21), Status::ESME_RINVDSTADR);
    let data = |source, destination| {
        let (source, destination) = (to(source), to(destination));
        refusal(Pdu::DataSm(Data {
            source,
            destination,
            ..Data::default()
        }))
    };
    assert_eq!(data(64, 64), Status::ESME_ROK);
    assert_eq!(data(65, 64), Status::ESME_RINVSRCADR);
    assert_eq!(data(64, 65), Status::ESME_RINVDSTADR);
}

#[test]
fn strings_of_a_message_are_held_to_the_specification() {
    let with = |service_type, schedule, validity| {
        refusal(Pdu::SubmitSm(Sm {
            service_type: &LONG[..service_type],
            schedule_delivery_time: &LONG[..schedule],
            validity_period: &LONG[..validity],
            ..Sm::default()
        }))
    };
    assert_eq!(with(5, 16, 16), Status::ESME_ROK);
    assert_eq!(with(6, 0, 0), Status::ESME_RINVSERTYP);
    assert_eq!(with(0, 17, 0), Status::ESME_RINVSCHED);
    assert_eq!(with(0, 0, 17), Status::ESME_RINVEXPIRY);
    let ids = |length| {
        let message_id = &LONG[..length];
        [
            refusal(Pdu::QuerySm(QuerySm {
                message_id,
                ..QuerySm::default()
            })),
            refusal(Pdu::CancelSm(CancelSm {
                message_id,
                ..CancelSm::default()
            })),
            refusal(Pdu::ReplaceSm(ReplaceSm {
                message_id,
                ..ReplaceSm::default()
            })),
        ]
    };
    assert_eq!(ids(64), [Status::ESME_ROK; 3]);
    assert_eq!(ids(65), [Status::ESME_RINVMSGID; 3]);
}

#[test]
fn credentials_may_be_longer_than_the_specification_has_them() {
    let bind = |system_id, password, system_type| {
        refusal(Pdu::BindTransceiver(Bind {
            system_id: &LONG[..system_id],
            password: &LONG[..password],
            system_type: &LONG[..system_type],
            ..Bind::default()
        }))
    };
    assert_eq!(bind(64, 64, 64), Status::ESME_ROK);
    assert_eq!(bind(65, 8, 0), Status::ESME_RINVSYSID);
    assert_eq!(bind(8, 65, 0), Status::ESME_RINVPASWD);
    assert_eq!(bind(8, 8, 65), Status::ESME_RINVSYSTYP);
}

#[test]
fn a_password_shows_in_no_debug_output() {
    let bind = Bind {
        password: b"hunter2",
        ..Bind::default()
    };
    let outbind = Outbind {
        password: b"hunter2",
        ..Outbind::default()
    };
    for shown in [
        format!("{:?}", Pdu::BindReceiver(bind)),
        format!("{:?}", Pdu::Outbind(outbind)),
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("104, 117"),
            "{shown}"
        );
    }
}

#[test]
fn ids_in_responses_are_read_up_to_255_octets() {
    let resp = |length| refusal(Pdu::SubmitSmResp(MessageResp::new(&LONG[..length])));
    assert_eq!(resp(255), Status::ESME_ROK);
    assert_eq!(resp(256), Status::ESME_RINVMSGID);
    // A response that cannot be read is never answered.
    let octets = raw(Command::SUBMIT_SM_RESP, Status::ESME_ROK, LONG);
    let error = Pdu::decode(&only(&octets)).unwrap_err();
    assert_eq!(error.answer(&only(&octets).header), Answer::None);
}

#[test]
fn a_response_may_leave_out_its_id_and_begin_with_a_parameter() {
    let read = |body: &[u8]| {
        let octets = raw(Command::SUBMIT_SM_RESP, Status::ESME_ROK, body);
        let response = MessageResp::decode(&only(&octets)).unwrap();
        let in_parameter = response.tlvs.receipted_message_id();
        let state = response.tlvs.number(Tag::MESSAGE_STATE);
        (
            response.message_id.to_vec(),
            in_parameter.map(<[u8]>::to_vec),
            state,
        )
    };
    let (none, id) = (Vec::new(), || Some(b"ab".to_vec()));
    let first = b"\x04\x27\0\x01\x02";
    assert_eq!(read(first), (none.clone(), None, Some(2)));
    let id_first = b"\0\x1e\0\x03ab\0";
    assert_eq!(read(id_first), (none.clone(), id(), None));
    let both = [&first[..], id_first].concat();
    assert_eq!(read(&both), (none.clone(), id(), Some(2)));
    // As the specification has it: an id, if only its NUL, and parameters behind it.
    assert_eq!(read(b"\0\x04\x27\0\x01\x02"), (none, None, Some(2)));
    let usual = b"ab\0\x04\x27\0\x01\x02";
    assert_eq!(read(usual), (b"ab".to_vec(), None, Some(2)));
    // What is no parameter stays an id, however strange.
    assert_eq!(
        read(b"\x01\x02\x03\0"),
        (b"\x01\x02\x03".to_vec(), None, None)
    );
}

#[test]
fn a_response_that_tells_an_error_may_have_any_body() {
    let failed = |command, body| {
        let octets = raw(command, Status::ESME_RSYSERR, body);
        let pdu = Pdu::decode(&only(&octets)).unwrap();
        pdu.command() == command && pdu.tlvs().is_empty()
    };
    for body in [&b""[..], b"\0", b"\xFF\xFF\xFF", LONG] {
        assert!(failed(Command::SUBMIT_SM_RESP, body));
        assert!(failed(Command::QUERY_SM_RESP, body));
        assert!(failed(Command::SUBMIT_MULTI_RESP, body));
        assert!(failed(Command::BIND_TRANSCEIVER_RESP, body));
    }
    let octets = raw(Command::QUERY_SM_RESP, Status::ESME_ROK, b"id\0");
    assert!(Pdu::decode(&only(&octets)).is_err());
}

#[test]
fn a_response_without_a_body_is_empty_and_one_without_its_count_has_no_refusals() {
    let read = |command, body| {
        let octets = raw(command, Status::ESME_ROK, body);
        format!("{:?}", Pdu::decode(&only(&octets)).unwrap())
    };
    let blank = format!("{:?}", Pdu::SubmitMultiResp(SubmitMultiResp::default()));
    assert_eq!(read(Command::SUBMIT_MULTI_RESP, b""), blank);
    assert_eq!(read(Command::SUBMIT_MULTI_RESP, b"\0"), blank);
    let blank = format!("{:?}", Pdu::BindReceiverResp(BindResp::default()));
    assert_eq!(read(Command::BIND_RECEIVER_RESP, b""), blank);
}

#[test]
fn a_submit_multi_has_1_to_254_sound_destinations() {
    let multi = |count: u8, there: usize| {
        let mut body = b"\0\x05\0NEWS\0".to_vec();
        body.push(count);
        (0..there).for_each(|_| Destination::Sme(to(3)).put(&mut body));
        body.extend([0; 10]);
        let octets = raw(Command::SUBMIT_MULTI, Status::ESME_ROK, &body);
        match Pdu::decode(&only(&octets)) {
            Ok(Pdu::SubmitMulti(multi)) => {
                assert_eq!(multi.destinations.iter().count(), usize::from(count));
                Status::ESME_ROK
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => error.status(),
        }
    };
    assert_eq!(multi(1, 1), Status::ESME_ROK);
    assert_eq!(multi(254, 254), Status::ESME_ROK);
    assert_eq!(multi(0, 0), Status::ESME_RINVNUMDESTS);
    assert_eq!(multi(255, 255), Status::ESME_RINVNUMDESTS);
    // Where a destination should begin there is the esm_class, 0.
    assert_eq!(multi(2, 1), Status::ESME_RINVDESTFLAG);

    let mut list = Vec::new();
    Destination::List(&LONG[..21]).put(&mut list);
    assert_eq!(Destinations::new(&list), None);
    list.clear();
    (0..254).for_each(|_| Destination::List(b"team").put(&mut list));
    let destinations = Destinations::new(&list).unwrap();
    let multi = SubmitMulti {
        destinations,
        ..SubmitMulti::default()
    };
    assert_eq!(refusal(Pdu::SubmitMulti(multi)), Status::ESME_ROK);
    Destination::List(b"team").put(&mut list);
    assert_eq!(Destinations::new(&list), None);
    assert_eq!(Destinations::new(&[]), None);
}
