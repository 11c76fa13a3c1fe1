// An ESME on the npm library `smpp`: takes orders as JSON lines, tells what happens as JSON lines.
'use strict';

const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');
const { cut, read } = require('./texts.js');

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');
let session;

const string = (value) => (value === undefined ? null : value.toString());

function watch() {
  session.on('deliver_sm', (pdu) => {
    tell({
      event: 'deliver',
      esm_class: pdu.esm_class,
      from: pdu.source_addr,
      to: pdu.destination_addr,
      data_coding: pdu.data_coding,
      ...read(pdu),
      receipted_message_id: string(pdu.receipted_message_id),
      message_state: pdu.message_state === undefined ? null : pdu.message_state,
    });
    session.send(pdu.response());
  });
  session.on('enquire_link', (pdu) => {
    tell({ event: 'enquire_link' });
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    tell({ event: 'unbind' });
    session.send(pdu.response());
    session.close();
  });
  session.on('close', () => tell({ event: 'closed' }));
  session.on('error', (error) => tell({ event: 'error', text: String(error) }));
}

const orders = {
  // With an authority the connection is encrypted, and its certificate must be signed by that one.
  bind({ host, port, system_id, password, authority }) {
    const tls = authority ? { tls: true, ca: fs.readFileSync(authority) } : {};
    session = smpp.connect({ host, port, ...tls }, () => {
      session.bind_transceiver({ system_id, password }, (pdu) => {
        tell({ event: 'bind_resp', status: pdu.command_status, system_id: pdu.system_id || null });
      });
    });
    watch();
  },
  submit({ from, to, text, alphabet, way }) {
    for (const fields of cut(text, alphabet, way)) {
      const pdu = {
        source_addr_ton: 5,
        source_addr: from,
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: to,
        registered_delivery: 1,
        ...fields,
      };
      session.submit_sm(pdu, (resp) => {
        tell({ event: 'submit_resp', status: resp.command_status, id: resp.message_id || null });
      });
    }
  },
  enquire() {
    session.enquire_link({}, (pdu) => tell({ event: 'enquire_link_resp', status: pdu.command_status }));
  },
  unbind() {
    session.unbind({}, (pdu) => {
      tell({ event: 'unbind_resp', status: pdu.command_status });
      session.close();
    });
  },
};

// Without anybody who gives orders there is nothing left to do.
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
  })
  .on('close', () => process.exit(0));
