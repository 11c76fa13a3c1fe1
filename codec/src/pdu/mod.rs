//! One checked view per PDU: the octets stay where they are, the fields are read from them.

mod header;
mod tlv;
mod value;
mod address;
mod bind;
mod submit;
mod multi;
mod response;
mod query;
mod any;
mod field;
mod check;

pub use address::Address;
pub use any::Pdu;
pub use bind::{Bind, BindResp, Outbind};
pub use check::{check_data, check_destination, check_multi, check_replace, check_submit};
pub use field::Field;
pub use header::{HEADER_LEN, Header};
pub use multi::{
    DESTINATIONS_MAX, Destination, Destinations, SubmitMulti, SubmitMultiResp, Unsuccess,
    UnsuccessList,
};
pub use query::{AlertNotification, CancelSm, QuerySm, QuerySmResp, ReplaceSm};
pub use response::MessageResp;
pub use submit::{Data, Sm};
pub use tlv::{Tlv, TlvIter, Tlvs};
pub use value::{NetworkErrorCode, Sar, Value};
