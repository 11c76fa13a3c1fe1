//! command_id (SMPP 3.4 §5.1.2.1).

use super::open_number;

open_number! {
    /// A command_id; bit 31 marks a response.
    Command(u32) {
        BIND_RECEIVER = 0x0000_0001, "bind_receiver";
        BIND_TRANSMITTER = 0x0000_0002, "bind_transmitter";
        QUERY_SM = 0x0000_0003, "query_sm";
        SUBMIT_SM = 0x0000_0004, "submit_sm";
        DELIVER_SM = 0x0000_0005, "deliver_sm";
        UNBIND = 0x0000_0006, "unbind";
        REPLACE_SM = 0x0000_0007, "replace_sm";
        CANCEL_SM = 0x0000_0008, "cancel_sm";
        BIND_TRANSCEIVER = 0x0000_0009, "bind_transceiver";
        OUTBIND = 0x0000_000B, "outbind";
        ENQUIRE_LINK = 0x0000_0015, "enquire_link";
        SUBMIT_MULTI = 0x0000_0021, "submit_multi";
        ALERT_NOTIFICATION = 0x0000_0102, "alert_notification";
        DATA_SM = 0x0000_0103, "data_sm";
        GENERIC_NACK = 0x8000_0000, "generic_nack";
        BIND_RECEIVER_RESP = 0x8000_0001, "bind_receiver_resp";
        BIND_TRANSMITTER_RESP = 0x8000_0002, "bind_transmitter_resp";
        QUERY_SM_RESP = 0x8000_0003, "query_sm_resp";
        SUBMIT_SM_RESP = 0x8000_0004, "submit_sm_resp";
        DELIVER_SM_RESP = 0x8000_0005, "deliver_sm_resp";
        UNBIND_RESP = 0x8000_0006, "unbind_resp";
        REPLACE_SM_RESP = 0x8000_0007, "replace_sm_resp";
        CANCEL_SM_RESP = 0x8000_0008, "cancel_sm_resp";
        BIND_TRANSCEIVER_RESP = 0x8000_0009, "bind_transceiver_resp";
        ENQUIRE_LINK_RESP = 0x8000_0015, "enquire_link_resp";
        SUBMIT_MULTI_RESP = 0x8000_0021, "submit_multi_resp";
        DATA_SM_RESP = 0x8000_0103, "data_sm_resp";
    }
}

impl Command {
    /// Whether bit 31 is set; generic_nack counts as a response.
    pub fn is_response(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    /// Whether SMPP 3.4 defines the command.
    pub fn is_known(self) -> bool {
        self.name().is_some()
    }

    /// Whether this is one of the three bind requests.
    pub fn is_bind(self) -> bool {
        matches!(
            self,
            Self::BIND_RECEIVER | Self::BIND_TRANSMITTER | Self::BIND_TRANSCEIVER
        )
    }

    /// The response that answers this request; `None` for outbind, alert_notification, responses
    /// and commands that SMPP 3.4 does not define.
    pub fn response(self) -> Option<Self> {
        let response = Self(self.0 | 0x8000_0000);
        (!self.is_response() && response.is_known()).then_some(response)
    }

    /// The request that this response answers; `None` for generic_nack and for requests.
    pub fn request(self) -> Option<Self> {
        let request = Self(self.0 & 0x7FFF_FFFF);
        (self.is_response() && request.is_known()).then_some(request)
    }
}
