"""A carrier on the Python package smpp34: takes orders as JSON lines, tells what happens as JSON lines.

It takes every message, unless its destination ends in 000, and reports each as delivered. The library answers
binds by itself, whatever the password, and speaks no TLS on this side.
"""

import asyncio
import json
import socket
import sys

import smpp34
import texts

ASCII_OCTETS = 0
sessions = {}
accepted = 0


def tell(**event):
    print(json.dumps(event), flush=True)


def read(event):
    """The text of a submit_sm, wherever it lies."""
    tlvs = {tlv.tag: bytes(tlv.value) for tlv in event.tlvs}
    total = tlvs.get(smpp34.TLV_SAR_TOTAL_SEGMENTS)
    sar = [tlvs[smpp34.TLV_SAR_SEGMENT_SEQNUM][0], total[0]] if total else None
    payload = tlvs.get(smpp34.TLV_MESSAGE_PAYLOAD)
    return texts.read(event.short_message, event.data_coding, event.esm_class, payload, sar)


async def report(esme, event, id):
    date = "2501020304"
    deliver = esme.deliver_sm(
        event.source_addr,
        f"id:{id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:DELIVRD err:000 text:".encode(),
        source_addr=event.destination_addr,
        source_addr_ton=event.dest_addr_ton,
        source_addr_npi=event.dest_addr_npi,
        dest_addr_ton=event.source_addr_ton,
        esm_class=4,
        data_coding=ASCII_OCTETS,
    )
    try:
        resp = await deliver
        tell(event="deliver_resp", status=resp.command_status)
    except smpp34.SmppError:
        # Who has gone does not answer any more.
        pass


async def serve(server):
    global accepted
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
            tell(event="bind", system_id=event.system_id, status=0)
        elif isinstance(event, smpp34.Unbound):
            sessions.pop(event.session_id, None)
            tell(event="closed")
        else:
            refused = event.destination_addr.endswith("000")
            accepted += 1
            id = f"c{accepted}"
            tell(
                event="submit",
                id=None if refused else id,
                **{"from": event.source_addr},
                to=event.destination_addr,
                data_coding=event.data_coding,
                **read(event),
            )
            if refused:
                event.reject(smpp34.ESME_RINVDSTADR)
                continue
            event.accept(id)
            if event.registered_delivery & 1:
                asyncio.create_task(report(sessions[event.session_id], event, id))


async def phone(order):
    esme = next(iter(sessions.values()))
    for part in texts.cut(order["text"], order["alphabet"], order["way"]):
        resp = await esme.deliver_sm(
            order["to"],
            part["octets"],
            source_addr=order["from"],
            data_coding=part["data_coding"],
            esm_class=part["esm_class"],
        )
        tell(event="deliver_resp", status=resp.command_status)


async def main():
    port = int(sys.argv[1])
    # The library does not say which port it was given, so that one is looked for before.
    if port == 0:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    tell(event="listening", port=port)
    serving = asyncio.create_task(serve(server))
    loop = asyncio.get_running_loop()
    # Without anybody who gives orders there is nothing left to do.
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if order["do"] == "phone":
            await phone(order)
        elif order["do"] == "unbind":
            await next(iter(sessions.values())).unbind()
    serving.cancel()


asyncio.run(main())
