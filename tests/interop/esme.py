"""An ESME on the Python library smpplib: takes orders as JSON lines, tells what happens as JSON lines."""

import json
import logging
import os
import select
import socket
import ssl

import texts
from smpplib import consts, exceptions, smpp
from smpplib.client import Client

# What the library remarks on goes nowhere: what counts is told as an event.
logging.disable(logging.CRITICAL)

client = None


def tell(**event):
    print(json.dumps(event), flush=True)


def string(octets):
    return octets.decode("ascii") if octets is not None else None


def read(pdu):
    sar = None
    if pdu.sar_total_segments is not None:
        sar = [pdu.sar_segment_seqnum, pdu.sar_total_segments]
    return texts.read(pdu.short_message or b"", pdu.data_coding, pdu.esm_class, pdu.message_payload, sar)


def deliver(pdu):
    tell(
        event="deliver",
        esm_class=pdu.esm_class,
        **{"from": string(pdu.source_addr)},
        to=string(pdu.destination_addr),
        data_coding=pdu.data_coding,
        **read(pdu),
        receipted_message_id=string(pdu.receipted_message_id),
        message_state=pdu.message_state,
    )


def encrypted(authority):
    """TLS with whom this authority has signed. The library tells TLS no name that could be checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(authority)
    return context


def bind(host, port, system_id, password, authority):
    global client
    tls = encrypted(authority) if authority else None
    client = Client(host, port, timeout=10, ssl_context=tls, allow_unknown_opt_params=True)
    client.set_message_received_handler(lambda pdu: deliver(pdu))
    client.set_message_sent_handler(
        lambda pdu: tell(event="submit_resp", status=pdu.status, id=string(pdu.message_id))
    )
    client.set_error_pdu_handler(
        lambda pdu: tell(event="submit_resp", status=pdu.status, id=None)
    )
    client.connect()
    try:
        resp = client.bind_transceiver(system_id=system_id, password=password)
        tell(event="bind_resp", status=resp.status, system_id=string(resp.system_id))
    except exceptions.PDUError as error:
        tell(event="bind_resp", status=error.args[1], system_id=None)
        gone()


def submit(text, alphabet, to, way, **rest):
    for part in texts.cut(text, alphabet, way):
        if part["way"] == "payload":
            body = {"message_payload": part["octets"]}
        else:
            body = {"short_message": part["octets"]}
        if part["way"] == "sar":
            number, total = part["part"]
            body |= {
                "sar_msg_ref_num": texts.REFERENCE,
                "sar_total_segments": total,
                "sar_segment_seqnum": number,
            }
        client.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr=rest["from"],
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=to,
            registered_delivery=True,
            data_coding=part["data_coding"],
            esm_class=part["esm_class"],
            **body,
        )


def gone():
    global client
    client.disconnect()
    client = None
    tell(event="closed")


def ask(request):
    """Asks for something that has no answer but its response; what comes before that is taken as usual."""
    client.send_pdu(smpp.make_pdu(request, client=client))
    pdu = client.read_pdu()
    while pdu.command != request + "_resp":
        act(pdu)
        pdu = client.read_pdu()
    tell(event=pdu.command, status=pdu.status)


def enquire():
    ask("enquire_link")


def unbind():
    ask("unbind")
    gone()


def act(pdu):
    """What `Client.read_once` does, and says nothing about."""
    if pdu.command == "enquire_link":
        tell(event="enquire_link")
        client._enquire_link_received(pdu)
    elif pdu.command == "unbind":
        tell(event="unbind")
        resp = smpp.make_pdu("unbind_resp", client=client)
        resp.sequence = pdu.sequence
        client.send_pdu(resp)
        gone()
    elif pdu.command == "deliver_sm":
        client._message_received(pdu)
    elif pdu.is_error():
        client.error_pdu_handler(pdu)
    elif pdu.command == "submit_sm_resp":
        client.message_sent_handler(pdu=pdu)


ORDERS = {"bind": bind, "submit": submit, "enquire": enquire, "unbind": unbind}


def main():
    orders = b""
    while True:
        sources = [0] + ([client._socket] if client else [])
        # What TLS has read ahead no longer waits in the socket.
        has_more = client and isinstance(client._socket, ssl.SSLSocket) and client._socket.pending()
        ready, _, _ = select.select(sources, [], [], 0 if has_more else None)
        if 0 in ready:
            octets = os.read(0, 65536)
            # Without anybody who gives orders there is nothing left to do.
            if not octets:
                return
            orders += octets
            *lines, orders = orders.split(b"\n")
            for line in lines:
                order = json.loads(line)
                ORDERS[order.pop("do")](**order)
        elif client:
            try:
                act(client.read_pdu())
            except (exceptions.ConnectionError, socket.error):
                gone()


main()
