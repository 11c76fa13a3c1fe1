"""A carrier on the Python package smpp34: takes every message, reports each as delivered, tells what happens.

The library answers binds by itself, whatever the password.
"""

import asyncio
import json
import socket
import sys

import smpp34

ASCII_OCTETS = 0
sessions = {}
accepted = 0


def tell(**event):
    print(json.dumps(event), flush=True)


async def report(esme, event, id):
    date = "2501020304"
    resp = await esme.deliver_sm(
        event.source_addr,
        f"id:{id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:DELIVRD err:000 text:".encode(),
        source_addr=event.destination_addr,
        source_addr_ton=event.dest_addr_ton,
        source_addr_npi=event.dest_addr_npi,
        dest_addr_ton=event.source_addr_ton,
        esm_class=4,
        data_coding=ASCII_OCTETS,
    )
    tell(event="deliver_resp", status=resp.command_status)


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
            accepted += 1
            id = f"c{accepted}"
            tell(
                event="submit",
                id=id,
                **{"from": event.source_addr},
                to=event.destination_addr,
                data_coding=event.data_coding,
                esm_class=event.esm_class,
                octets=event.short_message.hex(),
            )
            event.accept(id)
            if event.registered_delivery & 1:
                asyncio.create_task(report(sessions[event.session_id], event, id))


async def main():
    # The library does not say which port it was given, so that one is looked for before.
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
            esme = next(iter(sessions.values()))
            resp = await esme.deliver_sm(order["to"], order["text"].encode(), source_addr=order["from"])
            tell(event="deliver_resp", status=resp.command_status)
        elif order["do"] == "unbind":
            await next(iter(sessions.values())).unbind()
    serving.cancel()


asyncio.run(main())
