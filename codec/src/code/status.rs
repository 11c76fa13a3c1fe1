//! command_status (SMPP 3.4 §5.1.3) and what each status means for the one who was refused.

use super::open_number;

open_number! {
    /// A command_status. Vendors use numbers of their own, so every number is legal.
    Status(u32) {
        ESME_ROK = 0x0000_0000, "ESME_ROK";
        ESME_RINVMSGLEN = 0x0000_0001, "ESME_RINVMSGLEN";
        ESME_RINVCMDLEN = 0x0000_0002, "ESME_RINVCMDLEN";
        ESME_RINVCMDID = 0x0000_0003, "ESME_RINVCMDID";
        ESME_RINVBNDSTS = 0x0000_0004, "ESME_RINVBNDSTS";
        ESME_RALYBND = 0x0000_0005, "ESME_RALYBND";
        ESME_RINVPRTFLG = 0x0000_0006, "ESME_RINVPRTFLG";
        ESME_RINVREGDLVFLG = 0x0000_0007, "ESME_RINVREGDLVFLG";
        ESME_RSYSERR = 0x0000_0008, "ESME_RSYSERR";
        ESME_RINVSRCADR = 0x0000_000A, "ESME_RINVSRCADR";
        ESME_RINVDSTADR = 0x0000_000B, "ESME_RINVDSTADR";
        ESME_RINVMSGID = 0x0000_000C, "ESME_RINVMSGID";
        ESME_RBINDFAIL = 0x0000_000D, "ESME_RBINDFAIL";
        ESME_RINVPASWD = 0x0000_000E, "ESME_RINVPASWD";
        ESME_RINVSYSID = 0x0000_000F, "ESME_RINVSYSID";
        ESME_RCANCELFAIL = 0x0000_0011, "ESME_RCANCELFAIL";
        ESME_RREPLACEFAIL = 0x0000_0013, "ESME_RREPLACEFAIL";
        ESME_RMSGQFUL = 0x0000_0014, "ESME_RMSGQFUL";
        ESME_RINVSERTYP = 0x0000_0015, "ESME_RINVSERTYP";
        ESME_RINVNUMDESTS = 0x0000_0033, "ESME_RINVNUMDESTS";
        ESME_RINVDLNAME = 0x0000_0034, "ESME_RINVDLNAME";
        ESME_RINVDESTFLAG = 0x0000_0040, "ESME_RINVDESTFLAG";
        ESME_RINVSUBREP = 0x0000_0042, "ESME_RINVSUBREP";
        ESME_RINVESMCLASS = 0x0000_0043, "ESME_RINVESMCLASS";
        ESME_RCNTSUBDL = 0x0000_0044, "ESME_RCNTSUBDL";
        ESME_RSUBMITFAIL = 0x0000_0045, "ESME_RSUBMITFAIL";
        ESME_RINVSRCTON = 0x0000_0048, "ESME_RINVSRCTON";
        ESME_RINVSRCNPI = 0x0000_0049, "ESME_RINVSRCNPI";
        ESME_RINVDSTTON = 0x0000_0050, "ESME_RINVDSTTON";
        ESME_RINVDSTNPI = 0x0000_0051, "ESME_RINVDSTNPI";
        ESME_RINVSYSTYP = 0x0000_0053, "ESME_RINVSYSTYP";
        ESME_RINVREPFLAG = 0x0000_0054, "ESME_RINVREPFLAG";
        ESME_RINVNUMMSGS = 0x0000_0055, "ESME_RINVNUMMSGS";
        ESME_RTHROTTLED = 0x0000_0058, "ESME_RTHROTTLED";
        ESME_RINVSCHED = 0x0000_0061, "ESME_RINVSCHED";
        ESME_RINVEXPIRY = 0x0000_0062, "ESME_RINVEXPIRY";
        ESME_RINVDFTMSGID = 0x0000_0063, "ESME_RINVDFTMSGID";
        ESME_RX_T_APPN = 0x0000_0064, "ESME_RX_T_APPN";
        ESME_RX_P_APPN = 0x0000_0065, "ESME_RX_P_APPN";
        ESME_RX_R_APPN = 0x0000_0066, "ESME_RX_R_APPN";
        ESME_RQUERYFAIL = 0x0000_0067, "ESME_RQUERYFAIL";
        ESME_RINVOPTPARSTREAM = 0x0000_00C0, "ESME_RINVOPTPARSTREAM";
        ESME_ROPTPARNOTALLWD = 0x0000_00C1, "ESME_ROPTPARNOTALLWD";
        ESME_RINVPARLEN = 0x0000_00C2, "ESME_RINVPARLEN";
        ESME_RMISSINGOPTPARAM = 0x0000_00C3, "ESME_RMISSINGOPTPARAM";
        ESME_RINVOPTPARAMVAL = 0x0000_00C4, "ESME_RINVOPTPARAMVAL";
        ESME_RDELIVERYFAILURE = 0x0000_00FE, "ESME_RDELIVERYFAILURE";
        ESME_RUNKNOWNERR = 0x0000_00FF, "ESME_RUNKNOWNERR";
        ESME_RSERTYPUNAUTH = 0x0000_0100, "ESME_RSERTYPUNAUTH";
        ESME_RPROHIBITED = 0x0000_0101, "ESME_RPROHIBITED";
        ESME_RSERTYPUNAVAIL = 0x0000_0102, "ESME_RSERTYPUNAVAIL";
        ESME_RSERTYPDENIED = 0x0000_0103, "ESME_RSERTYPDENIED";
        ESME_RINVDCS = 0x0000_0104, "ESME_RINVDCS";
        ESME_RINVSRCADDRSUBUNIT = 0x0000_0105, "ESME_RINVSRCADDRSUBUNIT";
        ESME_RINVDSTADDRSUBUNIT = 0x0000_0106, "ESME_RINVDSTADDRSUBUNIT";
    }
}

/// What a refusal asks of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Accepted.
    Ok,
    /// The link is to pause, then send the same again.
    Throttled,
    /// The same may be accepted later.
    Temporary,
    /// The same will be refused again.
    Permanent,
    /// The session, not the message, is in trouble.
    Session,
    /// Only a bind is refused by it.
    Bind,
}

impl Status {
    /// The class of a status by the usual reading; a carrier's own map may say otherwise.
    pub fn class(self) -> Class {
        match self {
            Self::ESME_ROK => Class::Ok,
            Self::ESME_RTHROTTLED | Self::ESME_RMSGQFUL => Class::Throttled,
            Self::ESME_RSYSERR | Self::ESME_RX_T_APPN | Self::ESME_RSERTYPUNAVAIL => {
                Class::Temporary
            }
            Self::ESME_RINVBNDSTS => Class::Session,
            Self::ESME_RALYBND
            | Self::ESME_RBINDFAIL
            | Self::ESME_RINVPASWD
            | Self::ESME_RINVSYSID
            | Self::ESME_RINVSYSTYP => Class::Bind,
            _ => Class::Permanent,
        }
    }

    /// Whether the request was carried out.
    pub fn is_ok(self) -> bool {
        self == Self::ESME_ROK
    }
}
