//! From the PDU of an ESME to a submission, or to the status that says what is wrong with it.

use super::multi::Verdicts;
use crate::message::Content;
use crate::session::Oddities;
use bytes::{BufMut, BytesMut};
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::{self, Frame};
use smppgate_codec::pdu::{
    Address, Data, Destination, HEADER_LEN, Header, Sm, SubmitMulti, check_data, check_destination,
    check_multi, check_submit,
};
use smppgate_codec::wire::PduWriter;

/// Octets that the messages of one submit_multi may have together. 254 texts of 254 octets have
/// much less; one long text must not become many times its length in memory.
const MULTI_OCTETS_MAX: usize = 2 * 1024 * 1024;

/// The message that a submit_sm or data_sm submits.
///
/// What comes from an ESME is judged by the letter, since what leaves for a carrier bears our name:
/// a field that the specification forbids is refused with the status of that field.
pub fn submission(frame: &Frame<'_>, oddities: &mut Oddities) -> Result<Content, Status> {
    match frame.header.command {
        Command::SUBMIT_SM => {
            let sm = Sm::decode(frame).map_err(|error| error.status())?;
            oddities.see_stray_octets(sm.tlvs.stray());
            check_submit(&sm)?;
            Ok(Content::of_sm(frame, &sm))
        }
        Command::DATA_SM => {
            let data = Data::decode(frame).map_err(|error| error.status())?;
            oddities.see_stray_octets(data.tlvs.stray());
            check_data(&data)?;
            Ok(Content::of_data(frame, &data))
        }
        _ => Err(Status::ESME_RINVCMDID),
    }
}

/// The messages of a submit_multi, one for each destination, and the destinations that are refused
/// from the start. We keep no distribution lists: each is refused by its name.
pub fn submissions(
    frame: &Frame<'_>,
    oddities: &mut Oddities,
) -> Result<(Vec<Content>, Verdicts), Status> {
    let multi = SubmitMulti::decode(frame).map_err(|error| error.status())?;
    oddities.see_stray_octets(multi.tlvs.stray());
    check_multi(&multi)?;
    let length = multi.to_one(Address::default()).user_data().len() + multi.tlvs.octets().len();
    if multi.destinations.len() * length > MULTI_OCTETS_MAX {
        return Err(Status::ESME_RINVMSGLEN);
    }
    let mut contents = Vec::with_capacity(multi.destinations.len());
    let mut refused = Verdicts::default();
    let mut room = BytesMut::new();
    for destination in multi.destinations.iter() {
        match destination {
            Destination::Sme(address) => {
                if let Err(status) = check_destination(address) {
                    refused.refuse(address, status);
                    continue;
                }
                room.clear();
                let sequence = frame.header.sequence;
                let mut writer =
                    PduWriter::begin(&mut room, Command::SUBMIT_SM, Status::ESME_ROK, sequence);
                multi.to_one(address).put(writer.body());
                drop(writer);
                contents.push(own(&room)?);
            }
            Destination::List(name) => {
                refused.refuse(Address::new(0, 0, name), Status::ESME_RINVDLNAME);
            }
        }
    }
    Ok((contents, refused))
}

/// The message of a submit_sm that we have written ourselves.
fn own(octets: &[u8]) -> Result<Content, Status> {
    let frame = match frame::next(octets, frame::LENGTH_MAX) {
        Ok(Some(frame)) => frame,
        Ok(None) | Err(_) => return Err(Status::ESME_RINVMSGLEN),
    };
    let sm = Sm::decode(&frame).map_err(|error| error.status())?;
    Ok(Content::of_sm(&frame, &sm))
}

/// Appends an alert_notification as its carrier wrote it, under our sequence number.
pub fn put_notice(pdu: &[u8], sequence: u32, out: &mut BytesMut) {
    let Some((octets, body)) = pdu.split_first_chunk::<HEADER_LEN>() else {
        return;
    };
    Header {
        status: Status::ESME_ROK,
        sequence,
        ..Header::read(octets)
    }
    .put(out);
    out.put_slice(body);
}
