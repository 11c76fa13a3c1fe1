"""An ESME on the Python library smpplib: takes orders as JSON lines, tells what happens as JSON lines."""

import json
import logging
import os
import select
import socket
import sys

from smpplib import consts, exceptions, gsm, smpp
from smpplib.client import Client

# What the library remarks on goes nowhere: what counts is told as an event.
logging.disable(logging.CRITICAL)

client = None


def tell(**event):
    print(json.dumps(event), flush=True)


def text_of(pdu):
    """The text as this peer reads it: GSM 03.38 with its extension table, or UCS-2."""
    octets = pdu.short_message or b""
    if pdu.data_coding == consts.SMPP_ENCODING_ISO10646:
        return octets.decode("utf-16-be")
    text, escaped = "", False
    for octet in octets:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        text += gsm.GSM_CHARACTER_TABLE[octet + (0x80 if escaped else 0)]
        escaped = False
    return text


def string(octets):
    return octets.decode("ascii") if octets is not None else None


def deliver(pdu):
    tell(
        event="deliver",
        esm_class=pdu.esm_class,
        **{"from": string(pdu.source_addr)},
        to=string(pdu.destination_addr),
        data_coding=pdu.data_coding,
        text=text_of(pdu),
        receipted_message_id=string(pdu.receipted_message_id),
        message_state=pdu.message_state,
    )


def bind(host, port, system_id, password):
    global client
    client = Client(host, port, timeout=10, allow_unknown_opt_params=True)
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


def submit(text, alphabet, to, **rest):
    encoding = {
        "gsm": consts.SMPP_ENCODING_DEFAULT,
        "ucs2": consts.SMPP_ENCODING_ISO10646,
    }[alphabet]
    parts, encoding, esm_class = gsm.make_parts(text, encoding)
    for part in parts:
        client.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr=rest["from"],
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=to,
            registered_delivery=True,
            data_coding=encoding,
            esm_class=esm_class,
            short_message=part,
        )


def gone():
    global client
    client.disconnect()
    client = None
    tell(event="closed")


def enquire():
    client.send_pdu(smpp.make_pdu("enquire_link", client=client))
    pdu = client.read_pdu()
    while pdu.command != "enquire_link_resp":
        act(pdu)
        pdu = client.read_pdu()
    tell(event="enquire_link_resp", status=pdu.status)


def unbind():
    resp = client.unbind()
    tell(event=resp.command, status=resp.status)
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
        ready, _, _ = select.select(sources, [], [])
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
