/**
 * abs-capture-time (http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time): when the first frame in the packet was
 * captured. 8 bytes, or 16 with the offset.
 *
 * |        NTP time of the capture, on the clock of who captured, 32.32       |
 * |  that clock minus the clock of who sends the packet, signed, 32.32 (opt.) |
 */
import type { CaptureTime } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';
import { readU32, writeU32 } from './bytes.ts';

/** Most bytes that the extension adds to a packet: its own head, the value, padding, and the block's head. */
export const CAPTURE_TIME_SIZE = 24;
const SHORT = 8;
const LONG = 16;

/** Reads the extension's value; `undefined` if it has another length than these. */
export function readCaptureTime(value: Uint8Array): CaptureTime | undefined {
  if (value.length !== SHORT && value.length !== LONG) return undefined;
  const time = { high: readU32(value, 0), low: readU32(value, 4) };
  if (value.length === SHORT) return time;
  // The high word has the sign, the low one counts up from it.
  const offset = ((readU32(value, 8) | 0) + readU32(value, 12) / 2 ** 32) * 1000;
  return { ...time, clockOffset: offset };
}

export function writeCaptureTime({ high, low, clockOffset }: CaptureTime): Uint8Array {
  const value = new Uint8Array(clockOffset === undefined ? SHORT : LONG);
  writeU32(value, 0, high);
  writeU32(value, 4, low);
  if (clockOffset === undefined) return value;
  const seconds = Math.floor(clockOffset / 1000);
  writeU32(value, 8, seconds >>> 0);
  writeU32(value, 12, Math.min(2 ** 32 - 1, Math.round((clockOffset / 1000 - seconds) * 2 ** 32)));
  return value;
}

/**
 * The same instant as we pass it on: the time stays that of who captured, the offset becomes one to our clock. Without an
 * offset, or as long as the clock of who sent it is not known, none is told: a guess would be worse.
 * @param ahead the clock of whom it came from minus ours, ms; `undefined` if that is not known
 */
export function passCaptureTime({ high, low, clockOffset }: CaptureTime, ahead: Milli | undefined): CaptureTime {
  if (clockOffset === undefined || ahead === undefined) return { high, low };
  return { high, low, clockOffset: clockOffset + ahead };
}
