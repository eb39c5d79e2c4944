import type { SendCodec } from '../../../src/codec/codec.ts';

/** Bytes of an RTP payload: fits 1200-byte datagrams with header, extensions and SRTP tag. */
const PAYLOAD = 1150;

/**
 * Cuts an access unit into RTP payloads: VP8 by RFC 7741 §4.2 (descriptor with a 15-bit picture id), VP9 by RFC 9628 §4.2
 * (non-flexible mode, one layer), H.264 by RFC 6184 (single NAL units and FU-A). The load client has its own few lines, so that a mistake of the product's cannot cancel out.
 * @param pictureId VP8's or VP9's, counted by the caller
 */
export function cut(codec: SendCodec, unit: { data: Uint8Array; keyframe: boolean }, pictureId: number): Uint8Array[] {
  switch (codec) {
    case 'vp8':
      return cutVp8(unit.data, pictureId);
    case 'vp9':
      return cutVp9(unit, pictureId);
    case 'h264':
      return cutH264(unit.data);
  }
}

function cutVp9({ data, keyframe }: { data: Uint8Array; keyframe: boolean }, pictureId: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += PAYLOAD) {
    const part = data.subarray(at, at + PAYLOAD);
    const begin = at === 0 ? 0x08 : 0;
    const end = at + part.length === data.length ? 0x04 : 0;
    // I=1, P unless a keyframe; then a 15-bit id. In front of a keyframe a structure: one layer, a group of one picture.
    const structure = keyframe && at === 0 ? [0x08, 1, 0x04, 1] : [];
    const first = 0x80 | (keyframe ? 0 : 0x40) | begin | end | (structure.length > 0 ? 0x02 : 0);
    const head = [first, 0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff, ...structure];
    payloads.push(Uint8Array.from([...head, ...part]));
  }
  return payloads;
}

function cutVp8(data: Uint8Array, pictureId: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += PAYLOAD) {
    const part = data.subarray(at, at + PAYLOAD);
    const payload = new Uint8Array(4 + part.length);
    // X=1, S=1 on the first; then I=1; then M=1 and 15 bits.
    payload.set([at === 0 ? 0x90 : 0x80, 0x80, 0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff]);
    payload.set(part, 4);
    payloads.push(payload);
  }
  return payloads;
}

function cutH264(data: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (const unit of nalUnits(data)) {
    if (unit.length <= PAYLOAD) {
      payloads.push(unit);
      continue;
    }
    const [header] = unit;
    for (let at = 1; at < unit.length; at += PAYLOAD - 2) {
      const part = unit.subarray(at, at + PAYLOAD - 2);
      const first = at === 1 ? 0x80 : 0;
      const last = at + part.length === unit.length ? 0x40 : 0;
      const payload = new Uint8Array(2 + part.length);
      payload.set([(header! & 0xe0) | 28, first | last | (header! & 0x1f)]);
      payload.set(part, 2);
      payloads.push(payload);
    }
  }
  return payloads;
}

/** The NAL units of an Annex B stream, without start codes. */
function nalUnits(data: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let i = 0; i + 2 < data.length; i++) {
    if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 1) {
      starts.push(i + 3);
      i += 2;
    }
  }
  return starts.map((start, index) => {
    let end = index + 1 < starts.length ? starts[index + 1]! - 3 : data.length;
    while (end > start && data[end - 1] === 0) end--;
    return data.subarray(start, end);
  });
}
