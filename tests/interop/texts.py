"""Texts as the peers in Python cut and read them: one PDU, or the segments of a long message."""

from smpplib import consts, gsm

CODING = {"gsm": consts.SMPP_ENCODING_DEFAULT, "ucs2": consts.SMPP_ENCODING_ISO10646}
REFERENCE = 77


def cut(text, alphabet, way="udh"):
    """What each PDU holds that a text becomes, by one of the ways: udh, sar or payload."""
    coding = CODING[alphabet]
    if way == "payload":
        encode, _, _ = gsm.ENCODINGS[coding]
        return [{"octets": bytes(encode(text)), "data_coding": coding, "esm_class": 0, "way": way}]
    parts, coding, esm_class = gsm.make_parts(text, coding, use_udhi=way == "udh")
    return [
        {
            "octets": bytes(part),
            "data_coding": coding,
            "esm_class": esm_class,
            "way": way if len(parts) > 1 else None,
            "part": [at, len(parts)],
        }
        for at, part in enumerate(parts, start=1)
    ]


def read(short_message, data_coding, esm_class, payload=None, sar=None):
    """The text of a PDU, where it lies, and which segment of how many it is."""
    if payload is not None:
        return {"text": decode(payload, data_coding), "way": "payload", "part": None}
    if sar is not None:
        return {"text": decode(short_message, data_coding), "way": "sar", "part": sar}
    if esm_class & consts.SMPP_GSMFEAT_UDHI:
        header = short_message[: short_message[0] + 1]
        text = decode(short_message[len(header) :], data_coding)
        return {"text": text, "way": "udh", "part": [header[5], header[4]]}
    return {"text": decode(short_message, data_coding), "way": None, "part": None}


def decode(octets, data_coding):
    """GSM 03.38 with its extension table, or UCS-2."""
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
