/** RTP payloads of H.264, RFC 6184 §5.2: single NAL units, STAP-A and FU-A (packetization modes 0 and 1). */
import { readU16, readU8 } from '../../packet/bytes.ts';
import { isPicture, NAL, nalType } from './h264-nal.ts';

/** NAL units of one access unit; encoders make under a hundred, and their number must not cost a peer nothing and us time. */
const NAL_LIMIT = 1024;

/** NAL units, each as the pieces it came in. */
export type NalPieces = Uint8Array[];

/**
 * All NAL units of one access unit's payloads, in order; a string says what is wrong.
 * Of a fragmented unit the first piece is its rebuilt header.
 */
export function collectNals(payloads: readonly Uint8Array[]): NalPieces[] | string {
  const nals: NalPieces[] = [];
  let fragmented: NalPieces | undefined;
  for (const payload of payloads) {
    const type = nalType(payload);
    if (fragmented && type !== NAL.fuA) return 'fragments without an end';
    if (type === NAL.fuA) {
      const begins = (readU8(payload, 1) & 0x80) !== 0;
      if (payload.length < 3) return 'empty fragment';
      if (begins === (fragmented !== undefined))
        return begins ? 'fragments without an end' : 'fragment without a start';
      fragmented ??= [Uint8Array.of((readU8(payload, 0) & 0xe0) | (readU8(payload, 1) & 0x1f))];
      fragmented.push(payload.subarray(2));
      if (readU8(payload, 1) & 0x40) {
        nals.push(fragmented);
        fragmented = undefined;
      }
    } else if (type === NAL.stapA) {
      if (!splitAggregate(payload, nals)) return 'aggregate does not hold what it says';
    } else if (type > 0 && type < NAL.stapA) {
      nals.push([payload]);
    } else {
      return `payload type not of mode 0 or 1 [type:${type}]`;
    }
    if (nals.length > NAL_LIMIT) return 'too many NAL units';
  }
  return fragmented ? 'fragments without an end' : nals;
}

function splitAggregate(payload: Uint8Array, nals: NalPieces[]): boolean {
  let at = 1;
  while (at < payload.length) {
    const size = readU16(payload, at);
    at += 2;
    if (size === 0 || at + size > payload.length) return false;
    nals.push([payload.subarray(at, at + size)]);
    at += size;
  }
  return true;
}

/**
 * True if the payload begins an IDR access unit: it brings a sequence parameter set, or the IDR's first slice
 * (`first_mb_in_slice` is 0, whose code is a single 1 bit).
 */
export function beginsIdr(payload: Uint8Array): boolean {
  const type = nalType(payload);
  if (type === NAL.stapA) {
    const nals: NalPieces[] = [];
    splitAggregate(payload, nals);
    return nals.some(([nal]) => nal !== undefined && opensIdr(nalType(nal), readU8(nal, 1)));
  }
  if (type === NAL.fuA) {
    const head = readU8(payload, 1);
    return (head & 0x80) !== 0 && opensIdr(head & 0x1f, readU8(payload, 2));
  }
  return opensIdr(type, readU8(payload, 1));
}

function opensIdr(type: number, afterHeader: number): boolean {
  return type === NAL.sequenceParameters || (type === NAL.idr && (afterHeader & 0x80) !== 0);
}

/** What the NAL units hold, seen from outside. */
export function describeNals(nals: readonly NalPieces[]): {
  readonly picture: boolean;
  readonly keyframe: boolean;
  readonly referenced: boolean;
  readonly hasParameters: boolean;
} {
  let picture = false;
  let keyframe = false;
  let referenced = false;
  let sequence = false;
  let pictureParameters = false;
  for (const [head] of nals) {
    const type = head ? nalType(head) : 0;
    if (isPicture(type)) {
      picture = true;
      if (type === NAL.idr) keyframe = true;
      // nal_ref_idc 0: nothing refers to it.
      if (head && readU8(head, 0) & 0x60) referenced = true;
    }
    if (type === NAL.sequenceParameters) sequence = true;
    if (type === NAL.pictureParameters) pictureParameters = true;
  }
  return { picture, keyframe, referenced, hasParameters: sequence && pictureParameters };
}
