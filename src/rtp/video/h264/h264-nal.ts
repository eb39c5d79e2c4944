/** NAL units of H.264, ITU-T H.264 §7.3.1: |F|NRI| type | then the payload; Annex B puts start codes before each. */
import { readU8 } from '../../packet/bytes.ts';

export const NAL = {
  slice: 1,
  /** Data partitions A, B, C are 2–4. */
  idr: 5,
  sei: 6,
  sequenceParameters: 7,
  pictureParameters: 8,
  delimiter: 9,
  stapA: 24,
  fuA: 28,
} as const;

/** The four-byte start code. */
export const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** Type of a NAL unit, 0–31. */
export function nalType(nal: Uint8Array): number {
  return readU8(nal, 0) & 0x1f;
}

/** True for slices and data partitions: the NAL units that hold picture. */
export function isPicture(type: number): boolean {
  return type >= NAL.slice && type <= NAL.idr;
}

/** The NAL units of an Annex B access unit, as views without start codes and trailing zeros; empty ones are left out. */
export function splitAnnexB(data: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = -1;
  // Looks at every third byte: a start code 00 00 01 cannot hide between them.
  let at = 2;
  while (at < data.length) {
    const last = readU8(data, at);
    if (last > 1) {
      at += 3;
    } else if (last === 1 && data[at - 1] === 0 && data[at - 2] === 0) {
      push(nals, data, start, at - 2);
      start = at + 1;
      at += 3;
    } else {
      at++;
    }
  }
  push(nals, data, start, data.length);
  return nals;
}

function push(nals: Uint8Array[], data: Uint8Array, start: number, end: number): void {
  if (start < 0) return;
  while (end > start && data[end - 1] === 0) end--;
  if (end > start) nals.push(data.subarray(start, end));
}
