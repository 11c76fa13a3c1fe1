//! The PDUs that open a session: the three binds, their responses, and outbind (SMPP 3.4 §4.1).

use super::Tlvs;
use crate::frame::Frame;
use crate::wire::{DecodeError, Read, array, c_octet_string, last_string, put_c_octet_string};
use bytes::BufMut;

/// Octets of the credentials that are read, NUL included: the specification has 16 for system_id,
/// 9 for password and 13 for system_type, and peers send more.
const CREDENTIAL_MAX: usize = 65;

/// The fields of a bind_receiver, bind_transmitter or bind_transceiver.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Bind<'a> {
    /// system_id: who binds. 15 octets at most by the specification, 64 are read.
    pub system_id: &'a [u8],
    /// password, perhaps empty. 8 octets at most by the specification, 64 are read.
    pub password: &'a [u8],
    /// system_type. 12 octets at most by the specification, 64 are read.
    pub system_type: &'a [u8],
    /// interface_version: 0x34 for SMPP 3.4; below that the peer knows no TLVs.
    pub interface_version: u8,
    /// addr_ton.
    pub addr_ton: u8,
    /// addr_npi.
    pub addr_npi: u8,
    /// address_range: one address or a regular expression, 40 octets at most.
    pub address_range: &'a [u8],
}

impl<'a> Bind<'a> {
    /// Reads the body of one of the three binds.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, system_id) = c_octet_string("system_id", CREDENTIAL_MAX)(input)?;
        let (input, password) = c_octet_string("password", CREDENTIAL_MAX)(input)?;
        let (input, system_type) = c_octet_string("system_type", CREDENTIAL_MAX)(input)?;
        let (input, &[interface_version, addr_ton, addr_npi]) = array("interface_version")(input)?;
        let (input, address_range) = c_octet_string("address_range", 41)(input)?;
        let bind = Self {
            system_id,
            password,
            system_type,
            interface_version,
            addr_ton,
            addr_npi,
            address_range,
        };
        Ok((input, bind))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.system_id);
        put_c_octet_string(out, self.password);
        put_c_octet_string(out, self.system_type);
        out.put_slice(&[self.interface_version, self.addr_ton, self.addr_npi]);
        put_c_octet_string(out, self.address_range);
    }
}

/// The fields of a bind_receiver_resp, bind_transmitter_resp or bind_transceiver_resp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BindResp<'a> {
    /// system_id of the message centre; empty if there is no body.
    pub system_id: &'a [u8],
    /// The optional parameters, sc_interface_version among them.
    pub tlvs: Tlvs<'a>,
}

impl<'a> BindResp<'a> {
    /// Reads the body; one that is missing is accepted whatever the status, and so is any body
    /// beside an error.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read_response(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, system_id) = last_string("system_id", CREDENTIAL_MAX)(input)?;
        Ok((
            &[],
            Self {
                system_id,
                tlvs: Tlvs::new(input),
            },
        ))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.system_id);
        out.put_slice(self.tlvs.octets());
    }
}

/// The fields of an outbind: the message centre asks an ESME to bind.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbind<'a> {
    /// system_id of the message centre.
    pub system_id: &'a [u8],
    /// password of the message centre.
    pub password: &'a [u8],
}

impl<'a> Outbind<'a> {
    /// Reads the body of an outbind.
    pub fn decode(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        frame.read(Self::read)
    }

    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let (input, system_id) = c_octet_string("system_id", CREDENTIAL_MAX)(input)?;
        let (input, password) = c_octet_string("password", CREDENTIAL_MAX)(input)?;
        Ok((
            input,
            Self {
                system_id,
                password,
            },
        ))
    }

    /// Appends the body.
    pub fn put(&self, out: &mut impl BufMut) {
        put_c_octet_string(out, self.system_id);
        put_c_octet_string(out, self.password);
    }
}

// A password must not reach a log by way of `{:?}`.

impl std::fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("password", &"…")
            .field("system_type", &self.system_type.escape_ascii().to_string())
            .field("interface_version", &self.interface_version)
            .field("addr_ton", &self.addr_ton)
            .field("addr_npi", &self.addr_npi)
            .field(
                "address_range",
                &self.address_range.escape_ascii().to_string(),
            )
            .finish()
    }
}

impl std::fmt::Debug for Outbind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("password", &"…")
            .finish()
    }
}
