//! A simulated carrier that calls: it dials an address, shows who it is with an outbind, and serves the
//! bind that comes on that connection.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Address, AlertNotification, Outbind};
use smppgate_codec::wire::PduWriter;

use super::agenda::What;
use super::exchange::Exchange;
use super::timeline::Alert;
use super::wire::Wire;

/// Pause between two looks whether the call still stands.
const PAUSE: Duration = Duration::from_millis(500);

/// Longest wait for a connection: everybody else waits as long.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// Sequence number of our alert_notification, which nobody answers.
const ALERT_SEQUENCE: u32 = 0x7FFF_FFFE;

impl Exchange {
    /// Calls if no call stands, and looks again later.
    pub(super) fn call(&mut self) -> io::Result<()> {
        let Some(call) = self.settings.call.clone() else {
            return Ok(());
        };
        self.plan(PAUSE, What::Call);
        if self.called.is_some_and(|called| self.is_open(called)) {
            return Ok(());
        }
        // Who does not listen yet is called again.
        let Ok(stream) = TcpStream::connect_timeout(&call.address, CONNECT_TIMEOUT) else {
            return Ok(());
        };
        let wire = match &call.tls {
            Some(tls) => Wire::tls(tls.connection()?, stream),
            None => Wire::Plain(stream),
        };
        let Some(token) = self.take_in(wire)? else {
            return Ok(());
        };
        self.counts.calls += 1;
        self.called = self.standing(token);
        self.write(token, |out| {
            let outbind = Outbind {
                system_id: call.system_id.as_bytes(),
                password: call.password.as_bytes(),
            };
            let mut pdu = PduWriter::begin(out, Command::OUTBIND, Status::ESME_ROK, 1);
            outbind.put(pdu.body());
        })
    }

    /// Tells one that receives that a phone can be reached again; without one nobody is told.
    pub(super) fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        let group = self.binds.any_group();
        let Some(token) = group.and_then(|group| self.binds.receivers(group).first().copied())
        else {
            return Ok(());
        };
        self.counts.alerts += 1;
        self.write(token, |out| {
            let notification = AlertNotification {
                source: Address::new(1, 1, alert.from.as_bytes()),
                esme: Address::new(0, 1, alert.to.as_bytes()),
                ..AlertNotification::default()
            };
            let command = Command::ALERT_NOTIFICATION;
            let mut pdu = PduWriter::begin(out, command, Status::ESME_ROK, ALERT_SEQUENCE);
            notification.put(pdu.body());
        })
    }
}
