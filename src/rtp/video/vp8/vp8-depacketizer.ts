/** VP8 frames from RTP payloads, RFC 7741; the frame header is that of RFC 6386 §9.1. */
import { readU24, readU8 } from '../../packet/bytes.ts';
import { broken, type Assembled, type Depacketizer } from '../depacketizer.ts';
import { joinPieces } from '../join.ts';
import { parseVp8Descriptor } from './vp8-descriptor.ts';

/** Follows the 3-byte frame tag of each keyframe. */
const START_CODE = 0x9d012a;
/** Frame tag, start code, width and height. */
const KEYFRAME_HEADER = 10;

export class Vp8Depacketizer implements Depacketizer {
  readonly codec = 'vp8';

  beginsKeyframe(payload: Uint8Array): boolean {
    const descriptor = parseVp8Descriptor(payload);
    return descriptor !== undefined && descriptor.beginsFrame && isKeyframe(readU8(payload, descriptor.size));
  }

  assemble(payloads: readonly Uint8Array[]): Assembled {
    const pieces: Uint8Array[] = [];
    let referenced = true;
    for (const payload of payloads) {
      const descriptor = parseVp8Descriptor(payload);
      if (!descriptor) return broken('descriptor too short');
      // Each packet says whether it begins the frame, so a wrong border between frames shows here.
      if (descriptor.beginsFrame !== (pieces.length === 0)) return broken('frame does not begin with its first packet');
      if (descriptor.unreferenced) referenced = false;
      pieces.push(payload.subarray(descriptor.size));
    }
    if (pieces.length === 0) return { kind: 'nothing' };
    const data = joinPieces(pieces);
    const keyframe = isKeyframe(readU8(data, 0));
    if (data.length < (keyframe ? KEYFRAME_HEADER : 3)) return broken('frame too short');
    if (keyframe && readU24(data, 3) !== START_CODE) return broken('keyframe without start code');
    return { kind: 'frame', data, keyframe, referenced: referenced || keyframe };
  }
}

/** The lowest bit of the frame tag is 0 in keyframes. */
function isKeyframe(tag: number): boolean {
  return (tag & 1) === 0;
}
