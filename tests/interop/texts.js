// Texts as the peers on node.js cut and read them: one PDU, or the segments of a long message.
'use strict';

const CODING = { gsm: 0x00, ucs2: 0x08 };
const ROOM = { gsm: [160, 153], ucs2: [70, 67] };
const REFERENCE = 77;

// The fields of each PDU that a text becomes, by one of the ways: udh, sar or payload.
function cut(text, alphabet, way = 'udh') {
  const data_coding = CODING[alphabet];
  if (way === 'payload') {
    return [{ data_coding, short_message: '', message_payload: { message: text } }];
  }
  const [whole, part] = ROOM[alphabet];
  if (text.length <= whole) {
    return [{ data_coding, short_message: text }];
  }
  const parts = text.match(new RegExp(`[^]{1,${part}}`, 'g'));
  return parts.map((message, at) => {
    if (way === 'sar') {
      return {
        data_coding,
        short_message: message,
        sar_msg_ref_num: REFERENCE,
        sar_total_segments: parts.length,
        sar_segment_seqnum: at + 1,
      };
    }
    const udh = Buffer.from([5, 0, 3, REFERENCE, parts.length, at + 1]);
    return { data_coding, short_message: { udh, message } };
  });
}

// What a PDU holds: its text, where that lies, and which segment of how many it is.
function read(pdu) {
  const { udh, message } = pdu.short_message || {};
  if (pdu.message_payload !== undefined) {
    return { text: pdu.message_payload.message, way: 'payload', part: null };
  }
  if (pdu.sar_total_segments !== undefined) {
    return { text: message, way: 'sar', part: [pdu.sar_segment_seqnum, pdu.sar_total_segments] };
  }
  if (udh) {
    const [, , , total, number] = udh[0];
    return { text: message, way: 'udh', part: [number, total] };
  }
  return { text: message || '', way: null, part: null };
}

module.exports = { cut, read };
