/**
 * The beginning of a VP9 frame, bitstream specification §6.2 (uncompressed_header):
 * |1 0|profile 2|r, if profile 3|show_existing|frame_type|show_frame|error_resilient|
 * in keyframes then 49 83 42, |colour_space 3|range|, width − 1 and height − 1, 16 bits each (profile 0).
 */
import { readU24, readU8 } from '../../packet/bytes.ts';

const SYNC_CODE = 0x498342;
/** In profile 0 the fields of a keyframe end within the ninth byte. */
const KEYFRAME_HEADER = 9;

/** True if the frame marker is there. */
export function hasFrameMarker(first: number): boolean {
  return first >> 6 === 2;
}

/** From the first byte: neither an existing frame shown again nor one that is predicted. */
export function isKeyframe(first: number): boolean {
  const shift = (first & 0x30) === 0x30 ? 1 : 2;
  return ((first >> shift) & 3) === 0;
}

/** Width and height of a keyframe in profile 0, pixels; `undefined` for anything else. */
export function keyframeSize(data: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  const first = readU8(data, 0);
  const isPlain = hasFrameMarker(first) && (first & 0x30) === 0 && isKeyframe(first);
  if (!isPlain || data.length < KEYFRAME_HEADER || readU24(data, 1) !== SYNC_CODE) return undefined;
  return { width: straddling(data, 4), height: straddling(data, 6) };
}

/** The 16-bit number that begins in the lower half of the byte at `at`, plus 1. */
function straddling(data: Uint8Array, at: number): number {
  return (((readU8(data, at) & 0x0f) << 12) | (readU8(data, at + 1) << 4) | (readU8(data, at + 2) >> 4)) + 1;
}
