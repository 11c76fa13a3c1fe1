//! An ESME asks about a message that it submitted before, or wants it changed: query_sm, cancel_sm,
//! replace_sm (SMPP 3.4 §4.8–4.10).

use super::account::Account;
use super::intake::Intake;
use super::seat::Seat;
use super::standing::Standing;
use crate::message::{AccountId, MessageId};
use crate::moment::Moment;
use bytes::BytesMut;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{CancelSm, Header, QuerySm, QuerySmResp, ReplaceSm, check_replace};
use smppgate_codec::time::absolute;
use smppgate_codec::wire::PduWriter;
use std::sync::Arc;

/// Whether this is one of the requests that [`answer`] is for.
pub fn is_about_a_message(command: Command) -> bool {
    matches!(
        command,
        Command::QUERY_SM | Command::CANCEL_SM | Command::REPLACE_SM
    )
}

/// Carries out one of these requests and appends its answer; false if that comes later.
///
/// An id that was never given out, one that has been forgotten, and one of another account are
/// answered alike.
pub fn answer(
    intake: &mut impl Intake,
    (seat, account): (&Arc<Seat>, &Account),
    frame: &Frame<'_>,
    now: Moment,
    out: &mut BytesMut,
) -> bool {
    let Header {
        command, sequence, ..
    } = frame.header;
    let result =
        match command {
            Command::QUERY_SM => match query(intake, (seat.account, account), frame) {
                Ok((text, standing)) => {
                    let response = Command::QUERY_SM_RESP;
                    let mut writer = PduWriter::begin(out, response, Status::ESME_ROK, sequence);
                    put(text, standing, &mut writer);
                    return true;
                }
                Err(status) => Some(Err(status)),
            },
            Command::CANCEL_SM => cancel(intake, (seat, account), frame, now)
                .unwrap_or_else(|status| Some(Err(status))),
            _ => replace(intake, (seat, account), frame, now)
                .unwrap_or_else(|status| Some(Err(status))),
        };
    let Some(result) = result else {
        return false;
    };
    let status = result.err().unwrap_or_default();
    let response = command.response().unwrap_or(Command::GENERIC_NACK);
    Header::bare(response, status, sequence).put(out);
    true
}

/// What a request is answered, once that is known; an error is one that could not be read.
type Answered = Result<Option<Result<(), Status>>, Status>;

fn query<'a>(
    intake: &mut impl Intake,
    (id, account): (AccountId, &Account),
    frame: &Frame<'a>,
) -> Result<(&'a [u8], Standing), Status> {
    let query = QuerySm::decode(frame).map_err(|error| error.status())?;
    let message = parse(query.message_id, account)?;
    let standing = intake.query(id, message, query.source.digits);
    Ok((query.message_id, standing.ok_or(Status::ESME_RQUERYFAIL)?))
}

fn put(message_id: &[u8], standing: Standing, writer: &mut PduWriter<'_>) {
    let date = standing.ended.map(|at| {
        let seconds = i64::try_from(at.millis() / 1_000).unwrap_or(i64::MAX);
        absolute(seconds)
    });
    QuerySmResp {
        message_id,
        final_date: date.as_ref().map_or(&[], |date| &date[..]),
        message_state: standing.state.message_state(),
        error_code: u8::try_from(standing.error).unwrap_or(u8::MAX),
    }
    .put(writer.body());
}

fn cancel(
    intake: &mut impl Intake,
    (seat, account): (&Arc<Seat>, &Account),
    frame: &Frame<'_>,
    now: Moment,
) -> Answered {
    let cancel = CancelSm::decode(frame).map_err(|error| error.status())?;
    let message = match cancel.message_id {
        [] => None,
        text => Some(parse(text, account)?),
    };
    Ok(intake.cancel(seat, frame.header.sequence, message, &cancel, now))
}

fn replace(
    intake: &mut impl Intake,
    (seat, account): (&Arc<Seat>, &Account),
    frame: &Frame<'_>,
    now: Moment,
) -> Answered {
    let replace = ReplaceSm::decode(frame).map_err(|error| error.status())?;
    check_replace(&replace)?;
    let message = parse(replace.message_id, account)?;
    Ok(intake.replace(seat, frame.header.sequence, message, &replace, now))
}

fn parse(text: &[u8], account: &Account) -> Result<MessageId, Status> {
    MessageId::parse(text, account.message_id).ok_or(Status::ESME_RINVMSGID)
}
