import type { SendCodec } from '../../media/chunk.ts';
import { H264Packetizer } from './h264/h264-packetizer.ts';
import type { Packetizer } from './packetizer.ts';
import { Vp8Packetizer } from './vp8/vp8-packetizer.ts';
import { Vp9Packetizer } from './vp9/vp9-packetizer.ts';

/**
 * A packetizer for `codec`. `parameters` is the negotiated `a=fmtp` value: H.264's packetization mode is there (0 if not
 * named). `seed` (any integer) is where picture ids of VP8 and VP9 begin.
 */
export function createPacketizer(codec: SendCodec, parameters: string, seed: number): Packetizer {
  switch (codec) {
    case 'vp8':
      return new Vp8Packetizer(seed);
    case 'vp9':
      return new Vp9Packetizer(seed);
    case 'h264':
      return new H264Packetizer(takesFragments(parameters) ? 1 : 0);
  }
}

/** A NAL unit of so many bytes fits a packet, whatever header extensions there are. */
const WHOLE_NAL = 1100;

/** Longest NAL unit, bytes, that an encoder may make for a receiver of these parameters; `undefined`: any. */
export function nalLimit(codec: SendCodec, parameters: string): number | undefined {
  return codec === 'h264' && !takesFragments(parameters) ? WHOLE_NAL : undefined;
}

/** RFC 6184 §8.1: packetization mode 1 has fragments and aggregates, mode 0, the default, neither. */
function takesFragments(parameters: string): boolean {
  return /packetization-mode=1/.test(parameters);
}
