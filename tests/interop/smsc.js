// A carrier on the npm library `smpp`: takes orders as JSON lines, tells what happens as JSON lines.
//
// It takes every message, unless its destination ends in 000, and reports each as delivered. If a folder
// with certificates is named, it speaks TLS and takes only those that its authority knows.
'use strict';

const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');
const { cut, read } = require('./texts.js');

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');
let [password, port, folder] = process.argv.slice(2);
let bound;
let accepted = 0;

function report(session, pdu, id) {
  const date = '2501020304';
  session.deliver_sm(
    {
      esm_class: 0x04,
      source_addr_ton: pdu.dest_addr_ton,
      source_addr_npi: pdu.dest_addr_npi,
      source_addr: pdu.destination_addr,
      dest_addr_ton: pdu.source_addr_ton,
      destination_addr: pdu.source_addr,
      short_message:
        `id:${id} sub:001 dlvrd:001 submit date:${date} done date:${date} stat:DELIVRD err:000 text:`,
      receipted_message_id: id,
      message_state: 2,
    },
    (resp) => tell({ event: 'deliver_resp', status: resp.command_status }),
  );
}

function serve(session) {
  // A dial that comes to nothing is told by `closed` alone.
  session.on('error', () => {});
  session.on('close', () => tell({ event: 'closed' }));
  session.on('bind_transceiver', (pdu) => {
    const status = pdu.password === password ? 0 : smpp.ESME_RINVPASWD;
    tell({ event: 'bind', system_id: pdu.system_id, status });
    session.send(pdu.response({ command_status: status, system_id: 'npm-smsc' }));
    if (status === 0) {
      bound = session;
    }
  });
  session.on('submit_sm', (pdu) => {
    const refused = pdu.destination_addr.endsWith('000');
    const id = `c${(accepted += 1)}`;
    tell({
      event: 'submit',
      id: refused ? null : id,
      from: pdu.source_addr,
      to: pdu.destination_addr,
      data_coding: pdu.data_coding,
      ...read(pdu),
    });
    if (refused) {
      session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    } else {
      session.send(pdu.response({ message_id: id }));
      report(session, pdu, id);
    }
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
}

const orders = {
  password(order) {
    password = order.password;
  },
  phone({ from, to, text, alphabet, way }) {
    for (const fields of cut(text, alphabet, way)) {
      const pdu = {
        source_addr_ton: 1,
        source_addr_npi: 1,
        source_addr: from,
        destination_addr: to,
        ...fields,
      };
      bound.deliver_sm(pdu, (resp) => tell({ event: 'deliver_resp', status: resp.command_status }));
    }
  },
  enquire() {
    bound.enquire_link({}, (pdu) => tell({ event: 'enquire_link_resp', status: pdu.command_status }));
  },
  unbind() {
    bound.unbind({}, (pdu) => {
      tell({ event: 'unbind_resp', status: pdu.command_status });
      bound.close();
    });
  },
};

const tls = folder
  ? {
      cert: fs.readFileSync(`${folder}/smsc.pem`),
      key: fs.readFileSync(`${folder}/smsc.key`),
      ca: fs.readFileSync(`${folder}/ca.pem`),
      requestCert: true,
      rejectUnauthorized: true,
    }
  : {};
const server = smpp.createServer(tls, serve);
server.listen(Number(port), '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));

// Without anybody who gives orders there is nothing left to do.
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
  })
  .on('close', () => process.exit(0));
