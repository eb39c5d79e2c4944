import { webpChunks } from './sniff.ts';

/** Bytes of an animation frame's own head before its picture chunks (RFC 9649 §2.7.1.1, ANMF). */
const FRAME_HEAD = 16;

/**
 * The first frame of an animated WebP as a still one, which is what decoders take; a still picture as it is.
 * A frame that covers only part of the canvas gives just that part.
 */
export function firstWebpFrame(bytes: Uint8Array): Uint8Array {
  for (const { type, at, length } of webpChunks(bytes, 12)) {
    if (type !== 'ANMF') continue;
    const body = bytes.subarray(at + FRAME_HEAD, at + length);
    const size = bytes.subarray(at + 6, at + 12); // width − 1 and height − 1, 24 bits each: as VP8X has them
    const alpha = [...webpChunks(body, 0)].some((chunk) => chunk.type === 'ALPH');
    return still(body, size, alpha);
  }
  return bytes;
}

function still(body: Uint8Array, size: Uint8Array, alpha: boolean): Uint8Array {
  const out = new Uint8Array(30 + body.length);
  const view = new DataView(out.buffer);
  const text = new TextEncoder();
  out.set(text.encode('RIFF'), 0);
  view.setUint32(4, out.length - 8, true);
  out.set(text.encode('WEBPVP8X'), 8);
  view.setUint32(16, 10, true);
  out[20] = alpha ? 0x10 : 0;
  out.set(size, 24);
  out.set(body, 30);
  return out;
}
