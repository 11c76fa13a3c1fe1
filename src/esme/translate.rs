//! From the PDU of an ESME to a submission, or to the status that says what is wrong with it.

use crate::message::Content;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Data, Sm, check_data, check_submit};

/// The message that a submit_sm or data_sm submits.
///
/// What comes from an ESME is judged by the letter, since what leaves for a carrier bears our name:
/// a field that the specification forbids is refused with the status of that field.
pub fn submission(frame: &Frame<'_>) -> Result<Content, Status> {
    match frame.header.command {
        Command::SUBMIT_SM => {
            let sm = Sm::decode(frame).map_err(|error| error.status())?;
            check_submit(&sm)?;
            Ok(Content::of_sm(frame, &sm))
        }
        Command::DATA_SM => {
            let data = Data::decode(frame).map_err(|error| error.status())?;
            check_data(&data)?;
            Ok(Content::of_data(frame, &data))
        }
        _ => Err(Status::ESME_RINVCMDID),
    }
}
