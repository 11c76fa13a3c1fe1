//! The mandatory parameters of any PDU by their names in the specification, for those who show
//! PDUs to people.

use super::{Address, Bind, Data, Destinations, MessageResp, Pdu, Sm, SubmitMulti, UnsuccessList};

/// What a mandatory parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// An integer.
    Number(u32),
    /// A C-octet string, without its NUL.
    Text(&'a [u8]),
    /// An octet string.
    Octets(&'a [u8]),
    /// dest_address of a submit_multi.
    Destinations(Destinations<'a>),
    /// unsuccess_sme of a submit_multi_resp.
    Unsuccess(UnsuccessList<'a>),
}

/// Shows one field after the other.
type See<'f, 'a> = &'f mut dyn FnMut(&'static str, Field<'a>);

impl<'a> Pdu<'a> {
    /// Hands every mandatory parameter to `see`, in wire order.
    pub fn each_field(&self, see: &mut dyn FnMut(&'static str, Field<'a>)) {
        match self {
            Self::BindReceiver(bind)
            | Self::BindTransmitter(bind)
            | Self::BindTransceiver(bind) => show_bind(bind, see),
            Self::BindReceiverResp(resp)
            | Self::BindTransmitterResp(resp)
            | Self::BindTransceiverResp(resp) => see("system_id", Field::Text(resp.system_id)),
            Self::Outbind(outbind) => {
                see("system_id", Field::Text(outbind.system_id));
                see("password", Field::Text(outbind.password));
            }
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => show_sm(sm, see),
            Self::SubmitMulti(multi) => show_multi(multi, see),
            Self::DataSm(data) => show_data(data, see),
            Self::SubmitSmResp(MessageResp { message_id, .. })
            | Self::DeliverSmResp(MessageResp { message_id, .. })
            | Self::DataSmResp(MessageResp { message_id, .. }) => {
                see("message_id", Field::Text(message_id));
            }
            Self::SubmitMultiResp(resp) => {
                see("message_id", Field::Text(resp.message_id));
                see("no_unsuccess", Field::Number(resp.unsuccess.len() as u32));
                see("unsuccess_sme", Field::Unsuccess(resp.unsuccess));
            }
            Self::QuerySm(query) => {
                see("message_id", Field::Text(query.message_id));
                show_source(&query.source, see);
            }
            Self::QuerySmResp(resp) => {
                see("message_id", Field::Text(resp.message_id));
                see("final_date", Field::Text(resp.final_date));
                number("message_state", resp.message_state.0, see);
                number("error_code", resp.error_code, see);
            }
            Self::CancelSm(cancel) => {
                see("service_type", Field::Text(cancel.service_type));
                see("message_id", Field::Text(cancel.message_id));
                show_source(&cancel.source, see);
                show_destination(&cancel.destination, see);
            }
            Self::ReplaceSm(replace) => {
                see("message_id", Field::Text(replace.message_id));
                show_source(&replace.source, see);
                see(
                    "schedule_delivery_time",
                    Field::Text(replace.schedule_delivery_time),
                );
                see("validity_period", Field::Text(replace.validity_period));
                number("registered_delivery", replace.registered_delivery.0, see);
                number("sm_default_msg_id", replace.sm_default_msg_id, see);
                see(
                    "sm_length",
                    Field::Number(replace.short_message.len() as u32),
                );
                see("short_message", Field::Octets(replace.short_message));
            }
            Self::AlertNotification(alert) => {
                show_source(&alert.source, see);
                number("esme_addr_ton", alert.esme.ton, see);
                number("esme_addr_npi", alert.esme.npi, see);
                see("esme_addr", Field::Text(alert.esme.digits));
            }
            Self::Unbind
            | Self::UnbindResp
            | Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::GenericNack
            | Self::CancelSmResp
            | Self::ReplaceSmResp => {}
        }
    }
}

fn show_bind<'a>(bind: &Bind<'a>, see: See<'_, 'a>) {
    see("system_id", Field::Text(bind.system_id));
    see("password", Field::Text(bind.password));
    see("system_type", Field::Text(bind.system_type));
    number("interface_version", bind.interface_version, see);
    number("addr_ton", bind.addr_ton, see);
    number("addr_npi", bind.addr_npi, see);
    see("address_range", Field::Text(bind.address_range));
}

fn show_sm<'a>(sm: &Sm<'a>, see: See<'_, 'a>) {
    see("service_type", Field::Text(sm.service_type));
    show_source(&sm.source, see);
    show_destination(&sm.destination, see);
    show_message(sm, see);
}

fn show_multi<'a>(multi: &SubmitMulti<'a>, see: See<'_, 'a>) {
    see("service_type", Field::Text(multi.service_type));
    show_source(&multi.source, see);
    see(
        "number_of_dests",
        Field::Number(multi.destinations.len() as u32),
    );
    see("dest_address", Field::Destinations(multi.destinations));
    show_message(&multi.to_one(Address::default()), see);
}

/// What submit_sm, deliver_sm and submit_multi have in common behind their destinations.
fn show_message<'a>(sm: &Sm<'a>, see: See<'_, 'a>) {
    number("esm_class", sm.esm_class.0, see);
    number("protocol_id", sm.protocol_id, see);
    number("priority_flag", sm.priority_flag, see);
    see(
        "schedule_delivery_time",
        Field::Text(sm.schedule_delivery_time),
    );
    see("validity_period", Field::Text(sm.validity_period));
    number("registered_delivery", sm.registered_delivery.0, see);
    number("replace_if_present_flag", sm.replace_if_present_flag, see);
    number("data_coding", sm.data_coding.0, see);
    number("sm_default_msg_id", sm.sm_default_msg_id, see);
    see("sm_length", Field::Number(sm.short_message.len() as u32));
    see("short_message", Field::Octets(sm.short_message));
}

fn show_data<'a>(data: &Data<'a>, see: See<'_, 'a>) {
    see("service_type", Field::Text(data.service_type));
    show_source(&data.source, see);
    show_destination(&data.destination, see);
    number("esm_class", data.esm_class.0, see);
    number("registered_delivery", data.registered_delivery.0, see);
    number("data_coding", data.data_coding.0, see);
}

fn show_source<'a>(source: &Address<'a>, see: See<'_, 'a>) {
    number("source_addr_ton", source.ton, see);
    number("source_addr_npi", source.npi, see);
    see("source_addr", Field::Text(source.digits));
}

fn show_destination<'a>(destination: &Address<'a>, see: See<'_, 'a>) {
    number("dest_addr_ton", destination.ton, see);
    number("dest_addr_npi", destination.npi, see);
    see("destination_addr", Field::Text(destination.digits));
}

fn number<'a>(name: &'static str, octet: u8, see: See<'_, 'a>) {
    see(name, Field::Number(u32::from(octet)));
}
