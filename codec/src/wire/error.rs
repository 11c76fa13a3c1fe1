//! What was wrong with a PDU, where, and whether its sender can be told.

use crate::code::{Command, Status};
use crate::pdu::Header;
use std::fmt;

/// A PDU whose frame is sound and whose body is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// Octets from the start of the PDU to the field that could not be read.
    pub offset: u32,
    /// The field by its name in the specification.
    pub field: &'static str,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// The ways in which a field can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The PDU ends inside the field.
    Truncated,
    /// No NUL ends the C-octet string before the PDU does.
    NoNul,
    /// The string is longer than the field may be; `max` counts the NUL.
    TooLong {
        /// Octets that the field may take, its NUL included.
        max: u16,
    },
    /// The announced length runs past the end of the PDU.
    Overrun {
        /// The length that was announced.
        announced: u32,
        /// The octets that were left.
        left: u32,
    },
    /// The value is outside of what the field may hold.
    Value(u32),
    /// The command is none that this decoder reads.
    UnknownCommand,
}

/// What the receiver of a bad PDU owes its sender (SMPP 3.4 §2.8, §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: the PDU was a response, or has none.
    None,
    /// A generic_nack with this status and the PDU's own sequence number.
    Nack(Status),
    /// The PDU's own response with this status and the PDU's own sequence number.
    Response(Command, Status),
}

impl DecodeError {
    /// The status that names this error to the sender.
    ///
    /// A broken field is reported by the status of that field where the specification has one
    /// (`ESME_RINVDSTADR` for destination_addr), a body that ends too early by `ESME_RINVCMDLEN`.
    pub fn status(&self) -> Status {
        match self.flaw {
            Flaw::UnknownCommand => Status::ESME_RINVCMDID,
            Flaw::Overrun { .. } if matches!(self.field, "short_message" | "sm_length") => {
                Status::ESME_RINVMSGLEN
            }
            Flaw::Truncated | Flaw::NoNul | Flaw::Overrun { .. } => Status::ESME_RINVCMDLEN,
            Flaw::TooLong { .. } | Flaw::Value(_) => self.field_status(),
        }
    }

    /// What to send back to a peer whose PDU carried `header`.
    pub fn answer(&self, header: &Header) -> Answer {
        if header.command.is_response() {
            return Answer::None;
        }
        match header.command.response() {
            Some(response) => Answer::Response(response, self.status()),
            None if header.command.is_known() => Answer::None,
            None => Answer::Nack(Status::ESME_RINVCMDID),
        }
    }

    fn field_status(&self) -> Status {
        match self.field {
            "service_type" => Status::ESME_RINVSERTYP,
            "source_addr" => Status::ESME_RINVSRCADR,
            "destination_addr" => Status::ESME_RINVDSTADR,
            "message_id" => Status::ESME_RINVMSGID,
            "system_id" => Status::ESME_RINVSYSID,
            "password" => Status::ESME_RINVPASWD,
            "system_type" => Status::ESME_RINVSYSTYP,
            "dl_name" => Status::ESME_RINVDLNAME,
            "number_of_dests" => Status::ESME_RINVNUMDESTS,
            "dest_flag" => Status::ESME_RINVDESTFLAG,
            "sm_length" => Status::ESME_RINVMSGLEN,
            "schedule_delivery_time" => Status::ESME_RINVSCHED,
            "validity_period" => Status::ESME_RINVEXPIRY,
            _ => Status::ESME_RINVPARLEN,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offset,
            field,
            flaw,
        } = self;
        match flaw {
            Flaw::Truncated => write!(f, "{field} at octet {offset}: the PDU ends inside it"),
            Flaw::NoNul => write!(f, "{field} at octet {offset}: no NUL ends it"),
            Flaw::TooLong { max } => {
                write!(
                    f,
                    "{field} at octet {offset}: longer than {max} octets with its NUL"
                )
            }
            Flaw::Overrun { announced, left } => write!(
                f,
                "{field} at octet {offset}: announces {announced} octets where {left} are left"
            ),
            Flaw::Value(value) => write!(f, "{field} at octet {offset}: {value} is not allowed"),
            Flaw::UnknownCommand => write!(f, "{field} at octet {offset}: unknown command"),
        }
    }
}

impl std::error::Error for DecodeError {}
