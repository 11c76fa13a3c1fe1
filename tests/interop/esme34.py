"""An ESME on the Python package smpp34: takes orders as JSON lines, tells what happens as JSON lines."""

import asyncio
import json
import sys

import smpp34
from smpplib import consts, gsm

client = None
session = None


def tell(**event):
    print(json.dumps(event), flush=True)


def text_of(octets, data_coding):
    """The text as this peer reads it: GSM 03.38 with its extension table, or UCS-2."""
    if data_coding == consts.SMPP_ENCODING_ISO10646:
        return octets.decode("utf-16-be")
    text, escaped = "", False
    for octet in octets:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        text += gsm.GSM_CHARACTER_TABLE[octet + (0x80 if escaped else 0)]
        escaped = False
    return text


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
            text=text_of(event.short_message, event.data_coding),
            receipted_message_id=id and bytes(id.value).rstrip(b"\0").decode("ascii"),
            message_state=state and state.value[0],
        )


async def bind(host, port, system_id, password):
    global client, session
    client = smpp34.Client(host, port, system_id, password, bind_type="TRX")
    try:
        session = await client.connect()
    except smpp34.SmppError as error:
        # The library does not say with which status; ESME_RBINDFAIL stands for any.
        tell(event="bind_resp", status=13, error=str(error))
        return
    tell(event="bind_resp", status=0)
    asyncio.create_task(listen())


async def submit(text, alphabet, to, **rest):
    encoding = {
        "gsm": consts.SMPP_ENCODING_DEFAULT,
        "ucs2": consts.SMPP_ENCODING_ISO10646,
    }[alphabet]
    parts, encoding, esm_class = gsm.make_parts(text, encoding)
    for part in parts:
        resp = await session.submit_sm(
            to,
            bytes(part),
            source_addr=rest["from"],
            source_addr_ton=consts.SMPP_TON_ALNUM,
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            registered_delivery=1,
            data_coding=encoding,
            esm_class=esm_class,
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
