"""An ESME on the Python package smpp34: takes orders as JSON lines, tells what happens as JSON lines."""

import asyncio
import json
import os
import sys

import smpp34
import texts
from smpplib import consts

# The library hangs up on a refusal at once, and says so when this time is over.
BIND_TIMEOUT_MS = 3_000

client = None
session = None


def tell(**event):
    print(json.dumps(event), flush=True)


def read(event, tlvs):
    """The text of a deliver_sm, wherever it lies."""
    value = lambda tag: bytes(tlvs[tag].value) if tag in tlvs else None
    total = value(smpp34.TLV_SAR_TOTAL_SEGMENTS)
    sar = [value(smpp34.TLV_SAR_SEGMENT_SEQNUM)[0], total[0]] if total else None
    payload = value(smpp34.TLV_MESSAGE_PAYLOAD)
    return texts.read(event.short_message, event.data_coding, event.esm_class, payload, sar)


async def listen():
    """Tells what comes, until the session is over."""
    while True:
        event = await session.next()
        if isinstance(event, smpp34.Disconnected):
            tell(event="closed")
            return
        tlvs = {tlv.tag: tlv for tlv in event.tlvs}
        id = tlvs.get(smpp34.TLV_RECEIPTED_MESSAGE_ID)
        state = tlvs.get(smpp34.TLV_MESSAGE_STATE)
        tell(
            event="deliver",
            esm_class=event.esm_class,
            **{"from": event.source_addr},
            to=event.destination_addr,
            data_coding=event.data_coding,
            **read(event, tlvs),
            receipted_message_id=id and bytes(id.value).rstrip(b"\0").decode("ascii"),
            message_state=state and state.value[0],
        )


async def bind(host, port, system_id, password, authority):
    global client, session
    # The library trusts whom the system trusts.
    if authority:
        os.environ["SSL_CERT_FILE"] = authority
    client = smpp34.Client(
        host,
        port,
        system_id,
        password,
        bind_type="TRX",
        tls=bool(authority),
        connect_timeout_ms=BIND_TIMEOUT_MS,
    )
    try:
        session = await client.connect()
    except smpp34.SmppError as error:
        # The library does not say with which status.
        tell(event="bind_resp", status=None, error=str(error))
        return
    tell(event="bind_resp", status=0)
    asyncio.create_task(listen())


def parameters(part):
    """What a part has besides its octets, as optional parameters."""
    if part["way"] == "payload":
        return [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, part["octets"])]
    if part["way"] == "sar":
        number, total = part["part"]
        return [
            smpp34.Tlv(smpp34.TLV_SAR_MSG_REF_NUM, texts.REFERENCE.to_bytes(2, "big")),
            smpp34.Tlv(smpp34.TLV_SAR_TOTAL_SEGMENTS, bytes([total])),
            smpp34.Tlv(smpp34.TLV_SAR_SEGMENT_SEQNUM, bytes([number])),
        ]
    return []


async def submit(text, alphabet, to, way, **rest):
    for part in texts.cut(text, alphabet, way):
        resp = await session.submit_sm(
            to,
            b"" if part["way"] == "payload" else part["octets"],
            source_addr=rest["from"],
            source_addr_ton=consts.SMPP_TON_ALNUM,
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            registered_delivery=1,
            data_coding=part["data_coding"],
            esm_class=part["esm_class"],
            tlvs=parameters(part),
        )
        tell(event="submit_resp", status=resp.command_status, id=resp.message_id)


async def unbind():
    await session.unbind()
    tell(event="unbind_resp", status=0)


ORDERS = {"bind": bind, "submit": submit, "unbind": unbind}


async def main():
    loop = asyncio.get_running_loop()
    # Without anybody who gives orders there is nothing left to do.
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        await ORDERS[order.pop("do")](**order)


asyncio.run(main())
