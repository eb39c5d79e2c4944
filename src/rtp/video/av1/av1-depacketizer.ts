/**
 * AV1 temporal units from RTP payloads (RTP Payload Format For AV1, v1.0, §4). The aggregation header:
 * |Z|Y| W |N|-|-|-|  Z: the first element continues one of the packet before; Y: the last one goes on in the next;
 * W: number of elements (0: each has its length in front; else all but the last); N: begins a coded video sequence.
 */
import { readU8 } from '../../packet/bytes.ts';
import { OBU, opensKeyframe, parseObu, readLeb128, sizedObu, TEMPORAL_DELIMITER } from './av1-obu.ts';
import { broken, type Assembled, type Depacketizer } from '../depacketizer.ts';
import { joinPieces } from '../join.ts';

/** OBUs of one temporal unit; encoders make under a hundred, and their number must not cost a peer nothing and us time. */
const OBU_LIMIT = 1024;

export class Av1Depacketizer implements Depacketizer {
  readonly codec = 'av1';

  beginsKeyframe(payload: Uint8Array): boolean {
    return payload.length > 1 && (readU8(payload, 0) & 0x88) === 0x08;
  }

  assemble(payloads: readonly Uint8Array[]): Assembled {
    const elements = collectElements(payloads);
    if (typeof elements === 'string') return broken(elements);
    const pieces: Uint8Array[] = [TEMPORAL_DELIMITER];
    let sequence = false;
    let keyframe = false;
    let frames = 0;
    for (const element of elements) {
      const obu = parseObu(element);
      if (!obu) return broken('malformed OBU');
      // Delimiters and tile lists have no place in RTP (§5); padding is of no use.
      if (obu.type === OBU.temporalDelimiter || obu.type === OBU.tileList || obu.type === OBU.padding) continue;
      if (obu.type === OBU.sequenceHeader) sequence = true;
      if (obu.type === OBU.frame || obu.type === OBU.frameHeader) frames++;
      if (opensKeyframe(obu)) keyframe = true;
      pieces.push(...sizedObu(obu));
    }
    if (frames === 0) return { kind: 'nothing' };
    // Without its sequence header a keyframe is none that decoding could begin at. Every frame may be referred to.
    return { kind: 'frame', data: joinPieces(pieces), keyframe: keyframe && sequence, referenced: true };
  }
}

/** All OBU elements of a temporal unit with their fragments joined; a string says what is wrong. */
function collectElements(payloads: readonly Uint8Array[]): Uint8Array[] | string {
  const elements: Uint8Array[] = [];
  let open: Uint8Array[] | undefined;
  for (const payload of payloads) {
    const header = readU8(payload, 0);
    if (((header & 0x80) !== 0) !== (open !== undefined)) return 'fragment without its other part';
    const parts = splitElements(payload, (header >> 4) & 3);
    if (!parts) return 'element longer than its packet';
    if (elements.length + parts.length > OBU_LIMIT) return 'too many OBUs';
    for (const [index, part] of parts.entries()) {
      const pieces: Uint8Array[] = open ?? [];
      pieces.push(part);
      const goesOn = index === parts.length - 1 && (header & 0x40) !== 0;
      open = goesOn ? pieces : undefined;
      if (!goesOn) elements.push(pieces.length === 1 ? part : joinPieces(pieces));
    }
  }
  return open ? 'fragment without its other part' : elements;
}

function splitElements(payload: Uint8Array, count: number): Uint8Array[] | undefined {
  const parts: Uint8Array[] = [];
  let at = 1;
  while (at < payload.length) {
    let size = payload.length - at;
    if (count === 0 || parts.length < count - 1) {
      const length = readLeb128(payload, at);
      if (!length) return undefined;
      at += length.size;
      size = length.value;
    }
    if (at + size > payload.length) return undefined;
    parts.push(payload.subarray(at, at + size));
    at += size;
  }
  return parts.length > 0 && (count === 0 || parts.length === count) ? parts : undefined;
}
