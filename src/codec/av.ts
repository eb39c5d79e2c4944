/** What every file of this room needs from node-av: a quiet FFmpeg, and its return codes as errors. */
import { AV_LOG_FATAL } from 'node-av/constants';
import { FFmpegError, Log } from 'node-av/lib';
import { GatewayError, type ErrorCode } from '../errors.ts';

// FFmpeg writes to stderr by itself. What goes wrong comes back as a code and is told by whoever called; a sender of
// damaged chunks must not be able to fill a log.
Log.setLevel(AV_LOG_FATAL);

/** FFmpeg's AVERROR(EAGAIN): nothing to give yet, feed more first. */
export const AGAIN = -11;

/** Passes `result` on, or throws what FFmpeg says about it. */
export function check(result: number, doing: string, code: ErrorCode = 'codec_failed'): number {
  if (result >= 0) return result;
  throw new GatewayError(code, `FFmpeg must be able to ${doing} [cause:${reasonOf(result)}]`);
}

/** FFmpeg's own words for a negative return code. */
export function reasonOf(result: number): string {
  return new FFmpegError(result).message;
}
